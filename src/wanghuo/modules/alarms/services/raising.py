"""From signals to alarms: fold what repeats, look for more evidence, class, route, and show what an operator must see.

Runs inside the delivery of some events, so each signal becomes at most one alarm, exactly once. Nothing is discarded: what is kept
back stands in the table with its reasons, and comes up by its clock, by corroboration or by hand (`keeping`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.engines.alarm_logic import (
    BRIEF,
    MANUAL_CALL_POINT,
    ROUTE_OF,
    WHY,
    AlarmLevel,
    Back,
    CorroborationParams,
    Fact,
    Kind,
    Route,
    Seen,
    Trigger,
    Why,
    back,
    corroborate,
    decide,
    priority,
)
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.modules.alarms.models import Alarm, AlarmPoint
from wanghuo.modules.alarms.policy import WINDOW_RULE
from wanghuo.modules.alarms.services.keeping import ended
from wanghuo.modules.alarms.services.scene import Scene, Source, kept
from wanghuo.modules.alarms.states import WAITING, AlarmState, Said
from wanghuo.modules.alarms.words import AREA_CONDITIONS, KINDS, NAMES, alarm_condition
from wanghuo.modules.sensing import public as sensing
from wanghuo.modules.sensing.contracts import (
    DeviceOffline,
    DeviceOnline,
    DevicesOffline,
    DutyUnanswered,
    SignalCleared,
    SignalRaised,
)

AUTO_TRUST = ("network", "token", "tls", "signed")
ON_THE_SPOT = Text("现场人员", "somebody on the spot")
Signal = SignalRaised | SignalCleared


def raise_from_signal(event: SignalRaised) -> Alarm | None:
    """Make or renew the alarm of one signal; None for conditions that ask nobody for anything."""
    return take_signals([event])[0]


def signal_cleared(event: SignalCleared) -> None:
    """A signal is gone: the alarm no longer stands; a waiting one that is not about fire ends by itself."""
    take_signals([event])


@transaction.atomic
def take_signals(events: Sequence[Signal]) -> list[Alarm | None]:
    """Take signals in their order; the alarm of each, None where there is none."""
    sources = [_source(event) for event in events]
    scene = Scene(sources, system_actor("gateway"), max(event.received_at for event in events))
    found: list[Alarm | None] = []
    over: list[tuple[Alarm, datetime]] = []
    for event, source in zip(events, sources, strict=True):
        if isinstance(event, SignalRaised):
            found.append(_raised(scene, event, source))
        else:
            found.append(None)
            _cleared(scene, event, source, over)
    scene.write()
    for alarm, at in over:
        ended(alarm, at, actor=system_actor("gateway"))
    return found


def _source(event: Signal) -> Source:
    parts = event.component_key.split(".")
    kind = int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else None
    return event.device_id, event.component_key, alarm_condition(event.condition, kind)


def _raised(scene: Scene, event: SignalRaised, source: Source) -> Alarm | None:
    kind = KINDS.get(source[2])
    if kind is None:
        return None
    point = scene.note_raise(source, event.received_at)
    open_one = scene.open.get(source)
    if open_one is not None and open_one.state in (*WAITING, AlarmState.FIRE):
        return _renew(scene, open_one, point, event.received_at)
    alarm = _from_signal(scene, event, kind, source[2])
    return _place(scene, alarm, point, tested=event.test)


def _from_signal(scene: Scene, event: SignalRaised, kind: Kind, condition: str) -> Alarm:
    # what the panel says of its own point is nearer than where the device itself stands
    where = (event.floor, event.location) if event.location else None
    return Alarm(
        kind=kind,
        condition=condition,
        component_key=event.component_key,
        component_type=event.component_type,
        raised_at=event.at,
        received_at=event.received_at,
        last_at=event.received_at,
        stale=event.stale,
        trust=event.trust,
        frame_ref=event.frame_ref,
        **_whereabouts(scene, event.device_id, event.device_ref, where),
        **{"unit_id": event.unit_id, "building_id": event.building_id},
        **scope_columns(event.region_code, sector=event.sector, unit=event.unit_id),
    )


def _whereabouts(scene: Scene, device_id: UUID, ref: str, where: tuple[str, str] | None) -> dict[str, Any]:
    device = scene.devices.get(device_id)
    place = device.place if device else None
    unit = scene.units.get(place.unit_id) if place and place.unit_id else None
    building = scene.buildings.get(place.building_id) if place and place.building_id else None
    floor, location = where or ((place.floor, place.location) if place else ("", ""))
    parts = [unit.name if unit else "", building.name if building else "", floor, location]
    return {
        "device_id": device_id,
        "place": " ".join(part for part in parts if part) or ref,
        "floor": floor or (place.floor if place else ""),
        "lng": place.lng if place else None,
        "lat": place.lat if place else None,
    }


def _place(scene: Scene, alarm: Alarm, point: AlarmPoint | None, *, tested: bool = False) -> Alarm:
    """Class the alarm, route it, and let what it supports come up."""
    evidence = _class(scene, alarm)
    facts, known = _facts(scene, alarm, point, tested=tested)
    _route(scene, alarm, facts, known)
    scene.add(alarm)
    if evidence:
        _lift(scene, alarm)
    return alarm


def _class(scene: Scene, alarm: Alarm) -> bool:
    """Set the class with its reasons; whether the fire is corroborated."""
    level = _corroborated(scene, alarm) if alarm.is_fire else None
    seen = Seen(
        kind=Kind(alarm.kind),
        condition=alarm.condition,
        condition_name=NAMES[alarm.condition],
        level=level.value if level else AlarmLevel.NONE,
    )
    verdict = priority(seen)
    alarm.priority = verdict.value
    alarm.presumed = seen.level >= AlarmLevel.PRESUMED
    alarm.reasons = kept((*(level.reasons if level else ()), *verdict.reasons))
    return alarm.presumed


def _corroborated(scene: Scene, alarm: Alarm) -> Any:
    window_s = scene.policy(alarm).window_s
    since = alarm.last_at - timedelta(seconds=window_s)
    near = [a for a in scene.fires_near(alarm) if a.pk != alarm.pk and a.last_at >= since]
    triggers = [_trigger(a) for a in (*near, alarm)]
    if any(a.answer == Said.FIRE for a in (*near, alarm)):
        triggers.append(Trigger("person", alarm.last_at.timestamp(), person=ON_THE_SPOT))
    return corroborate(triggers, CorroborationParams(window_s, WINDOW_RULE))


def _trigger(alarm: Alarm) -> Trigger:
    return Trigger(
        device=f"{alarm.device_id}/{alarm.component_key}",
        at_s=alarm.last_at.timestamp(),
        component_type=alarm.component_type,
        trusted=alarm.trust in AUTO_TRUST and not alarm.stale,
        trust=alarm.trust,
        name=alarm.place,
    )


def _facts(scene: Scene, alarm: Alarm, point: AlarmPoint | None, *, tested: bool) -> tuple[int, dict[str, Any]]:
    """What is known of a new alarm, as the bits of the decision, and the values its reasons name."""
    policy, at = scene.policy(alarm), alarm.received_at.timestamp()
    facts, known = _past(scene, alarm, point, at)
    shelf, window = scene.shelf(alarm), scene.window(alarm)
    if shelf is not None:
        facts |= Fact.SHELVED
        known |= {"until": timezone.localtime(shelf.until).strftime("%m-%d %H:%M")}
    if window is not None or tested:
        facts |= Fact.WINDOW
        until = timezone.localtime(window.ends_at).strftime("%m-%d %H:%M") if window else "—"
        known |= {
            "window": window.ref if window else Text("设备维护中", "the device is under maintenance"),
            "until": until,
        }
    if alarm.priority <= 2:
        known["seconds"] = policy.ask_s
        facts |= Fact.FIRE
        if alarm.presumed or alarm.component_type == MANUAL_CALL_POINT:
            facts |= Fact.PROTECTED
            if any(a.presumed and a.route == "show" and a.pk != alarm.pk for a in scene.fires_near(alarm)):
                facts |= Fact.MATTER
        return facts, known
    head, near = _head(scene, alarm)
    if head is not None:
        facts |= (Fact.HEADED if near else 0) | (Fact.CROWDED if not near else 0)
        known |= {"head": head.ref, "seconds": policy.head_s}
        alarm.first_out = head
    delay_s = policy.delay_3_s if alarm.priority == 3 else policy.delay_4_s
    if Kind(alarm.kind) in BRIEF and delay_s > 0:
        facts |= Fact.BRIEF
        known.setdefault("seconds", delay_s)
    return facts, known


def _past(scene: Scene, alarm: Alarm, point: AlarmPoint | None, at: float) -> tuple[int, dict[str, Any]]:
    """What the point's past says: chatter, often false or often there and gone, judged false minutes ago."""
    policy = scene.policy(alarm)
    known: dict[str, Any] = {"days": policy.offender_days, "count": 0}
    if point is None:
        return 0, known
    facts = 0
    if chatters(point, policy, at):
        facts |= Fact.CHATTER
        known |= {"count": policy.chatter_raises, "seconds": policy.chatter_window_s}
    if alarm.priority <= 2:
        false = [t for t in point.false_at if t >= at - policy.offender_s]
        if len(false) >= policy.offender_false:
            facts |= Fact.OFFENDER
            known["count"] = len(false)
        if point.false_at and point.false_at[-1] >= at - policy.echo_s:
            facts |= Fact.ECHO
    elif len(point.raises) >= policy.relapses and at - point.raises[-policy.relapses] <= policy.relapse_window_s:
        facts |= Fact.OFFENDER
        if not facts & Fact.CHATTER:
            known |= {"count": policy.relapses, "seconds": policy.relapse_window_s}
    return facts, known


