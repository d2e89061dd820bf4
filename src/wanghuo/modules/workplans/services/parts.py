"""Breaking a task down (层层分解): the parts go to bodies below, their shares make up the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.audit import record
from wanghuo.modules.workplans import rules
from wanghuo.modules.workplans.models import PlanTask
from wanghuo.modules.workplans.selectors import get_task
from wanghuo.modules.workplans.services.tasks import NewTask, create_task
from wanghuo.modules.workplans.states import OWED, TaskState


class BrokenDownAlready(Conflict):
    """A task is broken down once; its parts can be changed one by one."""

    code = "workplans.broken_down_already"
    text = Text("{ref} 已经分解，请在各子任务上调整。", "{ref} is broken down already; change its parts one by one.")


class NotOwed(Conflict):
    """Only what is still to be done is broken down."""

    code = "workplans.not_owed"
    text = Text("{ref} 现为“{state}”，不能再分解。", "{ref} is “{state}”, so it cannot be broken down.")


@dataclass(frozen=True, slots=True)
class Share:
    """One part: whose, how much of the whole, and its own day where it is earlier."""

    owner: Body
    amount: float | None = None
    due_on: date | None = None


def may_break_down(task: PlanTask, actor: Actor) -> bool:
    """Whether the actor gives parts of this task: whoever issues tasks there, or a clerk of the body that owns it."""
    return actor.can("workplans.issue", task)


@transaction.atomic
def break_down(
    ref: str, *, shares: Sequence[Share], whole: float | None = None, unit: str = "", actor: Actor
) -> list[PlanTask]:
    """Give the parts of a task to several bodies; the task itself stays with its owner.

    `whole`: how much the task asks for, where it has no number yet. Parts are due no later than the task, and make up
    the whole at least. Raises NotFound, NotPermitted, NotOwed, BrokenDownAlready, SharesDoNotAddUp, Invalid.
    """
    task = get_task(ref, actor=actor, lock=True)
    actor.require("workplans.issue", task)
    if task.state not in OWED:
        raise NotOwed(ref=task.ref, state=task.state_name)
    if task.parts.exclude(state=TaskState.WITHDRAWN).exists():
        raise BrokenDownAlready(ref=task.ref)
    if not shares:
        raise Invalid(Text("请至少选择一个单位。", "Choose at least one body."), field="shares")
    whole = whole if whole is not None else task.share
    unit = unit.strip() or task.unit
    if whole is not None:
        rules.check_shares(whole, [share.amount or 0.0 for share in shares], unit)
    for share in shares:
        if share.due_on and task.due_on and share.due_on > task.due_on:
            words = Text("子任务期限不能晚于 {due_on}。", "No part may be due after {due_on}.")
            raise Invalid(words, field="shares", due_on=task.due_on)
    task.share, task.unit = whole, unit[:20]
    task.save(update_fields=["share", "unit"])
    made = [create_task(_part(task, share), actor=actor) for share in shares]
    after = {"parts": [part.ref for part in made], "whole": whole, "unit": unit}
    record(actor, "workplans:task:break_down", task.ref, region=task.region_code, after=after)
    return made


def _part(task: PlanTask, share: Share) -> NewTask:
    return NewTask(
        title=task.title,
        region=share.owner.region_code,
        owner=share.owner,
        detail=task.detail,
        quote=task.quote,
        evidence_asked=task.evidence_asked,
        starts_on=task.starts_on,
        due_on=share.due_on or task.due_on,
        frequency=task.frequency,
        share=share.amount,
        unit=task.unit,
        soft=task.soft,
        plan=task.plan,
        line=task.line,
        parent=task,
    )


@dataclass(frozen=True, slots=True)
class Sum:
    """How the parts stand against the whole."""

    parts: int
    done: int
    planned: float | None
    reached: float | None
    whole: float | None


def sum_of(task: PlanTask, parts: Sequence[PlanTask]) -> Sum | None:
    """The parts added up; None for a task that is not broken down."""
    live = [part for part in parts if part.state != TaskState.WITHDRAWN]
    if not live:
        return None
    planned = [part.share for part in live if part.share is not None]
    reached = [part.reached for part in live if part.reached is not None]
    done = sum(part.state == TaskState.DONE for part in live)
    return Sum(len(live), done, sum(planned) if planned else None, sum(reached) if reached else None, task.share)
