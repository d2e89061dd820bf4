"""What the worker does by the clock for outbox and jobs themselves."""

from __future__ import annotations

from wanghuo.kernel.jobs import beats, running
from wanghuo.kernel.jobs.periodic import every
from wanghuo.kernel.outbox.delivery import forget_delivered


@every(10, "jobs.interrupted")
def interrupted() -> int:
    """Jobs whose process is gone."""
    return running.end_interrupted()


@every(3600, "jobs.retention")
def retention() -> None:
    """Old jobs, beats and events are deleted."""
    running.forget_ended()
    beats.forget()
    while forget_delivered():
        pass
