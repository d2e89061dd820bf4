"""Signs of life: each process of ours writes when it last was well, and the health page reads it."""

from __future__ import annotations

import logging
import os
import platform
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import connections
from django.db.utils import Error as DatabaseError
from django.utils import timezone

from wanghuo.kernel.jobs.models import ProcessBeat

log = logging.getLogger(__name__)

EVERY_S = 5.0
KEPT = timedelta(days=1)


def my_name(kind: str) -> str:
    """How this process is called: its kind, machine and number."""
    return f"{kind}@{platform.node()[:40]}:{os.getpid()}"


@cache
def _started(process: int) -> Any:
    return timezone.now()


def beat(kind: str, **facts: Any) -> None:
    """Say that this process is alive, each `EVERY_S`; `facts` are numbers worth showing."""
    started = _started(os.getpid())
    now = {"kind": kind, "at": timezone.now(), "facts": facts}
    ProcessBeat.objects.update_or_create(
        name=my_name(kind), defaults=now, create_defaults={**now, "started_at": started}
    )


def rest(kind: str) -> None:
    """Say that this process ends as it should."""
    ProcessBeat.objects.filter(name=my_name(kind)).delete()


@contextmanager
def beating(kind: str, facts: Callable[[], Mapping[str, int]] = dict) -> Iterator[None]:
    """Say each `EVERY_S`, from a thread of its own, that this process is alive; at the end, that it ended as it should.

    A process whose own loop must not wait for the database uses this (gateway, ingest, web).
    """
    ending = threading.Event()

    def follow() -> None:
        while True:
            _quietly(lambda: beat(kind, **facts()))
            if ending.wait(EVERY_S):
                break
        _quietly(lambda: rest(kind))
        connections.close_all()

    thread = threading.Thread(target=follow, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(EVERY_S)


def _quietly(act: Callable[[], None]) -> None:
    """Being alive does not depend on the database being there."""
    try:
        act()
    except DatabaseError as error:
        log.warning("no sign of life written: %s", error)
        connections.close_all()


def beats() -> list[ProcessBeat]:
    """Every process that was alive within a day, by kind; one whose `at` is old ended badly."""
    return list(ProcessBeat.objects.filter(at__gte=timezone.now() - KEPT).order_by("kind", "name"))


def forget() -> int:
    """Delete the beats of processes long gone."""
    return ProcessBeat.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
