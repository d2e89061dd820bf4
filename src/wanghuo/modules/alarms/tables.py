"""The list of alarms."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q

from wanghuo.base import Text
from wanghuo.engines.alarm_logic import PRIORITIES
from wanghuo.kernel.ui.filters import Choice, Flag, Words
from wanghuo.kernel.ui.lists import Column, Empty, Link, ListPage
from wanghuo.kernel.ui.spans import Span
from wanghuo.modules.alarms.selectors import not_taken_within, stale_before, taken_within
from wanghuo.modules.alarms.states import ALARM, CAUSES, KEPT_ROUTES, OPEN, WAITING, AlarmState
from wanghuo.modules.alarms.words import KIND_NAMES, NAMES

MARKS = {
    AlarmState.NEW: "new",
    AlarmState.TAKEN: "doing",
    AlarmState.DISPATCHED: "waiting",
    AlarmState.FIRE: "overdue",
    AlarmState.FALSE: "void",
    AlarmState.TEST: "void",
    AlarmState.FAULT: "doing",
    AlarmState.RESTORED: "done",
    AlarmState.CLOSED: "done",
}


def _taken(seconds: str, condition: Callable[[int], Q]) -> Q:
    """The condition for the seconds in the URL; what is no number of seconds of a day fits no row."""
    good = seconds.isascii() and seconds.isdigit() and len(seconds) < 6
    return condition(int(seconds)) if good else Q(pk__in=[])


ALARMS = ListPage(
    title=Text("报警记录", "Alarms"),
    what=Text("报警", "alarms"),
    code="alarms:alarm",
    row_url="/alarms/{0.ref}",
    period="received_at",
    export_right="alarms.export",
    fields=("ref", "kind", "priority", "condition", "place", "state", "cause", "received_at", "count"),
    index={"state": [str(s) for s in AlarmState], "kind": [str(k) for k in KIND_NAMES]},
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column("priority", Text("级", "Class"), kind="template", template="alarms/_priority.html"),
        Column("condition", Text("类型", "Type"), value=lambda a: NAMES[a.condition]),
        Column("place", Text("单位与点位", "Unit and point")),
        Column(
            "state", Text("状态", "State"), kind="state", machine=ALARM, marks={str(k): v for k, v in MARKS.items()}
        ),
        Column("cause", Text("误报原因", "Cause"), value=lambda a: CAUSES[a.cause] if a.cause else None, wide=True),
        Column("received_at", Text("收到", "Received"), kind="when"),
        Column("count", Text("次数", "Times"), kind="number", wide=True),
    ),
    filters=(  # type: ignore[arg-type]
        Words(label=Text("编号", "Reference"), where=lambda words: Q(ref=words.upper())),
        Choice("kind", Text("类别", "Kind"), {str(k): v for k, v in KIND_NAMES.items()}),
        Choice("priority", Text("级别", "Class"), {str(k): v for k, v in PRIORITIES.items()}),
        Choice("state", Text("状态", "State"), {str(k): v for k, v in ALARM.names.items()}),
        Choice("cause", Text("误报原因", "Cause"), {str(k): v for k, v in CAUSES.items()}),
        Flag("open", Text("未结", "open"), lambda: Q(state__in=OPEN), fixes={"state": [str(s) for s in OPEN]}),
        Flag("judged", Text("已判定", "judged"), lambda: Q(judged_at__isnull=False)),
        Flag("unjudged", Text("无判定时间", "not judged"), lambda: Q(judged_at__isnull=True)),
        Flag("kept", Text("未提示", "kept back"), lambda: Q(route__in=KEPT_ROUTES, state__in=WAITING)),
        Flag("chattering", Text("抖动", "chattering"), lambda: Q(comes_and_goes=True, state__in=OPEN)),
        Flag("presumed", Text("有互证", "corroborated"), lambda: Q(presumed=True)),
        Flag("single", Text("无互证", "not corroborated"), lambda: Q(presumed=False)),
        Flag("stale", Text("超 24 小时", "stale"), lambda: Q(state__in=OPEN, received_at__lt=stale_before())),
        Words("why", Text("去处理由", "routed because"), where=lambda words: Q(route_why=words.lower())),
        Words("below", Text("归并于", "below"), where=lambda words: Q(first_out__ref=words.upper())),
        Flag("here", Text("本平台接收", "received here"), lambda: Q(imported=False)),
        Words("taken_within", Text("接警不超过（秒）", "taken within (s)"), where=lambda s: _taken(s, taken_within)),
        Words(
            "not_taken_within",
            Text("未在此秒数内接警", "not taken within (s)"),
            where=lambda s: _taken(s, not_taken_within),
        ),
        Words("unit", Text("单位", "unit"), where=lambda words: Q(unit__ref=words.upper())),
        Words("device", Text("设备", "device"), where=lambda words: Q(device__ref=words.upper())),
        Span("received", Text("收到", "received"), "received_at"),
        Span("shown", Text("提示值班员", "shown"), "shown_at"),
    ),
    links=(Link(Text("值班台", "Console"), "/alarms/console", "alarms.handle", icon="bell", main=True),),
    empty=Empty(
        Text(
            "设备报来的火警、故障、离线都在这里，一处一条，重复的自动归并。",
            "Fires, faults and silent devices, one line each.",
        )
    ),
)
