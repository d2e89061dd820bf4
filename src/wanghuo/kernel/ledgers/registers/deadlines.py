"""Deadlines and confirmation of register lines: the duty and the clock of a line that is due, and for how long it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import end_of_day, local_day, start_of_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Period
from wanghuo.kernel.ledgers.models import RegisterRow
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.schema import Definition
from wanghuo.kernel.ledgers.registers.selecting import EDIT, SUBJECT_KIND, subject_of
from wanghuo.kernel.ledgers.states import RowState
from wanghuo.kernel.loops import close_duties, open_duty, start_clock, stop_clock
from wanghuo.kernel.loops.clocks import running, void_clock

RULE, MOVE = "ledgers.due", "fulfil"
HISTORY = timedelta(days=366)  # a deadline missed longer ago is history: the list shows it, nobody is asked any more
DUTY_LEVELS = ("town", "county", "city", "province")


def instants(definition: Definition, values: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """When a line is due (the end of its day) and when it was met (the start of that day)."""
    due = cells.kept(definition.field(definition.due), values) if definition.due else None
    met = cells.kept(definition.field(definition.met), values) if definition.met else None
    return (
        end_of_day(date.fromisoformat(due)) if due else None,
        start_of_day(date.fromisoformat(met)) if met else None,
    )


def expect(row: RegisterRow, definition: Definition, *, actor: Actor) -> None:
    """Bring duty and clock of a line in step with its dates: one that is due and not done is expected of whoever keeps the
    register there; one that is done, retired or without a deadline is expected of nobody. Safe to call again."""
    clock = running(SUBJECT_KIND, row.id, RULE)
    if clock is None and row.due_at is not None and row.due_at < timezone.now() - HISTORY:
        return
    if row.state == RowState.RETIRED or row.due_at is None or (definition.met and row.met_at is not None):
        if clock is None:
            return
        if row.state != RowState.RETIRED and row.met_at is not None:
            stop_clock(SUBJECT_KIND, row.id, rule=RULE, at=max(row.met_at, clock.start_at))
        else:
            void_clock(SUBJECT_KIND, row.id, rule=RULE, at=timezone.now())
        close_duties(SUBJECT_KIND, row.id, move=MOVE, by=actor)
        return
    if not definition.met or (clock is not None and clock.due_at == row.due_at):
        return
    title = Text("{title}：{name} 到期办结", "{title}: complete {name} by its deadline").filled(
        {"title": definition.title, "name": row.name or row.ref}
    )
    subject = subject_of(row)
    start_clock(subject, rule=RULE, start=min(timezone.now(), row.due_at), due_at=row.due_at, move=MOVE)
    level = definition.fill if definition.fill in DUTY_LEVELS else None
    open_duty(subject, move=MOVE, title=title, right=EDIT, asked_by=actor, due_at=row.due_at, rule=RULE, at_level=level)


def confirmed_until(every: str, now: datetime) -> datetime:
    """The end of the month, quarter, half-year or year that runs now: a confirmation lasts until then."""
    today = local_day(now)
    if every == "month":
        return Period.month(today.year, today.month).end
    if every == "year":
        return Period.year(today.year).end
    length = 3 if every == "quarter" else 6
    first = (today.month - 1) // length * length + 1
    return Period.months("", today.year, first, length).end
