from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base.time import CHINA, end_of_day, local_day
from wanghuo.engines.calendar import Length, WorkCalendar, due_at, moved_by_pause

CHINA_DAYS = WorkCalendar.china()
days = st.dates(date(2010, 1, 1), date(2025, 12, 31))
instants = st.datetimes(datetime(2010, 1, 1), datetime(2025, 12, 31), timezones=st.just(UTC))
counts = st.integers(0, 60)
lengths = st.builds(
    Length, st.sampled_from(["hours", "minutes", "working_days", "days", "months"]), st.integers(0, 40), st.booleans()
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 9, 30), True),  # the Wednesday before National Day
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),  # a Saturday worked for the holiday
        (date(2026, 10, 11), False),
    ],
)
def test_days_of_the_national_arrangement(day: date, worked: bool) -> None:
    assert CHINA_DAYS.is_workday(day) is worked


@pytest.mark.parametrize(
    ("start", "value", "end"),
    [
        # 3 working days over the National Day week: 30 September, 8 and 9 October
        ("2026-09-29 10:00", {"working_days": 3}, "2026-10-10 00:00"),
        # an event on a holiday counts from the first working day
        ("2026-10-03 09:00", {"working_days": 1}, "2026-10-09 00:00"),
        # the Saturday moved into work is a working day
        ("2026-10-09 23:59", {"working_days": 1}, "2026-10-11 00:00"),
        # hours run through night and holiday
        ("2026-09-30 16:20", {"hours": 24}, "2026-10-01 16:20"),
        # thirty days end on Saturday 31 October 2026 and move to Monday
        ("2026-10-01 08:00", {"days": 30}, "2026-11-03 00:00"),
        ("2026-10-01 08:00", {"days": 30, "roll": False}, "2026-11-01 00:00"),
        # no 30 February: the last day of the month (a Saturday, moved to Monday)
        ("2026-01-30 08:00", {"months": 1, "roll": False}, "2026-03-01 00:00"),
    ],
)
def test_ends_of_periods(start: str, value: dict, end: str) -> None:
    found = due_at(at(start), Length.of(value), CHINA_DAYS)
    assert (found.at, found.provisional) == (at(end), False)


def test_a_year_without_a_table_is_said_to_be_provisional() -> None:
    last_known = max(CHINA_DAYS.years)
    start = datetime(last_known, 12, 30, 12, tzinfo=CHINA)
    assert due_at(start, Length("working_days", 5), CHINA_DAYS).provisional
    assert not due_at(start, Length("hours", 200), CHINA_DAYS).provisional
    new_year = date(last_known + 1, 1, 1)
    known = CHINA_DAYS.with_year(last_known + 1, [new_year])
    assert not due_at(start, Length("working_days", 5), known).provisional
    assert CHINA_DAYS.is_workday(new_year) is (new_year.weekday() < 5)
    assert not known.is_workday(new_year)


def test_a_table_takes_only_days_of_its_year() -> None:
    with pytest.raises(ValueError, match="2027-01-01"):
        CHINA_DAYS.with_year(2026, [date(2027, 1, 1)])
    with pytest.raises(ValueError, match="named twice"):
        CHINA_DAYS.with_year(2027, [date(2027, 1, 2)], [date(2027, 1, 2)])


@pytest.mark.parametrize(
    "value",
    [{}, {"hours": 1, "days": 2}, {"days": -1}, {"working_days": 1.5}, {"hours": "24"}, {"days": True}, {"weeks": 1}],
)
def test_a_length_is_one_number_of_one_unit(value: dict) -> None:
    with pytest.raises(ValueError):
        Length.of(value)


@given(days, counts)
def test_the_nth_working_day_is_worked_and_counts_back_to_n(day: date, n: int) -> None:
    end = CHINA_DAYS.after(day, n)
    assert CHINA_DAYS.count(day, end) == n
    assert n == 0 or CHINA_DAYS.is_workday(end)


@given(instants, counts, counts)
def test_more_days_never_end_earlier(start: datetime, n: int, more: int) -> None:
    for unit in ("working_days", "days", "months", "hours"):
        few, many = Length(unit, n), Length(unit, n + more)
        assert due_at(start, few, CHINA_DAYS).at <= due_at(start, many, CHINA_DAYS).at


@given(instants, lengths)
def test_a_period_never_ends_before_its_event_and_days_end_at_midnight(start: datetime, length: Length) -> None:
    end = due_at(start, length, CHINA_DAYS).at
    assert end >= start
    if length.in_days:
        assert end == end_of_day(local_day(end - timedelta(microseconds=1)))


@given(instants, st.integers(1, 30), st.integers(0, 20), st.integers(0, 40))
def test_a_pause_keeps_the_working_days_left(start: datetime, n: int, runs_days: int, pause_days: int) -> None:
    length = Length("working_days", n)
    end = due_at(start, length, CHINA_DAYS).at
    paused = start + timedelta(days=runs_days)
    resumed = paused + timedelta(days=pause_days)
    if paused >= end:
        return
    new = moved_by_pause(end, length, paused, resumed, CHINA_DAYS).at
    left = lambda last, day: CHINA_DAYS.count(local_day(day), local_day(last - timedelta(microseconds=1)))
    assert left(new, resumed) == left(end, paused)


@given(instants, lengths, st.integers(0, 10**6))
def test_a_pause_never_brings_the_end_forward(start: datetime, length: Length, seconds: int) -> None:
    end = due_at(start, length, CHINA_DAYS).at
    for how in (length, None):
        new = moved_by_pause(end, how, start, start + timedelta(seconds=seconds), CHINA_DAYS).at
        assert new >= end
    assert moved_by_pause(end, None, start, start + timedelta(seconds=seconds), CHINA_DAYS).at == end + timedelta(
        seconds=seconds
    )
