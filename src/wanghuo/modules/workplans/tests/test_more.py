"""Beside the main road: large files as a job, breaking down, tasks from a spreadsheet, what tasks are measured by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import client_for, make_body, make_user
from wanghuo.kernel.indicators import Period, compute
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.jobs.models import JobRun
from wanghuo.kernel.jobs.running import run_job
from wanghuo.kernel.ledgers import service as ledgers
from wanghuo.kernel.loops import inbox
from wanghuo.kernel.regions.testing import COUNTY, SISTER_TOWN, TOWN
from wanghuo.modules.workplans import public, rules, services
from wanghuo.modules.workplans.models import PlanTarget, PlanTask, WorkPlan
from wanghuo.modules.workplans.pages import plans
from wanghuo.modules.workplans.services.parts import BrokenDownAlready, Share
from wanghuo.modules.workplans.standings import standings, task_rows
from wanghuo.modules.workplans.testing import PAPER, judge_all, make_plan, make_task

pytestmark = pytest.mark.django_db
TODAY = local_day(timezone.now())


def issued(clerk) -> WorkPlan:
    plan = make_plan(clerk)
    judge_all(plan, clerk)
    fallback = bodies.resolve("市消安委办", COUNTY)
    public.issue_plan(plan.ref, fallback=fallback, earliest=TODAY + timedelta(days=1), actor=clerk)
    plan.refresh_from_db()
    return plan


def test_a_large_file_is_compiled_as_a_job(office, monkeypatch) -> None:
    monkeypatch.setattr(plans, "QUICK_BYTES", 100)
    answer = client_for(office).post("/programmes/new", {"file": SimpleUploadedFile("要点.txt", PAPER.encode())})
    job = JobRun.objects.get()
    assert answer["Location"] == job.url
    assert not WorkPlan.objects.exists()
    run_job.func(str(job.id))
    job.refresh_from_db()
    plan = WorkPlan.objects.get()
    assert job.result_url == f"{plan.url}/judge"
    assert plan.lines.exists()


def test_an_issued_plan_measures_itself(clerk) -> None:
    plan = issued(clerk)
    bound = dict(PlanTarget.objects.filter(plan=plan).values_list("metric", "indicator"))
    assert bound["火灾隐患整改率"] == "hazards.closing_rate"
    assert bound["联网单位报警设备在线率"] == "sensing.online_rate"
    row = IndicatorTarget.objects.get(plan_ref=plan.ref, code="hazards.closing_rate")
    assert (row.value, row.op, str(row.deadline)) == (90.0, ">=", "2026-12-31")
    assert "90%以上" in row.quote
    found = {s.target.metric: s for s in standings(plan, actor=clerk)}
    assert found["火灾隐患整改率"].progress is not None
    assert found["校园消防疏散演练"].progress is None  # how often is seen to by the recurring task
    drill = PlanTask.objects.get(plan=plan, frequency="quarter")
    assert drill.due_on == rules.span_at(TODAY, "quarter").last
    assert [t.metric for t in public.targets_of(plan.ref, actor=clerk)][0]


def test_binding_another_indicator_or_a_new_one(clerk) -> None:
    plan = issued(clerk)
    target = PlanTarget.objects.get(plan=plan, metric="火灾隐患整改率")
    services.bind_target(plan.ref, target.id, code="hazards.on_time_rate", actor=clerk)
    target.refresh_from_db()
    assert target.indicator == "hazards.on_time_rate"
    assert IndicatorTarget.objects.filter(plan_ref=plan.ref, code="hazards.on_time_rate").exists()
    assert not IndicatorTarget.objects.filter(plan_ref=plan.ref, code="hazards.closing_rate").exists()
    services.define_and_bind(plan.ref, target.id, actor=clerk)
    target.refresh_from_db()
    assert target.indicator.startswith("reported.")
    services.bind_target(plan.ref, target.id, code="", actor=clerk)
    target.refresh_from_db()
    assert target.indicator == ""


def test_a_task_is_broken_down_and_its_parts_add_up(clerk) -> None:
    towns = [bodies.bodies_of(region, clerk).get(region_code=region, kind="township") for region in (TOWN, SISTER_TOWN)]
    housing = bodies.resolve("市住房和城乡建设局", COUNTY)
    task = make_task(clerk, owner=housing, title="新增消火栓", due_on=TODAY + timedelta(days=30))
    with pytest.raises(rules.SharesDoNotAddUp):
        services.break_down(task.ref, shares=[Share(towns[0], 20.0)], whole=60.0, unit="个", actor=clerk)
    made = services.break_down(
        task.ref, shares=[Share(towns[0], 20.0), Share(towns[1], 40.0)], whole=60.0, unit="个", actor=clerk
    )
    assert [part.region_code for part in made] == [TOWN, SISTER_TOWN]
    townsman = actor_of(make_user("clerk", "committee_clerk", TOWN))
    assert [duty.subject_ref for duty in inbox(townsman)] == [made[0].ref]
    with pytest.raises(BrokenDownAlready):
        services.break_down(task.ref, shares=[Share(towns[0], 60.0)], actor=clerk)
    page = client_for(make_user("second", "committee_clerk", COUNTY)).get(task.url).content.decode()
    assert made[0].ref in page
    assert "60 / 60" in page


def test_the_board_shows_parts_by_region_and_mine(clerk) -> None:
    plan = issued(clerk)
    task = PlanTask.objects.filter(plan=plan, title__contains="消火栓").get()
    towns = [bodies.bodies_of(region, clerk).get(region_code=region, kind="township") for region in (TOWN, SISTER_TOWN)]
    services.break_down(task.ref, shares=[Share(town, 30.0) for town in towns], whole=60.0, unit="个", actor=clerk)
    rows, places = task_rows(plan, actor=clerk)
    assert places == [TOWN, SISTER_TOWN]
    assert next(row for row in rows if row.task.pk == task.pk).cells[0][0].region_code == TOWN
    fire = bodies.resolve("市消防救援大队", COUNTY)
    mine, _ = task_rows(plan, actor=clerk, mine=frozenset({fire.id}))
    assert mine
    assert {row.task.owner_id for row in mine} == {fire.id}


def test_tasks_come_in_from_a_spreadsheet(clerk) -> None:
    due = (TODAY + timedelta(days=20)).isoformat()
    csv = f"编号,任务,牵头单位,期限\nA-1,检查校园,市教育局,{due}\nA-2,检查医院,没有的单位,{due}\nA-3,检查旅馆,市文旅局,2020-01-01\n"
    columns = {"source_ref": "编号", "title": "任务", "owner": "牵头单位", "due_on": "期限"}
    mapping = {"source": "old", "header_row": 1, "columns": {name: {"column": head} for name, head in columns.items()}}
    run = ledgers.start(
        kind_code="programme_tasks",
        chunks=[csv.encode()],
        file_name="任务.csv",
        region=COUNTY,
        actor=clerk,
        source="old",
    )
    ledgers.set_mapping(run_id=run.id, data=mapping, actor=clerk)
    checked = ledgers.check(run_id=run.id, actor=clerk)
    assert (checked.counts["new"], checked.counts["error"]) == (1, 2)
    assert not PlanTask.objects.exists()


def test_what_tasks_are_measured_by(clerk) -> None:
    body = make_body("示例科室", COUNTY, "", "other")
    period = Period.year(TODAY.year)
    late = make_task(clerk, owner=body)
    done = make_task(clerk, owner=body)
    PlanTask.objects.filter(pk=late.pk).update(due_on=TODAY - timedelta(days=2), state="overdue")
    now = timezone.now()
    PlanTask.objects.filter(pk=done.pk).update(due_on=local_day(now), state="done", done_at=now, reported_at=now)
    assert compute("workplans.overdue", COUNTY, period).value == 1
    assert compute("workplans.on_time_rate", COUNTY, period).value == 50
    listed = client_for(make_user("second", "committee_clerk", COUNTY)).get(
        f"/programmes/tasks?region={COUNTY}&due={period.key}&in_time=1"
    )
    words = listed.content.decode()
    assert done.ref in words
    assert late.ref not in words
