"""What other modules may ask of alarms."""

from __future__ import annotations

from django.db.models import Count, F, QuerySet, SmallIntegerField
from django.db.models.functions import Cast

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops.refs import numbered
from wanghuo.modules.alarms import contracts, selectors
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.states import OPEN


def count_open(*, region: str, actor: Actor) -> dict[int, int]:
    """How many alarms stand in a region, by priority."""
    rows = selectors.visible(actor).in_region(region).filter(state__in=OPEN)
    counts = rows.values_list("priority").annotate(n=Count("pk")).order_by()
    return {1: 0, 2: 0, 3: 0, 4: 0} | dict(counts)


def standing(*, region: str, actor: Actor, limit: int = 10) -> list[contracts.Alarm]:
    """The most urgent alarms that stand in a region."""
    return [_contract(a) for a in selectors.queue(actor, region=region)[:limit]]


def points(
    *, region: str, actor: Actor, west: float, south: float, east: float, north: float, limit: int
) -> list[contracts.Alarm]:
    """Open alarms with a place inside a box of WGS-84 degrees, for the map."""
    rows = selectors.visible(actor).in_region(region).filter(state__in=OPEN)
    rows = rows.filter(lng__gte=west, lng__lte=east, lat__gte=south, lat__lte=north)
    return [_contract(a) for a in rows.order_by("priority", "id")[:limit]]


def map_rows(actor: Actor) -> QuerySet[Alarm]:
    """The open alarms with a place that the actor may see; `level`: 4 for priority 1 down to 1 (read only)."""
    rows = selectors.visible(actor).filter(state__in=OPEN, lng__isnull=False, lat__isnull=False)
    return rows.annotate(level=Cast(5 - F("priority"), SmallIntegerField()))


def search(text: str, *, actor: Actor, limit: int = 8) -> list[contracts.Alarm]:
    """Alarms whose reference is `text`, or ends with that number (four digits at least)."""
    wanted = text.strip().upper()
    if len(wanted) < 4:
        return []
    rows = selectors.visible(actor)
    found = rows.filter(ref=wanted) if wanted.startswith("BJ-") else rows.filter(ref__in=numbered("BJ", wanted, actor))
    return [_contract(a) for a in found.order_by("-id")[:limit]]


def _contract(alarm: Alarm) -> contracts.Alarm:
    return contracts.Alarm(
        id=alarm.id,
        ref=alarm.ref,
        kind=alarm.kind,
        priority=alarm.priority,
        state=alarm.state,
        place=alarm.place,
        url=alarm.url,
        region_code=alarm.region_code,
        lng=alarm.lng,
        lat=alarm.lat,
        received_at=alarm.received_at,
    )
