"""What other modules may ask of alarms."""

from __future__ import annotations

from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.alarms import contracts, selectors
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.states import OPEN


def count_open(*, region: str, actor: Actor) -> dict[int, int]:
    """How many alarms stand in a region, by priority."""
    rows = selectors.visible(actor).in_region(region).filter(state__in=OPEN).values_list("priority", flat=True)
    found = {1: 0, 2: 0, 3: 0, 4: 0}
    for priority in rows:
        found[priority] += 1
    return found


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


def search(text: str, *, actor: Actor, limit: int = 8) -> list[contracts.Alarm]:
    """Alarms whose reference is `text` or ends with it (four characters at least)."""
    wanted = text.strip().upper()
    if len(wanted) < 4:
        return []
    rows = selectors.visible(actor)
    found = rows.filter(ref=wanted) if wanted.startswith("BJ-") else rows.filter(ref__endswith=wanted)
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
