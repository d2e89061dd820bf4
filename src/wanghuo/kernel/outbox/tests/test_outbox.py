"""Telling, hearing, failing, and dying in between."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest
import time_machine
from django.db import transaction

from wanghuo.base import Text, ids
from wanghuo.base.ids import new_id
from wanghuo.kernel.outbox import Event, bus, delivery, drain, emit, last_tried, listen, overdue
from wanghuo.kernel.outbox.delivery import ATTEMPTS, KEPT, dead_letters, forget_delivered, outbox_health, retry_dead
from wanghuo.kernel.outbox.events import from_json, to_json
from wanghuo.kernel.outbox.models import Delivery, OutboxEvent


@dataclass(frozen=True)
class Spot:
    floor: int
    name: Text


@dataclass(frozen=True)
class SmokeSeen(Event):
    kind: ClassVar[str] = "outbox_tests.smoke_seen"
    device_id: UUID
    at: datetime
    day: date
    share: Decimal
    note: str = ""
    value: float | None = None
    spots: tuple[Spot, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved(Event):
    kind: ClassVar[str] = "outbox_tests.moved"
    hazard_id: UUID
    step: int


@dataclass(frozen=True)
class Rang(Event):
    kind: ClassVar[str] = "outbox_tests.rang"
    bell_id: UUID
    loud: bool

    @property
    def urgent(self) -> bool:
        return self.loud


NOW = datetime(2026, 3, 5, 6, 5, tzinfo=UTC)
FULL = SmokeSeen(
    new_id(), NOW, date(2026, 3, 5), Decimal("0.50"), "烟", 0.14, (Spot(3, Text("楼梯", "stairs")),), {"a": 1}
)


@pytest.fixture(autouse=True)
def own_listeners(monkeypatch):
    """Each test has the listeners it registers itself."""
    monkeypatch.setattr(bus, "_listeners", {})


def hear(event, name, do):
    do.__module__, do.__qualname__ = "tests", name
    listen(event)(do)


def test_an_event_comes_back_as_it_was():
    assert from_json(SmokeSeen, json.loads(json.dumps(to_json(FULL)))) == FULL


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bad",
    [
        {"at": datetime(2026, 3, 5)},
        {"note": 5},
        {"value": "0.14"},
        {"spots": ({"floor": "three"},)},
        {"counts": {"a": {1}}},
        {"device_id": "not an id"},
    ],
)
def test_what_a_listener_could_not_read_fails_where_it_is_told(bad):
    values = {"device_id": new_id(), "at": NOW, "day": NOW.date(), "share": Decimal(1), **bad}
    with pytest.raises((TypeError, ValueError)):
        emit(SmokeSeen(**values))
    assert not OutboxEvent.objects.exists()


def test_two_events_cannot_have_one_kind():
    with pytest.raises(TypeError, match="SmokeSeen"):

        @dataclass(frozen=True)
        class Other(Event):
            kind: ClassVar[str] = "outbox_tests.smoke_seen"


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_told_only_with_what_makes_it_true():
    hear(Moved, "one", lambda event: None)
    with pytest.raises(RuntimeError, match="inside the transaction"):
        emit(Moved(new_id(), 1))
    with transaction.atomic():
        emit(Moved(new_id(), 1))
        transaction.set_rollback(True)
    assert drain() == 0


@pytest.mark.django_db
def test_every_listener_hears_each_event_once_and_in_order():
    heard = {"one": [], "two": []}
    for name in heard:
        hear(Moved, name, lambda event, name=name: heard[name].append(event.step))
    hazard = new_id()
    emit(*(Moved(hazard, step) for step in range(100)))
    assert drain() == 200
    assert drain() == 0
    assert heard == {"one": list(range(100)), "two": list(range(100))}


@pytest.mark.django_db
def test_a_listener_hears_what_is_told_after_it_came():
    heard = []
    emit(Moved(new_id(), 1))
    hear(Moved, "late", lambda event: heard.append(event.step))
    emit(Moved(new_id(), 2))
    drain()
    assert heard == [2]


@pytest.mark.django_db
def test_a_failure_holds_up_its_stream_for_its_listener_alone_and_ends_as_a_dead_letter():
    heard = {"sick": [], "well": []}
    poisoned, other = new_id(), new_id()

    def sick(event):
        Delivery.objects.filter(pk=0).delete()
        OutboxEvent.objects.create(kind="trace", payload={}, at=NOW)
        if (event.hazard_id, event.step) == (poisoned, 0):
            raise ValueError("毒丸")
        heard["sick"].append((event.hazard_id, event.step))

    hear(Moved, "sick", sick)
    hear(Moved, "well", lambda event: heard["well"].append((event.hazard_id, event.step)))
    with time_machine.travel(NOW, tick=False) as clock:
        emit(Moved(poisoned, 0), Moved(poisoned, 1), Moved(other, 0))
        drain()
        assert heard["well"] == [(poisoned, 0), (poisoned, 1), (other, 0)]
        assert heard["sick"] == [(other, 0)]
        assert OutboxEvent.objects.filter(kind="trace").count() == 1, "what a failed listener wrote is undone"
        assert outbox_health().retrying == 1
        for _ in range(120):
            clock.shift(timedelta(seconds=0.5))
            drain()
        assert heard["sick"] == [(other, 0), (poisoned, 1)], "after the dead letter its stream goes on"
        (dead,) = dead_letters()
        assert (dead.listener, dead.attempts, outbox_health().dead) == ("tests.sick", ATTEMPTS, 1)
        assert "毒丸" in dead.error
        poisoned = None  # repaired
        assert retry_dead(dead.pk)
        drain()
    assert (len(heard["sick"]), outbox_health().dead, outbox_health().waiting) == (3, 0, 0)


@pytest.mark.django_db
def test_a_listener_that_kills_its_process_becomes_a_dead_letter_too(monkeypatch, tmp_path):
    monkeypatch.setattr(last_tried, "folder", lambda: tmp_path)
    hear(Moved, "deadly", lambda event: None)
    emit(Moved(new_id(), 1))
    delivery = Delivery.objects.get()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(ATTEMPTS):
            clock.shift(timedelta(minutes=1))
            (tmp_path / f"trying.{gone.pid}").write_text(str(delivery.pk).zfill(20))
            drain(0)
    assert dead_letters() == [delivery]


@pytest.mark.django_db
def test_delivering_takes_few_statements(django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH_S", 60.0)  # one transaction, also on a machine that has other work
    hear(Moved, "one", lambda event: None)
    emit(*(Moved(new_id(), n) for n in range(64)))
    with django_assert_max_num_queries(64 * 2 + 8):  # a savepoint and its end for each, the rest for all
        assert drain(64) == 64


@pytest.mark.django_db
def test_what_is_urgent_goes_before_all_that_is_not():
    heard = []
    hear(Rang, "one", lambda event: heard.append(event.loud))
    for loud in (False, False, True):
        emit(Rang(new_id(), loud))
    assert drain(urgent=True) == 1
    assert heard == [True]
    emit(Rang(new_id(), True))
    drain()
    assert heard == [True, True, False, False]


@pytest.mark.django_db
def test_one_can_see_that_nobody_delivers():
    hear(Rang, "one", lambda event: None)
    with time_machine.travel(NOW, tick=False) as clock:
        emit(Rang(new_id(), False))
        assert not overdue(2.0), "it came just now"
        clock.shift(timedelta(seconds=3))
        assert overdue(2.0)
        drain()
        assert not overdue(2.0)


@pytest.mark.django_db
def test_a_function_that_hears_two_kinds_hears_one_stream_in_order_also_after_a_failure():
    heard = []

    def on_either(event):
        if isinstance(event, Moved) and not heard:
            heard.append("failed")
            raise ValueError
        heard.append(event.kind)

    on_either.__module__, on_either.__qualname__ = "tests", "either"
    listen(Moved, Rang)(on_either)
    about = new_id()
    with time_machine.travel(NOW, tick=False) as clock:
        emit(Moved(about, 1), Rang(about, False))
        drain()
        assert heard == ["failed"]
        clock.shift(timedelta(seconds=2))
        drain()
    assert heard == ["failed", Moved.kind, Rang.kind]


@pytest.mark.django_db
def test_events_are_kept_until_everybody_heard_and_a_while_longer():
    hear(Moved, "one", lambda event: None)
    emit(Moved(new_id(), 1), Moved(new_id(), 2))
    OutboxEvent.objects.update(at=datetime.now(UTC) - KEPT - timedelta(hours=1))
    assert forget_delivered() == 0
    drain()
    emit(Moved(new_id(), 3))
    drain()
    assert forget_delivered() == 2
    assert OutboxEvent.objects.count() == 1


@pytest.mark.crash
def test_workers_killed_between_effect_and_mark_repeat_and_lose_nothing(tmp_path):
    """30 kills at three kinds of moments, then two drainers at once; see crash_rig.py."""
    rig = Path(__file__).with_name("crash_rig.py")
    run = subprocess.run([sys.executable, rig, str(tmp_path), "30"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert result["kills"] == 30
    assert result["missing"] == result["doubled"] == 0
    assert result["effects"] == result["told"]


@pytest.mark.django_db
def test_a_clock_that_was_ahead_holds_up_no_event(own_listeners, monkeypatch):
    monkeypatch.setattr(ids, "_last_ms", ids._last_ms)  # later ones of this process would stay ahead
    heard = []

    def late(event: Moved) -> None:
        heard.append(event.step)
        if len(heard) == 1:
            raise ValueError("坏了")

    hear(Moved, "late", late)
    with time_machine.travel(NOW + timedelta(days=3660), tick=False) as clock:
        with transaction.atomic():
            emit(Moved(hazard_id=new_id(), step=1))
        drain()
        with transaction.atomic():
            emit(Moved(hazard_id=new_id(), step=2))
        clock.move_to(NOW)
        assert not overdue(2), "ingest need not help: it came just now"
        drain()
    assert heard == [1, 1, 2]
    assert not Delivery.objects.exists()
