"""Time that is made, not waited for: an event loop whose clock jumps to the next thing that is due, threads that take
turns with it, and a `time` for the platform's modules that tells the made time.

One thread runs at any moment, and what runs next follows from the made time alone, so a run with the same seed is the
same run.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
import time as real_time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

START_S = 1_795_000_000.0  # 2026-11-18


class Killed(BaseException):
    """Raised where a process that is killed would have gone on."""


class _Selector(selectors.SelectSelector):
    """Never waits: the clock goes to where the wait would have ended."""

    clock: Clock

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing is due any more")
        self.clock.virtual_s += max(timeout, 0.0)
        return []


class Clock:
    """The made time. `jump_s`: by how much the wall clock was put wrong; the monotonic clock never jumps."""

    def __init__(self) -> None:
        self.virtual_s, self.jump_s = 0.0, 0.0

    def wall_s(self) -> float:
        """Seconds since 1970, as the machine believes."""
        return START_S + self.virtual_s + self.jump_s

    def now(self) -> datetime:
        """The same, for Django."""
        return datetime.fromtimestamp(self.wall_s(), UTC)


class Loop(asyncio.SelectorEventLoop):
    """An event loop in made time."""

    def __init__(self, clock: Clock) -> None:
        selector = _Selector()
        selector.clock = clock
        self.clock = clock
        super().__init__(selector)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Seconds since the loop began."""
        return self.clock.virtual_s

    def call_soon_threadsafe(self, callback: Any, *known: Any, context: Any = None) -> asyncio.Handle:
        """All threads take turns with the loop, so this is the plain way."""
        return self.call_soon(callback, *known, context=context)


class Turns:
    """Stands in for the module `threading`: its threads run one at a time, when the loop gives them their turn."""

    def __init__(self, loop: Loop) -> None:
        self.loop, self.current = loop, None
        self.threads: list[Thread] = []
        self.dead = False

    def Thread(self, *, target: Callable[[], None], name: str = "", daemon: bool = True) -> Thread:
        """A thread of this loop."""
        thread = Thread(self, target)
        self.threads.append(thread)
        return thread

    def Event(self) -> Event:
        """An event its threads can wait for."""
        return Event(self)

    def pause(self, thread: Thread) -> None:
        """Called by a thread: let the loop go on until its next turn."""
        thread.back.release()
        thread.go.acquire()
        if self.dead:
            raise Killed

    def kill(self) -> None:
        """End every thread where it stands."""
        self.dead = True
        for thread in self.threads:
            if thread.alive:
                thread.turn()


class Thread:
    """A thread that runs only in its turns."""

    def __init__(self, turns: Turns, target: Callable[[], None]) -> None:
        self.turns, self.target = turns, target
        self.go, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.alive = False
        self._real = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin in the loop's next round."""
        self.alive = True
        self._real.start()
        self.turns.loop.call_soon(self.turn)

    def turn(self) -> None:
        """Called by the loop: run until the next pause."""
        if not self.alive:
            return
        before, self.turns.current = self.turns.current, self  # type: ignore[assignment]
        self.go.release()
        self.back.acquire()
        self.turns.current = before
        if not self.alive:
            self._real.join()

    def _run(self) -> None:
        self.go.acquire()
        try:
            if not self.turns.dead:
                self.target()
        except Killed:
            pass
        finally:
            self.alive = False
            self.back.release()

    def join(self, timeout: float | None = None) -> None:
        """Nothing: it ends in its own turns."""

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self.alive


class Event:
    """`threading.Event` for threads that take turns."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._set = turns, False
        self._waiting: list[tuple[Thread, asyncio.TimerHandle | None]] = []

    def set(self) -> None:
        """Let all go on that wait."""
        self._set = True
        waiting, self._waiting = self._waiting, []
        for thread, timer in waiting:
            if timer is not None:
                timer.cancel()
            self._turns.loop.call_soon(thread.turn)

    def clear(self) -> None:
        """Make them wait again."""
        self._set = False

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        """Wait in made time."""
        thread: Any = self._turns.current
        if self._set or thread is None:
            return self._set
        timer = None if timeout is None else self._turns.loop.call_later(timeout, self._time_out, thread)
        self._waiting.append((thread, timer))
        self._turns.pause(thread)
        return self._set

    def _time_out(self, thread: Thread) -> None:
        self._waiting = [known for known in self._waiting if known[0] is not thread]
        thread.turn()


class AtOnce:
    """Stands in for `ThreadPoolExecutor`: what is submitted is done when the call returns, not when a real thread came to it."""

    def __init__(self, *known: Any) -> None: ...

    def submit(self, act: Callable[..., Any], *known: Any) -> Future[Any]:
        """Do it."""
        done: Future[Any] = Future()
        try:
            done.set_result(act(*known))
        except Exception as error:
            done.set_exception(error)
        return done


class Time:
    """Stands in for the module `time`."""

    def __init__(self, clock: Clock, turns: Callable[[], Turns]) -> None:
        self._clock, self._turns = clock, turns

    def time(self) -> float:
        """The wall clock."""
        return self._clock.wall_s()

    def time_ns(self) -> int:
        """The wall clock."""
        return int(self._clock.wall_s() * 1e6) * 1000

    def monotonic(self) -> float:
        """The clock that never jumps."""
        return self._clock.virtual_s

    perf_counter = monotonic

    def sleep(self, seconds: float) -> None:
        """Wait in made time, in a thread; the loop itself never sleeps."""
        turns = self._turns()
        thread: Any = turns.current
        if thread is None:
            raise RuntimeError("the loop was asked to sleep")
        turns.loop.call_later(seconds, thread.turn)
        turns.pause(thread)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)


def put_into_modules(fake: Time, prefix: str = "wanghuo.") -> None:
    """Give every loaded module of the platform the made time."""
    from django.utils import timezone

    for name, module in list(sys.modules.items()):
        known = getattr(module, "time", None)
        if name.startswith(prefix) and (known is real_time or isinstance(known, Time)):
            module.time = fake
    timezone.now = fake._clock.now
