"""R11: a cold start with a million registered terminals, from the start of the processes to the first confirm, and from
there to the first fire on the console's path.

What must hold whatever the size: the gateway confirms before it has read the register. Its register is held back after
half of its rows until a frame was confirmed: who waits for all of it before it listens or answers is found by that,
without a clock. At the floor the times are judged, too: the commands of a deployment, after what they read was thrown
out of the page cache. To write a million rows takes minutes: `WANGHUO_RIG_TERMINALS=FOLDER` names a home that has them
(`wanghuo load-scale --terminals 1000000`).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load import deployment, wire
from tests.load.deployment import Process, Role
from tests.load.rig import Result, Rig, Size, broken
from tests.load.wire import FIRE_WORD, frame, state_unit

TOWN = (deployment.REGION, "合成镇", 116.2, 23.0)
PATIENCE_S = 120.0


def register(count: int) -> None:
    """So many terminals, as rows."""
    from wanghuo.entrypoints.demo.terminals import write_terminals

    write_terminals([TOWN], count, 1, datetime.now(UTC), lambda done: None)
    deployment.close_connections()


def source_of(number: int) -> int:
    """The address of a terminal."""
    from wanghuo.entrypoints.demo.terminals import source_of as of

    return int.from_bytes(of(number), "little")


def register_first() -> None:
    """A gateway that reads the whole register before it listens."""
    from wanghuo.entrypoints.gateway.server import Server

    listen = Server.listen

    async def later(self: Any, ports: Any) -> Any:
        await self.renew()
        return await listen(self, ports)

    Server.listen = later  # type: ignore[method-assign]


def confirmed_after(port: int, raw: bytes, began: float, patience_s: float) -> float | None:
    """Seconds from `began` until a frame is confirmed, asked for again and again from the first moment on."""
    while time.monotonic() - began < patience_s:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10.0) as link:
                link.sendall(raw)
                answer = link.recv(30, socket.MSG_WAITALL)
        except OSError:
            time.sleep(0.005)
            continue
        if len(answer) == 30 and answer[26] == wire.CONFIRM:
            return time.monotonic() - began
    return None


def order(home: Path, size: Size) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A gateway of its own, with a register that waits half-way for the first confirm."""
    context = multiprocessing.get_context("fork")
    read, go_on = context.Value("Q", 0, lock=False), context.Event()

    def gateway(journal: Path, sock: socket.socket) -> Role:
        def run(ready: Callable[[], None]) -> None:
            from wanghuo.entrypoints.gateway import server
            from wanghuo.entrypoints.gateway.limits import Limits
            from wanghuo.modules.sensing.gateway_side import RegisterChanges

            changes = RegisterChanges()

            def rows() -> Iterator[tuple[str, tuple[str, ...], str]]:
                for number, row in enumerate(changes()):
                    if number == size["terminals"] // 2:
                        go_on.wait(size["held_s"])
                    read.value = max(read.value, number + 1)
                    yield row

            limits = Limits(reserve_bytes=0)
            server.run(journal, sock, limits, ring=lambda: None, refresh=lambda to: to.update(rows()), ready=ready)

        return run

    from wanghuo.entrypoints.gateway.server import listening_socket

    sock = listening_socket("127.0.0.1:0")
    process = Process("gateway", gateway(home / "order.sqlite3", sock))
    try:
        raw = frame(source_of(1), 1, state_unit(1, FIRE_WORD))
        took = confirmed_after(sock.getsockname()[1], raw, process.began, PATIENCE_S)
        before = int(read.value)
        go_on.set()
        deadline = time.monotonic() + PATIENCE_S
        while read.value < size["terminals"] and time.monotonic() < deadline:
            time.sleep(0.02)
        after = int(read.value)
    finally:
        process.end_in_any_case(gently=False)
        sock.close()
    stored = {wire.key_of(r.data) for r in wire.records(home / "order.sqlite3") if r.kind == wire.FRAME_KIND}
    figures = {"terminals": size["terminals"], "rows_read_before_first_confirm": before}
    return figures, broken(
        not_confirmed=took is None,
        confirmed_only_with_the_whole_register=before >= size["terminals"],
        register_not_read_afterwards=size["terminals"] - after,
        confirmed_and_not_in_the_journal=took is not None and (source_of(1), 1) not in stored,
    )


def cool(*folders: Path) -> None:
    """Throw what lies below folders out of the page cache. What another process has mapped stays."""
    os.sync()
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                handle = os.open(path, os.O_RDONLY)
                try:
                    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(handle)


