"""A million registered terminals on this machine: what they send on a day, in a storm, after an outage, in a flood of alarms.

    python benchmarks/million.py [--quick] [--json] [--terminals N] [--storm-s 180] [--flood 50000] [--most-s 840] [--home DIR]

Everything a deployment runs takes part, each in its own process with a folder of its own: `wanghuo gateway`, `wanghuo ingest`,
`wanghuo worker`, and granian with the page stream, to which an operator who signed in listens. Frames go over real sockets:
aggregator links, each the way of its share of the terminals, and they are confirmed one by one.

  steady   each terminal once a day
  storm    every terminal once, as fast as asked (all within `--storm-s`)
  outage   gateway and ingest are stopped for longer than the silence they forgive; when they return every terminal reports
           at once, as fast as it is taken: nobody may have been called silent for our own outage
  flood    so many faults at once, each at another terminal: each must become an alarm, and true fires among them must be seen

Fires come all the while, one each second or so: from the write of the frame to its arrival at the open console. Goals: fires
p99 at most 1 s in steady and storm; every frame confirmed, every fire seen, no terminal falsely silent; the memory of
all processes (proportional set size) at most 6 GB. Exit code 1 when one was missed. Load and console share the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from alarm_latency import HOST, Arrivals, begin, end, frames_of, label_now, listen, percentiles, start, stop

GOAL_MS, GOAL_BYTES = 1000.0, 6 << 30
LINKS, TICK_S = 50, 0.02
CONFIRM_S, SEEN_S, STORED_S = 120.0, 60.0, 180.0  # how long to wait for the last confirm, fire, stored time
OUTAGE_S = 40.0  # longer than what ingest takes for one listening (30 s)
ACK, AGAIN_S = 30, 10.0  # bytes of a confirmation; the standard's waiting time before a frame is sent again


def main() -> int:
    """Run and print; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5,000 terminals, a minute in all")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--terminals", type=int, default=1_000_000)
    parser.add_argument("--steady-s", type=float, default=30.0)
    parser.add_argument("--storm-s", type=float, default=180.0, help="seconds in which every terminal reports once")
    parser.add_argument("--flood", type=int, default=50_000, help="alarms of the flood")
    parser.add_argument(
        "--most-s", type=float, default=840.0, help="end by then, registering included, whatever is missing"
    )
    parser.add_argument("--phases", default="steady,storm,outage,flood")
    parser.add_argument("--home", type=Path, help="keep the deployment here, and use the terminals that are there")
    parser.add_argument("--port", type=int, default=8172, help="the web's port; the gateway takes the next one")
    args = parser.parse_args()
    if args.quick:
        args.terminals, args.steady_s, args.storm_s, args.flood = 5000, 5.0, 10.0, 200
    home = args.home or Path(tempfile.mkdtemp(prefix="wanghuo-million-"))
    os.environ.update(WANGHUO_HOME=str(home), WANGHUO_MODE="test", WANGHUO_GATEWAY=f"{HOST}:{args.port + 1}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "wanghuo.entrypoints.web.settings"
    try:
        figures = run(args, home)
    finally:
        if args.home is None:
            shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(figures) if args.json else summary(figures), flush=True)
    return 0 if not figures["missed"] else 1


def run(args: argparse.Namespace, home: Path) -> dict[str, Any]:
    """Load, start, every phase, stop."""
    begun = time.monotonic()
    args.until = begun + args.most_s
    if not (home / "wanghuo.sqlite3").exists():
        line = [sys.executable, "-m", "wanghuo", "load-scale", "--terminals", str(args.terminals)]
        subprocess.run(line, check=True, stderr=subprocess.DEVNULL)
        os.sync()  # or the disk would be busy with the register while the first alarms come
    loaded_s = round(time.monotonic() - begun, 1)
    tell(args, f"{args.terminals:,} terminals registered in {loaded_s} s")
    import django

    django.setup()
    from live_push import sessions_of

    from wanghuo.kernel.accounts.testing import make_user
    from wanghuo.modules.sensing import testing  # noqa: F401 - here, or each load process would spend a second on it

    key = sessions_of(make_user(f"console{os.getpid()}", "alarm_operator", "445281"), 1)[0]
    rig = Rig(args, home, key, start(args.port))
    try:
        figures = asyncio.run(rig.run())
    finally:
        rig.memory.done.set()
        stop(rig.processes)
    took_s = round(time.monotonic() - begun, 1)
    return figures | {"terminals": args.terminals, "register_s": loaded_s, "took_s": took_s}


