"""Replay: the latest state rebuilt from the journal alone, to show that nothing else is needed, or to put the tables
right."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from wanghuo.modules.sensing import segments, store
from wanghuo.modules.sensing.fold import Fold
from wanghuo.modules.sensing.journal import FRAME, MESSAGE, Batch, JournalReader, Record
from wanghuo.modules.sensing.journals import Address, folder_of, open_reader
from wanghuo.modules.sensing.known import Devices, Known, Part
from wanghuo.modules.sensing.message_fold import take_message
from wanghuo.modules.sensing.messages import NotPacked
from wanghuo.modules.sensing.models import Component, IngestPosition
from wanghuo.modules.sensing.observe import Key, key_text

ROWS_OF_A_FILE = 1_000_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found: frames read, components with a word, and how many of them the tables have otherwise;
    `readings`: rows of the history written anew."""

    frames: int
    components: int
    different: int
    readings: int = 0


def replay(journal: Address, *, write: bool = False) -> Replayed:
    """Fold the whole journal from nothing, up to where ingest stands, and compare words and standing conditions.

    Raises no event and causes nothing else. `write` puts differing rows right, and writes the history of a folder anew as far
    back as the journal goes (a server has its own backups); ingest must not run meanwhile. A journal that was pruned begins late:
    a component
    that last changed before its beginning is left as the table has it.
    """
    devices = Devices(store.rows_of)
    store.load_devices(devices, None)
    nothing: dict[Key, Part] = {}
    fold = Fold(devices, lambda device: dict(nothing))
    reader, position = open_reader(journal), store.position()
    here = write and not settings.HISTORY
    rebuilt = Rebuilt(folder_of(journal), reader, position.state_through) if here else None
    frames = _run(fold, reader, position, rebuilt)
    parts = [(d, p) for d in devices.values() for p in (d.parts or {}).values() if p.word is not None]
    different = _compare(parts, write=write)
    return Replayed(frames, len(parts), different, rebuilt.finish(fold) if rebuilt else 0)


class Rebuilt:
    """The history written anew, beside the old one; then it takes the place of what it repeats."""

    def __init__(self, folder: Path, reader: JournalReader, through: int) -> None:
        begin = reader.after(0, batches=1)
        first = begin[0].id if begin else through + 1
        self._folder, self._beside, self._through = folder, folder / "rebuilt", through
        # a file that begins before the journal does cannot be made again, and holds its batches whole
        self._kept = max((s.last for s in segments.segments(folder) if s.first < first), default=0)
        self._next, self._rows = max(first, self._kept + 1), 0
        shutil.rmtree(self._beside, ignore_errors=True)

    def wants(self, batch: int) -> bool:
        """Whether the readings of a batch belong into it."""
        return self._next <= batch <= self._through

    def gather(self, fold: Fold, through: int, least: int = ROWS_OF_A_FILE) -> None:
        """Write what has gathered, when it is enough for a file."""
        if len(fold.tally.rows) >= least:
            rows = fold.tally.pop_rows()
            segments.write(self._beside, rows, self._next, min(through, self._through))
            self._next, self._rows = through + 1, self._rows + len(rows)

    def finish(self, fold: Fold) -> int:
        """Put the new files in the place of the old ones; gives the rows written."""
        self.gather(fold, self._through, least=1)
        for segment in segments.segments(self._folder):
            if segment.last > self._kept:
                segment.path.unlink()
        for segment in segments.segments(self._beside):
            segment.path.rename(self._folder / segment.path.name)
        shutil.rmtree(self._beside, ignore_errors=True)
        return self._rows


def _run(fold: Fold, reader: JournalReader, position: IngestPosition, rebuilt: Rebuilt | None) -> int:
    at, frames, end = 0, 0, position.events_through
    fold.counting = False
    while batches := [b for b in reader.after(at) if b.id <= end]:
        for batch in batches:
            fold.keeping = rebuilt is not None and rebuilt.wants(batch.id)
            for index, record in enumerate(batch):
                if record.kind == FRAME and _in_service(fold, record):
                    frames += 1
                    fold.take(batch.id, index, batch.writer, record.received_us, record.link, record.trust, record.data)
                elif record.kind == MESSAGE:
                    frames += 1
                    _message(fold, batch, index, record)
        at = batches[-1].id
        fold.pop_effects()
        if rebuilt is not None:
            rebuilt.gather(fold, at)
    return frames


def _in_service(fold: Fold, record: Record) -> bool:
    """Whether the device was registered when the frame came; before, it waited in quarantine and caused nothing."""
    device = fold.devices.get(record.data[12:18])
    return device is not None and _registered(device, record)


def _registered(device: Known, record: Record) -> bool:
    return bool(device.row.registered_at.timestamp() * 1e6 <= record.received_us)


def _message(fold: Fold, batch: Batch, index: int, record: Record) -> None:
    """Take in a message; one that ingest buried is passed over here too."""
    known = (batch.id, index, batch.writer, record.received_us, record.link, record.trust, record.data)
    with contextlib.suppress(NotPacked):
        take_message(fold, *known, in_service=lambda device: _registered(device, record))


@transaction.atomic
def _compare(parts: list[tuple[Known, Part]], *, write: bool) -> int:
    stored = {(row.device_id, row.key): row for row in Component.objects.select_for_update().exclude(word=None)}
    different = 0
    for device, part in parts:
        row = stored.get((device.id, key_text(part.key)))
        if row is not None and row.word == part.word and set(row.active) == set(part.active):
            continue
        different += 1
        if write:
            active = {c: {"id": str(a.signal_id), "since": a.since_s} for c, a in part.active.items()}
            Component.objects.update_or_create(
                device_id=device.id, key=key_text(part.key), defaults={"word": part.word, "active": active}
            )
    return different
