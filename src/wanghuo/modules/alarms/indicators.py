"""What the handling of alarms is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Kind
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, register
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Records
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.alarms.models import Alarm, Shift
from wanghuo.modules.alarms.selectors import taken_within
from wanghuo.modules.alarms.states import WAITING, AlarmState

FIRES = (AlarmState.FIRE, AlarmState.CLOSED)  # only a confirmed fire, or a mended fault of another kind, is closed
FALSE_OR_FIRE = (AlarmState.FALSE, *FIRES)
TAKE_RULE = "alarms.take_within"


def _received(period: Period) -> Q:
    return Q(received_at__gte=period.start, received_at__lt=period.end)


def handling_counts(period: Period) -> dict[str, Part]:
    """Seconds from the frame to the judgement of a person, summed, and how many were judged; the others are missing."""
    took = ExpressionWrapper(F("judged_at") - F("received_at"), output_field=DurationField())
    judged = Q(judged_at__isnull=False)
    rows = (
        Alarm.objects.filter(_received(period), kind=Kind.FIRE)
        .values("region_code")
        .annotate(n=Count("pk", filter=judged), waiting=Count("pk", filter=~judged), total=Sum(took, filter=judged))
        .order_by()
    )
    return {
        r["region_code"]: Part(
            num=r["total"].total_seconds() if r["total"] is not None else 0, den=r["n"], missing=r["waiting"]
        )
        for r in rows
    }


def _take_limit_s(period: Period) -> int:
    return int(rule(TAKE_RULE, region="0", on=local_day(period.start)).value["seconds"])


def take_counts(period: Period) -> dict[str, Part]:
    """Fire alarms taken within the seconds of the rule, among those received."""
    rows = (
        Alarm.objects.filter(_received(period), kind=Kind.FIRE, imported=False)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=taken_within(_take_limit_s(period))))
        .order_by()
    )
    return {r["region_code"]: Part(num=r["num"], den=r["den"], missing=0) for r in rows}


def false_counts(period: Period) -> dict[str, Part]:
    """False alarms among the fire alarms that were judged and were no test; those nobody judged yet are missing."""
    rows = (
        Alarm.objects.filter(_received(period), kind=Kind.FIRE)
        .values("region_code")
        .annotate(
            den=Count("pk", filter=Q(state__in=FALSE_OR_FIRE)),
            num=Count("pk", filter=Q(state=AlarmState.FALSE)),
            waiting=Count("pk", filter=Q(state__in=WAITING)),
        )
        .order_by()
    )
    return {r["region_code"]: Part(num=r["num"], den=r["den"], missing=r["waiting"]) for r in rows}


def fire_counts(period: Period) -> dict[str, Part]:
    """Alarms confirmed as fires."""
    rows = (
        Alarm.objects.filter(_received(period), kind=Kind.FIRE, state__in=FIRES)
        .values("region_code")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {r["region_code"]: Part(num=r["n"], den=1, missing=0) for r in rows}


def corroborated_counts(period: Period) -> dict[str, Part]:
    """Fire alarms that more than one piece of evidence supported, among those received here."""
    rows = (
        Alarm.objects.filter(_received(period), kind=Kind.FIRE, imported=False)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=Q(presumed=True)))
        .order_by()
    )
    return {r["region_code"]: Part(num=r["num"], den=r["den"], missing=0) for r in rows}


def operator_load(period: Period) -> dict[str, Part]:
    """Alarms that operators were called to, over the hours that seats of the region were taken."""
    shown = Q(shown_at__gte=period.start, shown_at__lt=period.end)
    rows = Alarm.objects.filter(shown, imported=False).values("region_code").annotate(n=Count("pk")).order_by()
    parts = {r["region_code"]: Part(num=r["n"], den=0, missing=0) for r in rows}
    end = min(period.end, timezone.now())
    for shift in Shift.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=period.start), started_at__lt=end):
        hours = (min(shift.ended_at or end, end) - max(shift.started_at, period.start)).total_seconds() / 3600
        known = parts.get(shift.region_code, Part(num=0, den=0, missing=0))
        parts[shift.region_code] = Part(num=known.num, den=known.den + max(0.0, hours), missing=0)
    return parts


def _load_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The alarms shown in the period; the hours are on the page of alarm health."""
    if part != "num":
        return "/alarms/health?" + urlencode({"region": region, "days": 30})
    first, after = timezone.localtime(period.start).date(), timezone.localtime(period.end).date()
    return "/alarms?" + urlencode({"region": region, "here": "1", "shown": f"{first.isoformat()}..{after.isoformat()}"})


