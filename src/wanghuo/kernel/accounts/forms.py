"""Forms of sign-in, the own account, and the management of people."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import CHINA, local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import roles, sectors
from wanghuo.kernel.accounts import units
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.forms import Form
from wanghuo.kernel.ui.language import say

LANGUAGES = [("zh", Text("中文", "中文 (Chinese)")), ("en", Text("English（英文）", "English"))]


def _password(label: Text, complete: str, help_text: Text | None = None) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": complete})
    return forms.CharField(label=label, max_length=128, strip=False, widget=widget, help_text=help_text or "")


class SignInForm(Form):
    """Name and password."""

    username = forms.CharField(
        label=Text("用户名", "User name"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = _password(Text("密码", "Password"), "current-password")


class CodeForm(Form):
    """The code of the second factor, or a recovery code."""

    code = forms.CharField(
        label=Text("验证码", "Code"),
        max_length=16,
        help_text=Text(
            "验证器上的 6 位数字，或一个恢复码。", "The 6 digits of your authenticator, or a recovery code."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text"}),
    )


class ConfirmForm(Form):
    """The password again, for people without a second factor."""

    password = _password(Text("密码", "Password"), "current-password")


class PasswordForm(Form):
    """A new password for the own account."""

    current = _password(Text("现用密码", "Present password"), "current-password")
    password = _password(Text("新密码", "New password"), "new-password")
    again = _password(Text("再输入一次新密码", "New password again"), "new-password")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", say(Text("两次输入的新密码不同。", "The two new passwords differ.")))
        return data


class ProfileForm(Form):
    """What a person may change about oneself."""

    language = forms.ChoiceField(label=Text("语言", "Language"), choices=LANGUAGES)
    phone = forms.CharField(
        label=Text("手机号", "Telephone"),
        required=False,
        max_length=24,
        help_text=Text("留空则不改。只用于发给你的通知。", "Empty: unchanged. Used only for notices to you."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )


class PlacedForm(Form):
    """A form that names a place by code or name, and gives the kept code as `region_code`."""

    region = forms.CharField(
        label=Text("区划", "Region"),
        max_length=80,
        help_text=Text("名称或代码，如 普宁市 或 445281。", "Name or code, such as 普宁市 or 445281."),
        widget=forms.TextInput(attrs={"data-region-input": "", "autocomplete": "off"}),
    )

    def clean_region(self) -> str:
        code = regions.resolve(self.cleaned_data["region"])
        if code is None:
            raise forms.ValidationError(say(regions.UnknownRegion(words=self.cleaned_data["region"]).message))
        return code


class PersonForm(PlacedForm):
    """A new account."""

    username = forms.CharField(
        label=Text("用户名", "User name"),
        max_length=64,
        help_text=Text("小写字母、数字、点、横线，3 至 64 个。", "3 to 64 small letters, digits, dots, dashes."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    display_name = forms.CharField(label=Text("姓名", "Name"), max_length=64)
    phone = forms.CharField(label=Text("手机号", "Telephone"), required=False, max_length=24)
    language = forms.ChoiceField(label=Text("语言", "Language"), choices=LANGUAGES, initial="zh")
    field_order = ("username", "display_name", "phone", "language", "region")


class GrantForm(PlacedForm):
    """A role for a person, somewhere, until some day."""

    role = forms.ChoiceField(label=Text("角色", "Role"))
    sector = forms.ChoiceField(
        label=Text("只限行业", "Only one sector"),
        required=False,
        help_text=Text("行业部门人员须选。", "For officers of an industry department."),
    )
    unit = forms.CharField(
        label=Text("只限单位", "Only one unit"),
        required=False,
        max_length=40,
        help_text=Text(
            "单位编号，如 DW-445281-00017；单位人员须填。", "The unit's reference, such as DW-445281-00017."
        ),
    )
    reason = forms.CharField(label=Text("理由", "Reason"), max_length=200)
    expires_on = forms.DateField(
        label=Text("有效至", "Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=Text("含当日；留空为长期。", "That day included; empty: no end."),
    )
    field_order = ("role", "region", "sector", "unit", "reason", "expires_on")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        self.base_fields["role"].choices = [  # type: ignore[attr-defined]
            ("", Text("请选择", "Choose")),
            *((r.code, r.name) for r in roles().values()),
        ]
        self.base_fields["sector"].choices = [("", Text("不限", "All")), *sectors().items()]  # type: ignore[attr-defined]
        self.actor = actor
        super().__init__(*args, **kwargs)

    def clean_unit(self) -> Any:
        ref = self.cleaned_data["unit"].strip()
        if not ref:
            return None
        found = units.find(ref)
        if found is None or not self.actor.can("accounts.manage", _Placed(found.region_code)):
            raise forms.ValidationError(
                say(Text("没有这个单位，或不在你的范围。", "There is no such unit, or it is outside your scope."))
            )
        return found.id

    def clean_expires_on(self) -> datetime | None:
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        if day < local_day(timezone.now()):
            raise forms.ValidationError(say(Text("到期日已过。", "That day has passed.")))
        return datetime.combine(day, time.max, tzinfo=CHINA)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        role = roles().get(data.get("role", ""))
        if role and role.code == "unit_manager" and not data.get("unit") and "unit" not in self.errors:
            self.add_error("unit", say(Text("单位人员的授权须写明单位。", "A unit's own people need the unit named.")))
        if role and role.code == "sector_officer" and not data.get("sector"):
            self.add_error(
                "sector", say(Text("行业部门的授权须写明行业。", "A department officer needs the sector named."))
            )
        return data


class _Placed:
    """A place as access judges it."""

    sector = ""
    scope_unit = None

    def __init__(self, region_code: str) -> None:
        self.region_code = region_code
