"""The forms of indicators: a target, a report, a judgement, a definition."""

from __future__ import annotations

from typing import Any

from django import forms as fields

from wanghuo.base import Text
from wanghuo.kernel.indicators.models import ReportedIndicator
from wanghuo.kernel.indicators.presets import TOPICS
from wanghuo.kernel.indicators.reported import FREQUENCIES
from wanghuo.kernel.ui.fields import Files
from wanghuo.kernel.ui.forms import Form

CHOOSE = ("", Text("请选择", "please choose"))
OPS = {
    ">=": Text("不低于", "at least"),
    "<=": Text("不高于", "at most"),
    ">": Text("高于", "more than"),
    "<": Text("低于", "less than"),
    "==": Text("等于", "exactly"),
    "between": Text("介于", "between"),
}
BASES = {
    "": Text("数值本身", "the value itself"),
    "yoy_down": Text("比上年同期下降（%）", "down on the same period a year before (%)"),
    "yoy_up": Text("比上年同期增长（%）", "up on the same period a year before (%)"),
}
PATHS = {
    "": Text("按指标口径", "as the indicator says"),
    "linear": Text("按时间进度逐步达到", "day by day towards it"),
    "flat": Text("任何时候都须达到", "all of it at any time"),
}
KINDS = {
    "count": Text("数量", "a count"),
    "rate": Text("率（完成数 ÷ 总数）", "a share (part ÷ whole)"),
    "mean": Text("平均值（总和 ÷ 个数）", "a mean (sum ÷ number)"),
}
BETTER = {"up": Text("越高越好", "the higher the better"), "down": Text("越低越好", "the lower the better")}
LEVELS = {
    "city": Text("各地级市", "each city"),
    "county": Text("各县（市、区）", "each county"),
    "town": Text("各乡镇（街道）", "each township"),
}


def _text(label: Text, limit: int, *, required: bool = True, help_text: Any = "", rows: int = 0) -> fields.CharField:
    widget = fields.Textarea(attrs={"rows": rows}) if rows else fields.TextInput()
    return fields.CharField(label=label, max_length=limit, required=required, help_text=help_text, widget=widget)  # type: ignore[arg-type]


def _choice(label: Text, words: dict[str, Text], *, required: bool = True, blank: bool = True) -> fields.ChoiceField:
    known: list[Any] = [CHOOSE, *words.items()] if blank else list(words.items())
    return fields.ChoiceField(label=label, choices=known, required=required)  # type: ignore[arg-type]


def _number(label: Text, *, required: bool = True, help_text: Any = "") -> fields.FloatField:
    widget = fields.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
    return fields.FloatField(label=label, required=required, help_text=help_text, widget=widget)  # type: ignore[arg-type]


class TargetForm(Form):
    """A target."""

    region = _text(Text("区划代码", "Division code"), 15)
    period = _text(
        Text("期间", "Period"),
        24,
        help_text=Text(
            "年、季、月或起止日期：2026、2026-Q4、2026-11、2026-03-01..2026-11-30",
            "2026, 2026-Q4, 2026-11 or 2026-03-01..2026-11-30",
        ),
    )
    op = fields.ChoiceField(
        label=Text("要求", "Must be"),  # type: ignore[arg-type]
        choices=[("", Text("按指标方向", "as the indicator is better")), *OPS.items()],
        required=False,
    )
    value = _number(Text("目标值", "Target"))
    value_high = _number(
        Text("上限", "Upper end"), required=False, help_text=Text("只用于“介于”", "only for “between”")
    )
    basis = _choice(Text("目标值是", "The number is"), BASES, required=False, blank=False)
    path = _choice(Text("如何达到", "How it is reached"), PATHS, required=False, blank=False)
    soft = fields.BooleanField(
        label=Text("软性目标（力争、基本）", "a soft target (力争, 基本)"),  # type: ignore[arg-type]
        required=False,
    )
    source = _text(Text("依据", "Set by"), 300, help_text=Text("文件或会议", "a paper or a meeting"))
    quote = _text(
        Text("原文", "Its words"), 600, required=False, rows=2, help_text=Text("文件中的原句", "as the paper says it")
    )


class ValueForm(Form):
    """Report a value; made for a phone: one or two numbers, a note, the evidence."""

    num = _number(Text("数值", "Value"))
    den = _number(Text("总数", "Whole"))
    note = _text(Text("说明", "Note"), 1000, required=False, rows=3)
    evidence = Files(label=Text("佐证材料", "Evidence"), required=False)

    def __init__(self, *args: Any, definition: ReportedIndicator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = definition.unit if definition.kind == "count" else ""
        if definition.kind == "count":
            del self.fields["den"]
        else:
            part = Text("完成数（分子）", "Part") if definition.kind == "rate" else Text("总和（分子）", "Sum")
            self.fields["num"].label = part  # type: ignore[assignment]
            whole = Text("总数（分母）", "Whole") if definition.kind == "rate" else Text("个数（分母）", "Number")
            self.fields["den"].label = whole  # type: ignore[assignment]
        if definition.evidence_zh:
            self.fields["evidence"].help_text = Text(definition.evidence_zh, definition.evidence_en)  # type: ignore[assignment]
        else:
            self.fields["evidence"].help_text = Text("可不附", "not asked for")  # type: ignore[assignment]

    def unit_of(self, name: str) -> str:
        """The unit of the indicator inside the field of its number."""
        return self.unit if name == "num" else ""


class NoteForm(Form):
    """An act that says why."""

    note = _text(Text("理由", "Why"), 1000, rows=3)


class MaybeNoteForm(Form):
    """An act that may say something."""

    note = _text(Text("意见", "Remark"), 1000, required=False, rows=2)


class DefineForm(Form):
    """A reported indicator of one's own."""

    name_zh = _text(Text("名称", "Name (Chinese)"), 80)
    name_en = _text(Text("英文名称", "Name (English)"), 160, required=False)
    formula_zh = _text(
        Text("口径", "Definition"), 300, rows=2, help_text=Text("数什么、怎么算", "what is counted, and how")
    )
    unit = _text(
        Text("计量单位", "Unit"), 16, required=False, help_text=Text("如 个、%、元、分", "such as 个, %, 元, 分")
    )
    kind = _choice(Text("类型", "Kind"), KINDS)
    better = _choice(Text("方向", "Direction"), BETTER)
    topic = _choice(Text("分类", "Topic"), TOPICS)
    frequency = _choice(Text("填报周期", "How often"), FREQUENCIES)
    level = _choice(Text("谁填报", "Who reports"), LEVELS)
    adds = fields.BooleanField(
        label=Text(
            "各期数值累加（如新建数）；不勾选则取最新一期", "periods add up (such as: built); else the latest stands"
        ),  # type: ignore[arg-type]
        required=False,
    )
    evidence_zh = _text(
        Text("须附的佐证", "Evidence asked for"), 200, required=False, help_text=Text("留空则不要求", "none when empty")
    )
    words = _text(
        Text("文件中的叫法", "What papers call it"),
        300,
        required=False,
        help_text=Text("用顿号分开，供文件目标自动对应", "set apart by 、; targets of papers are bound by these"),
    )
    source = _text(Text("依据", "Asked for by"), 300, help_text=Text("文件或会议", "a paper or a meeting"))
