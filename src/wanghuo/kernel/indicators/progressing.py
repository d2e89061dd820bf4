"""How a target goes: what is expected by now, what there is, the gap, the light, and where it will stand in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wanghuo.base import NotFound, Reason, Text, Verdict
from wanghuo.base.time import end_of_day, local_day
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.indicators import boards
from wanghuo.kernel.indicators.aims import YEAR_BEFORE, Aim, Path, aim_of, direction, path_of
from wanghuo.kernel.indicators.forecasting import Forecast, growth_to, share_to, trend_to
from wanghuo.kernel.indicators.measuring import LEVELS, Earlier, light_behind, stages_of
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.periods import Period, months_back
from wanghuo.kernel.indicators.registry import Indicator, Part, indicator
from wanghuo.kernel.indicators.targets import described

TREND_MONTHS = 12
LINEAR = Text("按时间进度", "day by day towards it")
FLAT = Text("任何时候都须达到", "all of it at any time")
TOO_LITTLE = Text("数据太少，不足三个统计期，不作预测", "too little data for a forecast: fewer than three periods")
NO_STAGES = Text("按期累计的率不能由各月推算，不作预测", "its months are no stages of it: no forecast")
NO_YEAR_BEFORE = Text("上年同期无数据，无法计算应达值", "nothing is known of the year before, so no line can be drawn")


@dataclass(frozen=True, slots=True)
class Reading:
    """The target read one way: what is expected by now, the light that follows, and the way in words."""

    path: Path
    words: Text
    expected_now: float | None
    light: str | None

    @property
    def level(self) -> int | None:
        """The light as a level mark, 0 to 4."""
        return LEVELS[self.light] if self.light else None


@dataclass(frozen=True, slots=True)
class Progress:
    """A target at one moment.

    `expected_now`, `actual`, `at_end` (the target as a number) in the unit of the indicator; None where unknown. `gap`: the
    share behind what is expected, in per cent, 0 when on or ahead of the line. `light`: green, blue, yellow, orange,
    red. `forecast`: at the deadline, with a range; None with too little data (`forecast_note` says so). `other`: the
    second reading where the paper leaves open how it is to be reached. `missing`: reports that did not come in.
    """

    target: IndicatorTarget
    indicator: Indicator
    period: Period
    at_end: float | None
    expected_now: float | None
    actual: float | None
    gap: float | None
    verdict: Verdict[str] | None
    forecast: Forecast | None
    forecast_note: Text | None
    reading: Text
    other: Reading | None
    missing: int
    records_url: str
    url: str

    @property
    def words(self) -> Text:
        """The target in words."""
        return described(self.target, self.indicator)

    @property
    def share(self) -> float | None:
        """What there is, in per cent of what is to be reached in the end; None for a target to stay below."""
        if self.actual is None or not self.at_end or direction(self.indicator, self.target.op) == "down":
            return None
        return self.actual / self.at_end * 100

    @property
    def digits(self) -> int:
        """The decimals shown."""
        return self.indicator.shown_digits

    @property
    def light(self) -> str | None:
        """green, blue, yellow, orange, red; None when it cannot be told."""
        return self.verdict.value if self.verdict else None

    @property
    def level(self) -> int | None:
        """The light as a level mark, 0 to 4."""
        return LEVELS[self.light] if self.light else None

    @property
    def forecast_range(self) -> tuple[float, float] | None:
        """The range of the forecast."""
        return (self.forecast.low, self.forecast.high) if self.forecast else None

    @property
    def reasons(self) -> Sequence[Reason]:
        """Why this light."""
        return self.verdict.reasons if self.verdict else ()

    def as_json(self) -> dict[str, Any]:
        """As the command prints it: null where there is nothing to say."""
        row = self.target
        return {
            "op": row.op,
            "value": row.value,
            "value_high": row.value_high,
            "basis": row.basis,
            "since": self.period.first.isoformat(),
            "deadline": row.deadline.isoformat(),
            "plan_ref": row.plan_ref,
            "source": row.source,
            "quote": row.quote,
            "soft": row.soft,
            "at_end": self.at_end,
            "expected_now": self.expected_now,
            "actual": self.actual,
            "gap_percent": self.gap,
            "light": self.light,
            "forecast": None if self.forecast is None else self.forecast.value,
            "forecast_range": self.forecast_range,
        }


def progress(
    target: IndicatorTarget,
    now: datetime,
    *,
    actor: Actor | None = None,
    with_forecast: bool = True,
    since: datetime | None = None,
) -> Progress:
    """How a target goes at `now`. The caller has judged that the target may be seen; `actor` is for the address of the
    records. `since`: a value kept after this moment will do. Raises NotFound when its indicator is gone.
    """
    of = indicator(target.code)
    period = Period.parse(target.period, target.deadline)
    parts = boards.parts_now(of, period, since=since)
    part = parts.totals.get(target.region_code)
    actual = of.value(part)
    earlier = Earlier(of).of_region(target.region_code)
    stages = stages_of([target]).get(target.pk, [])
    aim = aim_of(of, target, period, now, value_in=earlier, stages=stages)
    verdict = _light(aim, actual, target, now)
    forecast, note = (None, None)
    if with_forecast:
        forecast, note = _forecast(of, target, period, actual, now)
    if aim.by_now is None:
        note = NO_YEAR_BEFORE
    records = of.records(actor or system_actor("web"), target.region_code, period, "num") if of.records else ""
    return Progress(
        target=target,
        indicator=of,
        period=period,
        at_end=aim.at_end,
        expected_now=aim.by_now,
        actual=actual,
        gap=None if actual is None or aim.by_now is None else aim.behind(actual),
        verdict=verdict,
        forecast=forecast,
        forecast_note=note,
        reading=_words(path_of(of, target)),
        other=_other(of, target, period, actual, now, stages),
        missing=_missing(part),
        records_url=records,
        url=boards.url_of(target.code, target.region_code, period),
    )


def running(actor: Actor, region: str, now: datetime, *, since: datetime, most: int = 40) -> list[Progress]:
    """The targets of a region that run, the furthest behind first, those without a light last. A target whose
    indicator was withdrawn is left out.
    """
    today = local_day(now)
    rows = IndicatorTarget.objects.visible_to(actor).filter(region_code=region, deadline__gte=today)
    found = []
    for row in rows.order_by("deadline", "code")[:most]:
        try:
            found.append(progress(row, now, actor=actor, with_forecast=False, since=since))
        except NotFound:
            continue
    return sorted(found, key=lambda p: (p.level is None, -(p.level or 0), -(p.gap or 0.0)))


def _missing(part: Part | None) -> int:
    return part.missing if part else 0


def _words(path: Path) -> Text:
    return LINEAR if path == "linear" else FLAT


def _light(aim: Aim, actual: float | None, target: IndicatorTarget, now: datetime) -> Verdict[str] | None:
    if actual is None or aim.by_now is None:
        return None
    return light_behind(aim.behind(actual), region=target.region_code, now=now)


def _other(
    of: Indicator,
    target: IndicatorTarget,
    period: Period,
    actual: float | None,
    now: datetime,
    stages: Sequence[IndicatorTarget],
) -> Reading | None:
    """The second reading of a share or stock that a paper wants at a certain value by a certain day: it may mean at any
    time until then, or step by step. A growing count, and a share of what happens (in time), have one reading only.
    """
    one_way = of.accumulates or (of.flows and not of.climbs)
    if one_way or target.path or target.basis in YEAR_BEFORE or not target.plan_ref:
        return None
    path: Path = "flat" if path_of(of, target) == "linear" else "linear"
    aim = aim_of(of, target, period, now, value_in=lambda _: None, stages=stages, path=path)
    lit = _light(aim, actual, target, now)
    return Reading(path, _words(path), aim.by_now, lit.value if lit else None)


def _forecast(
    of: Indicator, target: IndicatorTarget, period: Period, actual: float | None, now: datetime
) -> tuple[Forecast | None, Text | None]:
    """Where it will stand at the deadline, from the values of the last twelve months."""
    if actual is None:
        return None, TOO_LITTLE
    end = end_of_day(target.deadline)
    if now >= end:
        return Forecast(actual, actual, actual), None
    if of.flows and of.climbs:
        return None, NO_STAGES
    months = [month for month in months_back(now, TREND_MONTHS) if of.flows or month.last >= period.first]
    values = dict(boards.trend(of, target.region_code, now=now, months=len(months))) if months else {}
    if of.accumulates:
        found = _growth(values, period, actual, now, end)
    elif of.flows:
        past = [value for month, value in values.items() if value is not None and month.end <= now]
        found = share_to(actual, past, period.elapsed(now), most=_most(of))
    else:
        found = _line(of, values, actual, now, end)
    return found, None if found else TOO_LITTLE


def _most(of: Indicator) -> float:
    return 100.0 if of.unit == "%" and of.kind == "rate" else float("inf")


def _growth(
    values: dict[Period, float | None], period: Period, actual: float, now: datetime, end: datetime
) -> Forecast | None:
    """Of a growing count: the months of its period that are over, and what is left of them."""
    steps = [
        (float(month.days), value)
        for month, value in values.items()
        if value is not None and month.first >= period.first and month.end <= now
    ]
    return growth_to(actual, steps, (end - now) / timedelta(days=1))


def _line(
    of: Indicator, values: dict[Period, float | None], actual: float, now: datetime, end: datetime
) -> Forecast | None:
    """Of a stock, or a share of one: the line through the months that are over and today's value."""
    day = timedelta(days=1)
    known = [((month.end - now) / day, v) for month, v in values.items() if v is not None and month.end <= now]
    return trend_to([*known, (0.0, actual)], (end - now) / day, least=0.0, most=_most(of))
