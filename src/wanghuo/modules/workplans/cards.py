"""A line as the page shows it: what was understood, in words; what a person made of it; what can be pressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from wanghuo.base import Text
from wanghuo.kernel.ui.formats import number
from wanghuo.modules.workplans.compiled import UNCOVERED, bounds
from wanghuo.modules.workplans.models import PlanLine, WorkPlan
from wanghuo.modules.workplans.resolved import due_of, reading_words
from wanghuo.modules.workplans.services.judging import is_ambiguous
from wanghuo.modules.workplans.states import Verdict
from wanghuo.modules.workplans.words import (
    BASES,
    CLAUSE,
    FREQUENCIES,
    LINES,
    ROLES,
    SIGNS,
    VERDICTS,
    Line,
    flag_name,
    frequency_name,
)

MARKS = {
    Verdict.OPEN: "new",
    Verdict.ACCEPTED: "done",
    Verdict.EDITED: "done",
    Verdict.DOUBTED: "waiting",
    Verdict.REJECTED: "void",
}
NO_OWNER = Text("缺", "none")
NO_DAY = Text("缺", "none")
SOFT = Text("力争", "soft aim")
FIRM = Text("必须", "firm")
IMPLIED = Text("隐含", "implied")
SHORT, TITLE = 160, 72


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was understood: its label, its words, and whether a person should look at it."""

    label: Text
    words: Text | str
    kind: str = ""
    wanting: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One line on the right side."""

    line: PlanLine
    kind: Text
    title: Text | str
    facts: Sequence[Fact]
    quote: str
    was: Sequence[Fact]
    readings: Sequence[tuple[int, str, bool]]
    chosen: str
    verdict: Text
    mark: str
    section: int = 0
    ambiguous: bool = False

    @property
    def at(self) -> str:
        """The position, as it is written into the page."""
        return str(self.line.position)

    @property
    def version(self) -> str:
        """The version, as it is written into the page."""
        return str(self.line.version)

    @property
    def judged(self) -> bool:
        """Whether a person has decided."""
        return self.line.verdict in (Verdict.ACCEPTED, Verdict.EDITED, Verdict.REJECTED)

    @property
    def depth(self) -> int:
        """How deep the item lies, for the indent."""
        return min(self.line.path.count("/"), 4)


def cards(plan: WorkPlan, lines: Sequence[PlanLine], only: set[int] | None = None) -> list[Card]:
    """The lines of a plan as cards; `only` some positions, all of `lines` still being asked for what they say."""
    flags = [line for line in lines if line.kind == Line.FLAG and line.verdict in (Verdict.ACCEPTED, Verdict.EDITED)]
    inside = _sections(lines)
    shown = [line for line in lines if only is None or line.position in only]
    return [card(plan, line, flags, inside.get(line.position, 0)) for line in shown]


class Buttons:
    """The buttons of the lines of one page: drawn once for each kind of line, since they differ in numbers alone."""

    def __init__(self, plan: WorkPlan) -> None:
        self._url = f"{plan.url}/judge"
        self._drawn: dict[tuple[bool, bool, bool], str] = {}

    def of(self, card: Card) -> SafeString:
        """The buttons of a line."""
        kind = (card.line.kind == Line.FLAG, bool(card.readings), bool(card.section))
        if kind not in self._drawn:
            context = dict(zip(("flag", "readings", "section"), kind, strict=True), url=self._url)
            self._drawn[kind] = render_to_string("workplans/_acts.html", context)
        html = self._drawn[kind]
        numbers = {"@AT@": card.at, "@VERSION@": card.version, "@ITEM@": card.line.item_no, "@SECTION@": card.section}
        for name, number_ in numbers.items():
            html = html.replace(name, str(number_))
        return SafeString(html)


def card(plan: WorkPlan, line: PlanLine, flags: Sequence[PlanLine], section: int) -> Card:
    """One line as a card; `section`: how many open lines would be accepted with it."""
    title, facts, was = MAKERS[Line(line.kind)](plan, line, flags)
    readings = line.machine.get("readings") or () if line.kind == Line.FLAG else ()
    chosen = (line.person or {}).get("reading")
    return Card(
        line=line,
        kind=CLAUSE if line.kind == Line.ITEM and not line.version_now.get("as_task") else LINES[Line(line.kind)],
        title=title,
        facts=facts,
        quote=_quote(line, plan),
        was=was,
        readings=[(n, words, n == chosen) for n, words in enumerate(readings)],
        chosen=reading_words(line) if line.kind == Line.FLAG else "",
        verdict=VERDICTS[Verdict(line.verdict)],
        mark=MARKS[Verdict(line.verdict)],
        section=section,
        ambiguous=is_ambiguous(line),
    )


def _sections(lines: Sequence[PlanLine]) -> dict[int, int]:
    """For each item that heads others: how many lines one press would accept."""
    found: dict[int, int] = {}
    heads: list[PlanLine] = []
    for line in lines:
        if line.kind == Line.ITEM:
            while heads and not line.path.startswith(f"{heads[-1].path}/"):
                heads.pop()
            heads.append(line)
        if line.verdict == Verdict.OPEN and not is_ambiguous(line):
            for head in heads:
                found[head.position] = found.get(head.position, 0) + 1
    return {position: count for position, count in found.items() if count > 1}


def _quote(line: PlanLine, plan: WorkPlan) -> str:
    words = plan.text[line.start : line.end] if line.kind == Line.ITEM else str(line.machine.get("quote", ""))
    words = " ".join(words.split())
    return _cut(words, SHORT)


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def _item(plan: WorkPlan, line: PlanLine, flags: Sequence[PlanLine]) -> Made:
    data = line.version_now
    actions = [plan.text[action["start"] : action["end"]].strip() for action in data.get("actions") or ()]
    title = str(data.get("heading") or _cut(actions[0] if actions else str(data.get("text", "")), TITLE))
    facts = []
    if data.get("as_task"):
        facts += [Fact(Text("做", "do"), words, "action") for words in actions[:4] if _cut(words, TITLE) != title]
        facts += _owner_facts(data)
        facts.append(_due_fact(plan, line, flags))
    was = []
    if line.person:
        was = [
            fact for fact in (*_owner_facts(line.machine), *_deadline_words(line.machine)) if line.machine["as_task"]
        ]
        if line.machine.get("heading") and line.machine["heading"] != title:
            was.insert(0, Fact(Text("标题", "title"), str(line.machine["heading"])))
        if line.machine["as_task"] != data.get("as_task"):
            was.append(
                Fact(Text("作为任务", "as a task"), Text("是", "yes") if line.machine["as_task"] else Text("否", "no"))
            )
    return title, facts, was


def _owner_facts(data: Mapping[str, Any]) -> list[Fact]:
    owners = data.get("owners") or ()
    found = [_owner(owner) for owner in owners]
    if not any(owner.get("role") != "support" for owner in owners):
        found.insert(0, Fact(ROLES["lead"], NO_OWNER, "owner", wanting=True))
    return found


def _owner(owner: Mapping[str, Any]) -> Fact:
    name, several = str(owner["name"]), int(owner.get("several") or 0)
    role = ROLES["support" if owner.get("role") == "support" else "lead"]
    if owner.get("body_name") and owner["body_name"] != name:
        return Fact(role, f"{name} → {owner['body_name']}", "owner")
    if several:
        return Fact(role, Text(f"{name}（{several} 个机构）", f"{name} ({several} bodies)"), "owner")
    if not owner.get("body"):
        return Fact(role, Text(f"{name}（未登记）", f"{name} (not registered)"), "owner", wanting=True)
    return Fact(role, name, "owner")


def _due_fact(plan: WorkPlan, line: PlanLine, flags: Sequence[PlanLine]) -> Fact:
    due = due_of(line, flags, plan)
    label = Text("期限", "due")
    if due.last is None and not due.frequency:
        return Fact(label, NO_DAY, "deadline", wanting=True)
    often = frequency_name(due.frequency) if due.frequency else None
    day = str(due.last or "")
    if due.first is not None and due.last is not None and due.first != due.last:
        day = f"{due.first} → {due.last}"
    zh = " ".join(filter(None, (often.zh if often else "", day, "（按所选读法）" if due.by_reading else "")))
    en = " ".join(filter(None, (often.en if often else "", day, "(by the reading picked)" if due.by_reading else "")))
    return Fact(label, Text(zh, en), "deadline")


def _deadline_words(data: Mapping[str, Any]) -> list[Fact]:
    return [
        Fact(Text("期限", "due"), f"{d['text']}{' ' + d['to'] if d['to'] else ''}") for d in data.get("deadlines") or ()
    ]


def _target(plan: WorkPlan, line: PlanLine, flags: Sequence[PlanLine]) -> Made:
    data = line.version_now
    facts = [_due_fact(plan, line, flags)]
    if data.get("scope"):
        facts.insert(0, Fact(Text("对象", "of"), str(data["scope"])))
    if data.get("region") and data["region"] != plan.named_region:
        facts.append(Fact(Text("地区", "region"), str(data["region"])))
    if data.get("basis"):
        facts.append(Fact(Text("基期", "base"), BASES[str(data["basis"])]))
    facts.append(Fact(Text("强度", "strength"), SOFT if data.get("soft") else FIRM))
    if data.get("implied"):
        facts.append(Fact(Text("数值", "number"), IMPLIED))
    confidence = float(line.machine.get("confidence") or 0)
    if confidence < 0.75 and line.verdict == Verdict.OPEN:
        facts.append(Fact(Text("把握", "certainty"), f"{confidence * 100:.0f} %", wanting=True))
    was = [Fact(Text("机器读作", "read as"), told(line.machine))] if line.person else []
    if line.person and line.machine.get("deadline") != data.get("due_on", data.get("deadline")):
        was.append(Fact(Text("期限", "due"), str(line.machine.get("deadline") or "—")))
    return told(data), facts, was


def told(data: Mapping[str, Any]) -> str:
    """A target in one line: 市政消火栓 ≥ 11,000 个."""
    low, high = bounds(data["value"])
    unit = str(data.get("unit", ""))
    amount = plain(low) if high is None else f"{plain(low)} – {plain(high)}"
    sign = SIGNS.get(str(data["op"]), str(data["op"])) if high is None else ""
    return " ".join(filter(None, (str(data["metric"]), sign, amount, unit)))


def plain(value: float) -> str:
    """A number without needless decimals: 11,000; 0.165."""
    return number(value, 0) if float(value).is_integer() else f"{value:,g}"


def _flag(plan: WorkPlan, line: PlanLine, flags: Sequence[PlanLine]) -> Made:
    kind = str(line.machine["kind"])
    if kind == UNCOVERED:
        return Text("没有归入任何条目的文字", "words that belong to no item"), [], []
    return flag_name(kind), [], []


Made = tuple[Text | str, list[Fact], list[Fact]]
MAKERS: Mapping[Line, Callable[[WorkPlan, PlanLine, Sequence[PlanLine]], Made]] = {
    Line.ITEM: _item,
    Line.TARGET: _target,
    Line.FLAG: _flag,
}

__all__ = ["FREQUENCIES", "Card", "Fact", "card", "cards", "plain", "told"]
