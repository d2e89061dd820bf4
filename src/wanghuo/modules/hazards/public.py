"""What other modules may ask of hazards."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Case, QuerySet, SmallIntegerField, Value, When
from django.utils import timezone

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops.refs import numbered
from wanghuo.modules.hazards import contracts, selectors, services
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.services import order_rectification, verify
from wanghuo.modules.hazards.states import OPEN
from wanghuo.modules.hazards.words import Channel, Grade, Service

__all__ = [
    "Channel",
    "Service",
    "closed_in",
    "count_open",
    "count_overdue",
    "get_row",
    "map_rows",
    "of_source",
    "order_rectification",
    "points",
    "report_hazard",
    "search",
    "verify",
]


def report_hazard(
    *,
    unit_id: UUID | None,
    region_code: str,
    place: str,
    description: str,
    actor: Actor,
    channel: Channel = Channel.ALARM,
    basis: int = 2,
    item: str = "",
    found_at: datetime | None = None,
    source_kind: str = "",
    source_ref: str = "",
) -> contracts.Hazard:
    """Report a hazard found by another module; `source_kind` and `source_ref` lead back to what showed it."""
    hazard = services.report_hazard(
        unit_id=unit_id,
        region_code=region_code,
        place=place,
        description=description,
        channel=channel,
        basis=basis,
        item=item,
        found_at=found_at,
        source_kind=source_kind,
        source_ref=source_ref,
        actor=actor,
    )
    return _contract(hazard)


def of_source(source_kind: str, source_ref: str, *, actor: Actor) -> list[contracts.Hazard]:
    """The hazards that came of one source, such as an alarm."""
    rows = selectors.visible(actor).filter(source_kind=source_kind, source_ref=source_ref).order_by("-id")
    return [_contract(row) for row in rows]


def count_open(*, region: str, actor: Actor) -> int:
    """How many open hazards the actor sees in a region."""
    return selectors.visible(actor).in_region(region).filter(state__in=OPEN).count()


def count_overdue(*, region: str, actor: Actor) -> int:
    """How many open hazards are past their deadline in a region, as far as the actor sees."""
    late = {"state__in": OPEN, "due_at__lt": timezone.now()}
    return selectors.visible(actor).in_region(region).filter(**late).count()


def map_rows(actor: Actor) -> QuerySet[Hazard]:
    """The open hazards with a place that the actor may see; `level`: 4 major, 3 overdue, 2 others (read only)."""
    rows = selectors.visible(actor).filter(state__in=OPEN, lng__isnull=False, lat__isnull=False)
    steps = (When(grade=Grade.MAJOR, then=Value(4)), When(due_at__lt=timezone.now(), then=Value(3)))
    return rows.annotate(level=Case(*steps, default=Value(2), output_field=SmallIntegerField()))


def search(text: str, *, actor: Actor, limit: int = 8) -> list[contracts.Hazard]:
    """Hazards whose reference is `text`, or ends with that number (four digits at least)."""
    wanted = text.strip().upper()
    if len(wanted) < 4:
        return []
    rows = selectors.visible(actor)
    found = rows.filter(ref=wanted) if wanted.startswith("YH-") else rows.filter(ref__in=numbered("YH", wanted, actor))
    return [_contract(row) for row in found.order_by("-id")[:limit]]


def points(
    *, region: str, actor: Actor, west: float, south: float, east: float, north: float, limit: int
) -> list[Hazard]:
    """Open hazards with a place inside a box of WGS-84 degrees, for the map; at most `limit`."""
    rows = selectors.visible(actor).in_region(region).filter(state__in=OPEN)
    rows = rows.filter(lng__gte=west, lng__lte=east, lat__gte=south, lat__lte=north)
    return list(rows.only("id", "ref", "place", "state", "grade", "lng", "lat", "due_at")[:limit])


def get_row(ref: str, *, actor: Actor) -> Hazard:
    """One hazard as a row, to quote from (read only). Raises NotFound."""
    return selectors.get_hazard(ref, actor=actor)


def closed_in(*, region: str, start: datetime, end: datetime, actor: Actor) -> QuerySet[Hazard]:
    """The hazards of a region closed from `start` to before `end`, as far as the actor sees, to draw from (read only)."""
    return selectors.visible(actor).in_region(region).filter(closed_at__gte=start, closed_at__lt=end)


def _contract(hazard: Hazard) -> contracts.Hazard:
    return contracts.Hazard(
        id=hazard.id, ref=hazard.ref, state=hazard.state, url=hazard.url, region_code=hazard.region_code
    )
