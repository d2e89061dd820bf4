"""What facts of other parts cause here."""

from __future__ import annotations

from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.loops import ClockMissed
from wanghuo.kernel.outbox import listen
from wanghuo.modules.workplans import rules, services
from wanghuo.modules.workplans.contracts import TaskIssued, TaskMoved
from wanghuo.modules.workplans.selectors import TASK_KIND

INDICATORS = ("workplans.on_time_rate", "workplans.done_rate", "workplans.overdue")


@listen(ClockMissed)
def on_clock_missed(event: ClockMissed) -> None:
    """A deadline that ran out makes its task overdue; the ladder of loops goes on by itself."""
    if event.subject_kind == TASK_KIND and event.rule == rules.TASK_RULE and event.first:
        services.lapse(event.subject_id, at=event.at)


@listen(TaskIssued)
def on_issued(event: TaskIssued) -> None:
    """A new task moves the indicators."""
    _dirty()


@listen(TaskMoved)
def on_moved(event: TaskMoved) -> None:
    """So does every move."""
    _dirty()


def _dirty() -> None:
    for code in INDICATORS:
        mark_dirty(code)
