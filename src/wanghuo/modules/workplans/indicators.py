"""What tasks are measured by. Each is one grouped query over the tasks themselves."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, register
from wanghuo.kernel.indicators.registry import Records
from wanghuo.modules.workplans import counting
from wanghuo.modules.workplans.models import PlanTask
from wanghuo.modules.workplans.states import OWED, TaskState

SOURCE = "本平台口径"


def _parts(condition: Q, numerator: Q) -> dict[str, Part]:
    rows = (
        PlanTask.objects.filter(condition)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=numerator))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}


def on_time_counts(period: Period) -> dict[str, Part]:
    """Reported by their day and accepted since, among the tasks whose day fell into the period and has passed."""
    return _parts(counting.due(period.start, period.end) & counting.settled(), counting.in_time())


def done_counts(period: Period) -> dict[str, Part]:
    """Done, among the tasks whose day falls into the period."""
    return _parts(counting.due(period.start, period.end), Q(state=TaskState.DONE))


def overdue_counts(period: Period) -> dict[str, Part]:
    """Owed past their day, at the end of the period or now while it runs."""
    day = min(period.last, local_day(timezone.now()))
    rows = (
        PlanTask.objects.filter(state__in=OWED, due_on__lt=day).values("region_code").annotate(n=Count("pk")).order_by()
    )
    return {row["region_code"]: Part(num=row["n"], den=1) for row in rows}


def _records(filters: Mapping[str, Mapping[str, str]]) -> Records:
    """The list of tasks behind each part, by the filters that are the conditions counted."""

    def url(actor: Actor, region: str, period: Period, part: str) -> str:
        query = {"region": region, **{k: period.key if v == SPAN else v for k, v in filters[part].items()}}
        return f"/programmes/tasks?{urlencode(query)}"

    return url


SPAN = "SPAN"
DONE = {"num": {"due": SPAN, "state": "done"}, "den": {"due": SPAN}, "gap": {"due": SPAN, "owed": "1"}}
ON_TIME = {"num": {"due": SPAN, "in_time": "1"}, "den": {"due": SPAN}, "gap": {"due": SPAN, "not_in_time": "1"}}
LATE = {part: {"late": "1"} for part in ("num", "den", "gap")}


register(
    Indicator(
        code="workplans.on_time_rate",
        name=Text("任务按期完成率", "tasks done on time"),
        formula=Text(
            "按期上报并验收通过的任务 ÷ 期内到期任务",
            "tasks reported by their day and accepted ÷ tasks due in the period",
        ),
        unit="%",
        better="up",
        source=SOURCE,
        mark="D",
        kind="rate",
        counts=on_time_counts,
        records=_records(ON_TIME),
        words=("任务按期完成率", "任务按时完成率"),
        topic="responsibility",
    )
)
register(
    Indicator(
        code="workplans.done_rate",
        name=Text("任务完成率", "tasks done"),
        formula=Text("验收通过的任务 ÷ 期限在期内的任务", "tasks accepted ÷ tasks due in the period"),
        unit="%",
        better="up",
        source=SOURCE,
        mark="D",
        kind="rate",
        counts=done_counts,
        records=_records(DONE),
        climbs=True,
        words=("任务完成率", "工作任务完成率"),
        topic="responsibility",
    )
)
register(
    Indicator(
        code="workplans.overdue",
        name=Text("逾期任务", "overdue tasks"),
        formula=Text("期末仍未上报完成且已过期限的任务", "tasks past their day that are still owed at the end"),
        unit="项",
        better="down",
        source=SOURCE,
        mark="D",
        kind="count",
        counts=overdue_counts,
        records=_records(LATE),
        words=("逾期任务",),
        topic="responsibility",
    )
)
