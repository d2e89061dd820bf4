"""Pages of upkeep: what is down and who mends it, what runs out, who must be connected, who is covered, the league."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.scope import grants_q
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import coverage, league, lifetimes, selectors
from wanghuo.modules.sensing.models import Device, Outage
from wanghuo.modules.sensing.upkeep_tables import CONNECTION, DOWN, EXPIRING, HOUSEHOLDS

LEAGUES = {"maker": Text("厂家", "Makers"), "installer": Text("安装单位", "Installers")}
STRETCHES = {30: Text("近 30 天", "30 days"), 90: Text("近 90 天", "90 days"), 365: Text("近一年", "a year")}


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@needs("sensing.view")
@require_GET
def down(request: HttpRequest) -> HttpResponse:
    """The devices that are off line or in fault: since when, who must mend them, and by when."""
    return DOWN.respond(request, selectors.lasting(Outage.objects.visible_to(_actor(request))))  # type: ignore[return-value]


@needs("sensing.view")
@require_GET
def expiring(request: HttpRequest) -> HttpResponse:
    """Devices whose SIM, battery or service life has run out or soon will."""
    rows = Device.objects.visible_to(_actor(request)).select_related("unit")
    return EXPIRING.respond(request, lifetimes.running_out(rows, local_day(timezone.now())))  # type: ignore[return-value]


@needs("places.view")
@require_GET
def connection(request: HttpRequest) -> HttpResponse:
    """The units that must be connected: which are, and which are missing."""
    actor = _actor(request)
    units = places.must_connect().filter(grants_q(actor, "places.view"))
    return CONNECTION.respond(request, selectors.connections(units))  # type: ignore[return-value]


@needs("ledgers.view")
@require_GET
def households(request: HttpRequest) -> HttpResponse:
    """Weak households, and whether each has a smoke alarm that works."""
    actor = _actor(request)
    rows = coverage.households().visible_to(actor)  # type: ignore[attr-defined]
    return HOUSEHOLDS.respond(request, coverage.with_devices(rows, actor))  # type: ignore[return-value]


@needs("indicators.view")
@require_GET
def leagues(request: HttpRequest) -> HttpResponse:
    """Makers and installers by what their devices do."""
    by = request.GET.get("by", "")
    by = by if by in LEAGUES else "installer"
    days = request.GET.get("days", "")
    stretch = int(days) if days.isdecimal() and int(days) in STRETCHES else 90
    today = local_day(timezone.now())
    region = _region(request)
    rows = league.standings(_actor(request), by, today - timedelta(days=stretch), today, region)
    context = {
        "title": Text("厂家与安装单位排名", "League of makers and installers"),
        "rows": rows,
        "by": by,
        "leagues": LEAGUES.items(),
        "days": stretch,
        "stretches": STRETCHES.items(),
        "region": region,
        "least_devices": league.MIN_DEVICES,
        "least_repairs": league.MIN_REPAIRS,
    }
    return render(request, "sensing/league.html", context)


def _region(request: HttpRequest) -> str:
    home = _actor(request).home
    try:
        return codes.normalise(request.GET.get("region", "") or home)
    except ValueError:
        return home
