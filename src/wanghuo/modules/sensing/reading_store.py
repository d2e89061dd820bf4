"""Where readings are kept: what every store of them does, and how ingest writes to one. No Django here.

Two stores hold to it: files in a folder (`segments`), and tables on a database server (`reading_server`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from wanghuo.base import AppError, Text
from wanghuo.modules.sensing.tally import Rows


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows to be read: from `from_ms` until before `to_ms` (since 1970 UTC)."""

    from_ms: int
    to_ms: int
    slot: int | None = None
    quantity: int | None = None


class StoreAway(AppError):
    """The server of the readings cannot be reached."""

    code = "sensing.history_away"
    status = 503
    text = Text(
        "读数历史的服务器暂时连接不上，请稍后再试。", "The server of the readings cannot be reached; try again later."
    )


class Overtaken(Exception):
    """Another run of ingest writes the readings now, or wrote what this one took to be missing: this one must end."""


Found = tuple[str, int, int, int]
"""(reporter, quantity, milliseconds since 1970 UTC, raw value)"""


def by_time(row: Found) -> tuple[int, str, int, int]:
    """In this order every store gives the rows of a device."""
    return row[2], row[0], row[1], row[3]


class Stored(NamedTuple):
    """What a store holds. `parts`: files, or days; `through`: the last batch of the journal whose readings are there;
    `twice`: batches whose readings are there twice, as (first, last)."""

    parts: int
    rows: int
    bytes: int
    through: int
    twice: Sequence[tuple[int, int]]


class ReadingStore(Protocol):
    """Keeps the readings of each batch of the journal once, whatever dies in between. Safe for threads."""

    def begin(self) -> int:
        """Make this the run that writes; gives the last batch whose readings are there, 0 when there is none. Raises StoreAway."""

    def write(self, rows: Rows, first: int, last: int) -> None:
        """Keep the readings of batches `first` to `last`, all or nothing. Raises Overtaken; or what keeps it from being
        done, and then it may be called again."""

    def rows(self, wanted: Wanted, most: int) -> list[Found]:
        """The rows of one device, by time; the newest `most` of them."""

    def count(self, wanted: Wanted) -> int:
        """How many rows there are."""

    def export(self, wanted: Wanted, path: Path, tables: Mapping[str, Any], select: str, options: str) -> None:
        """Write what `select` makes of `{rows}` and of `tables` to a file. `options`: of DuckDB's COPY."""

    def merge(self, through: int) -> int:
        """Put together what lies in small pieces, as far as batch `through`; gives how many pieces were made."""

    def forget(self, before_s: int) -> int:
        """Delete what is older than `before_s`, as far as it lies in pieces of its own; gives the rows deleted."""

    def stored(self) -> Stored:
        """What is there."""


AGAIN_S = 1.0
"""What could not be written is tried again after so long."""


class HistoryWriter:
    """Writes readings beside ingest, in a thread: alarms wait neither for them nor for a server that is away. One stretch of the
    journal at a time."""

    def __init__(self, store: ReadingStore, stored: int) -> None:
        """`stored`: readings up to this batch are kept for sure. `kept` says it with what the store knows."""
        self._store, self.kept, self._begun = store, stored, False
        with contextlib.suppress(StoreAway):
            self.kept, self._begun = max(stored, store.begin()), True
        self._next = self.kept + 1
        self._pool, self._hurry = ThreadPoolExecutor(1, "history"), threading.Event()
        self._job: tuple[Rows, int, int] | None = None
        self._running: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether readings are being written, or could not be and will be tried again."""
        return self._job is not None

    def cut(self, rows: Rows, through: int) -> None:
        """Begin to write what came up to batch `through`. Only when it is not busy."""
        if not len(rows):
            return
        self._job = (rows, self._next, through)
        self._run()

    def _run(self, after_s: float = 0.0) -> None:
        if self._job is not None:
            self._running = self._pool.submit(self._write, *self._job, after_s)

    def _write(self, rows: Rows, first: int, last: int, after_s: float) -> None:
        self._hurry.wait(after_s)
        if not self._begun:
            if (through := self._store.begin()) >= first:
                raise Overtaken(f"batch {first} is kept already, as are all up to {through}")
            self._begun = True
        self._store.write(rows, first, last)

    def tend(self) -> str:
        """Look whether they are kept; when they could not be, try again. Gives the error, "" for none. Raises
        Overtaken."""
        if self._running is None or self._job is None or not self._running.done():
            return ""
        error = self._running.exception()
        if isinstance(error, Overtaken):
            raise error
        if error is not None:
            self._run(AGAIN_S)
            return str(error.__cause__ or error)
        self._next, self._job, self._running = self._job[2] + 1, None, None
        return ""

    def wait(self) -> None:
        """Until they are kept. Raises what keeps them from it."""
        if self._running is not None:
            self._hurry.set()
            try:
                self._running.result()
            finally:
                self._hurry.clear()
            self.tend()
