"""Work that takes longer than a page: reading a large file and compiling it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from wanghuo.base import Text
from wanghuo.engines.workplan.reading import read_document
from wanghuo.kernel.files import storage
from wanghuo.kernel.files.service import get_file
from wanghuo.kernel.jobs import job
from wanghuo.kernel.jobs.registry import Progress
from wanghuo.modules.workplans import selectors, services

READING, COMPILING = (
    Text("读取文字", "reading the text"),
    Text("识别条目、单位、时限和指标", "finding items, owners, dates and targets"),
)


@job("workplans.compile")
def compile_file(
    progress: Progress, *, plan_id: str, file_id: str, region: str, links: dict[str, str]
) -> dict[str, Any]:
    """Read a kept file and compile it; the result leads to the page it is judged on."""
    actor = progress.actor
    progress(0, 2, READING)
    stored = get_file(UUID(file_id), actor)
    text = read_document(storage.original(stored.id).read_bytes(), name=stored.name)
    progress(1, 2, COMPILING)
    pointed = {name: selectors.get_plan(ref, actor=actor) for name, ref in links.items()}
    plan = services.compile_plan(
        text=text,
        region=region,
        file_name=stored.name,
        actor=actor,
        plan_id=UUID(plan_id),
        upper=pointed.get("upper"),
        earlier=pointed.get("earlier"),
    )
    progress(2, 2)
    return {"url": f"{plan.url}/judge", "lines": plan.lines.count()}
