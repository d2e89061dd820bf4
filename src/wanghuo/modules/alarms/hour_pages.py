"""The page of the hours of the day: where and when fires and signals come."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import exports
from wanghuo.kernel.ui.components import region_label
from wanghuo.kernel.ui.context import region_of
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.alarms.hour_map import HOURS, MEASURES, RIGHT, HourMap, hour_map

TITLE = Text("时段分布", "Hours of the day")
WHOLE, SUM = Text("合计", "all"), Text("合计", "Sum")
DEFAULT_DAYS, LONGEST_DAYS = 7, 366
SPANS = {"1d": Text("今日", "Today"), "7d": Text("近 7 天", "7 days"), "30d": Text("近 30 天", "30 days"), "90d": Text("近 90 天", "90 days")}  # fmt: skip


@needs(RIGHT)
@require_GET
def hours(request: HttpRequest) -> HttpResponseBase:
    """Divisions by hours of the day: fire alarms, fires, signals, messages or devices heard, over a period.

    Whoever sees the figures may take them away: they are sums that name nobody, as a ranking table's are.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    now, region = timezone.now(), region_of(request)
    period = _period(request.GET.get("period", ""))
    measure = request.GET.get("measure", "")
    measure = measure if measure in MEASURES else next(iter(MEASURES))
    found = hour_map(actor, region, period, measure, now)
    kind = request.GET.get("export", "")
    if kind in exports.TYPES:
        return exports.as_file(_table(found, region, period, measure, actor), kind)
    context = {
        "title": TITLE,
        "region": region,
        "period": period,
        "spans": SPANS.items(),
        "measure": measure,
        "measures": MEASURES.items(),
        "hours": HOURS,
        "map": found,
        "lines": found.shaded(),
        "whole": found.whole.values,
        "summed": measure != "devices",
        "alarms_kind": {"fires": "kind=fire", "confirmed": "kind=fire&state=fire&state=closed"}.get(measure, ""),
        "above": codes.parent(region) if region != actor.home and codes.contains(actor.home, region) else None,
    }
    return render(request, "alarms/hours.html", context)


def _period(written: str) -> Period:
    """The period in the URL; the last seven days without one, or with one that cannot be read or is longer than a year."""
    today = local_day(timezone.now())
    try:
        found = Period.parse(written, today)
    except ValueError:
        found = None
    return found if found and found.days <= LONGEST_DAYS else Period.parse(f"{DEFAULT_DAYS}d", today)


def _table(found: HourMap, region: str, period: Period, measure: str, actor: Actor) -> exports.Table:
    """The page as a file: a line for each division, with its code, and one for all of them."""
    heads = [say(Text("区划", "Division")), say(Text("代码", "Code")), *(f"{hour:02d}" for hour in HOURS), say(SUM)]
    lines = [
        (region_label(line.code), codes.written(line.code), *_written(line.values), line.total) for line in found.lines
    ]
    whole = (say(WHOLE), codes.written(region), *_written(found.whole.values), found.whole.total)
    sentence = f"{region_label(region)} · {say(period.label)} · {say(MEASURES[measure])}"
    return exports.Table(TITLE, heads, [*lines, whole], sentence, actor.name, timezone.localtime())


def _written(values: Any) -> list[Any]:
    return (
        ["" if value is None else value for value in values] if values else [say(Text("未报", "no data"))] * len(HOURS)
    )
