"""The forms of papers: one for each kind, made of its declared fields, and those of the acts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts import bodies, units
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.files.kinds import KINDS
from wanghuo.kernel.papers.kinds import Field, PaperKind
from wanghuo.kernel.papers.models import OfficialPaper
from wanghuo.kernel.ui import fields
from wanghuo.kernel.ui.forms import Form
from wanghuo.kernel.ui.language import say

PREFIX = "f_"
_SPLIT = re.compile(r"[、，,;；\n]+")
_UNIT = re.compile(r"DW-\d{6}-\d+", re.IGNORECASE)
UNKNOWN_BODY = Text(
    "“{name}”不是登记的机关或单位编号；请写全称，或先在“机构”页登记。",
    "“{name}” is neither a registered organisation nor the reference of a unit; write its full name, or register it first.",
)
SEVERAL = Text(
    "“{name}”可以指 {n} 个机关：{names}；请写全称。", "“{name}” could mean {n} bodies: {names}; write the full name."
)
PLURAL = ("各", "全体", "所有")
ACCEPTED = ",".join(f".{kind}" for kind in KINDS)


class EmptyForm(Form):
    """Nothing to fill in: only the button."""


class NoteForm(Form):
    """A remark that may be left empty."""

    note = fields.text(Text("说明", "Remark"), rows=2, limit=1000, required=False)


class ReasonForm(Form):
    """A reason that must be given."""

    reason = fields.text(Text("理由", "Reason"), rows=2, limit=1000)


class ReplyForm(Form):
    """The answer of an addressee."""

    text = fields.text(Text("回复内容", "Answer"), rows=6, limit=8000)
    evidence = fields.Files(accept=ACCEPTED, label=Text("佐证材料", "Evidence"), required=False)


class AttachForm(Form):
    """A file that goes with the paper."""

    file = forms.FileField(
        label=Text("附件", "Attachment"),  # type: ignore[arg-type]
        help_text=Text("文件名即附件名称", "the name of the file is printed as the name of the attachment"),  # type: ignore[arg-type]
    )


class SealForm(Form):
    """The picture of a body's seal."""

    file = forms.FileField(
        label=Text("印章图片（PNG）", "Picture of the seal (PNG)"),  # type: ignore[arg-type]
        help_text=Text(
            "白底或透明底，正方形；打印直径 42 毫米", "square, on white or transparent ground; printed 42 mm wide"
        ),  # type: ignore[arg-type]
        widget=forms.FileInput(attrs={"accept": "image/png"}),
    )


class PaperForm(Form):
    """What every paper has; `form_for` adds the fields of a kind."""

    issuer = fields.text(Text("发文机关", "Issued by"), limit=80)
    to = fields.text(
        Text("主送机关", "Addressees"),
        rows=2,
        limit=4000,
        help_text=Text(
            "用顿号或换行分开；可写 教育局、各镇街、赤岗镇，也可写单位编号",
            "separated by 、 or lines; such as 教育局, 各镇街, 赤岗镇, or the reference of a unit",
        ),
    )
    title = fields.text(Text("标题", "Title"), limit=160)
    reply_by = fields.moment(
        Text("回复期限", "Answer due"),
        required=False,
        help_text=Text("不填则按规则自收到起算", "empty: by the rule, from the day it is received"),
    )
    to_text = fields.text(
        Text("主送机关印作", "Addressees as printed"),
        limit=400,
        required=False,
        help_text=Text("不填则按上面的机关名称", "empty: the names above"),
    )
    cc = fields.text(Text("抄送", "Copies to"), limit=400, required=False)

    def __init__(self, *args: Any, actor: Actor, region: str, **kwargs: Any) -> None:
        self.actor, self.place = actor, region
        super().__init__(*args, **kwargs)

    def clean_issuer(self) -> Body:
        found = bodies.resolve(self.cleaned_data["issuer"], self.place)
        if found is None:
            raise forms.ValidationError(say(UNKNOWN_BODY.filled({"name": self.cleaned_data["issuer"]})))
        return found

    def clean_to(self) -> tuple[list[UUID], list[UUID]]:
        """The keys of the bodies and of the units."""
        found: list[UUID] = []
        of_units: list[UUID] = []
        for name in filter(None, (part.strip() for part in _SPLIT.split(self.cleaned_data["to"]))):
            if _UNIT.fullmatch(name):
                unit = units.find(name.upper())
                if unit is None:
                    raise forms.ValidationError(say(UNKNOWN_BODY.filled({"name": name})))
                of_units.append(unit.id)
                continue
            found += [body.pk for body in self._bodies(name)]
        return list(dict.fromkeys(found)), list(dict.fromkeys(of_units))

    def _bodies(self, name: str) -> list[Body]:
        could = bodies.candidates(name, self.place)
        if not could:
            raise forms.ValidationError(say(UNKNOWN_BODY.filled({"name": name})))
        if len(could) > 1 and not name.startswith(PLURAL):
            known = {"name": name, "n": len(could), "names": "、".join(body.name for body in could[:4])}
            raise forms.ValidationError(say(SEVERAL.filled(known)))
        return could

    def written(self) -> dict[str, Any]:
        """What `services.draft` and `services.change` take."""
        return as_written(self.cleaned_data)


