"""How far a job is, for the person who asked for it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.jobs import asking
from wanghuo.kernel.jobs.states import JOB
from wanghuo.kernel.ui.pages import go, render


@needs()
@require_GET
def show(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The page, and for htmx the same as a fragment that is fetched again while the job is open."""
    row = asking.get_job(job_id, actor=request.actor)  # type: ignore[attr-defined]
    return render(request, "jobs/job.html", {"title": row.title, "job": row, "machine": JOB})


@needs()
@require_POST
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Ask it to stop."""
    row = asking.cancel(job_id=job_id, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, row.url)
