"""A world of devices that is fixed by its seed: when each report is sent and comes through, what befalls each device.

Every report of every device is a pure function of (device, number), so the stream and the truth look at the same world from two
sides: the stream asks "what arrives in this minute", the truth asks "what did this device do in all its life". Times are
microseconds since the start, whatever the platform's clock says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

S = 1_000_000
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86_400 * S
TICK = 30 * S
INF = 1 << 60
Ints = npt.NDArray[np.int64]
Spans = tuple[Ints, Ints]
"""From and to, by device; INF where there is none."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Devices of one profile: how often they really report, and how long they may be silent."""

    name: str
    share: float
    period: int
    window: int
    jitter: int


KINDS = (
    Kind("daily NB-IoT, jitter ± 2 h", 0.9352, DAY, 3 * DAY, 2 * HOUR),
    Kind("daily, but reports each 6 h", 0.05, 6 * HOUR, 3 * DAY, 2 * HOUR),
    Kind("two-hourly", 0.012, 2 * HOUR, 6 * HOUR, 10 * MINUTE),
    Kind("each 10 min, window 24 h", 0.001, 10 * MINUTE, DAY, MINUTE),
    Kind("each 10 min", 0.001, 10 * MINUTE, 30 * MINUTE, MINUTE),
    Kind("each 30 s", 0.0008, 30 * S, 90 * S, 2 * S),
)
"""The mix: the fast ones are few, so that a run of a million ends, and still send most of the reports."""


