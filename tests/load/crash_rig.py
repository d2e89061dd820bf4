"""The crash rig (reliability.md R1): the gateway is killed with SIGKILL at random moments under load, over and over.

    python tests/load/crash_rig.py [--kills 1000] [--clients 4] [--seed N] [--plant]

Modules are loaded once; each round forks a fresh server on the same listening socket and kills it after 30 to 150 ms.
Clients push
frames and retry as the standard says: same serial until it is confirmed, again after a reconnection. They keep what
was confirmed.
A checker that shares no code with the journal then reads the file and compares: a confirmed frame that is not there
is lost.
`--plant` confirms before the commit, inside this process only: the rig must find it. Exit code 1 when something was
lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import signal
import sqlite3
import struct
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from wanghuo.entrypoints.gateway import replies
from wanghuo.entrypoints.gateway.committer import Committer, Entry
from wanghuo.entrypoints.gateway.limits import Limits
from wanghuo.entrypoints.gateway.link import Link
from wanghuo.entrypoints.gateway.server import listening_socket, run

RETRY_S = 1.0
SERIALS = 60_000  # of one source; then the client goes on as its next device
FIRE_EVERY = 500
FIRST_SOURCE = 5_000_000
Key = tuple[int, int]  # source, serial


@dataclass(frozen=True)
class Outcome:
    """What a run showed. `lost`: confirmed and not in the journal; `recovered`: in the journal and never confirmed
    (allowed)."""

    seed: int
    kills: int
    acked: int
    stored: int
    lost: int
    recovered: int
    repeated: int
    integrity: str
    seconds: float


def frame(source: int, serial: int) -> bytes:
    """A frame of type 2; each `FIRE_EVERY`th is a fire at a component of its own."""
    fire = serial % FIRE_EVERY == 0
    address = serial if fire else serial % 7 + 1_000_000
    label = bytes((serial % 60, serial // 60 % 60, 10, 21, 11, 26))
    unit = struct.pack("<BBBBBIH31s6s", 2, 1, 1, 1, 40, address, 2 if fire else 1, b"", label)
    body = struct.pack(
        "<HBB6s6s6sHB", serial, 1, 1, label, source.to_bytes(6, "little"), b"\1" + bytes(5), len(unit), 2
    )
    return b"@@" + body + unit + bytes((sum(body + unit) & 0xFF,)) + b"##"


class Client:
    """A device that has much to say. It outlives its connections."""

    def __init__(self, number: int, clients: int, window: int) -> None:
        self.window = window
        self.source, self.step, self.serial = FIRST_SOURCE + number, clients, 0
        self.open: dict[Key, bytes] = {}
        self.acked: list[Key] = []
        self.transport: asyncio.WriteTransport | None = None
        self.heard_at = 0.0

    def fill(self, stopping: bool) -> None:
        """Send new frames up to the window."""
        new = []
        while len(self.open) < self.window and not stopping:
            key = (self.source, self.serial)
            self.open[key] = frame(*key)
            new.append(self.open[key])
            self.serial += 1
            if self.serial == SERIALS:
                self.source, self.serial = self.source + self.step, 0
        if new and self.transport is not None:
            self.transport.write(b"".join(new))

    def again(self) -> None:
        """Send everything that was not confirmed, with the same serials."""
        if self.transport is not None and self.open:
            self.transport.write(b"".join(self.open.values()))

    def confirmed(self, ack: bytes) -> None:
        """Keep what was confirmed; a second confirm of the same frame is nothing new."""
        key = (int.from_bytes(ack[18:24], "little"), ack[2] | ack[3] << 8)
        if ack[26] == replies.CONFIRM and self.open.pop(key, None) is not None:
            self.acked.append(key)


class Wire(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, client: Client, lost: asyncio.Event, stopping: asyncio.Event) -> None:
        self.client, self.lost, self.stopping, self.rest = client, lost, stopping, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.client.transport = transport  # type: ignore[assignment]
        self.client.heard_at = time.monotonic()
        self.client.again()
        self.client.fill(self.stopping.is_set())

    def data_received(self, data: bytes) -> None:
        self.client.heard_at = time.monotonic()
        data = self.rest + data
        whole = len(data) - len(data) % 30
        for at in range(0, whole, 30):
            self.client.confirmed(data[at : at + 30])
        self.rest = data[whole:]
        self.client.fill(self.stopping.is_set())

    def connection_lost(self, exc: Exception | None) -> None:
        self.client.transport = None
        self.lost.set()


async def live(client: Client, port: int, stopping: asyncio.Event) -> None:
    """Connect, and again whenever the connection is gone, until told to stop and everything is confirmed."""
    loop = asyncio.get_running_loop()
    while not (stopping.is_set() and not client.open):
        lost = asyncio.Event()
        try:
            await loop.create_connection(lambda lost=lost: Wire(client, lost, stopping), "127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        while not lost.is_set() and not (stopping.is_set() and not client.open):
            try:
                await asyncio.wait_for(lost.wait(), 0.05)
            except TimeoutError:
                if time.monotonic() - client.heard_at > RETRY_S:
                    client.heard_at = time.monotonic()
                    client.again()
    if client.transport is not None:
        client.transport.close()


def clients(port: int, count: int, window: int, orders: Connection, path: Path) -> None:
    """The client fleet, a process of its own: runs until told to stop, then writes down what was confirmed."""

    async def main() -> None:
        stopping = asyncio.Event()
        asyncio.get_running_loop().add_reader(orders.fileno(), stopping.set)
        fleet = [Client(n, count, window) for n in range(count)]
        await asyncio.wait_for(asyncio.gather(*(live(c, port, stopping) for c in fleet)), 900)
        path.write_text(json.dumps([key for c in fleet for key in c.acked]))

    uvloop.run(main())


def plant_bug() -> None:
    """Confirm before the commit: what the rig must find."""
    put = Committer.put

    def hasty(self: Committer, entry: Entry) -> None:
        if entry.link is not None:
            entry.link.send(replies.reply(entry.data, bytes(6)))
        put(self, entry)

    Committer.put = hasty  # type: ignore[method-assign]
    Link.confirm = lambda self, frame, now: None  # type: ignore[method-assign]


def serve(journal: Path, sock: object, planted: bool, ready: int) -> None:
    """One life of the server, in a forked child."""
    if planted:
        plant_bug()
    limits = Limits(flood_rate=0, unknown_per_minute=0)
    run(journal, sock, limits, ring=lambda: None, ready=lambda: os.write(ready, b"!"))  # type: ignore[arg-type]
    os._exit(0)


def life(journal: Path, sock: object, planted: bool, seconds: float, end: int = signal.SIGKILL) -> None:
    """Fork a server, let it live for so long, end it."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            serve(journal, sock, planted, tell)
        finally:
            os._exit(1)
    os.close(tell)
    os.read(told, 1)
    os.close(told)
    time.sleep(seconds)
    os.kill(child, end)
    os.waitpid(child, 0)


