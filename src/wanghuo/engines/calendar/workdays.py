"""Which days are worked: weekends, statutory holidays and the workdays moved to weekends.

The days come from the State Council's yearly arrangement as the `chinesecalendar` package lists it. It is published
late in the year before; a year without a table counts weekends alone, and every answer that rests on such a year
says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from chinese_calendar import constants  # type: ignore[import-untyped]

SATURDAY = 5
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Holidays, moved workdays (调休上班) and the years for which both are known."""

    holidays: frozenset[date]
    workdays: frozenset[date]
    years: frozenset[int]

    @classmethod
    @cache
    def china(cls) -> WorkCalendar:
        """The table of the package."""
        holidays, workdays = frozenset(constants.holidays), frozenset(constants.workdays)
        return cls(holidays, workdays, frozenset(day.year for day in holidays))

    def with_year(self, year: int, holidays: Iterable[date], workdays: Iterable[date] = ()) -> WorkCalendar:
        """This calendar with the table of one year put in, in place of what was known about it.

        Raises ValueError when a day lies in another year or is named twice.
        """
        off, on = frozenset(holidays), frozenset(workdays)
        strangers = sorted(day for day in off | on if day.year != year)
        if strangers or off & on:
            wrong = strangers or sorted(off & on)
            raise ValueError(f"calendar of {year}: {wrong[0]} does not belong there or is named twice")
        kept_off = frozenset(day for day in self.holidays if day.year != year)
        kept_on = frozenset(day for day in self.workdays if day.year != year)
        return WorkCalendar(kept_off | off, kept_on | on, self.years | {year})

    def is_workday(self, day: date) -> bool:
        """Whether `day` is worked."""
        if day in self.workdays:
            return True
        return day.weekday() < SATURDAY and day not in self.holidays

    def knows(self, day: date) -> bool:
        """Whether the year of `day` has a table; if not, only its weekends are known."""
        return day.year in self.years

    def knows_all(self, first: date, last: date) -> bool:
        """Whether every year from `first` to `last` has a table."""
        return all(year in self.years for year in range(first.year, last.year + 1))

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself when `count` is 0. Raises ValueError for a negative
        count.
        """
        if count < 0:
            raise ValueError(f"working days are counted forwards, not {count}")
        for _ in range(count):
            day = self.next_workday(day + ONE_DAY)
        return day

    def next_workday(self, day: date) -> date:
        """`day` when it is worked, else the first working day after it."""
        while not self.is_workday(day):
            day += ONE_DAY
        return day

    def count(self, after: date, until: date) -> int:
        """How many working days lie after `after`, up to and including `until`; 0 when `until` is not later."""
        return sum(self.is_workday(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))
