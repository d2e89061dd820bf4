"""Reported indicators as the catalogue sees them: their parts come from accepted reports, what is missing is counted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from datetime import date, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Q, Sum
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators.models import ReportedIndicator, ReportedValue
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.presets import presets
from wanghuo.kernel.indicators.registry import Indicator, Part, digits_for
from wanghuo.kernel.indicators.states import ReportState
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions.models import Region

SLACK_DAYS = {"week": 3, "half_month": 7}  # a report belongs where most of its days lie
MOST_SLACK_DAYS = 15
STALE = timedelta(days=370)  # a standing value older than a year says nothing of today
FREQUENCIES = {
    "week": Text("每周", "weekly"),
    "half_month": Text("每半月", "half-monthly"),
    "month": Text("每月", "monthly"),
    "quarter": Text("每季度", "quarterly"),
    "half_year": Text("每半年", "half-yearly"),
    "year": Text("每年", "yearly"),
}


def version() -> Hashable:
    """Changes with any definition."""
    return tuple(ReportedIndicator.objects.order_by("id").values_list("id", "changed_at"))


def load() -> Iterator[Indicator]:
    """Every active definition as an indicator."""
    for row in ReportedIndicator.objects.filter(active=True):
        yield as_indicator(row)


def offers() -> Iterator[Indicator]:
    """The presets as indicators of which nothing is kept yet."""
    for each in presets():
        yield each.as_indicator()


def as_indicator(row: ReportedIndicator) -> Indicator:
    """A definition as the catalogue shows it."""
    return Indicator(
        code=row.code,
        name=Text(row.name_zh, row.name_en),
        formula=Text(row.formula_zh, row.formula_en),
        unit=row.unit,
        better=row.better,  # type: ignore[arg-type]
        source=row.source,
        mark=row.mark,
        kind=row.kind,  # type: ignore[arg-type]
        counts=_counts(row),
        records=_records(row.code),
        accumulates=row.adds and row.kind == "count",
        climbs=row.climbs,
        words=tuple(row.words),
        told=True,
        digits=digits_for(row.kind, row.unit),
        topic=row.topic,
    )


def _counts(row: ReportedIndicator) -> Callable[[Period], dict[str, Part]]:
    added, standing = _added, _standing

    def counts(period: Period) -> dict[str, Part]:
        return added(row, period) if row.adds else standing(row, period)

    return counts


def _added(row: ReportedIndicator, period: Period) -> dict[str, Part]:
    """The accepted values of the period together; `missing`: reports that are due and not accepted."""
    accepted = Q(state=ReportState.ACCEPTED)
    slack = timedelta(days=SLACK_DAYS.get(row.frequency, MOST_SLACK_DAYS))
    rows = (
        ReportedValue.objects.filter(
            definition=row, period_first__gte=period.first - slack, period_last__lte=period.last + slack
        )
        .values("region_code")
        .annotate(
            total=Sum("num", filter=accepted),
            out_of=Sum("den", filter=accepted),
            n=Count("pk", filter=accepted),
            waiting=Count("pk", filter=~accepted & Q(due_at__lt=timezone.now())),
        )
        .order_by()
    )
    count = row.kind == "count"
    return {
        r["region_code"]: Part(r["total"] or 0.0, float(r["n"]) if count else (r["out_of"] or 0.0), r["waiting"])
        for r in rows
    }


def _standing(row: ReportedIndicator, period: Period) -> dict[str, Part]:
    """The latest accepted value of each region up to the end of the period; `missing`: 1 where there is none, though
    one was due."""
    found: dict[str, Part] = {}
    rows = ReportedValue.objects.filter(
        definition=row, period_first__lte=period.last, period_last__gte=period.first - STALE
    ).order_by("period_last")
    now = timezone.now()
    for value in rows.values_list("region_code", "state", "num", "den", "due_at"):
        region, state, num, den, due_at = value
        if state == ReportState.ACCEPTED:
            found[region] = Part(num or 0.0, 1.0 if row.kind == "count" else (den or 0.0))
        elif due_at < now and region not in found:
            found[region] = Part(0.0, 0.0, 1)
    return found


def _records(code: str) -> Callable[[Actor, str, Period, str], str]:
    def address(actor: Actor, region: str, period: Period, part: str) -> str:
        after = period.last + timedelta(days=1)
        known = {"code": code, "region": region, "of": f"{period.first.isoformat()}..{after.isoformat()}"}
        wanted = {"state": ReportState.ACCEPTED} if part != "gap" else {"waiting": "1"}
        return "/indicators/reports?" + urlencode({**known, **wanted})

    return address


def reporting_regions(row: ReportedIndicator) -> list[str]:
    """The regions that report: those of the level within the regions it is asked for, and these themselves where they
    lie at that level or below it."""
    found: set[str] = set()
    for region in row.regions:
        if codes.LEVELS.index(codes.level(region)) >= codes.LEVELS.index(row.level):
            found.add(region)
            continue
        rows = Region.objects.in_force().filter(level=row.level, placeholder=False)
        if region != codes.COUNTRY:
            rows = rows.filter(code__startswith=region)
        found |= set(rows.values_list("code", flat=True)) or {region}
    return sorted(found)


def period_of(frequency: str, day: date) -> Period:
    """The reporting period a day lies in. A week runs from Monday to Sunday; half a month to the 15th, or from the 16th."""
    if frequency == "week":
        monday = day - timedelta(days=day.weekday())
        return Period.between(monday, monday + timedelta(days=6))
    if frequency == "half_month":
        month = Period.month(day.year, day.month)
        middle = month.first.replace(day=15)
        return (
            Period.between(month.first, middle)
            if day <= middle
            else Period.between(middle + timedelta(days=1), month.last)
        )
    if frequency == "year":
        return Period.year(day.year)
    if frequency == "half_year":
        first = date(day.year, 1 if day.month <= 6 else 7, 1)
        return Period.between(first, date(day.year, 6, 30) if first.month == 1 else date(day.year, 12, 31))
    if frequency == "quarter":
        return Period.parse(f"{day.year}-Q{(day.month + 2) // 3}", day)
    return Period.month(day.year, day.month)
