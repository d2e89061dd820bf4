"""Ingest: follows the journal and derives everything from it, each effect exactly once.

The position moves in the transaction that records the effects, so a crash at any moment repeats nothing and skips
nothing. Fires go before: they are recorded as soon as they are read, under ids that follow from their frames, and so
once however often they are read again. What is latest-wins (times, readings) is stored every few seconds and simply
taken in again after a crash. What cannot be taken in, or kills the process (`in_hand`), is buried where people see it
(`dead`), and the rest goes on.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from wanghuo.base import failpoints
from wanghuo.kernel.outbox import drain, overdue
from wanghuo.kernel.outbox.doorbell import Doorbell
from wanghuo.kernel.outbox.first_turn import FirstTurn
from wanghuo.kernel.outbox.turns import giving_way
from wanghuo.modules.sensing import store
from wanghuo.modules.sensing.dead import AWAY, buried, reason
from wanghuo.modules.sensing.flusher import Flusher
from wanghuo.modules.sensing.fold import DUPLICATE_US, Dead, Effects, Fold, Note
from wanghuo.modules.sensing.heard import HeardColumn
from wanghuo.modules.sensing.in_hand import KILLED, InHand
from wanghuo.modules.sensing.journal import FRAME, MESSAGE, Batch, JournalBehind, JournalDamaged
from wanghuo.modules.sensing.journals import Address, folder_of, open_reader
from wanghuo.modules.sensing.known import Devices
from wanghuo.modules.sensing.message_fold import take_message
from wanghuo.modules.sensing.observe import STATES
from wanghuo.modules.sensing.own_connection import FireFirst, drop_stale_connections, fires_first
from wanghuo.modules.sensing.reading_store import HistoryWriter
from wanghuo.modules.sensing.reading_stores import open_store
from wanghuo.modules.sensing.recorder import Recorder

log = logging.getLogger("wanghuo.ingest")
DOORBELL = "journal"
ROUND_BATCHES, ROUND_FRAMES = 256, 4000
TEND_EVERY = 8  # full rounds: storing times takes longer than reading does
GATHER_S = 0.02  # between rounds without a fire: fewer, larger rounds cost less
IDLE_S = 0.1
REFRESH_S, FLUSH_S, READINGS_S = 1.0, 2.0, 5.0
STRETCH_ROWS = 200  # recorded in one transaction, about: a fire waits for one at most
MOST_OBJECTS = 50_000  # devices held as objects before those are dropped of whom all is stored
MOST_WAITING = 200_000  # rows read ahead in a flood, about 150 MB
HAND = 64  # deliveries of the outbox that ingest takes on each second,
HELP_AFTER_S = 2.0  # once one has waited so long: a worker that does its work needs no help, and fires wait for it
LONGEST_PAUSE_S = 2.0
T = TypeVar("T")


class Stretch(NamedTuple):
    """A part of the journal that was read: what it caused, and its last batch."""

    effects: Effects
    through: int


class Ingest:
    """One reader of the journal. Only one may run for a database (the command takes a lock)."""

    def __init__(self, journal: Address) -> None:
        self.reader = open_reader(journal)
        self.heard, self.hand = HeardColumn(folder_of(journal)), InHand(folder_of(journal).with_name("ingest.hand"))
        self.turn = FirstTurn()
        self._rings: Callable[[float], bool] | None = None  # of `run`: interrupts what can wait
        row = store.take_over()
        if (through := store.taken_in(row)) > (last := _patiently(self.reader.last)):
            raise JournalBehind(last=last, through=through)
        self._holder = row.holder
        self.recorder, self.flusher = Recorder(self.reader, self._holder), Flusher(self.reader, self.heard)
        self.devices = Devices(store.rows_of)
        self.fold = Fold(self.devices, lambda device: _patiently(lambda: store.parts_of(device)))
        self._buried = buried()
        self._stretches: deque[Stretch] = deque()
        self._waiting = 0
        self._loading: store.Loading | None = store.Loading(self.devices)
        self._since = self._loading.since
        self._recorded, self._counted = row.events_through, row.state_through
        self.history = HistoryWriter(open_store(journal), row.state_through)
        self._kept = self.history.kept
        self._at = self._start(row.state_through)
        self._flushing_to, self._counts = self._at, self.fold.tally.pop_counts()
        self._refreshed = self._flushed = self._readings = 0.0
        self._read_us = self._heard_us = 0

    def _start(self, state_through: int) -> int:
        """Where to begin reading: far enough back to know the retransmissions of the last 40 s."""
        last = _patiently(lambda: self.reader.after(state_through - 1, batches=1)) if state_through else []
        if not last:
            return state_through
        return min(state_through, _patiently(lambda: self.reader.first_since(last[0].last_us - DUPLICATE_US)))

    def step(self) -> int:
        """Read the next stretch, record its fires at once and then the oldest stretch that waits; gives how many
        records were read.

        So a fire overtakes everything that was reported before it and takes longer to record, a flood of faults say.
        """
        count = self._read() if self._waiting < MOST_WAITING else 0
        if self._stretches:
            with suppress(FireFirst):
                self._record(self._stretches[0])
                self._waiting -= len(self._stretches.popleft().effects)
        return count

    @property
    def behind(self) -> bool:
        """Whether something that was read is not recorded yet."""
        return bool(self._stretches)

    def _read(self) -> int:
        batches = self._next()
        self.fold.look_again = self._look_again
        self._expect(batches)
        count = sum(map(len, batches))
        with self.turn.mine(count < ROUND_FRAMES // 4 and any(batch.urgent for batch in batches)):
            self._take_all(batches)
        return count

    def _take_all(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self._look_at(batch.id)
            self._take(batch)
            self._at, self._read_us = batch.id, batch.last_us
            if len(self.fold.effects) >= STRETCH_ROWS:
                self._end_stretch()
        self.hand.nothing()
        self._end_stretch()

    def _expect(self, batches: Sequence[Batch]) -> None:
        """Read together what is stored of the devices that report states here, not one by one as they are met. While the register
        is being taken in, also of all that speak whether they are in it."""
        if (loading := self._loading) is not None:
            frames = {d[12:18] for b in batches for k, d in zip(b.kind, b.data, strict=True) if k == FRAME}
            _patiently(lambda: loading.expect(frames))
        slots, found = self.devices.slots, {}
        for batch in batches:
            for kind, data in zip(batch.kind, batch.data, strict=True):
                if kind == FRAME and len(data) > 32 and data[27] in STATES and (slot := slots.get(data[12:18])):
                    found[slot] = data[12:18]
        if len(found) > 1:
            known = [self.devices.at(slot, source) for slot, source in found.items()]
            _patiently(lambda: store.read_parts(known))

    def _look_at(self, batch: int) -> None:
        """What of this batch is new: it may have been recorded, counted or kept before a restart."""
        self.fold.quiet = batch <= self._recorded
        self.fold.counting, self.fold.keeping = batch > self._counted, batch > self._kept

    def _next(self) -> list[Batch]:
        """The next batches; one that is damaged is buried and passed over."""
        most = ROUND_BATCHES
        while True:
            try:
                return self._batches(most)
            except JournalDamaged as error:
                if most == 1:
                    batch = int(str(error.known["batch"]))
                    self._look_at(batch)
                    self.fold.bury(Dead(str(batch), error.text.filled(error.known).en))
                    self._at = batch
                most = 1

    def _batches(self, most: int) -> list[Batch]:
        """The next ones, once the journal can be reached."""
        return _patiently(lambda: self.reader.after(self._at, batches=most, records=ROUND_FRAMES))

    def _take(self, batch: Batch) -> None:
        columns = zip(batch.kind, batch.received_us, batch.link, batch.trust, batch.data, strict=True)
        careful = self.hand.begins(batch.id)
        if careful:
            self._end_stretch()  # fires before it need not wait for the next death
        for index, (kind, received_us, link, trust, data) in enumerate(columns):
            if self.fold.quiet and batch.ref(index) in self._buried:
                continue  # nothing came of it: put into the journal again, it must not look like a repetition
            if careful and self.hand.kills(batch.id, index):
                self.fold.bury(Dead(batch.ref(index), KILLED, data))
                continue
            try:
                if kind == FRAME:
                    failpoints.at("ingest.record", data[12:18].hex())
                    self.fold.take(batch.id, index, batch.writer, received_us, link, trust, data)
                elif kind == MESSAGE:
                    take_message(self.fold, batch.id, index, batch.writer, received_us, link, trust, data)
                elif known := note_of(data):
                    self.fold.note(Note(batch.ref(index), batch.writer, received_us, known))
            except Exception as error:  # one frame that nobody foresaw must not keep the others from being seen
                self.fold.bury(Dead(batch.ref(index), reason(error), data))

    def _look_again(self, key: bytes) -> None:
        """Once a round: a device registered a moment ago must not be taken for a stranger. While the register is being taken
        in, each that is not here yet is looked for."""
        if (loading := self._loading) is not None:
            _patiently(lambda: loading.look_up([key]))
            return
        self.fold.look_again = None
        self._since = _patiently(lambda: store.load_devices(self.devices, self._since))

    def _end_stretch(self) -> None:
        """Record the fires read so far; the rest of them waits for its turn."""
        effects = self.fold.pop_effects()
        if not effects:
            return
        if effects.urgent:
            _patiently(lambda: self.recorder.record_fires(effects))
            _patiently(lambda: drain(urgent=True))
        self._stretches.append(Stretch(effects, self._at))
        self._waiting += len(effects)

    def _record(self, stretch: Stretch) -> None:
        try:
            with giving_way(self._rings or time.sleep), fires_first(self._rings):
                _patiently(lambda: self.recorder.record(*stretch))
        except (store.Superseded, FireFirst):
            raise
        except Exception as error:
            log.exception("the journal up to batch %d cannot be recorded", stretch.through)
            why = reason(error)
            _patiently(lambda: self.recorder.give_up(*stretch, why))
        self._recorded = max(self._recorded, stretch.through)

    def load(self) -> None:
        """Take in the next page of the register, where it is not all here yet."""
        loading = self._loading
        if loading is not None and _patiently(loading.page):
            self._loading = None

    def tend(self, now: float) -> None:
        """What is due now beside the frames: changes of the register, a chunk of times and readings.

        Events that are not urgent are the worker's; where it does not come, ingest lends a hand, so that alarms appear also
        without it.
        """
        if now - self._refreshed >= REFRESH_S:
            self._refreshed = now
            self._since = store.load_devices(self.devices, self._since)
            if overdue(HELP_AFTER_S):
                drain(HAND)
        if self._loading is not None:
            return  # what is stored by and by speaks of all devices
        if error := self.history.tend():
            log.warning("readings cannot be kept: %s", error)
        if self.flusher.pending:
            self.flusher.step(self.fold)
        elif self._heard_us:
            store.store_heard_through(self._heard_us)
            self._heard_us = 0
        elif self._flushing_to:
            if not self.history.busy:
                self._stored()
        elif now - self._flushed >= FLUSH_S:
            self._flushed = now
            self._begin(readings=now - self._readings >= READINGS_S and not self.behind, now=now)

    def _begin(self, *, readings: bool, now: float) -> None:
        """Begin to store what is known now. With `readings`: all of it, so that the position can follow."""
        self._heard_us = self._read_us
        self.heard.follow(self.devices)
        self.flusher.begin(self.fold, readings=readings)
        if readings:
            self._readings, self._flushing_to = now, self._at
            self._counts = self.fold.tally.pop_counts()
            self.history.cut(self.fold.tally.pop_rows(), self._at)

    def _stored(self) -> None:
        """Readings, times and the history are stored up to `_flushing_to`: count, and move the position there."""
        store.store_state_through(self._holder, self._flushing_to, self._counts, self.devices.region_codes)
        self.devices.let_go(self._flushing_to, MOST_OBJECTS)
        self._flushing_to, self._counts = 0, {}

    def flush(self) -> None:
        """Store all that is known now (at the end, and in tests)."""
        while self._loading is not None:
            self.load()
        while self.flusher.pending:
            self.flusher.step(self.fold)
        if self._flushing_to:
            self.history.wait()
            self._stored()
        self._begin(readings=True, now=self._readings)
        while self.flusher.pending:
            self.flusher.step(self.fold)
        store.store_heard_through(self._heard_us)
        self._heard_us = 0
        self.history.wait()
        self._stored()

    def catch_up(self) -> int:
        """Take in everything there is, and store it. Gives the number of records."""
        total = 0
        while (count := self.step()) or self.behind:
            total += count
        self.flush()
        drain()
        return total

    def run(self, stopped: Callable[[], bool]) -> None:
        """Follow the journal until `stopped`."""
        bell = Doorbell(DOORBELL)
        self._rings = bell.wait
        full = 0  # rounds one after the other: much waits to be read, and in it perhaps a fire
        while not stopped():
            count = self.step()
            full = full + 1 if count >= ROUND_FRAMES else 0
            self.load()
            if full % TEND_EVERY:
                continue
            try:
                with fires_first(bell.wait):
                    self.tend(time.monotonic())
            except FireFirst:
                continue
            except AWAY as error:
                log.warning("the database cannot take readings: %s", error)
                drop_stale_connections()
            if count < ROUND_FRAMES // 4 and not (self._loading or self.flusher.pending or self.behind):
                bell.wait(GATHER_S if count else IDLE_S)
        self._rings = None
        self.catch_up()


def _patiently(act: Callable[[], T]) -> T:
    """Do something until the database takes it, and the journal gives it: either may be away for a while, devices wait or
    what they said is in the journal."""
    pause = 0.2
    while True:
        try:
            return act()
        except FireFirst:
            raise
        except AWAY as error:
            log.warning("database or journal are away (%s); again in %.1f s", error, pause)
            drop_stale_connections()
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)


def note_of(data: bytes) -> dict[str, Any] | None:
    """A note of the gateway; None when it cannot be read."""
    try:
        known = json.loads(data)
    except ValueError:
        return None
    return known if isinstance(known, dict) and "what" in known else None
