"""Upkeep: who sees what is down, the league, what runs out, who must connect, who is covered, registering by scan."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from wanghuo.base import Invalid
from wanghuo.base.time import local_day
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period
from wanghuo.kernel.ledgers.registers.testing import make_row
from wanghuo.kernel.loops.models import Duty
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory
from wanghuo.modules.sensing import coverage, labels, league, lifetimes, outages, public, services, supervision
from wanghuo.modules.sensing.models import Device, DeviceDay, IngestPosition, Outage
from wanghuo.modules.sensing.testing import DeviceFactory

pytestmark = pytest.mark.django_db
BOSS = actor("alarm_supervisor", "445281")


@pytest.fixture
def supervisor():
    return client_for(make_user("supervisor", "alarm_supervisor", "445281"))


@pytest.fixture
def clerk():
    return client_for(make_user("clerk", "committee_clerk", "445281"))


def gone_for(hours: float, **known) -> Device:
    """A device that went off line so long ago, found at once."""
    now = timezone.now()
    at = now - timedelta(hours=hours)
    device = DeviceFactory(state="ok", last_seen_at=at - timedelta(minutes=5), **known)
    IngestPosition.objects.update_or_create(pk=1, defaults={"through_at": at})
    supervision.judge_silence()
    return device


def test_what_is_down_is_listed_with_who_must_mend_it_and_by_when(supervisor) -> None:
    here, alone = gone_for(80, floor="3F", location="走道"), gone_for(1, unit=None)
    there = gone_for(1, unit=UnitFactory(region_code=NEXT_TOWN))
    outages.ask_to_mend()
    page = supervisor.get("/devices/down").content.decode()
    assert here.ref in page
    assert alone.ref in page
    assert there.ref not in page
    assert "单位消防安全管理人" in page
    assert "观察中" in page
    overdue = supervisor.get("/devices/down?overdue=1").content.decode()
    assert here.ref in overdue
    assert alone.ref not in overdue
    assert here.ref in supervisor.get(f"/devices/down?q={here.ref}&state=offline&kind=offline").content.decode()
    assert here.ref not in supervisor.get("/devices/down?kind=fault").content.decode()
    one = supervisor.get(f"/devices/{here.ref}").content.decode()
    assert "由谁修复" in one


def test_a_units_safety_manager_sees_the_own_ones_and_gets_the_duty() -> None:
    mine, other = gone_for(3), gone_for(3)
    outages.ask_to_mend()
    user = make_user("manager", "unit_manager", "445281", unit=mine.unit_id)
    page = client_for(user).get("/devices/down").content.decode()
    assert mine.ref in page
    assert other.ref not in page
    inbox = client_for(user).get("/todo").content.decode()
    assert "修复失联设备" in inbox
    assert Duty.objects.filter(scope_unit=mine.unit_id, right="sensing.mend").count() == 1


def test_the_league_ranks_by_what_is_sure_and_leaves_small_samples_out(clerk) -> None:
    today = local_day(timezone.now())
    for name, count, online in (("甲公司", 40, 39), ("乙公司", 40, 20), ("丙公司", 2, 2)):
        for _ in range(count):
            DeviceFactory(installer=name, unit=None, region_code="445281102")
        league.add(
            today, ("445281102", "", name), expected=count * 24, reporting=online * 24, mended=6, mend_s=6 * 7200
        )
    rows = league.standings(actor("committee_clerk", "445281"), "installer", today - timedelta(days=30), today)
    assert [(row.name, row.place, row.ranked) for row in rows] == [
        ("甲公司", 1, True),
        ("乙公司", 2, True),
        ("丙公司", 0, False),
    ]
    best = rows[0]
    assert best.online is not None
    assert best.online.low < 97.5 == best.online.value < best.online.high
    assert best.mean_repair_h == 2
    page = clerk.get("/devices/league?by=installer").content.decode()
    assert page.index("甲公司") < page.index("乙公司") < page.index("样本不足")
    assert league.standings(actor("committee_clerk", "330108"), "installer", today, today) == []
    assert "甲公司" not in clerk.get("/devices?installer=乙公司").content.decode().split("<table")[-1]


def test_figures_of_a_day_are_counted_by_maker_and_installer() -> None:
    DeviceFactory(state="ok", maker="海安", installer="甲公司")
    DeviceFactory(state="offline", maker="海安", installer="甲公司", unit=None, region_code="445281102")
    DeviceFactory(state="fault", maker="海安", installer="乙公司")
    now = timezone.now()
    IngestPosition.objects.update_or_create(pk=1, defaults={"through_at": now})
    supervision.look(now)
    sums = league.standings(BOSS, "maker", local_day(now), local_day(now))
    assert [(row.name, row.devices) for row in sums] == [("海安", 3)]
    assert sum(DeviceDay.objects.values_list("dead", flat=True)) == 2
    assert sum(DeviceDay.objects.values_list("reporting", flat=True)) == 2


@pytest.mark.parametrize(("events", "years", "low", "high"), [(0, 10.0, 0.0, 0.37), (10, 10.0, 0.48, 1.84)])
def test_rates_have_honest_intervals(events, years, low, high) -> None:
    found = league.rate(events, years)
    assert found is not None
    assert (round(found.low, 2), round(found.high, 2)) == (low, high)
    assert league.rate(1, 0) is None


def test_what_runs_out_is_told_ahead_and_no_more_once_it_is_renewed(supervisor) -> None:
    today = local_day(timezone.now())
    soon = DeviceFactory(sim_until=today + timedelta(days=10), battery_until=today + timedelta(days=400))
    past, fine = (
        DeviceFactory(life_until=today - timedelta(days=1)),
        DeviceFactory(sim_until=today + timedelta(days=90)),
    )
    page = supervisor.get("/devices/expiring").content.decode()
    assert soon.ref in page
    assert past.ref in page
    assert fine.ref not in page
    assert soon.ref not in supervisor.get("/devices/expiring?when=past").content.decode()
    assert soon.ref in supervisor.get("/devices/expiring?what=sim_until").content.decode()
    assert lifetimes.ask_to_renew() == 2
    assert lifetimes.ask_to_renew() == 0
    assert "SIM" in Duty.objects.get(subject_ref=soon.ref).title_zh
    services.change_device(ref=soon.ref, sim_until=today + timedelta(days=300), actor=BOSS)
    lifetimes.ask_to_renew()
    assert list(Duty.objects.filter(closed_at=None).values_list("subject_ref", flat=True)) == [past.ref]


def test_a_battery_and_a_life_follow_from_the_profile_where_nobody_said_them() -> None:
    device = DeviceFactory(profile="smoke")
    services.change_device(ref=device.ref, installed_on=date(2024, 2, 29), actor=BOSS)
    device.refresh_from_db()
    kind = lifetimes.profile("smoke")
    assert device.life_until == lifetimes.months_after(date(2024, 2, 29), kind.life_months)
    assert lifetimes.months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    with pytest.raises(Invalid, match="ICCID"):
        services.change_device(ref=device.ref, iccid="12345", actor=BOSS)


def test_units_that_must_connect_and_do_not_are_named(supervisor) -> None:
    missing, silent, fine = (UnitFactory(has_control_room=True) for _ in range(3))
    UnitFactory(has_control_room=False)
    DeviceFactory(unit=silent, state="offline")
    DeviceFactory(unit=fine, state="ok")
    page = supervisor.get("/devices/connection").content.decode()
    assert all(unit.ref in page for unit in (missing, silent, fine))
    for choice, only in (("missing", missing), ("silent", silent), ("heard", fine)):
        page = supervisor.get(f"/devices/connection?connection={choice}").content.decode()
        assert [unit.ref in page for unit in (missing, silent, fine)] == [
            unit is only for unit in (missing, silent, fine)
        ]


def test_weak_households_are_covered_by_an_alarm_that_works(clerk) -> None:
    lines = [
        make_row("weak_people", region="445281102", person=f"户主{n}", kind="old", device=n == 2) for n in range(4)
    ]
    refs = [line.ref for line in lines]
    DeviceFactory(profile="smoke", state="ok", household=refs[0], unit=None, region_code="445281102")
    DeviceFactory(profile="smoke", state="offline", household=refs[1], unit=None, region_code="445281102")
    found = dict(coverage.households().values_list("ref", "cover"))
    assert [found[ref] for ref in refs] == ["working", "failing", "noted", "none"]
    now = timezone.now()
    (part,) = coverage.coverage_counts(Period.parse(f"{now:%Y}", now.date())).values()
    assert (part.num, part.den) == (1, 4)
    page = clerk.get("/devices/households?missing=1").content.decode()
    assert refs[0] not in page
    assert refs[3] in page
    with pytest.raises(Invalid):
        services.change_device(ref=Device.objects.first().ref, household="TZ-000000-2026-00001", actor=BOSS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("e90300000000", ("gb26875", "e90300000000")),
        ("1001", ("gb26875", "e90300000000")),
        ("866123456789012", ("ctwing", "866123456789012")),
        ("IMEI:866123456789012;SN:A1", ("ctwing", "866123456789012")),
        ("mqtt:smoke-17", ("mqtt", "smoke-17")),
        ("https://119.example.cn/devices/scan?code=mqtt%3Asmoke-17", ("mqtt", "smoke-17")),
    ],
)
def test_codes_are_read(text, code) -> None:
    found = labels.read_code(text)
    assert (found.protocol, found.source) == code


def test_a_label_leads_back_to_its_device(settings) -> None:
    device = DeviceFactory()
    assert labels.read_code(labels.address_of(device)) == labels.Code(device.protocol, device.source)


def test_a_device_is_registered_by_scan_and_its_signal_is_seen(supervisor) -> None:
    unit = UnitFactory(name="滨江商贸城", lng=116.17, lat=23.29)
    assert supervisor.get("/devices/scan").status_code == 200
    wrong = supervisor.get("/devices/scan?code=???")
    assert wrong.status_code == 422
    assert "认不出" in wrong.content.decode()
    page = supervisor.get("/devices/scan?code=866123456789012").content.decode()
    assert "866123456789012" in page
    near = supervisor.get("/devices/scan/near?lng=116.1701&lat=23.2901").json()
    assert [each["ref"] for each in near["units"]] == [unit.ref]
    answer = supervisor.post(
        "/devices/scan?code=866123456789012",
        {"form_key": str(uuid4()), "protocol": "ctwing", "profile": "smoke", "unit": unit.ref, "floor": "3F",
         "location": "走道东", "installer": "宏达消防", "lng": "116.170100", "lat": "23.290100"},
    )  # fmt: skip
    device = Device.objects.get()
    assert answer.status_code == 303
    assert (device.unit_id, device.installer, device.floor, device.lng) == (unit.id, "宏达消防", "3F", 116.1701)
    assert "等待信号" in supervisor.get(answer["Location"]).content.decode()
    Device.objects.update(last_seen_at=timezone.now() + timedelta(seconds=1), state="ok")
    since = answer["Location"].partition("since=")[2]
    assert "收到信号" in supervisor.get(f"/devices/scan/{device.ref}/signal?since={since}").content.decode()
    again = supervisor.get("/devices/scan?code=866123456789012")
    assert again.status_code == 303
    assert again["Location"] == f"/devices/scan/{device.ref}"


def test_a_code_that_is_registered_elsewhere_tells_nothing_of_it(supervisor) -> None:
    there = DeviceFactory(unit=UnitFactory(region_code=NEXT_TOWN))
    answer = supervisor.get(f"/devices/scan?code={there.source}")
    assert answer.status_code == 422
    assert there.ref not in answer.content.decode()


def test_labels_are_printed(supervisor) -> None:
    device, other = DeviceFactory(), DeviceFactory(unit=UnitFactory(region_code=NEXT_TOWN))
    answer = supervisor.post("/devices/labels", {"ref": [device.ref, other.ref]})
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert supervisor.get(f"/devices/labels?ref={other.ref}").status_code == 404


def test_an_outage_of_a_device_that_moves_stays_where_it_was_found() -> None:
    device = gone_for(1)
    assert Outage.objects.get().region_code == device.region_code


def test_a_false_alarm_counts_against_maker_and_installer() -> None:
    device, now = DeviceFactory(maker="海安", installer="甲公司"), timezone.now()
    public.count_false_alarm(device.pk, now)
    public.count_false_alarm(uuid4(), now)
    (day,) = DeviceDay.objects.all()
    assert (day.maker, day.installer, day.false_alarms) == ("海安", "甲公司", 1)


@pytest.mark.parametrize("path", ["/devices/down", "/devices/expiring", "/devices/connection"])
def test_a_list_asks_as_often_for_many_rows_as_for_few(supervisor, path) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            device = gone_for(80, unit=UnitFactory(has_control_room=True), sim_until=local_day(timezone.now()))
            assert device.pk
        outages.ask_to_mend()

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert supervisor.get(path).status_code == 200
        return len(caught)

    fill(2)
    queries()
    few = queries()
    fill(9)
    assert queries() == few