def chatters(point: AlarmPoint, policy: Any, at: float) -> bool:
    """Whether the point appeared so often within the window, and was not quiet for long enough since."""
    n, times = policy.chatter_raises, point.raises
    runs = (
        times[i + n - 1] for i in range(len(times) - n + 1) if times[i + n - 1] - times[i] <= policy.chatter_window_s
    )
    return any(at - last < policy.chatter_quiet_s for last in runs)


def _head(scene: Scene, alarm: Alarm) -> tuple[Alarm | None, bool]:
    """The first alarm that this one goes below: of an outage of the town, else of its unit (soon after it, or in a flood)."""
    if alarm.condition in AREA_CONDITIONS and (area := scene.outage(alarm)) is not None:
        return area, False
    head, near = scene.head_of(alarm)
    if head is not None and not near and not scene.flood(alarm):
        return None, False
    return head, near


def _route(scene: Scene, alarm: Alarm, facts: int, known: dict[str, Any]) -> None:
    """Put the alarm where the decision says, with its reasons and its clock."""
    policy, at = scene.policy(alarm), alarm.received_at
    verdict = decide(facts, known)
    why = WHY[facts]
    alarm.route = verdict.value.name.lower()
    alarm.route_why = why.name.lower()
    alarm.route_reasons = kept(verdict.reasons)
    if verdict.value is not Route.GROUP:
        alarm.first_out = None
    if verdict.value is Route.SHOW:
        alarm.shown_at = at
        alarm.comes_and_goes = why in (Why.CHATTERING, Why.INTERMITTENT)
    elif verdict.value is Route.ASK:
        alarm.route_until = at + timedelta(seconds=policy.ask_s)
    elif verdict.value is Route.WAIT:
        alarm.route_until = at + timedelta(seconds=policy.delay_3_s if alarm.priority == 3 else policy.delay_4_s)
    elif verdict.value is Route.HOLD:
        ends = [row for row in (scene.shelf(alarm), scene.window(alarm)) if row is not None]
        alarm.route_until = max((getattr(row, "until", None) or row.ends_at for row in ends), default=None)  # type: ignore[union-attr]
    elif alarm.first_out is not None:
        scene.tell(alarm.first_out, "changed")


