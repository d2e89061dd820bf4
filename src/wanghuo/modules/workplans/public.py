"""What other modules may ask of work plans: give a task, look at tasks, and read the targets of a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.bodies import get_body
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.loops import Subject
from wanghuo.modules.workplans import contracts, selectors, services
from wanghuo.modules.workplans.models import PlanTarget, PlanTask
from wanghuo.modules.workplans.services import accept, progress, report, take
from wanghuo.modules.workplans.services.issuing import assignments
from wanghuo.modules.workplans.services.measuring import REPORTED, aims, likeliest
from wanghuo.modules.workplans.services.parts import Share
from wanghuo.modules.workplans.services.tasks import NewTask
from wanghuo.modules.workplans.states import OWED, TaskState, Verdict

__all__ = [
    "accept",
    "break_down",
    "compile_plan",
    "create_task",
    "issue_plan",
    "judge_line",
    "lines_to_judge",
    "plan_refs",
    "progress",
    "report",
    "take",
    "targets_of",
    "task",
    "task_rows",
    "tasks_of",
    "tasks_of_body",
    "withdraw_task",
]


def compile_plan(*, text: str, region: str, actor: Actor, file_name: str = "", made_up: bool = False) -> str:
    """Compile a paper into a plan whose lines wait to be judged; its reference."""
    plan = services.compile_plan(text=text, region=region, file_name=file_name, made_up=made_up, actor=actor)
    return plan.ref


def lines_to_judge(ref: str, *, actor: Actor) -> list[contracts.OpenLine]:
    """The lines of a plan that nobody has judged, in reading order. Raises NotFound."""
    rows = selectors.get_plan(ref, actor=actor).lines.filter(verdict=Verdict.OPEN).order_by("position")
    return [
        contracts.OpenLine(
            position=row.position,
            kind=row.kind,
            path=row.path,
            version=row.version,
            readings=tuple(row.machine.get("readings") or ()),
            confidence=float(row.machine.get("confidence", 1.0)),
        )
        for row in rows
    ]


def judge_line(ref: str, line: contracts.OpenLine, *, keep: bool, reading: int | None = None, actor: Actor) -> None:
    """Accept or reject a line; an ambiguity is accepted with one of its readings."""
    services.judge(
        ref,
        line.position,
        verdict=Verdict.ACCEPTED if keep else Verdict.REJECTED,
        version=line.version,
        person=None if reading is None else {"reading": reading},
        actor=actor,
    )


def issue_plan(ref: str, *, fallback: Body, earliest: date, actor: Actor) -> None:
    """Finish the judging and issue a plan as proposed. `fallback` gets the tasks without an owner; a day before `earliest`
    becomes that day; a target that nothing measures gets a reported indicator, unless it is about how often. Raises NotYetJudged, and then writes nothing."""
    plan = services.confirm(ref, actor=actor)
    rows = []
    for row in assignments(plan):
        due = row.due
        if due.last is not None and due.last < earliest and not due.frequency:
            due = replace(due, last=earliest)
        rows.append(replace(row, owner=row.owner or fallback, due=due))
    bindings = {position: likeliest(aim)[0] or ("" if aim.due.frequency else REPORTED) for position, aim in aims(plan)}
    services.issue(ref, rows=rows, bindings=bindings, actor=actor)


def break_down(ref: str, *, shares: dict[UUID, float], whole: float, unit: str, actor: Actor) -> list[contracts.Task]:
    """Give the parts of a task to bodies, by their keys. Raises NotFound, SharesDoNotAddUp and what the service refuses."""
    parts = [Share(get_body(body, actor=actor), amount) for body, amount in shares.items()]
    return [as_contract(row) for row in services.break_down(ref, shares=parts, whole=whole, unit=unit, actor=actor)]


def create_task(
    *,
    title: str,
    body: Body | UUID | None,
    region: str,
    due_on: date | None,
    source: Subject,
    actor: Actor,
    evidence: str = "",
    plan: str | None = None,
    detail: str = "",
    supports: tuple[str, ...] = (),
    share: float | None = None,
    unit: str = "",
    right: str = "workplans.issue",
) -> contracts.Task:
    """Give a task that came of a meeting, an order or a letter; its owner finds it in the inbox with a clock.

    `body`: the owner, or its key; without one the task lies in `region`. `source`: the record it came from, to which the
    task leads back. `evidence`: what is asked as proof. `plan`: the reference of the plan it belongs to. `right`: the
    right of the caller's module that the actor must hold over the task, where it is not workplans.issue.
    Raises NotFound (body, plan), NotPermitted, Invalid.
    """
    owner = get_body(body, actor=actor) if isinstance(body, UUID) else body
    row = services.create_task(
        NewTask(
            title=title,
            region=region,
            owner=owner,
            detail=detail,
            supports=supports,
            evidence_asked=evidence,
            due_on=due_on,
            share=share,
            unit=unit,
            plan=selectors.get_plan(plan, actor=actor) if plan else None,
            source=source,
        ),
        actor=actor,
        right=right,
    )
    return as_contract(row)


def withdraw_task(ref: str, *, reason: str, actor: Actor) -> contracts.Task:
    """Take a task back. Raises NotFound, NotPermitted, MoveRefused."""
    return as_contract(services.withdraw(ref, reason=reason, actor=actor))


def task(ref: str, actor: Actor) -> contracts.Task:
    """One task. Raises NotFound."""
    return as_contract(selectors.get_task(ref, actor=actor))


def tasks_of(source_kind: str, source_id: UUID, *, actor: Actor) -> list[contracts.Task]:
    """The tasks that came of one record, as far as the actor sees them, in the order given."""
    rows = task_rows(actor).filter(source_kind=source_kind, source_id=source_id).order_by("id")
    return [as_contract(row) for row in rows]


def tasks_of_body(body_id: UUID, *, actor: Actor, owed: bool = False) -> list[contracts.Task]:
    """The tasks of a body, the most urgent first; only what it still owes with `owed`."""
    rows = task_rows(actor).filter(owner_id=body_id).exclude(state=TaskState.WITHDRAWN).order_by("due_on", "id")
    return [as_contract(row) for row in (rows.filter(state__in=OWED) if owed else rows)]


def task_rows(actor: Actor) -> QuerySet[PlanTask]:
    """The tasks the actor sees, as rows to count and group (read only)."""
    return selectors.tasks(actor).select_related("owner", "plan")


def plan_refs(region: str, *, actor: Actor) -> list[tuple[str, str]]:
    """Reference and title of the issued plans that lie in a region, the newest first."""
    rows = selectors.plans(actor).in_region(region).filter(state="issued").order_by("-id")
    return list(rows.values_list("ref", "title"))


def targets_of(plan: str, *, actor: Actor) -> list[contracts.Target]:
    """The targets of an issued plan, in the order of the paper. Raises NotFound."""
    row = selectors.get_plan(plan, actor=actor)
    found = row.targets.select_related("line", "plan").order_by("line__position")
    return [_target(target) for target in found]


def as_contract(row: PlanTask) -> contracts.Task:
    """A task as others hold it."""
    return contracts.Task(
        id=row.id,
        ref=row.ref,
        title=row.title,
        state=row.state,
        url=row.url,
        region_code=row.region_code,
        sector=row.sector,
        owner_id=row.owner_id,
        owner=row.owner.short if row.owner else "",
        due_on=row.due_on,
        done_at=row.done_at,
        plan_ref=row.plan.ref if row.plan else "",
        source_ref=row.source_ref,
    )


def _target(row: PlanTarget) -> contracts.Target:
    return contracts.Target(
        id=row.id,
        plan_ref=row.plan.ref,
        metric=row.metric,
        indicator=row.indicator,
        region_code=row.region_code,
        op=row.op,
        value=row.value,
        value_high=row.value_high,
        unit=row.unit,
        deadline=row.deadline,
        frequency=row.frequency,
        basis=row.basis,
        soft=row.soft,
        quote=row.quote,
    )
