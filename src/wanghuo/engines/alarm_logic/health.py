"""What an operator has to bear, measured: how many alarms, in what bursts, against bands that are data.

Pure counting over instants (seconds). What a good figure is says the caller's `Bands`: EEMUA 191 and ISA-18.2 give benchmarks, a
deployment may set others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from wanghuo.base import Text

WINDOW_S, HOUR_S = 600.0, 3600.0


class Band(IntEnum):
    """How bearable a load is, best first."""

    GOOD = 0
    BEARABLE = 1
    HEAVY = 2
    TOO_MUCH = 3


BAND_NAMES = {
    Band.GOOD: Text("可接受", "acceptable"),
    Band.BEARABLE: Text("尚可应付", "manageable"),
    Band.HEAVY: Text("过重", "over-demanding"),
    Band.TOO_MUCH: Text("不可接受", "unacceptable"),
}


@dataclass(frozen=True, slots=True)
class Bands:
    """Upper ends (inclusive) of the first three bands: alarms an hour and alarms in the worst ten minutes, for one seat."""

    per_hour: tuple[float, float, float]
    peak: tuple[float, float, float]
    flood_starts: int = 10
    flood_ends: int = 5


@dataclass(frozen=True, slots=True)
class Load:
    """The load of one seat over a span. `peak`: the most alarms in any ten minutes, and `peak_at` when these begin; `flood_share`: the
    share of the time in a flood, 0 to 1."""

    alarms: int
    per_hour: float
    band: Band
    peak: float
    peak_at: float | None
    peak_band: Band
    flood_share: float


def band_of(value: float, ends: Sequence[float]) -> Band:
    """The band a value falls into."""
    return Band(sum(value > end for end in ends))


def load(times: Iterable[float], *, start: float, end: float, bands: Bands, seats: int = 1) -> Load:
    """The load of `seats` seats that share the alarms shown at `times` between `start` and `end`. Raises ValueError without a span or
    a seat."""
    if end <= start or seats < 1:
        raise ValueError("a load needs a span of time and a seat")
    shown = sorted(t for t in times if start <= t < end)
    hours = (end - start) / HOUR_S
    per_hour = len(shown) / hours / seats
    most, at = worst_window(shown)
    flood = sum(stop - begin for begin, stop in floods(shown, bands, seats=seats, end=end)) / (end - start)
    peak = most / seats
    return Load(len(shown), per_hour, band_of(per_hour, bands.per_hour), peak, at, band_of(peak, bands.peak), flood)


def worst_window(times: Sequence[float], window_s: float = WINDOW_S) -> tuple[int, float | None]:
    """The most instants in any window of that length, and where it begins; `times` ascend."""
    most, where = 0, None
    for n, begin in enumerate(times):
        count = bisect_left(times, begin + window_s) - n
        if count > most:
            most, where = count, begin
    return most, where


def floods(times: Sequence[float], bands: Bands, *, seats: int = 1, end: float) -> list[tuple[float, float]]:
    """The spans in flood: from more than `flood_starts` in ten minutes until fewer than `flood_ends`, for each seat; `times` ascend."""
    found: list[tuple[float, float]] = []
    begun: float | None = None
    first = 0
    for n, at in enumerate(times):
        if begun is not None and (over := _ends(times, first, n, bands.flood_ends * seats)) is not None and over <= at:
            found.append((begun, over))
            begun = None
        while times[first] <= at - WINDOW_S:
            first += 1
        if begun is None and n - first + 1 > bands.flood_starts * seats:
            begun = at
    if begun is not None:
        over = _ends(times, first, len(times), bands.flood_ends * seats)
        found.append((begun, min(end, over if over is not None else end)))
    return found


def _ends(times: Sequence[float], first: int, upto: int, fewer_than: int) -> float | None:
    """When the window, moving on with nothing new, holds fewer than so many of `times[first:upto]`."""
    leaves = upto - fewer_than
    return times[leaves] + WINDOW_S if first <= leaves < upto else None


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value that `share` (0 to 1) of them do not exceed, by nearest rank; None of nothing."""
    ranked = sorted(values)
    if not ranked:
        return None
    return ranked[min(len(ranked) - 1, max(0, -int(-share * len(ranked) // 1) - 1))]
