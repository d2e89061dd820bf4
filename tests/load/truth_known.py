"""The truth about the devices of a world, known beforehand.

Device by device, its whole life at once: which reports came through, how long the gaps between them are, and so from when till
when it is late or off line. That gives spans, and a sweep over their ends tells the state of everyone at any moment. Nothing here
keeps a timer, judges by the hour or knows the engine; the engine knows nothing of the future.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from truth_world import INF, KINDS, TICK, Ints, World

LAYERS = ("muted", "low_battery", "fault", "late", "offline", "maintenance", "retired")  # the later covers the earlier
BLOCK = 1_000_000


class Truth:
    """`state_at(t)` for growing t; `offline_since(devices, t)`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reports = 0
        nothing = (np.zeros(0, np.int64),) * 3
        self._spans: dict[str, list[tuple[Ints, Ints, Ints]]] = {layer: [nothing] for layer in LAYERS}
        everyone = np.arange(world.count)
        for layer, (start, end) in (
            ("muted", world.mutes),
            ("maintenance", world.maintenance),
            ("retired", world.retired),
        ):
            hit = start < INF
            self._spans[layer].append((everyone[hit], start[hit], end[hit]))
        self._lives()
        self._offline = self._joined("offline")
        self._cover = {layer: np.zeros(world.count, np.int16) for layer in LAYERS}
        self._ends = {layer: self._sweep(layer) for layer in LAYERS}
        self._read = dict.fromkeys(LAYERS, 0)

    # resets: moments after which silence counts anew; (last moment judged before, first moment listened after)
    def _resets(self) -> list[tuple[int, int]]:
        world = self.world
        jumps = [(edge - TICK, edge) for start, end, _ in world.jumps for edge in (start, end)]
        found = list(world.outages) + jumps  # at the tick of a jump our clock is already another
        return sorted(found)

    def _lives(self) -> None:
        world, resets = self.world, self._resets()
        for kind, devices in enumerate(world.groups):
            numbers = int(world.end // KINDS[kind].period * 1.001) + 3
            step = max(1, BLOCK // numbers)
            for first in range(0, len(devices), step):
                self._block(devices[first : first + step], numbers, kind, resets)

    def _block(self, devices: Ints, numbers: int, kind: int, resets: list[tuple[int, int]]) -> None:
        world = self.world
        device, number = np.repeat(devices, numbers), np.tile(np.arange(numbers), len(devices))
        sent, at, through = world.arrivals(device, number, kind)
        through &= at <= world.end
        device, sent, at = device[through], sent[through], at[through]
        self.reports += len(device)
        self._conditions("fault", device, at, world.condition(world.faults, device, sent))
        self._conditions("low_battery", device, at, world.condition([world.low], device, sent))
        heard = np.isin(devices, device)
        self._add("offline", devices[~heard], np.full((~heard).sum(), -1), np.full((~heard).sum(), INF))
        if not len(device):
            return
        last_of = np.r_[device[1:] != device[:-1], True]
        first_of = np.r_[True, last_of[:-1]]
        self._add("offline", device[first_of], np.full(first_of.sum(), -1), at[first_of])
        until = np.where(last_of, INF, np.r_[at[1:], 0])
        long = np.minimum(until, world.end + 1) - at > world.window[device] * 2 // 3
        returned = world.retired[1][device]
        long |= (at < returned) & (returned < until)
        self._gaps(device[long], at[long], until[long], resets)

    def _conditions(self, layer: str, device: Ints, at: Ints, has: npt.NDArray[np.bool_]) -> None:
        """From the first report that tells it to the first that does not."""
        if not has.any():
            return
        keep = np.flatnonzero(np.isin(device, np.unique(device[has])))
        device, at, has = device[keep], at[keep], has[keep]
        new = np.r_[True, device[1:] != device[:-1]]
        before = np.r_[False, has[:-1]] & ~new
        begins = np.flatnonzero(has & ~before)
        stops = np.flatnonzero((~has & before) | (new & np.r_[False, has[:-1]]))
        ends = np.r_[stops, len(device)][np.searchsorted(np.r_[stops, len(device)], begins, side="right")]
        same = ends < len(device)
        same[same] = device[ends[same]] == device[begins[same]]
        self._add(layer, device[begins], at[begins], np.where(same, at[np.minimum(ends, len(at) - 1)], INF))

    def _gaps(self, device: Ints, heard: Ints, until: Ints, resets: list[tuple[int, int]]) -> None:
        """Spans of silence: a gap, cut where a maintenance or a retirement ends within it."""
        world = self.world
        stop = until.copy()
        for _, end in (world.maintenance, world.retired):
            inside = (end[device] > heard) & (end[device] < until)
            stop[inside] = np.minimum(stop[inside], end[device][inside])
        self._silence(device, heard, heard, stop, resets, latched=False)
        for (_, end), latched in ((world.maintenance, False), (world.retired, True)):
            start = end[device]
            inside = (start > heard) & (start < until)
            other = (world.retired if not latched else world.maintenance)[1][device]
            stop = np.where((other > start) & (other < until), other, until)
            self._silence(device[inside], heard[inside], start[inside], stop[inside], resets, latched=latched)

    def _silence(
        self, device: Ints, heard: Ints, start: Ints, stop: Ints, resets: list[tuple[int, int]], *, latched: bool
    ) -> None:
        """Late and off-line spans within [start, stop) of devices heard at `heard`. `latched`: off line from the start (a device
        returned to service is off line until it is heard)."""
        if latched:
            self._add("offline", device, start, stop)
            return
        window = self.world.window[device]
        counted = heard.copy()
        for _, again in resets:
            counted = np.where((again > heard) & (again <= start), again, counted)
        late, gone = np.full(len(device), INF), np.full(len(device), INF)
        for judged, again in [*resets, (INF - 1, INF)]:
            within = again > start
            edge = np.minimum(judged, stop)
            for begins, limit in ((late, window * 2 // 3), (gone, window)):
                passed = within & (begins == INF) & (counted + limit < edge)
                begins[passed] = np.maximum(counted + limit + 1, start)[passed]
            counted = np.where(within & (again < stop), again, counted)
        for layer, begins in (("late", late), ("offline", gone)):
            some = begins < stop
            self._add(layer, device[some], begins[some], stop[some])

    def _add(self, layer: str, device: Ints, start: Ints, end: Ints) -> None:
        self._spans[layer].append((device, start, end))

    def _joined(self, layer: str) -> tuple[Ints, Ints, Ints]:
        return tuple(np.concatenate([part[i] for part in self._spans[layer]]) for i in range(3))  # type: ignore[return-value]

    def _sweep(self, layer: str) -> tuple[Ints, Ints, Ints]:
        """The ends of all spans by time: when, who, one more or one less."""
        device, start, end = self._joined(layer)
        at, who = np.r_[start, end], np.r_[device, device]
        step = np.r_[np.ones(len(start), np.int64), -np.ones(len(end), np.int64)]
        order = np.argsort(at, kind="stable")
        return at[order], who[order], step[order]

    def state_at(self, at: int) -> npt.NDArray[np.uint8]:
        """The state of every device at `at`, as a number in the order of `STATES`; must be asked in order of time."""
        states = np.zeros(self.world.count, np.uint8)
        for number, layer in enumerate(LAYERS, 1):
            when, who, step = self._ends[layer]
            until = int(np.searchsorted(when, at, side="right"))
            np.add.at(self._cover[layer], who[self._read[layer] : until], step[self._read[layer] : until])
            self._read[layer] = until
            states[self._cover[layer] > 0] = number
        return states

    def offline_since(self, devices: Ints, at: int) -> Iterator[int]:
        """Since when each is off line at `at`; -2 when it is not."""
        if not hasattr(self, "_order"):
            self._order = np.lexsort((self._offline[1], self._offline[0]))
            self._by_device = self._offline[0][self._order]
        for device in devices:
            low, high = np.searchsorted(self._by_device, [device, device + 1])
            mine = self._order[low:high]
            inside = [int(self._offline[1][i]) for i in mine if self._offline[1][i] <= at < self._offline[2][i]]
            yield inside[0] if inside else -2


STATES = ("ok", *LAYERS)
