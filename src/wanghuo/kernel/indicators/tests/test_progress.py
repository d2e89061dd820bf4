"""Progress of targets: the line, the lights, growth against the year before, stages, forecasts."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wanghuo.base import NotPermitted
from wanghuo.base.time import CHINA, end_of_day
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.indicators import Part, Period, compute, progress, set_target, withdraw_targets
from wanghuo.kernel.indicators.aims import aim_of
from wanghuo.kernel.indicators.forecasting import growth_to, share_to, trend_to
from wanghuo.kernel.indicators.measuring import LEVELS, light_behind
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.targets import NoTargetPeriod, TargetNotUnderstood, TargetOutOfRange
from wanghuo.kernel.indicators.testing import declared

NOW = datetime(2026, 7, 2, 12, tzinfo=CHINA)
YEAR = Period.year(2026)
CLERK = actor("committee_clerk", "445281")
COUNT = {"kind": "count", "unit": "座", "accumulates": True}
moments = st.floats(-0.2, 1.2).map(lambda share: YEAR.start + (YEAR.end - YEAR.start) * share)
values = st.floats(0.5, 1e6)


def target(value: float = 100, **fields) -> IndicatorTarget:
    known = {"code": "testing.rate", "period": "2026", "op": ">=", "deadline": date(2026, 12, 31)}
    return IndicatorTarget(**{**known, **fields}, value=value, region_code="445281", set_at=NOW)


def by_now(row: IndicatorTarget, now: datetime, stages=(), **fields) -> float | None:
    with declared({}, **{**COUNT, **fields}) as of:
        period = Period.parse(row.period, row.deadline)
        return aim_of(of, row, period, now, value_in=lambda _: None, stages=stages).by_now


@given(values, st.sampled_from([">=", "<=", "==", ">", "<"]))
def test_the_line_begins_at_nought_and_ends_at_the_target(value: float, op: str) -> None:
    row = target(value, op=op)
    assert by_now(row, YEAR.start) == 0
    assert by_now(row, YEAR.end) == value
    assert by_now(row, YEAR.end + timedelta(days=40)) == value


@given(values, moments, moments)
def test_the_line_never_falls(value: float, one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    assert by_now(target(value), first) <= by_now(target(value), second)


STOCK = {"accumulates": False, "climbs": True}
BEFORE, FIRST = Period.month(2025, 12), Period.month(2026, 1)


@pytest.mark.parametrize(
    ("known", "fields", "begins"),
    [
        ({BEFORE.key: 60.0, FIRST.key: 70.0}, STOCK, 60),
        ({FIRST.key: 70.0}, STOCK, 70),
        ({}, STOCK, 0),
        ({BEFORE.key: 130.0}, STOCK, 100),  # reached before it began: it is to stay there
        ({BEFORE.key: 60.0}, {}, 0),  # counted within the year
        ({BEFORE.key: 60.0}, {**STOCK, "flows": True}, 0),
        ({BEFORE.key: 60.0}, {**STOCK, "standing": True}, 0),
    ],
)
def test_the_line_of_a_stock_begins_with_what_is_there(known, fields, begins: float) -> None:
    row = target(100)
    with declared({}, **{**COUNT, **fields}) as of:

        def at(moment: datetime) -> float | None:
            return aim_of(of, row, YEAR, moment, value_in=lambda period: known.get(period.key)).by_now

        assert at(YEAR.start) == begins
        assert at(YEAR.start + (YEAR.end - YEAR.start) / 2) == pytest.approx((begins + 100) / 2)
        assert at(YEAR.end) == 100


@given(st.lists(st.tuples(st.integers(1, 363), st.floats(0, 100)), min_size=1, max_size=5, unique_by=lambda s: s[0]))
def test_the_line_goes_through_every_stage(found) -> None:
    stages = [target(value, deadline=date(2026, 1, 1) + timedelta(days=day)) for day, value in found]
    last = target(100)
    for stage in stages:
        assert by_now(last, end_of_day(stage.deadline), stages) == pytest.approx(stage.value)
    assert by_now(last, YEAR.end, stages) == 100


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_lights_are_monotone_in_how_far_behind(one: float, other: float) -> None:
    near, far = sorted((one, other))
    lights = [LEVELS[light_behind(b, region="445281", now=NOW).value] for b in (near, far)]
    assert lights[0] <= lights[1]
    assert LEVELS[light_behind(0, region="445281", now=NOW).value] == 0


@given(st.lists(st.tuples(st.floats(-400, 0), st.floats(0, 100)), max_size=12), st.floats(0, 400))
@example([(0.0, 0.0), (-5e-275, 0.0), (-1e-306, 0.0)], 0.0)
def test_the_range_of_a_trend_contains_its_point(points, at) -> None:
    found = trend_to(points, at, least=0, most=100)
    if found is None:
        assert len({round(day) for day, _ in points}) < 3
    else:
        assert 0 <= found.low <= found.value <= found.high <= 100


@given(st.floats(0, 1e6), st.lists(st.tuples(st.floats(1, 31), st.floats(0, 1e5)), max_size=12), st.floats(-10, 400))
def test_the_range_of_a_growing_count_contains_its_point(so_far, steps, left) -> None:
    found = growth_to(so_far, steps, left)
    if found is None:
        assert len(steps) < 3
    else:
        assert so_far <= found.low <= found.value <= found.high


@given(st.floats(0, 100), st.lists(st.floats(0, 100), max_size=12), st.floats(0, 1))
def test_the_range_of_a_share_contains_its_point_and_narrows_to_it(so_far, past, elapsed) -> None:
    found = share_to(so_far, past, elapsed, most=100)
    if found is None:
        assert len(past) < 3
    else:
        assert 0 <= found.low <= found.value <= found.high <= 100
    assert share_to(so_far, past, 1, most=100).value == so_far


def test_an_even_past_goes_on_evenly() -> None:
    found = growth_to(60, [(30, 10)] * 6, 180)
    assert (found.low, found.value, found.high) == pytest.approx((120, 120, 120))
    found = trend_to([(-90, 10), (-60, 20), (-30, 30), (0, 40)], 60, least=0, most=100)
    assert (found.low, found.value, found.high) == pytest.approx((60, 60, 60))


@pytest.mark.parametrize(
    ("op", "high", "actual", "light"),
    [
        (">=", None, 55, "green"),
        (">=", None, 47, "blue"),
        ("<=", None, 47, "green"),
        ("<=", None, 53, "blue"),
        ("<=", None, 120, "red"),
        ("between", 120, 60, "green"),
        ("between", 120, 20, "red"),
        ("between", 120, 150, "yellow"),
    ],
)
@pytest.mark.django_db
def test_a_comparison_says_which_side_is_good(op, high, actual, light) -> None:
    with declared({"445281": Part(actual, 1)}, **COUNT):
        row = set_target(
            code="testing.rate",
            region="445281",
            period="2026",
            value=100,
            op=op,
            value_high=high,
            source="x",
            actor=CLERK,
        )
        assert progress(row, NOW).light == light


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("better", "basis", "percent", "end", "now_expected"),
    [("down", "yoy", 15, 85.0, 42.5), ("up", "yoy", 10, 110.0, 55.0), ("down", "yoy_up", 10, 110.0, 55.0)],
)
def test_growth_is_measured_against_the_same_days_a_year_before(better, basis, percent, end, now_expected) -> None:
    asked: list[str] = []

    def counts(period: Period) -> dict[str, Part]:
        asked.append(period.key)
        days = {"2025": 100, "2025-01-01..2025-07-01": 50, "2026": 40}
        return {"445281": Part(days[period.key], 1)} if period.key in days else {}

    at = datetime(2026, 7, 2, tzinfo=CHINA)  # 182 whole days have passed
    with declared({}, **COUNT, counts=counts, better=better):
        row = set_target(
            code="testing.rate", region="445281", period="2026", value=percent, basis=basis, source="x", actor=CLERK
        )
        found = progress(row, at, with_forecast=False)
        shown = compute("testing.rate", "445281", YEAR, now=at)
    assert "2025-01-01..2025-07-01" in asked
    assert (found.at_end, found.expected_now) == pytest.approx((end, now_expected))
    assert (shown.target, shown.expected) == pytest.approx((end, now_expected))
    assert found.light == ("green" if better == "down" else "orange")


@pytest.mark.django_db
def test_stages_of_one_paper_are_one_line_and_the_stricter_paper_rules() -> None:
    how = {"code": "testing.rate", "region": "445281", "source": "方案", "actor": CLERK}
    with declared({"445281": Part(20, 100)}, climbs=True):
        begun, plan = date(2026, 1, 1), "JH-445281-2026-00001"
        set_target(**how, value=33, since=begun, deadline=date(2026, 12, 31), plan_ref=plan)
        last = set_target(**how, value=100, since=begun, deadline=date(2028, 12, 31), plan_ref=plan)
        assert progress(last, YEAR.end).expected_now == pytest.approx(33)
        assert progress(last, end_of_day(date(2027, 12, 31))).expected_now == pytest.approx(66.5, abs=0.1)
        set_target(**how, value=50, period="2026", plan_ref="JH-445281-2026-00002")
        assert compute("testing.rate", "445281", YEAR, now=NOW).target == 50
        assert withdraw_targets(plan_ref="JH-445281-2026-00002", actor=CLERK) == 1
        assert compute("testing.rate", "445281", YEAR, now=NOW).target == 33
    assert AuditEntry.objects.filter(action="indicators:target:withdraw").count() == 1


@pytest.mark.django_db
def test_a_share_wanted_by_a_day_shows_both_readings_and_says_when_data_is_too_little() -> None:
    with declared({"445281": Part(40, 100)}, climbs=True):
        row = set_target(
            code="testing.rate",
            region="445281",
            deadline=date(2026, 12, 31),
            value=90,
            source="方案 8",
            plan_ref="JH-1",
            quote="接入总量不低于90%",
            actor=CLERK,
        )
        found = progress(row, NOW)
    assert found.expected_now == pytest.approx(65, abs=0.3)  # from the 40 that stood when the year began
    assert found.light == "orange"
    assert (found.other.path, found.other.expected_now, found.other.light) == ("flat", 90, "red")
    assert (found.forecast_range is None) == (found.forecast is None)


@pytest.mark.django_db
def test_a_forecast_goes_by_the_months_of_the_period() -> None:
    def counts(period: Period) -> dict[str, Part]:
        if period.key == "2026":
            return {"445281": Part(60, 1)}
        return {"445281": Part(10, 1)} if period.key.startswith("2026-0") else {}

    with declared({}, **COUNT, counts=counts):
        row = set_target(code="testing.rate", region="445281", period="2026", value=150, source="x", actor=CLERK)
        found = progress(row, NOW)
        early = progress(row, datetime(2026, 2, 10, tzinfo=CHINA))
    assert found.forecast.value == pytest.approx(120, rel=0.02)
    assert found.forecast.low <= found.forecast.value <= found.forecast.high
    assert early.forecast is None
    assert early.forecast_note is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "period"),
    [
        ({"deadline": date(2026, 12, 31)}, "2026"),
        ({"deadline": date(2026, 12, 31), "since": date(2026, 10, 1)}, "2026-Q4"),
        ({"deadline": date(2026, 2, 28), "since": date(2026, 2, 1)}, "2026-02"),
        ({"deadline": date(2026, 6, 30)}, "2026-01-01..2026-06-30"),
        ({"period": "2026", "deadline": date(2026, 9, 30)}, "2026-01-01..2026-09-30"),
        ({"deadline": date(2020, 11, 30), "since": date(2019, 11, 27)}, "2019-11-27..2020-11-30"),
        ({"deadline": date(2020, 11, 30), "since": date(2021, 11, 27)}, NoTargetPeriod),
        ({}, NoTargetPeriod),
        ({"period": "2026", "op": "~"}, TargetNotUnderstood),
        ({"period": "2026", "basis": "mom"}, TargetNotUnderstood),
        ({"period": "2026", "path": "curve"}, TargetNotUnderstood),
        ({"period": "2026", "op": "between"}, TargetNotUnderstood),
        ({"period": "2026", "op": "between", "value_high": 2}, TargetNotUnderstood),
        ({"period": "2026", "basis": "yoy_down", "value": 101}, TargetOutOfRange),
    ],
)
def test_a_target_is_for_days_and_means_one_thing(fields, period) -> None:
    how = {"code": "testing.rate", "region": "445281", "value": 3, "source": "x", "actor": CLERK}
    with declared({}):
        if isinstance(period, str):
            row = set_target(**{**how, **fields})
            assert (row.period, row.deadline) == (period, Period.parse(row.period, NOW.date()).last)
        else:
            with pytest.raises(period):
                set_target(**{**how, **fields})
            assert not IndicatorTarget.objects.exists()


@pytest.mark.django_db
def test_only_who_may_set_targets_takes_them_back() -> None:
    with declared({}):
        set_target(
            code="testing.rate", region="445281", period="2026", value=3, source="x", plan_ref="JH-9", actor=CLERK
        )
    with pytest.raises(NotPermitted):
        withdraw_targets(plan_ref="JH-9", actor=actor("inspector", "445281"))
    assert withdraw_targets(plan_ref="JH-9", actor=actor("committee_clerk", "445222")) == 0
    assert IndicatorTarget.objects.count() == 1
