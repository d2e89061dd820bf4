"""The grid of the map: each zoom has square cells of about 64 pixels. Pure arithmetic, and its SQL."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db.models import F, IntegerField
from django.db.models.functions import Cast

CELLS_ACROSS_AT_ZOOM_0 = 8  # a tile is 512 pixels wide
COUNTED_ZOOMS = range(3, 13)
FINEST_ZOOM = 18


@dataclass(frozen=True, slots=True)
class Box:
    """A box of WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parse(cls, text: str) -> Box | None:
        """`west,south,east,north`; None when it is no box."""
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError:
            return None
        if not all(map(math.isfinite, (west, south, east, north))) or west > east or south > north:
            return None
        return cls(max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))


def cells_per_degree(zoom: int) -> float:
    """How many cells one degree holds."""
    return CELLS_ACROSS_AT_ZOOM_0 * 2**zoom / 360.0


def cell_of(degrees: float, zoom: int, offset: float) -> int:
    """The number of the cell a coordinate lies in; `offset`: 180 for longitudes, 90 for latitudes."""
    return math.floor((degrees + offset) * cells_per_degree(zoom))


def column(field: str, zoom: int, offset: float) -> Cast:
    """The same in SQL. Databases round to a whole number each in its way, which moves the grid by half a cell at most."""
    return Cast((F(field) + offset) * cells_per_degree(zoom), IntegerField())
