"""What an operator does with an alarm. Nothing here is done by the software alone but ending what restored itself."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Kind, Seen, priority
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.audit import record
from wanghuo.kernel.notify import notify
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.alarms.contracts import FireConfirmed
from wanghuo.modules.alarms.live import show
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.selectors import false_alarms, get_alarm
from wanghuo.modules.alarms.services.keeping import come_up
from wanghuo.modules.alarms.services.moves import move_alarm, remember
from wanghuo.modules.alarms.services.notes import add_line
from wanghuo.modules.alarms.states import ALARM, CAUSES, AlarmState, FalseCause
from wanghuo.modules.alarms.words import NAMES
from wanghuo.modules.hazards import contracts as hazard_contracts
from wanghuo.modules.hazards import public as hazards

REPEAT_RULE, REPEAT_HOURS = "alarms.false_to_fault", 24
OFFENDER_RULE = "alarms.offender"


class OnlyForFire(Invalid):
    """Confirming a fire takes an alarm about fire."""

    code = "alarms.only_for_fire"
    text = Text("只有火警才能这样判定。", "Only a fire alarm can be judged so.")


class NothingToRaise(Invalid):
    """A hazard is raised from a fault or a repeated false alarm."""

    code = "alarms.nothing_to_raise"
    text = Text(
        "只有判为故障，或 {hours:g} 小时内误报满 {count} 次的报警，才可转为隐患（现 {seen} 次）。",
        "A hazard is raised from a fault, or after {count} false alarms within {hours:g} h (now {seen}).",
    )


def _load(ref: str, actor: Actor) -> Alarm:
    alarm = get_alarm(ref, actor=actor, lock=True)
    actor.require("alarms.handle", alarm)
    return alarm


def _judged(actor: Actor) -> dict[str, Any]:
    return {"judged_at": timezone.now(), "judged_by": actor.id}


@transaction.atomic
def take(ref: str, *, actor: Actor) -> Alarm:
    """Take an alarm (接警): it is mine, the sound ends. Taken is not resolved."""
    return move_alarm(_load(ref, actor), "take", actor=actor)


@transaction.atomic
def dispatch(ref: str, *, to: str, actor: Actor) -> Alarm:
    """Send somebody near to look (就近派出): a micro station, a grid worker, the unit's own people; by name or post."""
    if not to.strip():
        raise Invalid(Text("请填写派出的人员或微型站。", "Say who is sent."), field="to")
    return move_alarm(_load(ref, actor), "dispatch", actor=actor, text=to)


@transaction.atomic
def confirm_fire(ref: str, *, actor: Actor) -> Alarm:
    """Confirm a fire: priority 1, handed on at once. Source: GB 50440-2007 N2, at most three seconds."""
    alarm = _load(ref, actor)
    if not alarm.is_fire:
        raise OnlyForFire()
    seen = Seen(Kind.FIRE, alarm.condition, NAMES[alarm.condition], confirmed=True)
    verdict = priority(seen)
    reasons = [[r.code, r.message.zh, r.message.en, r.source] for r in verdict.reasons]
    now = timezone.now()
    changed = {**_judged(actor), "priority": verdict.value, "reasons": reasons, "forwarded_at": now}
    remember(alarm, false=False)
    moved = move_alarm(alarm, "confirm", actor=actor, changed=changed, at=now)
    emit(
        FireConfirmed(
            alarm_id=alarm.id,
            ref=alarm.ref,
            region_code=alarm.region_code,
            unit_id=alarm.unit_id,
            place=alarm.place,
            at=now,
        )
    )
    return moved


@transaction.atomic
def withdraw(ref: str, *, reason: str, actor: Actor) -> Alarm:
    """Take back a confirmation (撤回), with the reason; the whole trace stays."""
    alarm = _load(ref, actor)
    if not reason.strip():
        raise Invalid(Text("请说明撤回原因。", "Say why it is withdrawn."), field="reason")
    changed = {"judged_at": None, "judged_by": None, "forwarded_at": None}
    return move_alarm(alarm, "withdraw", actor=actor, changed=changed, text=reason)


@transaction.atomic
def judge_false(ref: str, *, cause: FalseCause, note: str = "", actor: Actor) -> Alarm:
    """Judge a false alarm (误报), with its cause: a false alarm without a cause comes again."""
    alarm = _load(ref, actor)
    changed = {**_judged(actor), "cause": str(cause), "ended_at": timezone.now(), "route_until": None}
    remember(alarm, false=True)
    return move_alarm(alarm, "false", actor=actor, changed=changed, text=note or CAUSES[cause].zh)


@transaction.atomic
def judge_test(ref: str, *, reason: str, actor: Actor) -> Alarm:
    """Judge a test (测试), with its reason: a test that nobody announced is an alarm."""
    if not reason.strip():
        raise Invalid(Text("请说明是哪次测试。", "Say which test it was."), field="reason")
    now = timezone.now()
    changed = {**_judged(actor), "ended_at": now, "route_until": None}
    alarm = move_alarm(_load(ref, actor), "test", actor=actor, changed=changed, text=reason)
    come_up(alarm, now)
    return alarm


@transaction.atomic
def judge_fault(ref: str, *, note: str = "", actor: Actor) -> Alarm:
    """Judge a real fault (故障): the device or the facility must be mended."""
    alarm = move_alarm(_load(ref, actor), "fault", actor=actor, changed=_judged(actor), text=note)
    come_up(alarm, timezone.now())
    return alarm


