"""Forms of the ways in, the profiles and the roll-calls."""

from __future__ import annotations

from typing import Any

from django import forms as fields

from wanghuo.base import Text
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.sensing import commands
from wanghuo.modules.sensing.way_kinds import PROTOCOLS, Field, Kind

_NETWORKS = Text("如 10.1.0.0/16，逗号分隔；不填为不限", "like 10.1.0.0/16, by commas; empty: any")


def _words(
    label: Text, most: int, *, required: bool = False, help_text: Text | None = None, **more: Any
) -> fields.CharField:
    return fields.CharField(label=label, max_length=most, required=required, help_text=help_text or "", **more)


def _field(about: Field, *, new: bool) -> fields.Field:
    if about.secret:
        kept = (
            about.help
            if new
            else Text(
                "留空则不变；改后旧值一天内仍有效", "empty: unchanged; after a change the old one is good for a day"
            )
        )
        hidden = fields.PasswordInput(attrs={"autocomplete": "off"})
        return _words(about.label, 200, required=new and about.needed, help_text=kept, widget=hidden)
    if about.kind == "map":
        return _words(about.label, 20_000, help_text=about.help, widget=fields.Textarea(attrs={"rows": 4}))
    return _words(about.label, 400, required=about.needed, help_text=about.help)


class WayForm(Form):
    """What every way in has; the fields of its kind follow."""

    name = _words(Text("名称", "Name"), 80, required=True)
    networks = _words(Text("来源网段", "Networks it may come from"), 400, help_text=_NETWORKS)

    def __init__(self, *args: Any, about: Kind, **kwargs: Any) -> None:
        own = {each.name: _field(each, new="code" in self.base_fields) for each in about.fields}
        mine = {name: field for name, field in self.base_fields.items() if about.pushed or name != "networks"}
        self.base_fields = {**mine, **own}  # type: ignore[misc]
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """A kind that is not pushed has no networks."""
        found: dict[str, Any] = super().clean() or {}
        found.setdefault("networks", "")
        return found


class NewWayForm(WayForm):
    """Set up a way in."""

    code = fields.SlugField(
        label=Text("代码", "Code"),
        max_length=24,
        help_text=Text("小写字母、数字、-，写在地址里", "small letters, digits and -; stands in the address"),
    )
    region = _words(Text("行政区划", "Region"), 60, help_text=Text("谁能看到和修改它", "who can see and change it"))
    field_order = ["code", "name", "region", "networks"]


class ChangeWayForm(WayForm):
    """Change a way in."""

    enabled = fields.BooleanField(label=Text("启用", "In use"), required=False)
    field_order = ["name", "enabled", "networks"]


class ReasonlessForm(Form):
    """An act that asks nothing: only whether it is meant."""


class ProfileForm(Form):
    """A profile as text."""

    code = fields.SlugField(
        label=Text("代码", "Code"),
        max_length=32,
        help_text=Text("如 acme_smoke；与平台自带同名则代替它", "like acme_smoke; the name of one of ours replaces it"),
    )
    text = _words(
        Text("配置（TOML）", "Profile (TOML)"),
        100_000,
        required=True,
        widget=fields.Textarea(attrs={"rows": 22, "class": "code", "spellcheck": "false"}),
    )


class SampleForm(Form):
    """A message to try a profile on."""

    protocol = fields.ChoiceField(
        label=Text("协议", "Protocol"),
        choices=[(code, name) for code, name in PROTOCOLS.items() if code not in ("gb26875", "coap")],
    )
    payload = _words(
        Text("消息正文", "Payload"), 100_000, required=True, widget=fields.Textarea(attrs={"rows": 10, "class": "code", "spellcheck": "false"}),
        help_text=Text("原样粘贴：JSON，或设备字节的十六进制", "as it came: JSON, or the device's bytes in hexadecimal"),
    )  # fmt: skip


class RollCallForm(Form):
    """Ask many posts at once."""

    region = _words(Text("行政区划", "Region"), 60, required=True)
    only = _words(
        Text("只查这些单位", "Only these units"), 4000, widget=fields.Textarea(attrs={"rows": 3}),
        help_text=Text("单位编号，逗号或换行分隔；不填为该区划全部", "unit references, by commas or lines; empty: all of the region"),
    )  # fmt: skip
    minutes = fields.IntegerField(
        label=Text("应答时限（分钟）", "Minutes to answer"),
        min_value=1,
        max_value=commands.MOST_MINUTES,
        initial=commands.DEFAULT_MINUTES,
    )
    reason = _words(Text("原因", "Reason"), 200, required=True)
