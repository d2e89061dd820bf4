"""R8, R9, R10, R12, R16, R17, R19: many links, floods, storms, silent and slow peers, two that claim to be one, and a
process that is short of memory or files. Over loopback, against the gateway in a process of its own.

Times and rates are figures. What must hold: everything confirmed is in the journal, fires are never shed, links that
are dead or stuck are cut, nobody else waits for them, and memory and open files stay bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.load import deployment, wire
from tests.load.bytes_rig import files_of, good_frame_is_answered, resident
from tests.load.deployment import Process
from tests.load.rig import Result, Rig, Size, broken
from tests.load.wire import CONFIRM, FIRE_WORD, acked_key, frame, state_unit, value_unit

FIRST = 8_000_000


class Peer(asyncio.Protocol):
    """A device's end that counts its confirms and how long they took."""

    def __init__(self, source: int, told: dict[wire.Key, float]) -> None:
        self.source, self.serial, self.told = source, 0, told
        self.open: dict[int, float] = {}
        self.transport: Any = None
        self.rest = b""
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        data, now = self.rest + data, time.perf_counter()
        whole = len(data) - len(data) % 30
        for at in range(0, whole, 30):
            answer = data[at : at + 30]
            key = acked_key(answer)
            if answer[26] == CONFIRM and key[1] in self.open:
                self.told[key] = now - self.open.pop(key[1])
        self.rest = data[whole:]

    def say(self, unit: bytes = b"") -> wire.Key:
        """Send a frame."""
        self.serial = (self.serial + 1) & 0xFFFF
        self.open[self.serial] = time.perf_counter()
        self.transport.write(frame(self.source, self.serial, unit))
        return self.source, self.serial


async def connected(port: int, source: int, told: dict[wire.Key, float]) -> Peer:
    """A fresh link."""
    _, peer = await asyncio.get_running_loop().create_connection(lambda: Peer(source, told), "127.0.0.1", port)
    return peer


class Stage:
    """A gateway in a process of its own."""

    def __init__(
        self, home: Path, *, address: str = "127.0.0.1:0", before: Callable[[], None] = lambda: None, **limits: Any
    ) -> None:
        deployment.open_home(home, tables=False)
        from wanghuo.entrypoints.gateway.limits import raise_file_limit
        from wanghuo.entrypoints.gateway.server import listening_socket

        raise_file_limit()
        self.journal = home / "journal.sqlite3"
        self.sock = listening_socket(address)
        self.sock.listen(4096)
        self.port = self.sock.getsockname()[1]
        role = deployment.bare_gateway(self.journal, self.sock, **limits)

        def run(ready: Callable[[], None]) -> None:
            before()
            role(ready)

        self.gateway = Process("gateway", run)
        self.gateway.ready_s()

    def end(self) -> None:
        """Stop it."""
        self.gateway.end_in_any_case(gently=True)
        self.sock.close()

    def stored(self) -> set[wire.Key]:
        """What is in the journal."""
        return {wire.key_of(r.data) for r in wire.records(self.journal) if r.kind == wire.FRAME_KIND}

    def counted(self, kind: str) -> int:
        """What the gateway counted and reported into its journal."""
        import json

        notes = (json.loads(r.data) for r in wire.records(self.journal) if r.kind != wire.FRAME_KIND)
        return sum(note.get("counters", {}).get(kind, 0) for note in notes)


def percentile(times: list[float], share: float) -> float:
    """In milliseconds."""
    times = sorted(times)
    return round(times[min(len(times) - 1, int(len(times) * share))] * 1000, 1) if times else 0.0


