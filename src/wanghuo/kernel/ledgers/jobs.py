"""The long steps as jobs, each as the person who asked for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.jobs import Progress, enqueue, job
from wanghuo.kernel.jobs.periodic import every
from wanghuo.kernel.ledgers import exporting, service
from wanghuo.kernel.ledgers.models import ImportRun
from wanghuo.kernel.ledgers.registers.reminders import remind
from wanghuo.kernel.ui.language import current

REMIND_EVERY_S = 3600


@job("ledgers.check")
def run_check(progress: Progress, *, run_id: str) -> dict[str, Any]:
    """Check an import."""
    return {"url": service.check(run_id=UUID(run_id), actor=progress.actor, progress=progress).url}


@job("ledgers.write")
def run_write(progress: Progress, *, run_id: str) -> dict[str, Any]:
    """Write an import."""
    return {"url": service.write(run_id=UUID(run_id), actor=progress.actor, progress=progress).url}


@job("ledgers.export")
def run_export(
    progress: Progress, *, code: str, query: str, language: str, as_kind: str, file_id: str
) -> dict[str, Any]:
    """Write a list to a file."""
    count = exporting.write_job(code, query, language, as_kind, file_id, progress.actor)
    progress(count, count, Text("导出完成", "exported"))
    return {"url": f"/data/exports/{file_id}.{as_kind}"}


@every(REMIND_EVERY_S, "ledgers.remind")
def remind_of_unconfirmed() -> None:
    """Ask for the lines whose confirmation has lapsed."""
    remind(timezone.now())


def check(run: ImportRun, actor: Actor) -> None:
    """Check an import in the background."""
    _enqueue("ledgers.check", run, actor, Text("检查导入：{name}", "Check import: {name}"))


def write(run: ImportRun, actor: Actor) -> None:
    """Write an import in the background."""
    _enqueue("ledgers.write", run, actor, Text("写入导入：{name}", "Write import: {name}"))


def _enqueue(kind: str, run: ImportRun, actor: Actor, title: Text) -> None:
    asked = enqueue(kind, actor=actor, title=title.filled({"name": run.file_name}), run_id=str(run.id))
    ImportRun.objects.filter(pk=run.pk).update(job=str(asked.id))


def export(code: str, query: str, kind: str, file_id: str, listing: Any) -> str:
    """Export a list in the background; the page of the job, which leads to the file when it is ready."""
    title = Text("导出：{name}", "Export: {name}").filled({"name": listing.page.title})
    params = {"code": code, "query": query, "language": current(), "as_kind": kind, "file_id": file_id}
    return enqueue("ledgers.export", actor=listing.actor, title=title, **params).url
