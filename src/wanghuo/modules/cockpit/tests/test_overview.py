"""The leader's page: what is wrong, what to decide, figures from what is kept, and the regions below."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period, refresh
from wanghuo.kernel.indicators.targets import set_target
from wanghuo.kernel.loops import Subject, start_clock
from wanghuo.kernel.loops.models import Clock
from wanghuo.kernel.ui.testing import assert_nothing_inline, words
from wanghuo.modules.alarms.testing import AlarmFactory
from wanghuo.modules.cockpit.board import KEY, TILES, board
from wanghuo.modules.cockpit.decisions import decisions, wrong_today
from wanghuo.modules.hazards.testing import HazardFactory
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory

COUNTY, TOWN, SISTER = "445281", "445281102", "445281103"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("regions")]


@pytest.fixture
def leader():
    return actor("government_leader", COUNTY)


def this_year() -> Period:
    return Period.year(local_day(timezone.now()).year)


def boarded(who, region=COUNTY):
    return board(region, this_year(), actor=who, now=timezone.now())


def figure(found, code):
    return next(f for f in found.figures if f.indicator.code == code)


def closed(count: int, of: int, region: str) -> None:
    now = timezone.now()
    for number in range(of):
        done = {"state": "closed", "closed_at": now} if number < count else {}
        HazardFactory(unit=None, region_code=region, found_at=now - timedelta(hours=1), **done)


def test_the_figures_come_from_what_is_kept(leader):
    closed(3, 4, TOWN)
    assert figure(boarded(leader), "hazards.closing_rate").measure.computed_at is None
    refresh()
    closed(0, 4, SISTER)
    kept = figure(boarded(leader), "hazards.closing_rate")
    assert kept.measure.value == 75
    assert kept.measure.computed_at is not None
    refresh()
    now = figure(boarded(leader), "hazards.closing_rate")
    assert now.measure.value == 37.5
    assert {m.region: m.value for m in now.measure.by_region if m.value is not None} == {TOWN: 75, SISTER: 0}


def test_every_key_indicator_is_there_and_leads_to_its_records(leader):
    found = boarded(leader)
    assert [f.indicator.code for f in found.figures] == list(TILES)
    assert [f.indicator.code for f in found.ranked] == list(KEY)
    assert all(f.url.startswith(f"/indicators/{f.indicator.code}?region={COUNTY}") for f in found.figures)


def test_nothing_kept_of_a_month_is_a_gap_in_the_trend_not_a_zero(leader):
    closed(1, 2, TOWN)
    series = figure(boarded(leader), "hazards.open").series
    assert set(series) == {None}
    refresh()
    assert figure(boarded(leader), "hazards.open").series[-1] == 1


def test_lights_are_counted_here_and_below(leader):
    closed(8, 10, TOWN)
    refresh()
    for region in (COUNTY, TOWN):
        period = this_year().key
        set_target(
            code="hazards.closing_rate", region=region, period=period, value=100, source="x", actor=system_actor("cli")
        )
    found = boarded(leader)
    assert sum(count for _, _, count in found.lights) == 2
    assert found.lines()[0].region == TOWN


def test_ordered_by_an_indicator_the_worst_comes_first_and_the_silent_last(leader):
    closed(30, 40, TOWN)
    closed(10, 40, SISTER)
    refresh()
    assert [line.region for line in boarded(leader).lines("hazards.closing_rate")][:2] == [SISTER, TOWN]
    assert boarded(leader).lines("hazards.closing_rate")[-1].region == "445281001"


def test_a_neighbour_is_out_of_reach(leader):
    with pytest.raises(NotFound):
        boarded(leader, "445222")


class TestWrong:
    def test_it_counts_only_what_is_urgent_late_and_ones_own(self, leader):
        AlarmFactory(priority=1)
        AlarmFactory(priority=3)
        AlarmFactory(priority=1, region_code=NEXT_TOWN)
        late = timezone.now() - timedelta(days=1)
        HazardFactory(state="rectifying", due_at=late)
        HazardFactory(state="closed", due_at=late, closed_at=timezone.now())
        HazardFactory(unit=None, region_code=NEXT_TOWN, state="rectifying", due_at=late)
        assert [w.count for w in wrong_today(COUNTY, actor=leader)] == [1, 1]

    def test_without_the_right_a_count_is_absent(self):
        assert wrong_today(COUNTY, actor=actor("learner", COUNTY)) == []


class TestDecisions:
    def climbed(self, rung: int, region: str = TOWN):
        hazard = HazardFactory(unit=None, region_code=region)
        subject = Subject(
            kind="hazard",
            id=hazard.id,
            ref=hazard.ref,
            url=hazard.url,
            what=Text("火灾隐患", "fire hazard"),
            region_code=region,
        )
        start = timezone.now() - timedelta(days=9)
        clock = start_clock(subject, rule="hazards.rectify", start=start, due_at=start + timedelta(days=3))
        Clock.objects.filter(pk=clock.pk).update(rung=rung)
        return hazard

    def asked(self, who):
        return decisions(boarded(who), actor=who, now=timezone.now())

    def test_nothing_wrong_asks_for_nothing(self, leader):
        AlarmFactory(priority=3)
        self.climbed(1)
        assert self.asked(leader) == []

    def test_the_worst_comes_first_and_three_are_the_most(self, leader):
        alarm = AlarmFactory(priority=2)
        AlarmFactory(priority=2)
        hazard = self.climbed(4)
        self.climbed(2)
        closed(6, 60, TOWN)
        refresh()
        set_target(
            code="hazards.closing_rate",
            region=TOWN,
            period=this_year().key,
            value=90,
            source="x",
            actor=system_actor("cli"),
        )
        found = self.asked(leader)
        assert len(found) == 3
        assert {found[0].url, found[1].url} == {
            hazard.url,
            f"/indicators/hazards.closing_rate?region={TOWN}&period={this_year().key}",
        }
        assert found[2].url == alarm.url

    def test_a_small_sample_is_no_reason_to_decide(self, leader):
        closed(0, 2, TOWN)
        refresh()
        set_target(
            code="hazards.closing_rate",
            region=TOWN,
            period=this_year().key,
            value=90,
            source="x",
            actor=system_actor("cli"),
        )
        assert self.asked(leader) == []

    def test_what_lies_elsewhere_is_not_asked(self, leader):
        AlarmFactory(priority=1, region_code=NEXT_TOWN)
        self.climbed(4, NEXT_TOWN)
        assert self.asked(leader) == []


class TestPage:
    @pytest.fixture
    def client(self):
        return client_for(make_user("leader", "government_leader", COUNTY))

    def test_it_shows_the_whole_in_both_languages(self, client):
        UnitFactory()
        AlarmFactory(priority=1, place="滨江商贸城")
        closed(1, 2, TOWN)
        refresh()
        answer = client.get("/overview")
        assert_nothing_inline(answer)
        told = words(answer)
        for part in ("普宁市", "需要决定", "滨江商贸城", "隐患整改销案率", "50.0", "赤岗镇", "未报", "数据"):
            assert part in told
        client.cookies["lang"] = "en"
        english = client.get("/overview")
        assert "To decide" in words(english)

    def test_the_wall_is_dark_and_renews_itself(self, client):
        answer = client.get("/overview?wall=1")
        assert_nothing_inline(answer)
        page = answer.content.decode()
        assert 'data-theme="dark"' in page
        assert "/static/cockpit/wall.js" in page

    def test_another_region_is_absent(self, client):
        assert client.get("/overview?region=445222").status_code == 404

    @pytest.mark.parametrize("query", ["period=nonsense", "region=x", "by=nothing", "period=2026-Q4&by=hazards.open"])
    def test_nonsense_is_answered(self, client, query):
        assert client.get(f"/overview?{query}").status_code == 200


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("government_leader", "/overview"),
        ("brigade_leader", "/todo"),
        ("system_admin", "/admin/system"),
        ("planner", "/map"),
    ],
)
def test_the_bare_address_leads_to_the_first_page_of_the_role(role, page):
    client = client_for(make_user("someone", role, COUNTY))
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert client.get(page).status_code == 200


def test_without_a_session_it_leads_to_the_sign_in_page(client):
    assert client.get("/")["Location"] == "/login"
