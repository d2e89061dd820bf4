"""Pages of indicators: the catalogue, and one indicator with trend, ranking, target and definition."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms as fields
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.indicators import boards
from wanghuo.kernel.indicators.measuring import Measure
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import indicator, indicators
from wanghuo.kernel.indicators.targets import RIGHT, paper_targets, set_target
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import forms, render

KEPT_WILL_DO = timedelta(minutes=11)  # the worker computes everything anew each ten


def asked(request: HttpRequest, now: datetime) -> tuple[str, Period]:
    """The region and period in the address; the actor's own region and this year without them, or where they cannot
    be read.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    today = local_day(now)
    try:
        region = codes.normalise(request.GET.get("region", "") or _home(actor))
    except ValueError:
        region = _home(actor)
    try:
        period = Period.parse(request.GET.get("period", "") or str(today.year), today)
    except ValueError:
        period = Period.year(today.year)
    return region, period


def _home(actor: Actor) -> str:
    grants = [g.region for g in actor.with_right(boards.VIEW) if g.unit is None]
    return min(grants, key=len, default=codes.COUNTRY)


@needs("indicators.view")
@require_GET
def catalogue(request: HttpRequest) -> HttpResponseBase:
    """Every indicator with its definition and its value in ?region= and ?period=."""
    now = timezone.now()
    region, period = asked(request, now)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    boards.require_region(actor, region)
    shown = [
        boards.measure(each.code, region, period, actor=actor, now=now, with_below=False, since=now - KEPT_WILL_DO)
        for each in indicators()
    ]
    papers = [t for t in paper_targets() if codes.contains(t.region, region) or codes.contains(region, t.region)]
    context = {
        "title": Text("指标", "Indicators"),
        "measures": shown,
        "region": region,
        "period": period,
        "papers": papers,
        "computed_at": min((m.computed_at for m in shown if m.computed_at), default=None),
    }
    return render(request, "indicators/catalogue.html", context)


@needs("indicators.view")
@require_GET
def detail(request: HttpRequest, code: str) -> HttpResponseBase:
    """One indicator in ?region= and ?period=."""
    now = timezone.now()
    region, period = asked(request, now)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = boards.measure(code, region, period, actor=actor, now=now)
    points = boards.trend(found.indicator, region, now=now)
    before = boards.months_of_year_before(found.indicator, region, points)
    tile = boards.tile_of(found, points)
    context = {
        "title": found.indicator.name,
        "indicator": found.indicator,
        "found": found,
        "tile": tile,
        "region": region,
        "period": period,
        "above": _above(actor, region),
        "chart": boards.chart_of(found, points, before),
        "rows": ranked(found),
        "unranked": [m for m in found.by_region if m.small],
        "silent": [m for m in found.by_region if m.value is None],
        "records": {part: _records(found, actor, part) for part in ("num", "den", "gap")},
        "target": IndicatorTarget.objects.visible_to(actor)
        .filter(code=code, region_code=region, period=period.key)
        .first(),
        "may_target": actor.can(RIGHT) and period.kind in ("year", "quarter", "month"),
        "papers": [t for t in paper_targets() if t.code == code],
    }
    return render(request, "indicators/indicator.html", context)


def ranked(found: Measure) -> list[tuple[int, Measure]]:
    """The regions below with their rank; equal values share one. Small samples and unknown values have none."""
    rows: list[tuple[int, Measure]] = []
    for place, each in enumerate((m for m in found.by_region if m.value is not None and not m.small), 1):
        same = rows and rows[-1][1].value == each.value
        rows.append((rows[-1][0] if same else place, each))
    return rows


def _above(actor: Actor, region: str) -> list[str]:
    """The regions above that the actor may look at."""
    grants = [g.region for g in actor.with_right(boards.VIEW) if g.unit is None]
    return [code for code in codes.ancestors(region) if actor.is_system or any(codes.contains(g, code) for g in grants)]


def _records(found: Measure, actor: Actor, part: str) -> str:
    records = found.indicator.records
    return records(actor, found.region, found.period, part) if records else ""


class TargetForm(forms.Form):
    """A target."""

    region = fields.CharField(label=Text("区划代码", "Division code"), max_length=15)  # type: ignore[arg-type]
    period = fields.CharField(
        label=Text("期间", "Period"),  # type: ignore[arg-type]
        help_text=Text("年、季或月：2026、2026-Q4、2026-11", "2026, 2026-Q4 or 2026-11"),  # type: ignore[arg-type]
        max_length=10,
    )
    value = fields.FloatField(label=Text("目标值", "Target"))  # type: ignore[arg-type]
    source = fields.CharField(
        label=Text("依据", "Set by"),  # type: ignore[arg-type]
        help_text=Text("文件或会议", "a paper or a meeting"),  # type: ignore[arg-type]
        max_length=300,
    )


@needs("indicators.target")
@require_http_methods(["GET", "POST"])
def target(request: HttpRequest, code: str) -> HttpResponseBase:
    """Set the target of an indicator."""
    of = indicator(code)
    region, period = asked(request, timezone.now())
    return forms.answer(
        request,
        TargetForm,
        title=Text(f"设定目标：{of.name.zh}", f"Set the target: {of.name.en}"),
        save=lambda data: set_target(code=code, actor=request.actor, **data),  # type: ignore[attr-defined]
        then=lambda t: f"/indicators/{code}?region={t.region_code}&period={t.period}",
        submit=Text("设定", "Set"),
        initial=_initial(code, region, period, request.actor),  # type: ignore[attr-defined]
    )


def _initial(code: str, region: str, period: Period, actor: Actor) -> dict[str, Any]:
    old = IndicatorTarget.objects.visible_to(actor).filter(code=code, region_code=region, period=period.key).first()
    known = {"value": old.value, "source": old.source} if old else {}
    return {"region": region, "period": period.key, **known}
