"""Ten thousand links that say nothing: what each costs, and that a fire still passes.

    python tests/load/idle_links.py [--links 10000] [--fires 200] [--json]

Each link brings a registered device with one heartbeat and then rests. Then fires are reported, half on links that
rested, half on new ones. Printed: memory of the gateway for each link (its proportional share, PSS), open files, the
time to connect them all, the processor time the gateway takes for a second of rest, and the time from the write of a
fire to its confirm, which comes once it is on disk. Exit code 1 when a link was lost or a fire is not in the journal.
The kernel's own memory for a connection (some 5 kB an end) is not in the figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from wanghuo.entrypoints.gateway.limits import Limits, raise_file_limit
from wanghuo.entrypoints.gateway.register import Register
from wanghuo.entrypoints.gateway.server import listening_socket, run
from wanghuo.modules.sensing.journal import FRAME, Reader

HEARTBEAT = bytes.fromhex("404000000101051e0a150b1a000000000000010000000000000002")
FIRE_UNIT = bytes.fromhex(
    "020101011702000700020000000000000000000000000000000000000000000000000000000000000000051e0a150b1a"
)
REST_S, TOGETHER = 2.0, 200
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Outcome:
    """What a run found. Times in milliseconds, memory in bytes."""

    links: int
    held: int
    connect_s: float
    bytes_per_link: int
    open_files: int
    cpu_of_rest: float
    fires: int
    stored_fires: int
    confirm_p50_ms: float
    confirm_p99_ms: float

    @property
    def whole(self) -> bool:
        """Whether nothing was lost."""
        return self.held == self.links and self.stored_fires == self.fires


def frame(source: int, serial: int, unit: bytes = b"") -> bytes:
    """A frame of a device that sends data (command 2)."""
    body = bytearray(HEARTBEAT[2:])
    body[0:2], body[10:16] = serial.to_bytes(2, "little"), source.to_bytes(6, "little")
    body[22:24] = len(unit).to_bytes(2, "little")
    body += unit
    return b"@@" + bytes(body) + bytes((sum(body) & 0xFF,)) + b"##"


def serve(journal: Path, port: int, devices: int, ready: Connection) -> None:
    """The gateway, which knows these devices."""

    def refresh(register: Register) -> None:
        if not len(register):
            register.update((n.to_bytes(6, "little").hex(), [], "ok") for n in range(1, devices + 1))

    sock = listening_socket(f"127.0.0.1:{port}")
    run(journal, sock, Limits(), ring=lambda: None, refresh=refresh, ready=lambda: ready.send(sock.getsockname()[1]))


class Link(asyncio.Protocol):
    """A device's end."""

    def __init__(self, source: int) -> None:
        self.source, self.serial, self.lost = source, 0, False
        self.answered: asyncio.Future[float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(time.perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    async def say(self, unit: bytes = b"") -> float:
        """Send a frame and wait for its confirm; how many seconds that took."""
        self.answered = asyncio.get_running_loop().create_future()
        self.serial += 1
        begun = time.perf_counter()
        self.transport.write(frame(self.source, self.serial, unit))  # type: ignore[attr-defined]
        return await asyncio.wait_for(self.answered, 30) - begun


async def connect(source: int, port: int) -> Link:
    """One link that has said who it is."""
    loop = asyncio.get_running_loop()
    _, link = await loop.create_connection(lambda: Link(source), "127.0.0.1", port)
    await link.say()
    return link


async def burden(port: int, links: int, fires: int, gateway: int) -> tuple[dict[str, float], list[float]]:
    """Open the links, let them rest, report the fires."""
    others = [await connect(links + fires, port)]  # what the first link costs once is not counted for each
    before, begun, held = pss(gateway), time.monotonic(), list[Link]()
    for start in range(1, links + 1, TOGETHER):
        these = range(start, min(start + TOGETHER, links + 1))
        held += await asyncio.gather(*(connect(source, port) for source in these))
    took = time.monotonic() - begun
    cpu = cpu_seconds(gateway)
    await asyncio.sleep(REST_S)
    known = {
        "connect_s": took,
        "bytes_per_link": (pss(gateway) - before) / links,
        "open_files": len(os.listdir(f"/proc/{gateway}/fd")),
        "cpu_of_rest": (cpu_seconds(gateway) - cpu) / REST_S,
    }
    times = []
    for number in range(fires):
        if number % 2:
            times.append(await held[number * links // fires].say(FIRE_UNIT))
        else:
            others.append(await connect(links + 1 + number, port))
            times.append(await others[-1].say(FIRE_UNIT))
    known["held"] = sum(not link.lost for link in held)
    for link in held + others:
        link.transport.abort()  # type: ignore[attr-defined]
    await asyncio.sleep(0.1)
    return known, times


def measure(home: Path, *, links: int, fires: int, port: int = 0) -> Outcome:
    """A whole run."""
    raise_file_limit()
    context = multiprocessing.get_context("fork")
    ready, tell = context.Pipe(duplex=False)
    gateway = context.Process(target=serve, args=(home / "journal.sqlite3", port, links + fires, tell))
    gateway.start()
    tell.close()  # so that a gateway that dies ends the wait
    try:
        pid = gateway.pid or 0
        known, times = uvloop.run(burden(ready.recv(), links, fires, pid))
    finally:
        gateway.terminate()
        gateway.join(20)
    times.sort()
    return Outcome(
        links=links,
        held=round(known["held"]),
        connect_s=round(known["connect_s"], 2),
        bytes_per_link=round(known["bytes_per_link"]),
        open_files=round(known["open_files"]),
        cpu_of_rest=round(known["cpu_of_rest"], 3),
        fires=fires,
        stored_fires=stored_fires(home / "journal.sqlite3"),
        confirm_p50_ms=round(times[len(times) // 2] * 1000, 2),
        confirm_p99_ms=round(times[min(len(times) * 99 // 100, len(times) - 1)] * 1000, 2),
    )


def stored_fires(journal: Path) -> int:
    """How many fires the journal holds."""
    reader, at, found = Reader(journal), 0, 0
    while batches := reader.after(at):
        at = batches[-1].id
        found += sum(r.kind == FRAME and r.data.endswith(FIRE_UNIT, 27, -3) for batch in batches for r in batch)
    reader.close()
    return found


def pss(pid: int) -> int:
    """The proportional memory of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> int:
    """Run by hand, at any size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=10_000)
    parser.add_argument("--fires", type=int, default=200)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        outcome = measure(Path(home), links=args.links, fires=args.fires, port=args.port)
    if args.json:
        print(json.dumps(asdict(outcome)))
    else:
        print(
            f"{outcome.held} of {outcome.links} links held, {outcome.bytes_per_link:,} bytes each, connected in "
            f"{outcome.connect_s} s; {outcome.stored_fires} of {outcome.fires} fires stored, confirmed in "
            f"p50 {outcome.confirm_p50_ms} ms, p99 {outcome.confirm_p99_ms} ms"
        )
    return 0 if outcome.whole else 1


if __name__ == "__main__":
    sys.exit(main())
