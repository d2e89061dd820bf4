"""Natural group commit: one thread writes whatever has gathered while the last commit was on its way to the disk.

Nothing is acknowledged here; `on_durable` is called in the event loop with the entries that are on disk, and only
then may
anyone answer. A commit that fails (disk full, I/O error) is tried again with the same entries until it succeeds.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from wanghuo.modules.sensing.journal import FRAME, Checkpointer, Columns, OpenedLink, Writer

log = logging.getLogger(__name__)
MOST_ENTRIES = 1024  # entries of one commit: bounds its time, and the transaction in which ingest records it
CHECKPOINT_S = 0.25


class Asker(Protocol):
    """Whoever waits for an answer: a TCP link, or the sender of a datagram, of a message or of a request.

    `number` is the process's own number of the connection (0: none), `peer` its address for people.
    """

    number: int
    peer: str

    def confirm(self, data: bytes, now: bytes) -> None:
        """The record is on disk: answer it. `now`: the present second as a time label. Called in the event loop."""


class Entry(NamedTuple):
    """One record on its way to disk, and who is told when it is there; None for the gateway's own notes.

    `kind`: of the journal's kinds. `urgent`: it does not wait for company, and ingest is woken once it is on disk.
    """

    link: Asker | None
    received_us: int
    trust: int
    data: bytes
    urgent: bool = False
    kind: int = FRAME


class Committer:
    """The thread that writes the journal, and the queue in front of it. All public methods belong to the event loop."""

    def __init__(
        self,
        writer: Writer,
        *,
        on_durable: Callable[[Sequence[Entry], bool], None],
        on_trouble: Callable[[str], None],
        linger_s: float,
        retry_s: float,
    ) -> None:
        self._writer, self._linger_s, self._retry_s = writer, linger_s, retry_s
        self._on_durable, self._on_trouble = on_durable, on_trouble
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Entry] = deque()
        self._opened: deque[OpenedLink] = deque()
        self._wake = threading.Event()
        self._awake = self._urgent = self._closing = False
        self.waiting_bytes = 0
        self.troubled = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._closed = threading.Event()
        self._sweeper = threading.Thread(target=self._copy_back, name="checkpoint", daemon=True)
        self._thread.start()
        self._sweeper.start()

    def put(self, entry: Entry) -> None:
        """Queue one entry. An urgent one does not wait for company."""
        self._queue.append(entry)
        self.waiting_bytes += len(entry.data)
        if entry.urgent:
            self._urgent = True
            self._wake.set()
        elif not self._awake:
            self._awake = True
            self._wake.set()

    def opened(self, link: OpenedLink) -> None:
        """Remember the peer of a link with the next commit."""
        self._opened.append(link)

    async def close(self) -> None:
        """Commit what is queued, then end the thread. Entries that cannot be written stay unacknowledged."""
        self._closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join, 10.0)
        self._closed.set()
        await asyncio.to_thread(self._sweeper.join, 10.0)

    def _copy_back(self) -> None:
        """Checkpoints, so that no commit has to stop for one."""
        checkpointer = Checkpointer(self._writer)
        while not self._closed.wait(CHECKPOINT_S):
            try:
                checkpointer.run()
            except sqlite3.Error as error:
                log.warning("the journal's log cannot be copied back now: %s", error)
        checkpointer.close()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._linger_s and not self._urgent and not self._closing:
                self._wake.wait(self._linger_s)
            self._awake = self._urgent = False  # before taking: whoever puts after this wakes us again
            while self._queue:
                entries = self._take()
                if not self._commit(entries):
                    return
            if self._closing and not self._queue:
                self._writer.close()
                return

    def _take(self) -> list[Entry]:
        take = self._queue.popleft
        return [take() for _ in range(min(len(self._queue), MOST_ENTRIES))]

    def _commit(self, entries: list[Entry]) -> bool:
        links, received_us, trust, data, urgencies, kinds = zip(*entries, strict=True)
        columns = Columns(
            received_us=list(received_us),
            link=[link.number if link else 0 for link in links],
            trust=list(trust),
            kind=list(kinds),
            data=list(data),
        )
        opened = [self._opened.popleft() for _ in range(len(self._opened))]
        urgent = any(urgencies)
        while True:
            try:
                self._writer.commit(columns, urgent=urgent, opened=opened)
            except sqlite3.Error as error:
                self._tell(self._on_trouble, str(error))
                if self._closing:
                    return False
                time.sleep(self._retry_s)
            else:
                self._tell(self._on_durable, entries, urgent)
                return True

    def _tell(self, callback: Callable[..., None], *known: object) -> None:
        self._loop.call_soon_threadsafe(callback, *known)
