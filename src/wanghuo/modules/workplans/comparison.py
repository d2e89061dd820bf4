"""Two plans compared: the engine's rows with the words they are about, and what a new edition added."""

from __future__ import annotations

from dataclasses import dataclass

from wanghuo.base import Text
from wanghuo.engines.workplan.comparing import compare
from wanghuo.engines.workplan.paper import Item, Paper, Target
from wanghuo.modules.workplans.cards import told
from wanghuo.modules.workplans.compiled import paper_of
from wanghuo.modules.workplans.models import WorkPlan
from wanghuo.modules.workplans.words import Line

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
    old, new = paper_of(upper.paper), paper_of(lower.paper)
    above, below = _Named(upper), _Named(lower)
    rows = []
    for each in compare(old, new).rows:
        verdict: str = each.verdict
        if edition:
            verdict = EDITION[verdict]
            same = each.lower is not None and _text(upper, each.upper) == _text(lower, each.lower)
            verdict = "changed" if verdict == "unchanged" and not same else verdict
        answer = below.words(each.lower) if each.lower is not None else None
        rows.append(Row(verdict, each.reason, above.words(each.upper), answer))
    if edition:
        rows += _added(old, new, below)
    return sorted(rows, key=lambda row: ORDER.index(row.verdict))


def _added(earlier: Paper, later: Paper, named: _Named) -> list[Row]:
    """What the new edition has that the earlier one does not: what is missing when they are held the other way round."""
    found = (each.upper for each in compare(later, earlier).rows if each.verdict == "missing")
    return [Row("added", ADDED, None, named.words(each)) for each in found]


def _text(plan: WorkPlan, each: Item | Target) -> str:
    return "".join(plan.text[each.start : each.end].split())


class _Named:
    """Finds the line of a plan for a thing of its paper, and its words."""

    def __init__(self, plan: WorkPlan) -> None:
        self._plan = plan
        rows = plan.lines.values_list("kind", "start", "end", "position")
        self._positions = {(kind, start, end): position for kind, start, end, position in rows}

    def words(self, each: Item | Target) -> Words:
        """The words of an item or target, and the address of its line."""
        plan = self._plan
        quote = " ".join(plan.text[each.start : each.end].split())
        if isinstance(each, Target):
            value = list(each.value) if isinstance(each.value, tuple) else each.value
            name = told({"metric": each.metric, "op": each.op, "value": value, "unit": each.unit})
            kind = Line.TARGET
        else:
            name = each.heading or (each.actions[0].text if each.actions else "")
            kind = Line.ITEM
        line = self._positions.get((str(kind), each.start, each.end))
        url = f"{plan.url}/judge#line-{line}" if line else f"{plan.url}/judge"
        return Words(name, quote if len(quote) <= LONGEST else f"{quote[: LONGEST - 1]}…", url)
