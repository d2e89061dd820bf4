"""The pages of alarm health, of what is kept back and of repeat offenders: figures that can be checked by counting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.ui.testing import assert_english, assert_nothing_inline
from wanghuo.modules.alarms import health, services
from wanghuo.modules.alarms.models import Alarm, MaintenanceWindow, Shelf, Shift
from wanghuo.modules.alarms.states import AlarmState, FalseCause
from wanghuo.modules.alarms.testing import AlarmFactory, signal
from wanghuo.modules.hazards.testing import HazardFactory  # noqa: F401 - its table is written by the mender's hazard
from wanghuo.modules.places.testing import UnitFactory
from wanghuo.modules.sensing.testing import DeviceFactory

pytestmark = pytest.mark.django_db
OPERATOR = actor("alarm_operator", "445281")


@pytest.fixture
def device():
    return DeviceFactory(unit=UnitFactory())


@pytest.fixture
def browser():
    return client_for(make_user("operator", "alarm_operator", "445281"))


def span(hours: float = 24.0):
    now = timezone.now()
    return now - timedelta(hours=hours), now + timedelta(seconds=1)


def test_the_load_is_what_was_shown_by_hour_and_seat() -> None:
    start, end = span(2)
    for n in range(30):
        AlarmFactory(raised_at=end - timedelta(minutes=30, seconds=n))
    kept = AlarmFactory(raised_at=end - timedelta(minutes=5))
    Alarm.objects.filter(pk=kept.pk).update(shown_at=None, route="ask", route_why="ask_offender")
    rows = health.alarms_of(OPERATOR, "445281", start, end)
    counts = health.minutes(rows, start, end)
    assert sum(n for _, n in counts) == 30
    load = health.load_of(counts, "445281", start, end, 1)
    assert load.per_hour == pytest.approx(15, rel=0.01)
    assert load.peak == 30
    assert health.load_of(counts, "445281", start, end, 2).peak == 15
    assert [(code, n) for code, _, n in health.kept_by_reason(rows)] == [("ask_offender", 1)]


def test_what_stands_is_stale_after_a_day_and_fires_are_counted_by_cause(device) -> None:
    AlarmFactory(raised_at=timezone.now() - timedelta(hours=25))
    alarm = AlarmFactory(device=device, component_type=42)
    services.judge_false(alarm.ref, cause=FalseCause.STEAM, actor=OPERATOR)
    fire = AlarmFactory(device=device, component_type=42)
    services.confirm_fire(fire.ref, actor=OPERATOR)
    rows = health.alarms_of(OPERATOR, "445281", *span(48))
    assert health.standing(OPERATOR, "445281", timezone.now())["stale"] == 1
    assert [(code, n) for code, _, n in health.false_by_cause(rows)] == [("steam", 1)]
    assert [(false, n) for _, false, n in health.false_by_type(rows)] == [(1, 2)]
    assert health.speeds(rows)["judge_p50"] is not None
    [bad] = health.bad_actors(rows)
    assert (bad.device_ref, bad.alarms, round(bad.share, 2)) == (device.ref, 2, 0.67)


def test_each_person_at_a_seat_has_hours_and_alarms() -> None:
    now = timezone.now()
    Shift.objects.create(
        region_code="445281", seat="02", user_id=7, user_name="王芳", started_at=now - timedelta(hours=2)
    )
    AlarmFactory(state=AlarmState.TAKEN, taken_at=now, taken_by=7, raised_at=now - timedelta(seconds=20))
    start, end = span(4)
    [seat] = health.seats_of(health.alarms_of(OPERATOR, "445281", start, end), "445281", start, end)
    assert (seat.taken, round(seat.hours), round(seat.take_p50 or 0)) == (1, 2, 20)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "path", ["/alarms/health", "/alarms/health?days=30", "/alarms/kept", "/alarms/kept?route=ask", "/alarms/offenders"]
)
def test_the_pages_open_empty_and_full_in_both_languages(browser, device, path: str, lang: str) -> None:
    browser.cookies["lang"] = lang
    assert browser.get(path).status_code == 200
    offend(device)
    fault = services.raise_from_signal(signal(device, "fault", key="f"))
    services.shelve(fault.ref, hours=1, reason="待修", actor=OPERATOR)
    now = timezone.now()
    window = {"target": device.unit.ref, "starts_at": now, "ends_at": now + timedelta(hours=1)}
    services.announce(**window, reason="年检", contact="李工", actor=OPERATOR)
    services.raise_from_signal(signal(device))
    page = browser.get(path)
    assert page.status_code == 200
    assert_nothing_inline(page)
    if lang == "en":
        assert_english(page)


def offend(device) -> None:
    for n in range(3):
        alarm = services.raise_from_signal(signal(device, received_at=timezone.now() - timedelta(minutes=300 - n)))
        services.judge_false(alarm.ref, cause=FalseCause.DUST, actor=OPERATOR)


def test_offenders_name_the_point_its_cause_and_lead_to_a_hazard(browser, device) -> None:
    offend(device)
    page = browser.get("/alarms/offenders").content.decode()
    assert device.ref in page
    assert "灰尘" in page
    last = Alarm.objects.order_by("-id").first()
    answer = browser.post(f"/alarms/offenders/{last.ref}/mend")
    assert answer.status_code in (302, 303)
    assert "/hazards/YH-" in browser.get("/alarms/offenders").content.decode()


def test_health_can_be_taken_away_as_a_file_by_whoever_may_export(browser) -> None:
    AlarmFactory()
    assert browser.get("/alarms/health?export=csv").status_code == 403
    supervisor = client_for(make_user("supervisor", "alarm_supervisor", "445281"))
    answer = supervisor.get("/alarms/health?export=csv")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).startswith("\ufeff".encode())


def test_shelving_announcing_and_ending_from_the_pages(browser, device) -> None:
    fault = services.raise_from_signal(signal(device, "disablement", key="f"))
    form = browser.get(f"/alarms/{fault.ref}/acts/shelve")
    assert form.status_code == 200
    sent = browser.post(f"/alarms/{fault.ref}/acts/shelve", {"hours": "2", "reason": "待修"})
    assert sent.status_code in (302, 303)
    shelf = Shelf.objects.get()
    assert browser.post(f"/alarms/shelves/{shelf.id}/end").status_code in (302, 303)
    starts = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    ends = (timezone.localtime() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    data = {"target": device.ref, "starts_at": starts, "ends_at": ends, "reason": "年检", "contact": "李工"}
    assert browser.post("/alarms/windows/new", data).status_code in (302, 303)
    window = MaintenanceWindow.objects.get()
    assert browser.post(f"/alarms/windows/{window.ref}/end").status_code in (302, 303)


def test_the_console_shows_asked_fires_quietly_below(browser, device) -> None:
    offend(device)
    alarm = services.raise_from_signal(signal(device, received_at=timezone.now() + timedelta(hours=2)))
    rows = browser.get("/alarms/console/rows").content.decode()
    assert f'data-alarm-row="{alarm.ref}" data-priority="4"' in rows
    assert "data-unacknowledged" not in rows
    assert browser.get(f"/alarms/{alarm.ref}/pane").status_code == 200


def test_the_unit_answers_from_its_phone_with_a_photograph(device, settings) -> None:
    import io

    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    manager = client_for(make_user("manager", "unit_manager", "445281", unit=device.unit_id))
    alarm = services.raise_from_signal(signal(device))
    assert "现场核实" in manager.get(f"/alarms/{alarm.ref}/answer").content.decode()
    refused = manager.post(f"/alarms/{alarm.ref}/answer", {"said": "false", "cause": ""})
    assert refused.status_code == 422
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "grey").save(picture, "JPEG")
    photo = SimpleUploadedFile("kitchen.jpg", picture.getvalue(), "image/jpeg")
    sent = manager.post(f"/alarms/{alarm.ref}/answer", {"said": "fire", "photos": photo, "text": "厨房有明火"})
    assert sent.status_code in (302, 303)
    alarm.refresh_from_db()
    assert (alarm.priority, alarm.answer) == (1, "fire")
    page = manager.get(alarm.url).content.decode()
    assert "厨房有明火" in page
    assert "/thumb" in page


def test_indicators_of_load_and_corroboration_count_what_stands_behind_them(device) -> None:
    from wanghuo.kernel.indicators.periods import Period
    from wanghuo.modules.alarms import indicators

    now = timezone.now()
    today = Period.between(timezone.localdate(), timezone.localdate())
    first = min(now, today.start + timedelta(hours=1))
    Shift.objects.create(
        region_code="445281", seat="02", user_id=7, user_name="王芳", started_at=today.start, ended_at=first
    )
    AlarmFactory(presumed=True, priority=1)
    AlarmFactory()
    share = indicators.corroborated_counts(today)
    assert [(p.num, p.den) for p in share.values()] == [(1, 2)]
    load = indicators.operator_load(today)
    hours = (first - today.start).total_seconds() / 3600
    assert sum(p.num for p in load.values()) / sum(p.den for p in load.values()) == pytest.approx(2 / hours)
