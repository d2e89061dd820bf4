"""Toronto's fire-code violations of five years come in as past hazards; what is measured is counted again here."""

from __future__ import annotations

from datetime import date

import pytest

from tests.real import recount
from tests.real.conftest import CITY, TORONTO, imported_once, mapping_of
from wanghuo.kernel.indicators import Part, compute
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import indicator
from wanghuo.kernel.indicators.stored import refresh
from wanghuo.kernel.ledgers.models import ImportedRow
from wanghuo.modules.hazards.models import Finding, Hazard, Step

ROWS = 48_531
TODAY = date(2026, 11, 25)
PERIODS = {
    "2017-01": ("2017-01-01", "2017-01-31"),
    "2018-02": ("2018-02-01", "2018-02-28"),
    "2019-12": ("2019-12-01", "2019-12-31"),
    "2020-02": ("2020-02-01", "2020-02-29"),
    "2021-12": ("2021-12-01", "2021-12-31"),
    "2022-11": ("2022-11-01", "2022-11-30"),
    "2020-Q2": ("2020-04-01", "2020-06-30"),
    "2017": ("2017-01-01", "2017-12-31"),
    "2019": ("2019-01-01", "2019-12-31"),
    "2021": ("2021-01-01", "2021-12-31"),
    "2018-10-10..2018-10-24": ("2018-10-10", "2018-10-24"),
}
REGIONS = (CITY, "999901", "999902", "999901010", "999902013", "999902025")
MEASURES = {
    "hazards.closing_rate": recount.closing_rate,
    "hazards.backlog_closing_rate": recount.backlog_closing_rate,
    "hazards.on_time_rate": recount.on_time_rate,
    "hazards.open": recount.open_count,
}


@pytest.fixture(scope="module")
def steward(django_db_setup, django_db_blocker):
    """Somebody who has brought the whole file in."""
    with imported_once(django_db_blocker) as steward:
        run = steward.check("hazards", TORONTO, "toronto_hazards.toml")
        steward.checked = dict(run.counts), Hazard.objects.count(), ImportedRow.objects.count()
        steward.run = steward.write(run)
        yield steward


@pytest.fixture(scope="module")
def violations() -> list[recount.Violation]:
    return recount.violations(TORONTO)


@pytest.mark.django_db
def test_the_mapping_fits_the_kind() -> None:
    assert mapping_of("hazards", "toronto_hazards.toml").columns["due_at"].offset_days == 30


def test_every_violation_is_a_hazard_and_the_check_wrote_none(steward) -> None:
    counts, hazards_after_check, rows_after_check = steward.checked
    assert (counts["new"], counts["error"], counts["duplicate"]) == (ROWS, 0, 0)
    assert (hazards_after_check, rows_after_check) == (0, 0)
    assert (steward.run.state, steward.run.written_new) == ("written", ROWS)
    assert Hazard.objects.filter(imported=True).count() == Finding.objects.count() == Step.objects.count() == ROWS
    assert Hazard.objects.values("ref").distinct().count() == ROWS


def test_progress_is_told_at_least_every_500_rows(steward) -> None:
    for note in ("检查 / checking", "写入 / writing"):
        told = [done for said, done in steward.progress if said == note]
        assert told[-1] == ROWS
        assert all(0 < after - before <= 501 for before, after in zip([0, *told], told, strict=False))


def test_a_hazard_is_what_the_row_says(steward) -> None:
    hazard = Hazard.objects.get(source_ref="Toronto fire inspections 2017-2021:28397747.0")
    assert (hazard.place, hazard.item, hazard.region_code) == ("123 Bellamy Rd N", "2.7.3.2", "999902021")
    assert hazard.found_at.isoformat() == "2017-01-02T10:00:54+00:00"
    assert hazard.due_at.isoformat() == "2017-02-01T10:00:54+00:00"
    assert hazard.closed_at.isoformat() == "2018-02-06T14:00:59+00:00"
    assert hazard.state == "closed"
    assert hazard.ref.startswith("YH-999902-2017-")


@pytest.mark.parametrize("key", PERIODS)
@pytest.mark.parametrize("code", MEASURES)
def test_an_indicator_agrees_with_the_file(steward, violations, code, key) -> None:
    period, (start, end) = Period.parse(key, TODAY), recount.bounds(*PERIODS[key])
    assert (period.start, period.end) == (start, end)
    for region in REGIONS:
        inside = [v for v in violations if v.region.startswith(region)]
        num, den = MEASURES[code](inside, start, end)
        found = compute(code, region, period)
        assert (found.part.num if found.part else 0) == num, region
        if den is not None:
            assert (found.part.den if found.part else 0) == den, region
            assert found.value == (pytest.approx(100 * num / den) if den else None), region


def test_the_regions_below_add_up_and_are_each_right(steward, violations) -> None:
    start, end = recount.bounds(*PERIODS["2019"])
    found = compute("hazards.closing_rate", "999901", Period.year(2019))
    assert [m.region for m in found.by_region if m.part] != []
    for below in found.by_region:
        inside = [v for v in violations if v.region == below.region]
        assert (below.part.num, below.part.den) == recount.closing_rate(inside, start, end), below.region
    assert sum(m.part.den for m in found.by_region) == found.part.den


def test_what_the_worker_keeps_is_what_is_computed(steward) -> None:
    period = Period.year(2020)
    refresh(MEASURES, [period])
    for code in MEASURES:
        kept, live = compute(code, CITY, period, stored=True), compute(code, CITY, period)
        assert kept.computed_at is not None
        assert (kept.part, [m.part for m in kept.by_region]) == (live.part, [m.part for m in live.by_region])


@pytest.mark.parametrize("key", ["2018-02", "2019", "2022-11"])
@pytest.mark.parametrize("code", MEASURES)
def test_the_records_behind_a_number_are_as_many_as_it_says(steward, code, key) -> None:
    period, measure = Period.parse(key, TODAY), indicator(code)
    for region in (CITY, "999901010"):
        part = compute(code, region, period).part or Part(0, 0)
        expected = {"num": part.num}
        if measure.kind != "count":
            expected |= {"den": part.den, "gap": part.den - part.num}
        listed = {which: steward.listed(measure.records(steward.actor, region, period, which)) for which in expected}
        assert listed == expected, region


def test_pages_over_48531_hazards_open(steward) -> None:
    for address in ("/hazards", f"/indicators/hazards.closing_rate?region={CITY}&period=2019", steward.run.url):
        assert steward.client.get(address).status_code == 200, address
