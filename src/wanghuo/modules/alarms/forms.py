"""The forms of alarm handling: as little as an act needs, in the middle of the night."""

from __future__ import annotations

from django import forms

from wanghuo.base import Text
from wanghuo.kernel.ui.fields import Files, moment
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.alarms.states import CAUSES, CHANNELS, SAID, Channel

CHOOSE = ("", Text("请选择", "please choose"))


def text(label: Text, *, rows: int = 0, required: bool = True, limit: int = 500) -> forms.CharField:
    """A line of words, or a field of several rows."""
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    return forms.CharField(label=label, required=required, max_length=limit, widget=widget)  # type: ignore[arg-type]


class NothingForm(Form):
    """An act that needs no words."""


class ReasonForm(Form):
    """A reason that must be given."""

    reason = text(Text("理由", "Reason"), rows=2)


class NoteForm(Form):
    """A remark that may be left empty."""

    note = text(Text("说明", "Remark"), rows=2, required=False)


class EndForm(Form):
    """How it ended."""

    note = text(Text("处置情况", "How it ended"), rows=2)


class DispatchForm(Form):
    """Who is sent."""

    to = text(Text("派出（人员或微型站）", "Sent (who, or which station)"), limit=120)


class FalseForm(Form):
    """Why the alarm was false."""

    cause = forms.ChoiceField(
        label=Text("误报原因", "Cause"),  # type: ignore[arg-type]
        choices=[(str(key), word) for key, word in CAUSES.items()],  # type: ignore[misc]
        widget=forms.RadioSelect(attrs={"data-numbered": ""}),
    )
    note = text(Text("说明", "Remark"), rows=1, required=False)


class LineForm(Form):
    """A line on the time line."""

    text = text(Text("内容", "Words"), rows=2)


class TakeSeatForm(Form):
    """Taking a seat: which, what was read, and that the tone was heard."""

    seat = text(Text("席位", "Seat"), limit=20)
    sound_tested = forms.BooleanField(label=Text("已听到测试音", "I heard the test tone"))  # type: ignore[arg-type]
    read = forms.CharField(widget=forms.HiddenInput, required=False)

    def refs(self) -> list[str]:
        """The references that were opened."""
        return [ref for ref in str(self.cleaned_data.get("read", "")).split(",") if ref]


class HandOverForm(Form):
    """Handing a seat over."""

    note = text(Text("交班记录", "Notes for the next shift"), rows=4, required=False, limit=2000)


def _said(label: Text) -> forms.ChoiceField:
    choices = [(str(key), word) for key, word in SAID.items()]
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect())  # type: ignore[arg-type]


def _cause() -> forms.ChoiceField:
    choices = [CHOOSE, *((str(key), word) for key, word in CAUSES.items())]
    label = Text("误报原因（误报时必选）", "Cause, where it was false")
    return forms.ChoiceField(label=label, choices=choices, required=False)  # type: ignore[arg-type]


class AnswerForm(Form):
    """What somebody found on the spot, from a phone."""

    said = _said(Text("现场情况", "What you found"))
    cause = _cause()
    photos = Files(photos=True, label=Text("现场照片", "Photographs"), required=False)
    text = text(Text("说明", "Remark"), rows=2, required=False)


class HearForm(Form):
    """What somebody told the operator."""

    channel = forms.ChoiceField(
        label=Text("谁说的", "Who says so"),  # type: ignore[arg-type]
        choices=[(str(k), v) for k, v in CHANNELS.items() if k != Channel.UNIT]
        + [(str(Channel.UNIT), CHANNELS[Channel.UNIT])],  # type: ignore[misc]
    )
    who = text(Text("姓名或来电", "Name or caller"), limit=80)
    said = _said(Text("所说情况", "What was said"))
    cause = _cause()
    text = text(Text("原话", "In the person's words"), rows=2, required=False)


class ShelveForm(Form):
    """For how long and why."""

    units = {"hours": "h"}

    hours = forms.FloatField(
        label=Text("搁置时长", "For how long"),  # type: ignore[arg-type]
        min_value=0.1,
        initial=2,
        widget=forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal"}),
    )
    reason = text(Text("理由", "Reason"), rows=2, limit=300)


class WindowForm(Form):
    """Maintenance or a test that is announced."""

    target = text(Text("单位或设备编号", "Reference of the unit or device"), limit=60)
    starts_at = moment(Text("开始", "From"))
    ends_at = moment(Text("结束", "Until"))
    reason = text(Text("事由", "What for"), limit=300)
    contact = text(Text("现场负责人及电话", "Responsible on the spot, with telephone"), limit=120)
