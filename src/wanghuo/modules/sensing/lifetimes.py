"""What runs out on a device: its SIM's contract, its battery, its service life. Who must renew it is told ahead."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, DateField, F, Q, QuerySet, Value, When
from django.db.models.functions import Least
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.loops import Subject, close_duties, open_duty
from wanghuo.kernel.loops.models import Duty
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.sensing.profiles import profile
from wanghuo.modules.sensing.states import DEVICE, DeviceState

SUBJECT, RIGHT, MOVE, RULE = "device_expiry", "sensing.mend", "renew", "sensing.expiry_ahead"
KINDS = {
    "sim_until": Text("SIM 卡", "SIM"),
    "battery_until": Text("电池", "battery"),
    "life_until": Text("设备寿命", "service life"),
}
"""What runs out, by the field that holds its last day."""

AT_ONCE = 200  # duties opened in one run
FAR = date(9999, 12, 31)
_ICCID = re.compile(r"89[0-9]{16,17}[0-9A-Fa-f]?")


def clean_iccid(written: str) -> str:
    """The number of a SIM as printed on it: 89, then up to 20 characters in all (ITU-T E.118). Raises Invalid."""
    text = re.sub(r"[\s\-]", "", written).upper()
    if not _ICCID.fullmatch(text) or not 19 <= len(text) <= 20:
        raise Invalid(
            Text("ICCID 应以 89 开头，共 19 至 20 位。", "An ICCID begins with 89 and has 19 or 20 characters."),
            field="iccid",
        )
    return text


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def fill_in(device: Device) -> None:
    """Where nobody said it: a battery and a device last as long as its profile says, from the day they were put in."""
    kind = profile(device.profile)
    put_in = device.battery_on or device.installed_on
    if device.battery_until is None and put_in and kind.battery_months:
        device.battery_until = months_after(put_in, kind.battery_months)
    if device.life_until is None and device.installed_on and kind.life_months:
        device.life_until = months_after(device.installed_on, kind.life_months)


def ahead(on: date, region: str = "0") -> timedelta:
    """How long before the last day it is told."""
    return timedelta(days=float(rule(RULE, region=region, on=on).value["days"]))


def running_out(rows: QuerySet[Device], today: date) -> QuerySet[Device]:
    """Devices in use of which something has run out or soon will: `runs_out` the first last day, `what` its field."""
    soon = today + ahead(today)
    known: list[Any] = [Case(When(**{f"{f}__isnull": True}, then=Value(FAR)), default=F(f)) for f in KINDS]
    first = Least(*known, output_field=DateField())
    what = Case(
        *(When(runs_out=F(field), then=Value(field)) for field in KINDS), default=Value(""), output_field=CharField()
    )
    some = Q(sim_until__lte=soon) | Q(battery_until__lte=soon) | Q(life_until__lte=soon)
    return rows.filter(some).exclude(state=DeviceState.RETIRED).annotate(runs_out=first).annotate(what=what)


def of(device: Device, today: date) -> list[Expiry]:
    """What of a device runs out, and how soon."""
    found = [(KINDS[field], getattr(device, field)) for field in KINDS if getattr(device, field)]
    return [Expiry(name, until, (until - today).days) for name, until in found]


@dataclass(frozen=True, slots=True)
class Expiry:
    """A last day. `days`: until then, negative after it."""

    name: Text
    until: date
    days: int


def ask_to_renew(now: datetime | None = None) -> int:
    """Open a duty for each device of which something runs out soon, and close those that were renewed. Run by the clock."""
    now = now or timezone.now()
    today = local_day(now)
    running = running_out(Device.objects.all(), today)
    asked = set(Duty.objects.filter(subject_kind=SUBJECT, closed_at=None).values_list("subject_id", flat=True))
    fresh = [row for row in running.order_by(F("runs_out"))[: AT_ONCE + len(asked)] if row.pk not in asked][:AT_ONCE]
    for row in fresh:
        _ask(row, row.runs_out, row.what)  # type: ignore[attr-defined]
    still = set(running.filter(pk__in=asked).values_list("pk", flat=True))
    by = system_actor("sensing")
    for device_id in asked - still:
        close_duties(SUBJECT, device_id, by=by)
    return len(fresh)


@transaction.atomic
def _ask(device: Device, last: date, what: str) -> None:
    where = " ".join(filter(None, (device.floor, device.location))) or device.ref
    title = Text("{what} {day} 到期：{where}", "{what} runs out on {day}: {where}")
    subject = Subject.of(device, SUBJECT, DEVICE.what, url=f"/devices/{device.ref}")
    open_duty(
        subject,
        move=MOVE,
        title=title.filled({"what": KINDS[what], "day": last.isoformat(), "where": where}),
        right=RIGHT,
        asked_by=system_actor("sensing"),
        due_at=_end_of(last),
        at_level="unit" if device.scope_unit else None,
    )


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time()))
