"""London's automatic fire alarms come in as past alarms, its primary fires beside them; measured here a second time."""

from __future__ import annotations

from datetime import date

import pytest

from tests.real import recount
from tests.real.conftest import CITY, LONDON, imported_once, mapping_of
from wanghuo.kernel.indicators import compute
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import indicator
from wanghuo.kernel.ledgers.service import NothingToWrite
from wanghuo.modules.alarms.models import Alarm, AlarmNote

AUTOMATIC, FIRES, ALL = 11_811, 3_586, 32_247
COUNTY = "999903"
TODAY = date(2026, 11, 25)
PERIODS = {
    "2016-12": ("2016-12-01", "2016-12-31"),
    "2017-01": ("2017-01-01", "2017-01-31"),
    "2017-02": ("2017-02-01", "2017-02-28"),
    "2017-03": ("2017-03-01", "2017-03-31"),
    "2017-04": ("2017-04-01", "2017-04-30"),
    "2017-Q1": ("2017-01-01", "2017-03-31"),
    "2017": ("2017-01-01", "2017-12-31"),
    "2017-03-26..2017-03-27": ("2017-03-26", "2017-03-27"),  # summer time begins
}
BOROUGHS = recount.region_map("london_automatic_alarms.toml")
REGIONS = (CITY, COUNTY, BOROUGHS["WESTMINSTER"], BOROUGHS["CITY OF LONDON"], BOROUGHS["HILLINGDON"])


@pytest.fixture(scope="module")
def steward(django_db_setup, django_db_blocker):
    """Somebody who has brought the automatic alarms in, and then the fires."""
    with imported_once(django_db_blocker) as steward:
        steward.automatic = steward.write(steward.check("alarms", LONDON, "london_automatic_alarms.toml"))
        steward.shares = {
            (r, k): compute("alarms.false_share", r, Period.parse(k, TODAY)) for r in REGIONS for k in PERIODS
        }
        steward.fires = steward.write(steward.check("alarms", LONDON, "london_primary_fires.toml"))
        yield steward


@pytest.fixture(scope="module")
def automatic() -> list[recount.Call]:
    return recount.calls(LONDON, "AFA")


@pytest.fixture(scope="module")
def everything(automatic) -> list[recount.Call]:
    return automatic + recount.calls(LONDON, "Primary Fire")


def within(rows: list[recount.Call], region: str) -> list[recount.Call]:
    return [c for c in rows if c.region.startswith(region)]


@pytest.mark.django_db
def test_the_mapping_fits_the_kind() -> None:
    assert mapping_of("alarms", "london_automatic_alarms.toml").only[0].equals == ("AFA",)


def test_every_automatic_alarm_is_an_alarm_and_the_rest_is_passed_over(steward) -> None:
    counts = steward.automatic.counts
    assert (counts["new"], counts["error"], counts["passed_over"]) == (AUTOMATIC, 0, ALL - AUTOMATIC)
    assert (steward.automatic.written_new, steward.fires.written_new) == (AUTOMATIC, FIRES)
    assert Alarm.objects.filter(imported=True).count() == AlarmNote.objects.count() == AUTOMATIC + FIRES
    assert Alarm.objects.filter(state="false").count() == AUTOMATIC


def test_the_same_file_again_adds_nothing(steward) -> None:
    run = steward.check("alarms", LONDON, "london_automatic_alarms.toml")
    assert (run.counts["new"], run.counts["duplicate"]) == (0, AUTOMATIC)
    with pytest.raises(NothingToWrite):
        steward.write(run)


@pytest.mark.parametrize(
    ("ref", "received", "judged"),
    [
        ("000004-01012017", "2017-01-01T00:06:18+00:00", "2017-01-01T00:20:13+00:00"),  # winter: London is at UTC
    ],
)
def test_an_alarm_is_what_the_row_says(steward, ref, received, judged) -> None:
    alarm = Alarm.objects.get(source_ref=f"London incidents 2017:{ref}")
    assert (alarm.received_at.isoformat(), alarm.judged_at.isoformat()) == (received, judged)
    assert (alarm.region_code, alarm.state, alarm.cause) == (BOROUGHS["GREENWICH"], "false", "other")
    assert alarm.place.startswith("Engineering manufacturing plant, Nearby address")


def test_local_times_after_the_clocks_went_forward_are_an_hour_earlier_in_utc(steward, automatic) -> None:
    for row in recount.rows_of(LONDON):
        if row["stop_code_description"] == "AFA" and row["date_of_call"] == "2017-04-30":
            alarm = Alarm.objects.get(source_ref=f"London incidents 2017:{row['incident_number']}")
            assert (alarm.received_at.hour - int(row["hour_of_call"])) % 24 == 23


@pytest.mark.parametrize("key", PERIODS)
def test_automatic_alarms_alone_are_all_false(steward, automatic, key) -> None:
    start, end = recount.bounds(*PERIODS[key])
    for region in REGIONS:
        num, den = recount.false_share(within(automatic, region), start, end)
        part = steward.shares[region, key].part
        assert (part.num if part else 0, part.den if part else 0, part.missing if part else 0) == (num, den, 0)
        assert steward.shares[region, key].value == (100 if den else None)


@pytest.mark.parametrize("key", PERIODS)
def test_the_share_of_false_alarms_agrees_with_the_file(steward, everything, key) -> None:
    start, end = recount.bounds(*PERIODS[key])
    for region in REGIONS:
        num, den = recount.false_share(within(everything, region), start, end)
        found = compute("alarms.false_share", region, Period.parse(key, TODAY))
        assert (found.part.num if found.part else 0, found.part.den if found.part else 0) == (num, den), region
        assert found.value == (pytest.approx(100 * num / den) if den else None)


@pytest.mark.parametrize("key", PERIODS)
def test_the_handling_time_agrees_with_the_file_and_names_what_is_missing(steward, everything, key) -> None:
    start, end = recount.bounds(*PERIODS[key])
    for region in REGIONS:
        inside = within(everything, region)
        total, count = recount.handling_time(inside, start, end)
        found = compute("alarms.handling_time", region, Period.parse(key, TODAY))
        assert found.missing == recount.without_time(inside, start, end)
        assert (found.part.den if found.part else 0) == count
        assert found.value == (pytest.approx(total / count, rel=1e-9) if count else None), region


def test_what_has_no_borough_stays_with_the_county(steward) -> None:
    assert Alarm.objects.filter(region_code=COUNTY, state="false").count() == 24
    found = compute("alarms.false_share", COUNTY, Period.year(2017))
    assert found.part.den - sum(m.part.den for m in found.by_region) == Alarm.objects.filter(region_code=COUNTY).count()


@pytest.mark.parametrize("code", ["alarms.false_share", "alarms.handling_time", "alarms.fires"])
def test_the_records_behind_a_number_are_as_many_as_it_says(steward, code) -> None:
    measure, period = indicator(code), Period.parse("2017-03", TODAY)
    part = compute(code, COUNTY, period).part
    address = lambda which: measure.records(steward.actor, COUNTY, period, which)
    expected = {
        "rate": {"num": part.num, "den": part.den, "gap": part.den - part.num},
        "mean": {"num": part.den, "den": part.den, "gap": part.missing},
        "count": {"num": part.num},
    }[measure.kind]
    assert {which: steward.listed(address(which)) for which in expected} == expected
