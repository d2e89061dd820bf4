"""The measures of accountability itself."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Avg, Count, F, Q

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, register
from wanghuo.modules.accountability.models import MonthlyOrder, Tour
from wanghuo.modules.accountability.states import OrderState

ORDERS_ON_TIME, TOUR_SCORE = "accountability.orders_on_time", "accountability.tour_score"
CODES = (ORDERS_ON_TIME, TOUR_SCORE)


def _orders(period: Period) -> dict[str, Part]:
    """Orders whose deadline lies in the period: reported in time and accepted, of all issued."""
    rows = MonthlyOrder.objects.filter(due_at__gte=period.start, due_at__lt=period.end).exclude(
        state__in=(OrderState.DRAFT, OrderState.WITHDRAWN)
    )
    in_time = Count("id", filter=Q(state=OrderState.ACCEPTED, reported_at__lte=F("due_at")))
    found = rows.values("region_code").annotate(done=in_time, every=Count("id")).order_by()
    return {row["region_code"]: Part(row["done"], row["every"]) for row in found}


def _tours(period: Period) -> dict[str, Part]:
    """The points of the tours scored in the period, and how many tours there were."""
    rows = Tour.objects.filter(scored_at__gte=period.start, scored_at__lt=period.end, score__isnull=False)
    found = rows.values("visited").annotate(mean=Avg("score"), count=Count("id")).order_by()
    return {row["visited"]: Part(row["mean"] * row["count"], row["count"]) for row in found}


def _span(period: Period) -> str:
    return f"{period.first}..{period.last + timedelta(days=1)}"


def _order_records(actor: Actor, region: str, period: Period, part: str) -> str:
    known = {"num": "in_time=1", "den": "issued=1", "gap": "issued=1"}[part]
    return f"/programmes/orders?region={region}&due={_span(period)}&{known}"


def _tour_records(actor: Actor, region: str, period: Period, part: str) -> str:
    return f"/tours?region={region}&scored={_span(period)}"


register(
    Indicator(
        code=ORDERS_ON_TIME,
        name=Text("派单按期办结率", "monthly orders done in time"),
        formula=Text(
            "期内到期的派单中按期上报并验收的 ÷ 期内到期的派单",
            "orders due in the period, reported in time and accepted ÷ orders due",
        ),
        unit="%",
        better="up",
        source="本平台",
        mark="D",
        kind="rate",
        counts=_orders,
        records=_order_records,
        words=("派单办结率", "任务单 按期 办结"),
        topic="responsibility",
    )
)
register(
    Indicator(
        code=TOUR_SCORE,
        name=Text("巡查平均得分", "mean score of tours"),
        formula=Text(
            "期内各次巡查得分之和 ÷ 次数（已扣除与上报不符的分）",
            "points of the tours of the period ÷ tours, less what false reports cost",
        ),
        unit="分",
        better="up",
        source="本平台",
        mark="D",
        kind="mean",
        counts=_tours,
        records=_tour_records,
        words=("巡查得分", "督导 得分"),
        topic="responsibility",
    )
)
