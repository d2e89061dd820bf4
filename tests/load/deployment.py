"""A deployment in a folder, for rigs that need the whole platform: tables, devices, and its processes as forks of one
that has loaded everything, so that a fresh one lives within milliseconds.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.load.wire import opened

REGION = "445281102"
Role = Callable[[Callable[[], None]], None]
"""What a process does; it calls its argument once it is ready."""


def open_home(home: Path, *, database: str = "", tables: bool = True) -> None:
    """Set Django up for a fresh home and make the tables. Once a process."""
    os.environ |= {"WANGHUO_MODE": "test", "WANGHUO_HOME": str(home), "WANGHUO_DATABASE": database}
    os.environ["DJANGO_SETTINGS_MODULE"] = "wanghuo.entrypoints.web.settings"
    import django
    from django.core.management import call_command

    django.setup()
    from django.conf import settings

    settings.LOGGING_CONFIG = None
    quiet()
    (home / "static").mkdir(exist_ok=True)
    if tables:
        call_command("migrate", verbosity=0)
    close_connections()


def quiet() -> None:
    """What the platform logs about faults that a rig causes is not the rig's result."""
    import logging

    logging.disable(logging.CRITICAL)


def close_connections() -> None:
    """Before a fork: no child may share a connection."""
    from django.db import connections

    connections.close_all()


def open_databases() -> list[str]:
    """Files of SQLite that this process has open. A child that closes one lets go of its own locks too, and its log may be
    taken away under it: it then sees nothing that others write.
    """
    held = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    return [name for link in held if os.path.lexists(link) and ".sqlite3" in (name := os.readlink(link))]


def add_devices(sources: Iterable[int]) -> None:
    """Register devices by their addresses."""
    from wanghuo.modules.sensing.models import Device

    rows = []
    for number, source in enumerate(sources):
        row = Device(ref=f"SB-445281-2026-{number:06d}", source=source.to_bytes(6, "little").hex(), region_code=REGION)
        row.place(REGION, sector="", unit=None)
        rows.append(row)
    Device.objects.bulk_create(rows, batch_size=1000)
    close_connections()


def gateway(journal: Path | str, sock: socket.socket, **limits: Any) -> Role:
    """The gateway on an open socket, with the register."""

    def run(ready: Callable[[], None]) -> None:
        from wanghuo.entrypoints.gateway import server
        from wanghuo.entrypoints.gateway.limits import Limits
        from wanghuo.modules.sensing.gateway_side import RegisterChanges, bell

        changes = RegisterChanges()
        known = Limits(**{"flood_rate": 0, "unknown_per_minute": 0, "reserve_bytes": 0, **limits})
        server.run(journal, sock, known, ring=bell(), refresh=lambda register: register.update(changes()), ready=ready)

    return run


def bare_gateway(journal: Path, sock: socket.socket, **limits: Any) -> Role:
    """The gateway alone: no database, no register."""

    def run(ready: Callable[[], None]) -> None:
        from wanghuo.entrypoints.gateway import server
        from wanghuo.entrypoints.gateway.limits import Limits

        known = Limits(**{"flood_rate": 0, "unknown_per_minute": 0, "reserve_bytes": 0, **limits})
        server.run(journal, sock, known, ring=lambda: None, ready=ready)

    return run


def ways(journal: Path | str) -> Role:
    """The ways in: clients of the brokers that are set up, no listener of their own."""

    def run(ready: Callable[[], None]) -> None:
        from wanghuo.entrypoints.ways import process
        from wanghuo.entrypoints.ways.limits import Limits
        from wanghuo.modules.sensing.gateway_side import bell
        from wanghuo.modules.sensing.ways_side import WaysSource, waiting_orders

        source = WaysSource()
        process.run(
            journal, process.Listen(), Limits(), ring=bell(), refresh=source, orders=waiting_orders, ready=ready
        )

    return run


def ingest(journal: Path | str) -> Role:
    """Ingest; ready once it has taken in its first stretch."""

    def run(ready: Callable[[], None]) -> None:
        from wanghuo.modules.sensing.ingest import Ingest
        from wanghuo.modules.sensing.own_connection import ingest_connection

        stopping: list[int] = []
        signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
        with ingest_connection():
            one = Ingest(journal)
            one.step()
            ready()
            one.run(lambda: bool(stopping))

    return run


def worker(ready: Callable[[], None]) -> None:
    """The worker; ready once it has delivered something, or found nothing to deliver."""
    from wanghuo.entrypoints.worker.loops import Worker
    from wanghuo.kernel import outbox

    one = Worker()
    signal.signal(signal.SIGTERM, lambda *_: one.stop())
    outbox.drain(1)
    close_connections()
    ready()
    one.run()


def settle(journal: Path | str) -> None:
    """Take in and deliver all there is, in a process of its own."""

    def run(ready: Callable[[], None]) -> None:
        from wanghuo.kernel import outbox
        from wanghuo.modules.sensing.ingest import Ingest

        Ingest(journal).catch_up()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and _due_soon():
            outbox.drain()
            time.sleep(0.1)
        ready()

    process = Process("settle", run)
    process.wait()


def _due_soon() -> bool:
    from wanghuo.kernel.outbox.models import Delivery

    return Delivery.objects.filter(dead=False).exists()


@dataclass
class Process:
    """A forked process in one role, which may be killed at any moment."""

    name: str
    role: Role
    pid: int = 0
    asked_at: float = 0.0
    began: float = field(default=0.0)
    _told: int = -1

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Fork a fresh one."""
        told, tell = os.pipe()
        if shared := open_databases():
            raise RuntimeError(f"{self.name} would share {shared}: close_connections() first")
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(told)
            code = 1
            try:
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)
                self.role(lambda: _write(tell))
                code = 0
            except BaseException:
                if os.environ.get("WANGHUO_RIG_LOUD"):
                    import traceback

                    traceback.print_exc()
            finally:
                os._exit(code)
        os.close(tell)
        if self._told >= 0:
            os.close(self._told)
        self._told = told

    def ready_s(self) -> float | None:
        """Seconds from the fork until it said that it was ready; waits for it. None when it ended by itself first."""
        said = os.read(self._told, 32)
        return float(said) - self.began if said else None

    def end(self, number: int = signal.SIGKILL) -> int:
        """Send it a signal and wait until it is gone; its exit code (negative: the signal)."""
        os.kill(self.pid, number)
        return self.wait()

    def gone(self) -> bool:
        """Whether it has ended by itself."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = 0
        return not self.pid

    def end_in_any_case(self, *, gently: bool) -> None:
        """Ask it to end, and kill it where it does not within 20 s."""
        if self.gone():
            return
        os.kill(self.pid, signal.SIGTERM if gently else signal.SIGKILL)
        deadline = time.monotonic() + 20
        while not self.gone() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.pid:
            self.end()

    def wait(self) -> int:
        """Wait until it ends by itself."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _write(tell: int) -> None:
    os.write(tell, f"{time.monotonic():.6f}".encode().ljust(32)[:32])


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """What stands in the database, asked past the platform. Ids come as 32 hexadecimal digits."""
    if address := os.environ.get("WANGHUO_DATABASE"):
        import psycopg

        with psycopg.connect(address) as other:
            return [tuple(v.hex if isinstance(v, UUID) else v for v in row) for row in other.execute(sql)]
    with opened(home / "wanghuo.sqlite3") as connection:
        return connection.execute(sql).fetchall()