def cold(home: Path, commands: list[list[str]], ports: tuple[int, ...], serial: int) -> dict[str, float | None]:
    """Start commands of a deployment; seconds until the first frame is confirmed, until it is an alarm, and until the
    console's stream has it."""
    known = os.environ | {"WANGHUO_HOME": str(home), "WANGHUO_MODE": "test", "WANGHUO_DATABASE": ""}
    known |= {"WANGHUO_GATEWAY": f"127.0.0.1:{ports[0]}"}
    source, began, processes = source_of(serial % 20_000), time.monotonic(), []
    try:
        for command in commands:
            line = [sys.executable, "-m", "wanghuo", *command]
            processes.append(subprocess.Popen(line, env=known, stderr=subprocess.DEVNULL, start_new_session=True))
        raw = frame(source, serial, state_unit(1, FIRE_WORD), label=label_now())
        told = {"first_confirm_s": confirmed_after(ports[0], raw, began, PATIENCE_S)}
        if len(commands) == 1 and commands[0][0] == "gateway":
            return told
        hexed = source.to_bytes(6, "little").hex()
        device = deployment.rows(home, f"SELECT id FROM sensing_device WHERE source = '{hexed}'")[0][0]  # noqa: S608
        alarm = f"SELECT 1 FROM alarms_alarm WHERE device_id = '{device}' AND condition = 'fire'"  # noqa: S608
        told["alarm_s"] = seen_after(home, alarm, began)
        ref = f"SELECT ref FROM alarms_alarm WHERE device_id = '{device}' LIMIT 1"  # noqa: S608
        live = f"SELECT 1 FROM notify_liveevent WHERE channel = 'alarms' AND payload LIKE '%' || ({ref}) || '%'"  # noqa: S608
        told["on_the_consoles_stream_s"] = seen_after(home, live, began)
        return told
    finally:
        for process in processes:
            for pid in [process.pid, *children_of(process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


def children_of(pid: int) -> list[int]:
    """Who a process has started, and those whom they did."""
    children = list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return children + [further for child in children for further in children_of(child)]


def label_now() -> bytes:
    """The time of day as devices tell it, in China."""
    now = time.gmtime(time.time() + 8 * 3600)
    return bytes((now.tm_sec, now.tm_min, now.tm_hour, now.tm_mday, now.tm_mon, now.tm_year % 100))


def seen_after(home: Path, sql: str, began: float) -> float | None:
    """Seconds from `began` until a statement finds something."""
    while time.monotonic() - began < PATIENCE_S:
        if deployment.rows(home, sql):
            return time.monotonic() - began
        time.sleep(0.02)
    return None


def free_ports(count: int) -> tuple[int, ...]:
    """Ports nobody listens on now, below those that connections get: one that is asked for before anybody listens must not
    be given to the asker itself."""
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.add(port)
    return tuple(found)


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """The order, and then the starts."""
    began, there = time.monotonic(), os.environ.get("WANGHUO_RIG_TERMINALS") if size["most_s"] else None
    home = Path(there) if there else home
    deployment.open_home(home)
    if not there:
        register(size["terminals"])
    figures: dict[str, Any] = {"registering_s": round(time.monotonic() - began, 1)}
    if plant:
        register_first()
    more, failures = order(home, size)
    figures |= more
    for number, (name, commands) in enumerate({} if plant else size["starts"].items()):
        ports = free_ports(3)
        lines = [[part.format(*ports) for part in command.split()] for command in commands]
        if size["most_s"]:
            cool(home, Path(sys.prefix), Path(os.__file__).parent, Path(__file__).parents[2] / "src")
        told = cold(home, lines, ports, seed % 50_000 + number)
        figures[name] = {what: None if s is None else round(s, 2) for what, s in told.items()}
        late = {what: s for what, s in figures[name].items() if s is None}
        if size["most_s"] and (figures[name]["first_confirm_s"] or 1e9) > size["most_s"]:
            late["first_confirm_s"] = figures[name]["first_confirm_s"]
        failures += broken(**{name: late})
    return Result(figures, failures)


GATEWAY = "gateway --listen 127.0.0.1:{0}"
SERVE = "serve --gateway 127.0.0.1:{0} --port {1} --ways 127.0.0.1:{2}"
RIGS = {
    "R11": Rig(
        "R11",
        "cold start with a million registered terminals: the first confirm waits for no register",
        run,
        floor={
            "terminals": 1_000_000,
            "held_s": 60.0,
            "most_s": 3.0,
            "starts": {"gateway": [GATEWAY], "apart": [GATEWAY, "ingest", "worker"], "together": [SERVE]},
        },
        small={"terminals": 20_000, "held_s": 60.0, "most_s": 0.0, "starts": {"apart": [GATEWAY, "ingest"]}},
        minutes=5,
        plants=("register-first",),
        plant_size={"held_s": 3.0},
    )
}
