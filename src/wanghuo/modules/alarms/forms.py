"""The forms of alarm handling: as little as an act needs, in the middle of the night."""

from __future__ import annotations

from django import forms

from wanghuo.base import Text
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.alarms.states import CAUSES

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
