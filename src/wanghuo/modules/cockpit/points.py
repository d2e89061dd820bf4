"""What the map draws: clusters with a count and their worst level, or single objects with a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum, Value

from wanghuo.base import Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import grants_q, region_q
from wanghuo.kernel.ui import say
from wanghuo.modules.cockpit.grid import COUNTED_ZOOMS, FINEST_ZOOM, Box, cell_of, column
from wanghuo.modules.cockpit.layers import Layer
from wanghuo.modules.cockpit.models import MapCell, MapLayer

MOST = 4000
TOWN_DIGITS = 9
NEAR_ZOOM = 12  # from here on a screen shows a part of a county


@dataclass(frozen=True, slots=True)
class View:
    """What part of the map is looked at. `states`: only objects in one of these; none means all."""

    region: str
    box: Box
    zoom: int
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One sign on the map: `count` objects around a place, `level` the worst of them. A single one has a `url`."""

    kind: str
    lng: float
    lat: float
    count: int
    level: int
    ref: str
    label: Text | str = ""
    url: str = ""

    def as_geojson(self) -> dict[str, Any]:
        """The feature as map.js takes it."""
        properties: dict[str, Any] = {"kind": self.kind, "count": self.count, "level": self.level}
        if self.label:
            properties |= {"label": say(self.label), "url": self.url}
        place = [round(self.lng, 6), round(self.lat, 6)]
        return {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": properties}


def signs(layers: Sequence[Layer], view: View, *, actor: Actor) -> list[Point]:
    """What is drawn: where objects of several kinds share a cell, one sign with all of them and their worst level."""
    shared: dict[tuple[int, int], list[Point]] = {}
    zoom = min(view.zoom, FINEST_ZOOM)
    for layer in layers:
        for point in points(layer, view, actor=actor):
            shared.setdefault((cell_of(point.lng, zoom, 180), cell_of(point.lat, zoom, 90)), []).append(point)
    names = {layer.kind: layer.label for layer in layers}
    return [_joined(found, names) if len(found) > 1 else found[0] for found in shared.values()]


def _joined(found: list[Point], names: Mapping[str, Text]) -> Point:
    worst = max(found, key=lambda point: point.level)
    counts = Counter({point.kind: 0 for point in found})
    for point in found:
        counts[point.kind] += point.count
    told = [Text(f"{names[k].zh} {n:,}", f"{names[k].en.lower()} {n:,}") for k, n in counts.items()]
    return Point(worst.kind, worst.lng, worst.lat, counts.total(), worst.level, "", listing(told))


def points(layer: Layer, view: View, *, actor: Actor) -> list[Point]:
    """The signs of one layer. Counted cells answer from afar, the records themselves from near and for narrow scopes."""
    found = _from_cells(layer, view, actor) if _cells_answer(layer, view, actor) else _from_rows(layer, view, actor)
    return list(_named(layer, found, actor))


def _cells_answer(layer: Layer, view: View, actor: Actor) -> bool:
    """Whether cells were counted that can be filtered by what the actor may see: by town at the finest, not by unit."""
    if not layer.counted or view.states or view.zoom not in COUNTED_ZOOMS or len(view.region) > TOWN_DIGITS:
        return False
    grants = actor.with_right(layer.right)
    if any(grant.unit is not None or len(grant.region) > TOWN_DIGITS for grant in grants):
        return False
    return MapLayer.objects.filter(kind=layer.kind).exists()


def _from_cells(layer: Layer, view: View, actor: Actor) -> list[Point]:
    box, zoom = view.box, view.zoom
    near = Q(
        x__range=(cell_of(box.west, zoom, 180), cell_of(box.east, zoom, 180)),
        y__range=(cell_of(box.south, zoom, 90), cell_of(box.north, zoom, 90)),
    )
    rows = MapCell.objects.filter(near, region_q(view.region), grants_q(actor, layer.right), kind=layer.kind, zoom=zoom)
    groups = rows.values("x", "y").annotate(
        n=Sum("count"), east=Sum("lng_sum"), north=Sum("lat_sum"), worst=Max("level"), first=Min("ref")
    )
    return _points(layer, groups)  # type: ignore[arg-type]


def _from_rows(layer: Layer, view: View, actor: Actor) -> list[Point]:
    box, zoom = view.box, min(view.zoom, FINEST_ZOOM)
    rows = layer.rows(actor).filter(region_q(view.region))
    # from afar the box holds nearly everything, and an index on places would be the long way round
    rows = (
        rows.alias(at_lng=F("lng"), at_lat=F("lat"))
        if zoom >= NEAR_ZOOM
        else rows.alias(at_lng=F("lng") + Value(0.0), at_lat=F("lat") + Value(0.0))
    )
    rows = rows.filter(at_lng__range=(box.west, box.east), at_lat__range=(box.south, box.north))
    if view.states and layer.states:
        rows = rows.filter(state__in=view.states)
    groups = (
        rows.values(x=column("lng", zoom, 180), y=column("lat", zoom, 90))
        .annotate(n=Count("pk"), east=Sum("lng"), north=Sum("lat"), worst=Max("level"), first=Min("ref"))
        .order_by()
    )
    return _points(layer, groups)


def _points(layer: Layer, groups: QuerySet[Any, dict[str, Any]]) -> list[Point]:
    return [
        Point(layer.kind, g["east"] / g["n"], g["north"] / g["n"], g["n"], g["worst"], g["first"])
        for g in groups.order_by()[:MOST]
    ]


def _named(layer: Layer, found: Iterable[Point], actor: Actor) -> Iterator[Point]:
    """Give single objects their words and address; one that has gone meanwhile is left out."""
    found = list(found)
    single = [point.ref for point in found if point.count == 1]
    names: dict[str, str] = {}
    for start in range(0, len(single), 500):
        names.update(layer.rows(actor).filter(ref__in=single[start : start + 500]).values_list("ref", layer.name))
    for point in found:
        if point.count > 1:
            yield point
        elif point.ref in names:
            label = f"{point.ref} {names[point.ref]}".strip()
            url = f"{layer.path}/{point.ref}"
            yield Point(point.kind, point.lng, point.lat, 1, point.level, point.ref, label, url)
