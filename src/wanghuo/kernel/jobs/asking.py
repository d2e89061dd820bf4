"""Asking for a job, and asking it to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import MoveRefused, NotFound, Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.jobs.registry import kind_of
from wanghuo.kernel.jobs.states import JOB, JobState
from wanghuo.kernel.outbox.doorbell import ring

if TYPE_CHECKING:
    from wanghuo.kernel.jobs.models import JobRun

BELL = "jobs"


@transaction.atomic
def enqueue(kind: str, *, actor: Actor, title: Text, **params: Any) -> JobRun:
    """Ask for a job; it begins once the present transaction is committed. `params`: JSON values, given to it as they
    are.

    It acts as `actor`, with the roles held when it begins. Raises LookupError for a kind nobody declared.
    """
    from wanghuo.kernel.jobs.models import JobRun
    from wanghuo.kernel.jobs.running import run_job

    kind_of(kind)
    row = JobRun.objects.create(
        kind=kind, title_zh=title.zh[:200], title_en=title.en[:200], params=params, asked_by=actor.id
    )
    run_job.enqueue(str(row.id))
    ring(BELL)
    return row


def get_job(job_id: UUID, *, actor: Actor, lock: bool = False) -> JobRun:
    """The one way to load a job. Another person's job is not found."""
    from wanghuo.kernel.jobs.models import JobRun

    rows = JobRun.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows).filter(pk=job_id).first()
    if found is None:
        raise NotFound(what=JOB.what, ref=job_id)
    return found


@transaction.atomic
def cancel(*, job_id: UUID, actor: Actor) -> JobRun:
    """Ask a job to stop: at once when it still waits, at its next sign of progress when it runs. Raises NotFound,
    MoveRefused.
    """
    row = get_job(job_id, actor=actor, lock=True)
    if not row.is_open:
        raise MoveRefused(what=JOB.what, state=JOB.name(row.state), move=JOB.label("cancel"), possible=listing([]))
    row.cancel_asked = True
    if row.state == JobState.WAITING:
        row.state, row.ended_at = JOB.move(row.state, "cancel").target, timezone.now()
    row.save(update_fields=["cancel_asked", "state", "ended_at"])
    return row
