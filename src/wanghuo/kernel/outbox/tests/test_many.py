"""Listeners of many: a list at once, each event once, and a bad one holds up its own stream alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.db import transaction

from wanghuo.kernel.outbox import Event, bus, drain, emit, last_tried, listen_many
from wanghuo.kernel.outbox.models import Delivery, OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Drop(Event):
    """A drop of a flood."""

    kind: ClassVar[str] = "test.drop"
    number: int
    stream_name: str

    @property
    def stream(self) -> str:
        return self.stream_name


heard: list[list[int]] = []
bad: set[int] = set()


@pytest.fixture(autouse=True)
def listener(transactional_db):
    heard.clear()
    bad.clear()
    OutboxEvent.objects.all().delete()  # what a test with threads of its own committed and left
    Delivery.objects.all().delete()

    @listen_many(Drop)
    def take(events: list[Drop]) -> None:
        if bad & {e.number for e in events}:
            raise ValueError("a bad drop")
        heard.append([e.number for e in events])

    yield
    bus._listeners.pop(Drop.kind)


def tell(*numbers: int) -> None:
    with transaction.atomic():
        emit(*(Drop(n, f"s{n % 3}") for n in numbers))


def test_what_waits_is_heard_together_in_order() -> None:
    tell(*range(10))
    assert drain() == 10
    assert heard == [list(range(10))]
    assert not Delivery.objects.exists()


def test_a_bad_event_holds_up_its_own_stream_alone() -> None:
    bad.add(4)
    tell(*range(9))
    drain()
    assert [n for each in heard for n in each] == [0, 1, 2, 3, 5, 6, 8]
    left = Delivery.objects.filter(dead=False).order_by("id")
    assert [d.event.payload["number"] for d in left] == [4, 7]
    bad.clear()
    Delivery.objects.update(next_at="2020-01-01T00:00:00Z")
    drain()
    assert heard[-1] == [4, 7]


def test_a_death_with_a_list_in_hand_blames_nobody_but_the_one_that_kills(monkeypatch, tmp_path) -> None:
    """Each of the list is tried alone afterwards, in order, and only what kills again becomes a dead letter."""
    monkeypatch.setattr(last_tried, "folder", lambda: tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    tell(*range(9))
    ids = list(Delivery.objects.order_by("id").values_list("pk", flat=True))
    (tmp_path / f"trying.{gone.pid}").write_text(f"{ids[0]:020d}{ids[-1]:020d}")
    tell(9)
    drain()
    assert heard == [[n] for n in range(10)], "9 follows 0, 3 and 6 in their stream"
    assert not Delivery.objects.exists()
