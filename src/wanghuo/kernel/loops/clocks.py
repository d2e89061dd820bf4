"""Clocks: a rule makes a deadline, a clock keeps it, and what stops or pauses the clock is recorded with its person
and reason.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from wanghuo.base import Conflict, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.engines.calendar import DueAt, Length, due_at, moved_by_pause
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops.calendars import work_calendar
from wanghuo.kernel.loops.contracts import Due, Subject
from wanghuo.kernel.loops.models import Clock, Duty, Pause, about
from wanghuo.kernel.loops.steps import steps_for
from wanghuo.kernel.rulebook import rule as find_rule

WHAT = Text("计时", "Clock")


class NoPeriod(Conflict):
    """The rule states no length of time and nobody gave a deadline."""

    code = "loops.no_period"
    text = Text("规则 {rule} 没有规定时限，请给出期限。", "Rule {rule} states no period; give a deadline.")


class ClockStands(Conflict):
    """The clock is paused already, or is not."""

    code = "loops.clock_stands"
    text = Text("{ref} 的计时{state}，不能{act}。", "The clock of {ref} {state}, so it cannot be {act}.")


def due(rule_id: str, *, region: str, start: datetime) -> Due:
    """When what began at `start` (aware) must be done, by the rule in force for `region` on that day.

    Raises RuleMissing, NoPeriod.
    """
    found = find_rule(rule_id, region=region, on=local_day(start))
    if not found.is_clock:
        raise NoPeriod(rule=rule_id)
    end = due_at(start, found.length, work_calendar())
    return Due(end.at, found, end.provisional)


@transaction.atomic
def start_clock(
    subject: Subject, *, rule: str, start: datetime, due_at: datetime | None = None, move: str = ""
) -> Clock:
    """Start a clock for a record: `due_at` as given, else as the rule computes it; `move` is the act that must come
    in time.

    A clock of the same rule that still runs for the record ends as void (it is superseded). Open duties of the
    record that name the rule are tied to the new clock. Raises RuleMissing, NoPeriod.
    """
    found = find_rule(rule, region=subject.region_code, on=local_day(start))
    if due_at is None and not found.is_clock:
        raise NoPeriod(rule=rule)
    computed = _computed(found.length, start) if found.is_clock else None
    void_clock(subject.kind, subject.id, rule=rule, at=start)
    end = due_at or computed.at  # type: ignore[union-attr]
    by_hand = computed is None or end != computed.at
    clock = Clock.objects.create(
        **about(subject),
        **scope_columns(subject.region_code, sector=subject.sector, unit=subject.unit),
        rule=rule,
        pack=found.pack,
        pack_version=found.version,
        mark=found.mark,
        move=move,
        start_at=start,
        due_at=end,
        first_due_at=end,
        by_hand=by_hand,
        provisional=not by_hand and computed is not None and computed.provisional,
        next_step_at=steps_for(rule, region=subject.region_code, at=end).next_at(0, end),
    )
    _open_duties(clock).update(clock=clock, due_at=end, rung=0)
    return clock


def _computed(length: Length, start: datetime) -> DueAt:
    return due_at(start, length, work_calendar())


def _open_duties(clock: Clock) -> QuerySet[Duty]:
    return Duty.objects.filter(
        subject_kind=clock.subject_kind, subject_id=clock.subject_id, rule=clock.rule, closed_at=None, kind="act"
    )


def running(subject_kind: str, subject_id: UUID, rule: str, *, lock: bool = False) -> Clock | None:
    """The clock of this rule that runs for the record, or None."""
    rows = Clock.objects.filter(subject_kind=subject_kind, subject_id=subject_id, rule=rule, ended_at=None)
    return (rows.select_for_update() if lock else rows).first()


def clocks_of(subject_kind: str, subject_id: UUID) -> list[Clock]:
    """Every clock of a record, oldest first, with pauses and rungs. The caller has judged access to the record."""
    rows = Clock.objects.filter(subject_kind=subject_kind, subject_id=subject_id)
    return list(rows.prefetch_related("pauses", "steps").order_by("id"))


@transaction.atomic
def stop_clock(subject_kind: str, subject_id: UUID, *, rule: str, at: datetime) -> Clock | None:
    """End a clock: met when `at` is not later than its deadline, else late. What the ladder asked for is closed with
    it.

    A clock that stood still is judged by when it was paused. Nothing happens when none runs.
    """
    return _end(subject_kind, subject_id, rule, at, outcome="")


@transaction.atomic
def void_clock(subject_kind: str, subject_id: UUID, *, rule: str, at: datetime) -> Clock | None:
    """End a clock whose question no longer arises (superseded, merged, withdrawn): it counts neither as met nor as
    late.
    """
    return _end(subject_kind, subject_id, rule, at, outcome="void")


def _end(subject_kind: str, subject_id: UUID, rule: str, at: datetime, outcome: str) -> Clock | None:
    clock = running(subject_kind, subject_id, rule, lock=True)
    if clock is None:
        return None
    judged_at = min(at, clock.paused_at) if clock.paused_at else at
    clock.ended_at, clock.next_step_at = at, None
    clock.outcome = outcome or ("met" if judged_at <= clock.due_at else "late")
    clock.save(update_fields=["ended_at", "outcome", "next_step_at"])
    Pause.objects.filter(clock=clock, resumed_at=None).update(resumed_at=at, moved_to=clock.due_at)
    clock.duties.filter(closed_at=None, move__startswith="loops.").update(closed_at=at)
    return clock


@transaction.atomic
def pause_clock(subject_kind: str, subject_id: UUID, *, rule: str, at: datetime, by: Actor, reason: str) -> Clock:
    """Let a clock stand still from `at`, with the reason. Raises NotFound (none runs), ClockStands (paused already)."""
    clock = _must_run(subject_kind, subject_id, rule)
    if clock.paused_at:
        raise ClockStands(
            ref=clock.subject_ref, state=Text("已暂停", "stands still"), act=Text("再暂停", "paused again")
        )
    clock.paused_at, clock.next_step_at = at, None
    clock.save(update_fields=["paused_at", "next_step_at"])
    Pause.objects.create(
        clock=clock, paused_at=at, paused_by=by.id, paused_by_name=by.name, reason=reason, moved_from=clock.due_at
    )
    record(by, "loops:clock:pause", clock.subject_ref, region=clock.region_code, after={"rule": rule, "reason": reason})
    return clock


@transaction.atomic
def resume_clock(subject_kind: str, subject_id: UUID, *, rule: str, at: datetime, by: Actor) -> Clock:
    """Let a paused clock go on: what was left when it was paused is left now. Raises NotFound, ClockStands (not
    paused).
    """
    clock = _must_run(subject_kind, subject_id, rule)
    if clock.paused_at is None:
        raise ClockStands(ref=clock.subject_ref, state=Text("未暂停", "runs"), act=Text("恢复", "resumed"))
    before = clock.due_at
    found = find_rule(rule, region=clock.region_code, on=local_day(clock.start_at))
    length = found.length if found.is_clock and not clock.by_hand else None
    new = moved_by_pause(before, length, clock.paused_at, at, work_calendar())
    clock.due_at, clock.paused_at = new.at, None
    clock.provisional = clock.provisional or new.provisional
    clock.next_step_at = steps_for(rule, region=clock.region_code, at=at).next_at(clock.rung, max(new.at, at))
    clock.save(update_fields=["due_at", "paused_at", "provisional", "next_step_at"])
    Pause.objects.filter(clock=clock, resumed_at=None).update(resumed_at=at, resumed_by=by.id, moved_to=new.at)
    clock.duties.filter(closed_at=None, kind="act").exclude(move__startswith="loops.").update(due_at=new.at)
    record(
        by,
        "loops:clock:resume",
        clock.subject_ref,
        region=clock.region_code,
        before={"due_at": before.isoformat()},
        after={"rule": rule, "due_at": new.at.isoformat()},
    )
    return clock


def _must_run(subject_kind: str, subject_id: UUID, rule: str) -> Clock:
    clock = running(subject_kind, subject_id, rule, lock=True)
    if clock is None:
        raise NotFound(what=WHAT, ref=rule)
    return clock
