"""Pages of reported indicators: what I must report, what I must judge, one report, the gallery of presets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.scope import grants_q
from wanghuo.kernel.files import files_of
from wanghuo.kernel.indicators import defining, reporting
from wanghuo.kernel.indicators.forms import DefineForm, MaybeNoteForm, NoteForm, ValueForm
from wanghuo.kernel.indicators.models import ReportedIndicator, ReportedValue
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.presets import TOPICS, presets
from wanghuo.kernel.indicators.reported import FREQUENCIES
from wanghuo.kernel.indicators.states import MARKS, REPORT, REPORT_RIGHT, REVIEW_RIGHT, TO_REPORT, TO_REVIEW
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui.acts import acts_for
from wanghuo.kernel.ui.filters import Choice, Flag, Words
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.lists import Column, Empty, Link, ListPage
from wanghuo.kernel.ui.pages import go, render
from wanghuo.kernel.ui.spans import Span


def _value(row: ReportedValue) -> Text | str:
    value, unit = row.value, row.definition.unit
    if value is None:
        return ""
    shown = f"{value:,.1f}".removesuffix(".0")
    parts = f"（{row.num:g}/{row.den:g}）" if row.den else ""
    return f"{shown} {unit}{parts}".strip()


def _name(row: ReportedValue) -> Text:
    return Text(row.definition.name_zh, row.definition.name_en)


def _period(row: ReportedValue) -> Text:
    return Period.parse(row.period, row.period_last).label


COLUMNS = (
    Column("ref", Text("编号", "Reference"), kind="ref", wide=True),
    Column("name", Text("指标", "Indicator"), value=_name),
    Column("region", Text("区划", "Region"), value="region_code", kind="region"),
    Column("period_name", Text("统计期", "Period"), value=_period),
    Column("shown", Text("数值", "Value"), value=_value),
    Column("state", Text("状态", "State"), kind="state", machine=REPORT, marks={str(k): v for k, v in MARKS.items()}),
    Column("due_at", Text("期限", "Due"), kind="due", sort="due_at", met="submitted_at"),
    Column("reported_name", Text("填报人", "Reported by"), wide=True),
)
FILTERS = (
    Choice("state", Text("状态", "State"), {str(k): v for k, v in REPORT.names.items()}),
    Words("code", Text("指标代码", "code"), where=lambda words: Q(definition__code=words.lower())),
    Flag("waiting", Text("未采信", "not accepted"), lambda: ~Q(state="accepted")),
    Flag("overdue", Text("已逾期", "overdue"), lambda: Q(state__in=TO_REPORT, due_at__lt=timezone.now())),
    Span(
        "of",
        Text("统计期", "period"),
        where=lambda start, end: Q(period_last__gte=local_day(start), period_first__lt=local_day(end)),
    ),
)
LINKS = (
    Link(Text("我要填的", "Mine to report"), "/indicators/reports", REPORT_RIGHT),
    Link(Text("待我审核", "Mine to review"), "/indicators/reviews", REVIEW_RIGHT),
    Link(Text("全部填报", "All reports"), "/indicators/reports?all=1", "indicators.view"),
    Link(Text("导入", "Import"), "/data/imports/new?kind=indicator_values", REPORT_RIGHT),
)


def _list(title: Text, empty: Text) -> ListPage:
    return ListPage(
        title=title,
        what=Text("填报", "reports"),
        code="indicators:report",
        row_url="/indicators/reports/{0.ref}",
        columns=COLUMNS,
        filters=FILTERS,  # type: ignore[arg-type]
        sort="due_at",
        links=LINKS,
        empty=Empty(empty),
    )


MINE = _list(
    Text("指标填报", "Reports of indicators"),
    Text(
        "现在没有要你填报的指标。统计期开始时，填报任务会自动出现在这里和待办中。",
        "Nothing to report now. When a period begins, its reports appear here and in your inbox.",
    ),
)
REVIEWS = _list(
    Text("填报审核", "Review of reports"),
    Text("没有待审核的填报。", "No report waits for review."),
)


@needs("indicators.view")
@require_GET
def reports(request: HttpRequest) -> HttpResponseBase:
    """What I must report, by due day; with a filter or ?all=1 every report I may see."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = reporting.visible_reports(actor)
    if not {"all", "state", "code", "waiting", "of"} & set(request.GET):
        mine = {grant.region for grant in actor.with_right(REPORT_RIGHT)}  # not what regions below are to report
        rows = rows.filter(state__in=TO_REPORT, region_code__in=mine).filter(grants_q(actor, REPORT_RIGHT))
    return MINE.respond(request, rows)


@needs("indicators.review")
@require_GET
def reviews(request: HttpRequest) -> HttpResponseBase:
    """What waits for my judgement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = reporting.visible_reports(actor).filter(state__in=TO_REVIEW).filter(grants_q(actor, REVIEW_RIGHT))
    return REVIEWS.respond(request, rows)


@needs("indicators.view")
@require_GET
def report(request: HttpRequest, ref: str) -> HttpResponseBase:
    """One report: the number, its evidence, and what was said about it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = reporting.get_report(ref, actor=actor)
    refusals = {}
    if not reporting.may_review(row, actor):
        refusals = dict.fromkeys(("accept", "return", "uphold", "dismiss"), reporting.ReviewerReported.text)
    elif row.reviewed_by is not None and row.reviewed_by == actor.id:
        refusals = dict.fromkeys(("uphold", "dismiss"), reporting.AppealJudgedTwice.text)
    before = reporting.visible_reports(actor).filter(
        definition=row.definition, region_code=row.region_code, period_last__lt=row.period_first
    )
    context = {
        "row": row,
        "title": _name(row),
        "definition": row.definition,
        "period": _period(row),
        "formula": Text(row.definition.formula_zh, row.definition.formula_en),
        "evidence": Text(row.definition.evidence_zh, row.definition.evidence_en)
        if row.definition.evidence_zh
        else None,
        "machine": REPORT,
        "mark": MARKS.get(row.state, ""),  # type: ignore[call-overload]
        "acts": acts_for(REPORT, row.state, actor=actor, row=row, url=row.url, refusals=refusals),
        "files": files_of(defining.SUBJECT_KIND, row.id, actor),
        "before": [(each, _period(each), _value(each)) for each in before.order_by("-period_last")[:6]],
        "shown": _value(row),
        "frequency": FREQUENCIES[row.definition.frequency],
    }
    return render(request, "indicators/report.html", context)


