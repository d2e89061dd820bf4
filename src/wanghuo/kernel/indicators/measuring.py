"""Measuring: parts by region are added up the tree; a value stands beside its target, what is expected by now, and
its light.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from wanghuo.base import Reason, Text, Verdict
from wanghuo.base.time import local_day
from wanghuo.kernel.indicators.aims import Aim, aim_of, behind_percent
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Indicator, Part, indicator
from wanghuo.kernel.regions import codes
from wanghuo.kernel.rulebook import rule

LIGHTS_RULE, SAMPLE_RULE = "indicators.lights", "indicators.ranked_from"
LEVELS = {"green": 0, "blue": 1, "yellow": 2, "orange": 3, "red": 4}
GREEN = Text("绿", "green")
BEHIND = Text("落后应达值 {behind:.1f}%，超过 {over:g}%：{light}", "{behind:.1f} % behind, over {over:g} %: {light}")
ON_LINE = Text("达到或领先应达值", "on or ahead of the line")


@dataclass(frozen=True, slots=True)
class Measure:
    """An indicator in one region and period. `value` None: nothing to measure. `target`: what is to be reached in the
    end; `expected`: what of it by now; `set_by`: the row that says so.
    """

    indicator: Indicator
    region: str
    period: Period
    part: Part | None
    target: float | None = None
    expected: float | None = None
    verdict: Verdict[str] | None = None
    computed_at: datetime | None = None
    small: bool = False
    set_by: IndicatorTarget | None = None
    by_region: tuple[Measure, ...] = field(default=())

    @property
    def value(self) -> float | None:
        """The number itself."""
        return self.indicator.value(self.part)

    @property
    def missing(self) -> int:
        """Records that could not be counted."""
        return self.part.missing if self.part else 0

    @property
    def light(self) -> str | None:
        """green, blue, yellow, orange, red; None without a target or a value."""
        return self.verdict.value if self.verdict else None

    @property
    def level(self) -> int | None:
        """The light as a level mark, 0 to 4."""
        return LEVELS[self.light] if self.light else None


def rolled_up(parts: Mapping[str, Part]) -> dict[str, Part]:
    """The parts of every region and of each region above it, the country last."""
    total: dict[str, Part] = {}
    for code, part in parts.items():
        for place in (code, *codes.ancestors(code)):
            total[place] = total[place] + part if place in total else part
    return total


def compute(code: str, region: str, period: Period, *, now: datetime | None = None, stored: bool = False) -> Measure:
    """One indicator in one region and period with the regions below it, from the records themselves.

    `stored`: from the values last kept, where there are any for the period. Raises NotFound for an unknown indicator.
    """
    from wanghuo.kernel.indicators.stored import stored_parts

    found = indicator(code)
    kept = stored_parts(found, period) if stored else None
    totals = kept.totals if kept else rolled_up(found.counts(period))
    computed_at = kept.computed_at if kept else None
    return judged(found, region, period, totals, now=now or timezone.now(), computed_at=computed_at)


def judged(
    of: Indicator,
    region: str,
    period: Period,
    totals: Mapping[str, Part],
    *,
    now: datetime,
    computed_at: datetime | None = None,
    with_below: bool = True,
    before: Earlier | None = None,
) -> Measure:
    """A measure and those of the regions just below, each held against its target: the best first, small ones and
    unknown last.
    """
    below = _below(region, totals) if with_below else []
    targets = targets_of(of.code, period, [region, *below])
    stages = stages_of(targets.values())
    bench = Bench(of, period, now, before or Earlier(of), _sample(region, now), computed_at)

    def one(place: str, lower: tuple[Measure, ...] = ()) -> Measure:
        target = targets.get(place)
        earlier_stages = stages.get(target.pk, ()) if target else ()
        return bench.measured(place, totals.get(place), target, earlier_stages, lower)

    return one(region, tuple(sorted((one(place) for place in below), key=_rank)))


def _sample(region: str, now: datetime) -> int:
    return int(rule(SAMPLE_RULE, region=region, on=local_day(now)).value["count"])


@dataclass(frozen=True, slots=True)
class Bench:
    """What the measures of one indicator and period have in common."""

    of: Indicator
    period: Period
    now: datetime
    earlier: Earlier
    sample: int
    computed_at: datetime | None

    def measured(
        self,
        place: str,
        part: Part | None,
        target: IndicatorTarget | None,
        stages: Sequence[IndicatorTarget] = (),
        lower: tuple[Measure, ...] = (),
    ) -> Measure:
        """The measure of one region, held against its target."""
        of, value = self.of, self.of.value(part)
        aim = Aim(None, None, of.better)
        if target is not None:
            value_in = self.earlier.of_region(place)
            aim = aim_of(of, target, self.period, self.now, value_in=value_in, stages=stages)
        unlit = value is None or aim.by_now is None
        return Measure(
            indicator=of,
            region=place,
            period=self.period,
            part=part,
            target=aim.at_end,
            expected=aim.by_now,
            verdict=None if unlit else light_behind(aim.behind(value or 0.0), region=place, now=self.now),
            computed_at=self.computed_at,
            small=of.kind != "count" and 0 < (part.den if part else 0) < self.sample,
            set_by=target,
            by_region=lower,
        )


def measured_at(
    found: Mapping[str, tuple[Indicator, Part | None, datetime | None]], region: str, period: Period, *, now: datetime
) -> list[Measure]:
    """Many indicators of one region, whose parts are at hand: their targets are read together."""
    rows: dict[str, IndicatorTarget] = {}
    for row in IndicatorTarget.objects.filter(code__in=found, period=period.key, region_code=region).order_by("set_at"):
        rows[row.code] = _stricter(rows[row.code], row) if row.code in rows else row
    stages = stages_of(rows.values())
    sample = _sample(region, now)
    measures = []
    for code, (of, part, computed_at) in found.items():
        target = rows.get(code)
        bench = Bench(of, period, now, Earlier(of), sample, computed_at)
        measures.append(bench.measured(region, part, target, stages.get(target.pk, ()) if target else ()))
    return measures


class Earlier:
    """The parts of other periods of one indicator, each counted once: what targets against the year before need."""

    def __init__(self, of: Indicator) -> None:
        self._of = of
        self._held: dict[str, dict[str, Part]] = {}

    def of_region(self, region: str) -> Callable[[Period], float | None]:
        """The value of a region in any period."""

        def value_in(period: Period) -> float | None:
            if period.key not in self._held:
                self._held[period.key] = rolled_up(self._of.counts(period))
            return self._of.value(self._held[period.key].get(region))

        return value_in


def _below(region: str, totals: Mapping[str, Part]) -> list[str]:
    """The divisions one level down: those of the region tree, and any that has records without being in it."""
    from wanghuo.kernel.regions import service

    known = {child.code for child in service.children(region)}
    known |= {code for code in totals if codes.parent(code) == region}
    return sorted(known)


def _rank(measure: Measure) -> tuple[bool, bool, float, str]:
    """Known before unknown, large samples before small ones, then by value, the better first."""
    value = measure.value
    sign = -1 if measure.indicator.better == "up" else 1
    return value is None, measure.small, sign * (value or 0.0), measure.region


def targets_of(code: str, period: Period, regions: list[str]) -> dict[str, IndicatorTarget]:
    """The target set for each of exactly these regions and this period; where several papers set one, the most
    demanding."""
    found: dict[str, IndicatorTarget] = {}
    for row in IndicatorTarget.objects.filter(code=code, period=period.key, region_code__in=regions).order_by("set_at"):
        held = found.get(row.region_code)
        found[row.region_code] = row if held is None else _stricter(held, row)
    return found


def _stricter(one: IndicatorTarget, other: IndicatorTarget) -> IndicatorTarget:
    """Of two targets the one that asks for more; of different kinds the later one."""
    if (one.op, one.basis) != (other.op, other.basis):
        return other
    more = other.value < one.value if one.op in ("<=", "<") else other.value > one.value
    return other if more else one


def stages_of(targets: Iterable[IndicatorTarget]) -> dict[UUID, list[IndicatorTarget]]:
    """For each target of a paper the earlier stages of the same paper: same measure and region, begun on the same day."""
    planned = {row.pk: row for row in targets if row.plan_ref}
    if not planned:
        return {}
    rows = IndicatorTarget.objects.filter(
        plan_ref__in={row.plan_ref for row in planned.values()}, code__in={row.code for row in planned.values()}
    )
    found: dict[UUID, list[IndicatorTarget]] = {}
    for row in rows:
        for key, target in planned.items():
            if _is_stage_of(row, target):
                found.setdefault(key, []).append(row)
    return found


def _is_stage_of(row: IndicatorTarget, target: IndicatorTarget) -> bool:
    same = (row.code, row.region_code, row.plan_ref) == (target.code, target.region_code, target.plan_ref)
    if not same or row.deadline >= target.deadline:
        return False
    return Period.parse(row.period, row.deadline).first == Period.parse(target.period, target.deadline).first


def light(
    of: Indicator, value: float | None, expected: float | None, *, region: str, now: datetime, better: str = ""
) -> Verdict[str] | None:
    """The light of a value against what is expected, by the rule in force; None when either is unknown."""
    if value is None or expected is None:
        return None
    return light_behind(behind_percent(value, expected, better=better or of.better), region=region, now=now)


def light_behind(behind: float, *, region: str, now: datetime) -> Verdict[str]:
    """The light of a share behind what is expected (%), by the rule in force."""
    found = rule(LIGHTS_RULE, region=region, on=local_day(now))
    for step in sorted(found.value["steps"], key=lambda s: -float(s["behind_over"])):
        if behind > step["behind_over"]:
            known = {"behind": behind, "over": step["behind_over"], "light": Text(*step["name"])}
            return Verdict(step["light"], (Reason("indicators.behind", BEHIND, known, found.source),))
    return Verdict("green", (Reason("indicators.on_line", ON_LINE, {}, found.source),))
