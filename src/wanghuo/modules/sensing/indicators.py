"""What sensing is measured by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, register
from wanghuo.kernel.indicators.registry import Records
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing.coverage import COVERAGE
from wanghuo.modules.sensing.models import Component, Device, DeviceDay
from wanghuo.modules.sensing.states import HEARD, DeviceState

OUT_OF_COUNT = (DeviceState.RETIRED, DeviceState.MAINTENANCE)
SMOKE_TYPES = (40, 41, 42, 43, 44, 51, 53)  # smoke and combined smoke detectors of GB/T 26875.3-2011, table 5


def online_counts(period: Period) -> Mapping[str, Part]:
    """Device-hours reporting, of device-hours in service, from the hourly looks of the period.

    A region that has no look in the period yet, in a period that runs, is counted as it stands now: one look.
    """
    first, last = local_day(period.start), local_day(period.end)
    rows = (
        DeviceDay.objects.filter(day__gte=first, day__lt=last)
        .values("region_code")
        .annotate(num=Sum("reporting"), den=Sum("expected"))
        .order_by()
    )
    found = {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}
    if period.start <= timezone.now() < period.end:
        found = online_now() | found
    return found


def online_now() -> dict[str, Part]:
    """Devices that are heard, of those in service, at this moment."""
    rows = (
        Device.objects.exclude(state__in=OUT_OF_COUNT)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=Q(state__in=HEARD)))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}


def networking_counts(period: Period) -> Mapping[str, Part]:
    """Units that must be connected, and those of them with a device in service, as they stand now."""
    devices = Device.objects.exclude(state=DeviceState.RETIRED).filter(unit__isnull=False)
    connected = devices.filter(registered_at__lt=period.end).values("unit_id")
    rows = (
        places.must_connect()
        .filter(registered_at__lt=period.end)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=Q(pk__in=connected)))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}


def risky_networking_counts(period: Period) -> Mapping[str, Part]:
    """High-risk units that must be connected, and those of them with a device in service."""
    devices = Device.objects.exclude(state=DeviceState.RETIRED).filter(unit__isnull=False)
    connected = devices.filter(registered_at__lt=period.end).values("unit_id")
    rows = (
        places.must_connect()
        .filter(decisions__code="high_risk", decisions__ended_at=None)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=Q(pk__in=connected)))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}


def fault_counts(period: Period) -> Mapping[str, Part]:
    """Devices in fault, of those in service, at this moment."""
    rows = (
        Device.objects.exclude(state__in=OUT_OF_COUNT)
        .values("region_code")
        .annotate(den=Count("pk"), num=Count("pk", filter=Q(state=DeviceState.FAULT)))
        .order_by()
    )
    return {row["region_code"]: Part(num=row["num"], den=row["den"]) for row in rows}


def has_smoke() -> Exists:
    """With a smoke detector that reported."""
    return Exists(Component.objects.filter(device=OuterRef("pk"), type__in=SMOKE_TYPES))


def installed_in(start: datetime, end: datetime) -> Q:
    """Installed in a period; where no day of installation was told, registered in it."""
    days = Q(installed_on__gte=local_day(start), installed_on__lt=local_day(end))
    return days | Q(installed_on=None, registered_at__gte=start, registered_at__lt=end)


def _installed(condition: Q | Exists | None) -> Callable[[Period], Mapping[str, Part]]:
    def counts(period: Period) -> Mapping[str, Part]:
        rows = Device.objects.filter(installed_in(period.start, period.end)).exclude(state=DeviceState.RETIRED)
        rows = rows.filter(condition) if condition is not None else rows
        grouped = rows.values("region_code").annotate(n=Count("pk")).order_by()
        return {row["region_code"]: Part(num=row["n"], den=1) for row in grouped}

    return counts


def _installed_records(**known: str) -> Records:
    def address(actor: Actor, region: str, period: Period, part: str) -> str:
        after = local_day(period.end)
        return _devices(region, installed=f"{period.first.isoformat()}..{after.isoformat()}", in_use="1", **known)

    return address


def risky_networking_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The high-risk units that must be connected; of a part of them there is no list."""
    if part == "num" or part == "gap":
        return ""
    return "/units?" + urlencode({"region": region, "class": "high_risk", "control_room": "1", "state": "active"})


def fault_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The devices in fault, or all of them."""
    return _devices(region, state="fault") if part == "num" else _devices(region)


def _devices(region: str, **known: str) -> str:
    return "/devices?" + urlencode({"region": region, **known})


def online_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The devices behind the rate, as they stand now."""
    if part == "num":
        return _devices(region, state="heard")
    return _devices(region, state="offline") if part == "gap" else _devices(region)


