"""What hazards are measured by. Each is one grouped query over the records themselves."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, register
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Records
from wanghuo.modules.hazards import counting
from wanghuo.modules.hazards.models import Hazard, Recheck


def _parts(condition: Q, numerator: Q) -> dict[str, Part]:
    """Numerator and denominator for each lowest region, in one query."""
    rows = (
        Hazard.objects.filter(condition)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=numerator))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"], missing=0) for row in rows}


def closing_counts(period: Period) -> dict[str, Part]:
    """Closed in the period, among those open at its start or reported within it."""
    return _parts(counting.standing(period.start, period.end), counting.closed(period.start, period.end))


def backlog_counts(period: Period) -> dict[str, Part]:
    """Closed in the period, among those open at its start."""
    return _parts(counting.backlog(period.start, period.end), counting.closed(period.start, period.end))


def on_time_counts(period: Period) -> dict[str, Part]:
    """Put right by the deadline, among those whose deadline fell into the period and is settled."""
    return _parts(counting.due(period.start, period.end) & counting.settled(), counting.in_time())


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
    rows = (
        Hazard.objects.filter(counting.left(period.start, period.end))
        .values("region_code")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["n"], den=1, missing=0) for row in rows}


SPAN = "SPAN"
CLOSING = {"num": {"closed": SPAN}, "den": {"standing": SPAN}, "gap": {"standing": SPAN, "left": SPAN}}
BACKLOG = {
    "num": {"backlog": SPAN, "closed": SPAN},
    "den": {"backlog": SPAN},
    "gap": {"backlog": SPAN, "left": SPAN},
}
ON_TIME = {
    "num": {"due": SPAN, "in_time": "1"},
    "den": {"due": SPAN, "settled": "1"},
    "gap": {"due": SPAN, "late": "1"},
}
RECHECKS = {"num": {"passed": SPAN}, "den": {"rechecked": SPAN}, "gap": {"failed": SPAN}}
STOCK = {part: {"left": SPAN} for part in ("num", "den", "gap")}


def _records(filters: Mapping[str, Mapping[str, str]]) -> Records:
    """The list of hazards behind each part, by filters that are the conditions counted."""

    def address(actor: Actor, region: str, period: Period, part: str) -> str:
        first, after = timezone.localtime(period.start).date(), timezone.localtime(period.end).date()
        span = f"{first.isoformat()}..{after.isoformat()}"
        known = {name: span if value == SPAN else value for name, value in filters[part].items()}
        return "/hazards?" + urlencode({"region": region, **known})

    return address


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
        records=_records(CLOSING),
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
        records=_records(BACKLOG),
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
        records=_records(ON_TIME),
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
        records=_records(RECHECKS),
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
        records=_records(STOCK),
    )
)
