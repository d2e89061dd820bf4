"""Re-inspecting: going there, and judging what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.hazards import rules
from wanghuo.modules.hazards.models import Hazard, Recheck
from wanghuo.modules.hazards.services.evidence import Photo, keep
from wanghuo.modules.hazards.services.moves import begin, finish

Conclusion = Literal["pass", "part", "fail"]


@transaction.atomic
def start_recheck(ref: str, *, note: str = "", actor: Actor) -> Hazard:
    """Begin a re-inspection that the unit did not ask for: the deadline has come (120号令 art 20)."""
    hazard, move = begin(ref, "recheck", actor=actor)
    return finish(hazard, move, actor=actor, note=note)


@transaction.atomic
def judge_recheck(
    ref: str,
    *,
    conclusion: Conclusion,
    second_officer: str,
    note: str = "",
    new_due_at: datetime | None = None,
    photos: Sequence[Photo] = (),
    actor: Actor,
) -> Hazard:
    """Judge a re-inspection (复查): `pass` closes the hazard, `part` sets a new deadline, `fail` makes it overdue.

    Whoever asked for the re-inspection may not judge it. Raises NotFound, NotPermitted, MoveRefused, FixerMayNotClose,
    SecondOfficerMissing, DueDateInPast, and then writes nothing. Source: 120号令 arts 14, 20.
    """
    hazard, move = begin(ref, conclusion, actor=actor)
    rules.check_judge(actor.id, hazard.submitted_by)
    officer = rules.check_second_officer(second_officer)
    now = timezone.now()
    digests = keep(hazard, photos, actor=actor)
    Recheck.objects.create(
        hazard=hazard,
        done_at=now,
        inspector=actor.id,
        second_officer=officer,
        conclusion=conclusion,
        note=note,
    )
    changed: dict[str, object] = {}
    if conclusion == "pass":
        changed = {"closed_at": now, "closed_by": actor.id}
    elif conclusion == "part":
        if new_due_at is None:
            raise Invalid(Text("请填写新的整改期限。", "Give the new deadline."), field="new_due_at")
        rules.check_deadline(new_due_at, now)
        changed = {"due_at": new_due_at}
    return finish(hazard, move, actor=actor, changed=changed, note=note, after={"sha256": digests})
