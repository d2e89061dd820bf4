"""Pages of assessments."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.accountability import catalogue, forms
from wanghuo.modules.accountability.catalogue import Scheme
from wanghuo.modules.accountability.models import Assessment
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import assessments, frame, sheets
from wanghuo.modules.accountability.services.assessments import Result
from wanghuo.modules.accountability.sheets import METHOD_NAMES, PERIODS
from wanghuo.modules.accountability.states import ANSWER_RIGHT, ASSESS_RIGHT, AssessmentState
from wanghuo.modules.accountability.tables import ASSESSMENTS

FROM = {
    "found": Text("评审认定", "review"),
    "measured": Text("系统数据", "records"),
    "self": Text("自评", "self-assessment"),
    "": Text("无数据", "no data"),
}


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Every assessment."""
    return ASSESSMENTS.respond(request, Assessment.objects.visible_to(actor_of(request)))


def scheme_words(scheme: Scheme) -> Text:
    """A scheme as a choice: its title, its period where that is no year, and its version."""
    period = PERIODS[scheme.period]
    zh = "、".join(
        w for w in (period.zh if scheme.period != "year" else "", f"v{scheme.version}" if scheme.version else "") if w
    )
    en = ", ".join(
        w for w in (period.en if scheme.period != "year" else "", f"v{scheme.version}" if scheme.version else "") if w
    )
    return Text(f"{scheme.title.zh}（{zh}）", f"{scheme.title.en} ({en})") if zh else scheme.title


