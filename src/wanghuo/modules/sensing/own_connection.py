"""How ingest uses its connection to the database, other than the web and the worker do (docs/decisions/0084).

Whatever ingest writes follows from the journal, which is on disk before a device is answered. So on SQLite its own
commits need not wait for the disk: after a power cut the database is whole, ends a little earlier, and ingest goes on
from the position that it finds there. A PostgreSQL server may die alone, while ingest lives and takes what it committed
for recorded: there its commits wait (docs/decisions/0226). And a fire waits for a lock no longer than the lock is held, nor
until something that waits for the lock as well, and is less urgent, has had it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, connections
from django.db.backends.signals import connection_created

LOCK_S, LOOK_S = 20.0, 0.001
INGEST_LOCK, STANDBY_S = 0x77616E67, 1.0  # a number of our own among the database's locks
SPARE_PAGES = 20_000  # 80 MB of write-ahead log before ingest itself would stop to copy it back; others do so at 4 MB

_SQLITE = ("PRAGMA synchronous = NORMAL", "PRAGMA busy_timeout = 0", f"PRAGMA wal_autocheckpoint = {SPARE_PAGES}")


_rings: Callable[[float], bool] | None = None


class FireFirst(OperationalError):
    """Something urgent came before the lock was free: nothing was done, and it may be done again after that."""


@contextmanager
def fires_first(rings: Callable[[float], bool] | None) -> Iterator[None]:
    """A transaction begun here waits for the lock only until `rings` (which waits so many seconds for it) says that something urgent
    came; then FireFirst is raised. None: it waits as ever."""
    global _rings
    _rings = rings
    try:
        yield
    finally:
        _rings = None


def _prepare(sender: object, connection: Any, **known: object) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # a thread beside ingest waits as everybody does
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for line in _SQLITE:
                cursor.execute(line)


def _eagerly(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Look for SQLite's one write lock each millisecond. Its own way of waiting sleeps longer and longer, up to 0.1 s,
    so that whoever comes later is often served first."""
    deadline = time.monotonic() + LOCK_S
    while True:
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if "database is locked" not in str(error) or time.monotonic() > deadline:
                raise
            if _rings is None or context["connection"].in_atomic_block:
                time.sleep(LOOK_S)
            elif _rings(LOOK_S):
                raise FireFirst("a fire came first") from error


def drop_stale_connections() -> None:
    """Give up connections that are broken or too old, for processes that live long and ask now and then. Within a transaction a
    connection is kept: whoever began it must end it."""
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close_if_unusable_or_obsolete()


@contextmanager
def ingest_connection() -> Iterator[None]:
    """For as long as ingest runs in this process."""
    connection.close()
    connection_created.connect(_prepare)
    try:
        with connection.execute_wrapper(_eagerly):
            yield
    finally:
        connection_created.disconnect(_prepare)
        connection.close()


@contextmanager
def only_ingest(*, standby: bool, stopped: Callable[[], bool]) -> Iterator[bool]:
    """Hold, on PostgreSQL, the lock of the one ingest of the database, on whatever machine; whether it was got. `standby`: wait for it
    until `stopped`. On SQLite the lock of the data folder says it all.

    The lock goes with its connection: a server that starts again may give it to another. So every act of ingest looks whether it is
    still the holder (`store.held_position`).
    """
    if connection.vendor != "postgresql":
        yield True
        return
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            while True:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [INGEST_LOCK])
                got = bool(cursor.fetchone()[0])
                if got or not standby or stopped():
                    break
                time.sleep(STANDBY_S)
            yield got or stopped()
    finally:
        own.close()