def sustained(seed: int, home: Path, size: Size, plant: str) -> Result:
    """R8 and R12: so many frames a second for so long; memory is looked at each second."""
    stage, told = Stage(home), {}
    marks: list[tuple[float, int]] = []

    async def main() -> float:
        peers = [await connected(stage.port, FIRST + n, told) for n in range(size["links"])]
        begun, sent = time.perf_counter(), 0
        while (passed := time.perf_counter() - begun) < size["seconds"]:
            while sent < passed * size["rate"]:
                peers[sent % len(peers)].say(state_unit(sent % 1000 + 1_000_000, 1))
                sent += 1
            if passed > len(marks):
                marks.append((passed, resident(stage.gateway.pid)))
            await asyncio.sleep(0.005)
        took = time.perf_counter() - begun
        await asyncio.sleep(1.5)
        for peer in peers:
            peer.transport.abort()
        return sent / took

    try:
        rate = asyncio.run(main())
        files = files_of(stage.gateway.pid)
    finally:
        stage.end()
    later = marks[len(marks) // 3 :]
    minutes = (later[-1][0] - later[0][0]) / 60 or 1.0
    slope = (later[-1][1] - later[0][1]) / 2**20 / minutes
    lost = len(told.keys() - stage.stored())
    figures = {
        "sent_per_s": round(rate),
        "confirmed": len(told),
        "p50_ms": percentile(list(told.values()), 0.5),
        "p99_ms": percentile(list(told.values()), 0.99),
        "memory_mb": later[-1][1] >> 20,
        "slope_mb_per_min": round(slope, 1),
        "files": files,
    }
    return Result(figures, broken(lost=lost, slope=round(slope, 1) if size["slope"] and slope > size["slope"] else 0))


def flood(seed: int, home: Path, size: Size, plant: str) -> Result:
    """R9: a hundredfold flood of values and states, with true fires inside: the flood may be shed, no fire may."""
    if plant:
        shed_fires()
    stage, told, rng = Stage(home, flood_rate=50.0), {}, random.Random(seed)
    fires: list[wire.Key] = []

    async def main() -> None:
        peers = [await connected(stage.port, FIRST + n, told) for n in range(size["links"])]
        begun, sent = time.perf_counter(), 0
        while (passed := time.perf_counter() - begun) < size["seconds"]:
            while sent < passed * size["rate"]:
                sent += 1
                rng.choice(peers[:4]).say(value_unit(7, 3, 5) if sent % 3 else state_unit(1_000_000, 1))
            while len(fires) < passed / size["seconds"] * size["fires"]:
                fires.append(rng.choice(peers).say(state_unit(len(fires) + 1, FIRE_WORD)))
            await asyncio.sleep(0.002)
        await asyncio.sleep(2.0)
        for peer in peers:
            peer.transport.abort()

    try:
        asyncio.run(main())
    finally:
        stage.end()
    stored = stage.stored()
    times = [told[key] for key in fires if key in told]
    figures = {"fires": len(fires), "fire_p99_ms": percentile(times, 0.99), "confirmed": len(told)}
    figures |= {"shed": stage.counted("shed_analog") + stage.counted("shed_state")}
    return Result(
        figures,
        broken(
            fires_shed=len(set(fires) - stored),
            fires_unconfirmed=len(fires) - len(times),
            lost=len(told.keys() - stored),
            nothing_was_shed="" if figures["shed"] else "the flood was too small",
        ),
    )


def shed_fires() -> None:
    """A gateway that takes fires for states."""
    from wanghuo.entrypoints.gateway import lanes, link, server
    from wanghuo.entrypoints.gateway.classify import STATE

    link.importance = lambda frame: STATE
    server.Server.__init__.__kwdefaults__["parts"] = lanes.PLAIN


def storm(seed: int, home: Path, size: Size, plant: str) -> Result:
    """R10: everybody comes back within some seconds."""
    stage, told, rng = Stage(home), {}, random.Random(seed)
    served: list[float] = []

    async def one(source: int, at: float, begun: float) -> Peer:
        await asyncio.sleep(at)
        peer = await connected(stage.port, source, told)
        peer.say()
        while not told.get((source, 1)):
            await asyncio.sleep(0.05)
            if peer.lost:
                raise ConnectionError
        served.append(time.perf_counter() - begun)
        return peer

    async def main() -> int:
        begun = time.perf_counter()
        jobs = (one(FIRST + n, rng.uniform(0, size["within_s"]), begun) for n in range(size["links"]))
        came = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 120)
        peers = [peer for peer in came if isinstance(peer, Peer)]
        for peer in peers:
            peer.transport.abort()
        return len(came) - len(peers)

    try:
        turned_away = asyncio.run(main())
    finally:
        stage.end()
    figures = {
        "links": size["links"],
        "all_serving_s": round(max(served), 1),
        "p99_ms": percentile(list(told.values()), 0.99),
    }
    return Result(figures, broken(turned_away=turned_away, lost=len(told.keys() - stage.stored())))


