"""Values kept for speed: recomputed from the records when they changed, never edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.indicators.measuring import rolled_up
from wanghuo.kernel.indicators.models import DirtyIndicator, IndicatorRefresh, IndicatorValue
from wanghuo.kernel.indicators.periods import Period, months_back
from wanghuo.kernel.indicators.registry import Part, indicator, indicators

MONTHS = 12
BATCH = 2000


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


def refresh(
    codes: Iterable[str] | None = None, periods: Iterable[Period] | None = None, *, now: datetime | None = None
) -> int:
    """Compute indicators from the records and keep the values of every region; returns how many values are kept."""
    now = now or timezone.now()
    wanted = list(periods) if periods is not None else standing_periods(now)
    names = list(codes) if codes is not None else [each.code for each in indicators()]
    return sum(_refresh_one(code, period, now) for code in names for period in wanted)


def _refresh_one(code: str, period: Period, now: datetime) -> int:
    totals = rolled_up(indicator(code).counts(period))
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


def stored_parts(code: str, period: Period) -> Stored | None:
    """What is kept of one indicator and period; None when it was never computed."""
    done = IndicatorRefresh.objects.filter(code=code, period=period.key).first()
    if done is None:
        return None
    rows = IndicatorValue.objects.filter(code=code, period=period.key)
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
