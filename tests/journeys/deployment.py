"""A deployment of its own for the journeys: a small demo region, and the four processes that run it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from wanghuo.engines.codecs import gb26875 as gb
from wanghuo.entrypoints.demo.filling import PASSWORD
from wanghuo.entrypoints.simulator import world as worlds
from wanghuo.entrypoints.supervisor import wanghuo, web

COUNTY = "445281"
PATIENCE_S = 30.0
NORMAL, FIRE, FAULT = 0b1, 0b11, 0b101

TOWN = """
from wanghuo.entrypoints.cli.django_setup import setup
setup()
from wanghuo.kernel.accounts.models import User
print(User.objects.get(username="clerk").grants.get().region_code)
"""

AT_ONCE = """
[pack]
id = "journeys"
title = ["试用", "journeys"]
region = "445281"
version = "1"

[[rule]]
id = "alarms.delay"
title = ["故障不延时", "faults are shown at once"]
value = { class_3_seconds = 0, class_4_seconds = 0 }
source = "试用"
mark = "D"
valid_from = 2012-01-01
"""

__all__ = ["COUNTY", "FAULT", "FIRE", "NORMAL", "PASSWORD", "Deployment", "Device", "until"]


def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until `condition` holds; AssertionError with `what` when it never does."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.05)


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Deployment:
    """Web, gateway, ingest and worker as processes over one folder, as `wanghuo serve` runs them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port, self.gateway_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        gateway = f"127.0.0.1:{self.gateway_port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("WANGHUO_", "DJANGO_"))},
            "WANGHUO_MODE": "demo",
            "WANGHUO_HOME": str(home),
            "WANGHUO_REGION": COUNTY,
            "WANGHUO_GATEWAY": gateway,
        }
        self._commands = {
            "gateway": wanghuo("gateway", "--listen", gateway),
            "ingest": wanghuo("ingest"),
            "worker": wanghuo("worker"),
            "web": web("127.0.0.1", self.port),
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log = home / "processes.log"

    def fill(self) -> None:
        """Fill the small demo region, whose rules do not wait whether a fault stays."""
        rules = self.home / "rules" / "journeys.toml"
        rules.parent.mkdir(parents=True, exist_ok=True)
        rules.write_text(AT_ONCE, "utf-8")
        self.run("demo", "--small", "--fill-only")

    def start(self, *names: str) -> None:
        """Start the named processes (all of them without a name) and wait until they can be reached."""
        for name in names or self._commands:
            with self.log.open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    self._commands[name], env=self.environment, stdout=log, stderr=log
                )
        for name, port in (("web", self.port), ("gateway", self.gateway_port)):
            if name in self._processes:
                until(lambda port=port: _listens(port), f"{name} listens on {port}; see {self.log}")

    def stop(self, *names: str) -> None:
        """Stop the named processes (all of them without a name) as a service manager would: ask, wait, insist."""
        stopping = [self._processes.pop(name) for name in names or tuple(self._processes)]
        for process in stopping:
            process.terminate()
        for process in stopping:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def complaints(self) -> str:
        """What the processes wrote that a healthy one does not write: an early end, a traceback."""
        ended = [f"{name} ended with {p.returncode}" for name, p in self._processes.items() if p.poll() is not None]
        log = self.log.read_text("utf-8", "replace")
        return "\n".join([*ended, log[-6000:] if ended or "Traceback" in log else ""]).strip()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `wanghuo` on this deployment; an error of it is an error of the test."""
        return self._python("-m", "wanghuo", *arguments)

    def python(self, code: str) -> str:
        """Run a few lines of Python beside the processes, for what no page can do: letting days pass."""
        return self._python("-c", code).stdout

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def device(self, number: int) -> Device:
        """The device of the region's unit with a control room number `number`; 0 is the demo manager's unit."""
        world = worlds.load(self.home / "demo-world.json")
        return Device(world.devices[number], self.gateway_port)

    @cached_property
    def town(self) -> str:
        """The town of the demo's clerk, grid worker and managed unit."""
        return self.python(TOWN).strip()

    def audit_is_whole(self) -> bool:
        """Whether `wanghuo audit verify` finds nothing wrong."""
        return bool(json.loads(self.run("audit", "verify", "--json").stdout)["whole"])


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


@dataclass
class Device:
    """A transmission device at the other end of a real socket."""

    described: worlds.SimulatedDevice
    port: int
    serial: int = 0

    @property
    def detectors(self) -> tuple[worlds.Point, ...]:
        """Its detectors and call points."""
        return tuple(p for p in self.described.points if p.component_type in (worlds.SMOKE, worlds.HEAT, worlds.MANUAL))

    def tell(self, point: worlds.Point, word: int) -> None:
        """Report one component's state and wait for the confirmation, which comes once it is journalled."""
        self.tell_all([(point, word)])

    def tell_all(self, states: Iterable[tuple[worlds.Point, int]]) -> None:
        """Report several, a frame each, over one connection."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as link:
            waiting = set()
            for point, word in states:
                waiting.add(self.serial)
                link.sendall(self._frame(point, word))
                self.serial += 1
            decoder = gb.StreamDecoder()
            while waiting:
                heard = link.recv(65_536)
                assert heard, "the gateway closed the link"
                frames = [event for event in decoder.feed(heard) if isinstance(event, gb.Frame)]
                waiting -= {frame.serial for frame in frames if frame.command == gb.Command.CONFIRM}

    def _frame(self, point: worlds.Point, word: int) -> bytes:
        now = datetime.now(UTC)
        state = gb.ComponentState(
            point.system_type,
            1,
            point.component_type,
            point.address,
            word,
            gb.encode_description(point.text),
            gb.encode_time(now),
        )
        source = bytes.fromhex(self.described.source)
        return gb.build_data(2, [state], serial=self.serial, source=source, dest=1, at=now)
