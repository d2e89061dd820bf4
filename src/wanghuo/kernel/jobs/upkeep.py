"""What the worker does by the clock for outbox and jobs themselves."""

from __future__ import annotations

from wanghuo.kernel.jobs import beats, running
from wanghuo.kernel.jobs.periodic import DELETES_AFTER_S, every
from wanghuo.kernel.outbox.delivery import forget_delivered


@every(10, "jobs.interrupted", rests_s=60.0)  # processes give signs of life by the same clock
def interrupted() -> int:
    """Jobs whose process is gone."""
    return running.end_interrupted()


@every(3600, "jobs.retention", rests_s=DELETES_AFTER_S)
def retention() -> None:
    """Old jobs, beats and events are deleted."""
    running.forget_ended()
    beats.forget()
    while forget_delivered():
        pass