def _renew(scene: Scene, alarm: Alarm, point: AlarmPoint, at: datetime) -> Alarm:
    """Fold a repeated report into its open alarm. A fire that is reported again sounds again, and may be supported now."""
    policy = scene.policy(alarm)
    alarm.count += 1
    alarm.last_at = max(alarm.last_at, at)
    alarm.standing = True
    scene.change(alarm, "count", "last_at", "standing")
    scene.note(alarm, "again", at, f"× {alarm.count}")
    scene.tell(alarm, "again")
    if alarm.route == "ask" and not alarm.answer:
        soon = at + timedelta(seconds=policy.ask_s)
        alarm.route_until = min(alarm.route_until or soon, soon)
        scene.change(alarm, "route_until")
    if alarm.is_fire and not alarm.presumed and alarm.state in WAITING and _class(scene, alarm):
        scene.change(alarm, "priority", "presumed", "reasons")
        _lift(scene, alarm)
        if alarm.is_kept:
            _bring_out(scene, alarm, at, Back.CORROBORATED)
    facts, known = _past(scene, alarm, point, at.timestamp())
    facts |= Fact.KEPT if alarm.is_kept else Fact.SHOWN
    if alarm.priority > 2 and not alarm.is_kept and facts & (Fact.CHATTER | Fact.OFFENDER):
        _comes_and_goes(scene, alarm, facts, known)
    elif alarm.priority > 2 and alarm.route in ("wait", "group") and ROUTE_OF[WHY[facts]] is Route.SHOW:
        _comes_and_goes(scene, alarm, facts, known)
        _bring_out(scene, alarm, at, Back.STAYED)
    return alarm


