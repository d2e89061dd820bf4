"""What the worker does for the cockpit by the clock."""

from __future__ import annotations

from wanghuo.kernel.jobs.periodic import every
from wanghuo.modules.cockpit import cells

CELLS_EVERY_S = 60


@every(CELLS_EVERY_S, "cockpit.map_cells")
def map_cells() -> int:
    """Count the cells of the map."""
    return cells.count_cells()
