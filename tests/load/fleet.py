"""Devices that have much to say, in a process of their own: they repeat as the standard says, outlive every connection,
and keep what was confirmed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import signal
import time
from array import array
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import uvloop

from tests.load.wire import CONFIRM, FIRE_WORD, NORMAL_WORD, Key, acked_key, frame, state_unit

RETRY_S = 1.0
SERIALS = 60_000  # of one source; then the client goes on as its next device
FIRST_SOURCE = 5_000_000
MOST_S = 1500


@dataclass(frozen=True)
class Load:
    """How much the fleet says. `fire_every`: each so-many-th serial is a fire at a component of its own. `pause_s`:
    between two fillings of the window, 0 for as fast as it goes."""

    clients: int = 4
    window: int = 32
    fire_every: int = 500
    pause_s: float = 0.0
    first_source: int = FIRST_SOURCE

    def says(self, source: int, serial: int) -> bytes:
        """The frame of a serial."""
        fire = serial % self.fire_every == 0
        unit = state_unit(serial, FIRE_WORD) if fire else state_unit(serial % 7 + 1_000_000, NORMAL_WORD)
        return frame(source, serial, unit)


class Client:
    """A device that has much to say. It outlives its connections."""

    def __init__(self, number: int, load: Load) -> None:
        self.load, self.source, self.serial = load, load.first_source + number, 0
        self.counter: Any = None
        self.open: dict[Key, bytes] = {}
        self.acked: list[Key] = []
        self.transport: asyncio.WriteTransport | None = None
        self.heard_at = self.filled_at = 0.0
        self.last_ack = self.longest_gap = 0.0

    def fill(self, stopping: bool) -> None:
        """Send new frames up to the window."""
        if stopping or self.transport is None:
            return
        if self.load.pause_s:
            now = time.monotonic()
            if now - self.filled_at < self.load.pause_s:
                return
            self.filled_at = now
        new = []
        while len(self.open) < self.load.window:
            key = (self.source, self.serial)
            self.open[key] = self.load.says(*key)
            new.append(self.open[key])
            self.serial += 1
            if self.serial == SERIALS:
                self.source, self.serial = self.source + self.load.clients, 0
        if new:
            self.transport.write(b"".join(new))

    def again(self) -> None:
        """Send everything that was not confirmed, with the same serials."""
        if self.transport is not None and self.open:
            self.transport.write(b"".join(self.open.values()))

    def confirmed(self, ack: bytes, now: float) -> None:
        """Keep what was confirmed; a second confirm of the same frame is nothing new."""
        key = acked_key(ack)
        if ack[26] == CONFIRM and self.open.pop(key, None) is not None:
            self.kept(key, now)

    def kept(self, key: Key, now: float) -> None:
        """Write down that something was confirmed."""
        self.acked.append(key)
        self.counter.value += 1
        if self.last_ack:
            self.longest_gap = max(self.longest_gap, now - self.last_ack)
        self.last_ack = now


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
        now = self.client.heard_at = time.monotonic()
        data = self.rest + data
        whole = len(data) - len(data) % 30
        for at in range(0, whole, 30):
            self.client.confirmed(data[at : at + 30], now)
        self.rest = data[whole:]
        self.client.fill(self.stopping.is_set())

    def connection_lost(self, exc: Exception | None) -> None:
        self.client.transport = None
        self.lost.set()


async def live(client: Client, port: int, stopping: asyncio.Event, wire: type[Wire] = Wire) -> None:
    """Connect, and again whenever the connection is gone, until told to stop and everything is confirmed."""
    loop = asyncio.get_running_loop()
    while not (stopping.is_set() and not client.open):
        lost = asyncio.Event()
        try:
            await loop.create_connection(lambda lost=lost: wire(client, lost, stopping), "127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        while not lost.is_set() and not (stopping.is_set() and not client.open):
            try:
                await asyncio.wait_for(lost.wait(), client.load.pause_s or 0.05)
            except TimeoutError:
                client.fill(stopping.is_set())
                if time.monotonic() - client.heard_at > RETRY_S:
                    client.heard_at = time.monotonic()
                    client.again()
    if client.transport is not None:
        client.transport.close()


def _run(port: int, load: Load, orders: Connection, path: Path, counters: Any, wire: type[Wire]) -> None:
    async def main() -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(orders.fileno(), stopping.set)
        everybody = asyncio.current_task()
        if everybody is not None:
            loop.add_signal_handler(signal.SIGTERM, everybody.cancel)
        clients = [Client(n, load) for n in range(load.clients)]
        for client in clients:
            client.counter = counters
        try:
            await asyncio.wait_for(asyncio.gather(*(live(c, port, stopping, wire) for c in clients)), MOST_S)
        finally:
            acked = array("Q", [source << 16 | serial for c in clients for source, serial in c.acked])
            path.write_bytes(acked.tobytes())
            told = {"longest_gap_s": round(max(c.longest_gap for c in clients), 3)}
            told |= {"open": sum(len(c.open) for c in clients)}
            path.with_suffix(".json").write_text(json.dumps(told))

    with contextlib.suppress(asyncio.CancelledError):
        uvloop.run(main())


class Fleet:
    """The process of the devices. `path` will hold what was confirmed; `wire`: the protocol they speak."""

    def __init__(self, port: int, load: Load, path: Path, wire: type[Wire] = Wire) -> None:
        context = multiprocessing.get_context("fork")
        self.path = path
        orders, self._tell = context.Pipe(duplex=False)
        self._counter = context.Value("Q", 0, lock=False)
        self.process: ForkProcess = context.Process(target=_run, args=(port, load, orders, path, self._counter, wire))
        self.process.start()

    @property
    def confirmed(self) -> int:
        """How many frames were confirmed by now."""
        return int(self._counter.value)

    def stop(self) -> None:
        """Ask it to say nothing new and to end once everything is confirmed."""
        self._tell.send("stop")

    def ended(self, within_s: float) -> bool:
        """Whether it has ended by now, waiting a little."""
        self.process.join(within_s)
        return not self.process.is_alive()

    def kill(self) -> None:
        """End it in any case; it writes down what was confirmed before."""
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self._tell.close()

    def acked(self) -> set[Key]:
        """What was confirmed."""
        found = array("Q")
        found.frombytes(self.path.read_bytes())
        return {(known >> 16, known & 0xFFFF) for known in found}

    def unconfirmed(self) -> int:
        """How many frames were still open when it ended."""
        return int(json.loads(self.path.with_suffix(".json").read_text())["open"])

    def longest_gap_s(self) -> float:
        """The longest time in which one device, with frames open, heard no confirm."""
        return float(json.loads(self.path.with_suffix(".json").read_text())["longest_gap_s"])
