"""Values kept for speed: recomputed from the records when they changed, never edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.indicators.measuring import rolled_up
from wanghuo.kernel.indicators.models import DirtyIndicator, IndicatorRefresh, IndicatorTarget, IndicatorValue
from wanghuo.kernel.indicators.periods import Period, months_back
from wanghuo.kernel.indicators.registry import Indicator, Part, indicator, indicators

MONTHS = 12
BATCH = 2000
TARGETS_KEPT = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Stored:
    """What was kept of one indicator and period, by region, and when."""

    totals: Mapping[str, Part]
    computed_at: datetime | None


def standing_periods(now: datetime) -> list[Period]:
    """The periods that are kept: the last twelve months, this quarter and year, and the last 30 days."""
    today = local_day(now)
    this_quarter = Period.parse(f"{today.year}-Q{(today.month + 2) // 3}", today)
    return [*months_back(now, MONTHS), this_quarter, Period.year(today.year), Period.parse("30d", today)]


def kept_under(of: Indicator, period: Period, now: datetime) -> Period:
    """Under which period the value is kept: what is counted as it stands now, under its month; of a period that is
    over, under its last month."""
    if not of.standing:
        return period
    last = local_day(min(period.end - timedelta(seconds=1), now))
    return Period.month(last.year, last.month)


def _target_periods(today: date) -> dict[str, list[Period]]:
    """The periods of targets that still run, or ended within the month, by indicator."""
    rows = IndicatorTarget.objects.filter(deadline__gte=today - TARGETS_KEPT).values_list("code", "period").distinct()
    found: dict[str, list[Period]] = {}
    for code, key in rows:
        found.setdefault(code, []).append(Period.parse(key, today))
    return found


def refresh(
    codes: Iterable[str] | None = None, periods: Iterable[Period] | None = None, *, now: datetime | None = None
) -> int:
    """Compute indicators from the records and keep the values of every region; returns how many values are kept.

    Without `periods`: the standing ones, and those of targets that run.
    """
    now = now or timezone.now()
    wanted = list(periods) if periods is not None else standing_periods(now)
    extra = _target_periods(local_day(now)) if periods is None else {}
    done = 0
    for of in indicators() if codes is None else [indicator(code) for code in codes]:
        keys = {}
        for period in (*wanted, *extra.get(of.code, ())):
            under = kept_under(of, period, now)
            if not of.standing or under.covers(now):
                keys[under.key] = under
        done += sum(_refresh_one(of, period, now) for period in keys.values())
    return done


def _refresh_one(of: Indicator, period: Period, now: datetime) -> int:
    code = of.code
    totals = rolled_up(of.counts(period))
    rows = [
        IndicatorValue(
            code=code, region=region, period=period.key, num=p.num, den=p.den, missing=p.missing, computed_at=now
        )
        for region, p in totals.items()
    ]
    with transaction.atomic():
        IndicatorValue.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["code", "period", "region"],
            update_fields=["num", "den", "missing", "computed_at"],
        )
        IndicatorValue.objects.filter(code=code, period=period.key, computed_at__lt=now).delete()
        IndicatorRefresh.objects.update_or_create(code=code, period=period.key, defaults={"computed_at": now})
    return len(rows)


def stored_parts(of: Indicator, period: Period, now: datetime | None = None) -> Stored | None:
    """What is kept of one indicator and period; None when it was never computed."""
    key = kept_under(of, period, now or timezone.now()).key
    done = IndicatorRefresh.objects.filter(code=of.code, period=key).first()
    if done is None:
        return None
    rows = IndicatorValue.objects.filter(code=of.code, period=key)
    return Stored({row.region: Part(row.num, row.den, row.missing) for row in rows}, done.computed_at)


def mark_dirty(*codes: str) -> None:
    """Say that the records behind indicators changed; the worker recomputes them soon. Cheap, and may be said often."""
    now = timezone.now()
    DirtyIndicator.objects.bulk_create([DirtyIndicator(code=code, since=now) for code in codes], ignore_conflicts=True)


def refresh_dirty(now: datetime | None = None) -> int:
    """Recompute what was marked. A mark is taken away before the records are read, so one set meanwhile is not lost."""
    now = now or timezone.now()
    known = {each.code for each in indicators()}
    done = 0
    for code in DirtyIndicator.objects.order_by("since").values_list("code", flat=True):
        DirtyIndicator.objects.filter(code=code).delete()
        if code in known:
            done += refresh([code], now=now)
    return done
