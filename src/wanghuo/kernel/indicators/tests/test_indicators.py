from __future__ import annotations

import json
from datetime import date, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import NotFound, NotPermitted
from wanghuo.base.time import CHINA
from wanghuo.entrypoints.cli.main import main
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.indicators import Part, Period, boards, compute, mark_dirty, refresh, refresh_dirty
from wanghuo.kernel.indicators.measuring import behind_percent, light, rolled_up
from wanghuo.kernel.indicators.models import DirtyIndicator, IndicatorTarget, IndicatorValue
from wanghuo.kernel.indicators.pages import ranked
from wanghuo.kernel.indicators.targets import NoTargetPeriod, SourceMissing, TargetOutOfRange, paper_targets, set_target
from wanghuo.kernel.indicators.testing import declared
from wanghuo.kernel.regions import codes

NOW = datetime(2026, 7, 2, 12, tzinfo=CHINA)
YEAR = Period.year(2026)
LEADER = actor("government_leader", "4452")
COUNTY_LEADER = actor("government_leader", "445281")
region_codes = st.sampled_from(
    ["44", "4452", "445281", "445281102", "445281102003", "445281103", "445222", "445222101", "33", "330108001"]
)
parts = st.dictionaries(region_codes, st.builds(Part, st.integers(0, 50), st.integers(0, 50), st.integers(0, 5)))


@given(parts)
def test_the_roll_up_equals_a_recount_for_every_region(found: dict[str, Part]) -> None:
    totals = rolled_up(found)
    everywhere = {place for code in found for place in (code, *codes.ancestors(code))}
    assert set(totals) == everywhere
    for place in everywhere:
        below = [p for code, p in found.items() if place == "0" or code.startswith(place)]
        assert totals[place] == Part(
            sum(p.num for p in below), sum(p.den for p in below), sum(p.missing for p in below)
        )


@given(parts)
def test_every_region_is_the_sum_of_those_below_and_its_own(found: dict[str, Part]) -> None:
    totals = rolled_up(found)
    for place, total in totals.items():
        children = [p for code, p in totals.items() if codes.parent(code) == place]
        own = found.get(place, Part(0, 0))
        assert total == sum(children, own)


@pytest.mark.django_db
def test_nothing_measured_is_unknown_for_a_rate_and_nought_for_a_count() -> None:
    with declared({}) as rate:
        assert compute(rate.code, "445281", YEAR, now=NOW).value is None
    with declared({"445281": Part(3, 0, 2)}) as rate:
        found = compute(rate.code, "445281", YEAR, now=NOW)
        assert (found.value, found.missing, found.light) == (None, 2, None)
    with declared({}, kind="count", unit="") as count:
        assert compute(count.code, "445281", YEAR, now=NOW).value == 0


@pytest.mark.parametrize(
    ("value", "expected", "better", "name"),
    [
        (90, 90, "up", "green"),
        (95, 90, "up", "green"),
        (89, 90, "up", "blue"),
        (81, 90, "up", "blue"),  # exactly 10 % behind is still blue
        (80.9, 90, "up", "yellow"),
        (67, 90, "up", "orange"),
        (44, 90, "up", "red"),
        (0, 0, "up", "green"),
        (1, 0, "down", "red"),
        (11, 10, "down", "blue"),
        (12, 10, "down", "yellow"),
        (9, 10, "down", "green"),
    ],
)
def test_lights_follow_the_rule(value: float, expected: float, better: str, name: str) -> None:
    with declared({}, better=better) as of:
        verdict = light(of, value, expected, region="445281", now=NOW)
    assert verdict is not None
    assert verdict.value == name
    assert verdict.reasons[0].source


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(["up", "down"]))
def test_a_better_value_is_never_further_behind(value: float, more: float, expected: float, better: str) -> None:
    improved = value + more if better == "up" else value - more
    assert behind_percent(improved, expected, better=better) <= behind_percent(value, expected, better=better)


@pytest.mark.django_db
def test_a_growing_count_is_expected_by_share_of_the_year_and_a_rate_at_once() -> None:
    IndicatorTarget.objects.create(
        code="testing.rate",
        region_code="445281",
        period="2026",
        value=80,
        source="x",
        set_at=NOW,
        deadline=date(2026, 12, 31),
    )
    with declared({"445281": Part(40, 1)}, kind="count", unit="", accumulates=True) as count:
        found = compute(count.code, "445281", YEAR, now=NOW)
        assert found.expected == pytest.approx(40)
        assert (found.target, found.light) == (80, "green")
    with declared({"445281": Part(40, 100)}) as rate:
        found = compute(rate.code, "445281", YEAR, now=NOW)
        assert (found.value, found.expected, found.light) == (40, 80, "orange")