@dataclass(frozen=True, slots=True)
class ActForm:
    """The form of an act on a report and the service it calls."""

    form: type[Form]
    save: Callable[[str, dict[str, Any], Actor], Any]
    after: Text | None = None


def _judge(decision: str) -> Callable[[str, dict[str, Any], Actor], Any]:
    return lambda ref, data, actor: reporting.review_value(ref=ref, decision=decision, actor=actor, **data)


ACTS = {
    "submit": ActForm(
        ValueForm,
        lambda ref, data, actor: reporting.report_value(ref=ref, files=data.pop("evidence"), actor=actor, **data),
        Text("提交后由机构外的人审核", "somebody outside your body will review it"),
    ),
    "appeal": ActForm(NoteForm, lambda ref, data, actor: reporting.appeal(ref=ref, actor=actor, **data)),
    "accept": ActForm(MaybeNoteForm, _judge("accept"), Text("采信后计入指标", "it will count")),
    "return": ActForm(NoteForm, _judge("return"), Text("退回后重新计时", "the clock for reporting starts anew")),
    "uphold": ActForm(MaybeNoteForm, _judge("uphold"), Text("采信后计入指标", "it will count")),
    "dismiss": ActForm(NoteForm, _judge("dismiss")),
}


@needs("indicators.report", "indicators.review")
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, ref: str, name: str) -> HttpResponseBase:
    """The form of one act on a report, and its doing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = reporting.get_report(ref, actor=actor)
    form = ACTS.get(name)
    if form is None:
        raise Http404
    if request.method == "GET":
        move = next(move for move in REPORT.moves if move.name == name)
        actor.require(move.right, row)
        REPORT.move(row.state, name)
    known = {"num": row.num, "den": row.den, "note": row.note} if name == "submit" else {}
    label = Text(f"{REPORT.label(name).zh}：{_name(row).zh}", f"{_name(row).en}: {REPORT.label(name).en}")
    return answer(
        request,
        form.form,
        save=lambda data: form.save(ref, data, actor),
        then=row.url,
        title=label,
        submit=REPORT.label(name),
        after=form.after,
        initial=known,
        form_kwargs={"definition": row.definition} if name == "submit" else None,
    )


@needs("indicators.target")
@require_GET
def gallery(request: HttpRequest) -> HttpResponseBase:
    """The presets, by topic: what each asks for, and whether it is in use."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    region = _home(actor)
    used = {
        row.code: any(codes.contains(place, region) for place in row.regions)
        for row in ReportedIndicator.objects.filter(active=True)
    }
    cards = [(each, used.get(each.code, False), FREQUENCIES[each.frequency]) for each in presets()]
    groups = [(name, [card for card in cards if card[0].topic == code]) for code, name in TOPICS.items()]
    context = {"title": Text("填报指标库", "Gallery of reported indicators"), "groups": groups, "region": region}
    return render(request, "indicators/gallery.html", context)


def _home(actor: Actor) -> str:
    grants = [g.region for g in actor.with_right(defining.DEFINE_RIGHT) if g.unit is None]
    return min(grants, key=len, default=codes.COUNTRY)


@needs("indicators.target")
@require_POST
def use(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Take up a preset for the actor's region."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    defining.adopt(f"reported.{slug}", _home(actor), actor)
    return go(request, f"/indicators/reported.{slug}")


@needs("indicators.target")
@require_http_methods(["GET", "POST"])
def define(request: HttpRequest) -> HttpResponseBase:
    """Define a reported indicator of one's own."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return answer(
        request,
        DefineForm,
        save=lambda data: _define(data, actor),
        then=lambda row: f"/indicators/{row.code}",
        title=Text("新建填报指标", "A new reported indicator"),
        submit=Text("建立并布置填报", "Define and ask for it"),
        after=Text("本期填报任务随即发出", "the reports of this period are asked for at once"),
    )


def _define(data: dict[str, Any], actor: Actor) -> ReportedIndicator:
    name, formula, evidence = data.pop("name_zh"), data.pop("formula_zh"), data.pop("evidence_zh")
    english, words = data.pop("name_en"), data.pop("words")
    return defining.define_reported(
        name=Text(name, english or name),
        formula=Text(formula, formula),
        evidence=Text(evidence, evidence) if evidence else None,
        words=[word.strip() for word in words.split("、") if word.strip()],
        region=_home(actor),
        actor=actor,
        **data,
    )


@needs("indicators.target")
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, code: str) -> HttpResponseBase:
    """Ask for an indicator no more."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return answer(
        request,
        Form,
        save=lambda data: defining.withdraw(code, actor),
        then="/indicators",
        title=Text("停止填报", "Ask for it no more"),
        submit=Text("停止填报", "Ask no more"),
        after=Text("已采信的数值保留，未填的任务关闭", "accepted values stay, what is still to be reported is closed"),
    )