def as_written(data: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned data as the services take it."""
    to, of_units = data["to"]
    return {
        "title": data["title"],
        "fields": {name.removeprefix(PREFIX): value for name, value in data.items() if name.startswith(PREFIX)},
        "to": to,
        "units_to": of_units,
        "reply_by": data.get("reply_by"),
        "to_text": data["to_text"],
        "cc": data["cc"],
    }


def form_for(kind: PaperKind) -> type[PaperForm]:
    """The form of a kind: what every paper has, around the kind's own fields."""
    made = {PREFIX + field.name: _field(field) for field in kind.fields}
    order = ["issuer", "to", "title", *made, *(["reply_by"] if kind.reply else []), "to_text", "cc"]
    extra: dict[str, Any] = {**made, "field_order": order}
    if not kind.reply:
        extra["reply_by"] = None  # Django takes a field out where a subclass says None
    return type(f"{kind.code.title()}Form", (PaperForm,), extra)


def _field(field: Field) -> forms.Field:
    common: dict[str, Any] = {"label": field.label, "required": field.required, "help_text": field.help}
    if field.kind == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **common)
    if field.kind == "moment":
        return fields.moment(field.label, required=field.required, help_text=field.help)
    if field.kind == "number":
        return forms.FloatField(**common)
    if field.kind == "choice":
        choices = [("", Text("请选择", "please choose")), *(field.choices or {}).items()]
        return forms.ChoiceField(choices=choices, **common)
    rows = {"line": 0, "text": 5, "items": 4, "table": 6}[field.kind]
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    return forms.CharField(max_length=field.limit, widget=widget, **common)


def initial_of(paper: OfficialPaper, kind: PaperKind) -> dict[str, Any]:
    """The form's values for a draft that is written anew."""
    values: dict[str, Any] = {
        "issuer": paper.issuer.name,
        "to": "、".join(_addressee_names(paper)),
        "title": paper.title,
        "to_text": paper.to_text,
        "cc": paper.cc,
        "reply_by": timezone.localtime(paper.reply_by) if paper.reply_by else None,
    }
    return values | {PREFIX + field.name: _typed(field, paper.fields.get(field.name)) for field in kind.fields}


def _addressee_names(paper: OfficialPaper) -> Sequence[str]:
    names = []
    for copy in paper.copies.order_by("position"):
        unit = units.find(copy.scope_unit) if copy.scope_unit else None
        names.append(unit.ref if unit else copy.name)
    return names


def _typed(field: Field, value: Any) -> Any:
    if not value:
        return value
    if field.kind == "items":
        return "\n".join(value)
    if field.kind == "table":
        return "\n".join(" | ".join(row) for row in value)
    if field.kind == "moment":
        return local(datetime.fromisoformat(value)).strftime("%Y-%m-%dT%H:%M")
    return value
