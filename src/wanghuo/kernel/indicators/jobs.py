"""What the worker does for indicators, again and again."""

from __future__ import annotations

from django.utils import timezone

from wanghuo.kernel.indicators.defining import open_reports
from wanghuo.kernel.indicators.stored import refresh, refresh_dirty
from wanghuo.kernel.jobs.periodic import every

DIRTY_EVERY_S, ALL_EVERY_S, REPORTS_EVERY_S = 15, 600, 3600


@every(DIRTY_EVERY_S)
def recompute_changed() -> None:
    """Recompute the indicators whose records changed."""
    refresh_dirty()


@every(ALL_EVERY_S)
def recompute_all() -> None:
    """Recompute every indicator: some change with the time alone, and a lost mark heals here."""
    refresh()


@every(REPORTS_EVERY_S)
def open_due_reports() -> None:
    """Make the reports of the periods that began, with their duties and clocks."""
    open_reports(timezone.now())
