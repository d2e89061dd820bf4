"""The life of a task: given, taken, reported with evidence, accepted by somebody outside; each act with its clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, Move, Text
from wanghuo.base.time import end_of_day, local_day
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import files_of, store
from wanghuo.kernel.loops import (
    Subject,
    close_duties,
    due,
    next_ref,
    open_duty,
    start_clock,
    stop_clock,
    void_clock,
    write_move,
)
from wanghuo.kernel.outbox import emit
from wanghuo.modules.workplans import rules
from wanghuo.modules.workplans.contracts import TaskDone, TaskIssued, TaskMoved, TaskOverdue
from wanghuo.modules.workplans.models import PlanLine, PlanTask, TaskStep, WorkPlan
from wanghuo.modules.workplans.selectors import TASK_KIND, get_task, people_of, task_subject
from wanghuo.modules.workplans.states import TASK, TaskState

T = TaskState
OWN = "workplans.report"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come next from a state: the act, who owes it, by which rule, and how the inbox puts it."""

    move: str
    right: str
    rule: str
    title: Text


EXPECTED = {
    T.ASSIGNED: Expected(
        "take", "workplans.report", rules.TAKE_RULE, Text("签收任务 · {title}", "Take the task · {title}")
    ),
    T.TAKEN: Expected(
        "report", "workplans.report", rules.TASK_RULE, Text("完成任务 · {title}", "Do the task · {title}")
    ),
    T.DOING: Expected(
        "report", "workplans.report", rules.TASK_RULE, Text("完成任务 · {title}", "Do the task · {title}")
    ),
    T.OVERDUE: Expected(
        "report", "workplans.report", rules.TASK_RULE, Text("任务逾期 · {title}", "Overdue task · {title}")
    ),
    T.REPORTED: Expected(
        "accept", "workplans.accept", rules.ACCEPT_RULE, Text("验收佐证 · {title}", "Accept the evidence · {title}")
    ),
    T.RETURNED: Expected(
        "reassign", "workplans.issue", rules.REASSIGN_RULE, Text("改派任务 · {title}", "Reassign the task · {title}")
    ),
}
WORKING = (T.ASSIGNED, T.TAKEN, T.DOING, T.OVERDUE)


@dataclass(frozen=True, slots=True)
class NewTask:
    """Everything a task is made from; `region` is where it lies when no body owns it."""

    title: str
    region: str
    owner: Body | None = None
    detail: str = ""
    quote: str = ""
    supports: Sequence[str] = ()
    evidence_asked: str = ""
    starts_on: date | None = None
    due_on: date | None = None
    frequency: str = ""
    share: float | None = None
    unit: str = ""
    soft: bool = False
    plan: WorkPlan | None = None
    line: PlanLine | None = None
    parent: PlanTask | None = None
    follows: PlanTask | None = None
    occurrence: int = 1
    source: Subject | None = None


@transaction.atomic
def create_task(new: NewTask, *, actor: Actor, right: str = "workplans.issue") -> PlanTask:
    """Give a task to a body; its owner finds it in the inbox with a clock.

    The caller has loaded plan, line, parent and body with the actor's eyes. `right`: what the actor must hold where the
    task lies (a module above may have asked its own). Raises NotPermitted, Invalid.
    """
    now = timezone.now()
    if not new.title.strip():
        raise Invalid(Text("请写明任务。", "Say what the task is."), field="title")
    task = PlanTask(
        title=new.title.strip()[:200],
        owner=new.owner,
        detail=new.detail,
        quote=new.quote,
        supports=list(new.supports),
        evidence_asked=new.evidence_asked[:400],
        starts_on=new.starts_on,
        due_on=new.due_on,
        frequency=new.frequency,
        occurrence=new.occurrence,
        share=new.share,
        unit=new.unit[:20],
        soft=new.soft,
        plan=new.plan,
        line=new.line,
        parent=new.parent,
        follows=new.follows,
        assigned_at=now,
        assigned_by=actor.id,
        assigned_by_name=actor.name[:64],
        **_source(new.source),
    )
    if new.owner is not None:
        task.place(new.owner.region_code, sector=new.owner.sector)
    else:
        task.place(new.region)
    # a plan's own tasks are given by whoever may issue the plan; the parts of a task by whoever may where they lie
    actor.require(right, new.plan if new.plan is not None and new.parent is None else task)
    task.ref = next_ref("RW", task.region_code, local_day(now).year)
    task.save(force_insert=True)
    add_step(task, "assign", actor=actor, at=now, note=new.evidence_asked)
    after = {
        "owner": str(task.owner_id or ""),
        "due_on": str(new.due_on or ""),
        "plan": new.plan.ref if new.plan else "",
    }
    record(actor, "workplans:task:assign", task.ref, region=task.region_code, after=after)
    emit(
        TaskIssued(
            task_id=task.id,
            ref=task.ref,
            region_code=task.region_code,
            owner_id=task.owner_id,
            source_kind=task.source_kind,
            source_id=task.source_id,
        )
    )
    start_working(task, start=now)
    expect_next(task, actor=actor, start=now)
    return task


