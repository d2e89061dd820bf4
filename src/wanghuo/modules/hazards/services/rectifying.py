"""Ordering, extending, proving and enforcing the rectification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.hazards import rules
from wanghuo.modules.hazards.models import Extension, Hazard, Notice
from wanghuo.modules.hazards.services.evidence import LABELS, Label, Photo, keep, labels_of
from wanghuo.modules.hazards.services.moves import begin, finish
from wanghuo.modules.hazards.words import Grade, NoticeKind, Service

NUMBER_PREFIX = {NoticeKind.AT_ONCE: "LG", NoticeKind.BY_DATE: "XG", NoticeKind.MAJOR: "ZG"}


@transaction.atomic
def order_rectification(
    ref: str,
    *,
    due_at: datetime,
    demands: str,
    second_officer: str,
    service: Service,
    interim_measures: str = "",
    actor: Actor,
) -> Hazard:
    """Order a hazard to be put right by `due_at` (责令限期改正) and record how the paper was served.

    `due_at`: aware; kept in UTC. The length is set by difficulty, no number is fixed (120号令 art 20). Raises NotFound,
    NotPermitted, MoveRefused, DueDateInPast, SecondOfficerMissing, and then writes nothing. Source: 消防法 (2021) art 54.
    """
    hazard, move = begin(ref, "order", actor=actor)
    now = timezone.now()
    rules.check_deadline(due_at, now)
    officer = rules.check_second_officer(second_officer)
    kind = NoticeKind.MAJOR if hazard.grade == Grade.MAJOR else NoticeKind.BY_DATE
    in_force = rule(rules.NOTICE_RULE, region=hazard.region_code, on=local_day(now))
    notice = Notice.objects.create(
        hazard=hazard,
        kind=kind,
        number=next_ref(NUMBER_PREFIX[kind], hazard.region_code, local_day(now).year),
        issued_at=now,
        issued_by=actor.id,
        second_officer=officer,
        service=service,
        served_at=now,
        due_at=due_at,
        demands=demands,
        rule=in_force.id,
    )
    changed = {"due_at": due_at, "ordered_at": now, "interim_measures": interim_measures}
    return finish(hazard, move, actor=actor, changed=changed, note=notice.number, after={"notice": notice.number})


@transaction.atomic
def self_fix(ref: str, *, interim_measures: str = "", actor: Actor) -> Hazard:
    """The unit takes a hazard on itself (自知自查自改); it has the days of the rule hazards.self_fix_days."""
    hazard, move = begin(ref, "self_fix", actor=actor)
    now = timezone.now()
    days = rule("hazards.self_fix_days", region=hazard.region_code, on=local_day(now)).value
    changed = {"due_at": now + timedelta(days=days["days"]), "interim_measures": interim_measures}
    return finish(hazard, move, actor=actor, changed=changed)


@transaction.atomic
def extend(ref: str, *, new_due_at: datetime, reason: str, actor: Actor) -> Hazard:
    """Grant a later deadline (批准延期), with the reason; how often that happened is counted on the hazard."""
    hazard, move = begin(ref, "extend", actor=actor)
    now = timezone.now()
    rules.check_deadline(new_due_at, now)
    assert hazard.due_at is not None  # a hazard being rectified has a deadline
    if new_due_at <= hazard.due_at:
        raise rules.NotLater(field="new_due_at", old=timezone.localtime(hazard.due_at))
    Extension.objects.create(
        hazard=hazard,
        old_due_at=hazard.due_at,
        new_due_at=new_due_at,
        reason=reason,
        granted_by=actor.id,
        granted_at=now,
    )
    changed = {"due_at": new_due_at, "extensions": hazard.extensions + 1}
    return finish(hazard, move, actor=actor, changed=changed, note=reason, after={"due_at": new_due_at.isoformat()})


@transaction.atomic
def submit(ref: str, *, note: str, photos: Sequence[Photo] = (), actor: Actor) -> Hazard:
    """Prove that it was put right and ask for the re-inspection (申请复查); needs a photograph after."""
    hazard, move = begin(ref, "submit", actor=actor)
    digests = keep(hazard, photos, actor=actor)
    rules.check_evidence(labels_of(hazard, actor), needed=Label.AFTER, name=LABELS[Label.AFTER])
    changed = {"submitted_at": timezone.now(), "submitted_by": actor.id}
    return finish(hazard, move, actor=actor, changed=changed, note=note, after={"sha256": digests})


@transaction.atomic
def enforce(ref: str, *, measure: str, actor: Actor) -> Hazard:
    """Go over to enforcement (转执法处置) after a hazard was not put right in time (120号令 art 20)."""
    hazard, move = begin(ref, "enforce", actor=actor)
    return finish(hazard, move, actor=actor, note=measure)
