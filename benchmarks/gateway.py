"""The gateway against a bare uvloop echo: frames per CPU-second of the server process, interleaved rounds, median and
range.

Gateway: framing, checksum, flood class, journal with synchronous=FULL, confirm only after the commit returned. Echo: the
same bytes sent back. The load comes from a second process over loopback; each link sends again when all it sent was
answered. Devices: 256 links of one frame at a time, the goal is at least 75 % of the echo. Aggregators: 100 links of 50
frames a segment. Both servers are warmed up first, so that the journal's log has the size it keeps.

    python benchmarks/gateway.py [--quick] [--json] [--rounds N] [--seconds S] [--only devices|aggregators]

WANGHUO_PURE=1 measures the plain path.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from wanghuo.entrypoints.gateway.lanes import PARTS
from wanghuo.entrypoints.gateway.limits import Limits
from wanghuo.entrypoints.gateway.server import listening_socket, run

GOALS = {"devices": 0.75, "aggregators": 0.0}
SHAPES = {"devices": (256, 1), "aggregators": (100, 50)}  # links, frames a segment
FRAME = bytes.fromhex(
    "404001000101051e0a150b1ae903000000000100000000003000020201010117020007000300d2bbb2e3b4f3ccfccad6b1a8"
    "00000000000000000000000000000000000000001e0a150b1a9d2323"
)
WARM_S = 4.0  # until the log has grown to the size it keeps (16 MB) and the reserve for alarms is laid aside
TICKS = os.sysconf("SC_CLK_TCK")


def frame(source: int, serial: int) -> bytes:
    """A 78-byte frame of its own source and serial, so that none is a duplicate."""
    body = bytearray(FRAME[2:-3])
    body[0:2] = (serial & 0xFFFF).to_bytes(2, "little")
    body[10:16] = source.to_bytes(6, "little")
    body[34:36] = b"\x01\x00"  # component in order: this is background, not a fire
    return b"@@" + bytes(body) + bytes((sum(body) & 0xFF,)) + b"##"


class Echo(asyncio.Protocol):
    """The baseline: what comes is sent back."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.write(data)


def serve_echo(port: int, home: Path, ready: Connection) -> None:
    """Run the echo until killed."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_server(Echo, sock=listening_socket(f"127.0.0.1:{port}"), backlog=4096)
        ready.send(True)
        await asyncio.Event().wait()

    uvloop.run(main())


def serve_gateway(port: int, home: Path, ready: Connection) -> None:
    """Run the gateway until told to stop; without rate limits, which the load would trip."""
    limits = Limits(flood_rate=0, unknown_per_minute=0)
    sock = listening_socket(f"127.0.0.1:{port}")
    run(home / "journal.sqlite3", sock, limits, ring=lambda: None, ready=lambda: ready.send(True))


class Device(asyncio.Protocol):
    """A link of the load: sends its next frames, `together` in one segment, when the last were answered."""

    def __init__(self, source: int, together: int, answer_size: int, stop_at: float) -> None:
        frames = [frame(source * 1000 + serial % together, serial) for serial in range(64 * together)]
        self.segments = [b"".join(frames[at : at + together]) for at in range(0, len(frames), together)]
        self.together, self.answer_size, self.stop_at = together, answer_size * together, stop_at
        self.answered = self.pending = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(self.segments[0])  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.pending += len(data)
        while self.pending >= self.answer_size:
            self.pending -= self.answer_size
            self.answered += 1
            if time.monotonic() < self.stop_at:
                self.transport.write(self.segments[self.answered & 63])  # type: ignore[attr-defined]


def load(port: int, answer_size: int, links: int, together: int, seconds: float, result: Connection) -> None:
    """Drive a server for `seconds`; send how many frames were answered in how long."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun = time.monotonic()
        devices = [Device(n + 1, together, answer_size, begun + seconds) for n in range(links)]
        for device in devices:
            await loop.create_connection(lambda device=device: device, "127.0.0.1", port)
        await asyncio.sleep(begun + seconds - time.monotonic() + 0.2)
        result.send((sum(d.answered for d in devices) * together, time.monotonic() - begun))

    uvloop.run(main())


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def drive(port: int, answer_size: int, shape: tuple[int, int], seconds: float) -> tuple[int, float]:
    """One process of load: (frames answered, seconds it took)."""
    context = multiprocessing.get_context("fork")
    result, send_result = context.Pipe(duplex=False)
    client = context.Process(target=load, args=(port, answer_size, *shape, seconds, send_result))
    client.start()
    answered, took = result.recv()
    client.join()
    return answered, took


def measure(
    serve: Callable[[int, Path, Connection], None], answer_size: int, port: int, shape: tuple[int, int], seconds: float
) -> dict[str, float]:
    """One round against one server."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as home:
        ready, send_ready = context.Pipe(duplex=False)
        server = context.Process(target=serve, args=(port, Path(home), send_ready))
        server.start()
        ready.recv()
        drive(port, answer_size, shape, WARM_S)
        before = cpu_seconds(server.pid or 0)
        answered, took = drive(port, answer_size, shape, seconds)
        used = cpu_seconds(server.pid or 0) - before
        server.terminate()
        server.join()
    return {"per_second": answered / took, "per_cpu_second": answered / used if used else 0.0}


def compare(name: str, args: argparse.Namespace) -> dict[str, object]:
    """The rounds of one shape of load."""
    rounds = []
    for number in range(args.rounds):
        order = [("echo", serve_echo, len(FRAME)), ("gateway", serve_gateway, 30)]
        row = {}
        for server, serve, size in order if number % 2 == 0 else reversed(order):
            row[server] = measure(serve, size, args.port, SHAPES[name], args.seconds)
        rounds.append(row)
    ratios = [row["gateway"]["per_cpu_second"] / row["echo"]["per_cpu_second"] for row in rounds]
    median = statistics.median(ratios)
    return {
        "load": f"{name}: {SHAPES[name][0]} links, {SHAPES[name][1]} frames a segment",
        "ratio_median": round(median, 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "goal": GOALS[name],
        "met": median >= GOALS[name],
        "echo_per_cpu_second": round(statistics.median(r["echo"]["per_cpu_second"] for r in rounds)),
        "gateway_per_cpu_second": round(statistics.median(r["gateway"]["per_cpu_second"] for r in rounds)),
        "gateway_per_second": round(statistics.median(r["gateway"]["per_second"] for r in rounds)),
    }


def main() -> int:
    """Run the rounds and print the ratios; exit code 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", choices=list(SHAPES))
    parser.add_argument("--port", type=int, default=26919)
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = 3, 2.0
    found = [compare(name, args) for name in SHAPES if args.only in (None, name)]
    told = {
        "what": "gateway frames per CPU-second with checksum and durable confirm, of a bare uvloop echo",
        "accelerated": PARTS.compiled,
        "rounds": args.rounds,
        "loads": found,
    }
    if args.json:
        print(json.dumps(told))
        return 0 if all(row["met"] for row in found) else 1
    print(f"{told['what']}; {'compiled' if PARTS.compiled else 'plain'} path, {args.rounds} rounds")
    for row in found:
        low, high = row["ratio_range"]
        print(f"{row['load']}: {row['ratio_median']:.2f} ({low:.2f} … {high:.2f}), goal {row['goal'] or 'none'}")
        print(f"  echo {row['echo_per_cpu_second']:,}/CPU-s, gateway {row['gateway_per_cpu_second']:,}/CPU-s")
    return 0 if all(row["met"] for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