@needs(ASSESS_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin the assessments of a year."""
    actor = actor_of(request)
    region = common.home(actor, ASSESS_RIGHT)
    people = User.objects.filter(pk__in=holders(ASSESS_RIGHT, region)).order_by("display_name")

    def save(data: dict[str, Any]) -> list[Assessment]:
        data["reviewers"] = [int(key) for key in data["reviewers"]]
        return assessments.begin_run(region=region, actor=actor, **data)

    year = local_day(timezone.now()).year
    offered = {code: scheme_words(scheme) for code, scheme in sheets.schemes_for(region).items()}
    return answer(
        request,
        forms.run_form(offered, [(str(u.pk), u.display_name) for u in people], common.bodies(region, actor)),
        save=save,
        then=lambda made: f"/assessments?year={made[0].year}&scheme={made[0].scheme}",
        title=Text("开始考核", "Begin a run"),
        submit=Text("开始", "Begin"),
        after=Text(
            "给每个下级建一份，系统数据先填好，通知自评",
            "one for each below, prefilled; they are asked to assess themselves",
        ),
        initial={"year": year},
    )


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One assessment: each item with its value, its points and why, the total and the ranking."""
    actor = actor_of(request)
    row = frame.load(Assessment, ref, actor=actor)
    found = assessments.result(row)
    reviewers = list(row.reviewers.all())
    reviewing = row.state in (AssessmentState.REVIEW, AssessmentState.APPEALED) and (
        actor.id in {r.user_id for r in reviewers}
    )
    context = common.base(
        row,
        actor,
        acts=common.offered(row, actor),
        why_url=f"{row.url}/why",
        parts=_parts(row, found, actor),
        total=found.total.value,
        grade=found.scheme.grade_name(found.grade),
        scheme=found.scheme,
        reviewers=reviewers,
        ranking=[
            (n, other, found.scheme.grade_name(other.grade))
            for n, other in enumerate(assessments.ranking(row, actor=actor), 1)
        ],
        self_edit=row.state == AssessmentState.SELF and frame.may(actor, ANSWER_RIGHT, row),
        review_edit=reviewing,
    )
    return render(request, "accountability/assessment.html", context)


def _parts(row: Assessment, found: Result, actor: Actor) -> list[dict[str, Any]]:
    files = common.files(row, actor)
    scored = {each.item.code: each for each in found.items}
    parts = []
    for part in found.scheme.parts:
        items = [
            {
                "item": item,
                "line": scored[item.code].line,
                "points": scored[item.code].verdict.value,
                "reasons": scored[item.code].verdict.reasons,
                "vetoed": scored[item.code].vetoed,
                "from": FROM[scored[item.code].line.value_from],
                "files": files.get(f"item:{item.code}", []),
            }
            for item in part.items
        ]
        parts.append({"part": part, "items": items, "got": sum(scored[item.code].verdict.value for item in part.items)})
    return parts


@needs(VIEW)
@require_GET
def why(request: HttpRequest, ref: str) -> HttpResponse:
    """Why this score: every point with its rule, worked out again from what is kept."""
    actor = actor_of(request)
    row = frame.load(Assessment, ref, actor=actor)
    found = assessments.result(row)
    context = {
        "title": Text("得分怎么来的", "Where the score comes from"),
        "row": row,
        "items": [(each, FROM[each.line.value_from], METHOD_NAMES[each.item.rule.method]) for each in found.items],
        "total": found.total,
        "scheme": found.scheme,
        "grade": found.scheme.grade_name(found.grade),
        "same": row.score is None or abs(row.score - found.total.value) < 0.005,
    }
    return render(request, "accountability/assessment_why.html", context)


@needs(ANSWER_RIGHT)
@require_GET
def own(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Where the self-assessment begins: the page itself, whose items open their forms."""
    return detail(request, ref)


@needs(ASSESS_RIGHT)
@require_GET
def reviewing(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Where the review begins: the page itself, whose items open their forms."""
    return detail(request, ref)


@needs(ANSWER_RIGHT)
@require_http_methods(["GET", "POST"])
def own_item(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    """Self-assessment of one item."""
    actor = actor_of(request)
    row, item, line = _item(ref, code, actor)
    return answer(
        request,
        forms.SelfForm,
        save=lambda data: assessments.assess_self(ref, code, actor=actor, **data),
        then=row.url,
        title=item.title,
        submit=Text("保存自评", "Save"),
        initial={"value": line.self_value if line.self_value is not None else line.measured, "note": line.self_note},
    )


@needs(ASSESS_RIGHT)
@require_http_methods(["GET", "POST"])
def review_item(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    """Review of one item."""
    actor = actor_of(request)
    row, item, line = _item(ref, code, actor)
    return answer(
        request,
        forms.ReviewForm,
        save=lambda data: assessments.review(ref, code, actor=actor, **data),
        then=row.url,
        title=item.title,
        submit=Text("保存评审", "Save"),
        initial={"found": line.found, "note": line.found_note},
    )


def _item(ref: str, code: str, actor: Actor) -> tuple[Assessment, catalogue.Item, Any]:
    row = frame.load(Assessment, ref, actor=actor)
    item = next((i for i in assessments.scheme_in(row).items if i.code == code), None)
    if item is None:
        raise Http404
    return row, item, row.items.get(code=code)


ACTS = {
    "submit": ActForm(forms.NoteForm, lambda ref, data, actor: assessments.submit(ref, note=data["note"], actor=actor), Text("随后由评审人评审", "the reviewers then review")),
    "announce": ActForm(forms.NoteForm, lambda ref, data, actor: assessments.announce(ref, note=data["note"], actor=actor), Text("随后起算申诉期", "the time to appeal then begins")),
    "back": ActForm(forms.ReasonForm, lambda ref, data, actor: assessments.back(ref, reason=data["reason"], actor=actor)),
    "appeal": ActForm(forms.AppealForm, lambda ref, data, actor: assessments.appeal(ref, actor=actor, **data)),
    "settle": ActForm(forms.SettleForm, lambda ref, data, actor: assessments.settle(ref, answer=data["answer"], actor=actor)),
    "finalise": ActForm(forms.NoteForm, lambda ref, data, actor: assessments.finalise(ref, note=data["note"], actor=actor), Text("随后起草结果文书", "its paper is then drafted")),
}  # fmt: skip
act = common.act_view(Assessment, ACTS)
