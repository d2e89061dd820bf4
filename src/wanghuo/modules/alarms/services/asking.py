"""Asking the people on the spot: the unit first, then the grid worker, each with a clock; what they say, and what it does.

A fire alarm goes to the operator at the same time, unless its point is suspect (route "ask"): then the operator sees it quietly and is
called when nobody answered. What somebody says never ends a fire alarm that the operator has; it is evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Back, Kind
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import store
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.loops import Subject, close_duties, open_duty
from wanghuo.kernel.notify import notify
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.alarms.live import show
from wanghuo.modules.alarms.models import Alarm, Testimony
from wanghuo.modules.alarms.policy import policy_at
from wanghuo.modules.alarms.selectors import get_alarm
from wanghuo.modules.alarms.services.keeping import bring_out, deny
from wanghuo.modules.alarms.services.notes import add_line
from wanghuo.modules.alarms.states import ALARM, CHANNELS, WAITING, Channel, Said
from wanghuo.modules.alarms.words import NAMES

SUBJECT_KIND, MOVE = "alarm", "answer"
UNIT_RULE, GRID_RULE = "alarms.call", "alarms.dispatch"
ASKED_WITHIN = timedelta(minutes=10)
PRESUMED_BY_PERSON = Text("{who}确认看到火情", "{who} saw a fire")


class SayWhy(Invalid):
    """A denial names the cause."""

    code = "alarms.say_why"
    text = Text("判为误报请选原因。", "Choose the cause of the false alarm.")


def subject_of(alarm: Alarm) -> Subject:
    """The alarm as duties and files know it."""
    return Subject.of(alarm, SUBJECT_KIND, ALARM.what, url=f"{alarm.url}/answer")


def ask(now: datetime | None = None) -> int:
    """Ask about every new fire alarm, and pass on what the level before did not answer; how many were asked."""
    now = now or timezone.now()
    fresh = Alarm.objects.filter(kind=Kind.FIRE, state__in=WAITING, asked_at__isnull=True, imported=False)
    keys = list(fresh.filter(received_at__gte=now - ASKED_WITHIN).order_by("id").values_list("pk", flat=True)[:200])
    late = Testimony.objects.filter(said_at__isnull=True, passed_on_at__isnull=True, due_at__lte=now)
    overdue = list(late.order_by("due_at").values_list("pk", flat=True)[:200])
    asked = each(keys, lambda key: _ask_first(key, now))
    return len(asked.done) + len(each(overdue, lambda key: _pass_on(key, now)).done)


@transaction.atomic
def _ask_first(key: UUID, now: datetime) -> None:
    alarm = Alarm.objects.select_for_update(of=("self",)).filter(pk=key, asked_at__isnull=True).first()
    if alarm is not None:
        _ask(alarm, Channel.UNIT if alarm.unit_id else Channel.GRID, now)


def _ask(alarm: Alarm, channel: Channel, now: datetime) -> None:
    level = "unit" if channel is Channel.UNIT else None
    people = holders("alarms.answer", alarm.region_code, sector=alarm.sector, unit=alarm.scope_unit, level=level)
    if channel is Channel.GRID:
        people = [
            p
            for p in people
            if p not in holders("alarms.answer", alarm.region_code, unit=alarm.scope_unit, level="unit")
        ]
    alarm.asked_at = alarm.asked_at or now
    alarm.save(update_fields=["asked_at"])
    if not people:  # nobody there has an account: the next level at once
        if channel is Channel.UNIT:
            _ask(alarm, Channel.GRID, now)
        return
    seconds = rule(
        UNIT_RULE if channel is Channel.UNIT else GRID_RULE, region=alarm.region_code, on=local_day(now)
    ).value["seconds"]
    due = now + timedelta(seconds=seconds)
    Testimony.objects.create(alarm=alarm, channel=channel, asked_at=now, due_at=due)
    title = Text("核实{what}：{place}", "Verify the {what}: {place}").filled(
        {"what": NAMES[alarm.condition], "place": alarm.place}
    )
    system = system_actor("worker")
    for person in people[:5]:
        open_duty(
            subject_of(alarm),
            move=MOVE,
            title=title,
            right="alarms.answer",
            asked_by=system,
            due_at=due,
            assignee=person,
        )
    notify(
        people,
        level="A",
        title=title,
        body=Text("请到现场看一眼并答复", "Go and look, then answer"),
        url=f"{alarm.url}/answer",
        about=alarm.ref,
    )
    add_line(alarm, "ask", actor=system, at=now, text=CHANNELS[channel].zh)
    record(system, "alarms:alarm:ask", alarm.ref, region=alarm.region_code, after={"channel": str(channel)})


@transaction.atomic
def _pass_on(key: UUID, now: datetime) -> None:
    row = (
        Testimony.objects.select_for_update(of=("self",))
        .filter(pk=key, said_at__isnull=True, passed_on_at__isnull=True)
        .first()
    )
    if row is None:
        return
    row.passed_on_at = now
    row.save(update_fields=["passed_on_at"])
    alarm = Alarm.objects.select_for_update(of=("self",)).get(pk=row.alarm_id)
    if alarm.state not in WAITING:
        return
    add_line(alarm, "silent", actor=system_actor("worker"), at=now, text=CHANNELS[Channel(row.channel)].zh)
    if row.channel == Channel.UNIT:
        _ask(alarm, Channel.GRID, now)
    show(alarm, "changed")


@transaction.atomic
def answer(
    ref: str, *, said: Said, cause: str = "", text: str = "", photos: Sequence[UploadedFile] = (), actor: Actor
) -> Testimony:
    """What the unit or the grid worker found on the spot (现场核实). Raises NotFound, NotPermitted, Conflict once it is judged, SayWhy."""
    alarm = get_alarm(ref, actor=actor, lock=True)
    actor.require("alarms.answer", alarm)
    own = any(grant.unit is not None and grant.covers(alarm) for grant in actor.with_right("alarms.answer"))
    return _hear(alarm, Channel.UNIT if own else Channel.GRID, said, cause, text, photos, actor)


@transaction.atomic
def hear(
    ref: str, *, channel: Channel, said: Said, who: str, text: str = "", cause: str = "", actor: Actor
) -> Testimony:
    """Write down what somebody told the operator: by telephone, a grid worker, a citizen. `who` is named. Raises as `answer` does."""
    alarm = get_alarm(ref, actor=actor, lock=True)
    actor.require("alarms.handle", alarm)
    if not who.strip():
        raise Invalid(Text("请写明是谁说的。", "Say who told so."), field="who")
    return _hear(alarm, channel, said, cause, text, (), actor, who=who.strip())


def _hear(
    alarm: Alarm,
    channel: Channel,
    said: Said,
    cause: str,
    text: str,
    photos: Sequence[UploadedFile],
    actor: Actor,
    who: str = "",
) -> Testimony:
    if alarm.state not in WAITING:
        raise Conflict(what=ALARM.what)
    if said is Said.FALSE and alarm.is_fire and not cause:
        raise SayWhy(field="cause")
    now = timezone.now()
    digests = [
        store(photo, actor=actor, subject=subject_of(alarm), view_right=Alarm.VIEW_RIGHT, label="scene").sha256
        for photo in photos
    ]
    open_one = Testimony.objects.select_for_update().filter(alarm=alarm, channel=channel, said_at__isnull=True).first()
    row = open_one or Testimony(alarm=alarm, channel=channel)
    row.said, row.said_at, row.cause, row.text = said, now, cause, text[:500]
    row.by_id, row.by_name = actor.id, (who or actor.name)[:80]
    row.save()
    add_line(alarm, f"said_{said}", actor=actor, at=now, text=" ".join(part for part in (who, text) if part))
    after = {"channel": str(channel), "said": str(said), "cause": cause, "sha256": digests}
    record(actor, "alarms:alarm:answer", alarm.ref, region=alarm.region_code, after=after)
    if said is not Said.UNSURE:
        close_duties(SUBJECT_KIND, alarm.id, move=MOVE, by=actor)
    _act_on(alarm, said, row.by_name, now)
    return row


def _act_on(alarm: Alarm, said: Said, who: str, now: datetime) -> None:
    """A person who saw the fire corroborates it; a denial ends only what the operator was not called to, once the signal is gone."""
    alarm.answer = said
    alarm.save(update_fields=["answer"])
    if said is Said.FIRE and alarm.is_fire:
        _presume(alarm, who, now)
    elif said is Said.FALSE and alarm.route == "ask":
        if not alarm.standing:
            deny(alarm, now)
            return
        alarm.route_until = now + timedelta(seconds=policy_at(alarm.region_code, now).denied_s)
        alarm.save(update_fields=["route_until"])
    show(alarm, "changed")


def _presume(alarm: Alarm, who: str, now: datetime) -> None:
    words = PRESUMED_BY_PERSON.filled({"who": who})
    reason = ["alarm.person", words.zh, words.en, "GB 50116-2013 4.1.6"]
    near = Alarm.objects.select_for_update(of=("self",)).filter(kind=Kind.FIRE, state__in=WAITING)
    near = near.filter(unit_id=alarm.unit_id) if alarm.unit_id else near.filter(pk=alarm.pk)
    for other in near:
        other.priority, other.presumed, other.reasons = 1, True, [reason, *other.reasons]
        other.save(update_fields=["priority", "presumed", "reasons"])
        add_line(other, "lift", actor=system_actor("worker"), at=now, text=who)
        if other.is_kept:
            bring_out(other, Back.CORROBORATED, now, actor=system_actor("worker"))
        else:
            show(other, "changed")
    alarm.refresh_from_db()
