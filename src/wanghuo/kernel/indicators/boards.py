"""Indicators as pages show them: tiles, trends and rankings; /overview is built from these."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from wanghuo.base import NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators.measuring import Measure, judged, measured_at, rolled_up
from wanghuo.kernel.indicators.models import DirtyIndicator, IndicatorRefresh, IndicatorValue
from wanghuo.kernel.indicators.periods import Period, months_back
from wanghuo.kernel.indicators.presets import TOPICS
from wanghuo.kernel.indicators.registry import Indicator, Part, indicator, indicators
from wanghuo.kernel.indicators.stored import Stored, kept_under, standing_periods, stored_parts
from wanghuo.kernel.regions import codes

VIEW = "indicators.view"
REGION = Text("区划", "Region")
TREND_MONTHS = 12
FINER_TOPICS = {
    "water": "basis",
    "stations": "basis",
    "forces": "basis",
    "equipment": "basis",
    "protection": "basis",
    "places": "prevention",
    "learning": "public",
}
ACTUAL, EXPECTED = Text("实际", "actual"), Text("应达", "expected")
YEAR_BEFORE = Text("上年同月", "a year before")


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of a board, with its change against the period before and the last twelve months."""

    measure: Measure
    before: float | None
    series: tuple[float | None, ...]

    @property
    def label(self) -> Text:
        """The name of the indicator."""
        return self.measure.indicator.name

    @property
    def change(self) -> float | None:
        """How much the value changed against the period before (环比); None when either is unknown."""
        value = self.measure.value
        return None if value is None or self.before is None else value - self.before

    @property
    def url(self) -> str:
        """The page of the indicator."""
        return url_of(self.measure.indicator.code, self.measure.region, self.measure.period)


def url_of(code: str, region: str, period: Period) -> str:
    """The address of an indicator in a region and period."""
    return f"/indicators/{code}?region={region}&period={period.key}"


def require_region(actor: Actor, region: str) -> None:
    """Raise NotFound unless the actor may see indicators of the whole region (a grant for one unit shows none)."""
    if actor.is_system:
        return
    grants = (g for g in actor.with_right(VIEW) if g.unit is None)
    if not any(codes.contains(grant.region, region) for grant in grants):
        raise NotFound(what=REGION, ref=region)


def parts_now(of: Indicator, period: Period, *, since: datetime | None = None) -> Stored:
    """The parts of every region: those kept, unless records changed since or none are kept; then from the records.

    `since`: values computed after this moment will do, though records changed later (pages with many figures, which tell
    their age).
    """
    kept = stored_parts(of, period)
    recent = kept is not None and since is not None and kept.computed_at is not None and kept.computed_at >= since
    if kept is not None and (recent or not DirtyIndicator.objects.filter(code=of.code).exists()):
        return kept
    return Stored(rolled_up(of.counts(period)), None)


def measure(
    code: str,
    region: str,
    period: Period,
    *,
    actor: Actor,
    now: datetime,
    with_below: bool = True,
    since: datetime | None = None,
) -> Measure:
    """One indicator as a page shows it; `since` as in `parts_now`. Raises NotFound for an unknown indicator or a region out
    of reach."""
    require_region(actor, region)
    of = indicator(code)
    parts = parts_now(of, period, since=since)
    return judged(of, region, period, parts.totals, now=now, computed_at=parts.computed_at, with_below=with_below)


def tile(code: str, region: str, period: Period, *, actor: Actor, now: datetime) -> Tile:
    """One figure. Raises NotFound."""
    found = measure(code, region, period, actor=actor, now=now, with_below=False)
    return tile_of(found, trend(found.indicator, region, now=now))


def tile_of(found: Measure, points: Iterable[tuple[Period, float | None]]) -> Tile:
    """A measure that was taken already as a figure; `points`: its trend. The period before is over: what is kept of it
    will do."""
    of, before = found.indicator, found.period.previous()
    parts = stored_parts(of, before) or parts_now(of, before)
    return Tile(found, of.value(parts.totals.get(found.region)), tuple(value for _, value in points))


def tiles(
    region: str, period: Period, *, actor: Actor, now: datetime, codes: Iterable[str] | None = None
) -> list[Tile]:
    """The figures of a board, in the order given; the whole catalogue without `codes`. Raises NotFound."""
    wanted = list(codes) if codes is not None else [each.code for each in indicators()]
    return [tile(code, region, period, actor=actor, now=now) for code in wanted]


def worst(tiles_shown: Iterable[Tile], count: int = 3) -> list[Tile]:
    """The tiles that need a decision first: by light, those without one left out."""
    lit = [each for each in tiles_shown if each.measure.level]
    return sorted(lit, key=lambda t: -(t.measure.level or 0))[:count]


def overview(
    region: str, period: Period, *, actor: Actor, now: datetime, since: datetime, topic: str = ""
) -> list[Measure]:
    """The catalogue (or one topic of it) in a region and period, in few queries: kept values where they will do, else
    computed. `since`: as of `parts_now`. Raises NotFound for a region out of reach.
    """
    require_region(actor, region)
    wanted = [each for each in indicators() if not topic or topic_of(each) == topic]
    keys = {each.code: kept_under(each, period, now).key for each in wanted}
    done = {
        (row.code, row.period): row.computed_at
        for row in IndicatorRefresh.objects.filter(period__in=set(keys.values()))
    }
    parts = {
        (row.code, row.period): Part(row.num, row.den, row.missing)
        for row in IndicatorValue.objects.filter(region=region, period__in=set(keys.values()))
    }
    dirty = set(DirtyIndicator.objects.values_list("code", flat=True))
    found: dict[str, tuple[Indicator, Part | None, datetime | None]] = {}
    for each in wanted:
        kept = (each.code, keys[each.code])
        at = done.get(kept)
        if at is not None and (at >= since or each.code not in dirty):
            found[each.code] = (each, parts.get(kept), at)
        else:
            found[each.code] = (each, rolled_up(each.counts(period)).get(region), None)
    return measured_at(found, region, period, now=now)


