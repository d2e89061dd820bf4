"""R14 and R15: devices, their network, the gateway, the journal, ingest and the alarms, in one thread and in made time.

The gateway's own classes run in an event loop whose clock jumps (virtual.py); there are no sockets. Frames are lost,
doubled, delayed for up to 30 s, and cut into pieces of 1 to 64 bytes; commits are slow now and then; the gateway and
ingest are killed at random moments, ingest also in the middle of a transaction. Devices repeat as the standard says.
In R15 the clocks of the server and of devices jump besides, by a second to ten years.

Every fire that a device was told is safe must be exactly one signal and one alarm; so must every end of a fire be one
end. Two runs of a seed must give the same trace, told by its hash.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import sqlite3
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.load import crash_rig, deployment, virtual, wire
from tests.load.rig import Result, Rig, Size, broken
from tests.load.wire import CONFIRM, FIRE_WORD, NORMAL_WORD, acked_key, frame, state_unit, value_unit

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


class World:
    """One simulated deployment."""

    def __init__(self, seed: int, folder: Path, size: Size, plant: str) -> None:
        self.rng, self.size, self.plant = random.Random(seed), size, plant
        self.clock = virtual.Clock()
        self.loop = virtual.Loop(self.clock)
        self.turns, self.ingest_turns = virtual.Turns(self.loop), virtual.Turns(self.loop)
        self.journal = folder / "journal.sqlite3"
        self.truth, self.trace = Truth(), hashlib.blake2b(digest_size=16)
        self.server: Any = None
        self.tasks: list[asyncio.Task[None]] = []
        self.ingest: Any = None
        self.stopping = False
        self.errors: list[str] = []
        self.event_s = size["event_s"]
        self.devices = [Device(self, n) for n in range(size["devices"])]

    def note(self, *known: object) -> None:
        """A line of the trace."""
        self.trace.update(f"{self.clock.virtual_s:.6f} {known}\n".encode())

    # --- the gateway ---

    def start_gateway(self) -> None:
        """A fresh gateway on the journal there is."""
        from wanghuo.entrypoints.gateway import committer, lanes
        from wanghuo.entrypoints.gateway.limits import Limits
        from wanghuo.entrypoints.gateway.server import Server

        self.turns = virtual.Turns(self.loop)
        committer.threading = self.turns  # type: ignore[assignment]
        limits = Limits(unknown_per_minute=0, report_s=60.0)
        server = Server(self.journal, limits, ring=lambda: None, parts=lanes.PLAIN)
        for name in ("links", "partial", "held", "stuck"):
            setattr(server, name, Ordered())  # sets go through their members as memory lies
        slow_down(server.committer._writer, self)
        every = ((1.0, server.sweep), (limits.report_s, server.report))
        self.tasks = [self.loop.create_task(server._every(seconds, act)) for seconds, act in every]
        self.server = server

    def kill_gateway(self) -> None:
        """As kill -9: what is not on disk is gone, links break, nothing is answered."""
        server, self.server = self.server, None
        self.truth.crashes += 1
        for task in self.tasks:
            task.cancel()
        server.committer._writer._connection.rollback()
        self.turns.kill()
        server.committer._writer.close()
        for link in list(server.links):
            radio, link.transport.link = link.transport, _Nobody()
            radio.abort()
        self.loop.call_later(self.rng.uniform(0.1, 5.0), self.start_gateway)

    def crash_now_and_then(self) -> None:
        """For ever."""
        if self.server is not None and not self.stopping:
            self.kill_gateway()
        self.loop.call_later(self.rng.expovariate(1 / self.size["crash_s"]), self.crash_now_and_then)

    # --- ingest ---

    def follow(self) -> None:
        """Ingest, in a thread of its own that takes turns with the loop."""
        thread: Any = self.ingest_turns.current
        while not self.stopping:
            self.loop.call_later(self.rng.uniform(0.5, self.size["ingest_s"]), thread.turn)
            self.ingest_turns.pause(thread)
            self.take_in()
        deployment.close_connections()

    def take_in(self) -> None:
        """A turn of ingest; now and then it is killed, also in the middle of a transaction."""
        from wanghuo.modules.sensing.ingest import Ingest

        try:
            if self.ingest is None:
                self.ingest = Ingest(self.journal)
            with dying_at(1 + int(self.rng.expovariate(1 / 60)) if self.rng.random() < self.size["ingest_dies"] else 0):
                self.ingest.step()
                self.ingest.tend(self.clock.virtual_s)
                deliver()
        except virtual.Killed:
            self.truth.crashes += 1
            self.ingest = None
            deployment.close_connections()
        else:
            self.note("ingest", self.ingest._at)

    # --- clocks ---

    def jump(self) -> None:
        """The clock of the server, or of a device, is put wrong, or right again."""
        if self.stopping:
            return
        self.loop.call_later(self.rng.expovariate(self.size["jumps"] / self.size["hours"] / 3600), self.jump)
        self.truth.jumps += 1
        far = self.rng.choice((1.0, 60.0, 3600.0, 86_400.0, YEARS_S))
        to = self.rng.uniform(-far, far) if self.rng.random() < 0.7 else 0.0
        if self.rng.random() < 0.6:
            self.clock.jump_s = to
        else:
            self.rng.choice(self.devices).clock_s = to

    async def live(self) -> None:
        """The whole life."""
        self.start_gateway()
        for device in self.devices:
            device.begin()
        self.loop.call_later(self.rng.expovariate(1 / self.size["crash_s"]), self.crash_now_and_then)
        self.ingest_turns.Thread(target=self.follow).start()
        if self.size["jumps"]:
            self.jump()
        await asyncio.sleep(self.size["hours"] * 3600)
        self.stopping = True
        while any(known.event for device in self.devices for known in device.open.values()):
            await asyncio.sleep(1.0)
        await asyncio.sleep(60.0)
        if self.server is not None:
            for task in self.tasks:
                task.cancel()
            self.turns.kill()

    def run(self) -> None:
        """Live, and take in what is left."""
        from wanghuo.modules.sensing.ingest import Ingest

        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(lambda loop, known: self.errors.append(repr(known.get("exception") or known)))
        fake = virtual.Time(self.clock, lambda: self.turns)
        virtual.put_into_modules(fake)
        self.loop.run_until_complete(self.live())
        self.ingest = Ingest(self.journal)
        self.ingest.catch_up()
        deliver()
        self.loop.close()


class Ordered(dict[Any, None]):
    """A set that keeps its order."""

    def add(self, item: Any) -> None:
        """Take in."""
        self[item] = None

    def discard(self, item: Any) -> None:
        """Leave out."""
        self.pop(item, None)


class _Nobody:
    """A link of a process that is no more."""

    def connection_lost(self, why: object) -> None: ...
    def data_received(self, data: bytes) -> None: ...


def deliver() -> None:
    """Deliver what is due."""
    from wanghuo.kernel import outbox

    outbox.drain()


@contextmanager
def dying_at(statement: int) -> Iterator[None]:
    """Die at the so-many-th statement to the database; 0: live."""
    from django.db import connection

    left = statement

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise virtual.Killed
        return execute(sql, params, many, context)

    if not statement:
        yield
        return
    with connection.execute_wrapper(count):
        yield


def slow_down(writer: Any, world: World) -> None:
    """Give the journal's disk a time of its own."""
    from wanghuo.entrypoints.gateway import committer

    commit, rng = writer.commit, world.rng

    def slow(columns: Any, **known: Any) -> int:
        kind = rng.random()
        seconds = rng.uniform(0.0005, 0.003) if kind < 0.95 else rng.uniform(0.05, 0.5) if kind < 0.995 else 3.0
        committer.time.sleep(seconds / 2)
        id: int = commit(columns, **known)
        committer.time.sleep(seconds / 2)
        return id

    writer.commit = slow


