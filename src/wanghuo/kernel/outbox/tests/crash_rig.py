"""Kills forked workers at chosen moments while they deliver, and counts the effects: `crash_rig.py FOLDER KILLS`
(reliability R6).

Moments: in a listener, after its effect and before the mark; after the marks and before the commit; right after the
commit. Prints one JSON line. The same KILLS give the same run.
"""

# ruff: noqa: E402 - Django is set up first
from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

folder, kills = sys.argv[1], int(sys.argv[2])
os.environ.update(WANGHUO_HOME=folder, WANGHUO_MODE="test", WANGHUO_DATABASE=os.environ.get("CRASH_DATABASE", ""))
os.environ["DJANGO_SETTINGS_MODULE"] = "wanghuo.entrypoints.web.settings"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction

from wanghuo.base.ids import new_id
from wanghuo.kernel.outbox import Event, delivery, drain, emit, last_tried, listen
from wanghuo.kernel.outbox.doorbell import folder as doorbells
from wanghuo.kernel.outbox.models import Delivery

logging.disable()
PER_ROUND = 40
MOMENTS = ("in_listener", "before_commit", "after_commit")
moment, countdown = "", 0


@dataclass(frozen=True)
class Happened(Event):
    """Something with an effect."""

    kind: ClassVar[str] = "crash_rig.happened"
    thing_id: UUID
    number: int


def die_if(here: str) -> None:
    """End the process at once when this is the chosen moment for the chosen time."""
    global countdown
    if moment == here:
        countdown -= 1
        if countdown == 0:
            os._exit(137)


@listen(Happened)
def write_effect(event: Happened) -> None:
    """The effect: one row for each event."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (number) VALUES (%s)", [event.number])
    die_if("in_listener")


def with_moments() -> None:
    """Put the two other moments where they belong."""
    note, batch = last_tried.note, delivery._batch

    def noting(first: int, last: int = 0) -> None:
        if first == 0:
            die_if("before_commit")
        note(first, last)

    def batching(size: int, urgent: bool) -> tuple[int, int]:
        found = batch(size, urgent)
        die_if("after_commit")
        return found

    last_tried.note, delivery._batch = noting, batching


def child(kind: str, after: int) -> int:
    """A forked drainer that dies at the chosen moment (or comes to its end); its exit code."""
    global moment, countdown
    connection.close()
    pid = os.fork()
    if pid == 0:
        moment, countdown = kind, after
        drain()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Tell, kill, let the rest be delivered, count."""
    call_command("migrate", "outbox", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE effect (number BIGINT)")
    with_moments()
    told = killed = 0
    for number in range(kills):
        with transaction.atomic():
            emit(*(Happened(new_id(), told + n) for n in range(PER_ROUND)))
        told += PER_ROUND
        kind = MOMENTS[number % len(MOMENTS)]
        killed += child(kind, number * 7 % PER_ROUND + 1 if kind == "in_listener" else 1) == 137
    with transaction.atomic():
        emit(*(Happened(new_id(), told + n) for n in range(400)))
    told += 400
    Delivery.objects.update(next_at="2026-01-01T00:00:00Z")  # no need to wait for the pause after a death
    connection.close()
    drainers = [os.fork() for _ in range(1)]
    if 0 in drainers:
        drain(10_000)
        os._exit(0)
    drain(10_000)
    ended = [os.waitpid(pid, 0)[1] for pid in drainers]
    drain(10_000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), COUNT(DISTINCT number) FROM effect")
        effects, distinct = cursor.fetchone()
    print(
        json.dumps(
            {
                "kills": killed,
                "told": told,
                "effects": effects,
                "doubled": effects - distinct,
                "missing": told - distinct,
                "left": Delivery.objects.count(),
                "drainers": ended,
            }
        )
    )


try:
    main()
finally:
    shutil.rmtree(doorbells(), ignore_errors=True)
