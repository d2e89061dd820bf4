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
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.load import crash_rig, deployment, virtual, wire
from tests.load.rig import Result, Rig, Size, broken
from tests.load.simulated_devices import FIRST, YEARS_S, Device, Truth
from tests.load.wire import opened


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
        self.confirmed: list[wire.Key] = []  # as the gateway said it
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
        from wanghuo.modules.sensing import reading_store
        from wanghuo.modules.sensing.ingest import Ingest

        reading_store.ThreadPoolExecutor = virtual.AtOnce  # type: ignore[misc,assignment]
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
    with opened(folder / "wanghuo.sqlite3", "rwc") as target:
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
        not_confirmed_in_the_order_stored=out_of_order(world.confirmed, stored),
        dead=rows("SELECT count(*) FROM sensing_deadframe")[0][0],
        errors=world.errors[:2],
        window_never_emptied=window if window > 20 * len(world.devices) else 0,
    ), {"frames": len(stored), "fires": len(truth.fires), "acked": truth.acked}


def out_of_order(confirmed: list[wire.Key], stored: list[wire.Stored]) -> int:
    """How many confirms have no frame in the journal behind those that were confirmed before them."""
    places: dict[wire.Key, list[int]] = {}
    for place, record in enumerate(stored):
        if record.kind == wire.FRAME_KIND:
            places.setdefault(wire.key_of(record.data), []).append(place)
    at, missed = -1, 0
    for key in confirmed:
        found = places.get(key, [])
        next_one = bisect_right(found, at)
        if next_one < len(found):
            at = found[next_one]
        else:
            missed += 1
    return missed


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
