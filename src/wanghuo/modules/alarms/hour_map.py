"""What happened where and at which hour of the day: one row for each division below a region, one column for each hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.db.models.functions import ExtractHour, Substr

from wanghuo.base import Text
from wanghuo.base.time import CHINA, local
from wanghuo.engines.alarm_logic import Kind
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.regions import codes, service
from wanghuo.modules.alarms import selectors
from wanghuo.modules.alarms.indicators import FIRES
from wanghuo.modules.sensing import public as sensing

RIGHT = "indicators.view"
HOURS = range(24)
SHADES = 4
"""How many shades of a cell lie above "none"."""

Cells = dict[tuple[str, int], float]
"""Counts by division and hour of the day (0 to 23, China)."""

FIRE_ALARMS: Mapping[str, tuple[Text, Q]] = {
    "fires": (Text("火警", "Fire alarms"), Q(kind=Kind.FIRE)),
    "confirmed": (Text("确认火情", "Confirmed fires"), Q(kind=Kind.FIRE, state__in=FIRES)),
}
"""Measures counted from alarms, by when they were received, past ones from files included."""

FROM_DEVICES: Mapping[str, tuple[Text, sensing.HourMeasure]] = {
    "signals": (Text("设备信号", "Signals"), "alarms"),
    "messages": (Text("设备报文", "Messages"), "messages"),
    "devices": (Text("在报设备（平均）", "Devices heard (mean)"), "devices"),
}
"""Measures counted as messages come in, by division and hour."""

MEASURES: dict[str, Text] = {code: word for code, (word, _) in (*FIRE_ALARMS.items(), *FROM_DEVICES.items())}


@dataclass(frozen=True, slots=True)
class Line:
    """One division. `values`: one for each hour, None where the hour has not come yet; empty where nothing was ever heard in
    the period. `further`: whether divisions lie below."""

    code: str
    values: Sequence[float | None]
    further: bool

    @property
    def total(self) -> float:
        """The sum of the hours."""
        return sum(value or 0 for value in self.values)


@dataclass(frozen=True, slots=True)
class HourMap:
    """The lines by code, and what all of them make up. `unheard`: how many divisions gave nothing to count."""

    lines: Sequence[Line]
    whole: Line
    unheard: int

    @property
    def limits(self) -> list[float]:
        """The least value of each shade: quarters of the greatest value of a cell."""
        top = max((value or 0 for line in self.lines for value in line.values), default=0)
        return [top * step / SHADES for step in range(SHADES)]

    def shaded(self) -> list[tuple[Line, list[tuple[float | None, int]]]]:
        """The lines, with the shade of each cell: 0 for nothing, 1 to `SHADES` for more and more."""
        limits = self.limits
        return [(line, [(value, shade_of(value, limits)) for value in line.values]) for line in self.lines]


def shade_of(value: float | None, limits: Sequence[float]) -> int:
    """The shade of a value among `HourMap.limits`."""
    return sum(value > least for least in limits) if value else 0


def hour_map(actor: Actor, region: str, period: Period, measure: str, now: datetime) -> HourMap:
    """The map of a measure over a period, for the divisions directly below `region` (for the region itself where nothing lies
    below) in which the actor sees figures. Raises KeyError for a measure that is not in `MEASURES`."""
    divisions = [child.code for child in service.children(region)] or [region]
    seen = [code for code in divisions if _sees(actor, code)]
    further = service.divided(seen) - {region}
    days = _days_with(period, now)
    cells = _cells(actor, region, seen, period, measure)
    if measure == "devices":  # different ones in each hour: their mean, since one day's devices are those of the next
        cells = {(code, hour): _mean(n, days[hour]) for (code, hour), n in cells.items() if days[hour]}
    known = {code for code, _ in cells} | _heard(actor, seen, period)
    lines = [Line(code, _row(cells, code, days) if code in known else (), further=code in further) for code in seen]
    sums = [
        round(sum(line.values[hour] or 0 for line in lines if line.values), 1) if days[hour] else None for hour in HOURS
    ]
    return HourMap(lines, Line(region, sums if known else (), further=False), len(seen) - len(known))


def _mean(count: float, days: int) -> float:
    """Whole from ten on: below that, one device of seven days would vanish."""
    mean = count / days
    return round(mean) if mean >= 10 else round(mean, 1)


def _row(cells: Cells, code: str, days: Sequence[int]) -> list[float | None]:
    return [cells.get((code, hour), 0) if days[hour] else None for hour in HOURS]


def _sees(actor: Actor, code: str) -> bool:
    grants = actor.with_right(RIGHT)
    return actor.is_system or any(g.unit is None and codes.contains(g.region, code) for g in grants)


def _days_with(period: Period, now: datetime) -> list[int]:
    """For each hour of the day, on how many days of the period it has begun."""
    whole = (min(period.last, local(now).date() - timedelta(days=1)) - period.first).days + 1
    today = period.covers(now)
    return [max(0, whole) + (today and local(now).hour >= hour) for hour in HOURS]


def _cells(actor: Actor, region: str, divisions: Sequence[str], period: Period, measure: str) -> Cells:
    if measure in FROM_DEVICES:
        return {**sensing.hours_of_day(divisions, period.start, period.end, FROM_DEVICES[measure][1], actor)}
    return _alarms(actor, region, divisions, period, FIRE_ALARMS[measure][1])


def _alarms(actor: Actor, region: str, divisions: Sequence[str], period: Period, which: Q) -> Cells:
    """Alarms by division and hour; those that stand directly in the region, above any division, are in none of them."""
    if not divisions:
        return {}
    rows = (
        selectors.visible(actor)
        .in_region(region)
        .filter(which, received_at__gte=period.start, received_at__lt=period.end)
    )
    part = Substr("region_code", 1, len(divisions[0]))
    counts = rows.annotate(division=part, hour=ExtractHour("received_at", tzinfo=CHINA)).values_list("division", "hour")
    wanted = set(divisions)
    found: Cells = defaultdict(int)
    for division, hour, n in counts.annotate(n=Count("pk")).order_by():
        if division in wanted:
            found[division, hour] += n
    return dict(found)


def _heard(actor: Actor, divisions: Sequence[str], period: Period) -> set[str]:
    """The divisions from whose devices anything came at all: there, nothing counted is a real nought."""
    return {code for code, _ in sensing.hours_of_day(divisions, period.start, period.end, "messages", actor)}
