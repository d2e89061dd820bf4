"""How long from a fire frame on the wire to the alarm on an open console, while thousands of other frames come in.

    python benchmarks/alarm_latency.py [--quick] [--json] [--rate 20000] [--alarms 10000] [--every-ms 42] [--terminals 20000]

Everything a deployment runs takes part, each in its own process with a folder of its own: `wanghuo gateway` (decode,
checksum, journal on disk), `wanghuo ingest` (state, signal, alarm with its priority), `wanghuo worker`, and granian with
the page stream, to which an operator who signed in listens. A load process speaks for 20,000 registered terminals over 50
aggregator links: heartbeats and analog values in turn at the given rate, and now and then a fire at a terminal that had
none. First the same without the other frames, and 4 KiB written and synced, as the baselines of the run.

From the write of the fire frame to its arrival at the console, on one clock; load and console share the cores with what is
measured. Goal: p99 at most 50 ms. Exit code 1 when it was missed, an alarm was lost, a frame was not confirmed, or the rate was
not reached. By default it takes about eight minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

HOST, GOAL_MS, REACHED = "127.0.0.1", 50.0, 0.98
LINKS, ACK = 50, 30  # connections; bytes of a confirmation
FIRES = 0xF000  # serials from here on are fires
WARM_UP, WARM_UP_S, TICK_S, PATIENCE_S = 20, 5.0, 0.01, 20.0
OPEN = 40_000  # frames that may wait for their confirmation before the load holds back
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Run and print; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 alarms beside 2,000 frames a second")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--rate", type=int, default=20_000, help="frames a second of background")
    parser.add_argument("--alarms", type=int, default=10_000, help="fires beside the background")
    parser.add_argument("--quiet-alarms", type=int, default=600, help="fires without it, before")
    parser.add_argument("--every-ms", type=float, default=42.0, help="mean time between two fires")
    parser.add_argument("--terminals", type=int, default=20_000)
    parser.add_argument("--port", type=int, default=8152, help="the web's port; the gateway takes the next one")
    args = parser.parse_args()
    if args.quick:
        args.rate, args.alarms, args.quiet_alarms, args.terminals = 2000, 100, 50, 2000
    if args.alarms + args.quiet_alarms + WARM_UP > args.terminals:
        parser.error("each fire needs a terminal of its own")
    with tempfile.TemporaryDirectory(prefix="wanghuo-alarm-", ignore_cleanup_errors=True) as home:
        os.environ.update(WANGHUO_HOME=home, WANGHUO_MODE="test", WANGHUO_GATEWAY=f"{HOST}:{args.port + 1}")
        os.environ["DJANGO_SETTINGS_MODULE"] = "wanghuo.entrypoints.web.settings"
        key = prepare(args.terminals)
        processes = start(args.port)
        try:
            figures = asyncio.run(measure_both(args, Path(home), key, processes))
        finally:
            stop(processes)
    print(json.dumps(figures) if args.json else summary(figures), flush=True)
    return 1 if figures["missed"] else 0


def prepare(terminals: int) -> str:
    """A fresh database with the terminals and an operator who signed in: the session's key."""
    line = [sys.executable, "-m", "wanghuo", "load-scale", "--terminals", str(terminals)]
    subprocess.run(line, check=True, stderr=subprocess.DEVNULL)
    import django

    django.setup()
    from live_push import sessions_of

    from wanghuo.kernel.accounts.testing import make_user
    from wanghuo.modules.sensing import testing  # noqa: F401 - here, or the load would stop for a second at the first fire

    return sessions_of(make_user("console", "alarm_operator", "445281"), 1)[0]


def start(port: int) -> dict[str, subprocess.Popen[bytes]]:
    """The processes of the deployment."""
    web = ["granian", "--interface", "asgi", "--host", HOST, "--port", str(port), "--no-access-log"]
    web += ["--log-level", "warning", "wanghuo.entrypoints.web.asgi:application"]
    commands = {name: ["wanghuo", name] for name in ("gateway", "ingest", "worker")} | {"web": web}
    quiet = {"stderr": subprocess.DEVNULL} if "WANGHUO_SHOW" not in os.environ else {}
    return {name: begin(line, **quiet) for name, line in commands.items()}