def _source(source: Subject | None) -> dict[str, Any]:
    if source is None:
        return {}
    return {
        "source_kind": source.kind,
        "source_id": source.id,
        "source_ref": source.ref,
        "source_url": source.url,
    }


@transaction.atomic
def take(ref: str, *, note: str = "", actor: Actor) -> PlanTask:
    """Take a task (签收)."""
    task, move = begin(ref, "take", actor=actor)
    return finish(task, move, actor=actor, changed={"taken_at": timezone.now()}, note=note)


@transaction.atomic
def return_(ref: str, *, reason: str, actor: Actor) -> PlanTask:
    """Return a task that belongs to somebody else (退回), with the reason."""
    task, move = begin(ref, "return", actor=actor)
    return finish(task, move, actor=actor, note=reason)


@transaction.atomic
def reassign(ref: str, *, owner: Body, due_on: date | None = None, note: str = "", actor: Actor) -> PlanTask:
    """Give a returned task to another body (改派). Raises DueInPast."""
    task, move = begin(ref, "reassign", actor=actor)
    check_ahead(due_on)
    task.place(owner.region_code, sector=owner.sector)
    place = ("region_code", "province_code", "city_code", "county_code", "town_code", "sector", "scope_unit")
    changed = {"owner": owner, "due_on": due_on or task.due_on, **{name: getattr(task, name) for name in place}}
    return finish(task, move, actor=actor, changed=changed, note=note or owner.name, after={"owner": str(owner.id)})


@transaction.atomic
def progress(ref: str, *, note: str, reached: float | None = None, files: Sequence[Any] = (), actor: Actor) -> PlanTask:
    """Report progress (报进展): what was done, and how much of the share is reached."""
    task, move = begin(ref, "progress", actor=actor)
    digests = keep(task, files, actor=actor)
    changed = {} if reached is None else {"reached": reached}
    return finish(task, move, actor=actor, changed=changed, note=note, after={"sha256": digests, "reached": reached})


@transaction.atomic
def report(ref: str, *, note: str, reached: float | None = None, files: Sequence[Any] = (), actor: Actor) -> PlanTask:
    """Report a task as done (报完成), with evidence. Raises EvidenceMissing."""
    task, move = begin(ref, "report", actor=actor)
    digests = keep(task, files, actor=actor)
    if not digests and not files_of(TASK_KIND, task.id, actor).exists():
        raise rules.EvidenceMissing(field="files")
    changed: dict[str, Any] = {"reported_at": timezone.now(), "reported_by": actor.id}
    if reached is not None:
        changed["reached"] = reached
    return finish(task, move, actor=actor, changed=changed, note=note, after={"sha256": digests, "reached": reached})


@transaction.atomic
def accept(ref: str, *, note: str = "", actor: Actor) -> PlanTask:
    """Accept the evidence (验收通过); a recurring task then comes again. Raises OwnerMayNotAccept."""
    task, move = begin(ref, "accept", actor=actor)
    rules.check_acceptor(actor, owner=task.owner, reported_by=task.reported_by)
    now = timezone.now()
    in_time = task.due_on is None or (task.reported_at or now) < end_of_day(task.due_on)
    task = finish(task, move, actor=actor, changed={"done_at": now, "done_by": actor.id}, note=note)
    emit(
        TaskDone(
            task_id=task.id,
            ref=task.ref,
            region_code=task.region_code,
            owner_id=task.owner_id,
            in_time=in_time,
            source_kind=task.source_kind,
            source_id=task.source_id,
        )
    )
    come_again(task)
    return task