@pytest.mark.django_db
def test_ranking_tells_small_and_silent_regions_apart() -> None:
    given_parts = {
        "445281": Part(9, 10),
        "445222": Part(18, 20),
        "445224": Part(10, 20),
        "445202": Part(3, 3),
        "445203": Part(0, 0, 4),
    }
    with declared(given_parts) as rate:
        found = compute(rate.code, "4452", YEAR, now=NOW)
    shown = {m.region for m in found.by_region}
    assert set(given_parts) <= shown
    assert [(n, m.region) for n, m in ranked(found)] == [(1, "445222"), (1, "445281"), (3, "445224")]
    assert [m.region for m in found.by_region if m.small] == ["445202"]
    assert "445203" in {m.region for m in found.by_region if m.value is None}
    assert found.value == pytest.approx(40 / 53 * 100)


@pytest.mark.django_db
def test_what_is_kept_equals_what_is_computed_and_goes_with_the_records() -> None:
    given_parts = {"445281102": Part(9, 10), "445222": Part(18, 20)}
    with declared(given_parts) as rate:
        assert compute(rate.code, "4452", YEAR, now=NOW, stored=True).computed_at is None
        refresh([rate.code], [YEAR], now=NOW)
        kept = compute(rate.code, "4452", YEAR, now=NOW, stored=True)
        assert (kept.value, kept.computed_at) == (compute(rate.code, "4452", YEAR, now=NOW).value, NOW)
        given_parts.pop("445222")
        mark_dirty(rate.code)
        mark_dirty(rate.code)
        assert (
            boards.measure(rate.code, "4452", YEAR, actor=LEADER, now=NOW).value == 90
        )  # a marked one is not shown from store
        later = datetime(2026, 7, 2, 13, tzinfo=CHINA)
        refresh_dirty(later)
        assert not DirtyIndicator.objects.exists()
        assert not IndicatorValue.objects.filter(region="445222").exists()
        assert compute(rate.code, "4452", YEAR, now=NOW, stored=True).value == 90


@pytest.mark.django_db
def test_a_trend_has_twelve_months_and_breaks_where_nothing_was_measured() -> None:
    def counts(period: Period) -> dict[str, Part]:
        return {"445281": Part(1, 2)} if period.key in ("2026-05", "2026-07") else {}

    with declared({}, counts=counts) as rate:
        for _ in range(2):  # computed, then kept
            points = boards.trend(rate, "445281", now=NOW)
            assert len(points) == 12
            assert [(p.key, v) for p, v in points[-3:]] == [("2026-05", 50), ("2026-06", None), ("2026-07", 50)]
            refresh([rate.code], now=NOW)
        tile = boards.tile(rate.code, "445281", Period.month(2026, 7), actor=LEADER, now=NOW)
        assert (tile.measure.value, tile.before, tile.change) == (50, None, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "fields", "error"),
    [
        (LEADER, {}, None),
        (COUNTY_LEADER, {}, None),
        (actor("government_leader", "445222"), {}, NotFound),
        (actor("inspector", "445281"), {}, NotPermitted),
        (LEADER, {"code": "testing.other"}, NotFound),
        (LEADER, {"region": "zz"}, NotFound),
        (LEADER, {"period": "30d"}, NoTargetPeriod),
        (LEADER, {"period": "next year"}, NoTargetPeriod),
        (LEADER, {"value": 101}, TargetOutOfRange),
        (LEADER, {"value": -1}, TargetOutOfRange),
        (LEADER, {"value": float("nan")}, TargetOutOfRange),
        (LEADER, {"source": " "}, SourceMissing),
    ],
)
def test_a_target_is_set_whole_or_not_at_all(who, fields, error) -> None:
    how = {"code": "testing.rate", "region": "445281", "period": "2026", "value": 90, "source": "市政府 2026 年任务书"}
    with declared({}):
        if error:
            with pytest.raises(error):
                set_target(**{**how, **fields}, actor=who)
        else:
            set_target(**{**how, "value": 80}, actor=who)
            set_target(**{**how, **fields}, actor=who)
    assert list(IndicatorTarget.objects.values_list("value", flat=True)) == ([] if error else [90])
    entries = AuditEntry.objects.filter(action="indicators:target:set")
    assert entries.count() == (0 if error else 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "region", "seen"),
    [
        (COUNTY_LEADER, "445281", True),
        (COUNTY_LEADER, "445281102", True),
        (COUNTY_LEADER, "4452", False),
        (COUNTY_LEADER, "445222", False),
        (actor("grid_worker", "445281"), "445281", False),
    ],
)
def test_indicators_are_seen_in_ones_own_region_and_below(who, region: str, seen: bool) -> None:
    with declared({"445281": Part(1, 2)}) as rate:
        if seen:
            assert boards.measure(rate.code, region, YEAR, actor=who, now=NOW) is not None
        else:
            with pytest.raises(NotFound):
                boards.measure(rate.code, region, YEAR, actor=who, now=NOW)


