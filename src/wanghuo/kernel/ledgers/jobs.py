"""The long steps as jobs, each as the person who asked for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.jobs import enqueue, job
from wanghuo.kernel.ledgers import exporting, service
from wanghuo.kernel.ledgers.models import ImportRun
from wanghuo.kernel.ui.language import current


def _actor(user_id: int | None) -> Actor:
    return actor_of(User.objects.get(pk=user_id, is_active=True)) if user_id else system_actor("worker")


@job("ledgers.check")
def run_check(progress: Any, *, run_id: str, user_id: int | None) -> None:
    """Check an import."""
    service.check(run_id=UUID(run_id), actor=_actor(user_id), progress=progress)


@job("ledgers.write")
def run_write(progress: Any, *, run_id: str, user_id: int | None) -> None:
    """Write an import."""
    service.write(run_id=UUID(run_id), actor=_actor(user_id), progress=progress)


@job("ledgers.export")
def run_export(
    progress: Any, *, code: str, query: str, language: str, kind: str, file_id: str, user_id: int | None
) -> None:
    """Write a list to a file."""
    count = exporting.write_job(code, query, language, kind, file_id, _actor(user_id))
    progress(count, count, Text("导出完成", "exported"))


def check(run: ImportRun, actor: Actor) -> None:
    """Check an import in the background."""
    _enqueue("ledgers.check", run, actor, Text("检查导入：{name}", "Check import: {name}"))


def write(run: ImportRun, actor: Actor) -> None:
    """Write an import in the background."""
    _enqueue("ledgers.write", run, actor, Text("写入导入：{name}", "Write import: {name}"))


def _enqueue(kind: str, run: ImportRun, actor: Actor, title: Text) -> None:
    enqueue(kind, actor=actor, title=title.filled({"name": run.file_name}), run_id=str(run.id), user_id=actor.id)


def export(code: str, query: str, kind: str, file_id: str, listing: Any) -> str:
    """Export a list in the background; the address where the file will be."""
    title = Text("导出：{name}", "Export: {name}").filled({"name": listing.page.title})
    params = {"code": code, "query": query, "language": current(), "kind": kind, "file_id": file_id}
    enqueue("ledgers.export", actor=listing.actor, title=title, user_id=listing.actor.id, **params)
    return f"/data/exports/{file_id}.{kind}"
