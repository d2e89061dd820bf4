"""Thirty simulated days of a million devices: is each in the state it should be in, at every moment?

    python tests/load/device_truth.py [--devices 1000000] [--days 30] [--seed 1] [--quick] [--json]
    python tests/load/device_truth.py --database          # a few devices through the tables, 36 hours
    python tests/load/device_truth.py --quick --plant     # planted bugs: each must be found

A world is drawn from the seed (truth_world.py): daily reporters with jitter, faster ones, clock drift, single and bursty loss, late
frames, outages of ours, our clock put forward ten years and back, dead devices, batteries, faults, mutes, maintenance, retirement.
Its reports are given to the supervision engine tick by tick (30 s). A truth written from another idea (truth_known.py) says what
each state must be. Compared: everyone's state every hour, and each move to off line at once. Exit code 1 when one device was in a
wrong state, one was called off line falsely, or one was found later than 60 s after its window.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
from truth_known import STATES, Truth
from truth_world import DAY, HOUR, INF, Ints, S, World

from tests.load.rig import Result, Rig, Size, broken
from wanghuo.engines import supervision as engine

EPOCH_US = 1_800_000_000 * S
WITHIN = 60 * S
TRANSLATED = np.array([engine.CODES.index(state) for state in STATES], np.uint8)
PLANTS = ("outage", "window", "mute", "jump", "mended")


class Platform(Protocol):
    """What is under test. Times are as our clock shows them."""

    def report(self, at: int) -> None: ...
    def hear(self, which: Ints, at: Ints, now: int, faulty: Any, low: Any) -> None: ...
    def told(self, which: Ints, now: int, **facts: Any) -> None: ...
    def judge(self, now: int) -> Ints: ...
    def states(self) -> npt.NDArray[np.uint8]: ...


class Engine:
    """The engine alone, for millions. `plant`: a bug to be found."""

    def __init__(self, world: World, plant: str = "") -> None:
        self.plant = plant
        window = world.window + (2 * 60 * S if plant == "window" else 0)
        self.fleet = engine.Fleet.new(world.window * 2 // 3, window)
        self.watch = engine.Watch(self.fleet, EPOCH_US)
        self.listening = engine.Listening()
        self._gone: list[Ints] = []

    @property
    def _since(self) -> int:
        return engine.NEVER if self.plant == "outage" else self.listening.since_us

    def report(self, at: int) -> None:
        if self.listening.put_back(at) and self.plant != "jump":
            self.watch.put_back(at)
        self.listening = self.listening.report(at)

    def hear(self, which: Ints, at: Ints, now: int, faulty: Any, low: Any) -> None:
        self.fleet.faulty[which], self.fleet.low[which] = faulty, low
        self._keep(self.watch.heard(which, at, now, self._since))

    def told(self, which: Ints, now: int, **facts: Any) -> None:
        for name, values in facts.items():
            if name == "returned":
                self.fleet.retired[which] = False
                self.watch.states[which] = engine.OFFLINE
            elif not (self.plant == "mute" and name == "muted_until_us"):
                getattr(self.fleet, name)[which] = values
            else:
                self.fleet.muted_until_us[which] = engine.FOREVER
        if self.plant == "mended":
            self.watch.states[which] = engine.OK  # whatever a person says would wipe out what was known of the silence
        self._keep(self.watch.look(which, now, self._since))

    def _keep(self, changes: engine.Changes) -> None:
        self._gone.append(changes.which[changes.after == engine.OFFLINE])

    def judge(self, now: int) -> Ints:
        self._keep(self.watch.tick(now, self._since))
        gone, self._gone = np.concatenate(self._gone), []
        return gone

    def states(self) -> npt.NDArray[np.uint8]:
        return self.watch.states


@dataclass
class Outcome:
    """What a run found. Lags in seconds."""

    seed: int
    devices: int
    days: float
    reports: int = 0
    checks: int = 0
    checked_states: int = 0
    wrong_states: int = 0
    went_offline: int = 0
    false_offline: int = 0
    late_found: int = 0
    lag_max_s: float = 0.0
    lag_mean_s: float = 0.0
    truth_s: float = 0.0
    run_s: float = 0.0
    state_hours: dict[str, int] = field(default_factory=dict)
    first_wrong: str = ""

    @property
    def good(self) -> bool:
        """Whether everything was as it should be."""
        return self.wrong_states == self.false_offline == self.late_found == 0 and self.checks > 0


class Run:
    """One world, one platform, one truth."""

    def __init__(self, world: World, platform: Platform) -> None:
        self.world, self.platform = world, platform
        self.outcome = Outcome(world.seed, world.count, world.end / DAY)
        began = time.perf_counter()
        self.truth = Truth(world)
        self.outcome.truth_s, self.outcome.reports = time.perf_counter() - began, self.truth.reports
        self._lags: list[float] = []
        self._acts = self._by_time()

    def _by_time(self) -> dict[int, list[tuple[Ints, dict[str, Any]]]]:
        """What people say, by the tick at which they say it."""
        world = self.world
        plan: dict[int, list[tuple[Ints, dict[str, Any]]]] = {}

        def at_each(when: Ints, facts: Any) -> None:
            hit = np.flatnonzero(when <= world.end)
            for tick in np.unique(when[hit]):
                who = hit[when[hit] == tick]
                plan.setdefault(int(tick), []).append((who, facts(who)))

        stamp = lambda times: np.where(times < INF, times + EPOCH_US, engine.FOREVER)  # noqa: E731
        at_each(world.mutes[0], lambda who: {"muted_until_us": stamp(world.mutes[1][who])})
        at_each(
            world.told,
            lambda who: {
                "maintenance_from_us": stamp(world.maintenance[0][who]),
                "maintenance_until_us": stamp(world.planned_until[who]),
            },
        )
        early = world.maintenance[1] < world.planned_until
        at_each(
            np.where(early, world.maintenance[1], INF),
            lambda who: {"maintenance_from_us": engine.FOREVER, "maintenance_until_us": engine.FOREVER},
        )
        at_each(world.retired[0], lambda who: {"retired": True})
        at_each(world.retired[1], lambda who: {"returned": True})
        return plan

    def go(self) -> Outcome:
        """Run it all."""
        began, world, platform = time.perf_counter(), self.world, self.platform
        platform.report(EPOCH_US)
        for tick, device, at, faulty, low in world.stream():
            if any(start < tick < end for start, end in world.outages):
                continue
            now = tick + EPOCH_US + world.clock(tick)
            platform.report(now)
            if len(device):
                stamps = at + EPOCH_US + world.clock(tick - 1)
                platform.hear(device, np.minimum(stamps, now), now, faulty, low)
            for who, facts in self._acts.get(tick, ()):
                platform.told(who, now, **facts)
            self._moved(platform.judge(now), tick)
            if tick % HOUR == 0:
                self._check(tick)
        outcome = self.outcome
        outcome.run_s = time.perf_counter() - began
        outcome.lag_max_s = max(self._lags, default=0.0)
        outcome.lag_mean_s = sum(self._lags) / max(1, len(self._lags))
        return outcome

    def _moved(self, gone: Ints, tick: int) -> None:
        self.outcome.went_offline += len(gone)
        for device, since in zip(gone, self.truth.offline_since(gone, tick), strict=True):
            if since == -2:
                self.outcome.false_offline += 1
                self._wrong(f"device {device} was called off line at {tick / HOUR:.3f} h")
            elif tick - since > WITHIN and not self._hidden(int(device), since, tick):
                self.outcome.late_found += 1
                self._wrong(f"device {device} is off line since {since / HOUR:.3f} h, found at {tick / HOUR:.3f} h")
            elif since >= 0 and not self._hidden(int(device), since, tick):
                self._lags.append((tick - since) / S)

    def _hidden(self, device: int, since: int, tick: int) -> bool:
        """Whether a maintenance or retirement hid it when its window ran out."""
        spans = (self.world.maintenance, self.world.retired)
        return any(start[device] <= since < end[device] or since < start[device] <= tick for start, end in spans)

    def _check(self, tick: int) -> None:
        expected, found = TRANSLATED[self.truth.state_at(tick)], self.platform.states()
        self.outcome.checks += 1
        self.outcome.checked_states += len(expected)
        for state, hours in zip(engine.CODES, np.bincount(found, minlength=8), strict=True):
            self.outcome.state_hours[state] = self.outcome.state_hours.get(state, 0) + int(hours)
        wrong = np.flatnonzero(expected != found)
        self.outcome.wrong_states += len(wrong)
        if len(wrong):
            one = int(wrong[0])
            should, was = engine.CODES[expected[one]], engine.CODES[found[one]]
            self._wrong(f"device {one} (kind {self.world.kind[one]}) at {tick / HOUR:.2f} h: {was}, should be {should}")

    def _wrong(self, what: str) -> None:
        self.outcome.first_wrong = self.outcome.first_wrong or what


def measure(devices: int, days: float, seed: int, plant: str = "") -> Outcome:
    """One run of the engine."""
    world = World(devices, days, seed)
    return Run(world, Engine(world, plant)).go()


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """A run as the rigs are run (`./dev torture R13`)."""
    outcome = measure(size["devices"], size["days"], seed, plant)
    figures = asdict(outcome) | {"device_hours": outcome.checked_states}
    promises = {
        "wrong_states": outcome.wrong_states,
        "false_offline": outcome.false_offline,
        "found_later_than_60_s": outcome.late_found,
    }
    return Result(figures, broken(**promises))


RIGS = {
    "R13": Rig(
        "R13",
        "silent devices among a million for thirty days: loss in bursts, drift, outages and clocks of ours",
        run,
        floor={"devices": 1_000_000, "days": 30},
        small={"devices": 4000, "days": 3},
        minutes=5,
        plants=PLANTS,
        plant_size={"devices": 20_000, "days": 6},
    )
}


def told(outcome: Outcome) -> str:
    """An outcome in words."""
    hours = "  ".join(f"{state} {count:,}" for state, count in outcome.state_hours.items())
    return (
        f"{outcome.devices:,} devices, {outcome.days:g} days, seed {outcome.seed}: {outcome.reports:,} reports, "
        f"{outcome.checked_states:,} states checked at {outcome.checks} moments\n"
        f"  wrong states {outcome.wrong_states}, false off line {outcome.false_offline}, found late {outcome.late_found}\n"
        f"  went off line {outcome.went_offline:,} times, found after {outcome.lag_mean_s:.1f} s on average, "
        f"{outcome.lag_max_s:.1f} s at most\n"
        f"  device-hours: {hours}\n"
        f"  truth {outcome.truth_s:.0f} s, run {outcome.run_s:.0f} s"
        + (f"\n  first: {outcome.first_wrong}" if outcome.first_wrong else "")
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="20,000 devices for 6 days")
    parser.add_argument("--plant", action="store_true", help="plant each bug in turn; fails unless each is found")
    parser.add_argument("--database", action="store_true", help="through the tables, small")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    devices, days = (20_000, 6.0) if options.quick else (options.devices, options.days)
    if options.plant:
        missed = [plant for plant in PLANTS if measure(devices, days, options.seed, plant).good]
        print(f"planted {', '.join(PLANTS)}; missed: {', '.join(missed) or 'none'}")
        return 1 if missed else 0
    if options.database:
        from truth_tables import in_tables

        outcome = in_tables(min(devices, 150), min(days, 1.5), options.seed)
    else:
        outcome = measure(devices, days, options.seed)
    print(json.dumps(asdict(outcome)) if options.json else told(outcome))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
