"""Work by the clock: `@every(seconds, name)` in jobs.py, imported by `AppConfig.ready`; the worker runs it.

Each task runs alone, in whichever worker takes it first; what it raises is logged, counted and shown, and the others
go on. The clock may be put ahead or back, by a second or by ten years: what is due soon goes on within its own pause,
and what judges by dates, or deletes what is old, rests until the clock has kept still for a while (docs/decisions/0251).

A task that works through rows does so by `each`: one row that raises does not keep the others from their turn.
"""

from __future__ import annotations

import logging
import math
import time
import traceback
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Max
from django.utils import timezone

from wanghuo.base import failpoints

if TYPE_CHECKING:
    from wanghuo.kernel.jobs.models import PeriodicRun

log = logging.getLogger(__name__)
Function = Callable[[], Any]
LONGEST_PAUSE_S = 300.0
T = TypeVar("T")
R = TypeVar("R")
PROMPT_S = 10.0  # tasks due so often (a fire nobody took, silence) never wait for one that takes a minute
SET_S = 5.0  # the clock was set when it moved by so much more, or less, than time passed
RESTS_S, DELETES_AFTER_S = 600.0, 86_400.0
OFF_FOR = timedelta(days=30)  # a worker that starts, and finds the last task run longer ago, does not trust the clock


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task, how often it runs and how long it rests after the clock was set, in seconds."""

    name: str
    every_s: float
    run: Function
    rests_s: float


_tasks: dict[str, Periodic] = {}
_broken: ContextVar[tuple[str, list[str]] | None] = ContextVar("_broken", default=None)
"""Name of the task that runs, and the rows of it that failed."""


@dataclass(frozen=True, slots=True)
class Each(Generic[T, R]):
    """What came of the rows of a task: results of those that were done, and those that failed."""

    done: list[R]
    failed: list[T]


def each(rows: Iterable[T], act: Callable[[T], R]) -> Each[T, R]:
    """Do `act`, a transaction, with each row. One that raises is logged and shown with its task, and the others have their
    turn; by the next run it is tried again.

    Raises what the database itself raises when it is away; and, called outside of a task, at the end the first failure.
    """
    found: Each[T, R] = Each([], [])
    first: Exception | None = None
    name, told = _broken.get() or ("", [])
    for row in rows:
        try:
            failpoints.at("jobs.item", name, row)
            found.done.append(act(row))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("%s of %s failed", row, name or "a task")
            found.failed.append(row)
            told.append(f"{row}: {_line(error)}")
            first = first or error
    if first is not None and _broken.get() is None:
        raise first
    return found


def every(seconds: float, name: str = "", *, rests_s: float | None = None) -> Callable[[Function], Function]:
    """Run a function without arguments each so many seconds: `@every(5, "alarms.escalate")`. It must bear running
    twice.

    Without a name it is called after its app and itself: `loops.climb`. `rests_s`: for so long it does not run after the
    clock was set; by default not at all for what is due every `PROMPT_S` or sooner, else `RESTS_S`. What deletes by age
    gives `DELETES_AFTER_S`, so that a clock that is wrong for an hour costs nothing.
    """
    rests = (0.0 if seconds <= PROMPT_S else RESTS_S) if rests_s is None else rests_s

    def register(function: Function) -> Function:
        called = name or f"{function.__module__.split('.')[-2]}.{function.__name__}"
        known = _tasks.get(called)
        if known is not None and known.run.__module__ != function.__module__:
            raise ValueError(f"{called} is a task of {known.run.__module__} already")
        _tasks[called] = Periodic(called, float(seconds), function, rests)
        return function

    return register


def tasks() -> tuple[Periodic, ...]:
    """Every periodic task, by name."""
    return tuple(_tasks[name] for name in sorted(_tasks))


class Clockwork:
    """Knows what is due next, of the tasks that are `mine`. Workers share the tasks through `PeriodicRun`."""

    def __init__(self, mine: Callable[[Periodic], bool] = lambda task: True) -> None:
        self._mine = mine
        self._rows: dict[str, PeriodicRun] = {}
        self._ahead_s: float | None = None  # how far the clock is ahead of the one that is never set
        self._set_at = -math.inf  # of that one

    def step(self, stopped: Callable[[], bool] = lambda: False) -> float:
        """Run what is due now; how many seconds until the next one is."""
        pauses = [1.0]
        mine = list(filter(self._mine, tasks()))
        for task in mine:
            if stopped():
                break
            if self._rests(task):
                continue
            row = self._rows.get(task.name)
            if row is None or not _waits(row):
                row = self._rows[task.name] = run_if_due(task)
            pauses.append((row.next_at - timezone.now()).total_seconds())
        return max(0.0, min(pauses[1:] or pauses))

    def _rests(self, task: Periodic) -> bool:
        """Whether the clock was set so short a time ago that the task does not trust it."""
        steady_s = time.monotonic()
        ahead_s = time.time() - steady_s
        if _doubtful() if self._ahead_s is None else abs(ahead_s - self._ahead_s) > SET_S:
            log.warning("the clock was set; what goes by dates rests for %.0f s", RESTS_S)
            self._set_at = steady_s
        self._ahead_s = ahead_s
        return steady_s - self._set_at < task.rests_s


def _doubtful() -> bool:
    """Whether the last task ran later than now, or very long ago: the clock may be wrong, or have been."""
    from wanghuo.kernel.jobs.models import PeriodicRun

    last, now = PeriodicRun.objects.aggregate(last=Max("last_at"))["last"], timezone.now()
    return last is not None and not now - OFF_FOR < last < now + timedelta(seconds=SET_S)


def _waits(row: PeriodicRun) -> bool:
    """Whether a task is not due yet. Where it would be due later than it ever can be, the clock was put back."""
    longest_s = max(row.every_s, LONGEST_PAUSE_S) if row.failures_in_row else row.every_s
    return timedelta() < row.next_at - timezone.now() <= timedelta(seconds=longest_s)


def run_if_due(task: Periodic) -> PeriodicRun:
    """Run one task unless another worker took it; how it stands then. Never raises what the task raises."""
    row, mine = _take(task)
    if mine:
        _run(task, row)
    return row


@transaction.atomic
def _take(task: Periodic) -> tuple[PeriodicRun, bool]:
    from wanghuo.kernel.jobs.models import PeriodicRun

    now = timezone.now()
    PeriodicRun.objects.get_or_create(name=task.name, defaults={"every_s": task.every_s, "next_at": now})
    row = PeriodicRun.objects.select_for_update().get(name=task.name)
    if row.every_s == task.every_s and _waits(row):
        return row, False
    row.every_s, row.next_at = task.every_s, now + timedelta(seconds=task.every_s)
    row.save(update_fields=["every_s", "next_at"])
    return row, True


def _run(task: Periodic, row: PeriodicRun) -> None:
    began, error = time.monotonic(), ""
    rows: list[str] = []
    mark = _broken.set((task.name, rows))
    try:
        task.run()
    except Exception as failure:
        log.exception("periodic task %s failed", task.name)
        error = _line(failure)[-500:]
    finally:
        _broken.reset(mark)
    row.last_at, row.took_ms, row.runs = timezone.now(), int((time.monotonic() - began) * 1000), row.runs + 1
    row.error = error or "; ".join(rows)[:500]
    if row.error:
        row.failures, row.failures_in_row = row.failures + 1, row.failures_in_row + 1
    if error:
        pause = min(task.every_s * 2 ** min(row.failures_in_row, 8), max(LONGEST_PAUSE_S, task.every_s))
        row.next_at = row.last_at + timedelta(seconds=pause)
    elif not rows:
        row.failures_in_row = 0
    row.save(update_fields=["last_at", "took_ms", "runs", "failures", "failures_in_row", "error", "next_at"])


def _line(error: Exception) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def periodic_health() -> list[PeriodicRun]:
    """How each task did, those that fail first."""
    from wanghuo.kernel.jobs.models import PeriodicRun

    return list(PeriodicRun.objects.filter(name__in=_tasks).order_by("-failures_in_row", "name"))
