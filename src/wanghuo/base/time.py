"""Time as the field uses it: instants are kept in UTC, days and clocks are read in China Standard Time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def local(at: datetime) -> datetime:
    """The instant `at` (aware) on China's clock."""
    return at.astimezone(CHINA)


def local_day(at: datetime) -> date:
    """The day in China on which the instant `at` (aware) falls."""
    return local(at).date()


def start_of_day(day: date) -> datetime:
    """The first instant of `day` in China, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """The first instant after `day` in China, in UTC."""
    return start_of_day(day + timedelta(days=1))
