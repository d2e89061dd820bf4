"""What is simulated: devices, their points, and how lively their days are."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

FIRE_SYSTEM, HYDRANTS, SPRINKLERS = 1, 11, 12
SMOKE, HEAT, MANUAL, GAS, RESIDUAL, FLOW, TANK, PRESSURE_SWITCH = 42, 31, 23, 11, 17, 96, 92, 99
LEVEL, PRESSURE_KPA, CURRENT = 2, 5, 9  # analog types: m, kPa, A

ROOMS = ("大厅", "走廊东", "走廊西", "配电间", "楼梯间", "库房", "厨房", "办公室", "设备间", "会议室")


@dataclass(frozen=True, slots=True)
class Point:
    """One component: its system and type codes, its address, what its panel calls it; an analog one has a type and usual value."""

    system_type: int
    component_type: int
    address: int
    text: str
    analog_type: int = 0
    usual: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """One transmission device: its address on the wire in hex, its heartbeat in seconds, and its points."""

    source: str
    heartbeat_s: float = 30.0
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often things happen, for each device and simulated day.

    `pace` makes simulated time run faster than the clock: at 60 a minute passes in a second. Heartbeats keep the clock's time, since
    the other side judges silence by it.
    """

    faults: float = 0.15
    false_alarms: float = 0.12
    tests: float = 0.05
    silences: float = 0.02
    fires: float = 0.0
    pace: float = 1.0
    readings_s: float = 300.0


@dataclass(frozen=True, slots=True)
class World:
    """The devices and their rhythm."""

    devices: tuple[SimulatedDevice, ...]
    rhythm: Rhythm = field(default_factory=Rhythm)


def points_for(rng: random.Random, floors: int = 5) -> tuple[Point, ...]:
    """A plausible set of points for one building: smoke and heat detectors, call points, a tank and a pressure switch."""
    return tuple(_points(rng, floors))


def _points(rng: random.Random, floors: int) -> Iterator[Point]:
    for floor in range(1, floors + 1):
        for number, room in enumerate(rng.sample(ROOMS, 3), start=1):
            kind = rng.choices((SMOKE, HEAT, GAS), (8, 2, 1))[0]
            yield Point(FIRE_SYSTEM, kind, (number << 16) | floor, f"{floor}层{room}{_word(kind)}")
        yield Point(FIRE_SYSTEM, MANUAL, (90 << 16) | floor, f"{floor}层手报")
    yield Point(FIRE_SYSTEM, RESIDUAL, (200 << 16) | 1, "总配电剩余电流", CURRENT, 0.1, 0.05)
    yield Point(HYDRANTS, TANK, 1, "屋顶水箱液位", LEVEL, 2.4, 0.1)
    yield Point(SPRINKLERS, PRESSURE_SWITCH, 2, "喷淋末端压力", PRESSURE_KPA, 420.0, 15.0)


def _word(kind: int) -> str:
    return {SMOKE: "烟感", HEAT: "温感", GAS: "可燃气体"}[kind]


def made_up(count: int, seed: int, first: int = 1_000_001) -> World:
    """A world of `count` devices with addresses from `first` on, the same for the same seed."""
    devices = []
    for number in range(first, first + count):
        rng = random.Random(f"{seed}/{number}")
        devices.append(SimulatedDevice(number.to_bytes(6, "little").hex(), points=points_for(rng, rng.randint(2, 8))))
    return World(tuple(devices))


def save(world: World, path: Path) -> None:
    """Write a world as JSON, for `wanghuo simulate --world`."""
    path.write_text(json.dumps(asdict(world), ensure_ascii=False), "utf-8")


def load(path: Path) -> World:
    """Read a world written by `save`. Raises ValueError or KeyError when the file is none."""
    raw = json.loads(path.read_text("utf-8"))
    devices = tuple(
        SimulatedDevice(d["source"], d["heartbeat_s"], tuple(Point(**p) for p in d["points"])) for d in raw["devices"]
    )
    return World(devices, Rhythm(**raw["rhythm"]))
