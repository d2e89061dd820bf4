"""The lists of plans and of tasks."""

from __future__ import annotations

from django.db.models import Q

from wanghuo.base import Text
from wanghuo.base.time import end_of_day
from wanghuo.kernel.ui.filters import Choice, Flag, Words
from wanghuo.kernel.ui.lists import Column, Empty, Link, ListPage
from wanghuo.kernel.ui.spans import Span
from wanghuo.modules.workplans import counting
from wanghuo.modules.workplans.models import PlanTask
from wanghuo.modules.workplans.states import OWED, PLAN, TASK, TaskState
from wanghuo.modules.workplans.words import frequency_name

TASK_MARKS = {
    str(TaskState.ASSIGNED): "new",
    str(TaskState.RETURNED): "waiting",
    str(TaskState.TAKEN): "doing",
    str(TaskState.DOING): "doing",
    str(TaskState.OVERDUE): "overdue",
    str(TaskState.REPORTED): "waiting",
    str(TaskState.DONE): "done",
    str(TaskState.WITHDRAWN): "void",
}
NEW = Link(Text("上传文件", "Add a paper"), "/programmes/new", "workplans.compile", icon="plus", key="n", main=True)

PLANS = ListPage(
    title=Text("工作计划", "Work plans"),
    what=Text("工作计划", "plans"),
    code="workplans:plan",
    row_url="/programmes/{0.ref}",
    period="created_at",
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column("title", Text("标题", "Title"), value=lambda p: f"{p.title}（虚构示例）" if p.made_up else p.title),
        Column("state", Text("状态", "State"), kind="state", machine=PLAN),
        Column("issuer", Text("发文机关", "Issuer"), wide=True),
        Column("issued_on", Text("成文日期", "Date"), kind="day", wide=True),
        Column("region_code", Text("区划", "Region"), kind="region"),
        Column("tasks", Text("任务 完成/总数", "Tasks done/all"), value=lambda p: f"{p.tasks_done}/{p.tasks_all}"),
    ),
    filters=(
        Words(label=Text("标题或文号", "Title or number"), fields=("title", "number", "ref")),
        Choice("state", Text("状态", "State"), {str(k): v for k, v in PLAN.names.items()}),
    ),
    links=(NEW,),
    empty=Empty(
        Text(
            "把工作要点、实施方案、规划放进来：读出任务、责任单位、时限和指标，逐条核定后下发，自己计量进展。",
            "Put a paper in: its tasks, owners, dates and targets are read, judged line by line, issued, and measure themselves.",
        ),
        NEW,
    ),
)


def due_at(task: PlanTask) -> object:
    """The instant from which a task is late; None for one without a day."""
    return end_of_day(task.due_on) if task.due_on else None


TASKS = ListPage(
    title=Text("任务", "Tasks"),
    what=Text("任务", "tasks"),
    code="workplans:task",
    export_right="workplans.view",
    row_url="/programmes/tasks/{0.ref}",
    period="assigned_at",
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column("title", Text("任务", "Task")),
        Column("owner", Text("牵头", "Owner"), value=lambda t: t.owner.short if t.owner else ""),
        Column("state", Text("状态", "State"), kind="state", machine=TASK, marks=TASK_MARKS),
        Column("due_on", Text("期限", "Due"), kind="due", value=due_at, met="done_at", sort="due_on"),
        Column("frequency", Text("频次", "How often"), value=lambda t: frequency_name(t.frequency), wide=True),
        Column(
            "source",
            Text("来自", "From"),
            kind="template",
            template="workplans/_from.html",
            value=lambda t: t.plan.ref if t.plan else t.source_ref,
            wide=True,
        ),
        Column("region_code", Text("区划", "Region"), kind="region", wide=True),
    ),
    filters=(  # type: ignore[arg-type]
        Words(label=Text("任务或编号", "Task or reference"), fields=("title", "ref")),
        Choice("state", Text("状态", "State"), {str(k): v for k, v in TASK.names.items()}),
        Flag("owed", Text("未完成", "still owed"), lambda: Q(state__in=OWED)),
        Flag("late", Text("已逾期", "overdue"), counting.late),
        Flag("settled", Text("期限已见分晓", "deadline settled"), counting.settled),
        Flag("in_time", Text("按期完成", "done on time"), counting.in_time),
        Flag("not_in_time", Text("未按期完成", "not done on time"), counting.not_in_time),
        Span("due", Text("期限", "due"), where=counting.due),
        Flag("recurring", Text("周期任务", "recurring"), lambda: ~Q(frequency="")),
        Words("plan", Text("计划", "plan"), where=lambda words: Q(plan__ref=words.upper())),
        Words("source", Text("来源编号", "source"), where=lambda words: Q(source_ref=words.upper())),
        Words("body", Text("单位", "body"), where=lambda words: Q(owner__name=words) | Q(owner__short=words)),
    ),
    links=(Link(Text("新建任务", "New task"), "/programmes/tasks/new", "workplans.issue", icon="plus", key="n"),),
    empty=Empty(
        Text(
            "这里是下发给各单位的任务，一项一单，到期自动提醒。现在没有派给你所在地区或单位的任务；上级下发文件、会议议定或层层分解后，任务会出现在这里和待办中。可先看上级的工作计划。",
            "Tasks given to bodies, each with its clock. None has been given to your region or body yet: once a paper from above is issued, "
            "a meeting decides or a task is broken down, it appears here and in the inbox. Meanwhile look at the plans of the level above.",
        ),
        Link(Text("看工作计划", "See the plans"), "/programmes", "workplans.view"),
    ),
)
