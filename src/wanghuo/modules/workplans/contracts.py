"""What others may hold of a task and a target, and the facts they may hear of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from wanghuo.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class Task:
    """A task as other modules see it. `owner_id`, `owner`: the body that must do it, and its shown name."""

    id: UUID
    ref: str
    title: str
    state: str
    url: str
    region_code: str
    sector: str
    owner_id: UUID | None
    owner: str
    due_on: date | None
    done_at: datetime | None
    plan_ref: str = ""
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A target of an issued plan. `indicator`: the code of what measures it; "" while nothing does. `value_high`: the
    upper bound of `between`."""

    id: UUID
    plan_ref: str
    metric: str
    indicator: str
    region_code: str
    op: str
    value: float
    value_high: float | None
    unit: str
    deadline: date | None
    frequency: str
    basis: str
    soft: bool
    quote: str


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line of a compilation that waits to be judged. `readings`: the ways an ambiguity can be read."""

    position: int
    kind: str
    path: str
    version: int
    readings: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class PlanIssued(Event):
    """A plan was issued: its tasks went to their owners."""

    kind: ClassVar[str] = "workplans.plan_issued"
    plan_id: UUID
    ref: str
    region_code: str
    tasks: int
    targets: int


@dataclass(frozen=True)
class TaskIssued(Event):
    """A task was given to a body."""

    kind: ClassVar[str] = "workplans.task_issued"
    task_id: UUID
    ref: str
    region_code: str
    owner_id: UUID | None
    source_kind: str
    source_id: UUID | None


@dataclass(frozen=True)
class TaskMoved(Event):
    """A task went from one state to another."""

    kind: ClassVar[str] = "workplans.task_moved"
    task_id: UUID
    ref: str
    region_code: str
    move: str
    source: str
    target: str
    at: datetime


@dataclass(frozen=True)
class TaskDone(Event):
    """The evidence of a task was accepted by somebody outside the body that reported it."""

    kind: ClassVar[str] = "workplans.task_done"
    task_id: UUID
    ref: str
    region_code: str
    owner_id: UUID | None
    in_time: bool
    source_kind: str
    source_id: UUID | None


@dataclass(frozen=True)
class TaskOverdue(Event):
    """The deadline of a task passed while its owner still owed the work."""

    kind: ClassVar[str] = "workplans.task_overdue"
    task_id: UUID
    ref: str
    region_code: str
    owner_id: UUID | None
    due_on: date | None