# --- a run of a seed -----------------------------------------------------------------------------------------------


def fresh_tables(template: sqlite3.Connection, folder: Path) -> None:
    """Empty tables, with the devices."""
    from django.db import connections

    connections.close_all()
    for known in (connections.settings["default"], connections["default"].settings_dict):
        known["NAME"] = str(folder / "wanghuo.sqlite3")
    with sqlite3.connect(folder / "wanghuo.sqlite3") as target:
        template.backup(target)


def judge(world: World) -> tuple[tuple[str, ...], dict[str, int]]:
    """What the tables hold, against what the devices know; the trace goes on with it."""
    from django.db import connection

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            return cursor.execute(sql).fetchall()

    by_id = {
        id: int.from_bytes(bytes.fromhex(source), "little")
        for id, source in rows("SELECT id, source FROM sensing_device")
    }

    def count(sql: str) -> Counter[tuple[int, int]]:
        found: Counter[tuple[int, int]] = Counter()
        for device, key, number in rows(sql):
            found[by_id[device], int(key.rsplit(".", 1)[1])] += number
        return found

    events = (
        "SELECT e.device_id, c.key, 1 FROM sensing_sensorevent e JOIN sensing_component c ON c.id = e.component_id "
        "WHERE e.condition = 'fire' AND e.what = '{what}' ORDER BY e.id"
    )
    raised, cleared = count(events.format(what="raised")), count(events.format(what="cleared"))
    alarms = count("SELECT device_id, component_key, count FROM alarms_alarm WHERE condition = 'fire' ORDER BY ref")
    truth = world.truth
    world.note(sorted(raised.items()), sorted(cleared.items()), sorted(alarms.items()))
    stored = list(wire.records(world.journal))
    world.note([(record.batch, record.index, record.data) for record in stored if record.kind == wire.FRAME_KIND])
    order = [record.batch for record in stored]
    window = window_size(world)
    return broken(
        fires_lost=len(truth.fires - raised.keys()),
        alarms_lost=len(truth.fires - alarms.keys()),
        ends_lost=len(truth.ends - cleared.keys()),
        fires_doubled=sum(n - 1 for n in raised.values()),
        alarms_doubled=sum(n - 1 for n in alarms.values()),
        ends_doubled=sum(n - 1 for n in cleared.values()),
        fires_of_nothing=len(raised.keys() - truth.said),
        ends_of_nothing=len(cleared.keys() - truth.ended),
        out_of_order=sum(a > b for a, b in zip(order, order[1:], strict=False)),
        dead=rows("SELECT count(*) FROM sensing_deadframe")[0][0],
        errors=world.errors[:2],
        window_never_emptied=window if window > 20 * len(world.devices) else 0,
    ), {"frames": len(stored), "fires": len(truth.fires), "acked": truth.acked}


