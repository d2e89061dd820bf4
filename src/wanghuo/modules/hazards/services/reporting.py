"""Finding, verifying, dismissing, merging and reopening."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.outbox import emit
from wanghuo.modules.hazards import rules
from wanghuo.modules.hazards.contracts import HazardReported
from wanghuo.modules.hazards.models import Finding, Hazard
from wanghuo.modules.hazards.selectors import get_hazard
from wanghuo.modules.hazards.services.evidence import LABELS, Label, Photo, keep, labels_of
from wanghuo.modules.hazards.services.moves import add_step, begin, expect_next, finish
from wanghuo.modules.hazards.words import Channel, Grade, Urgency
from wanghuo.modules.places import public as places


@transaction.atomic
def report_hazard(
    *,
    place: str,
    description: str,
    channel: Channel,
    actor: Actor,
    unit_id: UUID | None = None,
    region_code: str = "",
    basis: int = 6,
    item: str = "",
    urgency: Urgency = Urgency.ORDINARY,
    found_at: datetime | None = None,
    lng: float | None = None,
    lat: float | None = None,
    source_kind: str = "",
    source_ref: str = "",
    photos: Sequence[Photo] = (),
) -> Hazard:
    """Report a hazard (上报隐患) at a unit, or at a place of a region where no unit is known.

    `found_at` is aware and not in the future; it is now when left out. Coordinates are WGS-84 degrees.
    Raises NotFound (unit), NotPermitted, FoundInFuture, Invalid, and then writes nothing.
    """
    now = timezone.now()
    found_at = found_at or now
    if found_at > now:
        raise rules.FoundInFuture(field="found_at")
    hazard = Hazard(
        ref="",
        place=place,
        channel=channel,
        basis=basis,
        item=item,
        description=description,
        grade=Grade.GENERAL,
        urgency=urgency,
        found_at=found_at,
        reported_by=actor.id,
        lng=lng,
        lat=lat,
        source_kind=source_kind,
        source_ref=source_ref,
    )
    _put(hazard, unit_id, region_code, actor)
    actor.require("hazards.report", hazard)
    hazard.ref = next_ref("YH", hazard.region_code, local_day(now).year)
    hazard.save(force_insert=True)
    digests = keep(hazard, photos, actor=actor)
    _note_finding(hazard, actor=actor)
    add_step(hazard, "report", actor=actor, at=now)
    after = {"state": str(hazard.state), "channel": str(channel), "sha256": digests}
    record(actor, "hazards:hazard:report", hazard.ref, region=hazard.region_code, after=after)
    emit(
        HazardReported(
            hazard_id=hazard.id,
            ref=hazard.ref,
            region_code=hazard.region_code,
            channel=str(channel),
            source_kind=source_kind,
            source_ref=source_ref,
        )
    )
    expect_next(hazard, actor=actor, start=now)
    return hazard


def _put(hazard: Hazard, unit_id: UUID | None, region_code: str, actor: Actor) -> None:
    """Place the hazard at its unit, seen with the actor's eyes, or into the region."""
    if unit_id is not None:
        unit = places.get_unit(unit_id, actor)
        hazard.unit_id = unit.id
        hazard.lng, hazard.lat = hazard.lng or unit.lng, hazard.lat or unit.lat
        hazard.place = hazard.place or unit.name
        columns = scope_columns(unit.region_code, sector=unit.sector, unit=unit.id)
    elif region_code:
        columns = scope_columns(region_code)
    else:
        raise Invalid(Text("请选择单位，或选择所在区划。", "Choose a unit, or the region it lies in."), field="unit")
    for name, value in columns.items():
        setattr(hazard, name, value)
    if not hazard.place.strip():
        raise Invalid(Text("请填写具体位置。", "Say where it is."), field="place")


def _note_finding(hazard: Hazard, *, actor: Actor) -> None:
    Finding.objects.create(
        hazard=hazard,
        channel=hazard.channel,
        found_at=hazard.found_at,
        finder=actor.id,
        description=hazard.description,
        source_kind=hazard.source_kind,
        source_ref=hazard.source_ref,
    )


@transaction.atomic
def verify(ref: str, *, note: str = "", actor: Actor) -> Hazard:
    """Confirm that it is a hazard (核实). Source: 120号令 art 18 for complaints."""
    hazard, move = begin(ref, "verify", actor=actor)
    changed = {"verified_at": timezone.now(), "verified_by": actor.id}
    return finish(hazard, move, actor=actor, changed=changed, note=note)


@transaction.atomic
def dismiss(ref: str, *, reason: str, actor: Actor) -> Hazard:
    """Find that it is no hazard (判为不属实), with the reason."""
    hazard, move = begin(ref, "dismiss", actor=actor)
    changed = {"verified_at": timezone.now(), "verified_by": actor.id}
    return finish(hazard, move, actor=actor, changed=changed, note=reason)


@transaction.atomic
def fix_on_spot(ref: str, *, note: str, photos: Sequence[Photo] = (), actor: Actor) -> Hazard:
    """Record that it was slight and put right before the officer's eyes (120号令 art 19); needs a photograph after."""
    hazard, move = begin(ref, "fix_on_spot", actor=actor)
    digests = keep(hazard, photos, actor=actor)
    rules.check_evidence(labels_of(hazard, actor), needed=Label.AFTER, name=LABELS[Label.AFTER])
    now = timezone.now()
    changed = {"closed_at": now, "closed_by": actor.id, "verified_at": hazard.verified_at or now}
    return finish(hazard, move, actor=actor, changed=changed, note=note, after={"sha256": digests})


@transaction.atomic
def merge(ref: str, *, into: str, actor: Actor) -> Hazard:
    """Fold a hazard into another one that is the same (并案): both findings are kept on the other one."""
    hazard, move = begin(ref, "merge", actor=actor)
    kept = get_hazard(into, actor=actor, lock=True)
    if kept.pk == hazard.pk or not kept.is_open:
        raise Invalid(
            Text("只能并入另一条未结的隐患。", "It can only be merged into another hazard that is open."), field="into"
        )
    Finding.objects.create(
        hazard=kept,
        channel=hazard.channel,
        found_at=hazard.found_at,
        finder=hazard.reported_by,
        description=hazard.description,
        source_kind="hazard",
        source_ref=hazard.ref,
    )
    add_step(kept, "merged_in", actor=actor, at=timezone.now(), source=kept.state, note=hazard.ref)
    changed = {"merged_into": kept}
    return finish(hazard, move, actor=actor, changed=changed, note=kept.ref, after={"into": kept.ref})


@transaction.atomic
def reopen(ref: str, *, reason: str, actor: Actor) -> Hazard:
    """Reopen a closed hazard that has come back (复发)."""
    hazard, move = begin(ref, "reopen", actor=actor)
    changed = {"closed_at": None, "closed_by": None, "due_at": None, "relapses": hazard.relapses + 1}
    return finish(hazard, move, actor=actor, changed=changed, note=reason)