def networking_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The units that must connect, or those of them that are missing."""
    return "/devices/connection?" + urlencode(
        {"region": region, **({"connection": "missing"} if part == "gap" else {})}
    )


RATES = (
    Indicator(
        code="sensing.online_rate",
        name=Text("设备在线率", "Online rate of devices"),
        formula=Text(
            "每小时查看一次：有报文的设备数之和 ÷ 在用设备数之和（停用、维护中的不计；平台自身停机的小时不计）",
            "looked at once an hour: sum of devices heard ÷ sum of devices in service "
            "(without retired and maintained ones, and without hours in which the platform itself did not listen)",
        ),
        unit="%",
        better="up",
        source="在线设备小时 ÷ 应在线设备小时，每小时统计一次",
        mark="D",
        kind="rate",
        counts=online_counts,
        flows=True,
        records=online_records,
        topic="basis",
        words=("设备在线率", "联网设备 在线", "终端 在线率"),
    ),
    Indicator(
        code="sensing.networking_rate",
        name=Text("联网率", "Networking rate"),
        formula=Text(
            "有在用联网设备的单位 ÷ 应联网单位（设有消防控制室的在册单位）",
            "units with a device in service ÷ units that must connect (active units with a fire control room)",
        ),
        unit="%",
        better="up",
        source="已联网单位 ÷ 应联网单位，有消防控制室的应联网",
        mark="D",
        kind="rate",
        counts=networking_counts,
        records=networking_records,
        climbs=True,
        topic="basis",
        words=(
            "消防控制室 单位 接入",
            "消防控制室 既有单位 接入",
            "设有消防控制室的单位 接入率",
            "建筑消防设施 联网 率",
            "消防设施联网监测 接入",
            "远程监控 联网率",
            "单位 联网率",
            "应联网单位 联网",
        ),
    ),
    Indicator(
        code="sensing.high_risk_networking_rate",
        name=Text("火灾高危单位联网率", "Networking rate of high-risk units"),
        formula=Text(
            "有在用联网设备的火灾高危单位 ÷ 设有消防控制室的火灾高危单位",
            "high-risk units with a device in service ÷ high-risk units with a fire control room",
        ),
        unit="%",
        better="up",
        source="火灾高危单位按认定",
        mark="D",
        kind="rate",
        counts=risky_networking_counts,
        records=risky_networking_records,
        climbs=True,
        topic="basis",
        words=("火灾高危单位 接入", "火灾高危单位 联网", "高层公共建筑 接入"),
    ),
    Indicator(
        code="sensing.fault_share",
        name=Text("设备故障占比", "Share of devices in fault"),
        formula=Text("此刻有故障的设备 ÷ 在用设备（停用、维护中的不计）", "devices in fault now ÷ devices in service"),
        unit="%",
        better="down",
        source="本平台口径",
        mark="D",
        kind="rate",
        counts=fault_counts,
        records=fault_records,
        standing=True,
        topic="basis",
        words=("设备故障率", "联网设备 故障"),
    ),
)


def declare() -> None:
    """Put the indicators into the catalogue."""
    for rate in (*RATES, COVERAGE):
        register(rate)
    for code, condition, name, filters, words in INSTALLED:
        _declare_installed(code, condition, name, filters, words)


INSTALLED: tuple[tuple[str, Q | Exists | None, Text, dict[str, str], tuple[str, ...]], ...] = (
    (
        "installed",
        None,
        Text("新增联网设备数", "Devices newly connected"),
        {},
        ("新增 联网设备", "新增 物联网 终端", "安装 联网设备"),
    ),
    (
        "installed_smoke",
        Q(profile="wireless") & Q(has_smoke()),
        Text("新增独立式感烟火灾探测报警器数（联网）", "Stand-alone smoke alarms newly connected"),
        {"profile": "wireless", "smoke": "1"},
        ("独立式感烟 探测 报警器", "独立式感烟", "独立式烟感", "独立感烟报警器"),
    ),
    (
        "installed_electrical",
        Q(profile="electrical_ma"),
        Text("新增电气火灾监控系统数（联网）", "Electrical fire monitors newly connected"),
        {"profile": "electrical_ma"},
        ("电气火灾监控系统", "电气火灾监控 套", "电气火灾智能 监控"),
    ),
)


def _declare_installed(
    code: str, condition: Q | Exists | None, name: Text, filters: dict[str, str], words: tuple[str, ...]
) -> None:
    register(
        Indicator(
            code=f"sensing.{code}",
            name=name,
            formula=Text(
                f"期内安装（未填安装日期的按登记时间）且未停用的台数：{name.zh}",
                f"installed in the period (registered, where no day was told) and not retired: {name.en.lower()}",
            ),
            unit="",
            better="up",
            source="本平台口径",
            mark="D",
            kind="count",
            counts=_installed(condition),
            records=_installed_records(**filters),
            accumulates=True,
            topic="basis",
            words=words,
        )
    )
