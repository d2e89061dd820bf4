"""A rise that does not stop: the cumulative sum of what a value lies above its own slow mean (Page 1954).

Faster than a fixed level where the level is far away, and silent about a value that only wavers: smoke density, temperature,
carbon monoxide, residual current.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class RiseParams:
    """`noise`: the least spread a value is taken to have, in its unit; `settle`: how many first samples only teach what is usual;
    `slack`: rises of less than so many spreads a sample count for nothing; `enough`: the sum, in spreads, that is a warning;
    `memory`: over how many samples the slow mean forgets."""

    noise: float
    settle: int = 10
    slack: float = 1.0
    enough: float = 12.0
    memory: float = 200.0


def first_rise(values: npt.ArrayLike, params: RiseParams) -> int | None:
    """The index of the sample at which a rise is sure; None when there is none. Samples that are no number are passed over."""
    mean = spread = total = 0.0
    seen: list[float] = []
    keep = 1 - 1 / params.memory
    for index, value in enumerate(np.asarray(values, np.float64)):
        if not np.isfinite(value):
            continue
        if len(seen) < params.settle:
            seen.append(float(value))
            mean = float(np.median(seen))
            spread = max(1.4826 * float(np.median(np.abs(np.array(seen) - mean))), params.noise)
            continue
        above = (value - mean) / spread
        total = max(0.0, total + min(above, params.enough / 3) - params.slack)
        if total >= params.enough:
            return index
        if total < params.enough / 2:  # while it is rising it teaches nothing
            near = min(max(float(value), mean - 3 * spread), mean + 3 * spread)
            spread = max(keep * spread + (1 - keep) * 1.2533 * abs(near - mean), params.noise)
            mean = keep * mean + (1 - keep) * near
    return None
