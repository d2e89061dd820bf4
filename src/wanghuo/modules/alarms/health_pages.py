"""The page of alarm health and the page of repeat offenders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from wanghuo.base import NotPermitted, Text
from wanghuo.engines.alarm_logic import PRIORITIES
from wanghuo.engines.alarm_logic.health import BAND_NAMES
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.roles import right_name
from wanghuo.kernel.rulebook import rule
from wanghuo.kernel.ui import exports
from wanghuo.kernel.ui.context import region_of
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.alarms import health as measures
from wanghuo.modules.alarms import selectors, services

SPANS = (
    (1, Text("近 24 小时", "last 24 hours")),
    (7, Text("近 7 天", "last 7 days")),
    (30, Text("近 30 天", "last 30 days")),
)
EXPORT = "alarms.export"


@needs("alarms.view")
@require_GET
def health(request: HttpRequest) -> HttpResponseBase:
    """What operators of a region bear, against the benchmarks; what is kept back and why; who the bad actors are."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    days = next((n for n, _ in SPANS if str(n) == request.GET.get("days")), 1)
    region, end = region_of(request), timezone.now()
    context = {
        **_figures(actor, region, end - timedelta(days=days), end),
        "days": days,
        "spans": SPANS,
        "region": region,
    }
    kind = request.GET.get("export", "")
    if kind in exports.TYPES:
        if not actor.can(EXPORT):
            raise NotPermitted(right=right_name(EXPORT))
        return exports.as_file(_table(context, actor), kind)
    return render(request, "alarms/health.html", {**context, "may_export": actor.can(EXPORT)})


def _figures(actor: Actor, region: str, start: datetime, end: datetime) -> dict[str, Any]:
    rows = measures.alarms_of(actor, region, start, end)
    counts = measures.minutes(selectors.visible(actor).in_region(region), start, end)
    seats = measures.seats_meanwhile(region, start, end)
    borne = measures.load_of(counts, region, start, end, seats)
    classes, kept = measures.by_class(rows), measures.kept_by_reason(rows)
    aims = rule("alarms.class_shares", region=region, on=timezone.localdate()).value
    shown = sum(classes.values())
    signals = shown + sum(n for _, _, n in kept)
    return {
        "title": Text("报警健康", "Alarm health"),
        "load": borne,
        "band": BAND_NAMES[borne.band],
        "peak_band": BAND_NAMES[borne.peak_band],
        "peak_at": datetime.fromtimestamp(borne.peak_at, tz=end.tzinfo) if borne.peak_at else None,
        "flood": round(borne.flood_share * 100, 2),
        "seats": seats,
        "shown": shown,
        "signals": signals,
        "spared": round(100 * (1 - shown / signals), 1) if signals else None,
        "now": measures.standing(actor, region, end),
        "kept": kept,
        "classes": _classes(classes, aims),
        "line": _line(measures.per_hour(counts, start, end), seats, end - start),
        "actors": measures.bad_actors(rows),
        "causes": measures.false_by_cause(rows),
        "types": measures.false_by_type(rows),
        "speeds": measures.speeds(rows),
        "people": measures.seats_of(rows, region, start, end),
        "bands": rule("alarms.load_bands", region=region, on=timezone.localdate()),
    }


def _classes(counts: dict[int, int], aims: Any) -> list[dict[str, Any]]:
    whole = sum(counts.values())
    groups = (((1, 2), "class_1_2"), ((3,), "class_3"), ((4,), "class_4"))
    return [
        {
            "numbers": numbers,
            "words": [PRIORITIES[n] for n in numbers],
            "count": sum(counts[n] for n in numbers),
            "share": round(100 * sum(counts[n] for n in numbers) / whole, 1) if whole else None,
            "aim": aims[key],
        }
        for numbers, key in groups
    ]


def _line(points: list[tuple[datetime, int]], seats: int, span: timedelta) -> dict[str, Any]:
    long = span > timedelta(days=8)
    per = 24 if long else 1
    return {
        "kind": "line",
        "labels": [f"{at:%m-%d}" if long else f"{at:%m-%d %H}" for at, _ in points],
        "series": [
            {"name": Text("每席每小时", "per seat and hour"), "data": [round(n / per / seats, 2) for _, n in points]}
        ],
        "target": 12,
        "min": 0,
    }


def _table(found: dict[str, Any], actor: Actor) -> exports.Table:
    """The page as a file: one line for each figure."""
    load = found["load"]
    lines: list[tuple[Any, ...]] = [
        (say(Text("提示值班员", "shown to operators")), found["shown"], ""),
        (say(Text("每席每小时", "per seat and hour")), round(load.per_hour, 2), say(found["band"])),
        (say(Text("最繁忙 10 分钟（每席）", "worst ten minutes, per seat")), load.peak, say(found["peak_band"])),
        (say(Text("洪泛时间占比 %", "time in flood, %")), found["flood"], ""),
        *((say(Text("现在：", "now: ")) + say(NOW[key]), n, "") for key, n in found["now"].items()),
        *((say(words), n, say(Text("未提示", "kept back"))) for _, words, n in found["kept"]),
        *((say(line["words"][-1]), line["count"], f"{line['share']}%") for line in found["classes"]),
        *((a.device_ref + " " + a.component_key, a.alarms, a.place) for a in found["actors"]),
        *((say(words), n, say(Text("误报原因", "cause"))) for _, words, n in found["causes"]),
        *((say(words), false, f"/ {n}") for words, false, n in found["types"]),
        *((person.name, person.taken, round(person.hours, 1)) for person in found["people"]),
    ]
    heads = [say(Text("项目", "What")), say(Text("数", "Count")), say(Text("说明", "Remark"))]
    sentence = say(Text("近 {days} 天", "last {days} days").filled({"days": found["days"]}))
    return exports.Table(found["title"], heads, lines, sentence, actor.name, timezone.localtime())


NOW = {
    "standing": Text("待处置", "standing"),
    "stale": Text("超 24 小时未消", "stale"),
    "chattering": Text("抖动与时断时续", "chattering"),
    "shelved": Text("搁置点位", "shelved points"),
}


@needs("alarms.view")
@require_GET
def offenders(request: HttpRequest) -> HttpResponse:
    """The points that give false alarms again and again: their fires are verified on the spot first until they are mended."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    region, now = region_of(request), timezone.now()
    context = {
        "title": Text("反复误报点位", "Repeat offenders"),
        "rows": measures.offenders(actor, region, now),
        "rule": rule("alarms.offender", region=region, on=timezone.localdate()),
        "region": region,
        "may_mend": actor.can("alarms.handle") and actor.can("hazards.report"),
    }
    return render(request, "alarms/offenders.html", context)


@needs("alarms.handle")
@require_POST
def mend(request: HttpRequest, ref: str) -> HttpResponse:
    """Send the maintenance firm: a hazard that names the point, with its clock. `ref`: the newest false alarm of the point."""
    found = services.send_mender(ref, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, f"/hazards/{found.ref}")
