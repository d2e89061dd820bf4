"""What is kept back from operators, why, and until when: shelved, under maintenance, asked on the spot; each can be released."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import Reason, Text
from wanghuo.engines.alarm_logic import ROUTE_NAMES, Route
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui.context import region_of
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.alarms import forms, selectors, services
from wanghuo.modules.alarms.models import Alarm, MaintenanceWindow, Shelf
from wanghuo.modules.alarms.states import KEPT_ROUTES, WAITING
from wanghuo.modules.alarms.words import NAMES

SHOWN = 100
ORDER = ("ask", "hold", "group", "wait")


@needs("alarms.view")
@require_GET
def kept(request: HttpRequest) -> HttpResponse:
    """Everything that stands and that no operator was called to, with its reason and its end; shelves and windows."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    region, now = region_of(request), timezone.now()
    route = request.GET.get("route", "")
    rows = selectors.visible(actor).in_region(region).filter(state__in=WAITING)
    rows = rows.filter(route=route) if route in KEPT_ROUTES else rows.filter(route__in=KEPT_ROUTES)
    counts = selectors.kept_counts(actor, region=region)
    lately = Q(ended_at__isnull=True) | Q(ended_at__gte=now - timedelta(hours=24))
    context = {
        "title": Text("搁置与维护", "Shelved, asked, under maintenance"),
        "region": region,
        "route": route,
        "routes": [(r, ROUTE_NAMES[Route[r.upper()]], counts[r]) for r in ORDER],
        "total": sum(counts.values()),
        "rows": [_line(alarm) for alarm in rows.select_related("first_out").order_by("priority", "id")[:SHOWN]],
        "shelves": [
            (s, NAMES[s.condition], s.ended_at is None and actor.can("alarms.handle", s))
            for s in Shelf.objects.visible_to(actor).in_region(region).filter(lately).order_by("-started_at")[:SHOWN]
        ],
        "windows": [
            (w, w.ended_at is None and actor.can("alarms.handle", w), w.starts_at <= now)
            for w in MaintenanceWindow.objects.visible_to(actor)
            .in_region(region)
            .filter(lately)
            .order_by("-starts_at")[:SHOWN]
        ],
        "may_announce": actor.can("alarms.handle"),
    }
    return render(request, "alarms/kept.html", context)


def _line(alarm: Alarm) -> dict[str, object]:
    reason = alarm.route_reasons[-1] if alarm.route_reasons else None
    return {
        "alarm": alarm,
        "name": NAMES[alarm.condition],
        "route": ROUTE_NAMES[Route[alarm.route.upper()]],
        "why": Reason(reason[0], Text(reason[1], reason[2]), {}, reason[3]) if reason else None,
    }


@needs("alarms.handle")
@require_POST
def end_shelf(request: HttpRequest, shelf_id: UUID) -> HttpResponse:
    """End a shelving before its time."""
    services.unshelve(shelf_id, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, "/alarms/kept")


@needs("alarms.handle")
@require_http_methods(["GET", "POST"])
def new_window(request: HttpRequest) -> HttpResponse:
    """Announce maintenance or a test."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    start = timezone.localtime().replace(second=0, microsecond=0)
    return answer(
        request,
        forms.WindowForm,
        save=lambda data: services.announce(**data, actor=actor),
        then="/alarms/kept",
        title=Text("登记维护时段", "Announce maintenance"),
        submit=Text("登记并通知", "Announce"),
        after=Text("通知单位与值班席；到时自动结束", "the unit and the seats are told; it ends by itself"),
        initial={"target": request.GET.get("target", ""), "starts_at": start, "ends_at": start + timedelta(hours=2)},
    )


@needs("alarms.handle")
@require_POST
def end_window(request: HttpRequest, ref: str) -> HttpResponse:
    """End maintenance before its time."""
    services.end_window(ref, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, "/alarms/kept")
