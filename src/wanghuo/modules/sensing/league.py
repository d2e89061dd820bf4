"""The league of makers and installers: what their devices did, day by day, added up over a stretch of time.

Each figure has its sample and an interval beside it; who has too few device-hours or repairs is not ranked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import sqrt
from typing import Any

from django.db.models import Count, F, Q, Sum

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.regions import codes
from wanghuo.modules.sensing.models import LOOK_NOW, Device, DeviceDay, figures_q
from wanghuo.modules.sensing.states import DeviceState

Group = tuple[str, str, str]
"""Lowest region, maker, installer."""

HOURS_OF_A_YEAR = 8766
MIN_DEVICES, MIN_REPAIRS = 30, 5
_Z = 1.96  # 95 %
SUMS = ("expected", "reporting", "dead", "mended", "mend_s", "false_alarms")


def add(day: date, group: Group, *, looked_at: datetime | None = None, **more: int) -> None:
    """Add to the figures of a day."""
    region, maker, installer = group
    row, _ = DeviceDay.objects.get_or_create(
        day=day, region_code=region, maker=maker, installer=installer, defaults={"last_look_at": looked_at or LOOK_NOW}
    )
    changes: dict[str, Any] = {name: F(name) + count for name, count in more.items()}
    if looked_at is not None:
        changes["last_look_at"] = looked_at
    DeviceDay.objects.filter(pk=row.pk).update(**changes)


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval (Wilson), in per cent."""

    value: float
    low: float
    high: float


def share(count: float, sample: float, independent: float) -> Share | None:
    """`count` of `sample`, as surely as `independent` observations allow; None of an empty sample.

    Hours of one device are alike, so device-hours are no independent observations: devices are.
    """
    if sample <= 0 or independent <= 0:
        return None
    p, n, z = count / sample, independent, _Z
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(100 * p, 100 * max(0.0, middle - half), 100 * min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class Rate:
    """Events for a device and year with their 95 % interval (Poisson, by Byar's approximation)."""

    value: float
    low: float
    high: float


def rate(events: int, years: float) -> Rate | None:
    """`events` in so many device-years; None without any."""
    if years <= 0:
        return None
    low = events * (1 - 1 / (9 * events) - _Z / (3 * sqrt(events))) ** 3 if events else 0.0
    more = events + 1
    high = more * (1 - 1 / (9 * more) + _Z / (3 * sqrt(more))) ** 3
    return Rate(events / years, low / years, high / years)


@dataclass(frozen=True, slots=True)
class Standing:
    """One maker or installer. `devices`: in service now. `mean_repair_h`: None below `MIN_REPAIRS` repairs."""

    name: str
    devices: int
    online: Share | None
    dead: Share | None
    false_alarms: Rate | None
    mended: int
    mean_repair_h: float | None
    ranked: bool
    place: int = 0


def standings(actor: Actor, by: str, first: date, last: date, region: str = "") -> list[Standing]:
    """The makers (`by` "maker") or installers of the devices in the regions where the actor sees indicators, over the days
    first to last, the surest first.

    Ranked by the low end of the online rate's interval, so that a small sample cannot lead; those with fewer than
    `MIN_DEVICES` devices follow unranked.
    """
    where = figures_q(actor) & (Q() if region in ("", codes.COUNTRY) else Q(region_code__startswith=region))
    devices = Device.objects.filter(where).exclude(state=DeviceState.RETIRED).exclude(**{by: ""})
    counts = dict(devices.values_list(by).annotate(n=Count("pk")).order_by())
    days = DeviceDay.objects.filter(where, day__gte=first, day__lte=last).exclude(**{by: ""})
    sums = {row[by]: row for row in days.values(by).annotate(**{f"sum_{n}": Sum(n) for n in SUMS}).order_by()}
    found = [_standing(name, counts.get(name, 0), sums.get(name, {})) for name in {*counts, *sums}]
    found.sort(key=lambda s: (not s.ranked, -(s.online.low if s.online else 0), s.name))
    return [replace(each, place=place if each.ranked else 0) for place, each in enumerate(found, 1)]


def _standing(name: str, devices: int, sums: Mapping[str, Any]) -> Standing:
    expected, reporting, dead, mended, mend_s, false = (sums.get(f"sum_{each}") or 0 for each in SUMS)
    repairs_enough = mended >= MIN_REPAIRS
    return Standing(
        name=name,
        devices=devices,
        online=share(reporting, expected, devices),
        dead=share(dead, expected, devices),
        false_alarms=rate(false, expected / HOURS_OF_A_YEAR),
        mended=mended,
        mean_repair_h=mend_s / mended / 3600 if repairs_enough else None,
        ranked=devices >= MIN_DEVICES and expected > 0,
    )