def begin(line: list[str], **more: Any) -> subprocess.Popen[bytes]:
    """Start a process of the platform, in a group of its own: what it starts ends with it."""
    return subprocess.Popen([sys.executable, "-m", *line], start_new_session=True, **more)


def stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """End them."""
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        end(process, 15)


def end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """Wait until a process that was told to end has ended, and kill what is left of it."""
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Arrivals:
    """What the console heard: when, and the times the alarm itself tells."""

    at: dict[str, float] = field(default_factory=dict)
    hops: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    repeated: int = 0
    ended: int = 0


async def measure_both(args: argparse.Namespace, home: Path, key: str, processes: dict[str, Any]) -> dict[str, Any]:
    """Fires alone, then beside the background."""
    from live_push import up

    await up(args.port)
    await up(args.port + 1)
    heard, ready = Arrivals(), asyncio.Event()
    console = asyncio.create_task(listen(args.port, key, ready, heard))
    await ready.wait()
    warm_up = {"rate": 0, "alarms": WARM_UP, "first_fire": args.alarms + args.quiet_alarms, "every_s": 0.1}
    while (await measure(args, warm_up, heard, processes))["lost"] == WARM_UP:  # ingest reads its register
        pass
    rows = {}
    for name, rate, alarms, first in (
        ("alone", 0, args.quiet_alarms, 0),
        ("beside", args.rate, args.alarms, args.quiet_alarms),
    ):
        floor = percentiles(synced_writes(home))
        order = {"rate": rate, "alarms": alarms, "first_fire": first, "every_s": args.every_ms / 1000}
        rows[name] = await measure(args, order, heard, processes) | {"synced_write_ms": floor}
        if not args.json:
            print(told(rows[name]), flush=True)
    console.cancel()
    return {"what": "fire frame to open console", "goal_p99_ms": GOAL_MS, **rows, "missed": missed(rows)}


async def measure(
    args: argparse.Namespace, order: dict[str, Any], heard: Arrivals, processes: dict[str, Any]
) -> dict[str, Any]:
    """Fires while `rate` frames a second come in."""
    context = multiprocessing.get_context("fork")
    result, tell = context.Pipe(duplex=False)
    client = context.Process(target=load, args=(args.port + 1, args.terminals, order, tell))
    before, begun, repeated = (
        {name: cpu_seconds(p.pid) for name, p in processes.items()},
        time.monotonic(),
        heard.repeated,
    )
    client.start()
    try:
        longest_s = order["alarms"] * order["every_s"] * 1.5 + WARM_UP_S + 2 * PATIENCE_S
        if not await asyncio.to_thread(result.poll, longest_s):
            raise SystemExit("the load process does not end")
        fires = result.recv()
    finally:
        if not result.poll(0):
            client.kill()
        client.join()
    took = time.monotonic() - begun
    used = {name: round((cpu_seconds(p.pid) - before[name]) / took, 2) for name, p in processes.items()}
    sent, deadline = fires.pop("fires"), time.monotonic() + PATIENCE_S
    while not sent.keys() <= heard.at.keys() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    delays = {name: (heard.at[name] - at) * 1000 for name, (at, *_) in sent.items() if name in heard.at}
    hops = {name: heard.hops[name] for name in delays}
    return fires | {
        "rate": order["rate"],
        "alarms": len(sent),
        "lost": len(sent) - len(delays),
        "repeated": heard.repeated - repeated,
        "on_screen_ms": percentiles(delays.values()),
        "to_the_gateway_ms": percentiles(hops[n][0] - sent[n][1] for n in delays),
        "received_to_alarm_ms": percentiles(alarm - received for received, alarm, _ in hops.values()),
        "alarm_to_screen_ms": percentiles(screen - alarm for _, alarm, screen in hops.values()),
        "confirmed_ms": percentiles(took * 1000 for _, _, took in sent.values() if took),
        "cores": used | {"load": round(fires["cpu_s"] / took, 2)},
    }