def noise(device: Ints, number: Ints | int, salt: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each report, always the same one (splitmix64)."""
    with np.errstate(over="ignore"):
        x = device.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x ^= np.asarray(number, np.int64).astype(np.uint64) * np.uint64(0xD1B54A32D192ED03) + np.uint64(salt)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))).astype(np.float64) / 2**64


@dataclass(frozen=True, slots=True)
class Burst:
    """A stretch in which most reports of some devices are lost: a base station, an operator's platform."""

    start: int
    end: int
    share_of: int
    rest: int
    lost: float


class World:
    """`count` devices for `days` days, by `seed`. `even`: as many of each kind, instead of the mix."""

    def __init__(self, count: int, days: float, seed: int, *, even: bool = False) -> None:
        self.count, self.end, self.seed = count, max(1, round(days * 24)) * HOUR, seed
        rng = np.random.default_rng(seed)
        sizes = [max(1, round((1 / len(KINDS) if even else kind.share) * count)) for kind in KINDS]
        sizes[0] += count - sum(sizes)
        self.kind = np.repeat(np.arange(len(KINDS)), sizes)
        self.groups = np.split(np.arange(count), np.cumsum(sizes)[:-1])
        self.window = np.array([kind.window for kind in KINDS])[self.kind]
        self.phase = (rng.random(count) * np.array([kind.period for kind in KINDS])[self.kind]).astype(np.int64)
        self.drift = rng.normal(0, 40e-6, count)
        self.loss = rng.choice([0.002, 0.01, 0.05], count, p=[0.7, 0.25, 0.05])
        self.outages, self.jumps = self._ours(rng)
        self.bursts = [
            Burst(start, start + int(rng.integers(1, 20)) * HOUR // 2, 7, int(rng.integers(7)), 0.9)
            for start in self._ticks(rng, max(2, int(days)))
        ]
        self._befalls(rng)

    def _ticks(self, rng: np.random.Generator, n: int, least: float = 0.0, most: float = 1.0) -> list[int]:
        return [int(x) // TICK * TICK for x in rng.uniform(least * self.end, most * self.end, n)]

    def _ours(self, rng: np.random.Generator) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
        """When nobody of us listened, and when our clock was wrong by how much; none within an hour of another."""
        outages, jumps = [], []
        years = 10 * 365 * DAY
        plan = [
            *(("outage", length) for length in (10 * MINUTE, 40 * S // TICK * TICK + TICK, 3 * HOUR, 20 * HOUR)),
            *(("jump", by) for by in (HOUR, -2 * HOUR, years)),
        ]
        unit = self.end / (len(plan) + 1)
        for place, (what, much) in enumerate(plan, 1):
            start = int(unit * (place + rng.uniform(-0.2, 0.2))) // TICK * TICK
            if what == "outage":
                outages.append((start, start + min(much, int(unit * 0.6) // TICK * TICK)))
            else:
                jumps.append((start, start + min(2 * HOUR, int(unit * 0.6) // TICK * TICK), much))
        return outages, jumps

    def _befalls(self, rng: np.random.Generator) -> None:
        """What happens to the devices, as spans."""
        days = self.end / DAY
        self.dead = [self._spans(rng, 0.012 * days / 30, 12 * HOUR, forever=0.3) for _ in range(2)]
        self.faults = [self._spans(rng, 0.02 * days / 30, 3 * DAY) for _ in range(2)]
        self.low = self._spans(rng, 0.03 * days / 30, 6 * DAY, forever=0.4)
        self.mutes = self._quiet(self._spans(rng, 0.01 * days / 30, DAY))
        self.retired = self._quiet(self._spans(rng, 0.004 * days / 30, 4 * DAY, forever=0.5))
        self.maintenance = self._quiet(self._spans(rng, 0.01 * days / 30, DAY))
        early = rng.random(self.count) < 0.3
        start, end = self.maintenance
        self.planned_until = end.copy()
        ends = start + np.maximum(TICK, (end - start) // 2) // TICK * TICK
        early &= (start < INF) & ~self._in_outage(ends)
        self.maintenance = (start, np.where(early, ends, end))
        told = start - (rng.random(self.count) * DAY).astype(np.int64) // TICK * TICK
        self.told = np.where(start < INF, np.maximum(TICK, told), INF)
        self.told = np.where(self._in_outage(self.told), start, self.told)

    def _spans(self, rng: np.random.Generator, share: float, typical: float, forever: float = 0.0) -> Spans:
        """Spans on the ticks for a share of the devices, exponential in length."""
        hit = rng.random(self.count) < share
        start = (rng.random(self.count) * self.end).astype(np.int64) // TICK * TICK + TICK
        length = np.minimum(rng.exponential(typical, self.count), self.end).astype(np.int64) // TICK * TICK + TICK
        end = np.where(rng.random(self.count) < forever, INF, start + length)
        return np.where(hit, start, INF), np.where(hit, end, INF)

    def _in_outage(self, at: Ints) -> npt.NDArray[np.bool_]:
        return np.logical_or.reduce([(start < at) & (at <= end) for start, end in self.outages])

    def _quiet(self, spans: Spans) -> Spans:
        """Without those that people would have told while nobody listened, or while the clock was wrong (a mute until six in
        the evening ends when the clock says six)."""
        start, end = spans
        bad = self._in_outage(start) | self._in_outage(end)
        for first, last, _ in self.jumps:
            bad |= (start < last + 3 * HOUR) & (end > first - 3 * HOUR) & (start < INF)
        return np.where(bad, INF, start), np.where(bad, INF, end)

    def clock(self, at: int) -> int:
        """How far our clock is off at a moment."""
        return next((by for start, end, by in self.jumps if start <= at < end), 0)

    def period(self, kind: int) -> int:
        """How often devices of a kind report."""
        return KINDS[kind].period

    def arrivals(self, device: Ints, number: Ints | int, kind: int) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """When these reports were sent, when they arrived, and whether they came through."""
        of = KINDS[kind]
        nominal = np.asarray(number) * (of.period * (1 + self.drift[device]))
        sent = self.phase[device] + (nominal + (2 * noise(device, number, self.seed) - 1) * of.jitter).astype(np.int64)
        slow = noise(device, number, self.seed + 1)  # one in a hundred takes up to 25 s
        at = sent + np.where(slow < 0.01, slow * 2500 * S, 50_000).astype(np.int64)
        through = (noise(device, number, self.seed + 2) >= self.loss[device]) & (at > 0)
        for burst in self.bursts:
            inside = (at >= burst.start) & (at < burst.end) & (device % burst.share_of == burst.rest)
            if inside.any():
                through &= ~(inside & (noise(device, number, self.seed + 3) < burst.lost))
        for start, end in self.dead:
            through &= ~((start[device] <= sent) & (sent < end[device]))
        for first, last in self.outages:
            through &= ~((first < at) & (at <= last))
        start, end = self.retired
        through &= ~((start[device] < at) & (at <= end[device]))
        return sent, at, through

    def condition(self, spans: list[Spans], device: Ints, sent: Ints) -> npt.NDArray[np.bool_]:
        """Whether the device was in one of those spans when it sent."""
        found = np.zeros(len(device), np.bool_)
        for start, end in spans:
            found |= (start[device] <= sent) & (sent < end[device])
        return found

    def stream(self) -> Iterator[tuple[int, Ints, Ints, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
        """Tick by tick: the devices heard since the tick before (each once, its last report), when, faulty, battery low."""
        slow, fast = [0, 1, 2], [3, 4, 5]
        day = self._batch(slow, 0, DAY)
        for hour in range(0, self.end, HOUR):
            if hour % DAY == 0 and hour:
                day = self._batch(slow, hour, hour + DAY)
            parts = [_between(day, hour, hour + HOUR), self._batch(fast, hour, hour + HOUR)]
            at = np.concatenate([part[1] for part in parts])
            order = np.argsort(at, kind="stable")
            device, at, faulty, low = (np.concatenate([part[i] for part in parts])[order] for i in range(4))
            edges = np.searchsorted(at, np.arange(hour, hour + HOUR + 1, TICK), side="right")
            edges[0] = 0
            for i in range(len(edges) - 1):
                cut = slice(edges[i], edges[i + 1])
                last = _last_of_each(device[cut]) + edges[i]
                yield hour + (i + 1) * TICK, device[last], at[last], faulty[last], low[last]

    def _batch(
        self, kinds: list[int], start: int, end: int
    ) -> tuple[Ints, Ints, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """All that comes through from devices of these kinds after `start`, to `end` inclusive, by time."""
        found = []
        for kind in kinds:
            devices, period = self.groups[kind], KINDS[kind].period
            reach = KINDS[kind].jitter + 26 * S + int(self.end * 300e-6)
            first = (start - reach - self.phase[devices]) // period - 1
            for more in range((end - start + 2 * reach) // period + 4):
                number = first + more
                sent, at, through = self.arrivals(devices, number, kind)
                here = np.flatnonzero(through & (number >= 0) & (at > start) & (at <= end))
                who = devices[here]
                found.append(
                    (
                        who,
                        at[here],
                        self.condition(self.faults, who, sent[here]),
                        self.condition([self.low], who, sent[here]),
                    )
                )
        device, at, faulty, low = (np.concatenate([part[i] for part in found]) for i in range(4))
        order = np.argsort(at, kind="stable")
        return device[order], at[order], faulty[order], low[order]


def _between(batch: tuple[Ints, ...], start: int, end: int) -> tuple[Ints, ...]:
    low, high = np.searchsorted(batch[1], [start, end], side="right")
    return tuple(column[low:high] for column in batch)


def _last_of_each(device: Ints) -> Ints:
    """Where each device stands for the last time."""
    _, first = np.unique(device[::-1], return_index=True)
    return np.sort(len(device) - 1 - first)
