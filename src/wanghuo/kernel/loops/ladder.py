"""The ladder: a clock that has run out climbs it rung by rung, and each rung is somebody's duty (提醒 → 督办 → 约谈
→ 挂牌).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from wanghuo.base import MoveRefused, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.engines.calendar import due_at
from wanghuo.kernel import notify
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.audit import record
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.loops.calendars import work_calendar
from wanghuo.kernel.loops.duties import open_duty
from wanghuo.kernel.loops.events import ClockMissed
from wanghuo.kernel.loops.models import Clock, Duty, LadderStep
from wanghuo.kernel.loops.refs import next_ref
from wanghuo.kernel.loops.steps import Rung, Steps, steps_for
from wanghuo.kernel.outbox import emit

WHAT = Text("督办件", "Supervision paper")
PREFIX = "DB"
BATCH = 200
UPWARDS = ("town", "county", "city", "province", "country")
OVERDUE = Text("{name}：{title}（已逾期）", "{name}: {title} (overdue)")
BODY = Text("{ref} 期限 {due:%Y-%m-%d %H:%M}，规则 {rule}", "{ref} was due {due:%Y-%m-%d %H:%M} by rule {rule}")


def run_clocks(now: datetime) -> int:
    """Take every clock whose next rung is due by `now` one rung up; returns how many rungs were climbed.

    Safe to run twice and by two runners at once: each clock is locked, looked at again and climbed in a transaction
    of its own, and a rung can be recorded once only. A rung counts its delay from when the one before was reached,
    so a platform that was down for a week does not climb four rungs in a minute.
    """
    return sum(each(_due_ids(now), lambda clock_id: _climb(clock_id, now)).done)


def _due_ids(now: datetime) -> Iterator[UUID]:
    """The clocks that wait, in batches; those that came due while we worked are left for the next run."""
    last: tuple[datetime | None, UUID] | None = None
    while True:
        rows = Clock.objects.filter(next_step_at__lt=now).order_by("next_step_at", "id")
        if last is not None:
            rows = rows.filter(next_step_at__gte=last[0]).exclude(next_step_at=last[0], id__lte=last[1])
        found = list(rows.values_list("next_step_at", "id")[:BATCH])
        yield from (clock_id for _, clock_id in found)
        if len(found) < BATCH:
            return
        last = found[-1]


@transaction.atomic
def _climb(clock_id: UUID, now: datetime) -> int:
    rows = Clock.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    clock = rows.filter(pk=clock_id, next_step_at__lt=now).first()
    if clock is None:
        return 0  # another runner has it, or it was stopped meanwhile
    steps = steps_for(clock.rule, region=clock.region_code, at=now)
    if clock.rung >= len(steps.rungs):  # the ladder was made shorter
        Clock.objects.filter(pk=clock.pk).update(next_step_at=None)
        return 0
    _reach(clock, steps, now)
    return 1


def _reach(clock: Clock, steps: Steps, now: datetime) -> None:
    rung = steps.rungs[clock.rung]
    clock.rung += 1
    clock.next_step_at = steps.next_at(clock.rung, now)
    clock.save(update_fields=["rung", "next_step_at"])
    clock.duties.filter(closed_at=None).update(rung=clock.rung)
    owed = _owed(clock)
    right, level, assignee = _addressee(clock, rung, owed)
    step = _write_step(clock, rung, right, level, now)
    title = OVERDUE.filled({"name": rung.name, "title": owed.title if owed else _plain_title(clock)})
    if right:
        _ask(clock, step, rung, title, assignee)
    record(
        system_actor("worker"),
        f"loops:clock:{rung.code}",
        clock.subject_ref,
        region=clock.region_code,
        after={"rule": clock.rule, "rung": clock.rung, "paper": step.ref, "due_at": clock.due_at.isoformat()},
    )
    emit(
        ClockMissed(
            clock_id=clock.id,
            subject_kind=clock.subject_kind,
            subject_id=clock.subject_id,
            ref=clock.subject_ref,
            rule=clock.rule,
            rung=rung.code,
            level=clock.rung,
            first=clock.rung == 1,
            region_code=clock.region_code,
            due_at=clock.due_at,
            at=now,
        )
    )


def _owed(clock: Clock) -> Duty | None:
    """The duty whose act the clock waits for."""
    rows = Duty.objects.filter(subject_kind=clock.subject_kind, subject_id=clock.subject_id, closed_at=None, kind="act")
    return rows.filter(rule=clock.rule).exclude(move__startswith="loops.").order_by("id").first()


def _plain_title(clock: Clock) -> Text:
    return Text(f"{clock.what_zh} {clock.subject_ref}", f"{clock.what_en} {clock.subject_ref}")


def _addressee(clock: Clock, rung: Rung, owed: Duty | None) -> tuple[str, str, int | None]:
    """Who must answer: right, level and person. Where nobody holds the right at the rung's level, the next level up
    that has one.
    """
    if not rung.right:
        return (owed.right, owed.at_level, owed.assignee) if owed else ("", "", None)
    levels = UPWARDS[UPWARDS.index(rung.level) :] if rung.level in UPWARDS else ()
    for level in levels:
        if holders(rung.right, clock.region_code, sector=clock.sector, unit=clock.scope_unit, level=level):
            return rung.right, level, None
    return rung.right, "", None


def _write_step(clock: Clock, rung: Rung, right: str, level: str, now: datetime) -> LadderStep:
    return LadderStep.objects.create(
        ref=next_ref(PREFIX, clock.region_code, local_day(now).year),
        clock=clock,
        number=clock.rung,
        rung=rung.code,
        name_zh=rung.name.zh,
        name_en=rung.name.en,
        right=right,
        at_level=level,
        at=now,
        answer_due_at=due_at(now, rung.answer, work_calendar()).at,
        **scope_columns(clock.region_code, sector=clock.sector, unit=clock.scope_unit),
    )


def _ask(clock: Clock, step: LadderStep, rung: Rung, title: Text, assignee: int | None) -> None:
    """The duty of whoever is next, and word of it."""
    only_owes = not rung.right
    duty = open_duty(
        clock.subject,
        move=f"loops.{rung.code}",
        title=title,
        right=step.right,
        asked_by=system_actor("worker"),
        due_at=step.answer_due_at,
        assignee=assignee,
        at_level=step.at_level or None,
        url=clock.subject_url if only_owes else f"/ladder/{step.ref}",
        kind="read" if only_owes else "act",
        clock=clock,
    )
    people = (
        [assignee]
        if assignee
        else holders(
            step.right, clock.region_code, sector=clock.sector, unit=clock.scope_unit, level=step.at_level or None
        )
    )
    known = {"ref": clock.subject_ref, "due": timezone.localtime(clock.due_at), "rule": clock.rule}
    notify.notify(people, level="B", title=title, body=BODY.filled(known), url=duty.url, about=clock.subject_ref)


def get_step(ref: str, *, actor: Actor, lock: bool = False) -> LadderStep:
    """The one way to load a supervision paper. Raises NotFound."""
    rows = LadderStep.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows.select_related("clock")).filter(ref=ref).first()
    if found is None:
        raise NotFound(what=WHAT, ref=ref)
    return found


@transaction.atomic
def answer_step(*, ref: str, answer: str, actor: Actor, now: datetime) -> LadderStep:
    """Write down what was done about a missed clock (督办意见、约谈记录); closes the duty of that rung, not the clock.

    Raises NotFound, NotPermitted, MoveRefused (answered already).
    """
    step = get_step(ref, actor=actor, lock=True)
    if step.right:
        actor.require(step.right, step)
    if step.answered_at:
        raise MoveRefused(
            what=WHAT, state=Text("已答复", "answered"), move=Text("答复", "answer"), possible=Text("无", "none")
        )
    step.answered_at, step.answered_by, step.answered_by_name, step.answer = now, actor.id, actor.name[:64], answer
    step.save(update_fields=["answered_at", "answered_by", "answered_by_name", "answer"])
    Duty.objects.filter(clock=step.clock_id, move=f"loops.{step.rung}", closed_at=None).update(
        closed_at=now, closed_by=actor.id
    )
    record(actor, "loops:step:answer", step.ref, region=step.region_code, after={"answer": answer})
    return step
