"""The devices of R14 and R15 and their network, in made time: what they report, repeat, lose and know to be confirmed."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.load.wire import CONFIRM, FIRE_WORD, NORMAL_WORD, acked_key, frame, state_unit, value_unit

if TYPE_CHECKING:
    from tests.load.simulation_rig import World

FIRST = 7_000_000
LOSS, TWICE, LATE, LATEST_S = 0.03, 0.01, 0.03, 30.0
WAIT_S, TRIES = 10.0, 4
HEARTBEAT_S = 30.0
CHINA_S = 8 * 3600
YEARS_S = 10 * 365.25 * 86_400


def label(at_s: float) -> bytes:
    """Six bytes of time as a device writes them, in China's time."""
    at = datetime.fromtimestamp(at_s + CHINA_S, UTC)
    return bytes((at.second, at.minute, at.hour, at.day, at.month, at.year % 100))


@dataclass
class Truth:
    """What happened, as the devices know it."""

    fires: set[tuple[int, int]] = field(default_factory=set)  # confirmed: (source, component address)
    ends: set[tuple[int, int]] = field(default_factory=set)
    said: set[tuple[int, int]] = field(default_factory=set)  # said at all
    ended: set[tuple[int, int]] = field(default_factory=set)
    acked: int = 0
    crashes: int = 0
    jumps: int = 0


class Radio(asyncio.Transport):
    """A connection, seen from the gateway: an ordered stream of bytes both ways."""

    def __init__(self, world: World, device: Device, link: Any) -> None:
        super().__init__()
        self.world, self.device, self.link = world, device, link
        self.closed = self.paused = False
        self.arrives_s = 0.0
        self.held: deque[bytes] = deque()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (
            (f"10.0.{self.device.number // 250}.{self.device.number % 250 + 1}", 40_000)
            if name == "peername"
            else default
        )

    def send(self, data: bytes) -> None:
        """The device's bytes, on their way in pieces."""
        rng, loop, at = self.world.rng, self.world.loop, 0
        while at < len(data):
            size = rng.randint(1, 64)
            self.arrives_s = max(self.arrives_s + 1e-6, loop.time() + rng.uniform(0.01, 0.3))  # pieces keep their order
            loop.call_at(self.arrives_s, self.arrive, data[at : at + size])
            at += size

    def arrive(self, piece: bytes) -> None:
        """A piece is here."""
        if self.closed:
            return
        if self.paused:
            self.held.append(piece)
        else:
            self.link.data_received(piece)

    def write(self, data: Any) -> None:
        answer = bytes(data)
        for at in range(0, len(answer), 30):
            if answer[at + 26] == CONFIRM:
                self.world.confirmed.append(acked_key(answer[at : at + 30]))
            if self.world.rng.random() >= LOSS:
                self.world.loop.call_later(
                    self.world.rng.uniform(0.01, 0.4), self.device.answered, answer[at : at + 30]
                )

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self.closed:
            self.closed = True
            self.world.loop.call_soon(self.link.connection_lost, None)
            self.world.loop.call_later(self.world.rng.uniform(0.0, 20.0), self.device.noticed, self)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
        while self.held and not self.paused:
            self.arrive(self.held.popleft())

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


@dataclass
class Open:
    """A frame that is not confirmed yet."""

    raw: bytes
    event: tuple[str, int] | None
    tries: int = 0


