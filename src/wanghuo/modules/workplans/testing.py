"""A paper in our own words and the plan that comes of it, for tests."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from wanghuo.engines.workplan import compile_paper
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.regions.testing import COUNTY
from wanghuo.modules.workplans import services
from wanghuo.modules.workplans.models import PlanLine, PlanTask, WorkPlan
from wanghuo.modules.workplans.services.judging import is_ambiguous
from wanghuo.modules.workplans.services.tasks import NewTask
from wanghuo.modules.workplans.states import Verdict

PAPER = """普宁市2026年消防安全工作要点（示例，虚构）

为做好全年消防安全工作，制定本要点。

一、压实消防安全责任
（一）开展责任约谈。对工作滞后的乡镇（街道）开展约谈，全年不少于2次。（牵头单位：市消安委办）
（二）强化隐患整改。年内火灾隐患整改率达到90%以上。（牵头单位：市消防救援大队；配合单位：市教育局、市民政局）

二、加强基础建设
（一）推进消火栓建设。12月底前新增市政消火栓60个。（牵头单位：市住房和城乡建设局）
（二）开展校园消防演练。每季度组织1次校园消防疏散演练。（牵头单位：市教育局）
（三）2027年前，建成联网监测平台，联网单位报警设备在线率达到95%。（牵头单位：市消防救援大队）
"""


def make_plan(actor: Actor, *, text: str = PAPER, region: str = COUNTY, **fields: Any) -> WorkPlan:
    """A plan whose lines wait to be judged."""
    return services.compile_plan(text=text, region=region, actor=actor, **fields)


def judge_all(plan: WorkPlan, actor: Actor) -> None:
    """Accept every line as it stands; of an ambiguity its last reading."""
    for line in plan.lines.order_by("position"):
        readings = line.machine.get("readings") or []
        person = {"reading": len(readings) - 1} if is_ambiguous(line) else None
        services.judge(
            plan.ref, line.position, verdict=Verdict.ACCEPTED, version=line.version, person=person, actor=actor
        )


def make_task(
    actor: Actor, *, owner: Any = None, region: str = COUNTY, title: str = "完成校园消防检查", **fields: Any
) -> PlanTask:
    """A task that waits to be taken."""
    return services.create_task(NewTask(title=title, region=region, owner=owner, **fields), actor=actor)


def bare_plan(title: str, **fields: Any) -> WorkPlan:
    """A plan of one line, as a row alone."""
    now = timezone.now()
    plan: WorkPlan = WorkPlan.objects.create(
        title=title, text=title, sha256="0" * 64, created_at=now, paper=compile_paper(title).as_json(), **fields
    )
    machine = {"no": 1, "path": "一", "heading": title, "text": title, "actions": [], "owners": [], "deadlines": []}
    PlanLine.objects.create(
        plan=plan,
        position=1,
        kind="item",
        item_no=1,
        path="一",
        start=0,
        end=len(title),
        machine={**machine, "as_task": True},
    )
    return plan


def bare_task(title: str, **fields: Any) -> PlanTask:
    """A task as a row alone, without clock or duty."""
    task: PlanTask = PlanTask.objects.create(title=title, assigned_at=timezone.now(), **fields)
    return task