def window_size(world: World) -> int:
    """How many frames ingest remembers, to know a retransmission: those of 40 s or two, whatever the clock did."""
    window = world.ingest.fold.window
    return sum(len(getattr(window, name)) for name in ("_new", "_old"))


def one(task: tuple[int, dict[str, Any], str, str]) -> tuple[str, tuple[str, ...], dict[str, int]]:
    """One run of a seed: its trace's hash, what was broken, figures."""
    seed, size, plant, home = task
    template = _template(Path(home))
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        fresh_tables(template, Path(folder))
        if plant:
            crash_rig.PLANTS[plant]()
        world = World(seed, Path(folder), size, plant)
        world.run()
        failures, figures = judge(world)
    figures |= {"crashes": world.truth.crashes, "jumps": world.truth.jumps}
    return world.trace.hexdigest(), failures, figures


_templates: dict[Path, sqlite3.Connection] = {}


def _template(home: Path) -> sqlite3.Connection:
    """The tables of this process, made once."""
    if home not in _templates:
        own = home / str(os.getpid())
        own.mkdir()
        deployment.open_home(own)
        deployment.add_devices(range(FIRST, FIRST + 64))
        deployment.close_connections()
        import wanghuo.entrypoints.gateway.server
        import wanghuo.modules.sensing.ingest  # noqa: F401 - all modules are given the made time, so all must be loaded

        _templates[home] = sqlite3.connect(own / "wanghuo.sqlite3")
    return _templates[home]


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """All seeds, each for itself; the first ones twice."""
    rng = random.Random(seed)
    seeds = [rng.randrange(1 << 40) for _ in range(size["seeds"])]
    tasks = [(known, dict(size), plant, str(home)) for known in [*seeds, *seeds[: size["twice"]]]]
    with get_context("spawn").Pool(2) as pool:
        results = pool.map(one, tasks, chunksize=1)
    total: Counter[str] = Counter()
    failures: list[str] = []
    for known, (_, found, figures) in zip(tasks, results, strict=True):
        total.update(figures)
        failures += [f"seed {known[0]}: {what}" for what in found]
    hashes = [found[0] for found in results]
    differ = sum(a != b for a, b in zip(hashes, hashes[len(seeds) :], strict=False))
    figures = {**total, "seeds": len(seeds), "virtual_hours": size["hours"] * len(tasks), "trace": hashes[0]}
    return Result(figures, tuple(failures[:8]) + broken(traces_that_differ=differ))


FLOOR = {"devices": 50, "hours": 2, "crash_s": 600.0, "ingest_dies": 0.05, "ingest_s": 15.0, "event_s": 1800.0}
FLOOR |= {"jumps": 0, "twice": 4}
SMALL = {**FLOOR, "seeds": 1, "hours": 0.4, "crash_s": 200.0, "event_s": 300.0, "twice": 0}

RIGS = {
    "R14": Rig(
        "R14",
        "devices, network, gateway, journal, ingest and alarms in made time: loss, doubles, reordering, crashes",
        run,
        floor={**FLOOR, "seeds": 100},
        small=SMALL,
        minutes=9,
        plants=("confirm-before-commit", "forgetful-ids"),
        plant_size={"ingest_dies": 0.6},
    ),
    "R15": Rig(
        "R15",
        "the same, with clocks that jump by a second to ten years, at the server and at devices",
        run,
        floor={**FLOOR, "seeds": 4, "jumps": 50, "twice": 1},
        small={**SMALL, "jumps": 20, "seeds": 1},
        minutes=1,
    ),
}
