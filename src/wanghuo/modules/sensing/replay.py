"""Replay: the latest state rebuilt from the journal alone, to show that nothing else is needed, or to put the tables
right."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from django.db import transaction

from wanghuo.modules.sensing import store
from wanghuo.modules.sensing.fold import Fold
from wanghuo.modules.sensing.journal import FRAME, MESSAGE, Batch, JournalReader, Record
from wanghuo.modules.sensing.journals import Address, open_reader
from wanghuo.modules.sensing.known import Devices, Known, Part
from wanghuo.modules.sensing.message_fold import take_message
from wanghuo.modules.sensing.messages import NotPacked
from wanghuo.modules.sensing.models import Component, IngestPosition
from wanghuo.modules.sensing.observe import Key, key_text


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found: frames read, components with a word, and how many of them the tables have otherwise."""

    frames: int
    components: int
    different: int


def replay(journal: Address, *, write: bool = False) -> Replayed:
    """Fold the whole journal from nothing, up to where ingest stands, and compare words and standing conditions.

    Raises no event and causes nothing else. `write` puts differing rows right. A journal that was pruned begins late:
    a component
    that last changed before its beginning is left as the table has it.
    """
    devices = Devices(store.rows_of)
    store.load_devices(devices, None)
    nothing: dict[Key, Part] = {}
    fold = Fold(devices, lambda device: dict(nothing))
    frames = _run(fold, open_reader(journal), IngestPosition.objects.filter(pk=1).first())
    parts = [(d, p) for d in devices.values() for p in (d.parts or {}).values() if p.word is not None]
    different = _compare(parts, write=write)
    return Replayed(frames, len(parts), different)


def _run(fold: Fold, reader: JournalReader, position: IngestPosition | None) -> int:
    at, frames, end = 0, 0, position.events_through if position else 0
    while batches := [b for b in reader.after(at) if b.id <= end]:
        for batch in batches:
            for index, record in enumerate(batch):
                if record.kind == FRAME and _in_service(fold, record):
                    frames += 1
                    fold.take(batch.id, index, batch.writer, record.received_us, record.link, record.trust, record.data)
                elif record.kind == MESSAGE:
                    frames += 1
                    _message(fold, batch, index, record)
        at = batches[-1].id
        fold.pop_effects()
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
