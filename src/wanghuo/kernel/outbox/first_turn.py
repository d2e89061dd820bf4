"""The first turn at SQLite's one write lock.

A fire on its way to the console needs the lock twice within some milliseconds. Whoever only works through what can wait (the
worker) begins no transaction meanwhile: so a fire waits for one such transaction at most, the one that has begun.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.db.backends.signals import connection_created

from wanghuo.kernel.outbox.doorbell import folder

LOOK_S, PATIENCE_S = (
    0.001,
    0.1,
)  # whoever lets others go first looks so often, and no longer: all has to be done at last


class FirstTurn:
    """The turn of what must not wait, told between the processes of one machine. It ends with the process that has it."""

    def __init__(self) -> None:
        self._file = os.open(folder() / "first", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def taken(self) -> bool:
        """Whether another has it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    @contextmanager
    def mine(self, wanted: bool = True) -> Iterator[None]:
        """Have it, where it is `wanted` and free: others begin nothing meanwhile."""
        with suppress(BlockingIOError):
            if wanted:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def let_pass(self) -> None:
        """Wait while another has it, `PATIENCE_S` at most."""
        deadline = time.monotonic() + PATIENCE_S
        while self.taken() and time.monotonic() < deadline:
            time.sleep(LOOK_S)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)


@contextmanager
def letting_first() -> Iterator[None]:
    """For as long as this process does what can wait: no transaction on a connection that is opened meanwhile begins in another's
    first turn."""
    later = partial(_begin_later, FirstTurn())

    def prepare(sender: object, connection: Any, **known: object) -> None:
        if connection.vendor == "sqlite" and later not in connection.execute_wrappers:
            connection.execute_wrappers.append(later)

    connection_created.connect(prepare)
    try:
        yield
    finally:
        connection_created.disconnect(prepare)


def _begin_later(
    turn: FirstTurn, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if sql.startswith("BEGIN"):
        turn.let_pass()
    return execute(sql, params, many, context)
