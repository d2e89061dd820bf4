"""The figures of the leader's page, from the values kept: one query for the tiles, one for the regions below."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period
from wanghuo.kernel.indicators.boards import TREND_MONTHS, require_region, url_of
from wanghuo.kernel.indicators.measuring import Measure, judged, rolled_up
from wanghuo.kernel.indicators.models import IndicatorRefresh, IndicatorValue
from wanghuo.kernel.indicators.periods import months_back
from wanghuo.kernel.indicators.registry import indicators
from wanghuo.kernel.regions import service

KEY = (
    "alarms.handling_time",
    "alarms.take_on_time_rate",
    "hazards.open",
    "hazards.closing_rate",
    "hazards.on_time_rate",
    "sensing.online_rate",
    "sensing.networking_rate",
)
TILES = (*KEY, "alarms.false_share")
LIGHTS = (("red", 4), ("orange", 3), ("yellow", 2), ("blue", 1), ("green", 0))


@dataclass(frozen=True, slots=True)
class Figure:
    """One tile. `before`: the value of the period before; `series`: the last twelve months, None where nothing is kept."""

    measure: Measure
    before: float | None
    series: tuple[float | None, ...]
    records: str

    @property
    def indicator(self) -> Indicator:
        """What is measured."""
        return self.measure.indicator

    @property
    def url(self) -> str:
        """The page of the indicator, from which the records are one press away."""
        return url_of(self.indicator.code, self.measure.region, self.measure.period)

    @property
    def change(self) -> float | None:
        """The value less that of the period before."""
        value = self.measure.value
        return None if value is None or self.before is None else value - self.before

    @property
    def better(self) -> bool | None:
        """Whether the change is for the better; None without one."""
        if not self.change:
            return None
        return (self.change > 0) == (self.indicator.better == "up")

    @property
    def digits(self) -> int:
        """The decimals shown."""
        return self.indicator.shown_digits

    @property
    def note(self) -> Text | str:
        """Target and change, in words; empty without either."""
        parts = []
        if self.measure.target is not None:
            aim = f"{self.measure.target:,.{self.digits}f}{self.indicator.unit}"
            parts.append(Text(f"目标 {aim}", f"target {aim}"))
        if self.change is not None and round(self.change, self.digits):
            moved = f"{self.change:+,.{self.digits}f}"
            word = Text("向好", "better") if self.better else Text("变差", "worse")
            parts.append(Text(f"较上期 {moved} {word.zh}", f"{moved} on the period before, {word.en}"))
        if not parts:
            return ""
        return Text(" · ".join(p.zh for p in parts), " · ".join(p.en for p in parts))


@dataclass(frozen=True, slots=True)
class Line:
    """One region below, with its measures in the order of the tiles."""

    region: str
    measures: tuple[Measure, ...]

    @property
    def level(self) -> int:
        """The worst light, small samples left out; 0 without any."""
        return max((m.level or 0 for m in self.measures if not m.small), default=0)


@dataclass(frozen=True)
class Board:
    """The whole page: figures of the region, lines of the regions below."""

    region: str
    period: Period
    figures: tuple[Figure, ...]

    @cached_property
    def computed_at(self) -> datetime | None:
        """The age of the oldest figure kept; None when all were counted just now."""
        return min((f.measure.computed_at for f in self.figures if f.measure.computed_at), default=None)

    @cached_property
    def lights(self) -> list[tuple[str, int, int]]:
        """How many figures, here and in the regions below, stand on each light: (name, level, count), the worst first."""
        every = [m for f in self.figures for m in (f.measure, *f.measure.by_region)]
        counts = Counter(m.light for m in every)
        return [(name, level, counts[name]) for name, level in LIGHTS]

    @property
    def ranked(self) -> tuple[Figure, ...]:
        """The figures by which the regions below are compared."""
        return tuple(f for f in self.figures if f.indicator.code in KEY)

    @cached_property
    def unlit(self) -> int:
        """How many figures have no light: no target, or no data."""
        return sum(m.light is None for f in self.figures for m in (f.measure, *f.measure.by_region))

    def lines(self, by: str = "") -> list[Line]:
        """The regions below: the worst by light, or by one indicator; what is unknown or small comes last."""
        rows: dict[str, list[Measure]] = defaultdict(list)
        for figure in self.ranked:
            for each in figure.measure.by_region:
                rows[each.region].append(each)
        lines = [Line(region, tuple(measures)) for region, measures in rows.items()]
        place = next((i for i, f in enumerate(self.ranked) if f.indicator.code == by), None)
        if place is None:
            return sorted(lines, key=lambda line: (-line.level, line.region))
        return sorted(lines, key=lambda line: _worst_first(line.measures[place]))


def _worst_first(measure: Measure) -> tuple[bool, bool, float, str]:
    value = measure.value
    sign = 1 if measure.indicator.better == "up" else -1
    return value is None, measure.small, sign * (value or 0.0), measure.region


def board(region: str, period: Period, *, actor: Actor, now: datetime, codes: Iterable[str] = TILES) -> Board:
    """The board of a region. Raises NotFound for a region the actor may not see figures of."""
    require_region(actor, region)
    known = {each.code: each for each in indicators()}
    wanted = [known[code] for code in codes if code in known]
    kept = _Kept.of(wanted, region, period, now)
    return Board(region, period, tuple(_figure(each, kept, region, period, actor, now) for each in wanted))


def _figure(of: Indicator, kept: _Kept, region: str, period: Period, actor: Actor, now: datetime) -> Figure:
    computed_at = kept.done.get((of.code, period.key))
    totals = kept.totals(of.code, period.key) if computed_at else rolled_up(of.counts(period))
    measure = judged(of, region, period, totals, now=now, computed_at=computed_at)
    records = of.records(actor, region, period, "num") if of.records else ""
    return Figure(measure, kept.value(of, period.previous(), region), kept.series(of, region, now), records)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Values kept for the region in every period shown, and for the regions below in the period asked."""

    parts: Mapping[tuple[str, str], Mapping[str, Part]]
    done: Mapping[tuple[str, str], datetime]

    @classmethod
    def of(cls, wanted: list[Indicator], region: str, period: Period, now: datetime) -> _Kept:
        names = [each.code for each in wanted]
        periods = {period.key, period.previous().key, *(p.key for p in months_back(now, TREND_MONTHS))}
        below = [child.code for child in service.children(region)]
        done = IndicatorRefresh.objects.filter(code__in=names, period__in=periods)
        values = IndicatorValue.objects.filter(code__in=names, period__in=periods)
        rows = [*values.filter(region=region), *values.filter(period=period.key, region__in=below)]
        parts: dict[tuple[str, str], dict[str, Part]] = defaultdict(dict)
        for row in rows:
            parts[row.code, row.period][row.region] = Part(row.num, row.den, row.missing)
        return cls(parts, {(row.code, row.period): row.computed_at for row in done})

    def totals(self, code: str, period: str) -> Mapping[str, Part]:
        return self.parts.get((code, period), {})

    def value(self, of: Indicator, period: Period, region: str) -> float | None:
        """None where the period was never computed: unknown, not zero."""
        if (of.code, period.key) not in self.done:
            return None
        return of.value(self.totals(of.code, period.key).get(region))

    def series(self, of: Indicator, region: str, now: datetime) -> tuple[float | None, ...]:
        return tuple(self.value(of, period, region) for period in months_back(now, TREND_MONTHS))