def _comes_and_goes(scene: Scene, alarm: Alarm, facts: int, known: dict[str, Any]) -> None:
    if not alarm.comes_and_goes:
        alarm.comes_and_goes = True
        alarm.route_reasons = [*alarm.route_reasons, *kept(decide(facts & ~int(Fact.SHOWN), known).reasons)]
    alarm.route_until = None
    scene.change(alarm, "comes_and_goes", "route_reasons", "route_until")


def _bring_out(scene: Scene, alarm: Alarm, at: datetime, why: Back) -> None:
    """Call the operator to what was kept back."""
    alarm.route, alarm.shown_at, alarm.route_until, alarm.first_out = "show", at, None, None
    known = {"seconds": scene.policy(alarm).delay_4_s}
    alarm.route_reasons = [*alarm.route_reasons, *kept((back(why, known),))]
    scene.change(alarm, "route", "shown_at", "route_until", "first_out", "route_reasons")
    scene.note(alarm, "shown", at)
    scene.tell(alarm, "raised")


def _lift(scene: Scene, alarm: Alarm) -> None:
    """What supported this fire is supported by it: the waiting ones beside it become presumed fires, and none stays back."""
    since = alarm.last_at - timedelta(seconds=scene.policy(alarm).window_s)
    for other in scene.fires_near(alarm):
        if other.pk == alarm.pk or other.state not in WAITING or other.last_at < since:
            continue
        if other.priority > 1:
            other.priority, other.presumed, other.reasons = 1, True, [*alarm.reasons]
            scene.change(other, "priority", "presumed", "reasons")
            scene.note(other, "lift", alarm.last_at, alarm.ref)
            scene.tell(other, "changed")
        if other.is_kept:
            _bring_out(scene, other, alarm.last_at, Back.CORROBORATED)


def _cleared(scene: Scene, event: SignalCleared, source: Source, over: list[tuple[Alarm, datetime]]) -> None:
    alarm = scene.open.get(source)
    if alarm is None:
        return
    at = event.received_at
    alarm.standing = False
    scene.change(alarm, "standing")
    if alarm.priority <= 2 or alarm.state not in WAITING or alarm.comes_and_goes:
        if alarm.comes_and_goes and alarm.state in WAITING:
            alarm.route_until = quiet_at(scene.point(source), scene.policy(alarm), at)
            scene.change(alarm, "route_until")
        scene.note(alarm, "cleared", at)
        scene.tell(alarm, "changed")
        if alarm.route == "ask" and alarm.answer == Said.FALSE:
            over.append((alarm, at))
        return
    del scene.open[source]
    over.append((alarm, at))


