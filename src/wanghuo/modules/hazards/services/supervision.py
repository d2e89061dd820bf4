"""Listing for supervision (挂牌督办), delisting, and what the public is told."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops import next_ref, start_clock, stop_clock
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.hazards import rules
from wanghuo.modules.hazards.contracts import HazardListed
from wanghuo.modules.hazards.models import Hazard, Listing, Publication
from wanghuo.modules.hazards.selectors import SUBJECT_KIND, get_hazard, get_listing, subject_of
from wanghuo.modules.hazards.services.moves import add_step
from wanghuo.modules.hazards.states import LISTING
from wanghuo.modules.hazards.words import Level

# Numbers that may name a person: mobile phones and resident identity numbers
PERSONAL = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")


class PersonalDataInText(Invalid):
    """What the public reads holds no personal data."""

    code = "hazards.personal_data_in_text"
    text = Text(
        "公示内容含疑似个人信息“{found}”，请删去后再公示。",
        "The text holds what looks like personal data (“{found}”); remove it before publishing.",
    )


@transaction.atomic
def list_hazard(ref: str, *, level: Level, supervisor: str, demands: str, due_at: datetime, actor: Actor) -> Listing:
    """Put a hazard on a government's list (挂牌督办). Raises NotFound, NotPermitted, AboveOwnLevel, DueDateInPast, Conflict."""
    hazard = get_hazard(ref, actor=actor, lock=True)
    actor.require("hazards.list", hazard)
    now = timezone.now()
    rules.check_deadline(due_at, now)
    held = min((g.region for g in actor.with_right("hazards.list")), key=len, default=hazard.region_code)
    rules.check_listing_level(level, held)
    if hazard.listed or not hazard.is_open:
        raise Conflict(what=LISTING.what)
    listing = Listing.objects.create(
        ref=next_ref("GP", hazard.region_code, local_day(now).year),
        hazard=hazard,
        level=level,
        supervisor=supervisor,
        demands=demands,
        listed_at=now,
        listed_by=actor.id,
        due_at=due_at,
        **scope_columns(hazard.region_code, sector=hazard.sector, unit=hazard.scope_unit),
    )
    start_clock(subject_of(hazard), rule=rules.LISTING_RULE, start=now, due_at=due_at, move="delist")
    _mark_listed(hazard, listing, listed=True, actor=actor, at=now)
    return listing


@transaction.atomic
def delist(ref: str, *, note: str, actor: Actor) -> Listing:
    """Take a hazard off the list (摘牌) once it is closed. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    listing = get_listing(ref, actor=actor, lock=True)
    actor.require("hazards.list", listing)
    move = LISTING.move(listing.state, "delist")
    hazard = get_hazard(listing.hazard_id, actor=actor, lock=True)
    if hazard.is_open:
        raise Invalid(Text("隐患尚未销案，不能摘牌。", "The hazard is still open, so it cannot be taken off the list."))
    now = timezone.now()
    listing.state, listing.delisted_at, listing.delisted_by = move.target, now, actor.id
    listing.save(update_fields=["state", "delisted_at", "delisted_by"])
    stop_clock(SUBJECT_KIND, hazard.id, rule=rules.LISTING_RULE, at=now)
    _mark_listed(hazard, listing, listed=False, actor=actor, at=now, note=note)
    return listing


def _mark_listed(hazard: Hazard, listing: Listing, *, listed: bool, actor: Actor, at: datetime, note: str = "") -> None:
    act = "list" if listed else "delist"
    hazard.listed = listed
    hazard.save(update_fields=["listed", "changed_at"])
    add_step(hazard, act, actor=actor, at=at, source=hazard.state, note=note or listing.ref)
    record(actor, f"hazards:listing:{act}", listing.ref, region=hazard.region_code, after={"state": listing.state})
    emit(
        HazardListed(
            hazard_id=hazard.id,
            ref=hazard.ref,
            region_code=hazard.region_code,
            level=listing.level,
            listed=listed,
        )
    )


@transaction.atomic
def publish(ref: str, *, unit_name: str, place: str, summary: str, until: date | None, actor: Actor) -> Publication:
    """Show a hazard to the public, with only the fields the law allows, until a day.

    Raises PersonalDataInText, Invalid, Conflict, NotFound, NotPermitted.
    """
    hazard = get_hazard(ref, actor=actor, lock=True)
    actor.require("hazards.publish", hazard)
    now = timezone.now()
    if hazard.published:
        raise Conflict(what=Text("公示", "Publication"))
    for field, text in (("unit_name", unit_name), ("place", place), ("summary", summary)):
        if match := PERSONAL.search(text):
            raise PersonalDataInText(field=field, found=match.group(0))
    if until is None:
        days = rule("hazards.publication_days", region=hazard.region_code, on=local_day(now)).value["days"]
        until = local_day(now) + timedelta(days=days)
    if until <= local_day(now):
        raise Invalid(
            Text("公示截止日须在今天之后。", "The last day of publication must lie after today."), field="until"
        )
    published = Publication.objects.create(
        hazard=hazard,
        region_code=hazard.region_code,
        county_code=hazard.county_code,
        unit_name=unit_name,
        place=place,
        summary=summary,
        grade=hazard.grade,
        progress=hazard.state,
        published_at=now,
        published_by=actor.id,
        until=until,
    )
    _mark_published(hazard, True, actor=actor, at=now)
    return published


@transaction.atomic
def withdraw(ref: str, *, reason: str, actor: Actor) -> Publication:
    """Take a publication off, with the reason; the record of it stays."""
    hazard = get_hazard(ref, actor=actor, lock=True)
    actor.require("hazards.publish", hazard)
    shown = hazard.publications.filter(withdrawn_at__isnull=True).first()
    if shown is None:
        raise NotFound(what=Text("公示", "publication"), ref=ref)
    now = timezone.now()
    shown.withdrawn_at, shown.withdrawal_reason = now, reason
    shown.save(update_fields=["withdrawn_at", "withdrawal_reason"])
    _mark_published(hazard, False, actor=actor, at=now, note=reason)
    return shown


def _mark_published(hazard: Hazard, shown: bool, *, actor: Actor, at: datetime, note: str = "") -> None:
    act = "publish" if shown else "withdraw"
    hazard.published = shown
    hazard.save(update_fields=["published", "changed_at"])
    add_step(hazard, act, actor=actor, at=at, source=hazard.state, note=note)
    record(actor, f"hazards:publication:{act}", hazard.ref, region=hazard.region_code, after={"published": int(shown)})
