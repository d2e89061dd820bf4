"""Finishing the judging and issuing: every kept item that asks for something becomes a task of a body, every kept target
is bound to what measures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.audit import record
from wanghuo.kernel.outbox import emit
from wanghuo.modules.workplans import rules
from wanghuo.modules.workplans.contracts import PlanIssued
from wanghuo.modules.workplans.models import PlanLine, WorkPlan
from wanghuo.modules.workplans.resolved import Due, due_of, owners_of
from wanghuo.modules.workplans.selectors import get_plan
from wanghuo.modules.workplans.services.judging import counts_of
from wanghuo.modules.workplans.services.measuring import add_targets
from wanghuo.modules.workplans.services.tasks import NewTask, create_task
from wanghuo.modules.workplans.states import KEPT, PLAN, PlanState, Verdict
from wanghuo.modules.workplans.words import Line

TITLE = 80


@dataclass(frozen=True, slots=True)
class Assignment:
    """One task to be given: of which line, to whom (`named`: as the paper words it), until when, how often."""

    line: PlanLine
    title: str
    named: str
    owner: Body | None
    supports: tuple[str, ...]
    due: Due
    share: float | None = None
    unit: str = ""

    @property
    def key(self) -> str:
        """What the form calls this row."""
        return f"{self.line.position}:{self.named}"


def assignments(plan: WorkPlan) -> list[Assignment]:
    """The tasks a judged plan would give, in the order of the paper: one for each leading body of each kept item."""
    lines = list(plan.lines.order_by("position"))
    flags = [line for line in lines if line.kind == Line.FLAG and line.verdict in KEPT]
    kept = [line for line in lines if line.kind == Line.ITEM and line.verdict in KEPT]
    known: dict[str, Body] = {}
    return [row for line in kept if line.version_now.get("as_task") for row in _rows(plan, line, flags, known)]


def _rows(plan: WorkPlan, line: PlanLine, flags: Sequence[PlanLine], known: dict[str, Body]) -> Iterator[Assignment]:
    leads, supports = owners_of(line, plan.region_code, known)
    due = due_of(line, flags, plan)
    for named, body in leads or [("", None)]:
        yield Assignment(line, title_of(line, plan.text), named, body, supports, due)


def title_of(line: PlanLine, text: str) -> str:
    """A short name for the task of an item: its heading, else its first action, else its first words."""
    data = line.version_now
    action = data["actions"][0] if data.get("actions") else None
    first = text[action["start"] : action["end"]] if action else ""
    words = str(data.get("heading") or first or data.get("text", "")).strip().rstrip("。；;.")
    return words if len(words) <= TITLE else f"{words[: TITLE - 1]}…"


@transaction.atomic
def confirm(ref: str, *, actor: Actor) -> WorkPlan:
    """Finish the judging (核定完毕). Raises NotYetJudged while a line is open or in doubt."""
    plan, move = _begin(ref, "confirm", actor=actor)
    counts = counts_of(plan)
    if counts.left:
        doubted = counts.by_verdict.get(Verdict.DOUBTED, 0)
        raise rules.NotYetJudged(open=counts.left - doubted, doubted=doubted)
    return _finish(plan, move, actor=actor, after={"lines": counts.total})


@transaction.atomic
def reopen(ref: str, *, actor: Actor) -> WorkPlan:
    """Go on judging (继续核定), as long as nothing was issued."""
    plan, move = _begin(ref, "reopen", actor=actor)
    return _finish(plan, move, actor=actor)


@transaction.atomic
def issue(
    ref: str, *, rows: Sequence[Assignment] | None = None, bindings: Mapping[int, str] | None = None, actor: Actor
) -> WorkPlan:
    """Issue a judged plan (下发): its tasks go to their owners, its targets are bound.

    `rows`: the assignments as the clerk settled them; left out: as proposed. `bindings`: for the position of a target
    line the indicator chosen ("" for none); left out: the likeliest one, where one is clear.
    Raises NotFound, NotPermitted, MoveRefused, OwnerMissing, DueInPast, and then writes nothing.
    """
    plan, move = _begin(ref, "issue", actor=actor)
    rows = assignments(plan) if rows is None else rows
    check_rows(rows)
    plan.issued_at, plan.issued_by = timezone.now(), actor.id
    plan = _finish(plan, move, actor=actor, fields=("issued_at", "issued_by"), after={"tasks": len(rows)})
    for row in rows:
        create_task(as_task(plan, row), actor=actor)
    targets = add_targets(plan, bindings, actor=actor)
    emit(PlanIssued(plan_id=plan.id, ref=plan.ref, region_code=plan.region_code, tasks=len(rows), targets=len(targets)))
    return plan


def check_rows(rows: Sequence[Assignment]) -> None:
    """Every task has an owner and a day ahead. Raises OwnerMissing, DueInPast."""
    missing = sum(row.owner is None for row in rows)
    if missing:
        raise rules.OwnerMissing(n=missing, field="owners")
    today = local_day(timezone.now())
    for row in rows:
        if row.due.last is not None and row.due.last < today:
            words = Text(
                "“{title}”的期限 {due_on} 已过，请改为以后的日期。",
                "The deadline {due_on} of “{title}” has passed; choose a later one.",
            )
            raise Invalid(words, field="due", title=row.title, due_on=row.due.last)


def as_task(plan: WorkPlan, row: Assignment) -> NewTask:
    """The task of an assignment. A recurring one begins with the round that runs now."""
    due = first_round(row.due, local_day(timezone.now()))
    data = row.line.version_now
    return NewTask(
        title=row.title,
        region=plan.region_code,
        owner=row.owner,
        detail=str(data.get("text", "")),
        quote=plan.text[row.line.start : row.line.end].strip(),
        supports=row.supports,
        starts_on=due.first,
        due_on=due.last,
        frequency=due.frequency,
        share=row.share,
        unit=row.unit,
        plan=plan,
        line=row.line,
    )


def first_round(due: Due, today: date) -> Due:
    """The first round of a recurring task: the calendar round in which it is given; others stay as they are."""
    span = rules.span_at(max(today, due.first) if due.first else today, due.frequency)
    return replace(due, first=span.first, last=span.last) if span else due


@transaction.atomic
def close_plan(ref: str, *, actor: Actor) -> WorkPlan:
    """End a plan (结束计划): recurring tasks do not come again; what is owed stays owed."""
    plan, move = _begin(ref, "close", actor=actor)
    plan.closed_at = timezone.now()
    return _finish(plan, move, actor=actor, fields=("closed_at",))


def _begin(ref: str, name: str, *, actor: Actor) -> tuple[WorkPlan, Any]:
    plan = get_plan(ref, actor=actor, lock=True)
    actor.require(next(m.right for m in PLAN.moves if m.name == name), plan)
    return plan, PLAN.move(plan.state, name)


def _finish(
    plan: WorkPlan, move: Any, *, actor: Actor, fields: Sequence[str] = (), after: Mapping[str, Any] | None = None
) -> WorkPlan:
    before, plan.state = plan.state, PlanState(move.target)
    plan.save(update_fields=["state", *fields])
    record(
        actor,
        f"workplans:plan:{move.name}",
        plan.ref,
        region=plan.region_code,
        before={"state": before},
        after={"state": str(plan.state), **(after or {})},
    )
    return plan
