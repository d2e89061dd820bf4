"""What is normal for one circuit or one pipe, learned from its own first days; and how far off it is now.

Two distances, as process industries watch plants: Hotelling's T² (an unusual mixture of usual patterns) and Q (a pattern never seen),
both from the principal components of the samples that were normal (Jackson and Mudholkar 1979). Learned for each circuit alone: a
model of other appliances calls every sample of an unknown one abnormal (docs/evaluation/early_warning.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
"""Rows are moments, columns the quantities."""


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """What was normal. Made by `learn`."""

    mean: Samples
    spread: Samples
    patterns: Samples
    strengths: Samples
    limits: tuple[float, float]

    @classmethod
    def learn(cls, samples: npt.ArrayLike, *, keep: float = 0.9, inside: float = 0.995) -> Normal:
        """From moments that were normal. `keep`: the share of their variance that the usual patterns carry; `inside`: the share of
        them that counts as within the limits. ValueError for fewer than 20 moments, or one that is no number."""
        rows = _checked(samples)
        if len(rows) < 20:
            raise ValueError(f"{len(rows)} moments are too few to learn from; 20 are the least")
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        scaled = (rows - mean) / spread
        _, singular, axes = np.linalg.svd(scaled, full_matrices=False)
        strengths = np.maximum(singular**2 / (len(rows) - 1), 1e-12)
        count = int(np.searchsorted(np.cumsum(strengths) / strengths.sum(), keep)) + 1
        found = cls(mean, spread, axes[:count].T, strengths[:count], (1.0, 1.0))
        usual, strange = found._distances(rows)
        limits = (max(float(np.quantile(usual, inside)), 1e-9), max(float(np.quantile(strange, inside)), 1e-9))
        return cls(mean, spread, axes[:count].T, strengths[:count], limits)

    def distance(self, samples: npt.ArrayLike) -> Samples:
        """How far each moment is off: up to 1 is normal, 2 is twice the limit."""
        usual, strange = self._distances(_checked(samples))
        return np.maximum(usual / self.limits[0], strange / self.limits[1])

    def departs(self, samples: npt.ArrayLike, *, beyond: float = 1.0, run: int = 5) -> npt.NDArray[np.bool_]:
        """Whether each moment ends a run of so many that were all off by more than `beyond`: one odd sample is no warning."""
        off = self.distance(samples) > beyond
        counted = np.convolve(off.astype(np.int64), np.ones(run, np.int64))[: len(off)]
        return counted >= run

    def _distances(self, rows: Samples) -> tuple[Samples, Samples]:
        scaled = (rows - self.mean) / self.spread
        scores = scaled @ self.patterns
        rest = scaled - scores @ self.patterns.T
        return (scores**2 / self.strengths).sum(axis=1), (rest**2).sum(axis=1)

    def as_json(self) -> dict[str, Any]:
        """For keeping."""
        return {
            "mean": self.mean.tolist(),
            "spread": self.spread.tolist(),
            "patterns": self.patterns.tolist(),
            "strengths": self.strengths.tolist(),
            "limits": list(self.limits),
        }

    @classmethod
    def of_json(cls, known: dict[str, Any]) -> Normal:
        """What `as_json` gave."""
        first, second = known["limits"]
        mean, spread, patterns, strengths = (
            np.array(known[name], np.float64) for name in ("mean", "spread", "patterns", "strengths")
        )
        return cls(mean, spread, patterns, strengths, (float(first), float(second)))


def _checked(samples: npt.ArrayLike) -> Samples:
    rows = np.atleast_2d(np.asarray(samples, np.float64))
    if not np.isfinite(rows).all():
        raise ValueError("a moment has a value that is no number")
    return rows
