"""From frames in the journal to states, events and signals: once each, whatever happens in between."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, transaction

from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.modules.sensing import store
from wanghuo.modules.sensing.ingest import Ingest
from wanghuo.modules.sensing.models import (
    Component,
    Device,
    GatewayCounter,
    QuarantinedDevice,
    Reading,
    SensorEvent,
)
from wanghuo.modules.sensing.replay import replay
from wanghuo.modules.sensing.testing import (
    FAULT,
    FIRE,
    NORMAL,
    DeviceFactory,
    fill,
    note,
    state_frame,
    take_in,
    unit_frame,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.sqlite3"


def told(kind: str) -> list[dict]:
    return [row.payload for row in OutboxEvent.objects.filter(kind=f"sensing.{kind}").order_by("id")]


def test_a_fire_word_raises_one_signal_with_its_place(journal) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, FIRE, text="一层大厅手报", kind=23, loop=2, point=7)])
    take_in(journal)
    (signal,) = told("signal_raised")
    assert signal["condition"] == "fire"
    assert (signal["component_type"], signal["component_address"]) == (23, 458754)
    assert (signal["location"], signal["floor"]) == ("一层大厅手报", "1F")
    assert signal["unit_id"] == str(device.unit_id)
    assert signal["component_key"] == "1.1.23.458754"
    assert not signal["stale"]
    assert not signal["test"]
    event = SensorEvent.objects.get(what="raised")
    assert str(event.id) == signal["signal_id"]
    device.refresh_from_db()
    assert device.last_seen_at is not None
    assert device.state == "ok"


def test_a_level_that_stays_is_no_new_event_and_one_that_goes_is_cleared(journal) -> None:
    device = DeviceFactory()
    words = [NORMAL, FIRE, FIRE, FIRE | FAULT, FAULT, NORMAL]
    fill(journal, [state_frame(device.source, word, serial=n) for n, word in enumerate(words)])
    take_in(journal)
    assert [s["condition"] for s in told("signal_raised")] == ["fire", "fault"]
    assert [s["condition"] for s in told("signal_cleared")] == ["fire", "fault"]
    assert told("signal_cleared")[0]["signal_id"] == told("signal_raised")[0]["signal_id"]
    assert Component.objects.get().active == {}


def test_a_retransmission_is_not_raised_again_also_across_a_restart(journal) -> None:
    device = DeviceFactory()
    at = datetime.now(UTC)
    fire = state_frame(device.source, FIRE, serial=7, at=at)
    clear = state_frame(device.source, NORMAL, serial=8, at=at)
    fill(journal, [fire, clear])
    take_in(journal)
    fill(journal, [fire])  # its confirm was lost
    take_in(journal)
    assert len(told("signal_raised")) == 1
    assert GatewayCounter.objects.get(kind="duplicates").total == 1


def test_the_same_serial_with_another_content_is_a_new_event(journal) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, FIRE, point=1), state_frame(device.source, FIRE, point=2)])
    take_in(journal)
    assert len(told("signal_raised")) == 2


def test_the_same_after_40_seconds_is_a_new_event(journal) -> None:
    device = DeviceFactory()
    at = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    start = int(at.timestamp() * 1e6)
    fire, clear = state_frame(device.source, FIRE, at=at), state_frame(device.source, NORMAL, serial=1, at=at)
    for offset, frame in ((0, fire), (1, clear), (42, fire)):
        fill(journal, [frame], received_us=start + offset * 1_000_000)
    take_in(journal)
    assert len(told("signal_raised")) == 2


def test_an_unknown_device_waits_in_quarantine_and_acts_once_registered(journal) -> None:
    source = "e90300000000"
    fill(journal, [state_frame(source, FIRE), state_frame(source, FIRE, serial=1)])
    ingest = take_in(journal)
    row = QuarantinedDevice.objects.get()
    assert (row.source, row.frames) == (source, 2)
    assert told("signal_raised") == []
    DeviceFactory(source=source)
    fill(journal, [state_frame(source, FIRE, serial=2)])
    ingest.catch_up()
    assert len(told("signal_raised")) == 1


def test_readings_keep_the_latest_scaled_value(journal) -> None:
    device = DeviceFactory(profile="hydrant_mpa")
    label = bytes((5, 30, 10, 21, 11, 26))
    units = [bytes((3, 1, 11, 1, 99, 2, 0, 0, 0, 4)) + raw.to_bytes(2, "little") + label for raw in (350, 320)]
    fill(journal, [unit_frame(device.source, unit, serial=n) for n, unit in enumerate(units)])
    take_in(journal)
    reading = Reading.objects.get()
    assert (reading.raw, reading.value, reading.unit, reading.in_range) == (320, pytest.approx(0.32), "MPa", True)
    fill(journal, [unit_frame(device.source, units[0], serial=9)])
    take_in(journal)
    assert Reading.objects.get().raw == 350


def test_a_system_reset_clears_what_its_components_latched(journal) -> None:
    device = DeviceFactory()
    reset = bytes((4, 1, 1, 1, 0b1, 3)) + bytes((0, 30, 10, 21, 11, 26))
    fill(journal, [state_frame(device.source, FIRE), unit_frame(device.source, reset, serial=2)])
    take_in(journal)
    (cleared,) = told("signal_cleared")
    assert (cleared["condition"], cleared["why"]) == ("fire", "reset")


def test_a_manual_alarm_at_the_device_is_a_fire_until_it_is_cleared(journal) -> None:
    device = DeviceFactory()
    pressed, over = (bytes((24, 1, bits, 7)) + bytes((0, 30, 10, 21, 11, 26)) for bits in (0b100, 0b1000))
    fill(journal, [unit_frame(device.source, pressed), unit_frame(device.source, over, serial=1)])
    take_in(journal)
    assert [s["component_key"] for s in told("signal_raised")] == ["uitd"]
    assert len(told("signal_cleared")) == 1


def test_a_replayed_recording_is_kept_and_marked_stale(journal) -> None:
    device = DeviceFactory()
    now = datetime.now(UTC)
    fill(journal, [unit_frame(device.source, b"", at=now)])
    ingest = take_in(journal)
    fill(journal, [state_frame(device.source, FIRE, serial=1, at=now - timedelta(hours=3))])
    ingest.catch_up()
    (signal,) = told("signal_raised")
    assert signal["stale"]


def test_a_clock_that_is_always_wrong_is_learned_and_not_stale(journal) -> None:
    device = DeviceFactory()
    wrong = datetime.now(UTC) - timedelta(days=400)
    fill(journal, [unit_frame(device.source, b"", at=wrong), state_frame(device.source, FIRE, serial=1, at=wrong)])
    take_in(journal)
    (signal,) = told("signal_raised")
    assert not signal["stale"]
    assert abs(datetime.fromisoformat(signal["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_maintenance_marks_signals_as_test_and_muting_keeps_faults_but_never_fires(journal) -> None:
    away = DeviceFactory(state="maintenance")
    muted = DeviceFactory(muted_until=datetime.now(UTC) + timedelta(hours=1))
    fill(journal, [state_frame(away.source, FIRE), state_frame(muted.source, FIRE | FAULT)])
    take_in(journal)
    assert sorted((s["device_ref"], s["condition"], s["test"]) for s in told("signal_raised")) == sorted(
        [(away.ref, "fire", True), (muted.ref, "fire", False)]
    )
    assert SensorEvent.objects.filter(device=muted, condition="fault").exists()


def test_notes_become_counters_and_events(journal) -> None:
    device = DeviceFactory()
    report = {
        "what": "report",
        "started_us": 1,
        "links": 3,
        "counters": {"frames": 5, "bad_checksum": 2},
        "stopped": False,
    }
    note(journal, json.dumps(report).encode())
    note(journal, json.dumps(report).encode())
    note(journal, json.dumps({"what": "duplicate_source", "source": device.source, "peers": ["a", "b"]}).encode())
    note(journal, b"not json")
    take_in(journal)
    assert GatewayCounter.objects.get(kind="bad_checksum").total == 4
    assert [s["condition"] for s in told("signal_raised")] == ["duplicate_source"]


def test_a_crash_between_events_and_readings_repeats_no_event_and_loses_no_reading(journal) -> None:
    device = DeviceFactory()
    unit = bytes((3, 1, 11, 1, 99, 2, 0, 0, 0, 5)) + (4512).to_bytes(2, "little") + bytes(6)
    fill(journal, [unit_frame(device.source, unit), state_frame(device.source, FIRE, serial=1)])
    ingest = Ingest(journal)
    ingest.step()  # and then it dies: nothing was flushed
    assert len(told("signal_raised")) == 1
    assert not Reading.objects.exists()
    take_in(journal)
    assert len(told("signal_raised")) == 1
    assert Reading.objects.get().value == pytest.approx(451.2)


def test_a_database_that_is_away_for_a_while_costs_nothing(journal, monkeypatch) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, FIRE)])
    ingest = Ingest(journal)
    real, failures = ingest.recorder._emit, iter([OperationalError("away"), OperationalError("away")])

    def fail_twice(changes):
        if error := next(failures, None):
            raise error
        real(changes)

    monkeypatch.setattr(ingest.recorder, "_emit", fail_twice)
    monkeypatch.setattr("wanghuo.modules.sensing.ingest.time.sleep", lambda _: None)
    with transaction.atomic():
        ingest.catch_up()
    assert len(told("signal_raised")) == 1
    assert Component.objects.get().active.keys() == {"fire"}


def test_device_faults_and_standby_supply_show_in_its_state(journal) -> None:
    device = DeviceFactory()
    for serial, (word, state) in enumerate([(0b1, "ok"), (0b1_0001, "low_battery"), (0b1_0101, "fault"), (0b1, "ok")]):
        fill(journal, [unit_frame(device.source, bytes((21, 1, word)) + bytes(6), serial=serial)])
        take_in(journal)
        assert Device.objects.get().state == state


def test_replay_gives_the_same_state_and_puts_a_changed_table_right(journal) -> None:
    devices = [DeviceFactory() for _ in range(3)]
    words = [NORMAL, FIRE, FAULT, FIRE | FAULT]
    frames = [state_frame(d.source, w, serial=n, point=n % 2) for n, w in enumerate(words) for d in devices]
    fill(journal, frames)
    take_in(journal)
    assert replay(journal).different == 0
    Component.objects.filter(device=devices[0]).update(word=0x40)
    assert replay(journal, write=True).different == 2
    assert replay(journal).different == 0
    assert len(told("signal_raised")) == 9


def test_positions_and_effects_move_together(journal) -> None:
    device = DeviceFactory()
    batch = fill(journal, [state_frame(device.source, FIRE)])
    take_in(journal)
    position = store.position()
    assert (position.events_through, position.state_through) == (batch, batch)


def test_an_ingest_that_was_taken_over_writes_nothing_more(journal) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, 2)])
    first = Ingest(journal)
    first.step()
    second = Ingest(journal)
    second.catch_up()
    fill(journal, [state_frame(device.source, 0, serial=1)])
    with pytest.raises(store.Superseded):
        first.catch_up()
    second.catch_up()
    assert SensorEvent.objects.filter(what="raised").count() == 1
    assert SensorEvent.objects.filter(what="cleared").count() == 1


def test_a_fire_waits_for_no_page_of_the_register(journal, monkeypatch) -> None:
    monkeypatch.setattr(store, "LOAD_PAGE", 2)
    devices = [DeviceFactory() for _ in range(5)]
    fill(journal, [state_frame(devices[-1].source, FIRE), state_frame("ff" * 6, FIRE)])
    ingest = Ingest(journal)
    ingest.step()
    assert [s["device_ref"] for s in told("signal_raised")] == [devices[-1].ref]
    assert list(ingest.devices.slots) == [bytes.fromhex(devices[-1].source)], "nobody else was needed"
    ingest.load()
    assert len(ingest.devices) == 3
    late = DeviceFactory()
    fill(journal, [state_frame(late.source, FIRE), state_frame(devices[0].source, FIRE)])
    ingest.catch_up()
    assert {s["device_ref"] for s in told("signal_raised")} == {devices[-1].ref, devices[0].ref, late.ref}
    assert len(ingest.devices) == 6
    assert [row.source for row in QuarantinedDevice.objects.all()] == ["ff" * 6]
    assert Device.objects.filter(slot=None).count() == 0


def test_what_is_learned_of_a_device_outlives_its_page_of_the_register(journal, monkeypatch) -> None:
    monkeypatch.setattr(store, "LOAD_PAGE", 1)
    device, _ = DeviceFactory(), DeviceFactory()
    wrong = datetime.now(UTC) - timedelta(days=400)
    fill(journal, [unit_frame(device.source, b"", at=wrong)])
    ingest = Ingest(journal)
    ingest.step()
    learned = ingest.devices[bytes.fromhex(device.source)].offset_s
    while ingest._loading:
        ingest.load()
    assert learned
    assert ingest.devices[bytes.fromhex(device.source)].offset_s == learned
