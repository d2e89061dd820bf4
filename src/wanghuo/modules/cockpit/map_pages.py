"""The map and its points."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui import render, say
from wanghuo.kernel.ui.context import region_of
from wanghuo.modules.cockpit.grid import FINEST_ZOOM, Box
from wanghuo.modules.cockpit.layers import RIGHTS, layers_for
from wanghuo.modules.cockpit.models import MapLayer
from wanghuo.modules.cockpit.points import View, signs

WORLD = Box(-180.0, -90.0, 180.0, 90.0)
DEFAULT_ZOOM = 9
COUNTY_DIGITS = 6  # what lies below a county has no outline of its own


@needs(*RIGHTS)
@require_GET
def map_page(request: HttpRequest) -> HttpResponseBase:
    """The map of ?region=; ?kinds= switches layers on, ?state= narrows them."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    asked = request.GET.get("kinds")
    on = set(asked.split(",")) if asked is not None else None
    layers = [
        {"kind": each.kind, "label": say(each.label), "on": each.kind in on if on is not None else each.on}
        for each in layers_for(actor)
    ]
    region, states = region_of(request), request.GET.getlist("state")
    context = {
        "title": Text("一张图", "Map"),
        "region": region,
        "layers": layers,
        "outline": region[:COUNTY_DIGITS],
        "points_url": _points_url(states),
        "states": states,
        "counted_at": MapLayer.objects.order_by("counted_at").values_list("counted_at", flat=True).first(),
    }
    return render(request, "cockpit/map.html", context)


def _points_url(states: list[str]) -> str:
    known = "&".join(f"state={state}" for state in states if state.isidentifier())
    return f"/map/points.json?{known}" if known else "/map/points.json"


@needs(*RIGHTS)
@require_GET
def map_points(request: HttpRequest) -> HttpResponseBase:
    """GeoJSON of ?region=, ?bbox=west,south,east,north, ?zoom= and ?kinds=."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    view = View(
        region=region_of(request),
        box=Box.parse(request.GET.get("bbox", "")) or WORLD,
        zoom=_zoom(request.GET.get("zoom", "")),
        states=tuple(request.GET.getlist("state")),
    )
    found = signs(layers_for(actor, request.GET.get("kinds")), view, actor=actor)
    features = [point.as_geojson() for point in found]
    response = JsonResponse(
        {"type": "FeatureCollection", "features": features}, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _zoom(text: str) -> int:
    try:
        return min(max(int(float(text)), 0), FINEST_ZOOM)
    except (ValueError, OverflowError):
        return DEFAULT_ZOOM
