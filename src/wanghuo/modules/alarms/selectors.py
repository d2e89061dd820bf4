"""Reads of alarms and shifts."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.utils import timezone

from wanghuo.base import NotFound
from wanghuo.engines.alarm_logic import Kind
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import ScopedQuerySet
from wanghuo.modules.alarms.models import Alarm, Shift
from wanghuo.modules.alarms.states import ALARM, OPEN, AlarmState


def visible(actor: Actor) -> ScopedQuerySet:
    """The alarms the actor may see."""
    return Alarm.objects.visible_to(actor)


def get_alarm(ref: str, *, actor: Actor, lock: bool = False) -> Alarm:
    """The alarm with this reference. Out of scope and absent look the same: NotFound."""
    rows = visible(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(ref=ref).first()
    if found is None:
        raise NotFound(what=ALARM.what, ref=ref)
    return found


def queue(actor: Actor, *, region: str = "0", limit: int = 200) -> list[Alarm]:
    """What stands on the console: by priority, the untaken first, the oldest first."""
    rows = visible(actor).in_region(region).filter(state__in=OPEN).order_by("priority", "id")[:limit]
    return sorted(rows, key=lambda a: (a.priority, a.state != AlarmState.NEW, a.received_at))


def false_alarms(alarm: Alarm, *, hours: float) -> int:
    """How many false alarms the same point gave in the last hours, this one included once it is judged so."""
    since = timezone.now() - timedelta(hours=hours)
    return Alarm.objects.filter(  # type: ignore[misc]
        device_id=alarm.device_id,
        component_key=alarm.component_key,
        kind=Kind.FIRE,
        state=AlarmState.FALSE,
        judged_at__gte=since,
    ).count()


def shift_of(user_id: int | None) -> Shift | None:
    """The shift a person is on now."""
    if user_id is None:
        return None
    return Shift.objects.filter(user_id=user_id, ended_at__isnull=True).order_by("-started_at").first()


def taken_within(seconds: int) -> Q:
    """Taken within so many seconds of being received."""
    limit = ExpressionWrapper(F("received_at") + timedelta(seconds=seconds), output_field=DateTimeField())
    return Q(taken_at__lte=limit)


def not_taken_within(seconds: int) -> Q:
    """Taken later than that, or not at all."""
    limit = ExpressionWrapper(F("received_at") + timedelta(seconds=seconds), output_field=DateTimeField())
    return Q(taken_at__isnull=True) | Q(taken_at__gt=limit)