def torture(home: Path, *, kills: int, count: int, seed: int, planted: bool = False, window: int = 32) -> Outcome:
    """The whole run. Leaves the journal and `acked.json` in `home`."""
    rng, begun = random.Random(seed), time.monotonic()
    journal, told = home / "journal.sqlite3", home / "acked.json"
    sock = listening_socket("127.0.0.1:0")
    sock.listen(512)
    context = multiprocessing.get_context("fork")
    orders, tell = context.Pipe(duplex=False)
    fleet = context.Process(target=clients, args=(sock.getsockname()[1], count, window, orders, told))
    fleet.start()
    try:
        for _ in range(kills):
            life(journal, sock, planted, rng.uniform(0.03, 0.15))
        tell.send("stop")
        for _ in range(20):  # one server lives on until everything open is confirmed
            life(journal, sock, planted, 0.5, end=signal.SIGTERM)
            fleet.join(0.1)
            if not fleet.is_alive():
                break
    finally:
        if fleet.is_alive():
            fleet.kill()
        fleet.join()
        sock.close()
    return check(journal, told, seed=seed, kills=kills, seconds=time.monotonic() - begun)


def stored_frames(journal: Path) -> list[Key]:
    """The frames of a journal, read by its documented layout and nothing of its code."""
    found: list[Key] = []
    with sqlite3.connect(journal) as connection:
        for (blob,) in connection.execute("SELECT data FROM batch ORDER BY id"):
            magic, rows, _ = struct.unpack_from("<4sII", blob)
            assert magic == b"WHJ1"
            kinds = blob[12 + 13 * rows : 12 + 14 * rows]
            lengths = struct.unpack_from(f"<{rows}I", blob, 12 + 14 * rows)
            at = 12 + 22 * rows
            for kind, length in zip(kinds, lengths, strict=True):
                raw = blob[at : at + length]
                at += length
                if kind == 0:
                    found.append((int.from_bytes(raw[12:18], "little"), raw[2] | raw[3] << 8))
    return found


def check(journal: Path, told: Path, *, seed: int, kills: int, seconds: float) -> Outcome:
    """Compare what the clients hold confirmed with what the file holds."""
    acked = {tuple(key) for key in json.loads(told.read_text())}
    rows = stored_frames(journal)
    stored = set(rows)
    with sqlite3.connect(journal) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return Outcome(
        seed=seed,
        kills=kills,
        acked=len(acked),
        stored=len(stored),
        lost=len(acked - stored),
        recovered=len(stored - acked),
        repeated=len(rows) - len(stored),
        integrity=integrity,
        seconds=round(seconds, 1),
    )


def main() -> int:
    """Run by hand, at any size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--plant", action="store_true", help="confirm before the commit; the rig must find it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        outcome = torture(Path(home), kills=args.kills, count=args.clients, seed=args.seed, planted=args.plant)
    print(json.dumps(asdict(outcome)))
    return 1 if outcome.lost or outcome.integrity != "ok" else 0


if __name__ == "__main__":
    sys.exit(main())
