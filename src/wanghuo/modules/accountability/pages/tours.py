"""Pages of tours."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.rulebook import rule
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.accountability import forms
from wanghuo.modules.accountability.models import Tour
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import frame, sheets, tours
from wanghuo.modules.accountability.states import TOUR_RIGHT, TourState
from wanghuo.modules.accountability.tables import TOURS
from wanghuo.modules.accountability.words import SAMPLE_RESULTS


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Every tour."""
    return TOURS.respond(request, Tour.objects.visible_to(actor_of(request)))


@needs(VIEW)
@require_GET
def coverage(request: HttpRequest) -> HttpResponse:
    """Who was visited this year, and who was not."""
    actor = actor_of(request)
    region = common.home(actor, VIEW, request.GET.get("region", ""))
    wanted = request.GET.get("year", "")
    today = local_day(timezone.now())
    year = int(wanted) if wanted.isdigit() and len(wanted) == 4 and 1950 <= int(wanted) <= 2200 else today.year
    rows = tours.coverage(region, date(year, 1, 1), date(year, 12, 31), actor=actor)
    context = {
        "title": Text("巡查覆盖", "Coverage of tours"),
        "rows": rows,
        "region": region,
        "year": year,
        "years": (year - 1, year + 1),
        "visited": sum(v.times > 0 for v in rows),
        "may_plan": actor.can(TOUR_RIGHT),
    }
    return render(request, "accountability/coverage.html", context)


@needs(TOUR_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Plan a tour."""
    actor = actor_of(request)
    region = common.home(actor, TOUR_RIGHT)
    today = local_day(timezone.now())
    return answer(
        request,
        forms.plan_tour_form(
            common.below(region) or common.places(region),
            {code: c.title for code, c in sheets.checklists_for(region).items()},
        ),
        save=lambda data: tours.plan(actor=actor, **data),
        then=lambda tour: tour.url,
        title=Text("安排巡查", "Plan a tour"),
        submit=Text("安排", "Plan"),
        initial={"month": f"{today:%Y-%m}", "region": request.GET.get("region", "")},
    )


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One tour: points, photographs, the sample and how it was drawn."""
    actor = actor_of(request)
    row = frame.load(Tour, ref, actor=actor)
    extra = []
    if row.state == TourState.BEGUN and frame.may(actor, TOUR_RIGHT, row):
        extra.append(Act("score", Text("现场打分", "score on site"), f"{row.url}/acts/score", main=True))
    photos = common.files(row, actor)
    found = rule(tours.DIFFERENCE_RULE, region=row.visited, on=local_day(timezone.now()))
    context = common.base(
        row,
        actor,
        acts=[*extra, *(a for a in common.offered(row, actor) if a.name != "score")],
        items=[(item, photos.get(f"item:{item.no}", [])) for item in row.items.order_by("place")],
        samples=[
            (sample, SAMPLE_RESULTS[sample.result], tours.SOURCES[sample.source][0])
            for sample in row.samples.order_by("place")
        ],
        checklist=sheets.checklist_told(row.checklist, row.checklist_version),
        reasons=frame.reason_texts(row.reasons),
        rule=found,
        about=f"tour:{row.ref}",
    )
    return render(request, "accountability/tour.html", context)


def _score(ref: str, data: dict[str, Any], actor: Actor) -> Tour:
    items: dict[str, tuple[float | None, str]] = {}
    samples: dict[str, tuple[str, str]] = {}
    files: dict[str, list[Any]] = {}
    for name, value in data.items():
        kind, _, no = name.partition("_")
        if kind == "got":
            items[no] = (value, data[f"note_{no}"])
        elif kind == "photos" and value:
            files[no] = value
        elif kind == "result":
            samples[no] = (value, data[f"found_{no}"])
    return tours.score(ref, items=items, samples=samples, files=files, actor=actor)


def _scored(tour: Tour) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in tour.items.all():
        found |= {f"got_{item.no}": item.got, f"note_{item.no}": item.note}
    for sample in tour.samples.all():
        found |= {f"result_{sample.place}": sample.result, f"found_{sample.place}": sample.found}
    return found


ACTS = {
    "begin": ActForm(
        forms.EmptyForm, lambda ref, data, actor: tours.begin(ref, actor=actor),
        Text("随机数种子和被抽名单会记录在案，可重算", "the seed and the list drawn from are recorded, so anybody can draw again"),
    ),
    "score": ActForm(
        lambda row, actor: forms.score_tour_form(row), _score, Text("可分多次保存", "may be saved more than once"),
        initial=_scored, label=Text("现场打分", "score on site"), needs_move="finish",
    ),
    "finish": ActForm(
        forms.FinishTourForm, lambda ref, data, actor: tours.finish(ref, summary=data["summary"], actor=actor),
        Text("算出得分，请被查方确认", "the score is worked out and the visited are asked to answer"),
    ),
    "answer": ActForm(forms.AnswerForm, lambda ref, data, actor: tours.answer(ref, text=data["text"], actor=actor)),
    "cancel": ActForm(forms.ReasonForm, lambda ref, data, actor: tours.cancel(ref, reason=data["reason"], actor=actor)),
}  # fmt: skip
act = common.act_view(Tour, ACTS)
