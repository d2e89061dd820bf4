"""What is kept back, and how it comes out again: by its clock, when the first of its group ends, or by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from wanghuo.base import Conflict
from wanghuo.engines.alarm_logic import BRIEF, Back, Kind, back
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.jobs.periodic import each
from wanghuo.modules.alarms.live import show
from wanghuo.modules.alarms.models import Alarm, MaintenanceWindow, Shelf
from wanghuo.modules.alarms.policy import policy_at
from wanghuo.modules.alarms.selectors import get_alarm
from wanghuo.modules.alarms.services.moves import move_alarm, remember
from wanghuo.modules.alarms.services.notes import add_line
from wanghuo.modules.alarms.states import ALARM, WAITING, FalseCause, Said
from wanghuo.modules.alarms.words import AREA_CONDITIONS, FAMILIES

log = logging.getLogger(__name__)

BATCH = 500
TOGETHER = 10  # that fall due in one transaction: each waits for the disk once, and a fire waits for no more
MOST_NEAR = 300  # rows looked at for one unit or town, so that a flood costs each alarm the same


def bring_out(alarm: Alarm, why: Back, at: datetime, *, actor: Actor, **known: object) -> Alarm:
    """Call the operator to a locked alarm that was kept back, with the reason."""
    reason = back(why, known)
    alarm.route, alarm.shown_at, alarm.route_until, alarm.first_out = "show", at, None, None
    alarm.route_reasons = [*alarm.route_reasons, [reason.code, reason.message.zh, reason.message.en, reason.source]]
    alarm.save(update_fields=["route", "shown_at", "route_until", "first_out", "route_reasons"])
    add_line(alarm, "shown", actor=actor, at=at)
    after = {"why": why.name.lower()}
    record(actor, "alarms:alarm:show", alarm.ref, region=alarm.region_code, after=after)
    show(alarm, "raised")
    return alarm


@transaction.atomic
def release(ref: str, *, actor: Actor) -> Alarm:
    """Show at once what was kept back (提前提示), whatever kept it. Raises Conflict when the operator has it already."""
    alarm = get_alarm(ref, actor=actor, lock=True)
    actor.require("alarms.handle", alarm)
    if not alarm.is_kept or alarm.state not in WAITING:
        raise Conflict(what=ALARM.what)
    return bring_out(alarm, Back.BY_HAND, timezone.now(), actor=actor, who=actor.name)


def ended(alarm: Alarm, at: datetime, *, actor: Actor) -> None:
    """The signal of a waiting alarm is gone: it is over by itself, and what stood below it comes up."""
    if alarm.answer == Said.FALSE and alarm.is_fire:
        deny(alarm, at)
        return
    move_alarm(alarm, "restore", actor=actor, changed={"ended_at": at, "route_until": None}, at=at)
    come_up(alarm, at)


def deny(alarm: Alarm, at: datetime) -> None:
    """What the unit denied is over once the signal is gone as well: a false alarm, by the word of whoever looked."""
    said = alarm.testimonies.filter(said=Said.FALSE).order_by("-said_at").first()
    cause = said.cause if said and said.cause else str(FalseCause.OTHER)
    changed = {
        "ended_at": at,
        "route_until": None,
        "cause": cause,
        "judged_at": at,
        "judged_by": said.by_id if said else None,
    }
    remember(alarm, false=True)
    move_alarm(alarm, "deny", actor=system_actor("worker"), changed=changed, at=at, text=said.by_name if said else "")


def come_up(head: Alarm, at: datetime) -> int:
    """The first of a group is no longer before the operator as it was: those below it wait whether they end too, or come out."""
    if Kind(head.kind) not in FAMILIES:
        return 0
    below = list(Alarm.objects.select_for_update(of=("self",)).filter(first_out=head, route="group", state__in=WAITING))
    for alarm in below:
        if Kind(alarm.kind) in BRIEF:
            alarm.route, alarm.first_out = "wait", None
            alarm.route_until = at + timedelta(seconds=policy_at(alarm.region_code, at).delay_4_s)
            alarm.save(update_fields=["route", "first_out", "route_until"])
        else:
            bring_out(alarm, Back.HEAD_ENDED, at, actor=system_actor("worker"))
    return len(below)


def settle(now: datetime | None = None) -> int:
    """Decide on everything that fell due: unanswered, stayed, shelving or maintenance over, quiet at last. How many."""
    now = now or timezone.now()
    due = Alarm.objects.filter(route_until__lte=now, ended_at__isnull=True, state__in=WAITING)
    keys = list(due.order_by("route_until").values_list("pk", flat=True)[:BATCH])
    return sum(_settle_together(keys[start : start + TOGETHER], now) for start in range(0, len(keys), TOGETHER))


def _settle_together(keys: Sequence[UUID], now: datetime) -> int:
    """In one transaction; when that fails each alone, so that one bad alarm holds up no other."""
    try:
        with transaction.atomic():
            for key in keys:
                _settle_one(key, now)
    except Exception as error:
        log.warning("%d alarms cannot be settled together (%s); each is tried alone", len(keys), error)
        return len(each(keys, lambda key: _settle_one(key, now)).done)
    return len(keys)


@transaction.atomic
def _settle_one(key: UUID, now: datetime) -> None:
    rows = Alarm.objects.select_for_update(of=("self",)).filter(pk=key, route_until__lte=now, state__in=WAITING)
    if (alarm := rows.first()) is not None:
        _fall_due(alarm, now)


def _fall_due(alarm: Alarm, now: datetime) -> None:
    actor, policy = system_actor("worker"), policy_at(alarm.region_code, now)
    if alarm.route == "ask":
        _unanswered(alarm, now)
    elif alarm.route == "wait":
        head = _standing_head(alarm)
        if not alarm.standing:
            ended(alarm, now, actor=actor)
        elif head is not None:
            alarm.route, alarm.first_out, alarm.route_until = "group", head, None
            alarm.save(update_fields=["route", "first_out", "route_until"])
        else:
            bring_out(
                alarm,
                Back.STAYED,
                now,
                actor=actor,
                seconds=policy.delay_3_s if alarm.priority == 3 else policy.delay_4_s,
            )
    elif alarm.route == "hold":
        _held_long_enough(alarm, now)
    elif alarm.comes_and_goes and not alarm.standing:
        ended(alarm, now, actor=actor)
    else:
        alarm.route_until = None
        alarm.save(update_fields=["route_until"])


def _unanswered(alarm: Alarm, now: datetime) -> None:
    """Nobody on the spot answered in time, or the signal stands although they denied it."""
    actor, policy = system_actor("worker"), policy_at(alarm.region_code, now)
    if alarm.answer == Said.FALSE:
        if alarm.standing:
            bring_out(alarm, Back.STILL_STANDS, now, actor=actor, seconds=policy.denied_s)
        else:
            deny(alarm, now)
        return
    gone = alarm.received_at + timedelta(seconds=policy.gone_s)
    if not alarm.standing and now < gone:
        alarm.route_until = gone
        alarm.save(update_fields=["route_until"])
        return
    bring_out(alarm, Back.UNANSWERED, now, actor=actor, seconds=round((now - alarm.received_at).total_seconds()))


def _held_long_enough(alarm: Alarm, now: datetime) -> None:
    until = held_until(alarm, now)
    if until is not None:
        alarm.route_until = until
        alarm.save(update_fields=["route_until"])
    elif alarm.standing:
        bring_out(alarm, Back.ENDED, now, actor=system_actor("worker"))
    else:
        ended(alarm, now, actor=system_actor("worker"))


def held_until(alarm: Alarm, now: datetime) -> datetime | None:
    """Until when a shelf or a maintenance window still holds the alarm; None when nothing does."""
    shelves = Shelf.objects.filter(
        device=alarm.device,
        condition=alarm.condition,
        component_key__in={"", alarm.component_key},
        ended_at__isnull=True,
        until__gt=now,
    ).values_list("until", flat=True)
    windows = MaintenanceWindow.objects.filter(ended_at__isnull=True, starts_at__lte=now, ends_at__gt=now).filter(
        at_place(alarm.device_id, alarm.building_id, alarm.unit_id)
    )
    return max([*shelves, *windows.values_list("ends_at", flat=True)], default=None)


def at_place(device: UUID | None, building: UUID | None, unit: UUID | None) -> Q:
    """The condition "this window covers the place": a narrower window covers only what it names."""
    covers = Q(pk__in=[])
    if device is not None:
        covers |= Q(device_id=device)
    if building is not None:
        covers |= Q(device__isnull=True, building_id=building)
    if unit is not None:
        covers |= Q(device__isnull=True, building__isnull=True, unit_id=unit)
    return covers


def units_silent(alarm: Alarm) -> set[UUID]:
    """The units of the town that gave the same condition within the window of an area outage, among its newest alarms."""
    since = alarm.received_at - timedelta(seconds=policy_at(alarm.region_code, alarm.received_at).area_window_s)
    newest = Alarm.objects.filter(town_code=alarm.town_code).order_by("-id")
    rows = newest.values_list("condition", "received_at", "unit_id")[:MOST_NEAR]
    return {unit for what, at, unit in rows if unit and what == alarm.condition and at >= since}


def outage_head(alarm: Alarm, units: set[UUID]) -> Alarm | None:
    """The first alarm of an outage that takes many units of the town, where there is one before the operator."""
    if not alarm.town_code or len(units) < policy_at(alarm.region_code, alarm.received_at).area_units:
        return None
    same = Alarm.objects.filter(town_code=alarm.town_code, condition=alarm.condition, state__in=WAITING, route="show")
    return same.filter(priority__lte=alarm.priority).exclude(pk=alarm.pk).order_by("id").first()


def let_go(rows: Iterable[Alarm], now: datetime) -> int:
    """What a shelf or a window held and nothing holds any more is shown, if it still stands; how many."""
    count = 0
    for alarm in rows:
        _held_long_enough(alarm, now)
        count += 1
    return count


def _standing_head(alarm: Alarm) -> Alarm | None:
    """The first alarm that this one goes below now: of an outage of the town, else of its unit."""
    if alarm.condition in AREA_CONDITIONS and (first := outage_head(alarm, units_silent(alarm))) is not None:
        return first
    family = FAMILIES.get(Kind(alarm.kind))
    if family is None or alarm.unit_id is None:
        return None
    since = alarm.received_at - timedelta(seconds=policy_at(alarm.region_code, alarm.received_at).head_s)
    heads = Alarm.objects.filter(
        unit_id=alarm.unit_id,
        kind__in=[kind for kind, name in FAMILIES.items() if name == family],
        state__in=WAITING,
        route="show",
        priority__lte=alarm.priority,
        received_at__gte=since,
    )
    return heads.exclude(pk=alarm.pk).order_by("id").first()