def missed(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Which goals were missed."""
    row, found = rows["beside"], []
    if row["on_screen_ms"].get("p99", 1e9) > GOAL_MS:
        found.append("p99 of fires")
    if any(each["lost"] or each["unconfirmed"] for each in rows.values()):
        found.append("lost or not confirmed")
    if row["sent_per_second"] < REACHED * row["rate"]:
        found.append("rate")
    return found


def load(port: int, terminals: int, order: dict[str, Any], tell: Connection) -> None:
    """The load process."""
    import gc

    import uvloop

    gc.disable()
    tell.send(uvloop.run(Fleet(terminals, **order).run(port)))


def frames_of(
    sources: np.ndarray, serials: np.ndarray, label: bytes, unit: bytes = b"", values: np.ndarray | None = None
) -> np.ndarray:
    """Frames of these sources (numbers), one a row. `unit`: the application unit they all carry; empty: a heartbeat. `values`:
    where the unit is one analog value, that of each."""
    rows = np.zeros((len(sources), 30 + len(unit)), np.uint8)
    rows[:, :2], rows[:, -2:] = ord("@"), ord("#")
    rows[:, 2], rows[:, 3], rows[:, 4], rows[:, 5] = serials & 0xFF, serials >> 8 & 0xFF, 1, 1
    rows[:, 6:12] = np.frombuffer(label, np.uint8)
    rows[:, 12:18] = sources.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :6]
    rows[:, 18] = 1
    rows[:, 24], rows[:, 25], rows[:, 26] = len(unit) & 0xFF, len(unit) >> 8, 2
    if unit:
        rows[:, 27:-3] = np.frombuffer(unit, np.uint8)
    if values is not None:
        rows[:, 37], rows[:, 38] = values & 0xFF, values >> 8
    rows[:, -3] = rows[:, 2:-3].sum(axis=1) & 0xFF
    return rows


class Fleet:
    """Terminals behind aggregators: a steady background, and now and then a fire at a terminal that had none."""

    def __init__(self, terminals: int, *, rate: int, alarms: int, first_fire: int, every_s: float) -> None:
        from wanghuo.entrypoints.demo.terminals import source_of

        self.first, self.terminals = int.from_bytes(source_of(0), "little"), terminals
        self.rate, self.alarms, self.every_s = rate, alarms, every_s
        self.rng, self.first_fire = random.Random(rate), first_fire
        places = list(range(terminals))
        random.Random(terminals).shuffle(places)
        self.places = places[first_fire : first_fire + alarms]
        self.links = [Link() for _ in range(LINKS)]
        self.fires: dict[str, tuple[float, float, Link, bytes]] = {}
        self.sent = self.background = 0

    async def run(self, port: int) -> dict[str, Any]:
        """Connect, warm up, report the fires, and wait for what is not confirmed yet."""
        loop = asyncio.get_running_loop()
        for link in self.links:
            await loop.create_connection(lambda link=link: link, HOST, port)
        background = asyncio.create_task(self.send_steadily())
        await asyncio.sleep(WARM_UP_S)
        begun, before = time.monotonic(), self.background
        for number, terminal in enumerate(self.places):
            await asyncio.sleep(self.rng.uniform(0.2, 1.8) * self.every_s)
            self.report_fire(number, terminal)
        seconds, count = time.monotonic() - begun, self.background - before
        background.cancel()
        deadline = time.monotonic() + PATIENCE_S
        while self.confirmed < self.sent and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        fires = {name: (at, wall, link.took.get(key, 0.0)) for name, (at, wall, link, key) in self.fires.items()}
        return {
            "frames": self.sent,
            "unconfirmed": self.sent - self.confirmed,
            "seconds": round(seconds, 1),
            "sent_per_second": round(count / seconds),
            "cpu_s": round(time.process_time(), 1),
            "fires": fires,
        }

    @property
    def confirmed(self) -> int:
        """Frames that were confirmed."""
        return sum(link.confirmed for link in self.links)

    async def send_steadily(self) -> None:
        """Heartbeats and analog values in turn, of all terminals in turn."""
        begun, count = time.monotonic(), 0
        while self.rate:
            await asyncio.sleep(TICK_S)
            due = int((time.monotonic() - begun) * self.rate)
            due = min(due, count + 2000, count + OPEN - (self.sent - self.confirmed))
            if due > count:
                self.put(np.arange(count, due))
                count = due

    def put(self, numbers: np.ndarray) -> None:
        """The frames of these numbers of the background."""
        label = label_now()
        for odd in (False, True):
            some = numbers[numbers % 2 == odd]
            # every other round of the terminals, so that each sends both
            terminals, serials = (some + some // self.terminals) % self.terminals, some // self.terminals % FIRES
            unit = bytes((3, 1, 11, 1, 99, 1, 0, 0, 0, 4, 0, 0)) + label if odd else b""
            frames = frames_of(self.first + terminals, serials, label, unit, 300 + some % 50 if odd else None)
            for number in range(LINKS):
                part = frames[terminals % LINKS == number]
                if len(part):
                    self.links[number].transport.write(part.tobytes())
        self.sent += len(numbers)
        self.background += len(numbers)

    def report_fire(self, number: int, terminal: int) -> None:
        """A detector that never reported before."""
        from wanghuo.modules.sensing.testing import FIRE, state_frame

        name, serial = f"测点{self.first_fire}-{number:05d}", FIRES + number % 4000
        source = (self.first + terminal).to_bytes(6, "little")
        frame = state_frame(
            source.hex(), FIRE, serial=serial, point=number % 65_000 + 1, loop=self.rate % 200, text=name
        )
        link, key = self.links[terminal % LINKS], serial.to_bytes(2, "little") + source
        at, wall = time.monotonic(), time.time() * 1000
        link.open[key] = at
        link.transport.write(frame)
        self.fires[name] = (at, wall, link, key)
        self.sent += 1


class Link(asyncio.Protocol):
    """One connection. It counts what was confirmed, and notes when fires were."""

    def __init__(self) -> None:
        self.confirmed, self.rest = 0, b""
        self.open: dict[bytes, float] = {}
        self.took: dict[bytes, float] = {}

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        whole = len(data) // ACK * ACK
        self.confirmed += whole // ACK
        self.rest = data[whole:]
        if self.open and whole:
            rows = np.frombuffer(data[:whole], np.uint8).reshape(-1, ACK)
            for row in rows[rows[:, 3] >= FIRES >> 8]:
                at = self.open.pop(row[2:4].tobytes() + row[18:24].tobytes(), None)
                if at is not None:
                    self.took[row[2:4].tobytes() + row[18:24].tobytes()] = time.monotonic() - at


_label = (0, b"")


def label_now() -> bytes:
    """The time label of this second."""
    global _label
    from wanghuo.engines.codecs.gb26875.labels import encode_time

    second = int(time.time())
    if _label[0] != second:
        _label = (second, encode_time(datetime.fromtimestamp(second, UTC)))
    return _label[1]


async def listen(port: int, key: str, ready: asyncio.Event, heard: Arrivals) -> None:
    """The console, as a browser keeps it: when the stream is ended it comes back with the last number it has."""
    last = ""
    while True:
        with contextlib.suppress(OSError):
            last = await hear(port, key, ready, heard, last)
        heard.ended += 1
        await asyncio.sleep(1.0)  # what the server asks for in `retry`


async def hear(port: int, key: str, ready: asyncio.Event, heard: Arrivals, last: str) -> str:
    """One stream, until it ends: notes when each fire first came; gives the number of the last event."""
    reader, writer = await asyncio.open_connection(HOST, port)
    after = f"Last-Event-ID: {last}\r\n" if last else ""
    head = f"GET /live?channel=alarms HTTP/1.1\r\nHost: {HOST}:{port}\r\nCookie: session={key}\r\n{after}\r\n"
    writer.write(head.encode())
    try:
        while line := await reader.readline():
            if line.startswith(b"id: "):
                last = line[4:].decode().strip()
            elif line.startswith(b"event: hello"):
                ready.set()
            elif line.startswith(b'data: {"seq"') and b'"raised"' in line and "测点".encode() in line:
                note_arrival(line, heard)
    finally:
        writer.close()
    return last


def note_arrival(line: bytes, heard: Arrivals) -> None:
    """A fire came."""
    at, wall = time.monotonic(), time.time()
    event = json.loads(line[6:])
    name = "测点" + event["payload"]["place"].partition("测点")[2]
    heard.repeated += name in heard.at
    heard.at.setdefault(name, at)
    times = (event["payload"]["received_at"], event["at"])
    received, alarm = (datetime.fromisoformat(text).timestamp() * 1000 for text in times)
    heard.hops.setdefault(name, (received, alarm, wall * 1000))


def synced_writes(home: Path, count: int = 200) -> list[float]:
    """Milliseconds of 4 KiB appended and synced, again and again."""
    path, block, took = home / "floor", os.urandom(4096), []
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        begun = time.perf_counter()
        os.write(file, block)
        os.fdatasync(file)
        took.append((time.perf_counter() - begun) * 1000)
    os.close(file)
    path.unlink()
    return took


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def percentiles(values: Any) -> dict[str, float]:
    """p50, p99 and the greatest."""
    values = sorted(values)
    found = {f"p{p}": values[min(len(values) * p // 100, len(values) - 1)] for p in (50, 99)} if values else {}
    return {name: round(value, 2) for name, value in {**found, "max": values[-1] if values else 0.0}.items()}


def told(row: dict[str, Any]) -> str:
    """What was measured, in lines."""
    screen, floor = row["on_screen_ms"], row["synced_write_ms"]["p50"]
    parts = {
        "to the gateway": "to_the_gateway_ms",
        "to the alarm": "received_to_alarm_ms",
        "to the screen": "alarm_to_screen_ms",
    }
    return (
        f"{row['sent_per_second']:>6} frames/s (asked for {row['rate']:,}) for {row['seconds']} s: p50 {screen.get('p50', 0):.1f} ms, "
        f"p99 {screen.get('p99', 0):.1f} ms, max {screen['max']:.1f} ms; {row['alarms']:,} alarms, {row['lost']} lost, "
        f"{row['repeated']} repeated; {row['unconfirmed']} frames not confirmed; p50 {screen.get('p50', 0) / floor:.0f}× a synced "
        f"4 KiB write\n        where it goes (p50, p99): "
        + ", ".join(f"{name} {row[key].get('p50', 0):.1f}, {row[key].get('p99', 0):.1f}" for name, key in parts.items())
        + f"; confirmed {row['confirmed_ms'].get('p50', 0):.1f}, {row['confirmed_ms'].get('p99', 0):.1f} ms"
        + f"; cores {row['cores']}"
    )


def summary(figures: dict[str, Any]) -> str:
    """The goal, and the ratio to fires alone."""
    alone, beside = figures["alone"]["on_screen_ms"], figures["beside"]["on_screen_ms"]
    ratios = ", ".join(f"{name} {beside[name] / alone[name]:.1f}×" for name in ("p50", "p99", "max") if alone.get(name))
    return f"beside the background against alone: {ratios}; goal p99 {GOAL_MS:.0f} ms; missed: " + (
        ", ".join(figures["missed"]) or "nothing"
    )


if __name__ == "__main__":
    sys.exit(main())