def is_kept(period: Period, now: datetime) -> bool:
    """Whether every indicator keeps values of the period, so that the whole catalogue is cheap to show."""
    return period.key in {each.key for each in standing_periods(now)}


def topic_of(of: Indicator) -> str:
    """The group of the catalogue an indicator stands in; the topics of registers are finer."""
    return of.topic if of.topic in TOPICS else FINER_TOPICS.get(of.topic, "responsibility")


def trend(
    of: Indicator, region: str, *, now: datetime, months: int = TREND_MONTHS
) -> list[tuple[Period, float | None]]:
    """The value of each of the last months, oldest first; None where nothing could be measured, or where nothing was
    kept of what is only counted as it stands now."""
    periods = months_back(now, months)
    parts = _kept_parts(of, region, periods)
    known: list[tuple[Period, float | None]] = []
    for period in periods:
        if period.key not in parts and not (of.standing and period is not periods[-1]):
            parts[period.key] = rolled_up(of.counts(period)).get(region)
        known.append((period, of.value(parts[period.key]) if period.key in parts else None))
    return known


def _kept_parts(of: Indicator, region: str, periods: list[Period]) -> dict[str, Part | None]:
    keys = [period.key for period in periods]
    if DirtyIndicator.objects.filter(code=of.code).exists():
        keys = keys[:-1]  # what changed last is mostly of this month; the months before follow within minutes
    done = IndicatorRefresh.objects.filter(code=of.code, period__in=keys).values_list("period", flat=True)
    parts: dict[str, Part | None] = dict.fromkeys(done)
    for row in IndicatorValue.objects.filter(code=of.code, region=region, period__in=list(parts)):
        parts[row.period] = Part(row.num, row.den, row.missing)
    return parts


def chart_of(
    found: Measure, points: list[tuple[Period, float | None]], before: list[tuple[Period, float | None]]
) -> dict[str, Any]:
    """The trend as `{% chart %}` takes it: this year's months, those of the year before, and the target."""
    digits = found.indicator.shown_digits
    data: dict[str, Any] = {
        "kind": "line",
        "unit": found.indicator.unit,
        "min": 0,
        "labels": [f"{period.first:%Y-%m}" for period, _ in points],
        "series": [{"name": ACTUAL, "data": [_rounded(v, digits) for _, v in points]}],
    }
    if any(value is not None for _, value in before):
        points_before = [_rounded(value, digits) for _, value in before]
        data["series"].append({"name": YEAR_BEFORE, "data": points_before, "style": "dotted"})
    if found.target is not None and not found.indicator.accumulates:
        data["target"] = found.target
    return data


def climb_of(
    found: Measure,
    points: list[tuple[Period, float | None]],
    before: list[tuple[Period, float | None]],
    line: Callable[[datetime], float | None],
    now: datetime,
) -> dict[str, Any] | None:
    """A growing count against its target line, month by month added up over its period; None when the months at hand do
    not reach back to where the period begins. `line`: what is expected at a moment.
    """
    months = [month for month in _months_of(found.period) if month.first <= local_day(now)]
    known, year_before = dict(points), {p.key: v for p, v in before}
    if not months or any(month not in known for month in months):
        return None
    digits = found.indicator.shown_digits
    ahead = [month for month in _months_of(found.period) if month not in months]
    actual = list(accumulate((known[month] or 0.0 for month in months), initial=0.0))[1:]
    last_year = [year_before.get(month.year_before().key) for month in months]
    series: list[dict[str, Any]] = [
        {"name": ACTUAL, "data": [*(_rounded(v, digits) for v in actual), *([None] * len(ahead))]},
        {
            "name": EXPECTED,
            "data": [_rounded(line(min(month.end, found.period.end)), digits) for month in (*months, *ahead)],
            "style": "dashed",
        },
    ]
    if any(value is not None for value in last_year):
        sums = list(accumulate((value or 0.0 for value in last_year), initial=0.0))[1:]
        series.append(
            {
                "name": YEAR_BEFORE,
                "data": [*(_rounded(v, digits) for v in sums), *([None] * len(ahead))],
                "style": "dotted",
            }
        )
    labels = [f"{month.first:%Y-%m}" for month in (*months, *ahead)]
    return {"kind": "line", "unit": found.indicator.unit, "min": 0, "labels": labels, "series": series}


def _months_of(period: Period) -> list[Period]:
    """The calendar months that a period touches, at most three years of them."""
    month = Period.month(period.first.year, period.first.month)
    found: list[Period] = []
    while month.first <= period.last and len(found) < 36:
        found.append(month)
        after = month.last + timedelta(days=1)
        month = Period.month(after.year, after.month)
    return found


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def months_of_year_before(
    of: Indicator, region: str, points: list[tuple[Period, float | None]]
) -> list[tuple[Period, float | None]]:
    """The same months a year earlier, as far as they are kept; unknown where they are not."""
    periods = [period.year_before() for period, _ in points]
    kept = _kept_parts(of, region, periods)
    return [(p, of.value(kept[p.key]) if p.key in kept else None) for p in periods]
