"""What the judged lines of a plan come to: who leads and supports, which day, how a target reads. Later words win over
the machine's, and a reading picked for an ambiguity gives the day that was missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.models import Body
from wanghuo.modules.workplans.compiled import bounds, day_of
from wanghuo.modules.workplans.models import PlanLine, WorkPlan

_DAY = re.compile(r"(?P<year>20\d\d)[-年.](?P<month>\d{1,2})[-月.](?P<day>\d{1,2})")


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due: first and last day, how often, and whether a picked reading gave the day."""

    first: date | None = None
    last: date | None = None
    frequency: str = ""
    by_reading: bool = False


def owners_of(
    line: PlanLine, region: str, known: dict[str, Body] | None = None
) -> tuple[list[tuple[str, Body | None]], tuple[str, ...]]:
    """The leading bodies of an item (as named, and found in the register), and the names of the supporting ones.

    A name that means several bodies (各乡镇) leads once for each of them.
    """
    known = {} if known is None else known
    leads: list[tuple[str, Body | None]] = []
    supports: list[str] = []
    for owner in line.version_now.get("owners") or []:
        name = str(owner["name"])
        if owner.get("role") == "support":
            supports.append(name)
            continue
        found = [known[name]] if name in known else bodies.candidates(name, region)
        if len(found) == 1:
            known[name] = found[0]
        leads += [(name if len(found) < 2 else body.short, body) for body in found] or [(name, None)]
    seen: set[Any] = set()
    kept = []
    for name, body in leads:
        key = body.id if body is not None else name
        if key not in seen:
            seen.add(key)
            kept.append((name, body))
    return kept, tuple(dict.fromkeys(supports))


def due_of(line: PlanLine, flags: Sequence[PlanLine], plan: WorkPlan) -> Due:
    """The deadline of an item or target: a person's day, else the latest day the paper gives, else that of a reading picked
    for its words."""
    data, person = line.version_now, line.person or {}
    if "due_on" in person:
        return Due(day_of(person.get("starts_on")), day_of(person["due_on"]), str(person.get("frequency", "")))
    if "deadline" in data:
        found = Due(last=day_of(data["deadline"]), frequency=str(data.get("frequency", "")))
    else:
        found = _latest(data.get("deadlines") or [])
    if found.last is None and not found.frequency:
        picked = _picked(line, flags)
        if picked is not None:
            return Due(found.first, picked, "", by_reading=True)
    return found


def _latest(deadlines: Sequence[dict[str, Any]]) -> Due:
    days = [day for d in deadlines if (day := day_of(d["to"])) is not None]
    firsts = [day for d in deadlines if (day := day_of(d["from"])) is not None and d["kind"] == "phase"]
    often = next((d["frequency"] for d in deadlines if d["frequency"]), "")
    return Due(min(firsts, default=None), max(days, default=None), often)


def _picked(line: PlanLine, flags: Sequence[PlanLine]) -> date | None:
    """The day in the reading picked for an ambiguity of the same item."""
    for flag in flags:
        if flag.item_no == line.item_no and (day := reading_day(flag)):
            return day
    return None


def reading_day(flag: PlanLine) -> date | None:
    """The last day that the reading picked for a flag gives; None when it gives none. “1月1日以前（不含）” ends the day
    before."""
    words = reading_words(flag)
    found = _DAY.search(words)
    if found is None:
        return None
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    return day - timedelta(days=1) if "不含" in words else day


def reading_words(flag: PlanLine) -> str:
    """The reading picked for a flag: one of the machine's, or a person's own words; "" when none is."""
    person = flag.person or {}
    if words := str(person.get("words", "")).strip():
        return words
    chosen, readings = person.get("reading"), flag.machine.get("readings") or []
    return str(readings[chosen]) if isinstance(chosen, int) and 0 <= chosen < len(readings) else ""


@dataclass(frozen=True, slots=True)
class Aim:
    """A target as judged."""

    metric: str
    op: str
    value: float
    value_high: float | None
    unit: str
    scope: str
    region: str
    due: Due
    basis: str
    soft: bool
    implied: bool
    quote: str


def aim_of(line: PlanLine, flags: Sequence[PlanLine], plan: WorkPlan, basis: str = "") -> Aim:
    """The target that a line comes to."""
    data = line.version_now
    low, high = bounds(data["value"])
    return Aim(
        metric=str(data["metric"]),
        op=str(data["op"]),
        value=low,
        value_high=high,
        unit=str(data.get("unit", "")),
        scope=str(data.get("scope", "")),
        region=str(data.get("region", "")),
        due=due_of(line, flags, plan),
        basis=str(data.get("basis", basis)),
        soft=bool(data.get("soft")),
        implied=bool(data.get("implied")),
        quote=str(data.get("quote", "")) or plan.text[line.start : line.end],
    )
