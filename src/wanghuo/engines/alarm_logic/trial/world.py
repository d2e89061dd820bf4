"""A made-up region: units, points, and what happens at them, each event with its cause.

What is taken from real records says so; the rest is ours and can be changed. The share of causes: false alarms due to apparatus that
Avon Fire & Rescue attended in July 2014 (271 with a cause; unknown ones left out). The hours of the day: 11,811 automatic alarms and
6,434 fires of the London Fire Brigade, January to April 2017. That few places give many: a tenth of London's 8,881 addresses with an
automatic alarm gave 26 % of them in four months. The share of fires: England's automatic alarms, about 2 to 3 of 100; Avon's month
had 10 of 226. How often a cause repeats within an episode is nowhere in these records, since a brigade counts calls and not signals.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import accumulate
from random import Random
from typing import NamedTuple

from wanghuo.base import Text

HOUR, DAY = 3600.0, 86_400.0


class Cause(IntEnum):
    """What stands behind an event."""

    FIRE = 0
    COOKING = 1
    STEAM = 2
    DUST = 3
    INSECT = 4
    FAULTY = 5
    TEST = 6
    CARELESS = 7
    SMOKING = 8
    MALICIOUS = 9
    SURGE = 10
    WEAR = 11  # a component or line that comes and goes
    POWER = 12
    BUS = 13
    SILENCE = 14


CAUSE_NAMES = {
    Cause.FIRE: Text("真实火情", "fire"),
    Cause.COOKING: Text("烹饪油烟", "cooking"),
    Cause.STEAM: Text("水汽", "steam"),
    Cause.DUST: Text("灰尘", "dust"),
    Cause.INSECT: Text("昆虫", "insects"),
    Cause.FAULTY: Text("探测器故障", "faulty detector"),
    Cause.TEST: Text("测试", "test"),
    Cause.CARELESS: Text("误触", "set off by mistake"),
    Cause.SMOKING: Text("吸烟", "smoking"),
    Cause.MALICIOUS: Text("恶意", "malicious"),
    Cause.SURGE: Text("雷击与电涌", "surge, storm"),
    Cause.WEAR: Text("接触不良", "worn contact"),
    Cause.POWER: Text("停电", "power cut"),
    Cause.BUS: Text("总线故障", "bus fault"),
    Cause.SILENCE: Text("通信中断", "mast or carrier away"),
}
# Avon, July 2014: attended false alarms due to apparatus and malicious call points, by cause
FALSE_SHARE = {
    Cause.COOKING: 65,
    Cause.FAULTY: 88,
    Cause.CARELESS: 33,
    Cause.TEST: 18,
    Cause.DUST: 25,
    Cause.STEAM: 12,
    Cause.SMOKING: 7,
    Cause.INSECT: 2,
    Cause.SURGE: 12,
    Cause.MALICIOUS: 9,
}
# London, January to April 2017, by hour of the call: automatic alarms; fires
ALARM_HOURS = (
    321,
    292,
    244,
    223,
    209,
    226,
    333,
    443,
    575,
    654,
    742,
    707,
    730,
    696,
    657,
    639,
    596,
    544,
    685,
    550,
    545,
    463,
    402,
    335,
)
FIRE_HOURS = (
    211,
    183,
    139,
    113,
    92,
    86,
    95,
    114,
    162,
    199,
    201,
    274,
    288,
    332,
    357,
    384,
    413,
    461,
    520,
    528,
    417,
    308,
    297,
    260,
)


class Event(NamedTuple):
    """A signal that appeared or went away. `fire`: the number of the real fire it belongs to, -1 for none."""

    at: float
    serial: int
    point: int
    raised: bool
    cause: Cause
    fire: int


class Fact(NamedTuple):
    """A point: its unit, its town, what it is about. `kind`: smoke, button, flow, or the cause of a fault."""

    unit: int
    town: int
    kind: str


class Visit(NamedTuple):
    """Maintenance at a unit that was announced."""

    start: float
    unit: int
    end: float


@dataclass(frozen=True, slots=True)
class WorldParams:
    """How large and how troubled. `signals`: raised signals to reach; `fire_share`: real ones among those about fire; `faults`: share of
    signals that are about faults; `repeats`: multiplies how often a cause comes again within an episode; `concentration`: the shape of
    the gamma by which units differ (smaller: fewer units give more); `mended_days`: how long a faulty detector
    goes on, on average; `announced`: tests booked beforehand; `alone`: fires that only one
    detector ever sees."""

    signals: int = 1_000_000
    days: float = 90.0
    units: int = 12_000
    points_per_unit: int = 24
    units_per_town: int = 80
    fire_share: float = 0.03
    faults: float = 0.4
    repeats: float = 1.0
    concentration: float = 0.3
    mended_days: float = 3.0
    announced: float = 0.7
    alone: float = 0.35


@dataclass(slots=True)
class World:
    """What there is and what happens, in the order of time. `fires`: when each real fire was first told of."""

    params: WorldParams
    seed: int
    points: list[Fact] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    people: list[tuple[float, int]] = field(default_factory=list)  # somebody calls about a fire: when, which unit
    fires: list[float] = field(default_factory=list)
    alone: set[int] = field(default_factory=set)  # the fires that one detector saw

    @property
    def signals(self) -> int:
        """How many signals were raised."""
        return sum(event.raised for event in self.events)


def make_world(params: WorldParams, seed: int) -> World:
    """A world of about `params.signals` raised signals; the same seed gives the same world."""
    maker = _Maker(params, seed)
    wanted_faults = int(params.signals * params.faults)
    wanted_fires = int((params.signals - wanted_faults) * params.fire_share)
    maker.until(wanted_fires, [(maker.fire, 1.0)])
    false = [(maker.FALSE[cause], float(share)) for cause, share in FALSE_SHARE.items()]
    maker.until(params.signals - wanted_faults - wanted_fires, false)
    maker.until(wanted_faults, [(maker.wear, 70.0), (maker.power, 6.0), (maker.bus, 4.0), (maker.silence, 0.6)])
    world = maker.world
    world.events.sort()
    world.visits.sort()
    world.people.sort()
    return world


class _Maker:
    """Draws episodes one by one."""

    def __init__(self, params: WorldParams, seed: int) -> None:
        self.params, self.random = params, Random(seed)
        self.world = World(params, seed)
        self._alarm_hours = list(accumulate(ALARM_HOURS))
        self._fire_hours = list(accumulate(FIRE_HOURS))
        weights = [self.random.gammavariate(params.concentration, 1.0) for _ in range(params.units)]
        self._troubled = list(accumulate(weights))
        for unit in range(params.units):
            town = unit // params.units_per_town
            kinds = ["smoke"] * (params.points_per_unit - 7)
            kinds += ["button", "flow", "mains", "bus", "line", "offline", "supply"]
            self.world.points += [Fact(unit, town, kind) for kind in kinds]
        self.FALSE: dict[Cause, Callable[[], int]] = {
            Cause.COOKING: lambda: self._nuisance(Cause.COOKING, 2.0, (30, 240), beside=0.15),
            Cause.STEAM: lambda: self._nuisance(Cause.STEAM, 1.5, (30, 300), beside=0.05),
            Cause.DUST: lambda: self._nuisance(Cause.DUST, 3.0, (60, 1800), beside=0.03),
            Cause.INSECT: lambda: self._nuisance(Cause.INSECT, 3.0, (60, 3600)),
            Cause.CARELESS: lambda: self._nuisance(Cause.CARELESS, 0.3, (20, 120)),
            Cause.SMOKING: lambda: self._nuisance(Cause.SMOKING, 0.5, (60, 600)),
            Cause.FAULTY: self.faulty,
            Cause.TEST: self.test,
            Cause.SURGE: self.surge,
            Cause.MALICIOUS: self.malicious,
        }

    def until(self, wanted: int, kinds: list[tuple[Callable[[], int], float]]) -> None:
        """Draw episodes, each kind by its weight, until so many signals were raised."""
        made, weights = 0, [weight for _, weight in kinds]
        while made < wanted:
            made += self.random.choices(kinds, weights)[0][0]()

    # where and when

    def _when(self, hours: list[int]) -> float:
        hour = bisect(hours, self.random.random() * hours[-1])
        return (self.random.randrange(int(self.params.days)) * 24 + min(hour, 23) + self.random.random()) * HOUR

    def _unit(self) -> int:
        return min(bisect(self._troubled, self.random.random() * self._troubled[-1]), self.params.units - 1)

    def _point(self, unit: int, kind: str = "smoke") -> int:
        """A point of the unit; of the detectors that give false alarms mostly the one that stands in the wrong place."""
        size = self.params.points_per_unit
        if kind in ("smoke", "burning"):
            bad = self.random.random() < (0.6 if kind == "smoke" else 0.25)
            return unit * size + (unit * 7 % 3 if bad else self.random.randrange(size - 7))
        at = {"button": 7, "flow": 6, "mains": 5, "bus": 4, "line": 3, "offline": 2, "supply": 1}[kind]
        return unit * size + size - at

    def _signal(self, at: float, lasts: float, point: int, cause: Cause, fire: int = -1) -> None:
        serial = len(self.world.events)
        self.world.events.append(Event(at, serial, point, True, cause, fire))
        self.world.events.append(Event(at + lasts, serial + 1, point, False, cause, fire))

    def _again(self, mean: float) -> int:
        """How often it comes again: geometric with this mean, scaled."""
        mean *= self.params.repeats
        count = 0
        while self.random.random() < mean / (1 + mean):
            count += 1
        return count

    # what happens

    def fire(self) -> int:
        """A real fire: smoke stays, detectors join as it grows, often a button, sometimes a sprinkler, sometimes somebody calls."""
        random, world = self.random, self.world
        at, unit, number = self._when(self._fire_hours), self._unit(), len(world.fires)
        world.fires.append(at)
        lasts = random.uniform(600, 3600)
        first = self._point(unit, "burning")
        self._signal(at, lasts, first, Cause.FIRE, number)
        if random.random() < self.params.alone:
            world.alone.add(number)
            return 1
        made, later = 1, at
        for other in random.sample(range(self.params.points_per_unit - 7), 2 + int(random.expovariate(0.3)) % 12):
            later += random.expovariate(1 / 90)
            point = unit * self.params.points_per_unit + other
            if later < at + lasts and point != first:
                self._signal(later, at + lasts - later, point, Cause.FIRE, number)
                made += 1
        for kind, chance, after in (("button", 0.25, 120), ("flow", 0.12, 240), ("line", 0.2, 400)):
            if random.random() < chance:
                start = random.expovariate(1 / after)
                self._signal(at + start, lasts, self._point(unit, kind), Cause.FIRE, number)
                made += 1
        if random.random() < 0.4:
            world.people.append((at + random.uniform(60, 300), unit))
        return made

    def _nuisance(self, cause: Cause, again: float, gap: tuple[float, float], beside: float = 0.0) -> int:
        random = self.random
        at, unit = self._when(self._alarm_hours), self._unit()
        point, made = self._point(unit), 1 + self._again(again)
        for _ in range(made):
            self._signal(at, random.uniform(15, gap[0] + 15), point, cause)
            at += random.uniform(*gap)
        if random.random() < beside:
            self._signal(at, 60.0, self._point(unit), cause)
            made += 1
        return made

    def faulty(self) -> int:
        """A detector that fails: some days long, several bursts a day, until somebody mends it."""
        random = self.random
        at, point, made = self._when(self._alarm_hours), self._point(self._unit()), 0
        end = at + random.expovariate(1 / (self.params.mended_days * DAY))
        while at <= end and at < self.params.days * DAY:
            for _ in range(1 + self._again(2.0)):
                self._signal(at, random.uniform(2, 30), point, Cause.FAULTY)
                at += random.uniform(10, 120)
                made += 1
            at += random.expovariate(1 / (8 * HOUR))
        return made

    def test(self) -> int:
        """Somebody walks from detector to detector with a test gas; some announce it."""
        random = self.random
        unit = random.randrange(self.params.units)
        at = random.randrange(int(self.params.days)) * DAY + random.uniform(9, 16) * HOUR
        points = random.sample(
            range(self.params.points_per_unit - 7), random.randint(3, self.params.points_per_unit - 8)
        )
        begin = at - 300
        for other in points:
            self._signal(at, random.uniform(10, 40), unit * self.params.points_per_unit + other, Cause.TEST)
            at += random.uniform(40, 300)
        if random.random() < self.params.announced:
            self.world.visits.append(Visit(begin, unit, at + 600))
        return len(points)

    def surge(self) -> int:
        """Lightning or a surge: a panel reports many faults and a fire or two."""
        random = self.random
        at, unit = self._when(self._alarm_hours), self._unit()
        self._signal(at, random.uniform(5, 60), self._point(unit), Cause.SURGE)
        for kind in ("mains", "bus", "line"):
            self._signal(at + random.uniform(0, 20), random.uniform(5, 600), self._point(unit, kind), Cause.SURGE)
        return 1

    def malicious(self) -> int:
        """A button pressed for fun."""
        self._signal(self._when(self._alarm_hours), 600.0, self._point(self._unit(), "button"), Cause.MALICIOUS)
        return 1

    def wear(self) -> int:
        """A contact that comes and goes, now and then and in bursts."""
        random = self.random
        at, unit = self._when(self._alarm_hours), self._unit()
        point, made = self._point(unit, random.choice(("line", "supply", "offline"))), 1 + self._again(6.0)
        for _ in range(made):
            self._signal(at, random.choice((5, 20, 45, 300, 3600)) * random.random(), point, Cause.WEAR)
            at += random.choice((10, 30, 600, 7200)) * (0.5 + random.random())
        return made

    def power(self) -> int:
        """A power cut in a street: the mains of some units go."""
        random = self.random
        at, first = self._when(self._alarm_hours), self._unit()
        units = range(first, min(first + random.randint(1, 12), self.params.units))
        for unit in units:
            self._signal(at + random.random() * 20, random.uniform(60, 7200), self._point(unit, "mains"), Cause.POWER)
        return len(units)

    def bus(self) -> int:
        """A loop breaks: the panel first, then everything on it as a fault of its own."""
        random = self.random
        at, unit = self._when(self._alarm_hours), self._unit()
        lasts = random.uniform(600, 6 * HOUR)
        self._signal(at, lasts, self._point(unit, "bus"), Cause.BUS)
        for kind in ("line", "supply"):
            self._signal(at + random.uniform(1, 20), lasts, self._point(unit, kind), Cause.BUS)
        return 3

    def silence(self) -> int:
        """A mast or the carrier is away: the units of a town fall silent within minutes."""
        random = self.random
        at, first = self._when(self._alarm_hours), random.randrange(self.params.units)
        first -= first % self.params.units_per_town
        units = range(first, min(first + self.params.units_per_town, self.params.units))
        back = at + random.uniform(900, 4 * HOUR)
        for unit in units:
            start = at + random.uniform(0, 400)
            self._signal(start, back - start + random.uniform(0, 60), self._point(unit, "offline"), Cause.SILENCE)
        return len(units)
