"""What cannot be taken in is kept, counted and shown, and stops nothing; fires overtake what takes longer."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from django.test import override_settings

from wanghuo.entrypoints.cli.main import main
from wanghuo.kernel.outbox.models import Delivery, OutboxEvent
from wanghuo.modules.sensing import dead, flusher, in_hand, public, store
from wanghuo.modules.sensing import ingest as ingest_module
from wanghuo.modules.sensing.fold import Fold
from wanghuo.modules.sensing.ingest import Ingest
from wanghuo.modules.sensing.models import Component, DeadFrame, Device, GatewayCounter, Reading, SensorEvent
from wanghuo.modules.sensing.own_connection import FireFirst
from wanghuo.modules.sensing.recorder import Recorder
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
    with override_settings(JOURNAL=tmp_path / "journal.sqlite3"):
        yield tmp_path / "journal.sqlite3"


def told(kind: str = "signal_raised") -> list[str]:
    rows = OutboxEvent.objects.filter(kind=f"sensing.{kind}").order_by("id")
    return [f"{row.payload['condition']} {row.payload['component_address'] >> 16}" for row in rows]


def poison(monkeypatch, owner, name: str, is_bad) -> None:
    """Let a function fail on what is bad, in a way nobody foresaw."""
    real = getattr(owner, name)

    def fail(self, *args, **known):
        if is_bad(*args):
            raise ZeroDivisionError("nobody foresaw this")
        return real(self, *args, **known)

    monkeypatch.setattr(owner, name, fail)


def test_a_frame_that_breaks_the_fold_is_kept_counted_and_shown_and_the_others_go_on(
    journal, monkeypatch, capsys
) -> None:
    device = DeviceFactory()
    frames = [state_frame(device.source, FIRE, point=n, serial=n) for n in (1, 2, 3)]
    batch = fill(journal, frames)
    poison(monkeypatch, Fold, "take", lambda *a: a[-1] == frames[1])
    take_in(journal)
    assert told() == ["fire 1", "fire 3"]
    dead = DeadFrame.objects.get()
    assert (dead.ref, dead.frame) == (f"{batch}:1", frames[1].hex())
    assert "nobody foresaw" in dead.error
    assert GatewayCounter.objects.get(kind="dead").total == 1
    assert any(dead.ref in problem.en for problem in public.gateway_health().problems)
    take_in(journal)  # what was read again after a start is no second one
    assert GatewayCounter.objects.get(kind="dead").total == 1

    assert main(["journal", "dead"]) == 1
    assert json.loads(capsys.readouterr().out)["hex"] == frames[1].hex()
    assert main(["journal", "dead", "--looked"]) == 0
    assert not any(dead.ref in problem.en for problem in public.gateway_health().problems)


def test_of_what_is_recorded_together_only_the_poisonous_one_fails(journal, monkeypatch) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, FAULT, point=n, serial=n) for n in (1, 2, 3)])
    fill(journal, [state_frame(device.source, FIRE, point=n, serial=n) for n in (4, 5, 6)])
    bad = lambda changes: any(c.part.key[3] >> 16 in (2, 5) for c in changes)  # noqa: E731
    poison(monkeypatch, Recorder, "_events", bad)
    take_in(journal)
    assert sorted(told()) == ["fault 1", "fault 3", "fire 4", "fire 6"]
    assert sorted(DeadFrame.objects.values_list("ref", flat=True)) == ["1:1", "2:1"]


def test_a_note_nobody_can_read_a_reading_and_a_time_that_cannot_be_stored_stop_nothing(journal, monkeypatch) -> None:
    good, bad = DeviceFactory(), DeviceFactory()
    note(journal, json.dumps({"what": "report", "started_us": 1}).encode())
    unit = bytes((3, 1, 11, 1, 99, 2, 0, 0, 0, 5)) + (4512).to_bytes(2, "little") + bytes(6)
    fill(journal, [unit_frame(device.source, unit) for device in (good, bad)])
    row = flusher._reading_row

    def fail(device, *args):
        if device.id == bad.id:
            raise ZeroDivisionError
        return row(device, *args)

    monkeypatch.setattr(flusher, "_reading_row", fail)
    take_in(journal)
    assert Reading.objects.get().component.device_id == good.id
    assert sorted(DeadFrame.objects.values_list("ref", flat=True)) == ["1:0", "2:1"]
    assert Device.objects.get(pk=bad.id).last_seen_at is not None


def test_a_damaged_batch_is_passed_over_and_told(journal) -> None:
    device = DeviceFactory()
    batches = [fill(journal, [state_frame(device.source, FIRE, point=n, serial=n)]) for n in (1, 2, 3)]
    with closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("UPDATE batch SET data = zeroblob(length(data)) WHERE id = ?", (batches[1],))
    take_in(journal)
    assert told() == ["fire 1", "fire 3"]
    assert DeadFrame.objects.get().ref == str(batches[1])
    assert store.position().events_through == batches[2]


def test_a_stretch_that_cannot_be_committed_is_buried_and_the_next_one_recorded(journal, monkeypatch) -> None:
    device = DeviceFactory()
    poison(monkeypatch, Recorder, "_record", lambda effects, through: through == 1)
    fill(journal, [state_frame(device.source, FAULT, point=1)])
    ingest = take_in(journal)
    fill(journal, [state_frame(device.source, FAULT, point=2, serial=1)])
    ingest.catch_up()
    assert told() == ["fault 2"]
    assert set(DeadFrame.objects.values_list("ref", flat=True)) == {"1:0", "1"}


def test_a_fire_overtakes_the_faults_that_were_reported_before_it(journal, monkeypatch) -> None:
    monkeypatch.setattr(ingest_module, "STRETCH_ROWS", 4)
    device = DeviceFactory()
    for n in range(6):
        fill(journal, [state_frame(device.source, FAULT, point=4 * n + m, serial=4 * n + m) for m in range(4)])
    fill(journal, [state_frame(device.source, FIRE, point=99, serial=99)])
    ingest = Ingest(journal)
    ingest.step()
    assert told() == ["fire 99"] + [f"fault {n}" for n in range(4)]
    assert ingest.behind
    assert not Delivery.objects.filter(urgent=True).exists()
    ingest.catch_up()
    assert len(told()) == 25


def test_what_waits_for_the_lock_gives_way_to_a_fire_and_is_recorded_after_it(journal, monkeypatch) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, FAULT, point=1)])
    ingest, real, tried = Ingest(journal), Recorder.record, []

    def record(self, effects, through):
        tried.append(through)
        if len(tried) == 1:  # another has the lock; the bell rings
            fill(journal, [state_frame(device.source, FIRE, point=2, serial=1)])
            raise FireFirst("a fire came first")
        real(self, effects, through)

    monkeypatch.setattr(Recorder, "record", record)
    ingest.step()
    assert told() == []
    assert ingest.behind
    ingest.step()
    assert told() == ["fire 2", "fault 1"]
    ingest.catch_up()
    assert tried == [1, 1, 2]
    assert told() == ["fire 2", "fault 1"]
    assert not DeadFrame.objects.exists()


def test_a_crash_between_a_fire_and_its_turn_tells_it_once_and_loses_nothing(journal, monkeypatch) -> None:
    monkeypatch.setattr(ingest_module, "STRETCH_ROWS", 1)
    device = DeviceFactory()
    words = [NORMAL, FAULT, FIRE | FAULT, FAULT, FIRE, NORMAL]
    for serial, word in enumerate(words):
        fill(journal, [state_frame(device.source, word, serial=serial)])
    ingest = Ingest(journal)
    ingest.step()  # and then it dies: the fires are told, of the rest only the first stretch is recorded
    assert store.position().events_through == 1
    assert Component.objects.get().active == {}
    assert told() == ["fire 1"] * 2
    take_in(journal)
    assert sorted(told()) == ["fault 1"] * 1 + ["fire 1"] * 2
    assert OutboxEvent.objects.filter(kind="sensing.signal_cleared").count() == 3
    assert SensorEvent.objects.filter(condition="fire").count() == 4
    assert (Component.objects.get().word, Component.objects.get().active) == (NORMAL, {})


class Death(BaseException):
    """The process is gone."""


def test_a_record_that_kills_ingest_is_buried_at_the_third_death_and_fires_do_not_wait_for_that(
    journal, monkeypatch
) -> None:
    """What came before it is told at the second start; what comes after it at the fourth."""
    device, take = DeviceFactory(), Fold.take

    def taking(self, batch, index, *known):
        if (batch, index) == (2, 1):
            raise Death
        take(self, batch, index, *known)

    monkeypatch.setattr(Fold, "take", taking)
    fill(journal, [state_frame(device.source, FIRE, point=1, serial=1)])
    fill(journal, [state_frame(device.source, FIRE, point=n, serial=n) for n in (2, 3, 4)])
    for heard in ([], ["fire 1"], ["fire 1"]):
        with pytest.raises(Death):
            Ingest(journal).step()
        assert told() == heard
    take_in(journal)
    assert sorted(told()) == ["fire 1", "fire 2", "fire 4"]
    assert (DeadFrame.objects.get().ref, DeadFrame.objects.get().error) == ("2:1", in_hand.KILLED)


def test_what_was_buried_is_taken_in_again_once_its_cause_is_gone(journal, monkeypatch) -> None:
    device = DeviceFactory()
    with monkeypatch.context() as bug:
        poison(bug, Fold, "take", lambda batch, index, *known: index == 1)
        fill(journal, [state_frame(device.source, FIRE, point=n, serial=n) for n in (1, 2)])
        take_in(journal)
    assert told() == ["fire 1"]
    assert (dead.take_again(journal), dead.take_again(journal)) == (1, 0)
    take_in(journal)
    assert told() == ["fire 1", "fire 2"]
    assert not dead.dead_frames()