def tell(args: argparse.Namespace, line: str) -> None:
    """A line for people, at once."""
    if not args.json:
        print(line, flush=True)


class Memory(threading.Thread):
    """Watches the memory of the processes: proportional set size, so that what they share counts once."""

    def __init__(self, processes: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.processes, self.done = processes, threading.Event()
        self.most: dict[str, int] = {}
        self.most_together = self.most_resident = self.lately = 0

    def run(self) -> None:
        """Look every other second."""
        while not self.done.wait(2.0):
            now = {name: memory_of(process.pid) for name, process in list(self.processes.items())}
            self.most = {name: max(own, self.most.get(name, 0)) for name, (own, _) in now.items()}
            together = sum(own for own, _ in now.values())
            self.lately, self.most_together = max(self.lately, together), max(self.most_together, together)
            self.most_resident = max(self.most_resident, sum(resident for _, resident in now.values()))

    def pop_lately(self) -> int:
        """The most together since the last call."""
        lately, self.lately = self.lately, 0
        return lately


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes of a process and its children: proportional set size, and resident set size."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0, 0
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
    below = [memory_of(int(child)) for child in children]
    return sizes.get("Pss", 0) + sum(own for own, _ in below), sizes.get("Rss", 0) + sum(rss for _, rss in below)


class Rig:
    """The phases, one after the other."""

    def __init__(self, args: argparse.Namespace, home: Path, key: str, processes: dict[str, Any]) -> None:
        self.args, self.home, self.key, self.processes = args, home, key, processes
        self.memory = Memory(processes)
        self.heard = Arrivals()
        self.missed: list[str] = []

    async def run(self) -> dict[str, Any]:
        """Everything; gives the figures. Each phase tells its own as it ends."""
        from live_push import up

        begun = time.monotonic()
        self.memory.start()
        await up(self.args.port)
        await up(self.args.port + 1)
        ready = asyncio.Event()
        console = asyncio.create_task(listen(self.args.port, self.key, ready, self.heard))
        await ready.wait()
        ingest_s = await self.until_ingest_reads(begun)
        tell(self.args, f"first fire on the console {ingest_s:.1f} s after the processes were started")
        figures: dict[str, Any] = {"ready_s": round(ingest_s, 1)}
        for phase in self.args.phases.split(","):
            if self.left_s() <= 0:
                self.missed.append(f"{phase}: not begun, the time is over")
                continue
            self.memory.pop_lately()
            figures[phase] = await getattr(self, phase)()
            figures[phase] |= {"memory_mb": self.memory.pop_lately() >> 20, "streams_ended": self.heard.ended}
            tell(self.args, lines_of(phase, figures[phase]))
        console.cancel()
        figures["memory_mb"] = {name: size >> 20 for name, size in self.memory.most.items()}
        figures["memory_together_mb"] = self.memory.most_together >> 20
        figures["memory_resident_mb"] = self.memory.most_resident >> 20
        if self.memory.most_together > GOAL_BYTES:
            self.missed.append("memory")
        return figures | {"missed": self.missed}

    def left_s(self) -> float:
        """Seconds until the run must end."""
        return max(0.0, float(self.args.until) - time.monotonic())

    async def until_ingest_reads(self, begun: float) -> float:
        """Seconds until a first fire is on the console: gateway and ingest know the register."""
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            told = await self.load(seconds=1.0, beats=0, fires_every=0.2, name="起")
            await self.seen(told, 120.0)
            if told["fires"].keys() & self.heard.at.keys():
                return min(self.heard.at[name] for name in told["fires"] if name in self.heard.at) - begun
        raise SystemExit("no fire comes to the console")

    async def steady(self) -> dict[str, Any]:
        """Daily heartbeats."""
        beats = max(1, round(self.args.terminals / 86_400 * self.args.steady_s))
        return await self.measured("steady", seconds=self.args.steady_s, beats=beats, fires_every=0.5)

    async def storm(self) -> dict[str, Any]:
        """Everyone once."""
        args = self.args
        row = await self.measured("storm", seconds=args.storm_s, beats=args.terminals, fires_every=args.storm_s / 400)
        row["stored_s"] = await self.until_stored()
        return row

    async def outage(self) -> dict[str, Any]:
        """Gateway and ingest stop, return, and everyone reports at once."""
        before = await asyncio.to_thread(silent_count)
        for name in ("ingest", "gateway"):
            self.processes[name].terminate()
            await asyncio.to_thread(end, self.processes[name], 60)
        await asyncio.sleep(5.0 if self.args.quick else OUTAGE_S)
        for name in ("gateway", "ingest"):
            self.processes[name] = begin(["wanghuo", name], stderr=subprocess.DEVNULL)
        from live_push import up

        started_at = time.monotonic()
        await up(self.args.port + 1)
        told = await self.load(
            seconds=0.0, beats=self.args.terminals, fires_every=0.5, name="断", least_s=5.0 if self.args.quick else 60.0
        )
        await self.seen(told)
        row = self.figures("outage", told, goal=None) | {"calm_s": self.calm_s(told, started_at)}
        row["stored_s"] = await self.until_stored()
        await asyncio.sleep(12)  # the worker judges silence each five seconds
        row["falsely_silent"] = await asyncio.to_thread(silent_count) - before
        if row["falsely_silent"] > 0:
            self.missed.append("outage: falsely silent")
        return row

    async def flood(self) -> dict[str, Any]:
        """Faults at once, and fires among them; meanwhile an operator opens the list of alarms."""
        before, begun = await asyncio.to_thread(alarm_count), time.monotonic()
        pages = Pages(self.args.port, self.key)
        pages.start()
        told = await self.load(seconds=0.0, beats=0, faults=self.args.flood, fires_every=0.5, name="洪", least_s=20.0)
        sent_s, made, wanted = time.monotonic() - begun, 0, self.args.flood + len(told["fires"])
        while (made := await asyncio.to_thread(alarm_count) - before) < wanted and self.left_s():
            await asyncio.sleep(1)
        all_s = time.monotonic() - begun
        await self.seen(told)
        pages.done.set()
        row = self.figures("flood", told, goal=None) | {
            "sent_s": round(sent_s, 1),
            "alarms": made,
            "all_are_alarms_s": round(all_s, 1),
            "alarms_per_s": round(made / all_s),
            "alarm_list_ms": percentiles(pages.took),
        }
        if made < wanted:
            self.missed.append(f"flood: {wanted - made} are no alarms yet")
        return row

    async def until_stored(self) -> float:
        """Seconds until the last times of the phase are in the table."""
        begun = time.monotonic()
        while await asyncio.to_thread(lag) > 0:
            if time.monotonic() - begun > min(STORED_S, self.left_s()):
                self.missed.append("not stored in time")
                break
            await asyncio.sleep(0.5)
        return round(time.monotonic() - begun, 1)

    async def measured(self, name: str, *, seconds: float, beats: int, fires_every: float) -> dict[str, Any]:
        """One phase of heartbeats with fires."""
        told = await self.load(seconds=seconds, beats=beats, fires_every=fires_every, name=name[0])
        await self.seen(told)
        return self.figures(name, told, goal=GOAL_MS)

    async def load(self, **order: Any) -> dict[str, Any]:
        """Let the load process send; it is given up when the run must end."""
        context = multiprocessing.get_context("fork")
        result, tell = context.Pipe(duplex=False)
        order |= {"most_s": max(30.0, self.left_s() - 30)}
        process = context.Process(target=send, args=(self.args.port + 1, self.args.terminals, order, tell))
        process.start()
        try:
            if not await asyncio.to_thread(result.poll, order["most_s"] + CONFIRM_S + 30):
                raise SystemExit("the load process does not end")
            return dict(result.recv())
        finally:
            process.kill()
            process.join()

    async def seen(self, told: dict[str, Any], patience_s: float = SEEN_S) -> None:
        """Wait for the fires on the console."""
        deadline = time.monotonic() + patience_s
        while not told["fires"].keys() <= self.heard.at.keys() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def calm_s(self, told: dict[str, Any], started_at: float) -> float:
        """Seconds from the start of gateway and ingest until fires were sent that all came within the goal."""
        slow = [at for n, at in told["fires"].items() if self.heard.at.get(n, 1e12) - at > GOAL_MS / 1000]
        return round(max(slow, default=started_at) - started_at, 1)

    def figures(self, name: str, told: dict[str, Any], goal: float | None) -> dict[str, Any]:
        """What a phase showed."""
        delays = {n: (self.heard.at[n] - at) * 1000 for n, at in told["fires"].items() if n in self.heard.at}
        hops = [self.heard.hops[n] for n in delays]
        row = {
            "frames": told["sent"],
            "seconds": round(told["seconds"], 1),
            "frames_per_s": round(told["sent"] / told["seconds"]),
            "unconfirmed": told["sent"] - told["confirmed"],
            "resent": told["resent"],
            "fires": len(told["fires"]),
            "fires_lost": len(told["fires"]) - len(delays),
            "on_screen_ms": percentiles(delays.values()),
            "received_to_alarm_ms": percentiles(alarm - received for received, alarm, _ in hops),
            "alarm_to_screen_ms": percentiles(screen - alarm for _, alarm, screen in hops),
        }
        if row["fires_lost"] or row["unconfirmed"]:
            self.missed.append(f"{name}: lost or not confirmed")
        if goal is not None and row["on_screen_ms"].get("p99", 0) > goal:
            self.missed.append(f"{name}: p99 of fires")
        return row


class Pages(threading.Thread):
    """Opens the list of alarms again and again, as an operator would."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(daemon=True)
        self.address = urllib.request.Request(f"http://{HOST}:{port}/alarms", headers={"Cookie": f"session={key}"})
        self.took: list[float] = []
        self.done = threading.Event()

    def run(self) -> None:
        """Once a second."""
        while not self.done.wait(1.0):
            begun = time.monotonic()
            try:
                with urllib.request.urlopen(self.address, timeout=60) as answer:
                    answer.read()
            except OSError:
                self.took.append(60_000.0)
            else:
                self.took.append((time.monotonic() - begun) * 1000)


def alarm_count() -> int:
    """Alarms there are."""
    from django.apps import apps
    from django.db import connection

    connection.close()
    return int(apps.get_model("alarms", "Alarm").objects.count())


def silent_count() -> int:
    """Devices that are called late or off line."""
    from django.apps import apps

    return int(apps.get_model("sensing", "Device").objects.filter(state__in=("late", "offline")).count())


def lag() -> int:
    """Batches of the journal whose times are not in the table yet."""
    from django.conf import settings

    from wanghuo.modules.sensing.journals import open_reader
    from wanghuo.modules.sensing.store import position

    reader = open_reader(settings.JOURNAL)
    row = position()
    # the gateway reports each five seconds: a batch or two are always on their way
    newest = reader.last()
    reader.close()
    return max(0, newest - row.state_through - 20)


def send(port: int, terminals: int, order: dict[str, Any], tell: Connection) -> None:
    """The load process."""
    import uvloop

    tell.send(uvloop.run(Fleet(terminals, **order).run(port)))


class Fleet:
    """Aggregator links: each carries the frames of its share of the terminals."""

    def __init__(
        self, terminals: int, *, seconds: float, beats: int, fires_every: float, name: str,
        most_s: float, faults: int = 0, least_s: float = 0.0,
    ) -> None:  # fmt: skip
        from wanghuo.entrypoints.demo.terminals import source_of

        self.first, self.terminals = int.from_bytes(source_of(0), "little"), terminals
        self.seconds, self.beats, self.faults, self.least_s = seconds, beats, faults, least_s
        self.until = time.monotonic() + most_s
        self.fires_every, self.name = fires_every, name
        self.rng = random.Random(f"{name} {time.time_ns()}")  # a fire at a detector that never reported before
        self.serial = self.rng.randrange(60_000)
        self.links = [Link() for _ in range(LINKS)]
        self.fires: dict[str, float] = {}
        self.open = np.zeros(terminals, np.int32)  # sent and not confirmed yet, by terminal
        self.sent = self.written = self.most = self.resent = 0
        self.moved = time.monotonic()

    async def run(self, port: int) -> dict[str, Any]:
        """Connect, send, and wait until everything is confirmed."""
        loop = asyncio.get_running_loop()
        for link in self.links:
            await loop.create_connection(lambda link=link: link, HOST, port)
        begun = time.monotonic()
        fires = asyncio.create_task(self.report_fires())
        await self.send_all()
        await asyncio.sleep(max(self.seconds, self.least_s, 1.0) - (time.monotonic() - begun))
        fires.cancel()
        deadline = min(time.monotonic() + CONFIRM_S, max(self.until, time.monotonic() + 5))
        while self.confirmed < self.sent and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        took = time.monotonic() - begun
        for link in self.links:
            link.transport.close()
        return {
            "sent": self.sent,
            "confirmed": self.confirmed,
            "seconds": took,
            "fires": self.fires,
            "resent": self.resent,
        }

    @property
    def confirmed(self) -> int:
        """Frames that were confirmed: a terminal sends one at most, fires apart; what is confirmed twice counts once."""
        for link in self.links:
            for addresses in link.answered:
                wide = np.zeros((len(addresses), 8), np.uint8)
                wide[:, :6] = addresses
                numbers = wide.view("<u8").ravel().astype(np.int64) - self.first
                np.subtract.at(self.open, numbers, 1)
            link.answered.clear()
        done = len(self.fires) + self.written - int(np.maximum(self.open, 0).sum())
        if done > self.most:
            self.most, self.moved = done, time.monotonic()
        elif time.monotonic() - self.moved > AGAIN_S:
            self.moved = time.monotonic()
            self.again()
        return done

    def again(self) -> None:
        """Send once more what was not confirmed, as every device does."""
        numbers = np.flatnonzero(self.open > 0)
        self.resent += len(numbers)
        self.put(numbers)

    async def send_all(self) -> None:
        """Heartbeats or faults over the links in turn: at an even pace within `seconds`, or as fast as they are confirmed."""
        total, begun, count = self.beats or self.faults, time.monotonic(), 0
        while count < total and time.monotonic() < self.until:
            due = int((time.monotonic() - begun) / self.seconds * total) if self.seconds else count + 5000
            due = min(total, due, count + 5000, self.confirmed - len(self.fires) + 20_000)
            if due > count:
                self.write(count, due)
                count = due
            await asyncio.sleep(TICK_S if self.seconds else 0.001)

    def write(self, first: int, end: int) -> None:
        """Frames of the terminals `first` to `end`."""
        numbers = np.arange(first, end) % self.terminals
        np.add.at(self.open, numbers, 1)
        self.written += end - first
        self.put(numbers)
        self.sent += end - first

    def put(self, numbers: np.ndarray) -> None:
        """Frames of these terminals."""
        label = label_now()
        unit = b""
        if self.faults:
            unit = bytes((2, 1, 1, 1, 40, 1, 0, 1, 0, 4, 0)) + bytes(31) + label
        frames = frames_of(self.first + numbers, np.full(len(numbers), self.serial), label, unit)
        for number in range(LINKS):
            part = frames[numbers % LINKS == number]
            if len(part):
                self.links[number].transport.write(part.tobytes())

    async def report_fires(self) -> None:
        """A detector that never reported before, at a terminal by chance, now and then."""
        from wanghuo.modules.sensing.testing import FIRE, state_frame

        number = 0
        while True:
            await asyncio.sleep(self.rng.uniform(0.5, 1.5) * self.fires_every)
            number += 1
            name = f"测点{self.name}{os.getpid() % 1000:03d}-{number:05d}"
            terminal = self.rng.randrange(self.terminals)
            source = (self.first + terminal).to_bytes(6, "little").hex()
            frame = state_frame(
                source, FIRE, serial=number & 0xFFFF, point=number, loop=self.rng.randrange(1, 250), text=name
            )
            self.fires[name] = time.monotonic()
            self.links[terminal % LINKS].transport.write(frame)
            self.sent += 1


class Link(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.answered: list[np.ndarray] = []
        self.rest = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        whole = len(data) // ACK * ACK
        self.rest = data[whole:]
        rows = np.frombuffer(data[:whole], np.uint8).reshape(-1, ACK)
        self.answered.append(rows[:, 18:24].copy())


def lines_of(phase: str, row: dict[str, Any]) -> str:
    """What a phase showed, in lines."""
    screen = row["on_screen_ms"]
    first = (
        f"{phase:>7}: {row['frames']:,} frames in {row['seconds']} s ({row['frames_per_s']:,}/s), {row['unconfirmed']} not "
        f"confirmed, {row['resent']} sent again; {row['fires']} fires, {row['fires_lost']} lost, to the console "
        f"p50 {screen.get('p50', 0)} ms, p99 {screen.get('p99', 0)} ms, max {screen['max']} ms (of it from the frame's arrival to the alarm p99 "
        f"{row['received_to_alarm_ms'].get('p99', 0)} ms, to the screen {row['alarm_to_screen_ms'].get('p99', 0)} ms); "
        f"{row['memory_mb']:,} MB"
    )
    names = (
        "alarms",
        "sent_s",
        "all_are_alarms_s",
        "alarms_per_s",
        "alarm_list_ms",
        "stored_s",
        "falsely_silent",
        "calm_s",
    )
    more = ", ".join(f"{name} {row[name]}" for name in names if name in row)
    return f"{first}\n         {more}" if more else first


def summary(figures: dict[str, Any]) -> str:
    """What concerns the whole run."""
    return (
        f" memory: {figures['memory_together_mb']:,} MB together at most (goal {GOAL_BYTES >> 20:,}; resident sizes added up: "
        f"{figures['memory_resident_mb']:,} MB); each at most: {figures['memory_mb']}\n"
        f"the run took {figures['took_s']} s; missed: " + (", ".join(figures["missed"]) or "nothing")
    )


if __name__ == "__main__":
    sys.exit(main())
