"""Pages of letters: the list over the kernel's papers, and a new one from any record."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.papers import PAPER, OfficialPaper
from wanghuo.kernel.papers.models import Copy
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.accountability import forms
from wanghuo.modules.accountability.models import Letter
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, actor_of
from wanghuo.modules.accountability.services import facts, letters
from wanghuo.modules.accountability.services.letters import LETTERS
from wanghuo.modules.accountability.states import LETTER_RIGHT
from wanghuo.modules.accountability.tables import LETTERS_PAGE


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Letters, with where their receipt and answer stand."""
    rows = OfficialPaper.objects.visible_to(actor_of(request)).filter(kind__in=LETTERS)
    return LETTERS_PAGE.respond(request, rows)


@needs(LETTER_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A letter about a record (`?about=hazard:YH-…`), else about the person's own region; facts filled in."""
    actor = actor_of(request)
    region = common.home(actor, LETTER_RIGHT)
    kind, _, ref = request.GET.get("about", "").partition(":")
    if not ref:
        kind, ref = "region", region
    about = facts.about(kind, ref, actor=actor)

    def save(data: dict[str, Any]) -> letters.Paper:
        return letters.write_letter(data.pop("kind"), about_kind=kind, about_ref=ref, actor=actor, **data)

    return answer(
        request,
        forms.letter_form(common.bodies(region, actor)),
        save=save,
        then=lambda paper: paper.url,
        title=Text("起草文书", "New letter"),
        submit=Text("起草", "Draft"),
        after=Text(
            "带出下列事实，可再改；送签、用印后送达", "drafted with the facts below, to be edited, approved and sealed"
        ),
        initial={"kind": request.GET.get("kind", ""), "to": [str(body.pk) for body in about.to]},
        template="accountability/letter_new.html",
        context={"about": about},
    )


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """A letter: the facts it states with their sources, and where each addressee stands."""
    actor = actor_of(request)
    paper = OfficialPaper.objects.visible_to(actor).filter(ref=ref).first()
    if paper is None:
        raise NotFound(what=PAPER.what, ref=ref)
    context = {
        "title": Text(paper.title, paper.title),
        "paper": paper,
        "machine": PAPER,
        "kind": LETTERS.get(paper.kind, Text(paper.kind, paper.kind)),
        "letter": Letter.objects.visible_to(actor).filter(paper_id=paper.id).first(),
        "copies": Copy.objects.filter(paper=paper).order_by("position"),
    }
    return render(request, "accountability/letter.html", context)