@transaction.atomic
def send_back(ref: str, *, reason: str, actor: Actor) -> PlanTask:
    """Send the evidence back (退回补充). Raises OwnerMayNotAccept."""
    task, move = begin(ref, "send_back", actor=actor)
    rules.check_acceptor(actor, owner=task.owner, reported_by=task.reported_by)
    task = finish(task, move, actor=actor, changed={"reported_at": None, "reported_by": None}, note=reason)
    start_working(task, start=timezone.now())
    return task


@transaction.atomic
def extend(ref: str, *, due_on: date, reason: str, actor: Actor) -> PlanTask:
    """Set a later day (延期), with the reason. Raises DueInPast."""
    task, move = begin(ref, "extend", actor=actor)
    check_ahead(due_on)
    if task.due_on is not None and due_on <= task.due_on:
        words = Text("新期限须晚于原期限 {old}。", "The new deadline must be later than {old}.")
        raise Invalid(words, field="due_on", old=task.due_on)
    before = str(task.due_on or "")
    changed = {"due_on": due_on, "extensions": task.extensions + 1}
    task = finish(
        task, move, actor=actor, changed=changed, note=reason, after={"due_on": str(due_on), "before": before}
    )
    start_working(task, start=timezone.now())
    return task


@transaction.atomic
def withdraw(ref: str, *, reason: str, actor: Actor) -> PlanTask:
    """Take a task back from its owner (撤销), with the reason."""
    task, move = begin(ref, "withdraw", actor=actor)
    return finish(task, move, actor=actor, note=reason)


@transaction.atomic
def lapse(task_id: UUID, *, at: datetime) -> PlanTask | None:
    """Mark a task whose deadline passed as overdue; called by the clock. None when nothing is owed any more."""
    actor = system_actor("worker")
    task = PlanTask.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=task_id).first()
    if task is None or not any(m.name == "lapse" for m in TASK.possible(task.state)):
        return None
    task = finish(task, TASK.move(task.state, "lapse"), actor=actor, note=rules.TASK_RULE)
    emit(
        TaskOverdue(
            task_id=task.id, ref=task.ref, region_code=task.region_code, owner_id=task.owner_id, due_on=task.due_on
        )
    )
    return task


def come_again(task: PlanTask) -> PlanTask | None:
    """The next round of a recurring task, once one is done; None for one that comes once, or whose plan has ended."""
    today = local_day(timezone.now())
    span = rules.next_span(max(task.due_on or today, today if task.due_on is None else task.due_on), task.frequency)
    if span is None or (task.plan is not None and task.plan.ends_on is not None and span.last > task.plan.ends_on):
        return None
    if task.plan is not None and task.plan.state != "issued":
        return None
    if PlanTask.objects.filter(follows=task).exists():
        return None
    new = NewTask(
        title=task.title,
        region=task.region_code,
        owner=task.owner,
        detail=task.detail,
        quote=task.quote,
        supports=task.supports,
        evidence_asked=task.evidence_asked,
        starts_on=span.first,
        due_on=span.last,
        frequency=task.frequency,
        share=task.share,
        unit=task.unit,
        soft=task.soft,
        plan=task.plan,
        line=task.line,
        parent=task.parent,
        follows=task,
        occurrence=task.occurrence + 1,
    )
    return create_task(new, actor=system_actor("worker"))


