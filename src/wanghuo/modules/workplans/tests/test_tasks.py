"""The life of a task: whose inbox, which clock, who may accept, and what comes next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import MoveRefused, NotFound, NotPermitted, Text
from wanghuo.base.ids import new_id
from wanghuo.base.time import local_day
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import actor, make_body, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.loops import Subject, inbox, run_clocks
from wanghuo.kernel.loops.models import Clock
from wanghuo.kernel.outbox import drain
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, TOWN
from wanghuo.modules.workplans import public, rules, services
from wanghuo.modules.workplans.models import PlanTask
from wanghuo.modules.workplans.services.tasks import NewTask
from wanghuo.modules.workplans.states import TASK, TaskState

pytestmark = pytest.mark.django_db
SOURCE = Subject(
    "meeting", new_id(), "HY-445281-2026-00001", "/meetings/HY-445281-2026-00001", Text("会议", "Meeting"), COUNTY
)


def evidence(name: str = "整改清单.csv"):
    return SimpleUploadedFile(name, "单位,结果\n示例商场,完成\n".encode())


@pytest.fixture
def clerk():
    return actor_of(make_user("office", "committee_clerk", COUNTY))


@pytest.fixture
def teacher():
    return actor_of(make_user("teacher", "sector_officer", COUNTY, "education"))


@pytest.fixture
def education():
    return make_body("普宁市教育局", COUNTY, "education")


def give(owner, by, **fields):
    new = NewTask(title="完成校园消防安全检查", region=COUNTY, owner=owner, **fields)
    return services.create_task(new, actor=by)


def test_a_task_goes_to_the_people_of_its_body_and_to_nobody_else(clerk, teacher, education) -> None:
    doctor = actor_of(make_user("doctor", "sector_officer", COUNTY, "health"))
    task = give(education, clerk, due_on=local_day(timezone.now()) + timedelta(days=30))
    assert [duty.subject_ref for duty in inbox(teacher)] == [task.ref]
    assert not inbox(doctor).exists()
    assert not inbox(clerk).exists()
    assert set(Clock.objects.filter(subject_id=task.id).values_list("rule", flat=True)) == {
        rules.TAKE_RULE,
        rules.TASK_RULE,
    }


def test_from_taken_to_accepted_by_somebody_outside(clerk, teacher, education) -> None:
    task = give(education, clerk, due_on=local_day(timezone.now()) + timedelta(days=30))
    services.take(task.ref, actor=teacher)
    services.progress(task.ref, note="已查 12 所", reached=12, actor=teacher)
    with pytest.raises(rules.EvidenceMissing):
        services.report(task.ref, note="全部完成", actor=teacher)
    services.report(task.ref, note="全部完成", files=[evidence()], actor=teacher)
    for insider in (teacher, actor("committee_clerk", COUNTY, "education", id=teacher.id)):
        with pytest.raises((rules.OwnerMayNotAccept, NotPermitted)):
            services.accept(task.ref, actor=insider)
    assert [duty.move for duty in inbox(clerk)] == ["accept"]
    services.accept(task.ref, actor=clerk)
    task.refresh_from_db()
    assert (task.state, task.done_by) == ("done", clerk.id)
    assert not inbox(clerk).exists()
    assert not inbox(teacher).exists()
    assert set(Clock.objects.filter(subject_id=task.id).values_list("outcome", flat=True)) == {"met"}
    acts = AuditEntry.objects.filter(object=task.ref).values_list("action", flat=True)
    assert set(acts) == {f"workplans:task:{act}" for act in ("assign", "take", "progress", "report", "accept")}


@pytest.mark.parametrize(
    ("role", "kind", "region", "sector"),
    [
        ("committee_clerk", "committee_office", COUNTY, ""),
        ("committee_clerk", "township", TOWN, ""),
        ("brigade_leader", "fire_rescue", COUNTY, ""),
    ],
)
def test_nobody_of_the_owning_body_accepts(clerk, role, kind, region, sector) -> None:
    body = make_body("承办单位", region, sector, kind)
    task = give(body, clerk)
    insider = actor_of(make_user("insider", role, region, sector))
    services.take(task.ref, actor=insider)
    services.report(task.ref, note="完成", files=[evidence()], actor=insider)
    colleague = actor_of(make_user("colleague", role, region, sector))
    with pytest.raises(rules.OwnerMayNotAccept):
        services.accept(task.ref, actor=colleague)
    other = "brigade_leader" if role == "committee_clerk" else "committee_clerk"
    services.accept(task.ref, actor=actor_of(make_user("outsider", other, COUNTY)))


def test_only_the_people_of_the_body_take_and_report_once_it_has_any(clerk, education) -> None:
    first = give(education, clerk)
    services.take(first.ref, actor=clerk)  # nobody of the bureau has an account yet
    teacher = actor_of(make_user("teacher", "sector_officer", COUNTY, "education"))
    second = give(education, clerk)
    with pytest.raises(rules.OwnerMust):
        services.take(second.ref, actor=clerk)
    services.take(second.ref, actor=teacher)


def test_a_missed_deadline_makes_it_overdue_and_a_later_day_puts_it_right(clerk, teacher, education) -> None:
    today = local_day(timezone.now())
    task = give(education, clerk, due_on=today)
    services.take(task.ref, actor=teacher)
    run_clocks(timezone.now() + timedelta(days=2))
    while drain():
        pass
    task.refresh_from_db()
    assert task.state == "overdue"
    with pytest.raises(rules.DueInPast):
        services.extend(task.ref, due_on=today - timedelta(days=1), reason="晚一点", actor=clerk)
    services.extend(task.ref, due_on=today + timedelta(days=9), reason="汛期停课", actor=clerk)
    task.refresh_from_db()
    assert (task.state, task.extensions) == ("doing", 1)
    running = Clock.objects.get(subject_id=task.id, rule=rules.TASK_RULE, ended_at=None)
    assert local_day(running.due_at - timedelta(seconds=1)) == today + timedelta(days=9)


def test_a_recurring_task_comes_again_once_it_is_done(clerk, teacher, education) -> None:
    today = local_day(timezone.now())
    span = rules.span_at(today, "quarter")
    task = give(education, clerk, due_on=span.last, starts_on=span.first, frequency="quarter")
    services.take(task.ref, actor=teacher)
    services.report(task.ref, note="本季度已完成", files=[evidence()], actor=teacher)
    services.accept(task.ref, actor=clerk)
    after = PlanTask.objects.get(follows=task)
    assert (after.occurrence, after.state, after.owner) == (2, "assigned", education)
    assert after.starts_on == span.last + timedelta(days=1)
    assert after.due_on == rules.next_span(today, "quarter").last


def test_a_returned_task_is_given_to_somebody_else(clerk, teacher, education) -> None:
    health = make_body("普宁市卫生健康局", COUNTY, "health")
    doctor = actor_of(make_user("doctor", "sector_officer", COUNTY, "health"))
    task = give(education, clerk)
    services.return_(task.ref, reason="不属于教育部门职责", actor=teacher)
    assert [duty.move for duty in inbox(clerk)] == ["reassign"]
    services.reassign(task.ref, owner=health, actor=clerk)
    assert [duty.move for duty in inbox(doctor)] == ["take"]
    assert not inbox(teacher).exists()
    with pytest.raises(NotFound):
        services.take(task.ref, actor=teacher)


def test_another_module_gives_a_task_and_finds_it_again(clerk, education) -> None:
    made = public.create_task(
        title="开展夜间检查",
        body=education.id,
        region=COUNTY,
        due_on=None,
        source=SOURCE,
        evidence="检查记录",
        actor=clerk,
    )
    assert public.tasks_of("meeting", SOURCE.id, actor=clerk) == [made]
    assert public.tasks_of_body(education.id, actor=clerk, owed=True) == [made]
    stranger = actor_of(make_user("stranger", "committee_clerk", NEIGHBOUR))
    assert public.tasks_of("meeting", SOURCE.id, actor=stranger) == []
    with pytest.raises(NotFound):
        public.task(made.ref, stranger)
    with pytest.raises(NotPermitted):
        public.create_task(title="x", body=education, region=COUNTY, due_on=None, source=SOURCE, actor=stranger)


@pytest.mark.parametrize("state", list(TaskState))
def test_every_act_obeys_the_state_table(clerk, teacher, education, state) -> None:
    task = give(education, clerk)
    PlanTask.objects.filter(pk=task.pk).update(state=state, done_at=timezone.now())
    acts = {
        "take": lambda: services.take(task.ref, actor=teacher),
        "return": lambda: services.return_(task.ref, reason="不属职责", actor=teacher),
        "progress": lambda: services.progress(task.ref, note="进行中", actor=teacher),
        "report": lambda: services.report(task.ref, note="完成", files=[evidence()], actor=teacher),
        "accept": lambda: services.accept(task.ref, actor=clerk),
        "send_back": lambda: services.send_back(task.ref, reason="缺照片", actor=clerk),
        "withdraw": lambda: services.withdraw(task.ref, reason="计划调整", actor=clerk),
    }
    possible = {move.name: move.target for move in TASK.possible(state)}
    for name, act in acts.items():
        PlanTask.objects.filter(pk=task.pk).update(state=state, done_at=timezone.now())
        if name in possible:
            act()
        else:
            with pytest.raises(MoveRefused):
                act()
        task.refresh_from_db()
        assert task.state == possible.get(name, state)


days = st.dates(min_value=timezone.now().date().replace(year=2020), max_value=timezone.now().date().replace(year=2035))


@given(days, st.sampled_from(["year", "half_year", "quarter", "month", "half_month", "week", "day"]))
def test_rounds_follow_each_other_without_a_gap(day, frequency) -> None:
    span, after = rules.span_at(day, frequency), rules.next_span(day, frequency)
    assert span.first <= day <= span.last
    assert after.first == span.last + timedelta(days=1)
    assert rules.span_at(after.last, frequency) == after


@given(st.lists(st.integers(0, 50), max_size=8), st.integers(0, 200))
def test_parts_must_make_up_the_whole(parts, whole) -> None:
    if sum(parts) >= whole:
        rules.check_shares(float(whole), map(float, parts), "个")
    else:
        with pytest.raises(rules.SharesDoNotAddUp):
            rules.check_shares(float(whole), map(float, parts), "个")
