"""Tasks from files: those another system or a spreadsheet holds; each gets its owner, its clock and its place in the
inbox."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.ledgers.importing import (
    CellError,
    Column,
    Context,
    ImportKind,
    Judged,
    Row,
    Written,
    register_import,
)
from wanghuo.modules.workplans import selectors, services
from wanghuo.modules.workplans.models import PlanTask, WorkPlan
from wanghuo.modules.workplans.services.tasks import NewTask
from wanghuo.modules.workplans.words import FREQUENCIES

NO_BODY = Text("没有唯一的机构“{name}”", "no single body is called “{name}”")
NO_REGION = Text("请指定导入的区划", "say for which region the file is")
PAST = Text("期限已过", "the deadline has passed")
NO_PLAN = Text("没有计划“{ref}”", "there is no plan “{ref}”")
KNOWN = Text("已导入过：{ref}", "imported before: {ref}")
TWICE = Text("文件内重复，首见于第 {row} 行", "stands in the file before, in row {row}")
FIELDS = ("title", "detail", "due_on", "share", "unit", "evidence_asked")

COLUMNS = (
    Column("source_ref", Text("原编号", "Old reference"), required=True, longest=40, synonyms=("编号", "id")),
    Column("title", Text("任务", "Task"), required=True, longest=200),
    Column("owner", Text("牵头单位", "Owner"), required=True, longest=80, synonyms=("责任单位", "承办单位")),
    Column("supports", Text("配合单位", "Supporting bodies"), longest=400),
    Column("detail", Text("要求", "What is asked"), longest=2000),
    Column("due_on", Text("期限", "Due"), kind="date"),
    Column("frequency", Text("频次", "How often"), kind="choice", choices={k: v for k, v in FREQUENCIES.items() if k}),
    Column("share", Text("数量", "Amount"), kind="float", least=0),
    Column("unit", Text("计量单位", "Unit"), longest=20),
    Column("evidence_asked", Text("要求的佐证", "Evidence asked for"), longest=400),
    Column("plan", Text("计划编号", "Plan"), longest=32),
)


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """Judge a batch: bodies known, plans seen, days ahead, not imported before."""
    keys = [context.key(row.get("source_ref")) for row in rows]
    before = dict(
        PlanTask.objects.filter(source_kind="import", source_ref__in=[key[:48] for key in keys]).values_list(
            "source_ref", "ref"
        )
    )
    return [_judge(row, key[:48], context, before) for row, key in zip(rows, keys, strict=True)]


def _judge(row: Row, key: str, context: Context, before: dict[str, str]) -> Judged:
    if key in before:
        return Judged(row, "duplicate", note=KNOWN.filled({"ref": before[key]}))
    seen: dict[str, int] = context.memory.setdefault("seen", {})
    if seen.setdefault(key, row.number) != row.number:
        return Judged(row, "duplicate", note=TWICE.filled({"row": seen[key]}))
    errors: list[CellError] = []
    owner = _owner(row, context, errors)
    plan = _plan(row, context, errors)
    due = row.get("due_on")
    if due is not None and due < local_day(timezone.now()):
        errors.append(CellError("due_on", PAST, value=str(due)))
    return Judged(row, "error" if errors else "new", target=(owner, plan, key), errors=errors)


def _owner(row: Row, context: Context, errors: list[CellError]) -> Body | None:
    region, name = context.region, row.get("owner")
    if not region:
        errors.append(CellError("owner", NO_REGION))
        return None
    found = bodies.resolve(name, region)
    if found is None or not context.actor.can("workplans.issue", found):
        errors.append(CellError("owner", NO_BODY.filled({"name": name}), value=name))
        return None
    return found


def _plan(row: Row, context: Context, errors: list[CellError]) -> WorkPlan | None:
    ref = row.get("plan")
    if not ref:
        return None
    plan: WorkPlan | None = selectors.plans(context.actor).filter(ref=ref.upper()).first()
    if plan is None or not context.actor.can("workplans.issue", plan):
        errors.append(CellError("plan", NO_PLAN.filled({"ref": ref}), value=ref))
    return plan


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write a batch through the service that gives any other task."""
    written = []
    for each in judged:
        owner, plan, key = each.target
        row = each.row
        fields = {name: row.get(name) for name in FIELDS if row.get(name) is not None}
        supports = [name for name in str(row.get("supports", "")).replace("，", "、").split("、") if name.strip()]
        new = NewTask(
            region=context.region,
            owner=owner,
            plan=plan,
            supports=supports,
            frequency=row.get("frequency", ""),
            **fields,
        )
        task = services.create_task(new, actor=context.actor)
        PlanTask.objects.filter(pk=task.pk).update(source_kind="import", source_ref=key)
        written.append(Written(row.number, "new", task.ref, str(task.id)))
    return written


register_import(
    ImportKind(
        code="programme_tasks",
        title=Text("任务", "Tasks"),
        right="workplans.issue",
        columns=COLUMNS,
        check=check,
        write=write,
        help=Text("电子表格里的任务清单", "a list of tasks kept in a spreadsheet"),
    )
)
