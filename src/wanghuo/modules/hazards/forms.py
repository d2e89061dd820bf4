"""The forms of the loop: each asks only for what its act needs, with nothing preselected."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from wanghuo.base import Text
from wanghuo.kernel.ui.fields import Files, moment, text
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.hazards.services.evidence import Label, Photo
from wanghuo.modules.hazards.words import BASES, CHANNELS, LEVELS, SERVICES, URGENCIES, Channel

CHOOSE = ("", Text("请选择", "please choose"))
# machines report through their own service, never through this form
CHANNEL_CHOICES = [CHOOSE, *((str(k), v) for k, v in CHANNELS.items() if k != Channel.ALARM)]


def choices(words: dict[Any, Text]) -> list[tuple[str, Text]]:
    """A list of the field with an empty first line: people choose, nothing is chosen for them."""
    return [CHOOSE, *((str(key), text) for key, text in words.items())]


class ReportForm(Form):
    """Report a hazard: photograph first, as on a phone."""

    photos = Files(photos=True, label=Text("现场照片", "Photographs"), required=False)
    unit = text(
        Text("单位", "Unit"),
        limit=120,
        required=False,
        help_text=Text(
            "单位编号、名称或拼音；没有单位时填区划", "reference, name or pinyin; without a unit give the region"
        ),
    )
    region = text(
        Text("区划", "Region"),
        limit=60,
        required=False,
        help_text=Text("名称或代码，如 流沙东街道、445281001", "name or code"),
    )
    place = text(Text("具体位置", "Where exactly"), limit=200)
    description = text(Text("问题", "What is wrong"), rows=3, limit=2000)
    channel = forms.ChoiceField(label=Text("发现渠道", "Found by"), choices=CHANNEL_CHOICES)  # type: ignore[arg-type]
    basis = forms.TypedChoiceField(label=Text("属于哪一类", "Kind"), choices=choices(BASES), coerce=int)  # type: ignore[arg-type]
    urgency = forms.ChoiceField(
        label=Text("是否涉及疏散通道、安全出口或设施停用", "Exits blocked or facilities switched off?"),  # type: ignore[arg-type]
        choices=choices(URGENCIES),  # type: ignore[arg-type]
        help_text=Text(
            "举报件据此起算 24 小时或 3 个工作日核实时限", "a complaint runs 24 hours or 3 working days by this"
        ),  # type: ignore[arg-type]
    )
    found_at = moment(Text("发现时间", "Found at"), required=False, help_text=Text("不填为现在", "now, if left empty"))
    lng = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)


class NoteForm(Form):
    """A remark that may be left empty."""

    note = text(Text("说明", "Remark"), rows=2, required=False)


class ReasonForm(Form):
    """A reason that must be given."""

    reason = text(Text("理由", "Reason"), rows=2)


class PhotoForm(Form):
    """Photographs of one kind and a remark."""

    photos = Files(photos=True, label=Text("整改后照片", "Photographs after"), required=False)
    note = text(Text("说明", "Remark"), rows=2)


class SelfFixForm(Form):
    """The unit takes it on itself."""

    interim_measures = text(Text("临时防范措施", "Interim measures"), rows=2, required=False)


class MergeForm(Form):
    """Which hazard it is the same as."""

    into = text(Text("并入的隐患编号", "Reference of the hazard it belongs to"), limit=32)


class OrderForm(Form):
    """The order: what, until when, by whom, and how it was served."""

    due_at = moment(
        Text("整改期限", "Deadline"),
        help_text=Text("按整改难易确定，没有固定天数（120号令 20）", "by how hard it is; no fixed number (120号令 20)"),
    )
    demands = text(Text("责令改正内容", "What must be put right"), rows=3, limit=2000)
    interim_measures = text(Text("整改期间防范措施", "Interim measures"), rows=2, required=False)
    second_officer = text(Text("另一名检查人", "Second officer"), limit=40)
    service = forms.ChoiceField(label=Text("送达方式", "Served"), choices=choices(SERVICES))  # type: ignore[arg-type]


class ExtendForm(Form):
    """A later deadline and why."""

    new_due_at = moment(Text("新期限", "New deadline"))
    reason = text(Text("延期理由", "Reason"), rows=2)


class JudgeForm(Form):
    """What the re-inspection found."""

    second_officer = text(Text("另一名检查人", "Second officer"), limit=40)
    photos = Files(photos=True, label=Text("复查照片", "Photographs"), required=False)
    note = text(Text("复查情况", "What was found"), rows=2)


class PartForm(JudgeForm):
    """Partly done: until when the rest."""

    new_due_at = moment(Text("余下部分的期限", "Deadline for the rest"))


class EnforceForm(Form):
    """How it is enforced."""

    measure = text(Text("处置措施", "Measure"), rows=2)


class TransferForm(Form):
    """To whom, and why."""

    to_body = text(Text("移送单位", "Transferred to"), limit=120)
    reason = text(Text("移送理由", "Reason"), rows=2)


class ReplyForm(Form):
    """What the other body answered."""

    reply = text(Text("处理结果", "Result"), rows=3, limit=2000)


class DetermineForm(Form):
    """A decision of a meeting, with the names of those who took part."""

    people = text(
        Text("参加集体研究的人员", "Who took part"),
        rows=3,
        limit=400,
        help_text=Text("每行一人", "one name a line"),
    )
    minutes = text(Text("研究意见与依据", "Opinion and grounds"), rows=4, limit=2000)

    def clean_people(self) -> list[str]:
        """The names, a line each."""
        return [line.strip() for line in str(self.cleaned_data["people"]).splitlines() if line.strip()]


class ListForm(Form):
    """A listing for supervision."""

    level = forms.ChoiceField(label=Text("挂牌层级", "Level"), choices=choices(LEVELS))  # type: ignore[arg-type]
    supervisor = text(Text("督办单位或负责人（职务）", "Supervising body or post"), limit=120)
    demands = text(Text("督办要求", "What is demanded"), rows=3, limit=2000)
    due_at = moment(Text("办结期限", "Deadline"))


class PublishForm(Form):
    """What the public will read, and until when."""

    unit_name = text(Text("单位名称", "Unit"), limit=200)
    place = text(Text("位置", "Place"), limit=200, help_text=Text("不写住户门牌", "no number of a home"))
    summary = text(  # type: ignore[assignment]
        Text("隐患情况", "What is wrong"),
        rows=3,
        limit=600,
        help_text=Text("不写个人姓名、电话、证件号", "no names, phone or identity numbers"),
    )
    until = forms.DateField(
        label=Text("公示至", "Until"),  # type: ignore[arg-type]
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=Text("不填按规则天数", "by the rule, if left empty"),  # type: ignore[arg-type]
    )

    def clean_until(self) -> date | None:
        """The day, or None for the rule's."""
        return self.cleaned_data.get("until")


class EvidenceForm(Form):
    """Photographs and what they show."""

    photos = Files(photos=True, label=Text("照片", "Photographs"))
    label = forms.ChoiceField(
        label=Text("拍的是", "They show"),  # type: ignore[arg-type]
        choices=[
            CHOOSE,
            (str(Label.BEFORE), Text("整改前", "before")),
            (str(Label.AFTER), Text("整改后", "after")),
            (str(Label.PAPER), Text("文书", "paper")),
        ],  # type: ignore[list-item]
    )


def as_photos(files: list[UploadedFile], label: Label) -> list[Photo]:
    """Uploads as photographs of one kind."""
    return [Photo(file, label) for file in files]