def _records(**parts: Mapping[str, Any]) -> Records:
    """The list of alarms behind each part, by filters that are the conditions counted."""

    def address(actor: Actor, region: str, period: Period, part: str) -> str:
        first, after = timezone.localtime(period.start).date(), timezone.localtime(period.end).date()
        span = f"{first.isoformat()}..{after.isoformat()}"
        known = {"region": region, "kind": str(Kind.FIRE), "received": span}
        return "/alarms?" + urlencode({**known, **parts[part]}, doseq=True)

    return address


def _taken_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The alarms taken within the seconds of the rule that held when the period began, or not."""
    by_part: dict[str, Mapping[str, Any]] = {
        "num": {"here": "1", "taken_within": _take_limit_s(period)},
        "den": {"here": "1"},
        "gap": {"here": "1", "not_taken_within": _take_limit_s(period)},
    }
    return _records(**by_part)(actor, region, period, part)


def _declare(code: str, name: Text, formula: Text, **known: Any) -> None:
    register(Indicator(code=code, name=name, formula=formula, source="本平台口径", mark="D", **known))


_declare(
    "alarms.handling_time",
    Text("火警平均处置时间", "mean handling time of fire alarms"),
    Text("收到报警至作出判定的秒数，取均值", "seconds from the frame to the judgement, mean"),
    unit="s",
    better="down",
    kind="mean",
    flows=True,
    topic="result",
    words=("火警 处置时间", "报警 处置 时长", "火警 平均处置"),
    counts=handling_counts,
    records=_records(num={"judged": "1"}, den={"judged": "1"}, gap={"unjudged": "1"}),
)
_declare(
    "alarms.take_on_time_rate",
    Text("火警及时接警率", "fire alarms taken in time"),
    Text("规定秒数内接警数 ÷ 火警数", "taken within the seconds of the rule ÷ fire alarms"),
    unit="%",
    better="up",
    kind="rate",
    flows=True,
    topic="result",
    words=("火警 及时 接警", "接警 及时率", "报警 及时处置率"),
    counts=take_counts,
    records=_taken_records,
)
_declare(
    "alarms.false_share",
    Text("误报占比", "share of false alarms"),
    Text("误报数 ÷ 已判定火警数（测试除外）", "false alarms ÷ judged fire alarms, tests left out"),
    unit="%",
    better="down",
    kind="rate",
    flows=True,
    topic="result",
    words=("误报率", "误报 占比"),
    counts=false_counts,
    records=_records(num={"state": AlarmState.FALSE}, den={"state": FALSE_OR_FIRE}, gap={"state": FIRES}),
)
_declare(
    "alarms.fires",
    Text("确认火警数", "confirmed fires"),
    Text("期内判定为真实火警的报警数", "alarms judged to be fires in the period"),
    unit="",
    better="down",
    kind="count",
    topic="result",
    words=("确认火警", "联网报警 真实火警"),
    counts=fire_counts,
    records=_records(num={"state": FIRES}, den={"state": FIRES}, gap={"state": FIRES}),
    accumulates=True,
)
_declare(
    "alarms.corroborated_share",
    Text("火警互证占比", "share of corroborated fire alarms"),
    Text("有两个以上证据的火警 ÷ 火警数", "fire alarms with more than one piece of evidence ÷ fire alarms"),
    unit="%",
    better="up",
    kind="rate",
    flows=True,
    topic="result",
    words=("火警 互证", "报警 互证率"),
    counts=corroborated_counts,
    records=_records(num={"here": "1", "presumed": "1"}, den={"here": "1"}, gap={"here": "1", "single": "1"}),
)
_declare(
    "alarms.per_operator_hour",
    Text("每席每小时报警", "alarms per operator-hour"),
    Text("提示值班员的报警数 ÷ 席位在岗小时", "alarms operators were called to ÷ hours at the seats"),
    unit="",
    better="down",
    kind="mean",
    flows=True,
    topic="result",
    words=("值班员 负荷", "每席 报警"),
    counts=operator_load,
    records=_load_records,
)