def test_targets_of_papers_are_those_of_the_papers() -> None:
    assert [(t.row, t.op, t.values) for t in paper_targets() if t.region == "445281"] == [
        (1, "<=", ((2023, 0.17), (2025, 0.15))),
        (2, ">=", ((2023, 4.0), (2025, 5.0))),
        (3, "<", ((2023, 11.8), (2025, 10.0))),
        (4, ">=", ((2023, 95.0), (2025, 100.0))),
        (5, ">=", ((2023, 75.0), (2025, 85.0))),
        (6, ">=", ((2023, 75.0), (2025, 85.0))),
    ]


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_pages_show_both_numbers_the_definition_and_the_regions_below() -> None:
    client = client_for(make_user("leader", "government_leader", "4452"))
    given_parts = {"445281": Part(9, 10, 1), "445222": Part(18, 20), "445202": Part(3, 3)}
    with declared(given_parts, records=lambda a, r, p, part: f"/hazards?region={r}&part={part}"):
        catalogue = client.get("/indicators?region=4452&period=2026").content.decode()
        assert "testing.rate" in catalogue
        assert "30/33" in catalogue
        page = client.get("/indicators/testing.rate?region=4452&period=2026").content.decode()
        for words in (
            "30/33",
            "合格 ÷ 全部",
            "样本小，不排名",
            "1 条缺数据",
            "/hazards?region=4452&amp;part=gap",
            "data-chart",
        ):
            assert words in page, words
        assert client.get("/indicators/testing.rate?region=44").status_code == 404
        assert client.get("/indicators/testing.none").status_code == 404
        assert client.get("/indicators/testing.rate?region=xx&period=yy").status_code == 200
        form = {"region": "445281", "period": "2026", "value": "90", "source": "任务书"}
        assert client.post("/indicators/testing.rate/acts/target", form).status_code == 303
        assert client.post("/indicators/testing.rate/acts/target", {**form, "value": "900"}).status_code == 422
        assert "任务书" in client.get("/indicators/testing.rate?region=445281&period=2026").content.decode()
    assert client_for(make_user("grid", "grid_worker", "445281102")).get("/indicators").status_code == 403


@pytest.mark.django_db
def test_the_command_prints_a_stable_shape(capsys: pytest.CaptureFixture[str]) -> None:
    with declared({"445281102": Part(9, 10, 1)}):
        assert main(["indicators", "show", "testing.rate", "--region", "445281", "--period", "2026"]) == 0
        told = json.loads(capsys.readouterr().out)
    by_region = told.pop("by_region")
    assert told.pop("progress") is None
    assert told == {
        "code": "testing.rate",
        "region": "445281",
        "period": "2026",
        "value": 90.0,
        "numerator": 9,
        "denominator": 10,
        "missing": 1,
        "target": None,
        "expected": None,
        "light": None,
        "computed_at": None,
    }
    assert [(r["region"], r["value"]) for r in by_region] == [("445281102", 90.0)]
    with declared({"445281102": Part(9, 10, 1)}):
        set_target(code="testing.rate", region="445281", period="2026", value=95, source="任务书", actor=LEADER)
        assert main(["indicators", "show", "testing.rate", "--region", "445281", "--period", "2026"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["target"], told["light"]) == (95, "blue")
    goes = told["progress"]
    assert (goes["op"], goes["value"], goes["actual"], goes["light"]) == (">=", 95, 90.0, "blue")
    assert (goes["source"], goes["deadline"]) == ("任务书", "2026-12-31")
    assert main(["indicators", "show", "testing.none"]) == 1
    assert main(["indicators", "show", "loops.on_time_rate", "--period", "soon"]) == 2