class Device:
    """A transmission device: heartbeats, states, readings, fires and their ends."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number, self.source = world, number, FIRST + number
        self.serial, self.address, self.clock_s = 0, 0, world.rng.uniform(-30, 30)
        self.open: dict[int, Open] = {}
        self.radio: Radio | None = None
        self.burning: list[int] = []

    def begin(self) -> None:
        """Come to life."""
        rng, later = self.world.rng, self.world.loop.call_later
        later(rng.uniform(0, 10), self.connect)
        later(rng.uniform(0, HEARTBEAT_S), self.beat)
        later(rng.expovariate(1 / self.world.event_s), self.happen)

    def connect(self) -> None:
        """Open a connection, when the gateway is there; else again in a while."""
        world = self.world
        if self.radio is not None:
            return
        if world.server is None:
            world.loop.call_later(world.rng.uniform(1, 5), self.connect)
            return
        link = world.server.link()
        self.radio = Radio(world, self, link)
        link.connection_made(self.radio)
        for serial in list(self.open):
            self.again(serial)

    def noticed(self, radio: Radio) -> None:
        """The connection is gone."""
        if self.radio is radio:
            self.radio = None
            self.connect()

    def beat(self) -> None:
        """A heartbeat, for ever."""
        if not self.world.stopping:
            self.say(b"", None)
            self.world.loop.call_later(HEARTBEAT_S + self.world.rng.uniform(-2, 2), self.beat)

    def happen(self) -> None:
        """Something happens here, again and again."""
        world, rng = self.world, self.world.rng
        if world.stopping:
            return
        world.loop.call_later(rng.expovariate(1 / world.event_s), self.happen)
        now, kind = label(world.clock.wall_s() - world.clock.jump_s + self.clock_s), rng.random()
        if kind < 0.35:
            self.address += 1
            self.say(state_unit(self.address, FIRE_WORD, label=now), ("fire", self.address))
            world.truth.said.add((self.source, self.address))
        elif kind < 0.5 and self.burning:
            address = self.burning.pop(0)
            world.truth.ended.add((self.source, address))
            self.say(state_unit(address, NORMAL_WORD, label=now), ("end", address))
        elif kind < 0.75:
            self.say(state_unit(900_000 + rng.randrange(3), rng.choice((1, 4)), label=now), None)
        else:
            self.say(value_unit(800_000, 3, rng.randrange(100), label=now), None)

    def say(self, unit: bytes, event: tuple[str, int] | None) -> None:
        """Send a frame, and again until it is confirmed."""
        self.serial = (self.serial + 1) & 0xFFFF
        self.open[self.serial] = Open(frame(self.source, self.serial, unit), event)
        self.again(self.serial)

    def again(self, serial: int) -> None:
        """One try; after the last one the link counts as dead. Heartbeats are given up, what happened never is."""
        known = self.open.get(serial)
        if known is None:
            return
        if known.tries >= TRIES:
            known.tries = 0
            if known.event is None:
                del self.open[serial]
            if self.radio is not None:
                self.radio.abort()
            if known.event is None:
                return
        known.tries += 1
        self.transmit(known.raw)
        self.world.loop.call_later(WAIT_S, self.not_in_time, serial, known.tries)

    def not_in_time(self, serial: int, tries: int) -> None:
        """The answer did not come."""
        known = self.open.get(serial)
        if known is not None and known.tries == tries:
            self.again(serial)

    def transmit(self, raw: bytes) -> None:
        """Over the air: lost, doubled, late, or just sent."""
        rng = self.world.rng
        for _ in range(2 if rng.random() < TWICE else 1):
            if rng.random() >= LOSS:
                delay = rng.uniform(0, LATEST_S) if rng.random() < LATE else rng.uniform(0.0, 0.2)
                self.world.loop.call_later(delay, self.enter, raw)

    def enter(self, raw: bytes) -> None:
        """Into the stream of whatever connection there is now."""
        if self.radio is not None and not self.radio.closed:
            self.radio.send(raw)

    def answered(self, answer: bytes) -> None:
        """The platform answered."""
        source, serial = acked_key(answer)
        if source != self.source or answer[26] != CONFIRM or serial not in self.open:
            return
        event = self.open.pop(serial).event
        truth = self.world.truth
        truth.acked += 1
        if event is None:
            return
        self.world.note("acked", self.source, *event)
        (truth.fires if event[0] == "fire" else truth.ends).add((self.source, event[1]))
        if event[0] == "fire":  # it may end once no copy of its report is under way any more
            self.world.loop.call_later(120 + LATEST_S, self.burning.append, event[1])