def quiet_at(point: AlarmPoint, policy: Any, at: datetime) -> datetime:
    """When an alarm that comes and goes is over, if nothing more comes."""
    times = point.raises
    last = times[-1] if times else at.timestamp()
    relapses = len(times) >= policy.relapses and last - times[-policy.relapses] <= policy.relapse_window_s
    wait = policy.relapse_window_s if relapses else policy.chatter_quiet_s
    return max(at, datetime.fromtimestamp(last + wait, tz=at.tzinfo))


def device_offline(event: DeviceOffline) -> Alarm | None:
    """A silent device is an alarm of its own, one at a time."""
    return take_silences([event])[0]


def device_online(event: DeviceOnline) -> None:
    """A device that is heard again ends its own offline alarm."""
    take_silences([event])


@transaction.atomic
def take_silences(events: Sequence[DeviceOffline | DeviceOnline]) -> list[Alarm | None]:
    """Take devices that fell silent or are heard again, in their order; the alarm of each silence, None where there is no new one."""
    actor = system_actor("worker")
    scene = Scene([(event.device_id, "", "offline") for event in events], actor, max(event.at for event in events))
    found: list[Alarm | None] = []
    over: list[tuple[Alarm, datetime]] = []
    for event in events:
        source: Source = (event.device_id, "", "offline")
        if isinstance(event, DeviceOffline):
            found.append(_raise_for_device(scene, event.device_id, event.device_ref, Kind.OFFLINE, "offline", event.at))
            continue
        found.append(None)
        alarm = scene.open.get(source)
        if alarm is not None and alarm.state in WAITING:
            alarm.standing = False
            scene.change(alarm, "standing")
            if not alarm.comes_and_goes:
                del scene.open[source]
                over.append((alarm, event.at))
            else:
                alarm.route_until = quiet_at(scene.point(source), scene.policy(alarm), event.at)
                scene.change(alarm, "route_until")
    scene.write()
    for alarm, at in over:
        ended(alarm, at, actor=system_actor("gateway"))
    return found


@transaction.atomic
def take_mass_silence(event: DevicesOffline) -> list[Alarm]:
    """Take devices that fell silent together; the new alarms. Those that were heard again before this was told ask nobody."""
    still = sensing.still_off_line(event.device_ids)
    if not still:
        return []
    scene = Scene([(id, "", "offline") for id in still], system_actor("worker"), event.at)
    found = [_raise_for_device(scene, id, ref, Kind.OFFLINE, "offline", event.at) for id, ref in still.items()]
    scene.write()
    return [alarm for alarm in found if alarm is not None]


@transaction.atomic
def duty_unanswered(event: DutyUnanswered) -> Alarm | None:
    """A control room that does not answer a duty check may stand empty."""
    scene = Scene([(event.device_id, "", "unattended")], system_actor("worker"), event.asked_at)
    found = _raise_for_device(scene, event.device_id, event.device_ref, Kind.UNATTENDED, "unattended", event.asked_at)
    scene.write()
    return found


def _raise_for_device(
    scene: Scene, device_id: UUID, ref: str, kind: Kind, condition: str, at: datetime
) -> Alarm | None:
    source: Source = (device_id, "", condition)
    if device_id not in scene.devices:
        return None
    open_one = scene.open.get(source)
    if open_one is not None:
        if open_one.comes_and_goes and not open_one.standing:  # it fell silent again: the same alarm
            _renew(scene, open_one, scene.note_raise(source, at), at)
        return None
    place = scene.devices[device_id].place
    point = scene.note_raise(source, at)
    alarm = Alarm(
        kind=kind,
        condition=condition,
        unit_id=place.unit_id,
        building_id=place.building_id,
        raised_at=at,
        received_at=at,
        last_at=at,
        **_whereabouts(scene, device_id, ref, None),
        **scope_columns(place.region_code, sector=place.sector, unit=place.unit_id),
    )
    return _place(scene, alarm, point)
