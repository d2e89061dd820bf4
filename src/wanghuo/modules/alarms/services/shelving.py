"""Shelving a point and announcing maintenance: with a reason, an end and a name, in a list everybody sees; never for fire."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Kind
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.audit import record
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.notify import notify
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.alarms.live import show
from wanghuo.modules.alarms.models import Alarm, MaintenanceWindow, Shelf
from wanghuo.modules.alarms.selectors import get_alarm
from wanghuo.modules.alarms.services.keeping import come_up, let_go
from wanghuo.modules.alarms.services.notes import add_line
from wanghuo.modules.alarms.states import WAITING
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import public as sensing

SHELF = Text("搁置", "Shelving")
WINDOW = Text("维护时段", "Maintenance window")
SHELF_RULE, WINDOW_RULE = "alarms.shelf_most", "alarms.window_most"


class NeverShelved(Invalid):
    """Fire, and what may endanger life, is never shelved."""

    code = "alarms.never_shelved"
    text = Text("一级、二级报警不得搁置。", "Alarms of class 1 and 2 are never shelved.")


class TooLong(Invalid):
    """Shelving and maintenance end by themselves, and soon."""

    code = "alarms.too_long"
    text = Text("最长 {hours:g} 小时。", "At most {hours:g} hours.")


class EndsBeforeItBegins(Invalid):
    """A window has a length."""

    code = "alarms.window_without_length"
    text = Text("结束时间须晚于开始时间和现在。", "It must end after it begins, and in the future.")


@transaction.atomic
def shelve(ref: str, *, hours: float, reason: str, actor: Actor) -> Shelf:
    """Shelve the point of an alarm for some hours (搁置): it stands in the list of what is shelved, and comes back by itself.

    Raises NotFound, NotPermitted, NeverShelved, TooLong, Invalid (no reason), Conflict (shelved already, or no device).
    """
    alarm = get_alarm(ref, actor=actor, lock=True)
    actor.require("alarms.handle", alarm)
    if alarm.priority <= 2 or alarm.kind == Kind.FIRE:
        raise NeverShelved()
    most = float(rule(SHELF_RULE, region=alarm.region_code, on=local_day(timezone.now())).value["hours"])
    if not 0 < hours <= most:
        raise TooLong(field="hours", hours=most)
    if not reason.strip():
        raise Invalid(Text("请写明搁置理由。", "Say why it is shelved."), field="reason")
    now = timezone.now()
    same = {"device_id": alarm.device_id, "component_key": alarm.component_key, "condition": alarm.condition}
    if alarm.device_id is None or alarm.state not in WAITING or Shelf.objects.filter(**same, ended_at=None).exists():
        raise Conflict(what=SHELF)
    until = now + timedelta(hours=hours)
    shelf = Shelf.objects.create(
        **same,
        where=alarm.place,
        alarm_ref=alarm.ref,
        reason=reason.strip()[:300],
        by_id=actor.id,
        by_name=actor.name,
        started_at=now,
        until=until,
        **scope_columns(alarm.region_code, sector=alarm.sector, unit=alarm.scope_unit),
    )
    words = Text("由值班员搁置至 {until}", "shelved by an operator until {until}").filled(
        {"until": timezone.localtime(until).strftime("%m-%d %H:%M")}
    )
    alarm.route, alarm.route_why, alarm.route_until, alarm.first_out = "hold", "shelf", until, None
    alarm.route_reasons = [*alarm.route_reasons, ["alarm.shelved", words.zh, words.en, SHELF_RULE]]
    alarm.save(update_fields=["route", "route_why", "route_until", "first_out", "route_reasons"])
    add_line(alarm, "shelve", actor=actor, at=now, text=shelf.reason)
    come_up(alarm, now)  # what stood below it is not shelved with it
    record(
        actor,
        "alarms:alarm:shelve",
        alarm.ref,
        region=alarm.region_code,
        after={"until": until, "reason": shelf.reason},
    )
    show(alarm, "changed")
    return shelf


@transaction.atomic
def unshelve(shelf_id: UUID, *, actor: Actor) -> int:
    """End a shelving (解除搁置); what it held and still stands is shown at once. How many alarms were looked at."""
    shelf = Shelf.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=shelf_id).first()
    if shelf is None:
        raise NotFound(what=SHELF, ref=shelf_id)
    actor.require("alarms.handle", shelf)
    if shelf.ended_at is not None:
        raise Conflict(what=SHELF)
    return _end_shelf(shelf, timezone.now(), actor)


def _end_shelf(shelf: Shelf, now: datetime, actor: Actor) -> int:
    shelf.ended_at, shelf.ended_by_name = now, actor.name
    shelf.save(update_fields=["ended_at", "ended_by_name"])
    record(actor, "alarms:shelf:end", shelf.alarm_ref or shelf.where[:80], region=shelf.region_code)
    rows = Alarm.objects.select_for_update(of=("self",)).filter(
        device_id=shelf.device_id, condition=shelf.condition, route="hold", state__in=WAITING
    )
    return let_go(rows.filter(component_key=shelf.component_key) if shelf.component_key else rows, now)


@transaction.atomic
def announce(
    *,
    target: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    contact: str,
    actor: Actor,
) -> MaintenanceWindow:
    """Announce maintenance or a test (维护时段) of a unit (DW-…), a building (JZ-…) or a device (SB-…), by its reference.

    Faults there are held until it ends; a single fire alarm is verified on the spot first; corroborated fire is never touched. The unit
    and the seats are told. Raises NotFound, NotPermitted, EndsBeforeItBegins, TooLong, Invalid.
    """
    now = timezone.now()
    place = _target(target, actor)
    window = MaintenanceWindow(
        reason=reason.strip()[:300],
        contact=contact.strip()[:120],
        by_id=actor.id,
        by_name=actor.name,
        starts_at=starts_at,
        ends_at=ends_at,
        **place,
    )
    actor.require("alarms.handle", window)
    if ends_at <= max(starts_at, now):
        raise EndsBeforeItBegins(field="ends_at")
    most = 24 * float(rule(WINDOW_RULE, region=window.region_code, on=local_day(now)).value["days"])
    if ends_at - starts_at > timedelta(hours=most):
        raise TooLong(field="ends_at", hours=most)
    if not window.reason or not window.contact:
        raise Invalid(Text("请写明事由和现场负责人。", "Say what for, and who is responsible there."), field="reason")
    window.ref = next_ref("WH", window.region_code, local_day(now).year)
    window.save(force_insert=True)
    after = {"from": starts_at, "until": ends_at, "reason": window.reason}
    record(actor, "alarms:window:announce", window.ref, region=window.region_code, after=after)
    _tell(window, Text("维护时段已登记：{where}", "Maintenance announced: {where}"), actor)
    return window


def _target(words: str, actor: Actor) -> dict[str, object]:
    """What a window is for, among what the actor may see."""
    wanted = words.strip().upper()
    if wanted.startswith("SB-"):
        device = next(iter(sensing.visible_devices(actor).filter(ref=wanted)[:1]), None)
        if device is not None:
            where = f"{device.ref} {device.location}".strip()
            scope = scope_columns(device.region_code, sector=device.sector, unit=device.unit_id)
            return {"device_id": device.pk, "unit_id": device.unit_id, "where": where, **scope}
    unit = places.referred_unit(words, actor)
    if unit is None:
        raise Invalid(
            Text("没有这个单位或设备，或不在你的范围。", "No such unit or device, or out of your reach."),
            field="target",
        )
    return {"unit_id": unit.id, "where": unit.name, **scope_columns(unit.region_code, sector=unit.sector, unit=unit.id)}


@transaction.atomic
def end_window(ref: str, *, actor: Actor) -> int:
    """End maintenance before its time (提前结束); what it held and still stands is shown. How many alarms were looked at."""
    window = MaintenanceWindow.objects.visible_to(actor).select_for_update(of=("self",)).filter(ref=ref).first()
    if window is None:
        raise NotFound(what=WINDOW, ref=ref)
    actor.require("alarms.handle", window)
    if window.ended_at is not None:
        raise Conflict(what=WINDOW)
    return _end_window(window, timezone.now(), actor)


def _end_window(window: MaintenanceWindow, now: datetime, actor: Actor) -> int:
    window.ended_at, window.ended_by_name = now, actor.name
    window.save(update_fields=["ended_at", "ended_by_name"])
    record(actor, "alarms:window:end", window.ref, region=window.region_code)
    rows = Alarm.objects.select_for_update(of=("self",)).filter(route="hold", state__in=WAITING)
    if window.device_id:
        rows = rows.filter(device_id=window.device_id)
    elif window.building_id:
        rows = rows.filter(building_id=window.building_id)
    else:
        rows = rows.filter(unit=window.unit)
    count = let_go(rows, now)
    _tell(window, Text("维护时段已结束：{where}", "Maintenance is over: {where}"), actor)
    return count


def _tell(window: MaintenanceWindow, title: Text, actor: Actor) -> None:
    people = set(holders("alarms.answer", window.region_code, unit=window.scope_unit, level="unit"))
    people |= set(holders("alarms.handle", window.region_code))
    span = " – ".join(timezone.localtime(at).strftime("%m-%d %H:%M") for at in (window.starts_at, window.ends_at))
    body = Text(f"{span} {window.reason}（{window.contact}）", f"{span} {window.reason} ({window.contact})")
    notify(
        sorted(people),
        level="B",
        title=title.filled({"where": window.where}),
        body=body,
        url="/alarms/kept",
        about=window.ref,
        by=actor,
    )


def expire(now: datetime | None = None) -> int:
    """End the shelvings and windows whose time is over; how many."""
    now, system = now or timezone.now(), system_actor("worker")
    shelves = list(Shelf.objects.filter(ended_at__isnull=True, until__lte=now).values_list("pk", flat=True)[:200])
    windows = list(
        MaintenanceWindow.objects.filter(ended_at__isnull=True, ends_at__lte=now).values_list("pk", flat=True)[:200]
    )

    @transaction.atomic
    def end_shelf(key: UUID) -> None:
        shelf = Shelf.objects.select_for_update(of=("self",)).filter(pk=key, ended_at__isnull=True).first()
        if shelf is not None:
            _end_shelf(shelf, now, system)

    @transaction.atomic
    def end_window(key: UUID) -> None:
        rows = MaintenanceWindow.objects.select_for_update(of=("self",))
        if (window := rows.filter(pk=key, ended_at__isnull=True).first()) is not None:
            _end_window(window, now, system)

    return len(each(shelves, end_shelf).done) + len(each(windows, end_window).done)
