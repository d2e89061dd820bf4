"""Times and readings on their way to the tables: latest wins, so they are stored every few seconds, in small chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from wanghuo.modules.sensing.dead import bury, ref_of_device, together
from wanghuo.modules.sensing.fold import Fold, reading_s
from wanghuo.modules.sensing.heard import HeardColumn
from wanghuo.modules.sensing.journal import JournalReader
from wanghuo.modules.sensing.known import Devices, Known, Latest, Part
from wanghuo.modules.sensing.models import Device, Reading
from wanghuo.modules.sensing.observe import Key
from wanghuo.modules.sensing.store import (
    AWAY,
    SEEN_CHUNK,
    instant,
    mark_stored,
    read_parts,
    store_new,
    store_seen,
)
from wanghuo.modules.sensing.transitions import settle

READINGS_CHUNK = 200  # rows of one transaction: some milliseconds, for which a fire waits

Newest = tuple[tuple[bytes, Key, int], Latest]
"""(source, reporter, quantity) and its newest value."""


class Flusher:
    """Stores what is latest-wins: when devices were last heard, and readings. In chunks, so that a fire never waits
    for it."""

    def __init__(self, reader: JournalReader, heard: HeardColumn) -> None:
        self._reader, self._heard = reader, heard
        self._readings: list[Newest] = []
        self._seen: list[tuple[int, list[int]]] = []
        self._new: list[Part] = []

    def begin(self, fold: Fold, *, readings: bool) -> None:
        """Take over what is dirty now."""
        dirty = fold.pop_dirty()
        for hour in sorted(dirty):  # taken from the end: the earliest hour first
            slots = sorted(dirty[hour])
            self._seen = [(hour, slots[at : at + SEEN_CHUNK]) for at in range(0, len(slots), SEEN_CHUNK)] + self._seen
        if readings:
            self._readings += fold.dirty_readings.items()
            fold.dirty_readings.clear()

    @property
    def pending(self) -> bool:
        """Whether something is left to store."""
        return bool(self._seen or self._readings)

    def step(self, fold: Fold) -> None:
        """Store one chunk in a transaction of its own; what cannot be stored is buried, and the rest goes on."""
        if self._seen:
            devices, (hour, chunk) = fold.devices, self._seen[-1]
            dead = together(
                lambda slots: self._store_seen(devices, slots, hour),
                chunk,
                lambda slot: f"{devices.seen_batch[slot]}:{devices.seen_index[slot]}",
            )
            bury(dead, self._reader)  # before they are let go: where that fails, the chunk is stored again
            for slot in chunk:
                devices.heard_s[slot] = max(devices.heard_s[slot], hour * 3600)
            self._heard.put(chunk, devices)
            del self._seen[-1]
        else:
            newest = [latest for latest in self._readings[-READINGS_CHUNK:] if latest[0][0] in fold.devices]
            dead = together(
                lambda some: self._store_readings(fold, some),
                newest,
                lambda item: ref_of_device(fold.devices[item[0][0]]),
            )
            bury(dead, self._reader)
            del self._readings[-READINGS_CHUNK:]
        mark_stored(self._new)
        self._new.clear()

    def _store_seen(self, devices: Devices, slots: Sequence[int], hour: int) -> None:
        store_seen(devices, slots, hour)
        away = list(Device.objects.filter(slot__in=slots, state__in=AWAY).values_list("slot", "pk"))
        if away:  # late or off line, and heard again
            heard = {id: instant(devices.seen_us[slot] / 1e6) for slot, id in away if slot is not None}
            settle(list(heard), at=max(heard.values()), since=None, heard=heard)

    def _store_readings(self, fold: Fold, items: Sequence[Newest]) -> None:
        read_parts(fold.devices[source] for (source, _, _), _ in items)
        new: dict[UUID, tuple[Known, Part]] = {}
        rows = []
        for (source, key, quantity), latest in items:
            device = fold.devices[source]
            part = fold.part(device, key)
            if not part.stored:
                new[part.id] = (device, part)
            rows.append(_reading_row(device, part, quantity, latest))
        store_new(new.values())
        self._new += [part for _, part in new.values()]
        with connection.cursor() as cursor:
            cursor.executemany(_LATEST, rows)


# as `Reading.objects.bulk_create(update_conflicts=True)` has it, at a quarter of the time: these are the most rows there are
_LATEST = """INSERT INTO sensing_reading (component_id, quantity, raw, value, unit, in_range, at, received_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (component_id, quantity) DO UPDATE SET raw = excluded.raw,
value = excluded.value, unit = excluded.unit, in_range = excluded.in_range, at = excluded.at, received_at = excluded.received_at"""


def _reading_row(device: Known, part: Part, quantity: int, latest: Latest) -> tuple[Any, ...]:
    scale = device.profile.scale(quantity)
    value, unit, in_range = float(latest.raw), "", True
    if scale is not None:
        exact = latest.raw * scale.step
        value, unit, in_range = float(exact), scale.unit.zh, scale.low <= exact <= scale.high
    adapt, key = connection.ops.adapt_datetimefield_value, Reading._meta.get_field("component").get_db_prep_save
    times = adapt(instant(reading_s(device, latest))), adapt(instant(latest.received_us / 1e6))
    return key(part.id, connection), quantity, latest.raw, value, unit, in_range, *times
