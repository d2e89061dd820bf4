"""Silence, its judgement, and what our own outage must not be taken for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from wanghuo.base import ids
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.indicators import Period
from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.modules.places.testing import UnitFactory
from wanghuo.modules.sensing import commands, indicators, store, supervision
from wanghuo.modules.sensing.gateway_side import RegisterChanges
from wanghuo.modules.sensing.models import Command, Device, DeviceDay, IngestPosition
from wanghuo.modules.sensing.states import DeviceState, Facts, decide, silence_s
from wanghuo.modules.sensing.testing import DeviceFactory, fill, take_in, unit_frame

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def heard(seconds_ago: float, **known) -> Device:
    return DeviceFactory(state="ok", last_seen_at=NOW - timedelta(seconds=seconds_ago), **known)


def read_through(at: datetime = NOW, since: datetime | None = None) -> None:
    IngestPosition.objects.update_or_create(pk=1, defaults={"through_at": at, "listening_since": since})


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({"retired": True, "maintenance": True}, "retired"),
        ({"maintenance": True, "silent_s": None}, "maintenance"),
        ({"silent_s": None}, "offline"),
        ({"silent_s": 91}, "offline"),
        ({"silent_s": 61, "faulty": True}, "late"),
        ({"faulty": True, "standby_low": True}, "fault"),
        ({"standby_low": True, "muted": True}, "low_battery"),
        ({"muted": True}, "muted"),
        ({}, "ok"),
    ],
)
def test_one_function_decides(known, state) -> None:
    facts = {"retired": False, "maintenance": False, "silent_s": 0.0, "heartbeat_s": 30.0} | known
    assert decide(Facts(**facts)) == state


def test_our_own_outage_is_not_the_devices_silence() -> None:
    last, since = NOW - timedelta(hours=2), NOW - timedelta(seconds=10)
    assert silence_s(last, NOW, since) == 10
    assert silence_s(last, NOW, None) == 7200
    assert silence_s(None, NOW, since) is None


@pytest.mark.django_db
def test_silent_devices_become_late_then_offline_by_their_own_heartbeat() -> None:
    ok, late, gone = heard(50), heard(70), heard(100)
    patient = heard(100, profile="polled_2h")
    read_through()
    assert supervision.judge_silence() == 2
    states = dict(Device.objects.values_list("pk", "state"))
    assert [states[d.pk] for d in (ok, late, gone, patient)] == ["ok", "late", "offline", "ok"]
    (event,) = OutboxEvent.objects.filter(kind="sensing.device_offline")
    assert event.payload["device_ref"] == gone.ref
    assert supervision.judge_silence() == 0


@pytest.mark.django_db
def test_nobody_is_called_silent_while_the_platform_did_not_listen() -> None:
    heard(600)
    read_through(since=NOW - timedelta(seconds=20))
    assert supervision.judge_silence() == 0
    read_through(at=NOW - timedelta(seconds=590))  # ingest is behind
    assert supervision.judge_silence() == 0


@pytest.mark.django_db
def test_a_device_heard_again_is_online(tmp_path) -> None:
    device = DeviceFactory(state=DeviceState.OFFLINE)
    fill(tmp_path / "j", [unit_frame(device.source, b"")])
    take_in(tmp_path / "j")
    device.refresh_from_db()
    assert device.state == "ok"
    assert OutboxEvent.objects.filter(kind="sensing.device_online").count() == 1


@pytest.mark.django_db
def test_the_online_rate_is_the_mean_of_hourly_looks_and_misses_our_outages() -> None:
    now = datetime.now(UTC)
    town = DeviceFactory(state="ok").region_code
    DeviceFactory(state="offline")
    DeviceFactory(state="retired")
    assert indicators.online_now()[town].num == 1
    read_through(at=now - timedelta(minutes=10))
    assert supervision.look(now) == 0, "ingest stands still: nothing was seen"
    read_through(at=now)
    assert supervision.look(now) == 1
    assert supervision.look(now) == 0, "one look an hour"
    assert (DeviceDay.objects.get().reporting, DeviceDay.objects.get().expected) == (1, 2)
    period = Period.parse(f"{now:%Y}", now.date())
    assert (indicators.online_counts(period)[town].num, indicators.online_counts(period)[town].den) == (1, 2)


@pytest.mark.django_db
def test_the_networking_rate_counts_units_that_must_connect() -> None:
    connected, waiting = UnitFactory(has_control_room=True), UnitFactory(has_control_room=True)
    UnitFactory(has_control_room=False)
    DeviceFactory(unit=connected)
    DeviceFactory(unit=waiting, state="retired")
    now = datetime.now(UTC) + timedelta(days=1)
    (part,) = indicators.networking_counts(Period.parse(f"{now:%Y}", now.date())).values()
    assert (part.num, part.den) == (1, 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "state"), [((3, 24), "answered"), ((3,), "expired"), ((6,), "denied"), ((), "expired")]
)
def test_a_duty_check_ends_as_the_device_answers(tmp_path, answers, state) -> None:
    device, at = DeviceFactory(state="ok"), datetime.now(UTC)
    command = Command.objects.create(
        device=device,
        act="duty_check",
        serial=5,
        command_byte=1,
        unit_hex="5b0105",
        minutes=5,
        reason="夜间抽查",
        asked_at=at,
        expires_at=at + timedelta(minutes=6),
        state="sent",
    )
    for serial, answer in enumerate(answers):
        reply = bytes((24, 1, 0b100000, 7)) + bytes(6)
        frame = unit_frame(device.source, reply, serial=90 + serial) if answer == 24 else None
        fill(tmp_path / "j", [frame or unit_frame(device.source, b"", serial=5, command=answer)])
        take_in(tmp_path / "j")
    commands.expire(at + timedelta(minutes=7))
    command.refresh_from_db()
    assert command.state == state
    told = OutboxEvent.objects.filter(kind="sensing.duty_unanswered").count()
    assert told == (state == "expired")
    replies = OutboxEvent.objects.filter(kind="sensing.duty_reply")
    assert [row.payload["command_id"] for row in replies] == ([str(command.id)] if state == "answered" else [])


@pytest.mark.django_db
def test_position_is_made_once() -> None:
    assert store.position().pk == store.position().pk == 1


@pytest.mark.django_db
def test_a_command_asked_while_the_clock_was_ahead_ends_and_hinders_no_other(monkeypatch) -> None:
    monkeypatch.setattr(ids, "_last_ms", ids._last_ms)  # later ones of this process would stay ahead
    device, actor, ahead = DeviceFactory(state="ok"), system_actor("test"), datetime.now(UTC) + timedelta(days=3660)
    known = {"ref": device.ref, "act": "clock_sync", "reason": "核对时间", "actor": actor}
    with time_machine.travel(ahead, tick=False):
        early = commands.send_command(**known)
    with pytest.raises(commands.CommandTooSoon), time_machine.travel(ahead, tick=False):
        commands.send_command(**known)
    late = commands.send_command(**known)
    assert commands.expire(datetime.now(UTC)) == 1
    states = dict(Command.objects.values_list("id", "state"))
    assert (states[early], states[late]) == ("expired", "queued")


@pytest.mark.django_db
def test_a_device_changed_after_the_clock_was_put_back_is_read() -> None:
    changes, ahead = RegisterChanges(), datetime.now(UTC) + timedelta(days=3660)
    with time_machine.travel(ahead, tick=False):
        assert not list(changes())
    device = DeviceFactory(state="ok")
    assert [row[0] for row in changes()] == [device.source]
