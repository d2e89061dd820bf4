"""From a signal to a judged alarm: folding, corroboration, what ends by itself and what never does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base import Conflict, MoveRefused, NotFound, NotPermitted
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.notify.models import LiveEvent
from wanghuo.modules.alarms import jobs, selectors, services
from wanghuo.modules.alarms.models import Alarm, Shift
from wanghuo.modules.alarms.services.handling import NothingToRaise, OnlyForFire
from wanghuo.modules.alarms.services.shifts import SoundNotTested, UrgentNotRead
from wanghuo.modules.alarms.states import AlarmState, FalseCause
from wanghuo.modules.alarms.testing import AlarmFactory, signal
from wanghuo.modules.hazards.testing import HazardFactory  # noqa: F401 - its table is written by raise_hazard
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory
from wanghuo.modules.sensing.contracts import SignalCleared
from wanghuo.modules.sensing.testing import DeviceFactory

pytestmark = pytest.mark.django_db
OPERATOR = actor("alarm_operator", "445281")
NEXT = actor("alarm_operator", NEXT_TOWN[:6])
GRID = actor("grid_worker", "445281")


@pytest.fixture
def device():
    return DeviceFactory(unit=UnitFactory())


def cleared(event) -> SignalCleared:
    return SignalCleared(
        signal_id=event.signal_id,
        device_id=event.device_id,
        device_ref=event.device_ref,
        condition=event.condition,
        at=event.at,
        received_at=timezone.now(),
        frame_ref="1:1",
        why="state",
        region_code=event.region_code,
        unit_id=event.unit_id,
        component_id=None,
        component_key=event.component_key,
    )


def test_a_fire_becomes_one_alarm_however_often_it_is_reported(device) -> None:
    first = services.raise_from_signal(signal(device))
    again = services.raise_from_signal(signal(device))
    assert first.pk == again.pk
    alarm = Alarm.objects.get()
    assert (alarm.priority, alarm.count, alarm.state) == (2, 2, AlarmState.NEW)
    assert LiveEvent.objects.filter(channel="alarms").count() == 2


def test_a_second_detector_makes_both_presumed_fires(device) -> None:
    services.raise_from_signal(signal(device, key="1.1.42.1"))
    services.raise_from_signal(signal(device, key="1.1.42.2"))
    assert set(Alarm.objects.values_list("priority", "presumed")) == {(1, True)}


def test_a_second_detector_long_after_supports_nothing(device) -> None:
    services.raise_from_signal(signal(device, received_at=timezone.now() - timedelta(seconds=600)))
    services.raise_from_signal(signal(device, key="1.1.42.2"))
    assert set(Alarm.objects.values_list("priority", flat=True)) == {2}


@pytest.mark.parametrize(
    ("trust", "stale", "priority"), [("network", False, 1), ("none", False, 2), ("network", True, 2)]
)
def test_a_pressed_button_is_believed_from_a_trusted_fresh_frame(device, trust, stale, priority) -> None:
    alarm = services.raise_from_signal(signal(device, component_type=23, trust=trust, stale=stale))
    assert alarm.priority == priority


def test_what_asks_nobody_for_anything_is_no_alarm(device) -> None:
    assert services.raise_from_signal(signal(device, "feedback")) is None
    assert not Alarm.objects.exists()


def test_a_cleared_fault_ends_by_itself_and_a_cleared_fire_never_does(device) -> None:
    fault, fire = signal(device, "fault"), signal(device, "fire", key="1.1.42.9")
    for event in (fault, fire):
        services.raise_from_signal(event)
        services.signal_cleared(cleared(event))
    assert Alarm.objects.get(condition="fault").state == AlarmState.RESTORED
    left = Alarm.objects.get(condition="fire")
    assert (left.state, left.standing) == (AlarmState.NEW, False)


def test_taking_then_judging_false_with_its_cause() -> None:
    alarm = AlarmFactory()
    services.take(alarm.ref, actor=OPERATOR)
    judged = services.judge_false(alarm.ref, cause=FalseCause.COOKING, actor=OPERATOR)
    assert (judged.state, judged.cause, judged.judged_by) == (AlarmState.FALSE, "cooking", OPERATOR.id)
    assert judged.handling_time is not None
    with pytest.raises(MoveRefused):
        services.confirm_fire(alarm.ref, actor=OPERATOR)


@pytest.mark.parametrize(("who", "error"), [(NEXT, NotFound), (GRID, NotPermitted)])
def test_out_of_scope_looks_absent_and_a_grid_worker_only_answers(who, error) -> None:
    alarm = AlarmFactory()
    with pytest.raises(error):
        services.take(alarm.ref, actor=who)


def test_seeing_is_not_handling() -> None:
    alarm = AlarmFactory()
    with pytest.raises(NotPermitted):
        services.take(alarm.ref, actor=actor("inspector", "445281"))
    assert Alarm.objects.get().state == AlarmState.NEW


def test_only_a_fire_alarm_is_confirmed_as_a_fire() -> None:
    alarm = AlarmFactory(kind="fault", condition="fault", priority=4)
    with pytest.raises(OnlyForFire):
        services.confirm_fire(alarm.ref, actor=OPERATOR)


def test_a_confirmed_fire_is_first_class_and_can_be_withdrawn_with_its_trace() -> None:
    alarm = AlarmFactory()
    confirmed = services.confirm_fire(alarm.ref, actor=OPERATOR)
    assert (confirmed.priority, confirmed.forwarded_at is not None) == (1, True)
    services.withdraw(alarm.ref, reason="现场为蒸汽", actor=OPERATOR)
    assert [n.act for n in alarm.notes.order_by("id")] == ["confirm", "withdraw"]


def test_a_hazard_comes_of_a_fault_or_of_repeated_false_alarms(device) -> None:
    alarm = AlarmFactory(device=device, component_key="1.1.42.1", unit=device.unit)
    services.judge_false(alarm.ref, cause=FalseCause.DUST, actor=OPERATOR)
    with pytest.raises(NothingToRaise):
        services.raise_hazard(alarm.ref, actor=OPERATOR)
    for _ in range(2):
        other = AlarmFactory(device=device, component_key="1.1.42.1", unit=device.unit)
        services.judge_false(other.ref, cause=FalseCause.DUST, actor=OPERATOR)
    hazard = services.raise_hazard(alarm.ref, actor=OPERATOR)
    assert Alarm.objects.get(pk=alarm.pk).hazard_ref == hazard.ref
    with pytest.raises(Conflict):
        services.raise_hazard(alarm.ref, actor=OPERATOR)


def test_a_real_fault_becomes_a_hazard_at_once(device) -> None:
    alarm = AlarmFactory(kind="fault", condition="fault", priority=4, device=device, unit=device.unit)
    services.judge_fault(alarm.ref, actor=OPERATOR)
    assert services.raise_hazard(alarm.ref, actor=OPERATOR).ref.startswith("YH-445281-")


def test_nobody_took_it_so_the_clock_calls_once() -> None:
    AlarmFactory(raised_at=timezone.now() - timedelta(seconds=31))
    AlarmFactory(raised_at=timezone.now() - timedelta(seconds=5))
    assert (jobs.escalate_untaken(), jobs.escalate_untaken()) == (1, 0)


def test_the_queue_is_by_class_then_untaken_then_age() -> None:
    now = timezone.now()
    old = AlarmFactory(raised_at=now - timedelta(minutes=9))
    taken = AlarmFactory(raised_at=now - timedelta(minutes=20), state=AlarmState.TAKEN)
    fault = AlarmFactory(kind="fault", condition="fault", priority=4, raised_at=now - timedelta(hours=1))
    presumed = AlarmFactory(priority=1)
    assert [a.ref for a in selectors.queue(OPERATOR)] == [presumed.ref, old.ref, taken.ref, fault.ref]


def test_a_seat_is_taken_with_open_eyes_and_ears() -> None:
    alarm = AlarmFactory()
    with pytest.raises(SoundNotTested):
        services.start_shift(seat="02", read_refs=[alarm.ref], sound_tested=False, actor=OPERATOR)
    with pytest.raises(UrgentNotRead):
        services.start_shift(seat="02", read_refs=[], sound_tested=True, actor=OPERATOR)
    services.start_shift(seat="02", read_refs=[alarm.ref], sound_tested=True, actor=OPERATOR)
    services.end_shift(note="留意三楼", actor=OPERATOR)
    other = actor("alarm_operator", "445281")
    services.start_shift(seat="02", read_refs=[alarm.ref], sound_tested=True, actor=other)
    assert services.last_note("445281", "02").note == "留意三楼"
    assert Shift.objects.filter(ended_at=None).count() == 1
