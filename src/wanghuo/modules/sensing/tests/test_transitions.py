"""Transitions: one judgement in two writings, each told once, outages and duties that follow from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import Invalid
from wanghuo.engines import supervision as engine
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.modules.sensing import outages, panel, services, supervision, transitions
from wanghuo.modules.sensing.models import Device, DeviceDay, IngestPosition, Outage
from wanghuo.modules.sensing.states import DeviceState, Facts, decide
from wanghuo.modules.sensing.testing import DeviceFactory

BOSS = actor("alarm_supervisor", "445281")
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
S = 1_000_000


def heard(seconds_ago: float, state: str = "ok", **known) -> Device:
    return DeviceFactory(state=state, last_seen_at=NOW - timedelta(seconds=seconds_ago), **known)


def read_through(at: datetime = NOW, since: datetime | None = None) -> None:
    IngestPosition.objects.update_or_create(pk=1, defaults={"through_at": at, "listening_since": since})


def state_of(device: Device) -> str:
    return Device.objects.values_list("state", flat=True).get(pk=device.pk)


@given(
    st.booleans(),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 400)),
    st.integers(1, 100),
    st.one_of(st.just(0), st.integers(100, 300)),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.sampled_from(["", *engine.CODES[:7]]),
)
def test_the_scalar_and_the_vector_judgement_are_one(retired, maintained, silent, beat, window, flags, was) -> None:
    facts = Facts(
        retired=retired,
        maintenance=maintained,
        silent_s=silent,
        heartbeat_s=beat,
        faulty=flags[0],
        standby_low=flags[1],
        muted=flags[2],
        window_s=window,
        was=was,
    )
    offline = window or 3 * beat
    at = 1000 * S
    fleet = engine.Fleet.new([round(offline * 2 / 3 * S)], [offline * S])
    fleet.heard_us[0] = engine.NEVER if silent is None else at - silent * S
    fleet.retired[0], fleet.faulty[0], fleet.low[0] = retired, flags[0], flags[1]
    fleet.muted_until_us[0] = at + 1 if flags[2] else at
    fleet.maintenance_from_us[0] = at if maintained else at + 1
    before = np.array([engine.CODES.index(was)], np.uint8) if was else None
    assert engine.CODES[engine.decide(fleet, at, engine.NEVER, before)[0]] == decide(facts)


@pytest.mark.django_db
def test_a_transition_is_told_once_whoever_notices_it() -> None:
    gone = heard(100)
    read_through()
    assert transitions.settle([gone.pk], at=NOW, since=None) == 1
    assert transitions.settle([gone.pk], at=NOW, since=None) == supervision.judge_silence() == 0
    assert OutboxEvent.objects.filter(kind="sensing.device_offline").count() == 1
    back = NOW + timedelta(seconds=7)
    assert transitions.settle([gone.pk], at=back, since=None, heard={gone.pk: back}) == 1
    assert transitions.settle([gone.pk], at=back, since=None, heard={gone.pk: back}) == 0
    assert OutboxEvent.objects.filter(kind="sensing.device_online").count() == 1
    (outage,) = Outage.objects.all()
    assert (outage.kind, outage.since, outage.ended_at) == ("offline", gone.last_seen_at, back)


@pytest.mark.django_db
def test_a_daily_device_is_off_line_within_a_minute_of_its_window() -> None:
    hydrant = heard(0, profile="hydrant_mpa")  # its window is 24 h
    read_through()
    supervision.judge_silence()
    for minutes, state in ((16 * 60, "ok"), (16 * 60 + 1, "late"), (24 * 60, "late"), (24 * 60 + 1, "offline")):
        read_through(NOW + timedelta(minutes=minutes))
        supervision.judge_silence()
        assert state_of(hydrant) == state


@pytest.mark.django_db
def test_devices_in_order_are_not_looked_at_again_before_their_window(django_assert_num_queries) -> None:
    for _ in range(3):
        heard(0)
    read_through()
    supervision.judge_silence()
    with django_assert_num_queries(2):  # the position, and that nobody is due
        assert supervision.judge_silence() == 0


@pytest.mark.django_db
def test_our_outage_makes_nobody_silent_and_mends_nobody() -> None:
    gone, fine = heard(100), heard(10)
    read_through(since=NOW - timedelta(hours=1))
    supervision.judge_silence()
    after = NOW + timedelta(hours=2)
    position = IngestPosition.objects.get()
    supervision.report(position, after)
    position.save()
    Device.objects.update(muted_until=NOW)  # something else is looked at meanwhile
    supervision.judge_silence()
    assert (state_of(gone), state_of(fine)) == ("offline", "ok")
    read_through(after + timedelta(seconds=91), since=after)
    supervision.judge_silence()
    assert state_of(fine) == "offline"


@pytest.mark.django_db
def test_a_clock_put_back_leaves_no_device_alive_in_the_future() -> None:
    device = heard(-3600)  # stamped while the clock was an hour ahead
    read_through(NOW + timedelta(hours=1), since=NOW - timedelta(hours=1))
    supervision.judge_silence()
    position = IngestPosition.objects.get()
    supervision.report(position, NOW)
    position.save()
    assert (position.through_at, position.listening_since) == (NOW, NOW)
    device.refresh_from_db()
    assert device.last_seen_at == NOW
    for seconds, state in ((60, "ok"), (61, "late"), (91, "offline")):
        read_through(NOW + timedelta(seconds=seconds), since=NOW)
        supervision.judge_silence()
        assert state_of(device) == state


@pytest.mark.django_db
def test_a_jump_between_two_frames_of_a_chunk_makes_the_first_silent_for_nobody() -> None:
    one, two = heard(70, state="late"), heard(70, state="late")
    stamps = {one.pk: NOW, two.pk: NOW + timedelta(hours=1)}
    transitions.settle(stamps, at=max(stamps.values()), since=None, heard=stamps)
    assert (state_of(one), state_of(two)) == ("ok", "ok")


@pytest.mark.django_db
def test_what_ingest_has_read_and_not_stored_yet_is_not_held_against_a_device() -> None:
    device = heard(100)
    read_through()
    IngestPosition.objects.update(heard_through_at=NOW - timedelta(seconds=60))
    supervision.judge_silence()
    assert state_of(device) == "ok"


@pytest.mark.django_db
def test_a_mute_and_a_maintenance_end_by_themselves() -> None:
    muted = heard(0, profile="wireless", muted_until=NOW + timedelta(hours=1))
    kept = heard(
        0,
        profile="wireless",
        maintenance_from=NOW + timedelta(hours=1),
        maintenance_until=NOW + timedelta(hours=2),
    )
    for hours, states in ((0, ("muted", "ok")), (1, ("ok", "maintenance")), (2, ("ok", "ok"))):
        read_through(NOW + timedelta(hours=hours))
        supervision.judge_silence()
        assert (state_of(muted), state_of(kept)) == states


@pytest.mark.django_db
def test_an_outage_that_lasts_becomes_a_duty_and_ends_with_it() -> None:
    gone = heard(100, maker="海安", installer="宏达消防")
    read_through()
    supervision.judge_silence()
    assert outages.ask_to_mend(NOW + timedelta(hours=1)) == 0, "most come back by themselves"
    assert outages.ask_to_mend(NOW + timedelta(hours=2)) == 1
    assert outages.ask_to_mend(NOW + timedelta(hours=2)) == 0
    (duty,), (clock,) = Duty.objects.all(), Clock.objects.all()
    assert (duty.right, duty.at_level, duty.subject_ref) == ("sensing.mend", "unit", gone.ref)
    assert clock.due_at == Outage.objects.get().due_at == NOW + timedelta(hours=72)
    back = NOW + timedelta(hours=10)
    transitions.settle([gone.pk], at=back, since=None, heard={gone.pk: back})
    duty.refresh_from_db()
    clock.refresh_from_db()
    assert duty.closed_at
    assert clock.outcome
    day = DeviceDay.objects.get()
    assert (day.maker, day.installer, day.mended, day.mend_s) == ("海安", "宏达消防", 1, 36_100)


@pytest.mark.django_db
def test_a_fault_is_an_outage_of_its_own() -> None:
    device = heard(0)
    read_through()
    Device.objects.update(faulty=True)
    transitions.settle_now([device.pk])
    assert state_of(device) == DeviceState.FAULT
    later = NOW + timedelta(seconds=100)
    transitions.settle([device.pk], at=later, since=None)
    assert sorted(Outage.objects.filter(ended_at=None).values_list("kind", flat=True)) == ["fault", "offline"]
    transitions.settle([device.pk], at=later, since=None, heard={device.pk: later})
    assert list(Outage.objects.filter(ended_at=None).values_list("kind", flat=True)) == ["fault"]


@pytest.mark.django_db
def test_a_device_that_was_never_heard_is_down_since_it_was_registered() -> None:
    device = DeviceFactory()
    read_through()
    supervision.judge_silence()
    supervision.judge_silence()
    (outage,) = Outage.objects.all()
    assert (outage.kind, outage.since) == ("offline", device.registered_at)
    assert not OutboxEvent.objects.filter(kind="sensing.device_offline").exists(), (
        "it did not go off line, it never came"
    )


@pytest.mark.django_db
def test_the_end_of_a_maintenance_says_what_is_so_and_a_return_waits_for_a_frame() -> None:
    fine, gone = heard(0), heard(100)
    read_through()
    supervision.judge_silence()
    for device, after in ((fine, "ok"), (gone, "offline")):
        services.move_device(ref=device.ref, move="maintain", reason="年检", actor=BOSS)
        assert state_of(device) == "maintenance"
        assert services.move_device(ref=device.ref, move="resume", reason="完成", actor=BOSS).state == after
    services.move_device(ref=fine.ref, move="retire", reason="拆除", actor=BOSS)
    assert services.move_device(ref=fine.ref, move="return", reason="装回", actor=BOSS).state == "offline"
    assert Outage.objects.filter(device=fine, ended_at=None).count() == 1


@pytest.mark.django_db
def test_a_maintenance_with_an_end_ends_at_it() -> None:
    device, now = heard(0, profile="wireless"), timezone.now()
    Device.objects.update(last_seen_at=now)
    read_through(now)
    until = now + timedelta(hours=4)
    assert services.move_device(ref=device.ref, move="maintain", reason="施工", actor=BOSS, until=until).state == (
        "maintenance"
    )
    read_through(until)
    supervision.judge_silence()
    assert state_of(device) == "ok"
    with pytest.raises(Invalid, match="90"):
        services.move_device(
            ref=device.ref, move="maintain", reason="施工", actor=BOSS, until=now + timedelta(days=200)
        )


@pytest.mark.django_db
def test_a_retired_device_asks_nothing_of_anybody() -> None:
    gone = heard(100)
    read_through()
    supervision.judge_silence()
    outages.ask_to_mend(NOW + timedelta(hours=3))
    services.move_device(ref=gone.ref, move="retire", reason="拆除", actor=BOSS)
    assert not Duty.objects.filter(closed_at=None).exists()
    assert Clock.objects.get().outcome == "void"
    assert not DeviceDay.objects.exists(), "a device that was taken away was not mended"


@pytest.mark.django_db
def test_a_mass_silence_takes_the_same_few_statements_for_any_number(django_assert_num_queries) -> None:
    def fall_silent(count: int) -> None:
        ids = [heard(100).pk for _ in range(count)]
        with django_assert_num_queries(7):
            assert transitions.settle(ids, at=NOW, since=None) == count
        OutboxEvent.objects.all().delete()

    for count in (transitions.TOGETHER + 1, 2 * transitions.TOGETHER):
        fall_silent(count)
    assert Outage.objects.count() == 3 * transitions.TOGETHER + 1


@pytest.mark.django_db
def test_devices_that_go_off_line_together_are_told_together() -> None:
    ids = {heard(100).pk for _ in range(transitions.TOGETHER + 1)}
    read_through()
    assert supervision.judge_silence() == len(ids)
    told = OutboxEvent.objects.values_list("kind", "payload")
    assert [kind for kind, _ in told] == ["sensing.devices_offline"] * 2
    assert {UUID(id) for _, payload in told for id in payload["device_ids"]} == ids
    for outage in Outage.objects.select_related("device"):
        assert (outage.kind, outage.since, outage.found_at) == ("offline", outage.device.last_seen_at, NOW)
        assert outage.town_code == outage.device.town_code


@pytest.mark.django_db
def test_those_that_go_off_line_beside_others_keep_their_own_moments() -> None:
    """One statement writes all of a chunk, whatever each of them comes to."""
    gone, late = [heard(100) for _ in range(3)], [heard(70 + n) for n in range(3)]
    fine, broken = heard(5), heard(5, faulty=True)
    ids = [d.pk for d in (*gone, *late, fine, broken)]
    assert transitions.settle(ids, at=NOW, since=None) == 7
    checks = dict(Device.objects.values_list("pk", "check_at"))
    assert [checks[d.pk] for d in gone] == [None] * 3
    window = timedelta(seconds=90, microseconds=1)
    assert [checks[d.pk] for d in late] == [d.last_seen_at + window for d in late]
    assert checks[fine.pk] == fine.last_seen_at + timedelta(seconds=60, microseconds=1)
    found = {(row.device_id, row.kind, row.since) for row in Outage.objects.all()}
    assert found == {(d.pk, "offline", d.last_seen_at) for d in gone} | {(broken.pk, "fault", NOW)}
    assert transitions.settle(ids, at=NOW, since=None) == 0


@pytest.mark.django_db
def test_the_page_of_a_device_says_when_it_was_off_line() -> None:
    device = heard(100)
    transitions.settle([device.pk], at=NOW, since=None)
    back = NOW + timedelta(minutes=7)
    transitions.settle([device.pk], at=back, since=None, heard={device.pk: back})
    told = panel.gone(device.outages.all())
    assert [(each.received_at, each.words.en) for each in told] == [(NOW, "off line"), (back, "on line again")]


@pytest.mark.django_db
def test_judging_stops_when_its_time_is_over_and_goes_on_later(monkeypatch) -> None:
    monkeypatch.setattr(transitions, "CHUNK", 2)
    for _ in range(5):
        heard(100)
    read_through()
    times = iter([0.0, 0.0, 5.0, 11.0])
    monkeypatch.setattr(supervision, "time", SimpleNamespace(monotonic=lambda: next(times)))
    assert supervision.judge_silence(10.0) == 4
    monkeypatch.undo()
    assert supervision.judge_silence() == 1
