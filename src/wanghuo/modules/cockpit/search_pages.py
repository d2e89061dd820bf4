"""The page of the search, and its rows below the search box."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui import render
from wanghuo.kernel.ui.context import region_of
from wanghuo.kernel.ui.pages import target
from wanghuo.modules.cockpit import search as searching

IN_BOX, ON_PAGE = 8, 20
BOX = "search-results"


@needs()
@require_GET
def search(request: HttpRequest) -> HttpResponseBase:
    """?q= in everything the person may see; for the search box (HX-Target search-results) the rows alone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    words = request.GET.get("q", "")
    in_box = target(request) == BOX
    groups = searching.search(
        words,
        actor=actor,
        region=region_of(request) if "region" in request.GET else "",
        limit=IN_BOX if in_box else ON_PAGE,
    )
    context = {
        "title": Text("搜索", "Search"),
        "words": words,
        "groups": _cut(groups, IN_BOX) if in_box else groups,
        "searched": listing([source.name for source in searching.sources_for(actor)]),
    }
    return render(request, "cockpit/_results.html" if in_box else "cockpit/search.html", context)


def _cut(groups: list[searching.Group], rows: int) -> list[searching.Group]:
    """Eight rows in all, each sort getting its best ones in turn."""
    share = max(1, rows // len(groups)) if groups else 0
    return [searching.Group(group.name, group.hits[:share] if len(groups) > 1 else group.hits) for group in groups]
