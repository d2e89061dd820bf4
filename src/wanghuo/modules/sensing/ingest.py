"""Ingest: follows the journal and derives everything from it, each effect exactly once.

The position moves in the transaction that records the effects, so a crash at any moment repeats nothing and skips
nothing. What
is latest-wins (times, readings) is stored every few seconds and simply taken in again after a crash.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from django.db import OperationalError, close_old_connections

from wanghuo.kernel.outbox import drain
from wanghuo.kernel.outbox.doorbell import Doorbell
from wanghuo.modules.sensing import store
from wanghuo.modules.sensing.fold import DUPLICATE_US, Effects, Fold, Known
from wanghuo.modules.sensing.journal import FRAME, Batch, Reader

log = logging.getLogger("wanghuo.ingest")
DOORBELL = "journal"
ROUND_BATCHES, ROUND_FRAMES = 256, 4000
GATHER_S = 0.02  # between rounds without a fire: fewer, larger rounds cost less
IDLE_S = 0.1
REFRESH_S, FLUSH_S, READINGS_S = 1.0, 2.0, 5.0


class Ingest:
    """One reader of the journal. Only one may run for a database (the command takes a lock)."""

    def __init__(self, journal: Path, *, devices: dict[bytes, Known] | None = None) -> None:
        self.reader = Reader(journal)
        self.recorder, self.flusher = store.Recorder(self.reader), store.Flusher()
        self.devices: dict[bytes, Known] = {} if devices is None else devices
        self.fold = Fold(self.devices, store.parts_of)
        self._since = store.load_devices(self.devices, None)
        row = store.position()
        self._recorded = row.events_through
        self._at = self._start(row.state_through)
        self._flushing_to = self._at
        self._refreshed = self._flushed = self._readings = 0.0

    def _start(self, state_through: int) -> int:
        """Where to begin reading: far enough back to know the retransmissions of the last 40 s."""
        last = self.reader.after(state_through - 1, batches=1) if state_through else []
        if not last:
            return state_through
        return min(state_through, self.reader.first_since(last[0].last_us - DUPLICATE_US))

    def step(self) -> int:
        """Take in the next stretch; gives how many records it had (0: caught up)."""
        batches = self.reader.after(self._at, batches=ROUND_BATCHES, records=ROUND_FRAMES)
        if not batches:
            return 0
        self.fold.look_again = self._look_again
        for batch in batches:
            self.fold.quiet = batch.id <= self._recorded
            self._take(batch)
        self._at = batches[-1].id
        effects = self.fold.pop_effects()
        if effects:
            self._record(effects, self._at)
            drain()
        return sum(map(len, batches))

    def _take(self, batch: Batch) -> None:
        take, writer, number = self.fold.take, batch.writer, batch.id
        columns = zip(batch.kind, batch.received_us, batch.link, batch.trust, batch.data, strict=True)
        for index, (kind, received_us, link, trust, data) in enumerate(columns):
            if kind == FRAME:
                take(number, index, writer, received_us, link, trust, data)
            elif note := store.note_of(data):
                self.fold.note(writer, received_us, note)

    def _look_again(self) -> None:
        """Once a round: a device registered a moment ago must not be taken for a stranger."""
        self.fold.look_again = None
        self._since = store.load_devices(self.devices, self._since)

    def _record(self, effects: Effects, through: int) -> None:
        """Record until it succeeds: the database may be away for a while, the journal waits."""
        pause = 0.2
        while True:
            try:
                self.recorder.record(effects, through)
            except OperationalError as error:
                log.warning("the database cannot take events (%s); again in %.1f s", error, pause)
                close_old_connections()
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                self._recorded = max(self._recorded, through)
                return

    def tend(self, now: float) -> None:
        """What is due now beside the frames: changes of the register, a chunk of times and readings."""
        if now - self._refreshed >= REFRESH_S:
            self._refreshed = now
            self._since = store.load_devices(self.devices, self._since)
        if self.flusher.pending:
            self.flusher.step(self.fold)
            if not self.flusher.pending and self._flushing_to:
                store.store_state_through(self._flushing_to)
        elif now - self._flushed >= FLUSH_S:
            self._flushed = now
            readings = now - self._readings >= READINGS_S
            self.flusher.begin(self.fold, readings=readings)
            if readings:
                self._readings = now
            self._flushing_to = self._at if readings else 0

    def flush(self) -> None:
        """Store all that is known now (at the end, and in tests)."""
        while self.flusher.pending:
            self.flusher.step(self.fold)
        self.flusher.begin(self.fold, readings=True)
        while self.flusher.pending:
            self.flusher.step(self.fold)
        store.store_state_through(self._at)

    def catch_up(self) -> int:
        """Take in everything there is, and store it. Gives the number of records."""
        total = 0
        while count := self.step():
            total += count
        self.flush()
        drain()
        return total

    def run(self, stopped: Callable[[], bool]) -> None:
        """Follow the journal until `stopped`."""
        bell = Doorbell(DOORBELL)
        while not stopped():
            count = self.step()
            try:
                self.tend(time.monotonic())
            except OperationalError as error:
                log.warning("the database cannot take readings: %s", error)
                close_old_connections()
            if count < ROUND_FRAMES // 4 and not self.flusher.pending:
                bell.wait(GATHER_S if count else IDLE_S)
        self.catch_up()
