"""Which county a point lies in, from the outlines in the database."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import shapely

from wanghuo.kernel.regions.models import Shape


def region_at(lng: float, lat: float) -> str | None:
    """The county code whose outline holds the WGS-84 point; None at sea, abroad, or where no outline is known.

    A point on a border belongs to the lower code. The first call in a process reads the outlines (under a second).
    """
    tree, codes = _counties()
    found = [codes[n] for n in tree.query(shapely.Point(lng, lat), predicate="intersects")]
    return min(found, default=None)


def regions_at(points: list[tuple[float, float]]) -> list[str | None]:
    """`region_at` for many points at once, a thousand times faster than one by one."""
    tree, codes = _counties()
    answers: list[str | None] = [None] * len(points)
    pairs = tree.query(shapely.points(points), predicate="intersects") if points else ((), ())
    for n, shape in zip(*pairs, strict=True):
        if answers[n] is None or codes[shape] < (answers[n] or ""):
            answers[n] = codes[shape]
    return answers


def forget() -> None:
    """Drop the remembered outlines, after they were changed."""
    _counties.cache_clear()


@lru_cache(maxsize=1)
def _counties() -> tuple[Any, list[str]]:
    rows = Shape.objects.filter(region__level="county", region__valid_to=None).order_by("region_id")
    pairs = list(rows.values_list("region_id", "geometry"))
    return shapely.STRtree(shapely.from_geojson([geometry for _, geometry in pairs])), [code for code, _ in pairs]
