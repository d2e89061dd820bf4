"""The conditions by which tasks are counted and listed: an indicator and the list behind it use the same ones."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.modules.workplans.states import OWED, TaskState

LIVE = ~Q(state=TaskState.WITHDRAWN)


def due(start: datetime, end: datetime) -> Q:
    """Its day lies within a period (from `start`, before `end`)."""
    return LIVE & Q(due_on__gte=local_day(start), due_on__lt=local_day(end))


def settled() -> Q:
    """It is known whether the day was kept: it has passed, or the task is done."""
    return LIVE & (Q(due_on__lt=local_day(timezone.now())) | Q(state=TaskState.DONE))


def in_time() -> Q:
    """Accepted, and reported no later than its day."""
    return Q(state=TaskState.DONE, reported_at__date__lte=F("due_on"))


def not_in_time() -> Q:
    """Its day has passed, and it was not reported by then or not accepted since."""
    return settled() & ~in_time()


def late() -> Q:
    """Owed past its day."""
    return Q(state__in=OWED, due_on__lt=local_day(timezone.now()))
