"""Indicators as pages show them: tiles, trends and rankings; /overview is built from these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators.measuring import Measure, judged, rolled_up
from wanghuo.kernel.indicators.models import DirtyIndicator, IndicatorRefresh, IndicatorValue
from wanghuo.kernel.indicators.periods import Period, months_back
from wanghuo.kernel.indicators.registry import Indicator, Part, indicator, indicators
from wanghuo.kernel.indicators.stored import Stored, stored_parts
from wanghuo.kernel.regions import codes

VIEW = "indicators.view"
REGION = Text("区划", "Region")
TREND_MONTHS = 12


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
    kept = stored_parts(of.code, period)
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
    parts = stored_parts(of.code, before) or parts_now(of, before)
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


def trend(
    of: Indicator, region: str, *, now: datetime, months: int = TREND_MONTHS
) -> list[tuple[Period, float | None]]:
    """The value of each of the last months, oldest first; None where nothing could be measured."""
    periods = months_back(now, months)
    parts = _kept_parts(of, region, periods)
    for period in periods:
        if period.key not in parts:
            parts[period.key] = rolled_up(of.counts(period)).get(region)
    return [(period, of.value(parts[period.key])) for period in periods]


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

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, digits)

    data: dict[str, Any] = {
        "kind": "line",
        "unit": found.indicator.unit,
        "min": 0,
        "labels": [f"{period.first:%Y-%m}" for period, _ in points],
        "series": [
            {"name": Text("实际", "actual"), "data": [rounded(v) for _, v in points]},
        ],
    }
    if any(value is not None for _, value in before):
        points_before = [rounded(value) for _, value in before]
        data["series"].append({"name": Text("上年同月", "a year before"), "data": points_before, "style": "dotted"})
    if found.target is not None and not found.indicator.accumulates:
        data["target"] = found.target
    return data


def months_of_year_before(
    of: Indicator, region: str, points: list[tuple[Period, float | None]]
) -> list[tuple[Period, float | None]]:
    """The same months a year earlier, as far as they are kept; unknown where they are not."""
    periods = [period.year_before() for period, _ in points]
    kept = _kept_parts(of, region, periods)
    return [(p, of.value(kept[p.key]) if p.key in kept else None) for p in periods]
