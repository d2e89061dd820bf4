"""What hazards are measured by. Each is one grouped query over the records themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, register
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Counts, Records
from wanghuo.kernel.loops.models import Clock
from wanghuo.modules.hazards import counting, rules
from wanghuo.modules.hazards.models import Hazard, Recheck
from wanghuo.modules.hazards.selectors import SUBJECT_KIND
from wanghuo.modules.hazards.words import Channel, Grade

COMPLAINT_RULES = tuple(rule for (channel, _), rule in rules.VERIFY_RULES.items() if channel == Channel.COMPLAINT)


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


MAJOR = Q(grade=Grade.MAJOR)


def major_backlog_counts(period: Period) -> dict[str, Part]:
    """Major hazards closed in the period, among those open at its start."""
    closed = counting.closed(period.start, period.end)
    return _parts(MAJOR & counting.backlog(period.start, period.end), closed)


def listing_counts(period: Period) -> dict[str, Part]:
    """Major hazards open at the end of the period (or now) that are on a government's list."""
    return _parts(MAJOR & counting.left(period.start, period.end), Q(listed=True))


def found_counts(period: Period) -> dict[str, Part]:
    """Hazards found in the period."""
    return _count(counting.COUNTED & Q(found_at__gte=period.start, found_at__lt=period.end))


def closed_counts(period: Period) -> dict[str, Part]:
    """Hazards closed in the period."""
    return _count(counting.closed(period.start, period.end))


def major_open_counts(period: Period) -> dict[str, Part]:
    """Major hazards open at the end of the period, or now."""
    return _count(MAJOR & counting.left(period.start, period.end))


def _count(condition: Q) -> dict[str, Part]:
    rows = Hazard.objects.filter(condition).values("region_code").annotate(n=Count("pk")).order_by()
    return {row["region_code"]: Part(num=row["n"], den=1, missing=0) for row in rows}


def complaint_counts(period: Period) -> dict[str, Part]:
    """Complaints whose verification came due in the period, and how many were verified in time."""
    return _clock_counts(period, COMPLAINT_RULES)


def recheck_on_time_counts(period: Period) -> dict[str, Part]:
    """Re-inspections that came due in the period, and how many were judged in time."""
    return _clock_counts(period, (rules.RECHECK_RULE,))


def _clock_counts(period: Period, wanted: Sequence[str]) -> dict[str, Part]:
    """Clocks of some rules that came due in the period; what still stands, or is void, does not count."""
    due = Clock.objects.filter(
        subject_kind=SUBJECT_KIND, rule__in=wanted, due_at__gte=period.start, due_at__lt=period.end
    ).exclude(outcome="void")
    judged = due.filter(Q(ended_at__isnull=False) | Q(due_at__lt=timezone.now(), paused_at=None))
    rows = judged.values("region_code").annotate(den=Count("pk"), num=Count("pk", filter=Q(outcome="met"))).order_by()
    return {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}


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
MAJOR_BACKLOG = {part: {"grade": str(Grade.MAJOR), **known} for part, known in BACKLOG.items()}
MAJOR_STOCK = {"grade": str(Grade.MAJOR), "left": SPAN}
LISTED = {"num": {**MAJOR_STOCK, "listed": "1"}, "den": MAJOR_STOCK, "gap": {**MAJOR_STOCK, "not_listed": "1"}}
FOUND = {part: {"found": SPAN, "counted": "1"} for part in ("num", "den", "gap")}
CLOSED = {part: {"closed": SPAN} for part in ("num", "den", "gap")}
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
        source="分母含期内新增",
        mark="D",
        kind="rate",
        flows=True,
        counts=closing_counts,
        records=_records(CLOSING),
        topic="prevention",
        climbs=True,
        words=("隐患 整改率", "火灾隐患 整改 率 -重大 -区域", "隐患整改率", "隐患 销案率 -重大 -区域", "一般隐患 整改"),
    )
)
register(
    Indicator(
        code="hazards.backlog_closing_rate",
        name=Text("存量隐患整改销案率", "closing rate of the backlog"),
        formula=Text("期初未结中期内销案数 ÷ 期初未结数", "closed in the period among those open at its start ÷ those"),
        unit="%",
        better="up",
        source="本平台口径",
        mark="D",
        kind="rate",
        flows=True,
        counts=backlog_counts,
        records=_records(BACKLOG),
        topic="prevention",
        climbs=True,
        words=("存量 隐患 整改", "存量隐患 销案", "现存 火灾隐患 整改 -重大 -区域"),
    )
)
register(
    Indicator(
        code="hazards.on_time_rate",
        name=Text("隐患按期整改率", "hazards put right in time"),
        formula=Text("按期整改数 ÷ 期内到期数", "put right by the deadline ÷ deadlines in the period"),
        unit="%",
        better="up",
        source="本平台口径",
        mark="D",
        kind="rate",
        flows=True,
        counts=on_time_counts,
        records=_records(ON_TIME),
        topic="prevention",
        words=("按期整改率", "限期内 整改", "隐患 按期 整改"),
    )
)
register(
    Indicator(
        code="hazards.recheck_pass_rate",
        name=Text("复查合格率", "re-inspections passed"),
        formula=Text("复查合格次数 ÷ 复查次数", "passed ÷ re-inspections done"),
        unit="%",
        better="up",
        source="本平台口径",
        mark="D",
        kind="rate",
        flows=True,
        counts=recheck_counts,
        records=_records(RECHECKS),
        topic="prevention",
        words=("复查合格率", "复查 合格"),
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
        topic="prevention",
        words=("未结隐患", "未整改 隐患 数"),
    )
)