def begin(ref: str | UUID, name: str, *, actor: Actor) -> tuple[PlanTask, Move]:
    """The task, locked, and the move; after the actor's right and the state table have been asked.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    task = get_task(ref, actor=actor, lock=True)
    right = next(m.right for m in TASK.moves if m.name == name)
    actor.require(right, task)
    if right == OWN:
        check_owner(task, actor)
    return task, TASK.move(task.state, name)


def check_owner(task: PlanTask, actor: Actor) -> None:
    """Taking and reporting is for the people of the owning body; for whoever holds the right while it has no account.

    Raises OwnerMust.
    """
    if actor.is_system or task.owner is None or rules.is_of_body(actor, task.owner):
        return
    if people_of(task.owner, OWN):
        raise rules.OwnerMust(owner=task.owner.short)


def finish(
    task: PlanTask,
    move: Move,
    *,
    actor: Actor,
    changed: Mapping[str, Any] | None = None,
    note: str = "",
    after: Mapping[str, Any] | None = None,
) -> PlanTask:
    """Write the move: the row, its time line, the audit entry, the event, and the duties of the new state."""
    now = timezone.now()
    written = {"changed_at": now, **(changed or {})}
    source = write_move(task, move, "workplans:task", actor=actor, changed=written, after=after)
    add_step(task, move.name, actor=actor, at=now, source=source, note=note)
    emit(
        TaskMoved(
            task_id=task.id,
            ref=task.ref,
            region_code=task.region_code,
            move=move.name,
            source=source,
            target=str(move.target),
            at=now,
        )
    )
    _settle_clocks(task, source, at=now)
    close_duties(TASK_KIND, task.id, by=actor)
    expect_next(task, actor=actor, start=now)
    return task


def _settle_clocks(task: PlanTask, source: str, *, at: datetime) -> None:
    """End the clock of the state left, and the deadline's own once nothing is owed."""
    if source == task.state:
        return
    expected = EXPECTED.get(T(source))
    if expected is not None and expected.rule != rules.TASK_RULE:
        stop_clock(TASK_KIND, task.id, rule=expected.rule, at=at)
    if task.state == T.REPORTED:
        stop_clock(TASK_KIND, task.id, rule=rules.TASK_RULE, at=at)
    if task.state == T.WITHDRAWN:
        void_clock(TASK_KIND, task.id, rule=rules.TASK_RULE, at=at)


def start_working(task: PlanTask, *, start: datetime) -> None:
    """Start the clock of the deadline: the last day of the task; without one, the rule's own length."""
    due_at = end_of_day(task.due_on) if task.due_on else None
    start_clock(task_subject(task), rule=rules.TASK_RULE, start=start, due_at=due_at, move="report")


def expect_next(task: PlanTask, *, actor: Actor, start: datetime) -> None:
    """Put the act of the present state into the inbox of whoever owes it, with its clock."""
    expected = EXPECTED.get(T(task.state))
    if expected is None:
        return
    subject = task_subject(task)
    due_at = end_of_day(task.due_on) if task.due_on else None
    if expected.rule != rules.TASK_RULE:
        due_at = due(expected.rule, region=task.region_code, start=start).at
        start_clock(subject, rule=expected.rule, start=start, due_at=due_at, move=expected.move)
    for person in _addressees(task, expected):
        open_duty(
            subject,
            move=expected.move,
            title=expected.title.filled({"title": task.title}),
            right=expected.right,
            asked_by=actor,
            due_at=due_at,
            rule=expected.rule,
            assignee=person,
            url=task.url,
        )


def _addressees(task: PlanTask, expected: Expected) -> Sequence[int | None]:
    """The people of the owning body where it has any with an account; else whoever holds the right over the task."""
    if expected.right != "workplans.report" or task.owner is None:
        return (None,)
    return people_of(task.owner, expected.right) or (None,)


def keep(task: PlanTask, files: Sequence[Any], *, actor: Actor) -> list[str]:
    """Store evidence with a task, inside the act's transaction; their digests, for the audit entry."""
    subject = task_subject(task)
    return [
        store(file, actor=actor, subject=subject, view_right=PlanTask.VIEW_RIGHT, label="evidence").sha256
        for file in files
    ]


def add_step(task: PlanTask, move: str, *, actor: Actor, at: datetime, source: str = "", note: str = "") -> None:
    """A line on the time line."""
    TaskStep.objects.create(
        task=task,
        at=at,
        by_kind="machine" if actor.is_system else "person",
        by_id=actor.id,
        by_name=actor.name[:64],
        move=move,
        source=source,
        target=task.state,
        note=note[:2000],
    )


def check_ahead(due_on: date | None) -> None:
    """A deadline lies ahead. Raises DueInPast."""
    if due_on is not None and due_on < local_day(timezone.now()):
        raise rules.DueInPast(field="due_on", due_on=due_on)
