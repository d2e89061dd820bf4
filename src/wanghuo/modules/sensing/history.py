"""What devices said in the past: readings, and what came by division and hour. The one place pages and commands ask.

Readings lie in a store (`reading_store`), a few seconds behind what comes in; counts in `RegionHour`; the times devices were last
heard in a column (`heard`). Functions take ids and codes: whoever calls has made sure that the actor may see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db.models import F, QuerySet

from wanghuo.base import Text
from wanghuo.kernel.regions import service
from wanghuo.modules.sensing.heard import silent_slots
from wanghuo.modules.sensing.journals import folder_of
from wanghuo.modules.sensing.models import Device, RegionHour
from wanghuo.modules.sensing.profiles import profile
from wanghuo.modules.sensing.quantities import quantity_name
from wanghuo.modules.sensing.reading_store import ReadingStore, Wanted
from wanghuo.modules.sensing.reading_stores import open_store

MOST_READINGS = 50_000
EXPORT_FORMATS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "csv": "FORMAT csv, HEADER true"}


@dataclass(frozen=True, slots=True)
class Point:
    """One value: when, of which reporter under the device, scaled by the device's profile."""

    at: datetime
    key: str
    quantity: int
    raw: int
    value: float
    unit: str

    @property
    def name(self) -> Text:
        """The word for the quantity."""
        return quantity_name(self.quantity)


@dataclass(frozen=True, slots=True)
class HourCount:
    """What came from one division in one hour (`at`: its beginning)."""

    region_code: str
    at: datetime
    messages: int
    readings: int
    alarms: int
    devices: int


@dataclass(frozen=True, slots=True)
class SilentDevices:
    """How many of `of` devices kept silent, and those that did so the longest."""

    count: int
    of: int
    devices: list[Device]


def store() -> ReadingStore:
    """The readings of this deployment."""
    return open_store(settings.JOURNAL)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def readings(
    device_id: UUID, start: datetime, end: datetime, quantity: int | None = None, most: int = MOST_READINGS
) -> list[Point]:
    """The values of a device from `start` until before `end`, by time; the newest `most` where there are more."""
    found = Device.objects.filter(pk=device_id).values_list("slot", "profile").first()
    if found is None or found[0] is None:
        return []
    kind = profile(found[1])
    points = []
    for key, code, at_ms, raw in store().rows(Wanted(_ms(start), _ms(end), found[0], quantity), most):
        scale = kind.scale(code)
        value, unit = (float(raw * scale.step), scale.unit.zh) if scale else (float(raw), "")
        points.append(Point(datetime.fromtimestamp(at_ms / 1000, UTC), key, code, raw, value, unit))
    return points


def region_hours(region_code: str, start: datetime, end: datetime) -> list[HourCount]:
    """The hours from `start` until before `end` of each division directly below `region_code`, by division and hour; of the
    division itself where nothing lies below."""
    below = [child.code for child in service.children(region_code)] or [region_code]
    hours = (int(start.timestamp()) // 3600, int(end.timestamp() - 1) // 3600)
    rows = RegionHour.objects.filter(region_code__in=below, hour__range=hours).order_by("region_code", "hour")
    return [
        HourCount(row.region_code, datetime.fromtimestamp(row.hour * 3600, UTC), row.messages, row.readings, row.alarms, row.devices)
        for row in rows
    ]  # fmt: skip


def silent(region_code: str, longer_than: timedelta, now: datetime, most: int = 50) -> SilentDevices:
    """The devices of a division not heard for longer than this, or never; those silent the longest first.

    With readings on a server, ingest may run on another machine tomorrow: then the table is asked, which takes longer.
    """
    before = now - longer_than
    folder = None if settings.HISTORY else folder_of(settings.JOURNAL)
    found = silent_slots(folder, region_code, int(before.timestamp()), most) if folder else None
    if found is None:
        rows = Device.objects.in_region(region_code).exclude(state="retired")
        quiet = rows.exclude(last_seen_at__gte=before)
        return SilentDevices(
            quiet.count(), rows.count(), list(quiet.order_by(F("last_seen_at").asc(nulls_first=True), "slot")[:most])
        )
    rows_by_slot = Device.objects.in_bulk(found.slots, field_name="slot")
    return SilentDevices(found.many, found.of, [rows_by_slot[slot] for slot in found.slots if slot in rows_by_slot])


def export(devices: QuerySet[Device], start: datetime, end: datetime, path: Path) -> int:
    """Write the readings of some devices to a Parquet or CSV file (by its ending); gives the number of rows.

    Columns: device, address, reporter, quantity (code), time (UTC), raw, value, unit. Raises KeyError for another ending.
    """
    options = EXPORT_FORMATS[path.suffix.removeprefix(".")]
    rows = list(devices.exclude(slot=None).values_list("slot", "ref", "source", "profile").order_by("slot"))
    slot = rows[0][0] if len(rows) == 1 else None
    wanted = Wanted(_ms(start), _ms(end), slot)
    tables = {"devices": _columns(rows), "scales": _scales({kind for *_, kind in rows})}
    store().export(wanted, path, tables, _EXPORT, options)
    return store().count(wanted) if slot is not None else -1


_EXPORT = """SELECT d.ref AS device, d.source AS address, r.key AS reporter, r.quantity,
epoch_ms(r.at_ms) AS time_utc, r.value AS raw, r.value * coalesce(s.step, 1) AS value, coalesce(s.unit, '') AS unit
FROM {rows} r JOIN devices d USING (slot) LEFT JOIN scales s ON s.profile = d.profile AND s.quantity = r.quantity
ORDER BY r.slot, r.key, r.quantity, r.at_ms"""


def _columns(rows: Iterable[tuple[Any, ...]]) -> Mapping[str, Any]:
    slots, refs, sources, kinds = zip(*rows, strict=True) if rows else ((), (), (), ())
    return {
        "slot": np.array(slots, np.int32),
        "ref": np.array(refs, object),
        "source": np.array(sources, object),
        "profile": np.array(kinds, object),
    }


def _scales(kinds: Iterable[str]) -> Mapping[str, Any]:
    """How each quantity is scaled on each kind of device."""
    rows = []
    for code in sorted(kinds):
        kind = profile(code)
        for number in range(QUANTITIES):
            scale = kind.scale(number)
            if scale is not None:
                rows.append((code, number, float(scale.step), scale.unit.zh))
    names, numbers, steps, units = zip(*rows, strict=True) if rows else ((), (), (), ())
    return {
        "profile": np.array(names, object),
        "quantity": np.array(numbers, np.int32),
        "step": np.array(steps, float),
        "unit": np.array(units, object),
    }


QUANTITIES = 512
"""Codes of quantities lie below: one byte of the standard, and ours from 256 on."""
