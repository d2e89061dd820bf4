"""Reads. The one way to load a hazard is `get_hazard`: out of scope and absent look the same."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from wanghuo.base import NotFound
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import ScopedQuerySet
from wanghuo.kernel.loops import Subject
from wanghuo.modules.hazards.models import Hazard, Listing, Publication
from wanghuo.modules.hazards.rules import Likeness, looks_the_same
from wanghuo.modules.hazards.states import HAZARD, LISTING, OPEN

SUBJECT_KIND = "hazard"


def visible(actor: Actor) -> ScopedQuerySet:
    """The hazards the actor may see."""
    return Hazard.objects.visible_to(actor)


def get_hazard(ref: str | UUID, *, actor: Actor, lock: bool = False) -> Hazard:
    """The hazard with this reference or key. Raises NotFound, also when it lies outside the actor's scope."""
    rows = visible(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(Q(pk=ref) if isinstance(ref, UUID) else Q(ref=ref)).first()
    if found is None:
        raise NotFound(what=HAZARD.what, ref=ref)
    return found


def get_listing(ref: str, *, actor: Actor, lock: bool = False) -> Listing:
    """The listing with this reference. Raises NotFound."""
    rows = Listing.objects.visible_to(actor).select_related("hazard")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(ref=ref).first()
    if found is None:
        raise NotFound(what=LISTING.what, ref=ref)
    return found


def subject_of(hazard: Hazard) -> Subject:
    """The hazard as duties and clocks know it."""
    return Subject.of(hazard, SUBJECT_KIND, HAZARD.what)


def alike(hazard: Hazard, *, actor: Actor, limit: int = 5) -> list[Hazard]:
    """Earlier hazards that may be the same one: same unit, or the same place where no unit is known; newest first."""
    same_place = Q(unit_id=hazard.unit_id) if hazard.unit_id else Q(place=hazard.place, region_code=hazard.region_code)
    since = hazard.found_at - timedelta(days=90)
    rows = visible(actor).filter(same_place, found_at__gte=since).exclude(pk=hazard.pk).order_by("-id")[: limit * 4]
    found = [
        row
        for row in rows
        if looks_the_same(
            Likeness(
                same_item=bool(row.item) and row.item == hazard.item,
                days_apart=abs((hazard.found_at - row.found_at).days),
            )
        )
    ]
    return found[:limit]


def open_of_unit(unit_id: UUID, *, actor: Actor) -> int:
    """How many hazards of a unit are open."""
    return visible(actor).filter(scope_unit=unit_id, state__in=OPEN).count()


def disclosed() -> QuerySet[Publication]:
    """What the public may read today."""
    return Publication.objects.filter(withdrawn_at__isnull=True, until__gte=timezone.localdate()).order_by(
        "-published_at"
    )
