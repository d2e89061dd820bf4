"""Pages of indicators: the catalogue, and one indicator with trend, ranking, target and definition."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.indicators import boards, following
from wanghuo.kernel.indicators.aims import aim_of
from wanghuo.kernel.indicators.forms import TargetForm
from wanghuo.kernel.indicators.measuring import Earlier, Measure, stages_of
from wanghuo.kernel.indicators.models import IndicatorTarget, ReportedIndicator
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.presets import TOPICS
from wanghuo.kernel.indicators.progressing import Progress, progress, running
from wanghuo.kernel.indicators.registry import indicator, offered
from wanghuo.kernel.indicators.states import REPORT_RIGHT, REVIEW_RIGHT
from wanghuo.kernel.indicators.targets import RIGHT, paper_targets, set_target
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import forms, render

Points = list[tuple[Period, float | None]]
FIRST_TOPIC, MOST_GOALS = "prevention", 6
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
    """Targets and how they go, and every indicator with its definition and its value, in ?region= and ?period=.

    Of days that nobody keeps values of, one topic at a time is computed.
    """
    now = timezone.now()
    region, period = asked(request, now)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    boards.require_region(actor, region)
    topic = request.GET.get("topic", "")
    if topic not in TOPICS:
        topic = "" if boards.is_kept(period, now) else FIRST_TOPIC
    since = now - KEPT_WILL_DO
    shown = boards.overview(region, period, actor=actor, now=now, since=since, topic=topic)
    papers = [t for t in paper_targets() if codes.contains(t.region, region) or codes.contains(region, t.region)]
    context = {
        "title": Text("指标", "Indicators"),
        "groups": _by_topic(shown),
        "measures": shown,
        "goals": running(actor, region, now, since=since) if not topic else [],
        "topics": TOPICS.items(),
        "topic": topic,
        "all_topics": boards.is_kept(period, now),
        "region": region,
        "period": period,
        "papers": papers if not topic else [],
        "may_define": actor.can(RIGHT),
        "may_report": actor.can(REPORT_RIGHT) or actor.can(REVIEW_RIGHT),
        "computed_at": min((m.computed_at for m in shown if m.computed_at), default=None),
    }
    return render(request, "indicators/catalogue.html", context)


def _by_topic(shown: list[Measure]) -> list[tuple[Text, list[Measure]]]:
    groups = [(TOPICS[code], [m for m in shown if boards.topic_of(m.indicator) == code]) for code in TOPICS]
    return [(name, measures) for name, measures in groups if measures]


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
    goals = _goals(actor, code, region, period, now)
    below = {m.region: following.offered(m, actor, now, found) for m in found.by_region}
    context = {
        "title": found.indicator.name,
        "indicator": found.indicator,
        "found": found,
        "tile": tile,
        "region": region,
        "period": period,
        "above": _above(actor, region),
        "chart": _climb(found, points, before, now) or boards.chart_of(found, points, before),
        "rows": ranked(found),
        "follow": following.offered(found, actor, now),
        "below": below,
        "may_follow": any(below.values()),
        "unranked": [m for m in found.by_region if m.small],
        "silent": [m for m in found.by_region if m.value is None],
        "unreported": sum(m.value is None and m.missing > 0 for m in found.by_region) if found.indicator.told else 0,
        "records": {part: _records(found, actor, part) for part in ("num", "den", "gap")},
        "goals": goals,
        "reported": ReportedIndicator.objects.filter(code=code, active=True).first(),
        "evidence": _evidence(code),
        "offered": code in {each.code for each in offered()} if found.indicator.told else False,
        "may_target": actor.can(RIGHT) and period.kind in ("year", "quarter", "month", "range"),
        "papers": [t for t in paper_targets() if t.code == code],
    }
    return render(request, "indicators/indicator.html", context)


def _evidence(code: str) -> Text | None:
    row = ReportedIndicator.objects.filter(code=code).exclude(evidence_zh="").first()
    return Text(row.evidence_zh, row.evidence_en) if row else None


def _goals(actor: Actor, code: str, region: str, period: Period, now: datetime) -> list[Progress]:
    """The targets of the region that run within the period shown, the one of this period first."""
    rows = IndicatorTarget.objects.visible_to(actor).filter(code=code, region_code=region)
    rows = rows.filter(deadline__gte=period.first).order_by("deadline")[:MOST_GOALS]
    goals = [progress(row, now, actor=actor) for row in rows]
    goals = [goal for goal in goals if goal.period.first <= period.last]
    return sorted(goals, key=lambda goal: goal.period.key != period.key)


def _climb(found: Measure, points: Points, before: Points, now: datetime) -> dict[str, Any] | None:
    """A growing count with a target is drawn against its line."""
    of, target = found.indicator, found.set_by
    if target is None or not of.accumulates:
        return None
    stages = stages_of([target]).get(target.pk, [])
    value_in = Earlier(of).of_region(found.region)

    def line(moment: datetime) -> float | None:
        return aim_of(of, target, found.period, moment, value_in=value_in, stages=stages).by_now

    return boards.climb_of(found, points, before, line, now)


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
    rows = IndicatorTarget.objects.visible_to(actor).filter(code=code, region_code=region, period=period.key)
    old = rows.filter(plan_ref="").first()
    names = ("op", "value", "value_high", "basis", "path", "soft", "source", "quote")
    known = {name: getattr(old, name) for name in names} if old else {}
    return {"region": region, "period": period.key, **known}
