"""From a signal to an alarm: fold what repeats, look for a second piece of evidence, put it into its class, show it.

Runs inside the delivery of one event, so each signal becomes at most one alarm, exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from wanghuo.base import Reason
from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import (
    AlarmLevel,
    CorroborationParams,
    Kind,
    Seen,
    Trigger,
    corroborate,
    priority,
)
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.alarms.contracts import AlarmRaised
from wanghuo.modules.alarms.live import show
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.services.moves import move_alarm
from wanghuo.modules.alarms.services.notes import add_line
from wanghuo.modules.alarms.states import OPEN, WAITING
from wanghuo.modules.alarms.words import KINDS, NAMES
from wanghuo.modules.sensing import public as sensing
from wanghuo.modules.sensing.contracts import (
    DeviceOffline,
    DeviceOnline,
    DutyUnanswered,
    SignalCleared,
    SignalRaised,
)

AUTO_TRUST = ("network", "token", "tls", "signed")
WINDOW_RULE = "alarms.corroboration_window"


@transaction.atomic
def raise_from_signal(event: SignalRaised) -> Alarm | None:
    """Make or renew the alarm of a signal; None for conditions that ask nobody for anything."""
    kind = KINDS.get(event.condition)
    if kind is None:
        return None
    actor = system_actor("gateway")
    source = Q(device_id=event.device_id, component_key=event.component_key, condition=event.condition)
    open_one = Alarm.objects.select_for_update().filter(source, state__in=OPEN).order_by("-id").first()
    if open_one is not None:
        return _renew(open_one, event, actor)
    alarm = _from_signal(event, kind)
    raised = _raise(alarm, _evidence(alarm), actor)
    if kind == Kind.FIRE and raised.presumed:
        _lift_neighbours(raised, actor)
    return raised


def _from_signal(event: SignalRaised, kind: Kind) -> Alarm:
    card = sensing.device_card(event.device_id)
    # what the panel says of its own point is nearer than where the device itself stands
    where = [event.floor, event.location] if event.location else [card.floor, card.location]
    parts = [card.unit_name, card.building_name, *where]
    return Alarm(
        kind=kind,
        condition=event.condition,
        device_id=event.device_id,
        component_key=event.component_key,
        component_type=event.component_type,
        unit_id=event.unit_id,
        building_id=event.building_id,
        place=" ".join(part for part in parts if part) or event.device_ref,
        floor=event.floor or card.floor,
        lng=card.device.place.lng,
        lat=card.device.place.lat,
        raised_at=event.at,
        received_at=event.received_at,
        last_at=event.received_at,
        stale=event.stale,
        trust=event.trust,
        frame_ref=event.frame_ref,
        **scope_columns(event.region_code, sector=event.sector, unit=event.unit_id),
    )


def _evidence(alarm: Alarm) -> Sequence[Trigger]:
    """The fire triggers of the same unit (the same device where no unit is known) that stand or came lately."""
    if alarm.kind != Kind.FIRE:
        return ()
    window = timedelta(seconds=_window_s(alarm))
    near = Q(unit_id=alarm.unit_id) if alarm.unit_id else Q(device_id=alarm.device_id)
    if alarm.building_id:
        near &= Q(building_id=alarm.building_id) | Q(building_id__isnull=True)
    others = Alarm.objects.filter(near, kind=Kind.FIRE, received_at__gte=alarm.received_at - window, state__in=OPEN)
    return [_trigger(a) for a in (*others.exclude(pk=alarm.pk), alarm)]


def _trigger(alarm: Alarm) -> Trigger:
    return Trigger(
        device=f"{alarm.device_id}/{alarm.component_key}",
        at_s=alarm.received_at.timestamp(),
        component_type=alarm.component_type,
        trusted=alarm.trust in AUTO_TRUST and not alarm.stale,
        trust=alarm.trust,
        name=alarm.place,
    )


def _window_s(alarm: Alarm) -> float:
    on = local_day(alarm.received_at)
    return float(rule(WINDOW_RULE, region=alarm.region_code, on=on).value["seconds"])


def _raise(alarm: Alarm, triggers: Sequence[Trigger], actor: Actor) -> Alarm:
    """Class the alarm, write it, show it."""
    level = corroborate(triggers, CorroborationParams(_window_s(alarm), WINDOW_RULE)) if triggers else None
    seen = Seen(
        kind=Kind(alarm.kind),
        condition=alarm.condition,
        condition_name=NAMES[alarm.condition],
        level=level.value if level else AlarmLevel.NONE,
    )
    verdict = priority(seen)
    alarm.priority = verdict.value
    alarm.presumed = seen.level >= AlarmLevel.PRESUMED
    alarm.reasons = _kept((*(level.reasons if level else ()), *verdict.reasons))
    alarm.ref = next_ref("BJ", alarm.region_code, local_day(alarm.received_at).year)
    alarm.save(force_insert=True)
    add_line(alarm, "raise", actor=actor, at=alarm.received_at, text=str(NAMES[alarm.condition].zh))
    after = {"state": str(alarm.state), "priority": alarm.priority, "condition": alarm.condition}
    record(actor, "alarms:alarm:raise", alarm.ref, region=alarm.region_code, after=after)
    emit(
        AlarmRaised(
            alarm_id=alarm.id,
            ref=alarm.ref,
            region_code=alarm.region_code,
            alarm_kind=str(alarm.kind),
            priority=alarm.priority,
        )
    )
    show(alarm, "raised")
    return alarm


def _kept(reasons: Sequence[Reason]) -> list[list[str]]:
    return [[r.code, r.message.zh, r.message.en, r.source] for r in reasons]


def _renew(alarm: Alarm, event: SignalRaised, actor: Actor) -> Alarm:
    """Fold a repeated report into its open alarm. A fire that is reported again sounds again."""
    alarm.count += 1
    alarm.last_at = max(alarm.last_at, event.received_at)
    alarm.standing = True
    alarm.save(update_fields=["count", "last_at", "standing"])
    add_line(alarm, "again", actor=actor, at=event.received_at, text=f"× {alarm.count}")
    show(alarm, "again")
    return alarm


def _lift_neighbours(alarm: Alarm, actor: Actor) -> None:
    """What supported this alarm is supported by it: the waiting fire alarms beside it become presumed fires too."""
    near = Q(unit_id=alarm.unit_id) if alarm.unit_id else Q(device_id=alarm.device_id)
    window = timedelta(seconds=_window_s(alarm))
    rows = Alarm.objects.select_for_update().filter(
        near, kind=Kind.FIRE, state__in=WAITING, priority__gt=1, received_at__gte=alarm.received_at - window
    )
    for other in rows.exclude(pk=alarm.pk):
        other.priority, other.presumed = 1, True
        other.reasons = [*alarm.reasons]
        other.save(update_fields=["priority", "presumed", "reasons"])
        add_line(other, "lift", actor=actor, at=alarm.received_at, text=alarm.ref)
        show(other, "changed")


@transaction.atomic
def signal_cleared(event: SignalCleared) -> None:
    """A signal is gone: the alarm no longer stands; a waiting one that is not about fire ends by itself."""
    source = Q(device_id=event.device_id, component_key=event.component_key, condition=event.condition)
    for alarm in Alarm.objects.select_for_update().filter(source, state__in=OPEN):
        _cleared(alarm, event.received_at)


def _cleared(alarm: Alarm, at: datetime) -> None:
    alarm.standing = False
    alarm.save(update_fields=["standing"])
    if alarm.is_fire or alarm.state not in WAITING:
        add_line(alarm, "cleared", actor=system_actor("gateway"), at=at)
        show(alarm, "changed")
        return
    move_alarm(alarm, "restore", actor=system_actor("gateway"), changed={"ended_at": at}, at=at)


@transaction.atomic
def device_offline(event: DeviceOffline) -> Alarm | None:
    """A silent device is an alarm of its own, one at a time."""
    return _raise_for_device(event.device_id, Kind.OFFLINE, "offline", event.at)


@transaction.atomic
def duty_unanswered(event: DutyUnanswered) -> Alarm | None:
    """A control room that does not answer a duty check may stand empty."""
    return _raise_for_device(event.device_id, Kind.UNATTENDED, "unattended", event.asked_at)


def _raise_for_device(device_id: UUID, kind: Kind, condition: str, at: datetime) -> Alarm | None:
    source: dict[str, Any] = {"device_id": device_id, "component_key": "", "condition": condition}
    if Alarm.objects.filter(**source, state__in=OPEN).exists():
        return None
    card = sensing.device_card(device_id)
    place = card.device.place
    parts = [card.unit_name, card.building_name, card.floor, card.location]
    alarm = Alarm(
        kind=kind,
        unit_id=place.unit_id,
        building_id=place.building_id,
        place=" ".join(part for part in parts if part) or card.device.ref,
        floor=card.floor,
        lng=place.lng,
        lat=place.lat,
        raised_at=at,
        received_at=at,
        last_at=at,
        **source,
        **scope_columns(place.region_code, sector=place.sector, unit=place.unit_id),
    )
    return _raise(alarm, (), system_actor("worker"))


@transaction.atomic
def device_online(event: DeviceOnline) -> None:
    """A device that is heard again ends its own offline alarm."""
    rows = Alarm.objects.select_for_update().filter(device_id=event.device_id, condition="offline", state__in=WAITING)
    for alarm in rows:
        _cleared(alarm, event.at)
