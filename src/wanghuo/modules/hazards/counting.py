"""What indicators count by and the list filters by: one condition for the number and for the records behind it.

`start` and `end` are the first instant of a period and the first one after it. What was dismissed or merged never was a
hazard of its own and is counted nowhere.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from wanghuo.modules.hazards.models import Recheck
from wanghuo.modules.hazards.states import DONE, HazardState

COUNTED = ~Q(state__in=(HazardState.DISMISSED, HazardState.MERGED))


def _open_at(instant: datetime) -> Q:
    return COUNTED & Q(found_at__lt=instant) & (Q(closed_at__isnull=True) | Q(closed_at__gte=instant))


def standing(start: datetime, end: datetime) -> Q:
    """Open at some time of the period: found before its end and not gone before its start."""
    return COUNTED & Q(found_at__lt=end) & (Q(closed_at__isnull=True) | Q(closed_at__gte=start))


def backlog(start: datetime, end: datetime) -> Q:
    """Open at the start of the period."""
    return _open_at(start)


def left(start: datetime, end: datetime) -> Q:
    """Open at the end of the period, or now while it still runs."""
    return _open_at(min(end, timezone.now()))


def closed(start: datetime, end: datetime) -> Q:
    """Closed in the period."""
    return Q(closed_at__gte=start, closed_at__lt=end, state__in=DONE)


def due(start: datetime, end: datetime) -> Q:
    """Whose deadline fell into the period."""
    return COUNTED & Q(due_at__gte=start, due_at__lt=end)


def settled() -> Q:
    """Of which it is known whether the deadline was kept: it has come, or they were handed in or closed before."""
    return Q(due_at__lte=timezone.now()) | Q(submitted_at__isnull=False) | Q(closed_at__isnull=False)


def in_time() -> Q:
    """Put right by the deadline: handed in by it, or closed by it where nothing was handed in."""
    return Q(submitted_at__lte=F("due_at")) | Q(submitted_at__isnull=True, closed_at__lte=F("due_at"))


def late() -> Q:
    """Not put right by the deadline."""
    after = Q(submitted_at__gt=F("due_at")) | Q(submitted_at__isnull=True, closed_at__gt=F("due_at"))
    waiting = Q(submitted_at__isnull=True, closed_at__isnull=True, due_at__lte=timezone.now())
    return after | waiting


def rechecked(start: datetime, end: datetime) -> Q:
    """With a re-inspection in the period."""
    return Q(pk__in=Recheck.objects.filter(done_at__gte=start, done_at__lt=end).values("hazard"))


def passed(start: datetime, end: datetime) -> Q:
    """With a re-inspection in the period that was passed."""
    return Q(pk__in=Recheck.objects.filter(done_at__gte=start, done_at__lt=end, conclusion="pass").values("hazard"))


def failed(start: datetime, end: datetime) -> Q:
    """With a re-inspection in the period that was not passed."""
    done = Recheck.objects.filter(done_at__gte=start, done_at__lt=end)
    return Q(pk__in=done.exclude(conclusion="pass").values("hazard"))
