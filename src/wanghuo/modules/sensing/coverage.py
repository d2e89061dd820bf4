"""Vulnerable households (独居老人 and the like): which of them have a smoke alarm that works.

The households are lines of a register of the kernel (特殊群体“一对一”帮扶); a device says which it protects. Covered is who has a
connected smoke alarm that is heard and not in fault; an alarm that somebody noted and nobody hears is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When

from wanghuo.base import Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period
from wanghuo.kernel.ledgers.models import RegisterRow
from wanghuo.kernel.ledgers.states import RowState
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.sensing.states import DeviceState

REGISTER = "weak_people"
PROFILES = ("wireless", "smoke")
WORKING = (DeviceState.OK, DeviceState.LATE, DeviceState.LOW_BATTERY, DeviceState.MUTED)
COVERS = {
    "working": Text("有感烟报警器且正常", "a smoke alarm that works"),
    "failing": Text("感烟报警器失联或故障", "its smoke alarm is off line or in fault"),
    "noted": Text("台账记有感烟，未联网", "a smoke alarm is noted, none connected"),
    "none": Text("没有感烟报警器", "no smoke alarm"),
}
"""How a household stands."""


def households() -> QuerySet[RegisterRow]:
    """The listed households, with `cover`: one of COVERS."""
    alarms = Device.objects.filter(household=OuterRef("ref"), profile__in=PROFILES).exclude(state=DeviceState.RETIRED)
    return (
        RegisterRow.objects.filter(register__code=REGISTER)
        .exclude(state=RowState.RETIRED)
        .annotate(
            alarm=Exists(alarms),
            works=Exists(alarms.filter(state__in=WORKING)),
            noted=Case(When(values__device=True, then=Value(True)), default=Value(False), output_field=BooleanField()),
        )
        .annotate(
            cover=Case(
                When(works=True, then=Value("working")),
                When(alarm=True, then=Value("failing")),
                When(noted=True, then=Value("noted")),
                default=Value("none"),
                output_field=CharField(),
            )
        )
    )


def with_devices(rows: QuerySet[RegisterRow], actor: Actor) -> QuerySet[RegisterRow]:
    """The households with the reference of the alarm that the actor may see (the one that works, where there are several)."""
    alarms = Device.objects.visible_to(actor).filter(household=OuterRef("ref"), profile__in=PROFILES)
    known = alarms.exclude(state=DeviceState.RETIRED).order_by(
        Case(When(state__in=WORKING, then=Value(0)), default=Value(1)), "ref"
    )
    return rows.annotate(device_ref=Subquery(known.values("ref")[:1]))


def check_household(ref: str, actor: Actor) -> None:
    """Raise Invalid unless the household is a line of the register that the actor may see."""
    if ref and not RegisterRow.objects.visible_to(actor).filter(register__code=REGISTER, ref=ref).exists():
        raise Invalid(
            Text("没有这一户，或不在你的范围。", "No such household, or outside your scope."), field="household"
        )


def coverage_counts(period: Period) -> Mapping[str, Part]:
    """Households with a working smoke alarm, of those listed, as they stand now."""
    rows = (
        households().values("region_code").annotate(den=Count("pk"), num=Count("pk", filter=Q(works=True))).order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}


def coverage_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The households behind the number."""
    known = {"num": {"cover": "working"}, "gap": {"missing": "1"}}.get(part, {})
    return "/devices/households?" + urlencode({"region": region, **known})


COVERAGE = Indicator(
    code="sensing.household_coverage",
    name=Text("特殊群体家庭感烟报警器覆盖率", "Weak households with a working smoke alarm"),
    formula=Text(
        "有联网感烟报警器且工作正常的户数 ÷ 台账所列特殊群体户数（在册）",
        "households with a connected smoke alarm that works ÷ households listed in the register of weak people",
    ),
    unit="%",
    better="up",
    source="青龙乡2023年消防工作要点；“工作正常”的口径为本平台：有报文且无故障",
    mark="D",
    kind="rate",
    counts=coverage_counts,
    records=coverage_records,
    climbs=True,
    standing=True,
    topic="basis",
    words=("独居老人 感烟 覆盖", "特殊群体 感烟 安装率", "孤寡老人 感烟", "弱势群体 独立式感烟 覆盖"),
)
