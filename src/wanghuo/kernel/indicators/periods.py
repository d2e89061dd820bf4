"""Periods as people and addresses write them: 2026-11, 2026-Q4, 2026, 30d, 2026-03-01..2026-03-15."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wanghuo.base import Text
from wanghuo.base.time import end_of_day, local_day, start_of_day

_YEAR = re.compile(r"\d{4}", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_DAYS = re.compile(r"(\d{1,4})d", re.ASCII)
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)
ONE_DAY = timedelta(days=1)
LONGEST_DAYS = 3660
FIRST_YEAR, LAST_YEAR = 1949, 2200


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in China: `first` to `last`, both included. `key` is how it is written.

    `start` is the first instant, `end` the first instant after it, both in UTC.
    """

    key: str
    first: date
    last: date

    @classmethod
    def parse(cls, text: str, today: date) -> Period:
        """The period that `text` writes; `today` is the last day of "30d". Raises ValueError for anything else."""
        text = text.strip()
        if _YEAR.fullmatch(text):
            return cls.year(int(text))
        if match := _QUARTER.fullmatch(text):
            return cls.months(text, int(match[1]), 3 * int(match[2]) - 2, 3)
        if match := _MONTH.fullmatch(text):
            return cls.month(int(match[1]), int(match[2]))
        if match := _DAYS.fullmatch(text):
            days = int(match[1])
            if not 1 <= days <= LONGEST_DAYS:
                raise ValueError(f"1d to {LONGEST_DAYS}d, not {text}")
            return cls(f"{days}d", today - timedelta(days=days - 1), today)
        if match := _RANGE.fullmatch(text):
            return cls.between(date.fromisoformat(match[1]), date.fromisoformat(match[2]))
        raise ValueError(f"no period: {text[:40]!r}; write 2026, 2026-Q4, 2026-11, 30d or 2026-03-01..2026-03-15")

    @classmethod
    def year(cls, year: int) -> Period:
        """A calendar year."""
        return cls.months(f"{year:04d}", year, 1, 12)

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        """A calendar month. Raises ValueError when there is no such month."""
        return cls.months(f"{year:04d}-{month:02d}", year, month, 1)

    @classmethod
    def months(cls, key: str, year: int, month: int, count: int) -> Period:
        """`count` months from the first of one. Raises ValueError outside the years of the platform."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError(f"the year must lie between {FIRST_YEAR} and {LAST_YEAR}, not {year}")
        after = year * 12 + month - 1 + count
        return cls(key, date(year, month, 1), date(after // 12, after % 12 + 1, 1) - ONE_DAY)

    @classmethod
    def between(cls, first: date, last: date) -> Period:
        """From one day to another. Raises ValueError when they are the wrong way round, or too far apart."""
        if last < first or (last - first).days >= LONGEST_DAYS:
            raise ValueError(f"from a day to a later one, at most {LONGEST_DAYS} days, not {first}..{last}")
        if not (first.year >= FIRST_YEAR and last.year <= LAST_YEAR):
            raise ValueError(f"the years must lie between {FIRST_YEAR} and {LAST_YEAR}")
        return cls(f"{first.isoformat()}..{last.isoformat()}", first, last)

    @property
    def start(self) -> datetime:
        """The first instant, in UTC."""
        return start_of_day(self.first)

    @property
    def end(self) -> datetime:
        """The first instant after the period, in UTC."""
        return end_of_day(self.last)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def kind(self) -> str:
        """year, quarter, month, days or range."""
        for kind, pattern in (("year", _YEAR), ("quarter", _QUARTER), ("month", _MONTH), ("days", _DAYS)):
            if pattern.fullmatch(self.key):
                return kind
        return "range"

    def previous(self) -> Period:
        """The period of the same kind just before: the month before, the 30 days before."""
        if self.kind in ("year", "quarter", "month"):
            return self._months_earlier({"year": 12, "quarter": 3, "month": 1}[self.kind])
        last = self.first - ONE_DAY
        return Period.between(last - timedelta(days=self.days - 1), last)

    def year_before(self) -> Period:
        """The same period one year earlier (去年同期)."""
        if self.kind in ("year", "quarter", "month"):
            return self._months_earlier(12)
        return Period.between(_one_year_earlier(self.first), _one_year_earlier(self.last))

    def _months_earlier(self, count: int) -> Period:
        year, month = divmod(self.first.year * 12 + self.first.month - 1 - count, 12)
        if self.kind == "year":
            return Period.year(year)
        if self.kind == "month":
            return Period.month(year, month + 1)
        return Period.months(f"{year:04d}-Q{month // 3 + 1}", year, month + 1, 3)

    def elapsed(self, now: datetime) -> float:
        """Which share of the period has passed at `now`, from 0 to 1."""
        passed = (now - self.start) / (self.end - self.start)
        return min(1.0, max(0.0, passed))

    def covers(self, at: datetime) -> bool:
        """Whether the instant lies within."""
        return self.start <= at < self.end

    @property
    def label(self) -> Text:
        """The period in words."""
        if self.kind == "year":
            return Text(f"{self.first.year} 年", self.key)
        if self.kind == "quarter":
            return Text(f"{self.first.year} 年第 {(self.first.month + 2) // 3} 季度", self.key.replace("-", " "))
        if self.kind == "month":
            return Text(f"{self.first.year} 年 {self.first.month} 月", f"{self.first:%B %Y}")
        if self.kind == "days":
            return Text(f"近 {self.days} 天", f"last {self.days} days" if self.days > 1 else "today")
        return Text(f"{self.first} 至 {self.last}", f"{self.first} to {self.last}")

    def __str__(self) -> str:
        return self.key


def _one_year_earlier(day: date) -> date:
    return date(day.year - 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def months_back(now: datetime, count: int) -> list[Period]:
    """The last `count` calendar months up to the one of `now`, oldest first."""
    newest = Period.month(local_day(now).year, local_day(now).month)
    found = [newest]
    while len(found) < count:
        found.append(found[-1].previous())
    return found[::-1]
