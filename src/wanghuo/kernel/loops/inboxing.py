"""The inbox as a page shows it: lines in groups by time left, with the rule behind each clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from wanghuo.base import Text
from wanghuo.base.time import end_of_day, local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops.calendars import work_calendar
from wanghuo.kernel.loops.models import Duty
from wanghuo.kernel.rulebook import Rule, RuleMissing, rule
from wanghuo.kernel.ui.paging import capped_count

SHOWN = 50  # lines of each group; the rest is a press away
COUNTED = 999
SOON_RULE = "loops.soon"
TABS: dict[str, Text] = {
    "act": Text("我办", "To do"),
    "read": Text("待阅", "To read"),
    "others": Text("等他人", "Waiting for others"),
}
GROUPS: dict[str, Text] = {
    "overdue": Text("逾期", "Overdue"),
    "today": Text("今日", "Today"),
    "soon": Text("{days} 个工作日内", "Within {days} working days"),
    "later": Text("以后", "Later"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the duty, the rule of its clock, and the working days left where it counts in them."""

    duty: Duty
    rule: Rule | None
    days_left: int | None

    @property
    def key(self) -> str:
        """The single key of its main act: the first letter of the act."""
        return "m" if self.duty.kind == "read" else self.duty.move.rpartition(".")[2][:1]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that are due in the same span of time."""

    code: str
    label: Text
    lines: list[Line]
    more: bool


def rows_of(tab: str, actor: Actor) -> QuerySet[Duty]:
    """The open duties of one tab."""
    if tab == "others":
        return Duty.objects.asked_by(actor).still_open()
    return Duty.objects.visible_to(actor).still_open().filter(kind=tab)


def counts(actor: Actor) -> dict[str, str]:
    """How many lines each tab has, exact up to 999."""
    found = {tab: capped_count(rows_of(tab, actor), COUNTED) for tab in TABS}
    return {tab: f"{number:,}{'+' if more else ''}" for tab, (number, more) in found.items()}


def waiting(actor: Actor) -> int:
    """The number in the header: duties to be done (at most 999)."""
    return capped_count(rows_of("act", actor), COUNTED)[0]


def groups(rows: QuerySet[Duty], now: datetime, *, only: str = "", shown: int = SHOWN) -> list[Group]:
    """`rows` in the four groups, each by time left; one query a group. `only`: one group, in full length."""
    soon_days = int(rule(SOON_RULE, region="0", on=local_day(now)).value["working_days"])
    rules: dict[tuple[str, str, object], Rule | None] = {}
    found = []
    for code, condition in _conditions(now, soon_days).items():
        if only and code != only:
            continue
        limit = shown * 10 if only else shown
        ordered = rows.filter(condition).order_by(F("due_at").asc(nulls_last=True), "id")
        duties = list(ordered.select_related("clock")[: limit + 1])
        lines = [_line(duty, now, rules) for duty in duties[:limit]]
        found.append(Group(code, GROUPS[code].filled({"days": soon_days}), lines, len(duties) > limit))
    return found


def _conditions(now: datetime, soon_days: int) -> Mapping[str, Q]:
    today = local_day(now)
    tonight, soon = end_of_day(today), end_of_day(work_calendar().after(today, soon_days))
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    return {
        "overdue": Q(due_at__lt=now),
        "today": Q(due_at__gte=now, due_at__lte=tonight) & awake,
        "soon": Q(due_at__gt=tonight, due_at__lte=soon) & awake,
        "later": Q(due_at__gt=soon) | Q(due_at=None) | Q(due_at__gte=now, snoozed_until__gt=now),
    }


def _line(duty: Duty, now: datetime, known: dict[tuple[str, str, object], Rule | None]) -> Line:
    on = local_day(duty.clock.start_at if duty.clock else duty.opened_at)
    key = (duty.rule, duty.region_code, on)
    if key not in known:
        known[key] = rule_or_none(duty.rule, duty.region_code, duty.clock.start_at if duty.clock else duty.opened_at)
    found = known[key]
    in_working_days = found is not None and found.is_clock and found.length.unit == "working_days"
    days = working_days_left(duty.due_at, now) if in_working_days and duty.due_at else None
    return Line(duty, found, days)


def rule_or_none(rule_id: str, region: str, at: datetime) -> Rule | None:
    """The rule in force then and there; None without a rule, or when a later pack dropped it."""
    if not rule_id:
        return None
    try:
        return rule(rule_id, region=region, on=local_day(at))
    except RuleMissing:
        return None


def working_days_left(due_at: datetime, now: datetime) -> int:
    """Working days after today up to the last day of the period; 0 on the last day."""
    return work_calendar().count(local_day(now), local_day(due_at - timedelta(microseconds=1)))
