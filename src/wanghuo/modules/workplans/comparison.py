"""Two plans compared: the engine's rows with the words they are about, and what a new edition added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wanghuo.base import Text
from wanghuo.engines import workplan as engine
from wanghuo.modules.workplans.cards import told
from wanghuo.modules.workplans.compiled import paper_of
from wanghuo.modules.workplans.models import WorkPlan

VERDICTS = {
    "missing": Text("没有覆盖", "missing"),
    "contradicting": Text("相抵触", "contradicting"),
    "weaker": Text("打了折扣", "weaker"),
    "dropped": Text("删去", "dropped"),
    "changed": Text("改动", "changed"),
    "added": Text("新增", "added"),
    "covered": Text("已覆盖", "covered"),
    "unchanged": Text("未变", "unchanged"),
}
ORDER = tuple(VERDICTS)
MARKS = {
    "missing": "late",
    "contradicting": "late",
    "weaker": "waiting",
    "dropped": "waiting",
    "changed": "doing",
    "added": "new",
    "covered": "done",
    "unchanged": "done",
}
EDITION = {"missing": "dropped", "weaker": "changed", "contradicting": "changed", "covered": "unchanged"}
ADDED = Text("上一版没有这一条", "the earlier edition does not have it")
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Words:
    """A stretch of a plan's text: a short name for it, its words, and where they stand."""

    name: str
    quote: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the upper paper (None for what was added) and what the lower one makes of it."""

    verdict: str
    reason: Text
    upper: Words | None
    lower: Words | None

    @property
    def word(self) -> Text:
        """The verdict in words."""
        return VERDICTS[self.verdict]

    @property
    def mark(self) -> str:
        """Its mark."""
        return MARKS[self.verdict]


def compared(upper: WorkPlan, lower: WorkPlan, *, edition: bool = False) -> list[Row]:
    """Every item and target of `upper` against `lower`, the worst first; as editions also what `lower` added."""
    found = engine.compare(paper_of(upper.paper), paper_of(lower.paper))
    rows, used = [], set()
    for each in found.rows:
        verdict = str(each.verdict)
        if edition:
            verdict = EDITION[verdict]
            same = each.lower is not None and _text(upper, each.upper) == _text(lower, each.lower)
            verdict = "changed" if verdict == "unchanged" and not same else verdict
        if each.lower is not None:
            used.add((each.lower.start, each.lower.end))
        reason = each.reason if isinstance(each.reason, Text) else Text(*each.reason)
        lower_words = _words(lower, each.lower) if each.lower is not None else None
        rows.append(Row(verdict, reason, _words(upper, each.upper), lower_words))
    if edition:
        rows += _added(lower, used)
    return sorted(rows, key=lambda row: ORDER.index(row.verdict))


def _added(lower: WorkPlan, used: set[tuple[int, int]]) -> list[Row]:
    """What the new edition has and no row of the earlier one led to."""
    paper = paper_of(lower.paper)
    busy = sorted(used)
    fresh = [t for t in paper.targets if (t.start, t.end) not in used]
    fresh_items = [
        item
        for item in paper.items
        if item.actions and not any(start < item.end and end > item.start for start, end in busy)
    ]
    found: list[Any] = [*fresh, *fresh_items]
    return [Row("added", ADDED, None, _words(lower, each)) for each in sorted(found, key=lambda each: each.start)]


def _text(plan: WorkPlan, each: Any) -> str:
    return "".join(plan.text[each.start : each.end].split())


def _words(plan: WorkPlan, each: Any) -> Words:
    quote = " ".join(plan.text[each.start : each.end].split())
    if hasattr(each, "metric"):
        value = list(each.value) if isinstance(each.value, tuple) else each.value
        name = told({"metric": each.metric, "op": each.op, "value": value, "unit": each.unit})
    else:
        name = each.heading or (each.actions[0].text if each.actions else "")
    line = plan.lines.filter(start=each.start, end=each.end).values_list("position", flat=True).first()
    url = f"{plan.url}/judge#line-{line}" if line else f"{plan.url}/judge"
    return Words(name, quote if len(quote) <= LONGEST else f"{quote[: LONGEST - 1]}…", url)
