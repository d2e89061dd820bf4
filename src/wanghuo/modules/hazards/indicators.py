"""What hazards are measured by. Each is one grouped query over the records themselves."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.db.models import Count, F, Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, register
from wanghuo.kernel.indicators.periods import Period
from wanghuo.modules.hazards.models import Hazard, Recheck
from wanghuo.modules.hazards.states import DONE, HazardState

NEVER_ONE = (HazardState.DISMISSED, HazardState.MERGED)


def _parts(condition: Q, numerator: Q) -> dict[str, Part]:
    """Numerator and denominator for each lowest region, in one query."""
    rows = (
        Hazard.objects.filter(condition)
        .exclude(state__in=NEVER_ONE)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=numerator))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"], missing=0) for row in rows}


def closing_counts(period: Period) -> dict[str, Part]:
    """Closed in the period, among those open at its start or reported within it."""
    done_before = Q(closed_at__isnull=False, closed_at__lt=period.start)
    closed = Q(closed_at__gte=period.start, closed_at__lt=period.end, state__in=DONE)
    return _parts(Q(found_at__lt=period.end) & ~done_before, closed)


def backlog_counts(period: Period) -> dict[str, Part]:
    """Closed in the period, among those open at its start."""
    open_at_start = Q(found_at__lt=period.start) & (Q(closed_at__isnull=True) | Q(closed_at__gte=period.start))
    closed = Q(closed_at__gte=period.start, closed_at__lt=period.end, state__in=DONE)
    return _parts(open_at_start, closed)


def on_time_counts(period: Period) -> dict[str, Part]:
    """Put right by the deadline, among those whose deadline fell into the period and has come or that were handed in."""
    due = Q(due_at__gte=period.start, due_at__lt=period.end)
    judged = Q(due_at__lte=timezone.now()) | Q(submitted_at__isnull=False) | Q(closed_at__isnull=False)
    in_time = Q(submitted_at__lte=F("due_at")) | Q(submitted_at__isnull=True, closed_at__lte=F("due_at"))
    return _parts(due & judged, in_time)


def recheck_counts(period: Period) -> dict[str, Part]:
    """Re-inspections done in the period, and how many of them passed."""
    rows = (
        Recheck.objects.filter(done_at__gte=period.start, done_at__lt=period.end)
        .values("hazard__region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=Q(conclusion="pass")))
        .order_by()
    )
    return {r["hazard__region_code"]: Part(num=r["num"], den=r["den"], missing=0) for r in rows}


def open_counts(period: Period) -> dict[str, Part]:
    """Open at the end of the period, or now while it still runs."""
    at = min(period.end, timezone.now())
    still = Q(closed_at__isnull=True) | Q(closed_at__gte=at)
    rows = (
        Hazard.objects.filter(Q(found_at__lt=at) & still)
        .exclude(state__in=NEVER_ONE)
        .values("region_code")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["n"], den=1, missing=0) for row in rows}


def _listing(known: Mapping[str, str]) -> str:
    return "/hazards?" + urlencode({key: value for key, value in known.items() if value})


def _between(period: Period) -> str:
    first, last = timezone.localtime(period.start).date(), timezone.localtime(period.end).date()
    return f"{first.isoformat()}..{last.isoformat()}"


def closing_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The hazards behind the closing rate."""
    if part == "num":
        return _listing({"region": region, "closed": _between(period)})
    return _listing({"region": region, "standing": _between(period)})


def on_time_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The hazards behind the on-time rate."""
    return _listing({"region": region, "due": _between(period), "late": "1" if part == "gap" else ""})


def open_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The hazards that are open."""
    return _listing({"region": region, "open": "1"})


register(
    Indicator(
        code="hazards.closing_rate",
        name=Text("隐患整改销案率", "hazard closing rate"),
        formula=Text(
            "期内销案数 ÷（期初未结数 + 期内新增数）", "closed in the period ÷ (open at its start + found within it)"
        ),
        unit="%",
        better="up",
        source="regulations 14.2；分母含期内新增",
        mark="D",
        kind="rate",
        counts=closing_counts,
        records=closing_records,
    )
)
register(
    Indicator(
        code="hazards.backlog_closing_rate",
        name=Text("存量隐患整改销案率", "closing rate of the backlog"),
        formula=Text("期初未结中期内销案数 ÷ 期初未结数", "closed in the period among those open at its start ÷ those"),
        unit="%",
        better="up",
        source="regulations 14.2",
        mark="D",
        kind="rate",
        counts=backlog_counts,
        records=closing_records,
    )
)
register(
    Indicator(
        code="hazards.on_time_rate",
        name=Text("隐患按期整改率", "hazards put right in time"),
        formula=Text("按期整改数 ÷ 期内到期数", "put right by the deadline ÷ deadlines in the period"),
        unit="%",
        better="up",
        source="regulations 1.10",
        mark="D",
        kind="rate",
        counts=on_time_counts,
        records=on_time_records,
    )
)
register(
    Indicator(
        code="hazards.recheck_pass_rate",
        name=Text("复查合格率", "re-inspections passed"),
        formula=Text("复查合格次数 ÷ 复查次数", "passed ÷ re-inspections done"),
        unit="%",
        better="up",
        source="regulations 1.10",
        mark="D",
        kind="rate",
        counts=recheck_counts,
        records=closing_records,
    )
)
register(
    Indicator(
        code="hazards.open",
        name=Text("未结隐患", "open hazards"),
        formula=Text("期末（未到期末则为此刻）未结隐患数", "hazards open at the end of the period, or now"),
        unit="",
        better="down",
        source="",
        mark="D",
        kind="count",
        counts=open_counts,
        records=open_records,
    )
)
