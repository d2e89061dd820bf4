"""Runs the processes of an embedded deployment together: starts them, restarts one that fails, stops all of them cleanly.

A larger deployment gives this to systemd or containers; the processes are the same commands.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from wanghuo.base import Text

log = logging.getLogger(__name__)

STOP_S = 10.0  # how long a process may take to finish what it has begun
REQUESTS_S = 8  # how long the web waits for requests it is answering; open streams are ended at once
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 60.0  # a process that ran this long is taken to be well again
STOPPING = Text("正在停止…", "stopping…")
STOPPED = Text(
    "已停止，数据都在。再次运行同一命令即可继续。", "stopped; all data is kept, and the same command goes on from here"
)


@dataclass
class Program:
    """One process to keep running: its name and its command line."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = field(default=FIRST_PAUSE_S)
    due_at: float = 0.0

    def start(self) -> None:
        """Start it, in a process group of its own: Ctrl-C is for the supervisor, which ends the programs in good order."""
        self.process = subprocess.Popen(self.command, process_group=0)
        self.started_at = time.monotonic()

    def ended(self) -> int | None:
        """Its exit code when it has ended."""
        return self.process.poll() if self.process else None


def wanghuo(*arguments: str) -> list[str]:
    """The command line of one of our own commands."""
    return [sys.executable, "-m", "wanghuo", *arguments]


def web(host: str, port: int, workers: int = 1) -> list[str]:
    """The command line of the web server."""
    options = ["--interface", "asgi", "--host", host, "--port", str(port), "--workers", str(workers)]
    options += ["--workers-kill-timeout", str(REQUESTS_S)]
    quiet = ["--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "granian", *options, *quiet, "wanghuo.entrypoints.web.asgi:application"]


class Supervisor:
    """Keeps some programs running until told to stop."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = list(programs)
        self._stop = threading.Event()

    @property
    def told_to_stop(self) -> bool:
        """Whether a signal has come."""
        return self._stop.is_set()

    def start(self, *names: str) -> None:
        """Start the programs of these names, or all that do not run. From here on a signal is heard by `watch`."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heard)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # the terminal was closed; nohup has it ignored
            signal.signal(signal.SIGHUP, self._heard)
        for program in self._programs:
            if program.process is None and (not names or program.name in names):
                program.start()

    def _heard(self, *_: object) -> None:
        self._stop.set()

    def watch(self) -> None:
        """Restart what ends, with a growing pause, until a signal; then stop everything, and say so."""
        while not self._stop.wait(0.2):
            for program in self._programs:
                self._tend(program)
        print(f"\n{STOPPING}", file=sys.stderr, flush=True)
        self.stop()
        print(STOPPED, file=sys.stderr, flush=True)

    def _tend(self, program: Program) -> None:
        now = time.monotonic()
        if program.process is None:
            if now >= program.due_at:
                program.start()
        elif (code := program.ended()) is not None:
            if now - program.started_at > STEADY_S:
                program.pause_s = FIRST_PAUSE_S
            log.error("%s ended with %s; starting it again in %.1f s", program.name, code, program.pause_s)
            program.process, program.due_at = None, now + program.pause_s
            program.pause_s = min(program.pause_s * 2, LONGEST_PAUSE_S)

    def stop(self) -> None:
        """End every program: ask first, insist after STOP_S."""
        running = [p for p in self._programs if p.process and p.ended() is None]
        for program in running:
            assert program.process
            program.process.terminate()
        deadline = time.monotonic() + STOP_S
        for program in running:
            assert program.process
            try:
                program.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s did not stop in %.0f s and is ended", program.name, STOP_S)
                program.process.kill()
                program.process.wait()
