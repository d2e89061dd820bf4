"""Natural group commit: one thread writes whatever has gathered while the last commit was on its way to the disk.

Nothing is acknowledged here; `on_durable` is called in the event loop with the batch that is on disk, and only then
may anyone answer. A commit that fails (disk full, I/O error) is tried again with the same batch until it succeeds.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable

from wanghuo.entrypoints.gateway.intake import Entry, Gathered, Intake
from wanghuo.modules.sensing.journal import JournalWriter, OpenedLink
from wanghuo.modules.sensing.reserve import Reserve

log = logging.getLogger(__name__)
CHECKPOINT_S = 0.25


class Committer:
    """The thread that writes the journal, and the queue in front of it. All public methods belong to the event loop."""

    def __init__(
        self,
        writer: JournalWriter,
        *,
        queue: type[Intake],
        on_durable: Callable[[Gathered], None],
        on_trouble: Callable[[str], None],
        linger_s: float,
        retry_s: float,
        reserve: Reserve | None = None,
    ) -> None:
        self._writer, self._linger_s, self._retry_s = writer, linger_s, retry_s
        self._on_durable, self._on_trouble = on_durable, on_trouble
        self.reserve = reserve
        self._loop = asyncio.get_running_loop()
        self.intake = queue(self._rouse)
        self._opened: deque[OpenedLink] = deque()
        self._wake = threading.Event()
        self._urgent = self._closing = False
        self.troubled = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._closed = threading.Event()
        self._sweeper = threading.Thread(target=self._copy_back, name="checkpoint", daemon=True)
        self._thread.start()
        self._sweeper.start()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that were queued and are not on disk yet."""
        return self.intake.waiting_bytes

    def put(self, entry: Entry) -> None:
        """Queue one entry. An urgent one does not wait for company."""
        self.intake.put(entry)

    def _rouse(self, urgent: bool) -> None:
        if urgent:
            self._urgent = True
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
        """Checkpoints, so that no commit has to stop for one, and a look at the reserve."""
        housekeeper = self._writer.housekeeper()
        if housekeeper is None and self.reserve is None:
            return
        while not self._closed.wait(CHECKPOINT_S):
            if self.reserve is not None:
                self.reserve.tend()
            try:
                if housekeeper is not None:
                    housekeeper.run()
            except sqlite3.Error as error:
                log.warning("the journal's log cannot be copied back now: %s", error)
        if housekeeper is not None:
            housekeeper.close()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._linger_s and not self._urgent and not self._closing:
                self._wake.wait(self._linger_s)
            self.intake.awake = self._urgent = False  # before taking: whoever puts after this wakes us again
            while (batch := self.intake.take()) is not None:
                if not self._commit(batch):
                    return
                if not batch.full:  # the next one waits for company again: a sync costs as much as a hundred frames
                    break
            if self._closing and not self.intake:
                self._writer.close()
                return

    def _commit(self, batch: Gathered) -> bool:
        opened = [self._opened.popleft() for _ in range(len(self._opened))]
        while True:
            try:
                self._writer.commit(batch, urgent=batch.urgent, opened=opened)
            except (sqlite3.Error, OSError) as error:
                if self.reserve is not None and self.reserve.release():
                    continue
                self._tell(self._on_trouble, str(error))
                if self._closing:
                    return False
                time.sleep(self._retry_s)
            else:
                self._tell(self._on_durable, batch)
                return True

    def _tell(self, callback: Callable[..., None], *known: object) -> None:
        self._loop.call_soon_threadsafe(callback, *known)
