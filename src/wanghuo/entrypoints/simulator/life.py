"""What happens to a device, as a seeded sequence: the same seed tells the same story, whatever the network does to it."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from wanghuo.entrypoints.simulator.world import GAS, HEAT, MANUAL, SMOKE, Point, Rhythm, SimulatedDevice

DAY_S = 86_400.0
NORMAL, FIRE, FAULT, DISABLED = 0b1, 0b11, 0b101, 0b1001
DETECTORS = (SMOKE, HEAT, GAS, MANUAL)


class What(StrEnum):
    """One kind of happening."""

    STATE = "state"  # a component's state word changed
    READINGS = "readings"  # analog values, sampled together
    SILENCE = "silence"  # the device says nothing for a while
    RESET = "reset"  # somebody resets the panel


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """At `at_s` simulated seconds from the start. `why` tells the truth behind it (false_alarm, fire, fault, test, routine)."""

    at_s: float
    what: What
    why: str
    point: Point | None = None
    word: int = NORMAL
    values: tuple[float, ...] = ()
    lasts_s: float = 0.0


def life(device: SimulatedDevice, rhythm: Rhythm, seed: int) -> Iterator[Happening]:
    """Everything that happens to a device, in order, without end."""
    rng = random.Random(f"{seed}/{device.source}")
    streams = [_readings(device, rhythm, rng.randint(0, 2**32))]
    for why, rate in (
        ("fault", rhythm.faults),
        ("false_alarm", rhythm.false_alarms),
        ("test", rhythm.tests),
        ("silence", rhythm.silences),
        ("fire", rhythm.fires),
    ):
        if rate > 0 and device.points:
            streams.append(_stories(device, why, rate, rng.randint(0, 2**32)))
    return heapq.merge(*streams, key=lambda h: h.at_s)


def _readings(device: SimulatedDevice, rhythm: Rhythm, seed: int) -> Iterator[Happening]:
    analog = [p for p in device.points if p.analog_type]
    rng, at_s = random.Random(seed), 0.0
    while analog:
        at_s += rhythm.readings_s * rng.uniform(0.8, 1.2)
        values = tuple(max(0.0, rng.gauss(p.usual, p.spread)) for p in analog)
        yield Happening(at_s, What.READINGS, "routine", values=values)


def _stories(device: SimulatedDevice, why: str, rate: float, seed: int) -> Iterator[Happening]:
    """Stories of one kind, `rate` a day, each finished before the next one begins."""
    rng, at_s = random.Random(seed), 0.0
    while True:
        at_s += rng.expovariate(rate / DAY_S)
        story = tell(device, why, at_s, rng)
        yield from story
        at_s = max(at_s, max((h.at_s + h.lasts_s for h in story), default=at_s))


def tell(device: SimulatedDevice, why: str, at_s: float, rng: random.Random) -> list[Happening]:
    """One story from `at_s` on: a fault and its repair, a false alarm, a test, a silence, or a fire that spreads."""
    detectors = [p for p in device.points if p.component_type in DETECTORS]
    if why == "silence":
        return [Happening(at_s, What.SILENCE, why, lasts_s=rng.uniform(300, 3600))]
    if not detectors:
        return []
    if why == "fire":
        return _fire(detectors, at_s, rng)
    if why == "test":
        return _there_and_back(
            [p for p in detectors if p.component_type == MANUAL][:2] or detectors[:1], FIRE, why, at_s, 60
        )
    if why == "fault":
        return _there_and_back([rng.choice(detectors)], FAULT, why, at_s, rng.uniform(600, 7200))
    return _there_and_back(
        [rng.choice([p for p in detectors if p.component_type != MANUAL] or detectors)], FIRE, why, at_s, 90
    )


def _there_and_back(points: list[Point], word: int, why: str, at_s: float, lasts_s: float) -> list[Happening]:
    there = [Happening(at_s + n, What.STATE, why, point, word) for n, point in enumerate(points)]
    back = [Happening(at_s + lasts_s + n, What.STATE, why, point, NORMAL) for n, point in enumerate(points)]
    return [*there, *back]


def _fire(detectors: list[Point], at_s: float, rng: random.Random) -> list[Happening]:
    """A fire: one detector, neighbours within two minutes, often somebody at a call point; reset an hour later."""
    first = rng.choice(detectors)
    near = sorted(
        (p for p in detectors if p != first), key=lambda p: abs((p.address & 0xFFFF) - (first.address & 0xFFFF))
    )
    seen = [Happening(at_s, What.STATE, "fire", first, FIRE)]
    seen += [
        Happening(at_s + rng.uniform(5, 90), What.STATE, "fire", point, FIRE) for point in near[: rng.randint(1, 3)]
    ]
    seen.sort()
    return [*seen, Happening(at_s + 3600, What.RESET, "fire")]
