"""What is kept back from the operator, and how it comes out: the live path against the same promises as the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from django.db.models import Count
from django.utils import timezone

from wanghuo.base import Conflict, NotFound, NotPermitted
from wanghuo.kernel.accounts.testing import actor, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.loops.models import Duty
from wanghuo.modules.alarms import selectors, services
from wanghuo.modules.alarms.models import Alarm, AlarmPoint, MaintenanceWindow, Shelf
from wanghuo.modules.alarms.models import Testimony as Told
from wanghuo.modules.alarms.services.asking import SayWhy
from wanghuo.modules.alarms.services.shelving import EndsBeforeItBegins, NeverShelved, TooLong
from wanghuo.modules.alarms.states import AlarmState, Channel, FalseCause, Said
from wanghuo.modules.alarms.testing import signal
from wanghuo.modules.alarms.tests.test_alarms import cleared
from wanghuo.modules.hazards.testing import HazardFactory  # noqa: F401 - its table is written by send_mender
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory
from wanghuo.modules.sensing.contracts import DeviceOffline, DeviceOnline, DevicesOffline
from wanghuo.modules.sensing.testing import DeviceFactory

pytestmark = pytest.mark.django_db
OPERATOR = actor("alarm_operator", "445281")
NEXT = actor("alarm_operator", NEXT_TOWN[:6])
KEY = "1.1.42.1"


@pytest.fixture
def unit():
    return UnitFactory()


@pytest.fixture
def device(unit):
    return DeviceFactory(unit=unit)


@pytest.fixture
def manager(unit):
    return actor("unit_manager", "445281", unit=unit.id)


def at(seconds: float):
    return timezone.now() + timedelta(seconds=seconds)


def offender(device, key: str = KEY) -> None:
    """Three false alarms in ten days, the last long ago enough not to be an echo."""
    days = [timezone.now().timestamp() - d * 86_400 for d in (9, 5, 2)]
    AlarmPoint.objects.create(device=device, component_key=key, condition="fire", false_at=days)


def test_a_fire_comes_at_once_and_a_suspect_one_quietly_with_its_reasons(device) -> None:
    plain = services.raise_from_signal(signal(device, key="1.1.42.7"))
    assert (plain.route, plain.shown_at) == ("show", plain.received_at)
    offender(device)
    suspect = services.raise_from_signal(signal(device, received_at=at(600)))
    assert (suspect.route, suspect.shown_at, suspect.route_why) == ("ask", None, "ask_offender")
    assert "3" in suspect.route_reasons[0][1]
    assert [a.ref for a in selectors.queue(OPERATOR)] == [plain.ref]
    assert [a.ref for a in selectors.asked(OPERATOR)] == [suspect.ref]


def test_nobody_answers_so_the_operator_is_called(device) -> None:
    offender(device)
    alarm = services.raise_from_signal(signal(device))
    assert services.settle(at(30)) == 0
    assert services.settle(at(61)) == 1
    alarm.refresh_from_db()
    assert (alarm.route, alarm.shown_at is not None) == ("show", True)
    assert alarm.route_reasons[-1][0] == "alarm.back_unanswered"
    assert AuditEntry.objects.filter(action="alarms:alarm:show").count() == 1


def test_a_suspect_signal_that_is_gone_gives_more_time_but_is_not_forgotten(device) -> None:
    offender(device)
    event = signal(device)
    alarm = services.raise_from_signal(event)
    services.signal_cleared(cleared(event))
    services.settle(at(61))
    alarm.refresh_from_db()
    assert alarm.route == "ask"
    services.settle(at(31 * 60))
    alarm.refresh_from_db()
    assert alarm.route == "show"


@pytest.mark.parametrize("how", ["second device", "person", "by hand", "call point"])
def test_corroboration_brings_a_suspect_fire_out_at_once(device, manager, how: str) -> None:
    offender(device)
    MaintenanceWindow.objects.create(
        ref="WH-1", unit=device.unit, where="单位", reason="年检", contact="李工", by_name="王芳", starts_at=at(-60), ends_at=at(3600),
        region_code=device.region_code,
    )  # fmt: skip
    alarm = services.raise_from_signal(signal(device))
    assert alarm.route == "ask"
    if how == "second device":
        other = services.raise_from_signal(signal(device, key="1.1.42.2"))
        assert (other.route, other.priority) == ("show", 1)
    elif how == "person":
        services.answer(alarm.ref, said=Said.FIRE, actor=manager)
    elif how == "call point":
        pressed = services.raise_from_signal(signal(device, key="1.1.23.2", component_type=23))
        assert pressed.route == "show"
    else:
        services.release(alarm.ref, actor=OPERATOR)
    alarm.refresh_from_db()
    assert alarm.route == "show"
    assert alarm.priority == (2 if how == "by hand" else 1)


def test_sprinkler_flow_and_smoke_are_two_pieces_of_evidence(device) -> None:
    flow = services.raise_from_signal(signal(device, "feedback", key="1.1.96.3", component_type=96))
    assert (flow.condition, flow.priority) == ("water_flow", 2)
    services.raise_from_signal(signal(device))
    assert set(Alarm.objects.values_list("priority", flat=True)) == {1}


def test_a_denial_ends_a_suspect_fire_only_once_the_signal_is_gone(device, manager) -> None:
    offender(device)
    event = signal(device)
    alarm = services.raise_from_signal(event)
    with pytest.raises(SayWhy):
        services.answer(alarm.ref, said=Said.FALSE, actor=manager)
    services.answer(alarm.ref, said=Said.FALSE, cause=FalseCause.COOKING, actor=manager)
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.NEW, "it still stands"
    services.signal_cleared(cleared(event))
    alarm.refresh_from_db()
    assert (alarm.state, alarm.cause, alarm.shown_at) == (AlarmState.FALSE, "cooking", None)
    assert len(AlarmPoint.objects.get().false_at) == 4


def test_a_denied_signal_that_stands_calls_the_operator(device, manager) -> None:
    offender(device)
    alarm = services.raise_from_signal(signal(device))
    services.answer(alarm.ref, said=Said.FALSE, cause=FalseCause.STEAM, actor=manager)
    services.settle(at(185))
    alarm.refresh_from_db()
    assert (alarm.route, alarm.state) == ("show", AlarmState.NEW)
    assert alarm.route_reasons[-1][0] == "alarm.back_still_stands"


def test_a_denial_never_ends_what_the_operator_has(device, manager) -> None:
    alarm = services.raise_from_signal(signal(device))
    services.answer(alarm.ref, said=Said.FALSE, cause=FalseCause.COOKING, actor=manager)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.route, alarm.answer) == (AlarmState.NEW, "show", "false")


def test_the_unit_is_asked_then_the_grid_then_it_is_written_that_nobody_answered(device, manager) -> None:
    people = [
        make_user("manager", "unit_manager", "445281", unit=device.unit_id),
        make_user("grid", "grid_worker", device.region_code),
    ]
    alarm = services.raise_from_signal(signal(device))
    services.ask(at(1))
    assert list(Told.objects.values_list("channel", flat=True)) == ["unit"]
    assert list(Duty.objects.filter(closed_at=None).values_list("assignee", flat=True)) == [people[0].id]
    services.ask(at(40))
    assert [t.channel for t in Told.objects.order_by("id")] == ["unit", "grid"]
    services.ask(at(120))
    assert [n.act for n in alarm.notes.order_by("id")] == ["raise", "ask", "silent", "ask", "silent"]
    services.judge_false(alarm.ref, cause=FalseCause.DUST, actor=OPERATOR)
    assert not Duty.objects.filter(closed_at=None).exists()


def test_what_a_caller_tells_is_written_down_with_the_name_and_makes_a_presumed_fire(device) -> None:
    alarm = services.raise_from_signal(signal(device))
    services.hear(alarm.ref, channel=Channel.CITIZEN, said=Said.FIRE, who="来电 3321", actor=OPERATOR)
    alarm.refresh_from_db()
    assert (alarm.priority, alarm.presumed) == (1, True)
    assert Told.objects.get().by_name == "来电 3321"


def test_a_short_fault_calls_nobody_and_one_that_stays_does(device) -> None:
    short, long = signal(device, "fault", key="a"), signal(device, "fault", key="b", received_at=at(300))
    services.raise_from_signal(short)
    services.signal_cleared(cleared(short))
    services.raise_from_signal(long)
    services.settle(at(400))
    assert list(Alarm.objects.order_by("id").values_list("state", "route")) == [("restored", "wait"), ("new", "show")]


def test_what_follows_the_first_fault_stands_below_it_and_comes_up(device) -> None:
    services.take_signals(
        [signal(device, "disablement", key="z"), *(signal(device, "fault", key=f"k{n}") for n in range(5))]
    )
    services.settle(at(61))
    shown, below = Alarm.objects.get(kind="fault", route="show"), Alarm.objects.filter(route="group")
    assert below.count() == 4
    assert set(below.values_list("first_out_id", flat=True)) == {shown.pk}
    assert selectors.below([shown]) == {shown.pk: 4}
    services.restore(shown.ref, actor=OPERATOR)
    assert not Alarm.objects.filter(route="group").exists()
    services.settle(at(200))
    heir = Alarm.objects.get(kind="fault", route="show", state="new")
    assert set(Alarm.objects.filter(route="group").values_list("first_out_id", flat=True)) == {heir.pk}


def test_chatter_is_one_alarm_until_it_is_quiet(device) -> None:
    for n in range(6):
        event = signal(device, "fault", received_at=at(n * 10))
        services.raise_from_signal(event)
        services.signal_cleared(cleared(event))
    waiting = Alarm.objects.filter(state="new")
    assert [(a.comes_and_goes, a.route, a.count) for a in waiting] == [(True, "show", 4)]
    services.settle(at(26 * 3600))
    assert not Alarm.objects.filter(state="new").exists()


def test_shelving_needs_a_reason_an_end_and_no_fire(device) -> None:
    fire, fault = services.take_signals([signal(device), signal(device, "fault", key="f")])
    with pytest.raises(NeverShelved):
        services.shelve(fire.ref, hours=1, reason="吵", actor=OPERATOR)
    with pytest.raises(TooLong):
        services.shelve(fault.ref, hours=9, reason="待修", actor=OPERATOR)
    with pytest.raises(NotFound):
        services.shelve(fault.ref, hours=1, reason="待修", actor=NEXT)
    with pytest.raises(NotPermitted):
        services.shelve(fault.ref, hours=1, reason="待修", actor=actor("inspector", "445281"))
    shelf = services.shelve(fault.ref, hours=2, reason="待修", actor=OPERATOR)
    with pytest.raises(Conflict):
        services.shelve(fault.ref, hours=2, reason="待修", actor=OPERATOR)
    fault.refresh_from_db()
    assert (fault.route, fault.route_until) == ("hold", shelf.until)
    assert selectors.queue(OPERATOR) == [Alarm.objects.get(pk=fire.pk)]


def test_a_shelf_holds_what_comes_again_and_shows_it_when_it_ends(device) -> None:
    event = signal(device, "fault")
    alarm = services.raise_from_signal(event)
    shelf = services.shelve(alarm.ref, hours=1, reason="待修", actor=OPERATOR)
    services.signal_cleared(cleared(event))
    again = services.raise_from_signal(signal(device, "fault"))
    assert (again.route, again.route_why) == ("hold", "shelf")
    assert services.unshelve(shelf.id, actor=OPERATOR) == 1
    again.refresh_from_db()
    assert again.route == "show"
    assert services.expire(at(7200)) == 0, "it has ended already"


def test_shelves_and_windows_end_by_themselves(device) -> None:
    alarm = services.raise_from_signal(signal(device, "fault"))
    services.shelve(alarm.ref, hours=1, reason="待修", actor=OPERATOR)
    window = services.announce(
        target=device.unit.ref, starts_at=at(-5), ends_at=at(600), reason="年检", contact="李工", actor=OPERATOR
    )
    assert services.expire(at(3700)) == 2
    alarm.refresh_from_db()
    assert alarm.route == "show"
    assert set(Shelf.objects.values_list("ended_by_name", flat=True)) == {"望火"}
    with pytest.raises(Conflict):
        services.end_window(window.ref, actor=OPERATOR)


@pytest.mark.parametrize(
    ("begins", "ends", "who", "error"),
    [
        (0, -60, OPERATOR, EndsBeforeItBegins),
        (0, 5 * 86_400, OPERATOR, TooLong),
        (0, 600, actor("inspector", "445281"), NotPermitted),
    ],
)
def test_a_window_is_whole_or_not_at_all(device, begins, ends, who, error) -> None:
    with pytest.raises(error):
        services.announce(
            target=device.ref, starts_at=at(begins), ends_at=at(ends), reason="年检", contact="李工", actor=who
        )
    assert not MaintenanceWindow.objects.exists()


def test_a_window_holds_faults_and_lets_them_go(device) -> None:
    window = services.announce(
        target=device.ref, starts_at=at(-5), ends_at=at(600), reason="年检", contact="李工", actor=OPERATOR
    )
    fault, fire = services.take_signals([signal(device, "fault"), signal(device, key="1.1.42.5")])
    assert (fault.route, fire.route) == ("hold", "ask")
    assert services.end_window(window.ref, actor=OPERATOR) == 1
    fault.refresh_from_db()
    assert fault.route == "show"


def test_many_signals_at_once_are_as_many_alarms_each_with_its_trace(device) -> None:
    events = [signal(device, "fault", key=f"1.1.40.{n}") for n in range(60)]
    services.take_signals([*events, *events[:10]])
    assert Alarm.objects.count() == 60
    refs = sorted(Alarm.objects.values_list("ref", flat=True))
    numbers = [int(ref[-5:]) for ref in refs]
    assert numbers == list(range(numbers[0], numbers[0] + 60))
    assert AuditEntry.objects.filter(action="alarms:alarm:raise").count() == 60
    assert Alarm.objects.filter(count=2).count() == 10


def test_a_flood_takes_few_queries_for_each_alarm(device, django_assert_max_num_queries) -> None:
    events = [signal(device, "fault", key=f"1.1.40.{n}") for n in range(64)]
    with django_assert_max_num_queries(64 * 4 + 60):
        services.take_signals(events)


def test_a_mender_is_sent_to_an_offender_alone(device) -> None:
    alarms = []
    for n in range(3):
        alarms.append(services.raise_from_signal(signal(device, received_at=at(n * 10 - 100))))
        services.judge_false(alarms[-1].ref, cause=FalseCause.DUST, actor=OPERATOR)
    hazard = services.send_mender(alarms[-1].ref, actor=OPERATOR)
    assert Alarm.objects.get(pk=alarms[-1].pk).hazard_ref == hazard.ref


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_no_corroborated_fire_is_kept_back_and_nothing_is_lost(device, manager, seed: int) -> None:
    """The live path walked at random: what stands is shown or in a list, and evidence that agrees is always shown."""
    random, now = Random(seed), timezone.now()
    keys = ["1.1.42.1", "1.1.42.2", "1.1.42.3"]
    for key in keys[:2]:
        offender(device, key)
    sent: dict[str, object] = {}
    for _ in range(40):
        now += timedelta(seconds=random.choice((1, 15, 70, 130)))
        key, waiting = random.choice([*keys, "f"]), list(Alarm.objects.filter(state="new"))
        what = random.choice(("raise", "raise", "raise", "clear", "answer", "judge", "shelve", "window", "settle"))
        if what == "raise":
            sent[key] = signal(device, "fault" if key == "f" else "fire", key=key, received_at=now)
            services.raise_from_signal(sent[key])
        elif what == "clear" and key in sent:
            services.signal_cleared(replace(cleared(sent[key]), received_at=now))
        elif what == "answer" and (fires := [a for a in waiting if a.is_fire]):
            services.answer(random.choice(fires).ref, said=Said.FALSE, cause="dust", actor=manager)
        elif what == "judge" and (shown := [a for a in waiting if a.is_fire and a.route == "show"]):
            services.judge_false(random.choice(shown).ref, cause=FalseCause.DUST, actor=OPERATOR)
        elif what == "shelve" and (faults := [a for a in waiting if not a.is_fire and a.route != "hold"]):
            if not Shelf.objects.filter(ended_at=None).exists():
                services.shelve(faults[0].ref, hours=1, reason="待修", actor=OPERATOR)
        elif what == "window" and not MaintenanceWindow.objects.exists():
            span = {"starts_at": timezone.now() - timedelta(seconds=9), "ends_at": timezone.now() + timedelta(hours=5)}
            services.announce(target=device.unit.ref, reason="年检", contact="李工", actor=OPERATOR, **span)
        services.settle(now)
        fires = list(Alarm.objects.filter(kind="fire", state="new"))
        for fire in fires:
            near = [o for o in fires if o.pk != fire.pk and abs((o.last_at - fire.last_at).total_seconds()) <= 120]
            assert not near or fire.route == "show"
            assert fire.route in ("show", "ask")
    services.expire(now + timedelta(days=1))
    for hours in (24, 48, 72):
        services.settle(now + timedelta(hours=hours))
    assert not Alarm.objects.filter(state="new", standing=True).exclude(route__in=("show", "group")).exists()
    below = Alarm.objects.filter(state="new", route="group")
    assert all(a.first_out is not None and a.first_out.route == "show" for a in below)


def test_a_mast_that_is_away_is_one_matter(device) -> None:
    devices = [DeviceFactory(unit=UnitFactory()) for _ in range(12)]
    now = timezone.now()
    silent = [
        DeviceOffline(
            device_id=d.id, device_ref=d.ref, region_code=d.region_code, unit_id=d.unit_id, last_seen_at=now, at=now
        )
        for d in devices
    ]
    services.take_silences(silent)
    services.settle(at(70))
    assert dict(Alarm.objects.values_list("route").annotate(n=Count("pk")).order_by()) == {"show": 1, "group": 11}
    back = [
        DeviceOnline(device_id=d.id, device_ref=d.ref, region_code=d.region_code, unit_id=d.unit_id, at=at(80))
        for d in devices
    ]
    services.take_silences(back)
    assert set(Alarm.objects.values_list("state", flat=True)) == {"restored"}


def test_of_a_mass_silence_those_heard_again_before_it_was_told_ask_nobody(device) -> None:
    silent = [DeviceFactory(unit=UnitFactory(), state="offline") for _ in range(3)]
    heard_again = DeviceFactory(unit=UnitFactory(), state="ok")
    told = DevicesOffline([d.id for d in (*silent, heard_again)], timezone.now())
    services.take_mass_silence(told)
    assert set(Alarm.objects.values_list("device_id", flat=True)) == {d.id for d in silent}
    assert not services.take_mass_silence(told), "one open alarm for each device"
    back = silent[0]
    services.take_silences([DeviceOnline(back.id, back.ref, back.region_code, back.unit_id, at(80))])
    assert set(Alarm.objects.filter(state="new").values_list("device_id", flat=True)) == {d.id for d in silent[1:]}
