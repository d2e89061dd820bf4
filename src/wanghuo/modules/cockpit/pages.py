"""The first page of each role, and the leader's page."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs, public_page
from wanghuo.kernel.accounts.actors import first_page
from wanghuo.kernel.indicators.pages import asked
from wanghuo.kernel.ui import render
from wanghuo.modules.cockpit.board import board
from wanghuo.modules.cockpit.decisions import decisions, wrong_today
from wanghuo.modules.cockpit.map_pages import COUNTY_DIGITS


@public_page
@require_GET
def start(request: HttpRequest) -> HttpResponseBase:
    """The address alone: to the first page of the role, or to the sign-in page."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect("/login")
    return HttpResponseRedirect(first_page(request.actor))  # type: ignore[attr-defined]


@needs("indicators.view")
@require_GET
def overview(request: HttpRequest) -> HttpResponseBase:
    """The leader's page of ?region= and ?period=; ?by= orders the regions below by one indicator; ?wall=1 for a wall."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    now = timezone.now()
    region, period = asked(request, now)
    found = board(region, period, actor=actor, now=now)
    by = request.GET.get("by", "")
    context = {
        "title": Text("总览", "Overview"),
        "board": found,
        "region": region,
        "period": period,
        "now": now,
        "wrong": wrong_today(region, actor=actor),
        "decisions": decisions(found, actor=actor, now=now),
        "lines": found.lines(by),
        "by": by,
        "outline": region[:COUNTY_DIGITS],
    }
    wall = request.GET.get("wall") == "1"
    return render(request, "cockpit/wall.html" if wall else "cockpit/overview.html", context)
