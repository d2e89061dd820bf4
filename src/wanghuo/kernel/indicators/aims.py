"""What a target asks for in numbers: at its deadline, and by now. Pure; what must be read is handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wanghuo.base.time import end_of_day
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Indicator

YEAR_BEFORE = ("yoy_down", "yoy_up")
ValueIn = Callable[[Period], "float | None"]
Path = Literal["linear", "flat"]


@dataclass(frozen=True, slots=True)
class Aim:
    """A target as numbers. `at_end`: what is to be reached by the deadline; `by_now`: what is expected at this moment;
    None where the year before is not known. `better`: which side of it is good. `high`: the upper end of a range.
    """

    at_end: float | None
    by_now: float | None
    better: Literal["up", "down"]
    high: float | None = None

    def behind(self, value: float) -> float:
        """How far a value lies behind what is expected by now, in per cent of that; 0 when it does not."""
        if self.by_now is None:
            return 0.0
        short = behind_percent(value, self.by_now, better=self.better)
        over = behind_percent(value, self.high, better="down") if self.high is not None else 0.0
        return max(short, over)


def behind_percent(value: float, expected: float, *, better: str) -> float:
    """How far a value lies behind what is expected, in per cent of that; 0 when it does not."""
    gap = expected - value if better == "up" else value - expected
    if gap <= 0:
        return 0.0
    return gap / abs(expected) * 100 if expected else 100.0


def direction(of: Indicator, op: str, basis: str = "") -> Literal["up", "down"]:
    """Which side of a target is the good one: as its comparison says; for == as the indicator says. Of a change the
    comparison is about the change: to fall by at least 15 % (>=) is good below the line.
    """
    if op not in (">=", ">", "between", "<=", "<"):
        return of.better
    return "up" if (op in (">=", ">", "between")) is not (basis == "yoy_down") else "down"


def path_of(of: Indicator, target: IndicatorTarget) -> Path:
    """How the target is reached: as it says itself, else a growing measure day by day, any other at once."""
    if target.path in ("linear", "flat"):
        return target.path  # type: ignore[return-value]
    return "linear" if of.accumulates or of.climbs else "flat"


def aim_of(
    of: Indicator,
    target: IndicatorTarget,
    period: Period,
    now: datetime,
    *,
    value_in: ValueIn,
    stages: Sequence[IndicatorTarget] = (),
    path: Path | None = None,
) -> Aim:
    """A target at `now`. `value_in`: the value of the region in another period, for targets against the year before and
    for what stood when the period began.

    `stages`: the targets of the same paper that begin on the same day and end earlier; the line goes through them.
    `path`: another reading than the target's own.
    """
    better = direction(of, target.op, target.basis)
    if target.basis in YEAR_BEFORE:
        return _against_year_before(of, target, period, now, better, value_in)
    path = path or path_of(of, target)
    if path == "flat":
        expected = _stage_in_force(target, stages, now)
    else:
        expected = _on_line(target, period, stages, now, _standing_before(of, target, period, better, value_in))
    return Aim(target.value, expected, better, target.value_high)


def _standing_before(
    of: Indicator, target: IndicatorTarget, period: Period, better: Literal["up", "down"], value_in: ValueIn
) -> float:
    """Where the line begins: of what is there already and grows (hydrants, stations, shares of a stock), what the month
    before the period ended with, else what its first month did; of what is counted within the period, nothing.
    """
    if not of.climbs or of.accumulates or of.flows or of.standing or better == "down":
        return 0.0
    first = Period.month(period.first.year, period.first.month)
    found = value_in(first.previous())
    if found is None:
        found = value_in(first)
    return min(found or 0.0, target.value)


def _on_line(
    target: IndicatorTarget, period: Period, stages: Sequence[IndicatorTarget], now: datetime, begins_at: float
) -> float:
    """From what it begins with on the first day through each stage to the value on the last."""
    since, value = period.start, begins_at
    for stage in sorted((*stages, target), key=lambda row: row.deadline):
        until = end_of_day(stage.deadline)
        if now < until:
            share = max(0.0, (now - since) / (until - since)) if until > since else 1.0
            return value + (stage.value - value) * share
        since, value = until, stage.value
    return target.value


def _stage_in_force(target: IndicatorTarget, stages: Sequence[IndicatorTarget], now: datetime) -> float:
    """The stage that is to be reached next."""
    ahead = (row for row in sorted(stages, key=lambda row: row.deadline) if now < end_of_day(row.deadline))
    return next(ahead, target).value


def _against_year_before(
    of: Indicator,
    target: IndicatorTarget,
    period: Period,
    now: datetime,
    better: Literal["up", "down"],
    value_in: ValueIn,
) -> Aim:
    """So many per cent of what the same period a year before had: for a growing count, of its same days."""
    factor = 1 - target.value / 100 if target.basis == "yoy_down" else 1 + target.value / 100
    whole = value_in(period.year_before())
    so_far = whole
    if of.accumulates and now < period.end:
        days = max(0, int(period.elapsed(now) * period.days))
        before = period.year_before()
        last = before.first + timedelta(days=days - 1)
        so_far = value_in(Period.between(before.first, last)) if days else 0.0
    return Aim(
        None if whole is None else whole * factor,
        None if so_far is None else so_far * factor,
        better,
        None,
    )
