"""Fill the tables of divisions and outlines from the installed packages; running it again brings them up to date."""

from __future__ import annotations

import json
import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np
import shapely
from django.db import transaction

from wanghuo.base import Text
from wanghuo.kernel.regions import codes, packaged
from wanghuo.kernel.regions.models import BoundaryLine, Region, Shape
from wanghuo.kernel.regions.naming import latin

Progress = Callable[[int, int, Text], None]
BATCH = 2_000
_UPDATED = (
    "name",
    "name_en",
    "pinyin",
    "initials",
    "level",
    "parent",
    "lng",
    "lat",
    "made_up",
    "placeholder",
    "source",
)
_CENTRE_OF_CHINA = (103.8, 36.1)


def load(progress: Progress | None = None) -> dict[str, int]:
    """Load every packaged division, township and outline. Rows a deployment has imported or corrected itself are kept.

    Returns how many `divisions` and `outlines` there are now. progress: called with (done, total, what is being done).
    """
    tell = progress or (lambda done, total, note: None)
    tell(0, 4, Text("读取边界", "reading outlines"))
    outlines = {o.code: o for level in ("province", "city", "county") for o in packaged.outlines(level)}
    shapes = {code: _valid(outline.geometry) for code, outline in outlines.items()}
    tell(1, 4, Text("读取区划", "reading divisions"))
    divisions = packaged.divisions()
    places = _places(divisions, shapes)
    tell(2, 4, Text("写入 {n} 个区划", "writing {n} divisions").filled({"n": len(divisions)}))
    with transaction.atomic():
        _write_regions(divisions, places)
        tell(3, 4, Text("写入 {n} 个边界", "writing {n} outlines").filled({"n": len(outlines)}))
        known = {d.code for d in divisions}
        _write_shapes({code: shape for code, shape in shapes.items() if code in known})
    tell(4, 4, Text("完成", "done"))
    return {"divisions": len(divisions), "outlines": len(known & shapes.keys())}


def _valid(geometry: dict[str, Any]) -> Any:
    shape = shapely.geometry.shape(geometry)
    return shape if shape.is_valid else shapely.make_valid(shape)


def _places(divisions: Iterable[packaged.Division], shapes: dict[str, Any]) -> dict[str, tuple[float, float, bool]]:
    """A point inside each division: (lng, lat, whether we made it up)."""
    found: dict[str, tuple[float, float, bool]] = {codes.COUNTRY: (*_CENTRE_OF_CHINA, False)}
    without: defaultdict[str, list[str]] = defaultdict(list)
    for division in divisions:
        shape = shapes.get(division.code)
        if shape is not None:
            point = _inner_point(shape)
            found[division.code] = (point.x, point.y, False)
        elif division.code != codes.COUNTRY:
            without[division.code[:6] if len(division.code) == 9 else codes.parent(division.code) or ""].append(
                division.code
            )
    for upper in sorted(without, key=len):
        found |= _made_up(upper, without[upper], shapes, found)
    return found


def _inner_point(shape: Any) -> Any:
    """The centroid where it lies inside the division, else a point that does."""
    centre = shape.centroid
    return centre if shape.contains(centre) else shape.representative_point()


def _made_up(
    upper: str, lower: list[str], shapes: dict[str, Any], found: dict[str, tuple[float, float, bool]]
) -> dict[str, tuple[float, float, bool]]:
    """Points spread evenly inside the upper division, the same ones at every run; its own point where it has no outline."""
    shape = next(
        (shapes[code] for code in (upper, *reversed(codes.ancestors(upper))) if code in shapes and len(code) > 2), None
    )
    if shape is None:
        lng, lat, _ = next(found[code] for code in (upper, *reversed(codes.ancestors(upper))) if code in found)
        return dict.fromkeys(lower, (lng, lat, True))
    points = _spread(shape, len(lower), seed=zlib.crc32(upper.encode()))
    return {code: (float(x), float(y), True) for code, (x, y) in zip(sorted(lower), points, strict=True)}


def _spread(shape: Any, count: int, seed: int) -> Any:
    """`count` points inside `shape` by the additive recurrence of the plastic number (R2 sequence), which keeps them apart."""
    west, south, east, north = shape.bounds
    shapely.prepare(shape)
    inside = np.empty((0, 2))
    start, plastic = seed % 997, 1.32471795724474602596
    steps = np.array([1 / plastic, 1 / plastic**2])
    batch = max(64, math.ceil(count * 3))
    while len(inside) < count:
        n = np.arange(start, start + batch)[:, None]
        at = np.array([west, south]) + ((0.5 + n * steps) % 1) * np.array([east - west, north - south])
        inside = np.vstack([inside, at[shapely.contains_xy(shape, at[:, 0], at[:, 1])]])
        start += batch
    return np.round(inside[:count], 6)


def _write_regions(divisions: Iterable[packaged.Division], places: dict[str, tuple[float, float, bool]]) -> None:
    own = set(Region.objects.exclude(source=packaged.NAMES_SOURCE).values_list("code", flat=True))
    rows = (_row(d, *places[d.code]) for d in divisions if d.code not in own)
    while batch := list(islice(rows, BATCH)):
        Region.objects.bulk_create(
            batch, batch_size=BATCH, update_conflicts=True, unique_fields=["code"], update_fields=list(_UPDATED)
        )


def _row(division: packaged.Division, lng: float, lat: float, made_up: bool) -> Region:
    letters = latin(division.name)
    return Region(
        code=division.code,
        name=division.name,
        name_en=letters.english,
        pinyin=letters.pinyin,
        initials=letters.initials,
        level=codes.level(division.code),
        parent_id=codes.parent(division.code),
        lng=round(lng, 6),
        lat=round(lat, 6),
        made_up=made_up,
        placeholder=division.placeholder,
        source=packaged.NAMES_SOURCE,
    )


def _write_shapes(shapes: dict[str, Any]) -> None:
    Shape.objects.filter(source=packaged.OUTLINES_SOURCE).delete()
    own = set(Shape.objects.values_list("region_id", flat=True))
    rows = (
        Shape(region_id=code, geometry=shapely.to_geojson(shape), source=packaged.OUTLINES_SOURCE)
        for code, shape in shapes.items()
        if code not in own
    )
    while batch := list(islice(rows, 200)):
        Shape.objects.bulk_create(batch)
    BoundaryLine.objects.all().delete()
    BoundaryLine.objects.bulk_create(
        [BoundaryLine(number=n, geometry=json.dumps(line)) for n, line in enumerate(packaged.boundary_lines(), start=1)]
    )
