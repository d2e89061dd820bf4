"""What loops are measured by: whether duties with a clock were done in time."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, register
from wanghuo.kernel.loops.models import Clock

OVERDUE_URL = "/todo?group=overdue"


def on_time_counts(period: Period) -> dict[str, Part]:
    """Clocks that came due in the period: how many were met. Those that still stand still, or void ones, do not
    count.
    """
    now = timezone.now()
    due = Clock.objects.filter(due_at__gte=period.start, due_at__lt=period.end).exclude(outcome="void")
    judged = due.filter(Q(ended_at__isnull=False) | Q(due_at__lt=now, paused_at=None))
    rows = judged.values("region_code").annotate(den=Count("pk"), num=Count("pk", filter=Q(outcome="met"))).order_by()
    return {row["region_code"]: Part(row["num"], row["den"]) for row in rows}


def overdue_counts(period: Period) -> dict[str, Part]:
    """Clocks that were out at the end of the period, or are out now while it still runs."""
    at = min(period.end, timezone.now())
    out = Clock.objects.filter(due_at__lt=at).filter(Q(ended_at=None) | Q(ended_at__gt=at)).exclude(outcome="void")
    rows = out.filter(paused_at=None).values("region_code").annotate(n=Count("pk")).order_by()
    return {row["region_code"]: Part(row["n"], 1) for row in rows}


def overdue_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The supervision papers of the period."""
    return f"/ladder?region={region}&period={period.key}" + ("&open=1" if part == "gap" else "")


ON_TIME = register(
    Indicator(
        code="loops.on_time_rate",
        name=Text("时限按期办结率", "clocks met in time"),
        formula=Text("按期办结的时钟数 ÷ 期内到期的时钟数", "clocks met in time ÷ clocks that came due in the period"),
        unit="%",
        better="up",
        source="本平台；消防监督检查规定各时限的按期率",
        mark="D",
        kind="rate",
        counts=on_time_counts,
        records=overdue_records,
    )
)
OVERDUE = register(
    Indicator(
        code="loops.overdue",
        name=Text("超期未办", "overdue now"),
        formula=Text(
            "期末（未到期末则为此刻）已过期限仍未办结的时钟数",
            "clocks past their deadline and not ended at the end of the period, or now",
        ),
        unit="",
        better="down",
        source="本平台",
        mark="D",
        kind="count",
        digits=0,
        counts=overdue_counts,
        records=overdue_records,
    )
)
