"""How the targets and tasks of a plan stand: what the board shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import progress
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.progressing import Progress
from wanghuo.kernel.loops.models import Clock
from wanghuo.modules.workplans.models import PlanTarget, PlanTask, WorkPlan
from wanghuo.modules.workplans.selectors import TASK_KIND
from wanghuo.modules.workplans.services.measuring import last_day
from wanghuo.modules.workplans.states import OWED, TaskState
from wanghuo.modules.workplans.words import how_measured

FRESH = timedelta(minutes=1)
"""A value kept this lately will do for a board."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A target with its progress; `progress` is None while nothing measures it."""

    target: PlanTarget
    progress: Progress | None

    @property
    def how(self) -> Text | None:
        """Where its value comes from."""
        return how_measured(self.progress.indicator.code, self.progress.indicator.told) if self.progress else None

    @property
    def level(self) -> int:
        """The light, 0 to 4; 0 also while it is not known."""
        return (self.progress.level or 0) if self.progress is not None else 0

    @property
    def share(self) -> float | None:
        """Actual as a share of the target at its end, in per cent, for the bar; None when either is unknown."""
        found = self.progress
        if found is None or found.actual is None or not found.at_end:
            return None
        return min(100.0, found.actual / found.at_end * 100)

    @property
    def expected_share(self) -> float | None:
        """What is expected by now as a share of the target at its end."""
        found = self.progress
        if found is None or found.expected_now is None or not found.at_end:
            return None
        return min(100.0, found.expected_now / found.at_end * 100)


def standings(plan: WorkPlan, *, actor: Actor, now: datetime | None = None) -> list[Standing]:
    """Every target of a plan with its progress as far as the actor may see indicators: the worst first, then in the order
    of the paper, those that nothing measures last."""
    now = now or timezone.now()
    targets = list(plan.targets.select_related("line").order_by("line__position"))
    rows = IndicatorTarget.objects.visible_to(actor).filter(plan_ref=plan.ref)
    kept = {(row.code, row.region_code, row.deadline): row for row in rows}
    found = []
    for target in targets:
        row = kept.get((target.indicator, target.region_code, target.deadline or last_day(plan)))
        found.append(Standing(target, _progress(row, actor, now) if row is not None else None))
    return sorted(found, key=lambda each: (each.progress is None, -each.level))


def _progress(row: IndicatorTarget, actor: Actor, now: datetime) -> Progress | None:
    try:
        return progress(row, now, actor=actor, since=now - FRESH)
    except NotFound:
        return None  # its indicator was withdrawn meanwhile


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task of the board with its light, and the light of its parts in each region."""

    task: PlanTask
    level: int
    parts: Sequence[PlanTask]
    cells: Sequence[tuple[PlanTask | None, int | None]]


def task_rows(plan: WorkPlan, *, actor: Actor, mine: frozenset[UUID] | None = None) -> tuple[list[TaskRow], list[str]]:
    """The tasks of a plan as far as the actor sees them, each with its parts; and the regions that have parts.

    `mine`: only tasks whose owner is among these bodies (牵头是我).
    """
    rows = PlanTask.objects.visible_to(actor).filter(plan=plan).select_related("owner", "line")
    everything = list(rows.exclude(state=TaskState.WITHDRAWN).order_by("line__position", "id"))
    below: dict[UUID | None, list[PlanTask]] = defaultdict(list)
    here = {task.id for task in everything}
    for task in everything:
        if task.parent_id in here:
            below[task.parent_id].append(task)
    rungs = rungs_of([task.id for task in everything])
    regions = sorted({part.region_code for parts in below.values() for part in parts})
    found = []
    for task in everything:
        if task.parent_id in here or (mine is not None and task.owner_id not in mine):
            continue
        by_region = {part.region_code: part for part in below[task.id]}
        cells = [
            (
                by_region.get(code),
                light_of(by_region[code], rungs.get(by_region[code].id, 0)) if code in by_region else None,
            )
            for code in regions
        ]
        found.append(TaskRow(task, light_of(task, rungs.get(task.id, 0)), below[task.id], cells))
    return found, regions


def rungs_of(ids: Sequence[UUID]) -> dict[UUID, int]:
    """How far up the ladder the clocks of some tasks have gone."""
    rows = Clock.objects.filter(subject_kind=TASK_KIND, subject_id__in=ids, ended_at=None, rung__gt=0)
    found: dict[UUID, int] = {}
    for subject, rung in rows.values_list("subject_id", "rung"):
        found[subject] = max(found.get(subject, 0), rung)
    return found


def light_of(task: PlanTask, rung: int = 0) -> int:
    """The light of a task, 0 to 4: the rung its clock has reached; yellow at least once overdue (regulations.md 14.3)."""
    if task.state not in OWED:
        return 0
    return max(rung, 2) if task.state == TaskState.OVERDUE else rung


@dataclass(frozen=True, slots=True)
class Gate:
    """A phase of a plan: its days, and how many of the tasks due in it are done."""

    name: str
    first: date
    last: date
    total: int
    done: int
    kind: str

    @property
    def state(self) -> Text:
        """Past, now or ahead."""
        return GATES[self.kind]


GATES = {
    "past": Text("已结束", "ended"),
    "now": Text("进行中", "running"),
    "late": Text("已结束，未清零", "ended with tasks open"),
    "ahead": Text("未开始", "ahead"),
}


def gates(plan: WorkPlan, rows: Sequence[TaskRow], today: date | None = None) -> list[Gate]:
    """The phases the paper names, as gates."""
    today = today or local_day(timezone.now())
    found: dict[tuple[date, date], str] = {}
    for item in plan.paper.get("items", ()):
        for deadline in item["deadlines"]:
            if deadline["kind"] == "phase" and deadline["from"] and deadline["to"]:
                span = (date.fromisoformat(deadline["from"]), date.fromisoformat(deadline["to"]))
                if span[0] < span[1]:
                    found.setdefault(span, phase_name(plan.text[item["start"] : item["end"]]))
    if len(found) < 2:
        return []
    return [_gate(name, first, last, rows, today) for (first, last), name in sorted(found.items())]


_MARK = re.compile(r"^\s*[（(]?(?:[一二三四五六七八九十]+|\d+)[）)、.．﹒]\s*")


def phase_name(words: str) -> str:
    """What a phase is called: the words of its item after the mark, up to the first bracket or stop."""
    return re.split(r"[（(，,。：:；;]", _MARK.sub("", words.strip()), maxsplit=1)[0].strip()[:20]


def _gate(name: str, first: date, last: date, rows: Sequence[TaskRow], today: date) -> Gate:
    within = [row.task for row in rows if row.task.due_on is not None and first <= row.task.due_on <= last]
    done = sum(task.state == TaskState.DONE for task in within)
    kind = "ahead" if today < first else "now" if today <= last else "late" if done < len(within) else "past"
    return Gate(name, first, last, len(within), done, kind)
