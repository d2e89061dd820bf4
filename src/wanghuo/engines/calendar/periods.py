"""Periods of time: when one that began ends, and how a pause moves its end.

Counting of days [C: 民法典 art 201-203]: the day of the event is not counted; a period of months ends on the
corresponding day, or on the last day of a month that has none; a last day that is a holiday moves to the first
working day after it; the last day ends at 24:00 (where an office has hours of business the law lets it end with
them: we do not, so that nobody is late by our choice). Working days leave out holidays altogether [C: 行政处罚法 art
85]. Hours run from the instant of the event, through the night and every holiday [C: 民法典 art 201].
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from wanghuo.base.time import end_of_day, local_day
from wanghuo.engines.calendar.workdays import WorkCalendar

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
DAY_UNITS = ("working_days", "days", "months")
UNITS = (*SECONDS, *DAY_UNITS)
ONE_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a period is: `count` of `unit`.

    `roll`: whether a last day that is not worked moves on (days and months only). Measures that burden the other
    side, such as a sealing of 30 days, do not grow by a holiday: their rules say `roll = false`.
    """

    unit: str
    count: float
    roll: bool = True

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Length:
        """The length a rule's value states: exactly one of `UNITS`. Raises ValueError when it states none, or
        several.
        """
        named = [unit for unit in UNITS if unit in value]
        if len(named) != 1:
            raise ValueError(f"exactly one of {', '.join(UNITS)} is needed, found {', '.join(named) or 'none'}")
        unit, count = named[0], value[named[0]]
        if isinstance(count, bool) or not isinstance(count, int | float) or count < 0:
            raise ValueError(f"{unit} must be a number that is not negative, found {count!r}")
        if unit in DAY_UNITS and count != int(count):
            raise ValueError(f"{unit} must be whole, found {count!r}")
        return cls(unit, count, bool(value.get("roll", True)))

    @property
    def in_days(self) -> bool:
        """Whether the period is counted in days and so ends with a day."""
        return self.unit in DAY_UNITS


@dataclass(frozen=True, slots=True)
class DueAt:
    """The end of a period in UTC: what happens later is late. `provisional`: a year on the way has no holiday table."""

    at: datetime
    provisional: bool = False


def due_at(start: datetime, length: Length, calendar: WorkCalendar) -> DueAt:
    """The end of a period that begins with an event at `start` (aware)."""
    if not length.in_days:
        return DueAt(start + timedelta(seconds=SECONDS[length.unit] * length.count))
    event = local_day(start)
    last = _last_day(event, length, calendar)
    uses_table = length.unit == "working_days" or length.roll
    return DueAt(end_of_day(last), uses_table and not calendar.knows_all(event, last))


def _last_day(event: date, length: Length, calendar: WorkCalendar) -> date:
    count = int(length.count)
    if length.unit == "working_days":
        return calendar.after(event, count)
    last = event + timedelta(days=count) if length.unit == "days" else _months_after(event, count)
    return calendar.next_workday(last) if length.roll else last


def _months_after(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def moved_by_pause(
    end: datetime, length: Length | None, paused_at: datetime, resumed_at: datetime, calendar: WorkCalendar
) -> DueAt:
    """The new end of a period that stood still from `paused_at` to `resumed_at`.

    What was left when it was paused is left when it goes on: hours to the second, days and working days as many as
    before (the days of pausing and of resuming count as days of an event do). A period set by hand (`length` None)
    moves by the pause itself. Raises ValueError when the pause ends before it begins.
    """
    if resumed_at < paused_at:
        raise ValueError("a pause cannot end before it begins")
    if length is None or not length.in_days:
        return DueAt(end + (resumed_at - paused_at))
    last, paused_on, resumed_on = local_day(end - ONE_INSTANT), local_day(paused_at), local_day(resumed_at)
    if length.unit == "working_days":
        new = calendar.after(last, calendar.count(paused_on, resumed_on)) if last >= paused_on else last
    else:
        new = last + (resumed_on - paused_on)
        new = calendar.next_workday(new) if length.roll and new != last else new
    return DueAt(end + (new - last), length.unit == "working_days" and not calendar.knows_all(paused_on, new))
