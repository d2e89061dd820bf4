"""What the worker does for loops, again and again."""

from __future__ import annotations

from django.utils import timezone

from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.jobs.periodic import every
from wanghuo.kernel.loops.ladder import run_clocks

CLOCKS_EVERY_S = 30


@every(CLOCKS_EVERY_S)
def climb_ladders() -> None:
    """Take the clocks that ran out one rung up."""
    if run_clocks(timezone.now()):
        mark_dirty("loops.on_time_rate")
        mark_dirty("loops.overdue")
