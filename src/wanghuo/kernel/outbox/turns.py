"""Turns at SQLite's one write lock.

Whoever waits for the lock looks for it now and then, at most each 0.1 s. A process with much to write that begins the next
transaction as soon as the last one has ended is hardly ever found without it, and the others give up after 20 s: a person
was told that the database is locked (rig R3). So such a process leaves the lock alone for a while after each turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

SHARE, MOST_S = (
    0.1,
    0.2,
)  # of the time that the turn took; and the longest pause, in which each who waits looks at least once


@contextmanager
def giving_way() -> Iterator[None]:
    """A turn of writing, of one transaction or few, that is followed by another at once where there is more to do."""
    began = time.monotonic()
    yield
    pause_s = min((time.monotonic() - began) * SHARE, MOST_S)
    if pause_s > 0 and connection.vendor == "sqlite":
        time.sleep(pause_s)