def bad_peers(seed: int, home: Path, size: Size, plant: str) -> Result:
    """R16 and R17: peers that are stopped, send a byte now and then, read nothing, never speak, or speak for another;
    a good device goes on beside them and its fires pass."""
    limits = {"partial_s": 0.5, "stuck_s": 1.0, "silent_s": 2.0, "idle_s": 3.0}
    stage, told = Stage(home, **({} if plant == "no-limits" else limits)), {}
    stopped = os.fork()
    if stopped == 0:
        _stopped_peers(stage.port, size["links"] // 4)
    links = [_bad_link(number, stage.port) for number in range(size["links"])]

    async def main() -> tuple[int, list[wire.Key]]:
        good, twin = [await connected(stage.port, FIRST, told) for _ in range(2)]
        fires, most, begun = [], 0, time.perf_counter()
        while time.perf_counter() - begun < size["seconds"]:
            fires.append(good.say(state_unit(len(fires) + 1, FIRE_WORD)))
            twin.serial = 30_000 + len(fires)
            twin.say()  # claims the same address
            for link in links[::3]:
                with contextlib.suppress(OSError):
                    link.send(b"@")
            most = max(most, files_of(stage.gateway.pid))
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        good.transport.abort()
        twin.transport.abort()
        return most, fires

    try:
        most, fires = asyncio.run(main())
        left = files_of(stage.gateway.pid)
        answered = good_frame_is_answered(stage.port, 77)
    finally:
        for link in links:
            link.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(stopped, signal.SIGKILL)
        os.waitpid(stopped, 0)
        stage.end()
    times = [told[key] for key in fires if key in told]
    figures = {"bad_links": len(links) + size["links"] // 4, "most_files": most, "files_left": left}
    figures |= {
        "fires": len(fires),
        "fire_p99_ms": percentile(times, 0.99),
        "cut": sum(map(stage.counted, ("cut_idle", "cut_stuck"))),
    }
    return Result(
        figures,
        broken(
            fires_lost=len(set(fires) - stage.stored()),
            fires_unconfirmed=len(fires) - len(times),
            links_left_open=left - 40 if left > 40 + len(links) // 3 else 0,
            a_fresh_link_is_not_answered=not answered,
            two_that_claim_one_address_were_not_noticed=not stage.counted("duplicate_source"),
        ),
    )


def _bad_link(number: int, port: int) -> socket.socket:
    """A link of a bad peer. It may be cut while it still speaks."""
    link = socket.create_connection(("127.0.0.1", port))
    with contextlib.suppress(OSError):
        if number % 3 == 0:
            link.sendall(frame(FIRST + 100 + number, 1)[:-5])  # half a frame, and then a byte now and then
        elif number % 3 == 1:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.setblocking(False)  # says much and reads nothing
            for serial in range(20_000):
                link.send(frame(FIRST + 100 + number, serial))
    return link


def _stopped_peers(port: int, count: int) -> None:
    """A process with open links that is stopped, as if its machine hung."""
    kept = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for number, link in enumerate(kept):
        link.sendall(frame(FIRST + 50_000 + number, 1))
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)


def short_of_files(seed: int, home: Path, size: Size, plant: str) -> Result:
    """R19: few open files and little memory: new links are refused, those that are here go on, and it is said."""

    def before() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (size["files"], size["files"]))
        resource.setrlimit(resource.RLIMIT_AS, (size["memory_mb"] << 20, size["memory_mb"] << 20))

    stage, told = Stage(home, before=before, **({"max_links": 1 << 20} if plant else {})), {}

    async def main() -> tuple[int, int, int]:
        first = [await connected(stage.port, FIRST + n, told) for n in range(20)]
        for peer in first:
            peer.say()
        await asyncio.sleep(0.5)
        more = [await connected(stage.port, FIRST + 1000 + n, told) for n in range(size["files"] * 2)]
        for peer in more:
            peer.say()
        await asyncio.sleep(1.0)
        for peer in first:
            peer.say(state_unit(1, FIRE_WORD))
        await asyncio.sleep(1.0)
        served = sum((peer.source, 2) in told for peer in first)
        refused = sum(peer.lost for peer in more)
        for peer in first + more:
            peer.transport.abort()
        await asyncio.sleep(0.3)
        return served, refused, len(first)

    try:
        served, refused, first = asyncio.run(main())
        answered = good_frame_is_answered(stage.port, 77)
        died = stage.gateway.gone()
    finally:
        stage.end()
    return Result(
        {"refused": refused, "served": served},
        broken(
            old_links_not_served=first - served,
            nobody_refused="" if refused else "all were let in",
            not_said="" if stage.counted("refused_full") else "refused_full was not counted",
            died=died,
            no_new_link_afterwards=not answered,
            lost=len(told.keys() - stage.stored()),
        ),
    )


RIGS = {
    "R8": Rig(
        "R8",
        "sustained load, everything confirmed is stored",
        sustained,
        floor={"rate": 5000, "seconds": 180, "links": 200, "slope": 0},
        small={"rate": 500, "seconds": 3, "links": 20, "slope": 0},
        minutes=3.2,
    ),
    "R9": Rig(
        "R9",
        "a hundredfold flood with true fires inside: none is shed",
        flood,
        floor={"rate": 5000, "seconds": 60, "links": 20, "fires": 200},
        small={"rate": 1500, "seconds": 3, "links": 8, "fires": 20},
        minutes=1.1,
        plants=("fires-as-states",),
    ),
    "R10": Rig(
        "R10",
        "ten thousand devices come back within ten seconds",
        storm,
        floor={"links": 10_000, "within_s": 10},
        small={"links": 300, "within_s": 1},
        minutes=0.5,
    ),
    "R12": Rig(
        "R12",
        "eight minutes at a thousand frames a second: memory and files stay level",
        sustained,
        floor={"rate": 1000, "seconds": 480, "links": 200, "slope": 1.0},
        small={"rate": 300, "seconds": 3, "links": 10, "slope": 0},
        minutes=8.1,
    ),
    "R16": Rig(
        "R16",
        "stopped, silent, slow and unread peers, and two that claim one address, beside a good device",
        bad_peers,
        floor={"links": 3000, "seconds": 30},
        small={"links": 60, "seconds": 6},
        minutes=0.8,
        plants=("no-limits",),
    ),
    "R19": Rig(
        "R19",
        "few files and little memory: new links are refused, those that are here go on",
        short_of_files,
        floor={"files": 256, "memory_mb": 1024},
        small={"files": 128, "memory_mb": 1024},
        minutes=0.2,
        plants=("no-limit-of-links",),
    ),
}
