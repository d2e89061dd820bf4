"""What sensing is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.db.models import Count, Q, Sum
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, register
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing.models import Device, DeviceDay
from wanghuo.modules.sensing.states import HEARD, DeviceState

OUT_OF_COUNT = (DeviceState.RETIRED, DeviceState.MAINTENANCE)


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


def _devices(region: str, **known: str) -> str:
    return "/devices?" + urlencode({"region": region, **known})


def online_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The devices behind the rate, as they stand now."""
    if part == "num":
        return _devices(region, state="heard")
    return _devices(region, state="offline") if part == "gap" else _devices(region)


def networking_records(actor: Actor, region: str, period: Period, part: str) -> str:
    """The devices of the connected units, or the ledger of units."""
    if part == "num":
        return _devices(region)
    return "/units?" + urlencode({"region": region, "control_room": "1"})


def declare() -> None:
    """Put the indicators into the catalogue."""
    register(
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
            source="regulations 9.2: device-hours reporting / device-hours expected; the hourly look is ours",
            mark="D",
            kind="rate",
            counts=online_counts,
            records=online_records,
        )
    )
    register(
        Indicator(
            code="sensing.networking_rate",
            name=Text("联网率", "Networking rate"),
            formula=Text(
                "有在用联网设备的单位 ÷ 应联网单位（设有消防控制室的在册单位）",
                "units with a device in service ÷ units that must connect (active units with a fire control room)",
            ),
            unit="%",
            better="up",
            source="regulations 9.2: units connected / units that must connect; which must is ours, by control room",
            mark="D",
            kind="rate",
            counts=networking_counts,
            records=networking_records,
        )
    )
