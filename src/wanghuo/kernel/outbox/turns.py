"""Turns at SQLite's one write lock.

Whoever waits for the lock looks for it now and then, at least each 0.1 s. A process with much to write that begins the next
transaction as soon as the last one has ended is hardly ever found without it, and the others give up after 20 s: a person
was told that the database is locked (rig R3). So such a process leaves the lock alone for a moment, now and then, in which
each who waits looks once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

SHARE = 0.1  # of the time of its turns that a process leaves the lock to others
PAUSE_S = 0.12  # at one stretch


class _Owed(threading.local):
    seconds = ended_at = 0.0


_owed = _Owed()


@contextmanager
def giving_way(rest: Callable[[float], object] = time.sleep) -> Iterator[None]:
    """A turn of writing, of one transaction or few, that is followed by another at once where there is more to do. Time in
    which nothing was written counts as left to others."""
    began = time.monotonic()
    yield
    ended = time.monotonic()
    owed = max(0.0, _owed.seconds - max(0.0, began - _owed.ended_at)) + (ended - began) * SHARE
    if owed >= PAUSE_S and connection.vendor == "sqlite":
        rest(PAUSE_S)
        owed, ended = 0.0, time.monotonic()
    _owed.seconds, _owed.ended_at = owed, ended
