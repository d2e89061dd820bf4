"""Times and readings on their way to the tables: latest wins, so they are stored every few seconds, in small chunks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from wanghuo.modules.sensing.dead import bury, ref_of_device, together
from wanghuo.modules.sensing.fold import Fold
from wanghuo.modules.sensing.journal import JournalReader
from wanghuo.modules.sensing.known import Devices, Known, Latest, Part
from wanghuo.modules.sensing.models import Device, Reading
from wanghuo.modules.sensing.observe import Key, label_s
from wanghuo.modules.sensing.store import AWAY, CHUNK, SEEN_CHUNK, instant, mark_stored, store_new
from wanghuo.modules.sensing.transitions import settle

Newest = tuple[tuple[bytes, Key, int], Latest]
"""(source, reporter, quantity) and its newest value."""


class Flusher:
    """Stores what is latest-wins: when devices were last heard, and readings. In chunks, so that a fire never waits
    for it."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader
        self._readings: list[Newest] = []
        self._seen: list[int] = []
        self._new: list[Part] = []

    def begin(self, fold: Fold, *, readings: bool) -> None:
        """Take over what is dirty now."""
        self._seen += set().union(*fold.pop_dirty().values())
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
            devices = fold.devices
            dead = together(
                lambda slots: self._store_seen(devices, slots),
                self._seen[-SEEN_CHUNK:],
                lambda slot: f"{devices.seen_batch[slot]}:{devices.seen_index[slot]}",
            )
            del self._seen[-SEEN_CHUNK:]
        else:
            chunk = [latest for latest in self._readings[-CHUNK:] if latest[0][0] in fold.devices]
            dead = together(
                lambda some: self._store_readings(fold, some),
                chunk,
                lambda item: ref_of_device(fold.devices[item[0][0]]),
            )
            del self._readings[-CHUNK:]
        mark_stored(self._new)
        self._new.clear()
        if dead:
            bury(dead, self._reader)

    def _store_seen(self, devices: Devices, slots: Sequence[int]) -> None:
        adapt, key = connection.ops.adapt_datetimefield_value, Device._meta.pk.get_db_prep_value
        heard = {devices.id_at(slot): instant(devices.seen_us[slot] / 1e6) for slot in slots}
        rows = [
            (
                adapt(at),
                f"{devices.seen_batch[slot]}:{devices.seen_index[slot]}",
                devices.offset(slot),
                key(id, connection),
            )
            for slot, (id, at) in zip(slots, heard.items(), strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE sensing_device SET last_seen_at = %s, last_frame_ref = %s, clock_offset_s = %s WHERE id = %s",
                rows,
            )
        away = list(Device.objects.filter(pk__in=heard, state__in=AWAY).values_list("pk", flat=True))
        if away:  # late or off line, and heard again
            settle(away, at=max(heard.values()), since=None, heard=heard)

    def _store_readings(self, fold: Fold, items: Sequence[Newest]) -> None:
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
        Reading.objects.bulk_create(
            rows,
            batch_size=CHUNK,
            update_conflicts=True,
            unique_fields=["component", "quantity"],
            update_fields=["raw", "value", "unit", "in_range", "at", "received_at"],
        )


def _reading_row(device: Known, part: Part, quantity: int, latest: Latest) -> Reading:
    scale = device.profile.scale(quantity)
    value, unit, in_range = float(latest.raw), "", True
    if scale is not None:
        exact = latest.raw * scale.step
        value, unit, in_range = float(exact), scale.unit.zh, scale.low <= exact <= scale.high
    seen = label_s(latest.label, device.profile.bcd)
    at = latest.received_us / 1e6 if seen is None else seen + (device.offset_s or 0.0)
    return Reading(
        component_id=part.id,
        quantity=quantity,
        raw=latest.raw,
        value=value,
        unit=unit,
        in_range=in_range,
        at=instant(at),
        received_at=instant(latest.received_us / 1e6),
    )