def _declare(
    code: str, name: Text, formula: Text, counts: Counts, filters: Mapping[str, Mapping[str, str]] | None, **known: Any
) -> None:
    records = _records(filters) if filters else None
    register(
        Indicator(
            code=code,
            name=name,
            formula=formula,
            source="本平台口径",
            mark="D",
            counts=counts,
            records=records,
            topic="prevention",
            **known,
        )
    )


_declare(
    "hazards.major_closing_rate",
    Text("重大火灾隐患整改销案率", "closing rate of major hazards"),
    Text(
        "期初未结的重大火灾隐患中期内销案数 ÷ 期初未结的重大火灾隐患数",
        "major hazards closed in the period among those open at its start ÷ those",
    ),
    major_backlog_counts,
    MAJOR_BACKLOG,
    unit="%",
    better="up",
    kind="rate",
    flows=True,
    climbs=True,
    words=(
        "重大火灾隐患 整改 销案",
        "重大火灾隐患整改率",
        "重大火灾隐患 整改完成",
        "重大火灾隐患 销案率",
        "重大隐患 整改率",
        "重大火灾隐患 完成整改",
    ),
)
_declare(
    "hazards.listing_rate",
    Text("重大火灾隐患挂牌督办率", "major hazards on a government's list"),
    Text(
        "挂牌督办中的重大火灾隐患 ÷ 期末（未到期末则为此刻）未结的重大火灾隐患",
        "major hazards listed ÷ major hazards open at the end of the period, or now",
    ),
    listing_counts,
    LISTED,
    unit="%",
    better="up",
    kind="rate",
    words=("重大火灾隐患 挂牌督办", "重大隐患 挂牌督办", "挂牌督办率", "重大火灾隐患 挂牌率"),
)
_declare(
    "hazards.major_open",
    Text("未结重大火灾隐患", "open major hazards"),
    Text("期末（未到期末则为此刻）未结的重大火灾隐患数", "major hazards open at the end of the period, or now"),
    major_open_counts,
    dict.fromkeys(("num", "den", "gap"), MAJOR_STOCK),
    unit="",
    better="down",
    kind="count",
    words=("未整改 重大火灾隐患 数", "重大火灾隐患 存量", "重大火灾隐患 存量数"),
)
_declare(
    "hazards.found",
    Text("排查发现隐患数", "hazards found"),
    Text("期内发现的隐患数（不属实、已并案的不计）", "hazards found in the period, without dismissed and merged ones"),
    found_counts,
    FOUND,
    unit="",
    better="up",
    kind="count",
    accumulates=True,
    words=("排查 发现 隐患", "发现 火灾隐患 数"),
)
_declare(
    "hazards.closed",
    Text("整改销案隐患数", "hazards closed"),
    Text("期内销案的隐患数", "hazards closed in the period"),
    closed_counts,
    CLOSED,
    unit="",
    better="up",
    kind="count",
    accumulates=True,
    words=("整改 火灾隐患 数", "督促整改 隐患", "整改隐患 数"),
)
_declare(
    "hazards.complaint_on_time_rate",
    Text("举报投诉按期核查率", "complaints verified in time"),
    Text("按期核查的举报 ÷ 期内核查到期的举报", "complaints verified in time ÷ those whose verification came due"),
    complaint_counts,
    None,
    unit="%",
    better="up",
    kind="rate",
    flows=True,
    words=("举报投诉 核查", "举报 按期 核查", "举报投诉 办结率", "举报投诉 按时"),
)
_declare(
    "hazards.recheck_on_time_rate",
    Text("按期复查率", "re-inspections in time"),
    Text("按期完成的复查 ÷ 期内到期的复查", "re-inspections judged in time ÷ those that came due in the period"),
    recheck_on_time_counts,
    None,
    unit="%",
    better="up",
    kind="rate",
    flows=True,
    words=("按期复查率", "复查 及时率", "隐患 复查率"),
)
