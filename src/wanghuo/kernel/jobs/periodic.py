"""Work by the clock: `@every(seconds, name)` in jobs.py, imported by `AppConfig.ready`; the worker runs it.

Each task runs alone, in whichever worker takes it first; what it raises is logged, counted and shown, and the others
go on. A task that works through rows does so by `each`: one row that raises does not keep the others from their turn.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from wanghuo.base import failpoints

if TYPE_CHECKING:
    from wanghuo.kernel.jobs.models import PeriodicRun

log = logging.getLogger(__name__)
Function = Callable[[], Any]
LONGEST_PAUSE_S = 300.0
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task and how often it runs, in seconds."""

    name: str
    every_s: float
    run: Function


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


def every(seconds: float, name: str = "") -> Callable[[Function], Function]:
    """Run a function without arguments each so many seconds: `@every(5, "alarms.escalate")`. It must bear running
    twice.

    Without a name it is called after its app and itself: `loops.climb`.
    """

    def register(function: Function) -> Function:
        called = name or f"{function.__module__.split('.')[-2]}.{function.__name__}"
        known = _tasks.get(called)
        if known is not None and known.run.__module__ != function.__module__:
            raise ValueError(f"{called} is a task of {known.run.__module__} already")
        _tasks[called] = Periodic(called, float(seconds), function)
        return function

    return register


def tasks() -> tuple[Periodic, ...]:
    """Every periodic task, by name."""
    return tuple(_tasks[name] for name in sorted(_tasks))


class Clockwork:
    """Knows what is due next, of the tasks that are `mine`. Workers share the tasks through `PeriodicRun`."""

    def __init__(self, mine: Callable[[Periodic], bool] = lambda task: True) -> None:
        self._mine = mine
        self._due: dict[str, datetime] = {}

    def step(self, stopped: Callable[[], bool] = lambda: False) -> float:
        """Run what is due now; how many seconds until the next one is."""
        for task in filter(self._mine, tasks()):
            if stopped():
                break
            if timezone.now() >= self._due.get(task.name, datetime.min.replace(tzinfo=timezone.get_current_timezone())):
                self._due[task.name] = run_if_due(task)
        coming = min(self._due.values(), default=timezone.now() + timedelta(seconds=1))
        return max(0.0, (coming - timezone.now()).total_seconds())


def run_if_due(task: Periodic) -> datetime:
    """Run one task unless another worker took it; when it is due again. Never raises what the task raises."""
    row, mine = _take(task)
    if mine:
        _run(task, row)
    return row.next_at


@transaction.atomic
def _take(task: Periodic) -> tuple[PeriodicRun, bool]:
    from wanghuo.kernel.jobs.models import PeriodicRun

    now = timezone.now()
    PeriodicRun.objects.get_or_create(name=task.name, defaults={"every_s": task.every_s, "next_at": now})
    row = PeriodicRun.objects.select_for_update().get(name=task.name)
    if row.next_at > now and row.every_s == task.every_s:
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
