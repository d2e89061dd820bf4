"""Running jobs, in the worker."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from wanghuo.base import AppError, Text, failpoints
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.jobs import beats
from wanghuo.kernel.jobs.models import JobRun
from wanghuo.kernel.jobs.registry import Cancelled, Progress, kind_of
from wanghuo.kernel.jobs.states import JOB, JobState

log = logging.getLogger(__name__)
KEPT = timedelta(days=30)
LOST_AFTER = timedelta(seconds=60)


class Broken(AppError):
    """A fault of ours; the log has the rest under its number."""

    code = "jobs.broken"
    status = 500
    text = Text(
        "任务因内部错误停止，编号 {ref}，请告知系统管理员。",
        "The job stopped on an internal error; tell the system administrator number {ref}.",
    )


class AskerGone(AppError):
    """The account that asked is closed."""

    code = "jobs.asker_gone"
    status = 409
    text = Text("提出任务的账号已停用，任务不再执行。", "The account that asked for the job is closed; it is not run.")


class Interrupted(AppError):
    """The process that ran it ended."""

    code = "jobs.interrupted"
    status = 500
    text = Text(
        "执行任务的进程中途退出；已写入的部分保留，可重新提交。",
        "The process that ran the job ended midway; what it had written stays. It can be asked for again.",
    )


@task()
def run_job(job_id: str) -> str:
    """Run one job to its end; returns the state it ended in. It never raises: the person sees why it failed."""
    row = _start(UUID(job_id))
    if row is None:
        return "skipped"
    try:
        progress = Progress(lambda *seen: _note(row.id, *seen), actor=_asker(row), job_id=row.id)
        failpoints.at("jobs.run", row.kind)
        result = kind_of(row.kind)(progress, **row.params)
    except Cancelled as error:
        return _end(row, "cancel", error=error)
    except AppError as error:
        return _end(row, "fail", error=error)
    except Exception:
        ref = str(new_id())[-8:]
        log.exception("job %s (%s) failed, number %s", row.id, row.kind, ref)
        return _end(row, "fail", error=Broken(ref=ref))
    return _end(row, "finish", result=result)


@transaction.atomic
def _start(job_id: UUID) -> JobRun | None:
    row: JobRun | None = JobRun.objects.select_for_update().filter(pk=job_id).first()
    if row is None or row.state != JobState.WAITING:
        return None  # stopped before it began
    row.state, row.started_at, row.worker = JOB.move(row.state, "start").target, timezone.now(), beats.my_name("worker")
    row.save(update_fields=["state", "started_at", "worker"])
    return row


def _asker(row: JobRun) -> Actor:
    if row.asked_by is None:
        return system_actor("worker")
    user = User.objects.filter(pk=row.asked_by, is_active=True).first()
    if user is None:
        raise AskerGone
    return actor_of(user, via="worker")


def _note(job_id: UUID, done: int, total: int, note: Text | None) -> bool:
    """Write progress down; whether the job is to go on. Inside the job's own transaction nobody could see it: not
    written.
    """
    rows = JobRun.objects.filter(pk=job_id)
    if not connection.in_atomic_block:
        words = {"note_zh": note.zh[:200], "note_en": note.en[:200]} if note else {}
        rows.update(done=done, total=total, **words)
    return not rows.filter(cancel_asked=True).exists()


def _end(row: JobRun, move: str, *, result: Any = None, error: AppError | None = None) -> str:
    changes: dict[str, Any] = {
        "state": JOB.move(JobState.RUNNING, move).target,
        "ended_at": timezone.now(),
        "result": result,
    }
    if error is not None:
        message = error.message
        changes |= {"error_code": error.code, "error_zh": message.zh[:1000], "error_en": message.en[:1000]}
    JobRun.objects.filter(pk=row.pk, state=JobState.RUNNING).update(**changes)
    return str(changes["state"])


def run_waiting(stopped: Any = lambda: False) -> int:
    """Run the jobs that wait, one after another, until none is left or `stopped()`; how many. Several workers may do
    so.
    """
    count = 0
    while not stopped() and (claimed := _claim()) is not None:
        try:
            claimed.set_successful(claimed.task.call(*claimed.args_kwargs["args"], **claimed.args_kwargs["kwargs"]))
        except Exception as error:
            log.exception("task %s failed", claimed.id)
            claimed.set_failed(error)
        count += 1
    return count


@transaction.atomic
def _claim() -> DBTaskResult | None:
    found: DBTaskResult | None = DBTaskResult.objects.ready().get_locked()
    if found is not None:
        found.claim(beats.my_name("worker")[:64])
    return found


def end_interrupted() -> int:
    """Mark the jobs whose process is gone, so that nobody waits for them; how many."""
    alive = [beat.name for beat in beats.beats() if timezone.now() - beat.at < LOST_AFTER]
    lost = list(JobRun.objects.filter(state=JobState.RUNNING).exclude(worker__in=alive))
    for row in lost:
        _end(row, "fail", error=Interrupted())
    return len(lost)


def forget_ended() -> int:
    """Delete jobs that ended long ago, and their tasks; how many jobs."""
    before = timezone.now() - KEPT
    DBTaskResult.objects.finished().filter(finished_at__lt=before).delete()
    return JobRun.objects.filter(ended_at__lt=before).delete()[0]
