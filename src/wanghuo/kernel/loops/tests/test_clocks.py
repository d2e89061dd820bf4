from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from wanghuo.base import Conflict, MoveRefused, NotFound, Text
from wanghuo.base.time import CHINA
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.testing import actor, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.loops import clocks, duties, ladder
from wanghuo.kernel.loops.models import Clock, Duty, LadderStep
from wanghuo.kernel.loops.testing import PUNING, subject
from wanghuo.kernel.rulebook import RuleMissing

pytestmark = pytest.mark.django_db
CLERK = actor("inspector", PUNING)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def run_on(moment: str) -> list[str]:
    """Climb at `moment`; the rungs recorded so far."""
    ladder.run_clocks(at(moment))
    return list(LadderStep.objects.order_by("number").values_list("rung", flat=True))


def test_a_deadline_names_its_rule_and_counts_over_the_holiday() -> None:
    found = clocks.due("hazards.recheck", region="445281102", start=at("2026-09-29 10:00"))
    assert (found.at, found.rule.mark, found.provisional) == (at("2026-10-10 00:00"), "C", False)
    assert clocks.due("hazards.verify_exits", region="44", start=at("2026-09-30 16:20")).at == at("2026-10-01 16:20")


def test_a_deadline_needs_a_rule_with_a_period() -> None:
    with pytest.raises(RuleMissing):
        clocks.due("hazards.nothing_like_it", region="44", start=at("2026-09-30 16:20"))
    with pytest.raises(clocks.NoPeriod):
        clocks.due("hazards.inspectors", region="44", start=at("2026-09-30 16:20"))


@pytest.mark.parametrize(("ended", "outcome"), [("2026-10-09 23:59", "met"), ("2026-10-10 00:01", "late")])
def test_a_clock_ends_met_or_late(ended: str, outcome: str) -> None:
    thing = subject()
    clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-09-29 10:00"), move="pass")
    clocks.stop_clock(thing.kind, thing.id, rule="hazards.recheck", at=at(ended))
    clock = Clock.objects.get()
    assert (clock.outcome, clock.ended_at, clock.next_step_at) == (outcome, at(ended), None)
    assert clocks.stop_clock(thing.kind, thing.id, rule="hazards.recheck", at=at(ended)) is None


def test_a_second_clock_of_the_rule_supersedes_the_first() -> None:
    thing = subject()
    for day in ("2026-09-21 10:00", "2026-09-22 10:00"):
        clocks.start_clock(thing, rule="hazards.recheck", start=at(day))
    assert list(Clock.objects.order_by("id").values_list("outcome", flat=True)) == ["void", "running"]


def test_a_pause_keeps_what_was_left_and_says_who_and_why() -> None:
    thing = subject()
    clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-09-21 10:00"))
    how = {"subject_kind": thing.kind, "subject_id": thing.id, "rule": "hazards.recheck", "by": CLERK}
    clocks.pause_clock(**how, at=at("2026-09-22 09:00"), reason="疫情封控，无法进入")
    assert run_on("2026-10-20 09:00") == []
    with pytest.raises(Conflict):
        clocks.pause_clock(**how, at=at("2026-09-23 09:00"), reason="again")
    clock = clocks.resume_clock(**how, at=at("2026-10-12 09:00"))
    # two of three working days were left on 22 September; the 13th and 14th of October are the two
    assert clock.due_at == at("2026-10-15 00:00")
    pause = clock.pauses.get()
    assert (pause.reason, pause.paused_by, pause.moved_to) == ("疫情封控，无法进入", CLERK.id, clock.due_at)
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {"loops:clock:pause", "loops:clock:resume"}
    with pytest.raises(Conflict):
        clocks.resume_clock(**how, at=at("2026-10-13 09:00"))
    with pytest.raises(NotFound):
        clocks.pause_clock(**{**how, "rule": "hazards.notice"}, at=at("2026-10-13 09:00"), reason="x")


