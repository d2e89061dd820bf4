"""Jobs, from being asked for to their end; periodic tasks; signs of life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from wanghuo.base import Invalid, MoveRefused, NotFound, Text
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.models import RoleGrant
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.jobs import asking, beats, enqueue, periodic, registry, running
from wanghuo.kernel.jobs.models import JobRun, PeriodicRun, ProcessBeat

pytestmark = pytest.mark.django_db
TITLE = Text("导入单位", "Import units")
NOW = datetime(2026, 3, 5, 6, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})
    monkeypatch.setattr(registry, "WRITE_EVERY_S", 0)


@pytest.fixture
def clerk():
    return make_user("clerk", "committee_clerk", "445281")


def asked(run, user, **params):
    registry.job("tests.job")(run)
    row = enqueue("tests.job", actor=actor_of(user), title=TITLE, **params)
    assert running.run_waiting() == 1
    row.refresh_from_db()
    return row


def test_a_job_acts_as_the_person_with_the_roles_held_when_it_begins(clerk):
    seen = {}

    def run(progress, *, file):
        seen.update(file=file, actor=progress.actor)
        return {"url": "/data/imports/7", "rows": 3}

    registry.job("tests.job")(run)
    row = enqueue("tests.job", actor=actor_of(clerk), title=TITLE, file="a.xlsx")
    RoleGrant.objects.update(ended_at=timezone.now())
    running.run_waiting()
    row.refresh_from_db()
    assert (row.state, row.result_url, row.worker) == ("done", "/data/imports/7", beats.my_name("worker"))
    assert (seen["file"], seen["actor"].id, seen["actor"].grants, seen["actor"].via) == (
        "a.xlsx",
        clerk.pk,
        (),
        "worker",
    )


def test_a_kind_nobody_declared_is_refused(clerk):
    with pytest.raises(LookupError, match=r"tests\.absent"):
        enqueue("tests.absent", actor=actor_of(clerk), title=TITLE)
    assert not JobRun.objects.exists()
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [(Invalid(Text("第 3 行缺名称", "row 3 has no name")), "invalid"), (KeyError("x"), "jobs.broken")],
)
def test_a_failure_is_told_in_words_and_with_a_code(clerk, error, code):
    def run(progress):
        raise error

    row = asked(run, clerk)
    assert (row.state, row.error_code) == ("failed", code)
    assert row.error_zh
    assert row.error_en
    assert "KeyError" not in row.error_zh, "what broke inside is for the log"


def test_a_closed_account_runs_nothing(clerk):
    registry.job("tests.job")(lambda progress: pytest.fail("it ran"))
    row = enqueue("tests.job", actor=actor_of(clerk), title=TITLE)
    type(clerk).objects.update(is_active=False)
    running.run_waiting()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("failed", "jobs.asker_gone")


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_and_a_running_job_stops_when_asked(clerk):
    steps = []

    def run(progress):
        for done in range(1, 10):
            progress(done, 10, Text(f"第 {done} 批", f"batch {done}"))
            steps.append(JobRun.objects.values_list("done", "total", "note_en").get())
            if done == 3:
                asking.cancel(job_id=progress.job_id, actor=actor_of(clerk))

    row = asked(run, clerk)
    assert steps == [(1, 10, "batch 1"), (2, 10, "batch 2"), (3, 10, "batch 3")]
    assert (row.state, row.error_code) == ("cancelled", "jobs.cancelled")


def test_a_waiting_job_stops_at_once_and_an_ended_one_cannot(clerk):
    registry.job("tests.job")(lambda progress: pytest.fail("it ran"))
    row = enqueue("tests.job", actor=actor_of(clerk), title=TITLE)
    assert asking.cancel(job_id=row.id, actor=actor_of(clerk)).state == "cancelled"
    running.run_waiting()
    with pytest.raises(MoveRefused):
        asking.cancel(job_id=row.id, actor=actor_of(clerk))


def test_a_job_whose_process_is_gone_is_ended(clerk):
    row = JobRun.objects.create(kind="k", title_zh="t", title_en="t", state="running", worker="worker@here:1")
    beats.beat("worker")
    mine = JobRun.objects.create(kind="k", title_zh="t", title_en="t", state="running", worker=beats.my_name("worker"))
    assert running.end_interrupted() == 1
    row.refresh_from_db()
    mine.refresh_from_db()
    assert (row.state, row.error_code, mine.state) == ("failed", "jobs.interrupted", "running")


def test_the_page_is_for_the_person_who_asked(clerk):
    row = JobRun.objects.create(
        kind="k", title_zh="导入单位", title_en="Import units", asked_by=clerk.pk, state="running", done=3, total=10
    )
    page = client_for(clerk).get(row.url, headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert f'data-progress="{row.url}"' in page.content.decode()
    other = client_for(make_user("other", "committee_clerk", "445281"))
    assert other.get(row.url).status_code == 404
    assert other.post(f"{row.url}/cancel").status_code == 404
    assert client_for(clerk).post(f"{row.url}/cancel").status_code == 303
    JobRun.objects.update(state="failed", error_code="jobs.broken", error_zh="内部错误", error_en="internal")
    done = client_for(clerk).get(row.url, headers={"HX-Request": "true"}).content.decode()
    assert "jobs.broken" in done
    assert "data-progress" not in done, "an ended job is not asked for again"
    with pytest.raises(NotFound):
        asking.get_job(row.id, actor=actor_of(make_user("third", "inspector", "445281")))


def test_a_periodic_task_that_fails_leaves_the_others_alone_and_backs_off(monkeypatch):
    monkeypatch.setattr(periodic, "_tasks", {})
    ran = []

    @periodic.every(10, "tests.bad")
    def bad():
        ran.append("bad")
        raise ValueError("坏了")

    periodic.every(10, "tests.good")(lambda: ran.append("good"))
    with time_machine.travel(NOW, tick=False) as clock:
        wheels = periodic.Clockwork()
        assert wheels.step() == 10
        clock.shift(timedelta(seconds=11))
        wheels.step()
        clock.shift(timedelta(seconds=10))
        wheels.step()
    assert (ran.count("good"), ran.count("bad")) == (3, 2), "the bad one waits 20 s after its first failure"
    row = PeriodicRun.objects.get(name="tests.bad")
    assert (row.failures, row.failures_in_row) == (2, 2)
    assert "坏了" in row.error
    assert [r.name for r in periodic.periodic_health()] == ["tests.bad", "tests.good"]


def test_two_workers_share_the_periodic_tasks(monkeypatch):
    monkeypatch.setattr(periodic, "_tasks", {})
    ran = []
    periodic.every(10, "tests.one")(lambda: ran.append(1))
    with time_machine.travel(NOW, tick=False):
        periodic.Clockwork().step()
        periodic.Clockwork().step()
    assert ran == [1]


def test_a_clock_keeps_to_its_own_tasks(monkeypatch):
    monkeypatch.setattr(periodic, "_tasks", {})
    ran = []
    periodic.every(5, "tests.prompt")(lambda: ran.append("prompt"))
    periodic.every(600, "tests.long")(lambda: ran.append("long"))
    with time_machine.travel(NOW, tick=False):
        assert periodic.Clockwork(lambda task: task.every_s <= 10).step() == 5
        assert ran == ["prompt"]
        assert periodic.Clockwork(lambda task: task.every_s > 10).step() == 600
    assert ran == ["prompt", "long"]


@pytest.fixture
def steady(monkeypatch):
    """The clock that is never set, which `step` moves."""
    now = [1000.0]
    monkeypatch.setattr(periodic.time, "monotonic", lambda: now[0])
    return now


def test_a_clock_that_was_ahead_holds_up_nothing(monkeypatch, steady):
    monkeypatch.setattr(periodic, "_tasks", {})
    ran = []
    periodic.every(5, "tests.prompt")(lambda: ran.append(timezone.now().year))
    wheels = periodic.Clockwork()
    with time_machine.travel(NOW, tick=False) as clock:
        wheels.step()
        clock.shift(timedelta(days=3660))
        wheels.step()
        clock.move_to(NOW)
        assert wheels.step() == 5
        assert periodic.Clockwork().step() == 5, "another worker finds it done"
    assert ran == [NOW.year, NOW.year + 10, NOW.year]


@pytest.mark.parametrize("set_by", [timedelta(days=3660), timedelta(days=-3660), timedelta(hours=1)])
def test_what_goes_by_dates_rests_until_the_clock_kept_still(monkeypatch, steady, set_by):
    monkeypatch.setattr(periodic, "_tasks", {})
    ran = []
    for name, seconds, known in (("prompt", 5, {}), ("ladder", 30, {}), ("delete", 60, {"rests_s": 86_400.0})):
        periodic.every(seconds, f"tests.{name}", **known)(lambda name=name: ran.append(name))
    wheels = periodic.Clockwork()

    def later(clock, seconds):
        steady[0] += seconds
        clock.shift(seconds)
        ran.clear()
        assert wheels.step() > 0
        return sorted(ran)

    with time_machine.travel(NOW, tick=False) as clock:
        wheels.step()
        assert later(clock, 90) == ["delete", "ladder", "prompt"]
        clock.shift(set_by)
        assert later(clock, 90) == ["prompt"]
        assert later(clock, 500) == ["prompt"]
        assert later(clock, 110) == ["ladder", "prompt"]
        assert later(clock, 86_400) == ["delete", "ladder", "prompt"]


@pytest.mark.parametrize(("days", "rests"), [(0, False), (20, False), (40, True), (-1, True)])
def test_a_worker_that_starts_looks_whether_the_clock_can_be_right(monkeypatch, days, rests):
    monkeypatch.setattr(periodic, "_tasks", {})
    ran = []
    periodic.every(60, "tests.ladder")(lambda: ran.append(1))
    with time_machine.travel(NOW, tick=False) as clock:
        periodic.Clockwork().step()
        clock.shift(timedelta(days=days, minutes=2))
        periodic.Clockwork().step()
    assert len(ran) == (1 if rests else 2)


def test_processes_give_signs_of_life():
    beats.beat("worker", delivered=3)
    beats.beat("worker", delivered=4)
    (beat,) = beats.beats()
    assert (beat.kind, beat.facts) == ("worker", {"delivered": 4})
    beats.rest("worker")
    assert not ProcessBeat.objects.exists()
    assert running.end_interrupted() == 0


def test_the_system_may_ask_too():
    seen = []
    registry.job("tests.job")(lambda progress: seen.append(progress.actor.is_system))
    enqueue("tests.job", actor=system_actor("worker"), title=TITLE)
    running.run_waiting()
    assert seen == [True]


def test_a_row_that_fails_keeps_no_other_from_its_turn(monkeypatch):
    """It is shown with its task, which goes on at its pace; outside of a task the failure is the caller's."""
    monkeypatch.setattr(periodic, "_tasks", {})
    seen = []

    def act(row):
        if row == bad:
            raise ValueError("坏行")
        seen.append(row)
        return row

    bad, task = 2, periodic.Periodic("tests.rows", 5.0, lambda: periodic.each([1, 2, 3], act), 0.0)
    with time_machine.travel(NOW, tick=False) as clock:
        assert periodic.run_if_due(task).next_at == NOW + timedelta(seconds=5)
        row = PeriodicRun.objects.get()
        assert (seen, row.failures_in_row) == ([1, 3], 1)
        assert row.error == "2: ValueError: 坏行"
        bad = 0
        clock.shift(5)
        periodic.run_if_due(task)
    row.refresh_from_db()
    assert (seen, row.failures_in_row, row.error) == ([1, 3, 1, 2, 3], 0, "")
    bad = 3
    with pytest.raises(ValueError, match="坏行"):
        periodic.each([3, 4], act)
    assert seen[-1] == 4
