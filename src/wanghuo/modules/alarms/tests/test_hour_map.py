"""Where and when: each alarm and each message counts in one cell, of a division the person sees, at the hour on China's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, SISTER_TOWN, TOWN, make_regions
from wanghuo.kernel.ui.testing import assert_english, assert_nothing_inline
from wanghuo.modules.alarms.hour_map import hour_map, shade_of
from wanghuo.modules.alarms.states import AlarmState
from wanghuo.modules.alarms.testing import AlarmFactory
from wanghuo.modules.sensing.testing import count_hour

pytestmark = pytest.mark.django_db
LEADER = actor("government_leader", COUNTY)
NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # 10:30 in China
TODAY, WEEK = Period.parse("1d", NOW.date()), Period.parse("7d", NOW.date())


@pytest.fixture(autouse=True)
def _regions() -> None:
    make_regions()


def utc(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, 15, tzinfo=UTC)


def values(found, code):
    return next(line.values for line in found.lines if line.code == code)


def test_a_fire_counts_at_its_hour_in_china_and_in_its_division() -> None:
    AlarmFactory(raised_at=utc(18, 17), region_code=TOWN)  # 01:15 on the 19th
    AlarmFactory(raised_at=utc(19, 17), region_code=f"{TOWN}201")
    AlarmFactory(raised_at=utc(19, 17), region_code=SISTER_TOWN, state=AlarmState.FIRE)
    AlarmFactory(raised_at=utc(19, 17), region_code=TOWN, kind="fault", condition="fault")
    AlarmFactory(raised_at=utc(19, 17), region_code="445222100")
    AlarmFactory(raised_at=utc(1, 17), region_code=TOWN)
    found = hour_map(LEADER, COUNTY, WEEK, "fires", NOW)
    assert (values(found, TOWN)[1], values(found, SISTER_TOWN)[1], found.whole.total) == (2, 1, 3)
    confirmed = hour_map(LEADER, COUNTY, WEEK, "confirmed", NOW)
    assert (confirmed.whole.values[1], confirmed.whole.total) == (1, 1)


def test_signals_and_messages_are_those_counted_as_they_came() -> None:
    count_hour(TOWN, utc(19, 0), messages=40, alarms=3)
    count_hour(TOWN, utc(18, 0), messages=2)
    assert values(hour_map(LEADER, COUNTY, WEEK, "messages", NOW), TOWN)[8] == 42
    assert hour_map(LEADER, COUNTY, WEEK, "signals", NOW).whole.total == 3


def test_devices_are_a_mean_of_the_days_whose_hour_has_begun() -> None:
    for day in range(14, 21):
        count_hour(TOWN, utc(day, 0), devices=8)
    count_hour(TOWN, utc(20, 1), devices=2)
    found = values(hour_map(LEADER, COUNTY, WEEK, "devices", NOW), TOWN)
    assert (found[8], found[9], found[11]) == (8, 0.3, 0)


def test_an_hour_to_come_and_a_division_not_heard_are_no_noughts() -> None:
    count_hour(TOWN, utc(20, 0), messages=1)
    found = hour_map(LEADER, COUNTY, TODAY, "fires", NOW)
    assert values(found, TOWN) == [0] * 11 + [None] * 13
    assert values(found, SISTER_TOWN) == ()
    assert found.unheard == len(found.lines) - 1


def test_the_darkest_cell_is_the_greatest_and_nothing_has_no_shade() -> None:
    for count, hour in ((8, 0), (1, 1), (4, 2)):
        count_hour(TOWN, utc(19, hour), messages=count)
    found = hour_map(LEADER, COUNTY, WEEK, "messages", NOW)
    assert [shade_of(n, found.limits) for n in (None, 0, 1, 2, 4, 5, 8)] == [0, 0, 1, 1, 2, 3, 4]


def test_nobody_sees_figures_of_a_division_outside_or_of_one_that_reaches_outside() -> None:
    count_hour(TOWN, utc(19, 0), messages=5)
    count_hour(SISTER_TOWN, utc(19, 0), messages=7)
    clerk = actor("committee_clerk", TOWN)
    found = hour_map(clerk, COUNTY, WEEK, "messages", NOW)
    assert [(line.code, line.total) for line in found.lines] == [(TOWN, 5)]
    assert hour_map(clerk, "4452", WEEK, "messages", NOW).lines == []
    assert hour_map(LEADER, NEIGHBOUR, WEEK, "messages", NOW).lines == []
    assert not hour_map(actor("unit_manager", COUNTY, unit=AlarmFactory().id), COUNTY, WEEK, "messages", NOW).lines


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_opens_empty_and_full_and_drills_down(lang: str) -> None:
    browser = client_for(make_user("leader", "government_leader", COUNTY))
    browser.cookies["lang"] = lang
    assert "/alarms/hours?period=90d" in browser.get("/alarms/hours").content.decode()
    AlarmFactory(region_code=TOWN)
    for query in ("", "?measure=messages&period=1d", "?measure=devices", "?measure=x&period=x&region=x"):
        page = browser.get(f"/alarms/hours{query}")
        assert page.status_code == 200
        assert_nothing_inline(page)
        if lang == "en":
            assert_english(page)
    assert f"region={TOWN}" in browser.get("/alarms/hours").content.decode()
    assert "<tfoot>" in browser.get(f"/alarms/hours?region={TOWN}").content.decode()
    assert "<table" not in browser.get(f"/alarms/hours?region={NEIGHBOUR}").content.decode()


def test_the_map_can_be_taken_away_by_whoever_sees_it() -> None:
    AlarmFactory(region_code=TOWN)
    grid = client_for(make_user("grid", "grid_worker", COUNTY))
    assert grid.get("/alarms/hours?export=csv").status_code == 403
    leader = client_for(make_user("leader", "government_leader", COUNTY))
    file = b"".join(leader.get("/alarms/hours?export=csv").streaming_content).decode("utf-8-sig")
    lines = [line.split(",") for line in file.splitlines()]
    assert {len(line) for line in lines} == {27}
    assert next(line for line in lines if line[1] == TOWN)[-1] == "1"
    assert lines[-1][-1] == "1"