def test_the_ladder_is_walked_across_the_holiday() -> None:
    inspector = make_user("li", "inspector", PUNING)
    make_user("wang", "brigade_leader", PUNING)
    make_user("mayor", "government_leader", "4452")
    thing = subject()
    clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-09-24 10:00"), move="pass")
    duty = duties.open_duty(
        thing,
        move="pass",
        title=Text("复查", "Re-inspect"),
        right="hazards.reinspect",
        asked_by=CLERK,
        rule="hazards.recheck",
    )
    # 25 September 2026 is a holiday: the three days are 28, 29 and 30 September
    assert duty.due_at == at("2026-10-01 00:00")
    assert run_on("2026-09-30 23:59") == []
    assert run_on("2026-10-01 00:01") == ["remind"]
    assert run_on("2026-10-09 12:00") == ["remind"]
    # two working days after 1 October: 8 and 9 October
    assert run_on("2026-10-10 00:01") == ["remind", "urge"]
    # five working days after Saturday the 10th: 12 to 16 October
    assert run_on("2026-10-16 23:59") == ["remind", "urge"]
    assert run_on("2026-10-17 00:01") == ["remind", "urge", "interview"]
    assert run_on("2026-10-30 23:59") == ["remind", "urge", "interview"]
    assert run_on("2026-10-31 00:01") == ["remind", "urge", "interview", "list"]
    assert run_on("2027-03-01 00:01") == ["remind", "urge", "interview", "list"]
    duty.refresh_from_db()
    assert duty.rung == 4
    who = {d.move: (d.kind, d.right, d.at_level) for d in Duty.objects.exclude(pk=duty.pk)}
    assert who == {
        "loops.remind": ("read", "hazards.reinspect", ""),
        "loops.urge": ("act", "loops.supervise", "county"),
        "loops.interview": ("act", "loops.interview", "county"),
        "loops.list": ("act", "loops.interview", "city"),
    }
    assert AuditEntry.objects.filter(action__startswith="loops:clock:").count() == 4
    assert duties.inbox(actor("inspector", PUNING, id=inspector.id)).count() == 2


def test_where_nobody_holds_the_level_the_next_one_up_is_asked() -> None:
    make_user("mayor", "government_leader", "4452")
    thing = subject()
    clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-09-21 10:00"))
    for day in ("2026-09-25 09:00", "2026-10-09 09:00"):
        ladder.run_clocks(at(day))
    assert LadderStep.objects.get(rung="urge").at_level == "city"


def test_what_the_ladder_asked_for_ends_with_the_clock() -> None:
    thing = subject()
    clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-09-21 10:00"))
    for day in ("2026-09-25 09:00", "2026-10-09 09:00"):
        ladder.run_clocks(at(day))
    assert Duty.objects.still_open().count() == 1
    clocks.stop_clock(thing.kind, thing.id, rule="hazards.recheck", at=at("2026-10-09 10:00"))
    assert not Duty.objects.still_open().exists()
    assert ladder.run_clocks(at("2027-01-01 00:00")) == 0


def test_a_worker_that_was_down_climbs_one_rung_not_four() -> None:
    clocks.start_clock(subject(), rule="hazards.recheck", start=at("2026-03-02 10:00"))
    assert run_on("2026-11-02 09:00") == ["remind"]
    assert run_on("2026-11-02 09:01") == ["remind"]


def test_many_clocks_are_climbed_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "BATCH", 3)
    for n in range(8):
        clocks.start_clock(subject(ref=f"YH-445281-2026-{n:05d}"), rule="hazards.recheck", start=at("2026-09-21 10:00"))
    assert ladder.run_clocks(at("2026-09-25 09:00")) == 8
    assert sorted(LadderStep.objects.values_list("ref", flat=True)) == [f"DB-445281-2026-{n:05d}" for n in range(1, 9)]


def test_a_supervision_paper_is_answered_once_by_whoever_may() -> None:
    leader = actor("brigade_leader", PUNING)
    clocks.start_clock(subject(), rule="hazards.recheck", start=at("2026-09-21 10:00"))
    for day in ("2026-09-25 09:00", "2026-10-09 09:00"):
        ladder.run_clocks(at(day))
    step = LadderStep.objects.get(rung="urge")
    with pytest.raises(NotFound):
        ladder.answer_step(
            ref=step.ref, answer="x", actor=actor("brigade_leader", "445222"), now=at("2026-10-09 10:00")
        )
    ladder.answer_step(ref=step.ref, answer="已派员", actor=leader, now=at("2026-10-09 10:00"))
    assert not Duty.objects.still_open().filter(move="loops.urge").exists()
    with pytest.raises(MoveRefused):
        ladder.answer_step(ref=step.ref, answer="再答", actor=leader, now=at("2026-10-09 11:00"))
    step.refresh_from_db()
    assert step.answer == "已派员"


