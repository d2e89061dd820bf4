from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base.time import CHINA
from wanghuo.kernel.indicators.periods import Period, months_back

TODAY = date(2026, 11, 25)
days = st.dates(date(1950, 1, 1), date(2199, 12, 31))
calendar_texts = st.one_of(
    st.integers(1950, 2199).map(lambda y: f"{y}"),
    st.builds(lambda y, q: f"{y}-Q{q}", st.integers(1950, 2199), st.integers(1, 4)),
    st.builds(lambda y, m: f"{y}-{m:02d}", st.integers(1950, 2199), st.integers(1, 12)),
)
texts = st.one_of(
    calendar_texts,
    st.integers(1, 3660).map(lambda n: f"{n}d"),
    st.builds(
        lambda d, n: f"{d}..{d + timedelta(days=n)}", st.dates(date(1960, 1, 1), date(2150, 1, 1)), st.integers(0, 3000)
    ),
)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("30d", date(2026, 10, 27), TODAY),
        ("1d", TODAY, TODAY),
        ("2026-03-01..2026-03-15", date(2026, 3, 1), date(2026, 3, 15)),
    ],
)
def test_periods_as_they_are_written(text: str, first: date, last: date) -> None:
    period = Period.parse(text, TODAY)
    assert (period.first, period.last, period.key) == (first, last, text)
    assert period.start == datetime(first.year, first.month, first.day, tzinfo=CHINA)
    assert period.start.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26",
        "2026-Q5",
        "2026-13",
        "2026-00",
        "0d",
        "99999d",
        "2026-03-15..2026-03-01",
        "2026-02-30..2026-03-01",
        "0001",
        "2026-3",
        "abc",
        "30D",
        "2026-03-01..",
        "٢٠٢٦",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Period.parse(text, TODAY)


@given(texts, days)
def test_a_period_reads_back_as_itself(text: str, today: date) -> None:
    try:
        period = Period.parse(text, today)
    except ValueError:
        assert text.endswith("d")  # counted back beyond the first year
        return
    assert Period.parse(period.key, today) == period
    assert period.start < period.end
    # China had summer time from 1986 to 1991
    assert abs((period.end - period.start) - timedelta(days=period.days)) <= timedelta(hours=1)
    assert period.covers(period.start)
    assert not period.covers(period.end)


@given(texts)
def test_the_period_before_touches_this_one_and_has_its_kind(text: str) -> None:
    period = Period.parse(text, TODAY)
    before = period.previous()
    assert before.end == period.start
    assert before.kind == (period.kind if period.kind != "days" else "range")
    if period.kind in ("days", "range"):
        assert before.days == period.days


@given(calendar_texts)
def test_a_year_before_is_the_same_period_of_that_year(text: str) -> None:
    period = Period.parse(text, TODAY)
    before = period.year_before()
    assert (before.first.year, before.first.month, before.kind) == (
        period.first.year - 1,
        period.first.month,
        period.kind,
    )


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(ValueError):
        found = Period.parse(text, TODAY)
        assert found.start < found.end


def test_elapsed_goes_from_nothing_to_all() -> None:
    year = Period.year(2026)
    assert (year.elapsed(year.start), year.elapsed(year.end)) == (0, 1)
    assert year.elapsed(datetime(2026, 7, 2, 12, tzinfo=CHINA)) == pytest.approx(0.5)
    assert year.elapsed(datetime(2030, 1, 1, tzinfo=CHINA)) == 1


def test_months_back_end_with_the_present_one_in_china() -> None:
    # 17:00 UTC on 31 October is already November in China
    assert [p.key for p in months_back(datetime(2026, 10, 31, 17, tzinfo=UTC), 3)] == ["2026-09", "2026-10", "2026-11"]
