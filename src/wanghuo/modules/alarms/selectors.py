"""Reads of alarms and shifts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Q
from django.utils import timezone

from wanghuo.base import NotFound
from wanghuo.engines.alarm_logic import Kind
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import ScopedQuerySet
from wanghuo.modules.alarms.models import Alarm, Shift
from wanghuo.modules.alarms.policy import policy_at
from wanghuo.modules.alarms.states import ALARM, KEPT_ROUTES, OPEN, WAITING, AlarmState


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
    """What stands before the operator: by priority, the untaken first, the oldest first. What is kept back is in `kept`."""
    rows = visible(actor).in_region(region).filter(state__in=OPEN, route="show").order_by("priority", "id")[:limit]
    return sorted(rows, key=lambda a: (a.priority, a.state != AlarmState.NEW, a.received_at))


def asked(actor: Actor, *, region: str = "0", limit: int = 50) -> list[Alarm]:
    """Fire alarms of suspect points that the people on the spot verify first, those due next first."""
    rows = visible(actor).in_region(region).filter(state__in=WAITING, route="ask")
    return list(rows.order_by(F("route_until").asc(nulls_last=True), "id")[:limit])


def kept_counts(actor: Actor, *, region: str = "0") -> dict[str, int]:
    """How many alarms are kept back now, by route."""
    rows = visible(actor).in_region(region).filter(state__in=WAITING, route__in=KEPT_ROUTES)
    return dict.fromkeys(KEPT_ROUTES, 0) | dict(rows.values_list("route").annotate(n=Count("pk")).order_by())


def below(heads: list[Alarm]) -> dict[Any, int]:
    """How many alarms stand below each of these."""
    rows = Alarm.objects.filter(first_out__in=[a.pk for a in heads], route="group", state__in=WAITING)
    return dict(rows.values_list("first_out_id").annotate(n=Count("pk")).order_by())


def shown_lately(actor: Actor, *, region: str, minutes: int = 10) -> int:
    """How many alarms operators were called to in the last minutes."""
    since = timezone.now() - timedelta(minutes=minutes)
    return visible(actor).in_region(region).filter(shown_at__gte=since).count()


def seats_in(region: str) -> int:
    """How many seats are taken in a region, one at least."""
    shifts = Shift.objects.filter(ended_at__isnull=True)
    return max(1, (shifts if region == "0" else shifts.filter(region_code__startswith=region)).count())


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


def stale_before() -> datetime:
    """What was received before this and still stands is stale."""
    now = timezone.now()
    return now - timedelta(seconds=policy_at("0", now).stale_s)


def taken_within(seconds: int) -> Q:
    """Taken within so many seconds of being received."""
    limit = ExpressionWrapper(F("received_at") + timedelta(seconds=seconds), output_field=DateTimeField())
    return Q(taken_at__lte=limit)


def not_taken_within(seconds: int) -> Q:
    """Taken later than that, or not at all."""
    limit = ExpressionWrapper(F("received_at") + timedelta(seconds=seconds), output_field=DateTimeField())
    return Q(taken_at__isnull=True) | Q(taken_at__gt=limit)
