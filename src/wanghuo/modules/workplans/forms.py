"""The forms of plans, lines and tasks: each asks only for what its act needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from wanghuo.base import Invalid, Text
from wanghuo.engines.workplan.reading import LIMIT, NotReadable, check_size
from wanghuo.kernel.ui import fields
from wanghuo.kernel.ui.forms import Form
from wanghuo.kernel.ui.language import say
from wanghuo.modules.workplans.models import PlanLine
from wanghuo.modules.workplans.words import BASES, FREQUENCIES, OPS, Line

CHOOSE = ("", Text("不选", "none"))


def chosen(label: Text, choices: Any, *, required: bool = True, help_text: Any = "") -> forms.ChoiceField:
    """One of a list."""
    return forms.ChoiceField(label=label, choices=choices, required=required, help_text=help_text)


def offer(form: Form, name: str, choices: Sequence[tuple[str, Any]]) -> None:
    """Give a field its list, its words in the language of the request."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = [(value, say(word)) for value, word in choices]


class NewPlanForm(Form):
    """A paper, as a file or as pasted words."""

    file = forms.FileField(
        label=Text("文件", "File"),
        required=False,
        widget=forms.FileInput(
            attrs={"accept": ".txt,.docx,.pdf,.html,.htm", "class": "drop", "data-limit-mb": LIMIT // 1_000_000}
        ),
        help_text=Text(
            "拖到框里或点选：txt、docx、pdf（须有文字）、html，最大 20 MB",
            "drop it here or choose it: txt, docx, pdf (with text), html, up to 20 MB",
        ),
    )
    text = forms.CharField(
        label=Text("或粘贴全文", "Or paste the text"),
        required=False,
        strip=False,
        max_length=400_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    region = fields.text(
        Text("落实区划", "Region that carries it out"),
        limit=60,
        required=False,
        help_text=Text("名称或代码；不填则按文件所写判断", "name or code; left empty, it is read from the paper"),
    )
    upper = chosen(Text("上级计划", "Plan of the level above"), [CHOOSE], required=False)
    earlier = chosen(Text("上一版或上一年的计划", "Earlier edition"), [CHOOSE], required=False)

    def __init__(self, *args: Any, plans: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("upper", "earlier"):
            offer(self, name, [CHOOSE, *plans])

    def clean(self) -> dict[str, Any]:
        """A file or words, not neither; and a file no larger than a paper is."""
        data = super().clean() or {}
        upload = data.get("file")
        if upload:
            try:
                check_size(upload.size, name=str(upload.name))
            except NotReadable as error:
                self.refuse(Invalid(error.message, field="file"))
        if not data.get("file") and not str(data.get("text", "")).strip() and not self.errors:
            words = Text("请选择文件，或粘贴文件全文。", "Choose a file, or paste the text of the paper.")
            self.refuse(Invalid(words, field="file"))
        return data


class FactsForm(Form):
    """What the paper says of itself."""

    title = fields.text(Text("标题", "Title"), limit=300)
    issuer = fields.text(Text("发文机关", "Issuer"), limit=200, required=False)
    number = fields.text(Text("发文字号", "Number"), limit=80, required=False)
    issued_on = fields.day(Text("成文日期", "Date"), required=False)
    starts_on = fields.day(Text("实施起", "From"), required=False)
    ends_on = fields.day(Text("实施止", "To"), required=False)
    upper = chosen(Text("上级计划", "Plan of the level above"), [CHOOSE], required=False)
    earlier = chosen(Text("上一版或上一年的计划", "Earlier edition"), [CHOOSE], required=False)

    def __init__(self, *args: Any, plans: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("upper", "earlier"):
            offer(self, name, [CHOOSE, *plans])


class LineForm(Form):
    """A person's version of a line. `person()` gives what is kept beside the machine's."""

    def person(self) -> dict[str, Any]:
        """What the person changed."""
        return dict(self.cleaned_data)

    @classmethod
    def first(cls, line: PlanLine) -> dict[str, Any]:
        """What the form begins with."""
        return dict(line.version_now)


class ItemForm(LineForm):
    """An item: whether it is a task, whose, until when, how often."""

    heading = fields.text(Text("任务名称", "Name of the task"), limit=200, required=False)
    as_task = forms.BooleanField(label=Text("作为任务下发", "Give it as a task"), required=False)
    leads = fields.text(
        Text("牵头单位", "Leading bodies"),
        rows=2,
        limit=600,
        required=False,
        help_text=Text("每行一个，或用顿号隔开", "one a line, or set apart by 、"),
    )
    supports = fields.text(Text("配合单位", "Supporting bodies"), rows=2, limit=1000, required=False)
    due_on = fields.day(Text("期限", "Due"), required=False)
    frequency = chosen(Text("频次", "How often"), list(FREQUENCIES.items()), required=False)

    def person(self) -> dict[str, Any]:
        """Name, owners and deadline as the person put them."""
        data = self.cleaned_data
        owners = [{"name": name, "role": "lead"} for name in names_in(data["leads"])]
        owners += [{"name": name, "role": "support"} for name in names_in(data["supports"])]
        return {
            "heading": data["heading"],
            "as_task": data["as_task"],
            "owners": owners,
            "due_on": data["due_on"].isoformat() if data["due_on"] else None,
            "frequency": data["frequency"],
        }

    @classmethod
    def first(cls, line: PlanLine) -> dict[str, Any]:
        """The version that counts, with the latest day of its deadlines."""
        data = line.version_now
        owners = data.get("owners") or []
        days = [d["to"] for d in data.get("deadlines") or () if d["to"]]
        often = next((d["frequency"] for d in data.get("deadlines") or () if d["frequency"]), "")
        action = data["actions"][0]["text"] if data.get("actions") else ""
        return {
            "heading": data.get("heading") or action[:200],
            "as_task": data.get("as_task"),
            "leads": "、".join(o["name"] for o in owners if o.get("role") != "support"),
            "supports": "、".join(o["name"] for o in owners if o.get("role") == "support"),
            "due_on": data.get("due_on", max(days, default=None)),
            "frequency": data.get("frequency", often),
        }


class TargetForm(LineForm):
    """A target: metric, comparison, number, unit, over what, until when."""

    metric = fields.text(Text("指标", "Metric"), limit=200)
    op = chosen(Text("比较", "Comparison"), [(op, word) for op, word in OPS.items()])
    value = forms.FloatField(label=Text("数值", "Number"))
    value_high = forms.FloatField(label=Text("上限（区间时填）", "Upper end (of a range)"), required=False)
    unit = fields.text(Text("单位", "Unit"), limit=20, required=False)
    scope = fields.text(Text("对象范围", "Over what"), limit=200, required=False)
    region = fields.text(Text("地区", "Region"), limit=80, required=False)
    deadline = fields.day(Text("期限", "Due"), required=False)
    frequency = chosen(Text("频次", "How often"), list(FREQUENCIES.items()), required=False)
    basis = chosen(Text("基期", "Base"), list(BASES.items()), required=False)
    soft = forms.BooleanField(label=Text("力争（软指标）", "A soft aim"), required=False)

    def clean(self) -> dict[str, Any]:
        """A range has its upper end."""
        data = super().clean() or {}
        high, low = data.get("value_high"), data.get("value")
        if data.get("op") == "between" and (high is None or (low is not None and high < low)):
            words = Text("区间须有不小于下限的上限。", "A range needs an upper end that is not below the lower.")
            self.refuse(Invalid(words, field="value_high"))
        return data

    def person(self) -> dict[str, Any]:
        """The target as the person reads it."""
        data = dict(self.cleaned_data)
        high = data.pop("value_high")
        if data["op"] == "between":
            data["value"] = [data["value"], high]
        data["deadline"] = data["deadline"].isoformat() if data["deadline"] else None
        return data

    @classmethod
    def first(cls, line: PlanLine) -> dict[str, Any]:
        """The version that counts, a range as its two ends."""
        data = dict(line.version_now)
        if isinstance(data["value"], list):
            data["value"], data["value_high"] = data["value"]
        return data


class FlagForm(LineForm):
    """An ambiguity: one of its readings, or words of one's own."""

    reading = forms.TypedChoiceField(
        label=Text("读法", "Reading"),
        choices=(),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    words = fields.text(Text("或写明怎样理解", "Or say how it is meant"), rows=2, limit=400, required=False)

    def __init__(self, *args: Any, line: PlanLine | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        readings = line.machine.get("readings") or [] if line is not None else []
        offer(self, "reading", [(str(n), words) for n, words in enumerate(readings)])
        if not readings:
            del self.fields["reading"]

    def person(self) -> dict[str, Any]:
        """The reading picked."""
        return {"reading": self.cleaned_data.get("reading"), "words": self.cleaned_data["words"]}


LINE_FORMS: dict[str, type[LineForm]] = {Line.ITEM: ItemForm, Line.TARGET: TargetForm, Line.FLAG: FlagForm}


def names_in(words: str) -> list[str]:
    """Names written on lines of their own, or set apart by 、 or commas; each once."""
    for mark in "，,；;\n\r":
        words = words.replace(mark, "、")
    return list(dict.fromkeys(name.strip() for name in words.split("、") if name.strip()))


class EmptyForm(Form):
    """An act that asks for nothing but its button."""


class NoteForm(Form):
    """A remark that may be left empty."""

    note = fields.text(Text("说明", "Remark"), rows=2, required=False)


class ReasonForm(Form):
    """A reason that must be given."""

    reason = fields.text(Text("理由", "Reason"), rows=2)


class ProgressForm(Form):
    """What was done, how much is reached, and what proves it."""

    note = fields.text(Text("进展情况", "What was done"), rows=3, limit=2000)
    reached = forms.FloatField(label=Text("已完成数量", "Reached so far"), required=False, min_value=0)
    files = fields.Files(  # type: ignore[assignment]
        label=Text("佐证（可多个）", "Evidence (several are fine)"), required=False
    )

    def __init__(self, *args: Any, unit: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own_unit = unit

    def unit_of(self, name: str) -> str:
        """The unit of the task's own number."""
        return self.own_unit if name == "reached" else ""


class ReportForm(ProgressForm):
    """The same, as the end of the work."""

    note = fields.text(Text("完成情况", "How it was done"), rows=3, limit=2000)


class ExtendForm(Form):
    """A later day and why."""

    due_on = fields.day(Text("新期限", "New deadline"))
    reason = fields.text(Text("延期理由", "Reason"), rows=2)


class BodyForm(Form):
    """A body of the register, by name."""

    owner = forms.CharField(
        label=Text("承办单位", "Body"), max_length=80, widget=forms.TextInput(attrs={"list": "bodies"}),
        help_text=Text("机构名称或简称", "its name or short name"),
    )  # fmt: skip


class ReassignForm(BodyForm):
    """To whom, and until when."""

    due_on = fields.day(Text("期限", "Due"), required=False, help_text=Text("不填则不变", "left empty, it stays"))
    note = fields.text(Text("说明", "Remark"), rows=2, required=False)


class NewTaskForm(BodyForm):
    """A task of no paper."""

    title = fields.text(Text("任务", "Task"), limit=200)
    detail = fields.text(Text("要求", "What is asked"), rows=3, limit=2000, required=False)
    due_on = fields.day(Text("期限", "Due"), required=False)
    frequency = chosen(Text("频次", "How often"), list(FREQUENCIES.items()), required=False)
    evidence_asked = fields.text(Text("要求的佐证", "Evidence asked for"), limit=400, required=False)
    field_order = ("title", "owner", "detail", "due_on", "frequency", "evidence_asked")


class BindForm(Form):
    """Which indicator measures a target."""

    code = forms.ChoiceField(
        label=Text("由哪个指标计量", "Measured by"), choices=(), widget=forms.RadioSelect, required=False
    )
    other = forms.CharField(
        label=Text("或填其他指标的代码", "Or the code of another one"), max_length=96, required=False,
        widget=forms.TextInput(attrs={"list": "indicators"}),
    )  # fmt: skip

    def __init__(self, *args: Any, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "code", choices)