def test_a_duty_is_renewed_not_doubled_and_tied_to_its_clock() -> None:
    thing = subject()
    how = {"move": "pass", "title": Text("复查", "Re-inspect"), "right": "hazards.reinspect", "asked_by": CLERK}
    first = duties.open_duty(thing, **how, rule="hazards.recheck", due_at=at("2026-10-09 00:00"))
    clock = clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-09-21 10:00"))
    first.refresh_from_db()
    assert (first.clock, first.due_at) == (clock, clock.due_at)
    assert duties.open_duty(thing, **how, rule="hazards.recheck").pk == first.pk
    with pytest.raises(ValueError, match="right"):
        duties.open_duty(thing, **{**how, "right": "hazards.fly"})
    assert duties.close_duties(thing.kind, thing.id, move="other", by=CLERK) == 0
    assert duties.close_duties(thing.kind, thing.id, by=CLERK) == 1


@pytest.mark.parametrize(
    ("who", "fields", "seen"),
    [
        (actor("inspector", PUNING), {}, True),
        (actor("inspector", "4452"), {}, True),
        (actor("inspector", "445222"), {}, False),
        (actor("grid_worker", PUNING), {}, False),
        (actor("inspector", PUNING), {"at_level": "city"}, False),
        (actor("inspector", "4452"), {"at_level": "city"}, True),
        (actor("inspector", PUNING, id=7), {"assignee": 7}, True),
        (actor("inspector", PUNING, id=8), {"assignee": 7}, False),
        (system_actor("worker"), {"assignee": 7}, True),
    ],
)
def test_a_duty_is_seen_by_right_place_level_and_name(who, fields, seen) -> None:
    duties.open_duty(
        subject(), move="pass", title=Text("复查", "x"), right="hazards.reinspect", asked_by=CLERK, **fields
    )
    assert duties.inbox(who).exists() is seen


@time_machine.travel(at("2026-09-21 10:00"), tick=False)
def test_a_duty_is_put_off_with_a_reason_and_never_past_its_deadline() -> None:
    duty = duties.open_duty(
        subject(),
        move="pass",
        title=Text("复查", "x"),
        right="hazards.reinspect",
        asked_by=CLERK,
        due_at=at("2026-09-25 00:00"),
    )
    for until, reason, error in [
        ("2026-09-22 10:00", " ", duties.SnoozeNeedsReason),
        ("2026-09-26 10:00", "等材料", duties.SnoozePastDue),
        ("2026-09-20 10:00", "等材料", duties.SnoozeInPast),
    ]:
        with pytest.raises(error):
            duties.snooze(duty_id=duty.id, until=at(until), reason=reason, actor=CLERK)
    assert duties.snooze(duty_id=duty.id, until=at("2026-09-22 10:00"), reason="等材料", actor=CLERK).snoozed_until
    with pytest.raises(NotFound):
        duties.snooze(duty_id=duty.id, until=at("2026-09-22 10:00"), reason="x", actor=actor("inspector", "445222"))


def test_only_what_asks_to_be_read_can_be_marked_read() -> None:
    how = {"title": Text("通报", "x"), "right": "hazards.view", "asked_by": CLERK}
    to_read = duties.open_duty(subject(), move="note", kind="read", **how)
    to_do = duties.open_duty(subject(), move="act", **how)
    assert duties.mark_read(duty_id=to_read.id, actor=CLERK).closed_at
    for duty in (to_read, to_do):
        with pytest.raises(MoveRefused):
            duties.mark_read(duty_id=duty.id, actor=CLERK)
    assert timedelta(0) <= datetime.now(CHINA) - duty.opened_at < timedelta(minutes=5)
