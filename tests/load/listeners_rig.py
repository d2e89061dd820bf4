"""R20b: hostile bytes through each listener, over real sockets: memory, open files, stuck links, and a good device beside."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.load import deployment
from tests.load.bytes_rig import files_of, resident
from tests.load.deployment import Process, Role
from tests.load.listeners import ANSWER_S, Frames, FramesInDatagrams, FramesInTls, Listener
from tests.load.rig import Result, Rig, Size, broken
from tests.load.way_listeners import Coap, Http, Modbus, Mqtt, Terminals

LISTENERS: dict[str, type[Listener]] = {
    each.name: each for each in (Frames, FramesInDatagrams, FramesInTls, Http, Coap, Terminals, Mqtt, Modbus)
}
MOST_TOLD = 20


class Errors(logging.Handler):
    """Writes down what a process logs with an exception: nothing that a stranger says may be unforeseen."""

    def __init__(self, path: Path, foreseen: tuple[str, ...]) -> None:
        super().__init__(logging.WARNING)
        self.path, self.foreseen, self.count = path, foreseen, 0

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        said = f"{type(error).__name__}: {error}"
        if error is not None and self.count < MOST_TOLD and not any(word in said for word in self.foreseen):
            self.count += 1
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            at = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else ""
            with self.path.open("a") as file:
                file.write(f"{record.name}: {said} at {at}".replace("\n", " ")[:300] + "\n")


def watched(listener: Listener) -> Role:
    """The process of a listener, with its unforeseen errors written down."""

    def run(ready: Callable[[], None]) -> None:
        logging.disable(logging.NOTSET)
        handler = Errors(listener.errors, listener.foreseen)
        for name in ("", "wanghuo", "asyncio", "coap-server"):
            logging.getLogger(name).handlers = [handler]
            logging.getLogger(name).propagate = False
        listener.role()(ready)

    return run


def leak() -> None:
    """A gateway that keeps what it rejects."""
    from wanghuo.entrypoints.gateway.link import Link

    reject, kept = Link._reject, []

    def keep(self: Link, event: Any) -> None:
        kept.append((event, bytes(4096)))
        reject(self, event)

    Link._reject = keep  # type: ignore[method-assign]


def one(name: str, seed: int, home: Path, size: Size) -> Result:
    """One listener."""
    home.mkdir()
    rng, listener = random.Random(seed), LISTENERS[name](home, seed)
    process = Process(name, watched(listener))
    process.ready_s()
    sent, stuck, unserved, marks, left_open, dead = 0, 0, 0, [], 0, 0
    begun = time.monotonic()
    try:
        listener.patience_s = 0.3
        while not listener.good() and time.monotonic() - begun < 20:
            time.sleep(0.05)  # it says that it is ready before each socket is open
        listener.patience_s, first = ANSWER_S, files_of(process.pid)
        while sent < size["bytes"] and not process.gone():
            more, held = listener.assault(rng)
            sent, stuck = sent + more, stuck + held
            unserved += not listener.good()
            if sent > len(marks) * size["bytes"] // 8 and not process.gone():
                marks.append(resident(process.pid))
            if unserved + stuck > 20:
                break
        died = process.gone()
        if not died:
            dead = listener.all_alive()
            left_open = settled(process.pid, first + 4 + listener.own)
    finally:
        process.end_in_any_case(gently=True)
        listener.close()
    grown = marks[-1] - marks[len(marks) // 2] if marks else 0
    errors = listener.errors.read_text().splitlines() if listener.errors.exists() else []
    took = time.monotonic() - begun
    figures = {
        "bytes": sent,
        "seconds": round(took),
        "memory_mb": marks[-1] >> 20 if marks else 0,
        "grown_mb": round(grown / 2**20, 1),
    }
    return Result(
        {name: figures},
        broken(
            **{
                f"{name} died": died,
                f"{name} good device not served": unserved,
                f"{name} stuck links": stuck,
                f"{name} links of its own that ended": dead,
                f"{name} memory grown": grown if grown > size["grown_mb"] << 20 else 0,
                f"{name} files left open": left_open,
                f"{name} unforeseen": errors[:3],
            }
        ),
    )


def settled(pid: int, most: int) -> int:
    """Files that stay open beyond `most`, after two seconds at the longest."""
    deadline = time.monotonic() + 2
    while (more := files_of(pid) - most) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    return max(0, more)


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """Each listener, or the one that is asked for."""
    deployment.open_home(home, tables=False)
    if plant == "leak":
        leak()
    figures: dict[str, Any] = {}
    failures: tuple[str, ...] = ()
    for number, name in enumerate(size.get("listeners") or LISTENERS):
        from django.conf import settings

        settings.HOME = home / name
        result = one(name, seed + number, home / name, size)
        figures |= result.figures
        failures += result.failures
    return Result(figures, failures)


RIGS = {
    "R20b": Rig(
        "R20b",
        "hostile bytes over real sockets through each listener: memory, files, stuck links, a good device beside",
        run,
        floor={"bytes": 100_000_000, "grown_mb": 24},
        small={"bytes": 100_000, "grown_mb": 24},
        minutes=12,
        plants=("leak",),
        plant_size={"listeners": ("gb26875-tcp",), "bytes": 6_000_000},
    ),
}