@transaction.atomic
def restore(ref: str, *, note: str = "", actor: Actor) -> Alarm:
    """End an alarm whose cause is gone; never one about fire, which a person must judge."""
    alarm = _load(ref, actor)
    if alarm.is_fire:
        raise Invalid(Text("火警须判定后才能结束。", "A fire alarm ends only by being judged."))
    now = timezone.now()
    changed = {**_judged(actor), "ended_at": now, "route_until": None}
    moved = move_alarm(alarm, "restore", actor=actor, changed=changed, text=note)
    come_up(alarm, now)
    return moved


@transaction.atomic
def end(ref: str, *, note: str, actor: Actor) -> Alarm:
    """The fire is out or the fault is mended (处置完毕)."""
    return move_alarm(_load(ref, actor), "close", actor=actor, changed={"ended_at": timezone.now()}, text=note)


@transaction.atomic
def add_note(ref: str, *, text: str, act: str = "note", actor: Actor) -> Alarm:
    """Write down what was heard or done: `act` is note or call."""
    alarm = _load(ref, actor)
    if not text.strip():
        raise Invalid(Text("请填写内容。", "Write something."), field="text")
    add_line(alarm, act, actor=actor, at=timezone.now(), text=text.strip())
    record(actor, f"alarms:alarm:{act}", alarm.ref, region=alarm.region_code)
    show(alarm, "changed")
    return alarm


@transaction.atomic
def escalate(ref: str, *, actor: Actor) -> Alarm:
    """Call the supervisors (升级): by an operator, or by the clock when nobody takes a fire in time."""
    alarm = get_alarm(ref, actor=actor, lock=True)
    actor.require("alarms.handle", alarm)
    if ALARM.is_final(alarm.state):
        raise Conflict(what=ALARM.what)
    now = timezone.now()
    alarm.escalated_at, alarm.escalations = now, alarm.escalations + 1
    alarm.save(update_fields=["escalated_at", "escalations"])
    add_line(alarm, "escalate", actor=actor, at=now)
    record(actor, "alarms:alarm:escalate", alarm.ref, region=alarm.region_code)
    people = holders("alarms.supervise", alarm.region_code, sector=alarm.sector, unit=alarm.scope_unit)
    title = Text("报警升级：{place}", "Alarm escalated: {place}").filled({"place": alarm.place})
    notify(people, level="A", title=title, body=ALARM.name(alarm.state), url=alarm.url, about=alarm.ref, by=actor)
    show(alarm, "changed")
    return alarm


@transaction.atomic
def raise_hazard(ref: str, *, note: str = "", actor: Actor) -> hazard_contracts.Hazard:
    """Raise a hazard from a fault or from a point that gave false alarms again and again (rule alarms.false_to_fault)."""
    alarm = _load(ref, actor)
    limits = rule(REPEAT_RULE, region=alarm.region_code, on=local_day(timezone.now())).value
    if alarm.state != AlarmState.FAULT:
        _often_false(alarm, hours=REPEAT_HOURS, needed=limits["within_24_hours"])
    return _hazard_of(alarm, note, actor)


@transaction.atomic
def send_mender(ref: str, *, note: str = "", actor: Actor) -> hazard_contracts.Hazard:
    """Send the maintenance firm to a repeat offender (派维保): a hazard that names the point and keeps the clock.

    `ref`: a false alarm of the point. Raises NotFound, NotPermitted, NothingToRaise (below the rule alarms.offender), Conflict.
    """
    alarm = _load(ref, actor)
    limits = rule(OFFENDER_RULE, region=alarm.region_code, on=local_day(timezone.now())).value
    _often_false(alarm, hours=24 * limits["within_days"], needed=limits["false_alarms"])
    return _hazard_of(alarm, note, actor)


def _often_false(alarm: Alarm, *, hours: float, needed: int) -> None:
    seen = false_alarms(alarm, hours=hours)
    if alarm.state != AlarmState.FALSE or seen < needed:
        raise NothingToRaise(seen=seen, count=needed, hours=hours)


def _hazard_of(alarm: Alarm, note: str, actor: Actor) -> hazard_contracts.Hazard:
    if alarm.hazard_ref:
        raise Conflict(what=Text("隐患 {ref}", "Hazard {ref}").filled({"ref": alarm.hazard_ref}))
    hazard = hazards.report_hazard(
        unit_id=alarm.unit_id,
        region_code=alarm.region_code,
        place=alarm.place,
        description=_description(alarm, note),
        found_at=alarm.received_at,
        item=str(alarm.condition),
        source_kind="alarm",
        source_ref=alarm.ref,
        actor=actor,
    )
    alarm.hazard_ref = hazard.ref
    alarm.save(update_fields=["hazard_ref"])
    add_line(alarm, "hazard", actor=actor, at=timezone.now(), text=hazard.ref)
    record(actor, "alarms:alarm:hazard", alarm.ref, region=alarm.region_code, after={"hazard": hazard.ref})
    show(alarm, "changed")
    return hazard


def _description(alarm: Alarm, note: str) -> str:
    if alarm.state == AlarmState.FAULT:
        what = f"{NAMES[alarm.condition].zh}，经值班员判定属实"
    else:
        what = f"反复误报（{CAUSES[FalseCause(alarm.cause)].zh}），探测器可能失去作用"
    return f"{what}。{note}".strip()
