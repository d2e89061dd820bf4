"""Outlines for maps: what lies below a division, made light enough for a phone, borders still meeting."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

import shapely

from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions.models import BoundaryLine, Region, Shape

MOST_BYTES = 300_000
_FIRST_TOLERANCE = 0.0005  # degrees, about 50 m


@lru_cache(maxsize=64)
def encoded(code: str) -> tuple[bytes, str]:
    """The GeoJSON of `boundaries` as bytes, and its ETag."""
    body = json.dumps(boundaries(code), ensure_ascii=False, separators=(",", ":")).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'


def forget() -> None:
    """Drop the remembered answers."""
    encoded.cache_clear()


def boundaries(code: str) -> dict[str, Any]:
    """A FeatureCollection of the divisions one level below that have an outline, at most `MOST_BYTES` long.

    A code that only fills a level (市辖区, 省直辖县级) is passed through to what lies below it. A county, which has nothing with
    an outline below it, gives its own. The whole country carries its boundary lines too (`kind` = line).
    """
    rows = _below(code) or list(Shape.objects.filter(region_id=code).select_related("region"))
    shapes = [shapely.from_geojson(row.geometry) for row in rows]
    lines = [shapely.from_geojson(row.geometry) for row in BoundaryLine.objects.all()] if code == codes.COUNTRY else []
    tolerance = 0.0
    while True:
        drawn = _drawn(rows, shapes, lines, tolerance)
        if len(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode()) <= MOST_BYTES or tolerance > 1:
            return drawn
        tolerance = tolerance * 2 or _FIRST_TOLERANCE


def _below(code: str) -> list[Any]:
    if len(code) >= 6:
        return []
    fillers = Region.objects.filter(parent_id=code, placeholder=True).values_list("code", flat=True)
    uppers = [code, *fillers]
    rows = Shape.objects.filter(region__parent_id__in=uppers, region__valid_to=None).select_related("region")
    return list(rows.order_by("region_id"))


def _drawn(rows: list[Any], shapes: list[Any], lines: list[Any], tolerance: float) -> dict[str, Any]:
    if tolerance:
        # the borders of neighbours are simplified together, so that no gap opens between them
        shapes = list(shapely.coverage_simplify(shapes, tolerance))
        lines = [shapely.simplify(line, tolerance) for line in lines]
    digits = 0.0001 if tolerance else 0.00001
    features = [_feature(shape, digits, **_properties(row)) for row, shape in zip(rows, shapes, strict=True)]
    features += [_feature(line, digits, kind="line") for line in lines]
    return {"type": "FeatureCollection", "features": features}


def _properties(row: Any) -> dict[str, Any]:
    region = row.region
    return {
        "kind": "region",
        "code": region.code,
        "name": region.name,
        "name_en": region.name_en,
        "level": region.level,
        "lng": region.lng,
        "lat": region.lat,
    }


def _feature(shape: Any, digits: float, **properties: Any) -> dict[str, Any]:
    geometry = json.loads(shapely.to_geojson(shapely.set_precision(shape, digits, mode="pointwise")))
    return {"type": "Feature", "properties": properties, "geometry": geometry}
