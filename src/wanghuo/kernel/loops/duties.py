"""Duties: what is expected of whom, until when. One inbox holds them all."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from wanghuo.base import Invalid, MoveRefused, NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import rights
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops.clocks import due, running
from wanghuo.kernel.loops.contracts import Subject
from wanghuo.kernel.loops.models import Clock, Duty, about
from wanghuo.kernel.regions import codes

WHAT = Text("待办", "Duty")
LEVELS = ("unit", *codes.LEVELS)


class SnoozePastDue(Invalid):
    """A duty cannot be put off beyond its deadline."""

    code = "loops.snooze_past_due"
    text = Text(
        "不能推迟到期限 {due_at:%Y-%m-%d %H:%M} 之后。",
        "It cannot be put off past the deadline {due_at:%Y-%m-%d %H:%M}.",
    )


class SnoozeNeedsReason(Invalid):
    """Putting a duty off needs a reason."""

    code = "loops.snooze_needs_reason"
    text = Text("请写明推迟的理由。", "Say why it is put off.")


class SnoozeInPast(Invalid):
    """A duty is put off until a later time."""

    code = "loops.snooze_in_past"
    text = Text("请选择以后的时间。", "Choose a later time.")


@transaction.atomic
def open_duty(
    subject: Subject,
    *,
    move: str,
    title: Text,
    right: str,
    asked_by: Actor,
    due_at: datetime | None = None,
    rule: str = "",
    assignee: int | None = None,
    at_level: str | None = None,
    url: str = "",
    kind: str = "act",
    clock: Clock | None = None,
) -> Duty:
    """Put an expected act into the inbox of whoever holds `right` over the subject.

    `at_level` (unit, town, county, city, province) narrows it to grants at that level, `assignee` to one person.
    Without `due_at` the rule computes it. `kind` "read" asks only to take note. A duty that is open already for the
    same act and addressees is renewed, not doubled. Raises ValueError for an unknown right or level.
    """
    if right not in rights():
        raise ValueError(f"right not in roles.toml: {right}")
    if at_level and at_level not in LEVELS:
        raise ValueError(f"no level {at_level!r}; there are {LEVELS}")
    now = timezone.now()
    clock = clock or (running(subject.kind, subject.id, rule) if rule else None)
    if due_at is None and rule:
        due_at = clock.due_at if clock else due(rule, region=subject.region_code, start=now).at
    values = {
        "title_zh": title.zh[:200],
        "title_en": title.en[:300],
        "url": url or subject.url,
        "asked_by": asked_by.id,
        "asked_by_name": asked_by.name[:64],
        "due_at": due_at,
        "rule": rule,
        "clock": clock,
        "rung": clock.rung if clock else 0,
    }
    same = {"move": move, "right": right, "at_level": at_level or "", "assignee": assignee, "kind": kind}
    rows = Duty.objects.select_for_update().filter(
        subject_kind=subject.kind, subject_id=subject.id, closed_at=None, **same
    )
    if open_already := rows.first():
        for name, value in values.items():
            setattr(open_already, name, value)
        open_already.save(update_fields=list(values))
        return open_already
    place = scope_columns(subject.region_code, sector=subject.sector, unit=subject.unit)
    return Duty.objects.create(**about(subject), **place, **same, **values, opened_at=now)


def close_duties(subject_kind: str, subject_id: UUID, *, move: str | None = None, by: Actor) -> int:
    """Close the open duties of a record: all of them, or those of one act. Returns how many there were."""
    rows = Duty.objects.filter(subject_kind=subject_kind, subject_id=subject_id, closed_at=None)
    if move is not None:
        rows = rows.filter(move=move)
    return rows.update(closed_at=timezone.now(), closed_by=by.id)


def inbox(actor: Actor) -> QuerySet[Duty]:
    """The open duties addressed to the actor, the most urgent first."""
    return Duty.objects.visible_to(actor).still_open().order_by(F("due_at").asc(nulls_last=True), "id")


def get_duty(duty_id: UUID, *, actor: Actor, lock: bool = False) -> Duty:
    """The one way to load a duty that is addressed to the actor. Raises NotFound."""
    rows = Duty.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows).filter(pk=duty_id).first()
    if found is None:
        raise NotFound(what=WHAT, ref=duty_id)
    return found


@transaction.atomic
def mark_read(*, duty_id: UUID, actor: Actor) -> Duty:
    """Take note of a duty that asks for no more (已阅). Raises NotFound, MoveRefused."""
    duty = get_duty(duty_id, actor=actor, lock=True)
    if duty.kind != "read" or duty.closed_at:
        state = Text("已办结", "done") if duty.closed_at else Text("待办", "to be done")
        raise MoveRefused(what=WHAT, state=state, move=Text("标为已阅", "take note"), possible=Text("无", "none"))
    duty.closed_at, duty.closed_by = timezone.now(), actor.id
    duty.save(update_fields=["closed_at", "closed_by"])
    record(actor, "loops:duty:read", duty.subject_ref, region=duty.region_code, after={"move": duty.move})
    return duty


@transaction.atomic
def snooze(*, duty_id: UUID, until: datetime, reason: str, actor: Actor) -> Duty:
    """Put a duty off: it drops below the others until then. Needs a reason and cannot pass the deadline.

    Raises NotFound, SnoozeNeedsReason, SnoozeInPast, SnoozePastDue.
    """
    duty = get_duty(duty_id, actor=actor, lock=True)
    if not reason.strip():
        raise SnoozeNeedsReason(field="reason")
    if until <= timezone.now():
        raise SnoozeInPast(field="until")
    if duty.due_at is not None and until > duty.due_at:
        raise SnoozePastDue(field="until", due_at=timezone.localtime(duty.due_at))
    duty.snoozed_until, duty.snooze_reason = until, reason.strip()[:200]
    duty.save(update_fields=["snoozed_until", "snooze_reason"])
    after = {"until": until.isoformat(), "reason": duty.snooze_reason}
    record(actor, "loops:duty:snooze", duty.subject_ref, region=duty.region_code, after=after)
    return duty
