"""Counting the cells of the map beforehand. Each kind is one grouped query at the finest grid; the coarser ones are added
up from it, and only what differs is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Min, Sum
from django.utils import timezone

from wanghuo.kernel.access.actor import system_actor
from wanghuo.modules.cockpit.grid import COUNTED_ZOOMS, cell_of, column
from wanghuo.modules.cockpit.layers import LAYERS, Layer
from wanghuo.modules.cockpit.models import MapCell, MapLayer

FINEST = COUNTED_ZOOMS[-1]
BATCH = 1000
PLACE = ("province_code", "city_code", "county_code", "town_code", "sector", "level")
Key = tuple[Any, ...]  # zoom, x, y, then PLACE
Figures = tuple[int, float, float, str]  # count, lng_sum, lat_sum, ref


def count_cells(now: datetime | None = None) -> int:
    """Count every layer anew; returns how many cells were written or deleted."""
    return sum(_count_layer(layer, now or timezone.now()) for layer in LAYERS if layer.counted)


def _count_layer(layer: Layer, now: datetime) -> int:
    wanted = dict(_all_zooms(_finest(layer)))
    with transaction.atomic():
        changed = _write(layer.kind, wanted)
        total = sum(figures[0] for key, figures in wanted.items() if key[0] == FINEST)
        MapLayer.objects.update_or_create(kind=layer.kind, defaults={"counted_at": now, "objects_counted": total})
    return changed


def _finest(layer: Layer) -> dict[Key, Figures]:
    rows = (
        layer.rows(system_actor("worker"))
        .values(*PLACE, x=column("lng", FINEST, 180), y=column("lat", FINEST, 90))
        .annotate(n=Count("pk"), lng_sum=Sum("lng"), lat_sum=Sum("lat"), first=Min("ref"))
        .order_by()
    )
    return {
        (row["x"], row["y"], *(row[name] for name in PLACE)): (row["n"], row["lng_sum"], row["lat_sum"], row["first"])
        for row in rows
    }


def _all_zooms(finest: dict[Key, Figures]) -> Iterator[tuple[Key, Figures]]:
    for zoom in COUNTED_ZOOMS:
        cells: dict[Key, Figures] = {}
        for (_, _, *place), (n, lng, lat, ref) in finest.items():
            key = (zoom, cell_of(lng / n, zoom, 180), cell_of(lat / n, zoom, 90), *place)
            old = cells.get(key, (0, 0.0, 0.0, ref))
            cells[key] = (old[0] + n, old[1] + lng, old[2] + lat, min(old[3], ref))
        yield from cells.items()


def _write(kind: str, wanted: dict[Key, Figures]) -> int:
    kept: dict[Key, Figures] = {}
    ids: dict[Key, int] = {}
    for row in MapCell.objects.filter(kind=kind).values_list(
        "pk", "zoom", "x", "y", *PLACE, "count", "lng_sum", "lat_sum", "ref"
    ):
        key, figures = row[1:-4], row[-4:]
        kept[key], ids[key] = figures, row[0]
    stale = [ids[key] for key, figures in kept.items() if not _same(wanted.get(key), figures)]
    fresh = [_cell(kind, key, figures) for key, figures in wanted.items() if not _same(kept.get(key), figures)]
    for start in range(0, len(stale), BATCH):
        MapCell.objects.filter(pk__in=stale[start : start + BATCH]).delete()
    MapCell.objects.bulk_create(fresh, batch_size=BATCH)
    return len(stale) + len(fresh)


def _same(one: Figures | None, other: Figures | None) -> bool:
    """Sums of the same numbers in another order differ in their last digits."""
    if one is None or other is None:
        return False
    return (one[0], one[3]) == (other[0], other[3]) and abs(one[1] - other[1]) + abs(one[2] - other[2]) < 1e-5


def _cell(kind: str, key: Key, figures: Figures) -> MapCell:
    zoom, x, y, *place = key
    count, lng_sum, lat_sum, ref = figures
    return MapCell(
        kind=kind,
        zoom=zoom,
        x=x,
        y=y,
        count=count,
        lng_sum=lng_sum,
        lat_sum=lat_sum,
        ref=ref,
        **dict(zip(PLACE, place, strict=True)),
    )
