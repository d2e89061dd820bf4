"""Where a measure will stand on a later day if it goes on as it did. Plain arithmetic over kept values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

LEAST_POINTS = 3
SPREAD = 1.645  # standard errors: nine in ten of normally spread values lie within
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A value to come, and between which two nine in ten would lie if the past is a guide."""

    value: float
    low: float
    high: float


def trend_to(points: Sequence[Point], at: float, *, least: float, most: float) -> Forecast | None:
    """The straight line through (day, value), at day `at`, kept within `least` and `most`; None with fewer than three
    whole days that differ.
    """
    n = len(points)
    if len({round(day) for day, _ in points}) < LEAST_POINTS:
        return None
    mean_day = sum(day for day, _ in points) / n
    mean = sum(value for _, value in points) / n
    spread = sum((day - mean_day) ** 2 for day, _ in points)
    slope = sum((day - mean_day) * (value - mean) for day, value in points) / spread
    rest = sum((value - mean - slope * (day - mean_day)) ** 2 for day, value in points)
    error = sqrt(rest / (n - 2)) * sqrt(1 + 1 / n + (at - mean_day) ** 2 / spread)
    return _within(mean + slope * (at - mean_day), SPREAD * error, least, most)


def growth_to(so_far: float, steps: Sequence[Point], days_left: float) -> Forecast | None:
    """What a growing count will reach: what there is, and the mean daily growth for the days left. `steps`: (days,
    growth) of stretches that are over; None with fewer than three.
    """
    if days_left <= 0:
        return Forecast(so_far, so_far, so_far)
    if len(steps) < LEAST_POINTS:
        return None
    days = sum(length for length, _ in steps)
    daily = sum(grown for _, grown in steps) / days
    spread = sum(length * (grown / length - daily) ** 2 for length, grown in steps) / days
    typical = days / len(steps)
    ahead = days_left / typical  # stretches to come: their deviations add up by the root of their number
    error = sqrt(spread) * typical * sqrt(ahead + ahead**2 / len(steps))
    return _within(so_far + daily * days_left, SPREAD * error, so_far, float("inf"))


def share_to(so_far: float, past: Sequence[float], elapsed: float, *, most: float) -> Forecast | None:
    """What a share of what happens will be over its whole period: as it is for the part that has passed, as in the
    stretches before (`past`) for the rest; None with fewer than three. `elapsed`: from 0 to 1.
    """
    if elapsed >= 1:
        return Forecast(so_far, so_far, so_far)
    if len(past) < LEAST_POINTS:
        return None
    usual = sum(past) / len(past)
    spread = sqrt(sum((value - usual) ** 2 for value in past) / (len(past) - 1))
    rest = 1 - elapsed
    return _within(elapsed * so_far + rest * usual, SPREAD * spread * rest, 0.0, most)


def _within(value: float, reach: float, least: float, most: float) -> Forecast:
    def kept(number: float) -> float:
        return min(most, max(least, number))

    return Forecast(kept(value), kept(value - reach), kept(value + reach))
