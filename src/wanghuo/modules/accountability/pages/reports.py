"""Pages of situation reports."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.audit import record
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.accountability import forms
from wanghuo.modules.accountability.models import Report
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import frame, reports
from wanghuo.modules.accountability.states import LETTER_RIGHT, ReportState
from wanghuo.modules.accountability.tables import REPORTS
from wanghuo.modules.accountability.words import REPORT_KINDS

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Every situation report."""
    return REPORTS.respond(request, Report.objects.visible_to(actor_of(request)))


@needs(LETTER_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Draft a report from the records."""
    actor = actor_of(request)
    region = common.home(actor, LETTER_RIGHT, request.GET.get("region", ""))
    return answer(
        request,
        forms.NewReportForm,
        save=lambda data: reports.draft(region=region, actor=actor, **data),
        then=lambda report: report.url,
        title=Text("起草情况报告", "Draft a report"),
        submit=Text("按数据起草", "Draft from data"),
        initial={"kind": "month", "period": f"{local_day(timezone.now()):%Y-%m}"},
    )


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One report as it reads, every number linked to its source."""
    actor = actor_of(request)
    row = frame.load(Report, ref, actor=actor)
    extra = []
    if row.state == ReportState.DRAFT and frame.may(actor, LETTER_RIGHT, row):
        extra.append(Act("edit", Text("改文字", "edit the words"), f"{row.url}/acts/edit"))
    context = common.base(
        row,
        actor,
        acts=common.offered(row, actor, extra),
        kind=REPORT_KINDS[row.kind],
        document=reports.document(row).html(),
        numbers=sorted(row.numbers.items(), key=lambda pair: int(pair[0][1:])),
        loose=reports.loose_numbers(row) if row.state == ReportState.DRAFT else [],
        file_url=f"{row.url}/docx",
    )
    return render(request, "accountability/report.html", context)


@needs(VIEW)
@require_GET
def docx(request: HttpRequest, ref: str) -> HttpResponse:
    """The report as a docx, its numbers as links."""
    actor = actor_of(request)
    row = frame.load(Report, ref, actor=actor)
    record(actor, "accountability:report:export", row.ref, region=row.region_code, after={"kind": "docx"})
    response = HttpResponse(
        reports.document(row).docx(base=f"{request.scheme}://{request.get_host()}"), content_type=DOCX
    )
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.title)}.docx"
    return response


def _edit(ref: str, data: dict[str, Any], actor: Actor) -> Report:
    return reports.edit(ref, title=data.pop("title"), words=data, actor=actor)


ACTS = {
    "edit": ActForm(
        lambda row, actor: forms.report_form(row), _edit,
        Text("[[n1]] 这样的记号是数字，可移动、删去，值不会变", "marks like [[n1]] are numbers: move or delete them, their values stay"),
        initial=lambda row: {"title": row.title, **{s["code"]: "\n".join(s["paragraphs"]) for s in row.sections}},
        label=Text("改文字", "edit the words"), needs_move="issue",
    ),
    "issue": ActForm(
        forms.EmptyForm, lambda ref, data, actor: reports.issue(ref, actor=actor),
        Text("按现有文字起草公文，送签用印后报出", "an official paper is drafted from these words"),
    ),
    "discard": ActForm(forms.ReasonForm, lambda ref, data, actor: reports.discard(ref, reason=data["reason"], actor=actor)),
}  # fmt: skip
act = common.act_view(Report, ACTS)
