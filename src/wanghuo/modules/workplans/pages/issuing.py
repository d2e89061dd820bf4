"""The page a judged plan is issued from: owners, days and indicators settled row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from wanghuo.base import AppError, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.indicators import Indicator
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.workplans import selectors, services
from wanghuo.modules.workplans.cards import told
from wanghuo.modules.workplans.models import WorkPlan
from wanghuo.modules.workplans.resolved import Aim
from wanghuo.modules.workplans.services.issuing import Assignment, assignments
from wanghuo.modules.workplans.services.measuring import REPORTED, aims, candidates, likeliest
from wanghuo.modules.workplans.states import PLAN
from wanghuo.modules.workplans.words import frequency_name, how_measured

BAD_OWNER = Text("没有唯一的机构叫这个名字", "no single body is called that")
NO_OWNER = Text("请选承办单位", "choose a body")
BAD_DAY = Text("请写成 2026-03-05 这样的日期", "give a day like 2026-03-05")
PAST_DAY = Text("已过，请改", "has passed; change it")


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task on the page: what was typed, and what is wrong with it."""

    assignment: Assignment
    owner: str
    due: str
    keep: bool
    often: Text
    past: bool
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target on the page with what may measure it."""

    position: int
    words: str
    due: date | None
    offers: Sequence[tuple[Indicator, float]]
    chosen: str
    recurring: bool

    @property
    def options(self) -> list[tuple[Indicator, Text]]:
        """What may measure it, each with where its value comes from."""
        return [(of, how_measured(of.code, of.told)) for of, _ in self.offers]


@needs("workplans.issue")
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest, ref: str) -> HttpResponse:
    """Settle owners, days and indicators, then issue."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    actor.require("workplans.issue", plan)
    PLAN.move(plan.state, "issue")
    known = {name: body for body in bodies.bodies_of(plan.region_code, actor) for name in (body.short, body.name)}
    data = request.POST if request.method == "POST" else None
    rows = [task_row(row, data, known, plan) for row in assignments(plan)]
    targets = [target_row(position, aim, data) for position, aim in aims(plan)]
    error: AppError | None = None
    if data is not None and not any(row.errors for row in rows if row.keep):
        try:
            services.issue(
                ref,
                rows=[settled(row, known, plan) for row in rows if row.keep],
                bindings={row.position: row.chosen for row in targets},
                actor=actor,
            )
            return go(request, plan.url)
        except AppError as refused:
            if refused.status not in (409, 422):
                raise
            error = refused
    return _page(request, plan, rows, targets, error, known)


def _page(
    request: HttpRequest,
    plan: WorkPlan,
    rows: Sequence[TaskRow],
    targets: Sequence[TargetRow],
    error: AppError | None,
    known: Mapping[str, Body],
) -> HttpResponse:
    wrong = sum(bool(row.errors) for row in rows if row.keep) if request.method == "POST" else 0
    context = {
        "plan": plan,
        "title": Text("下发计划", "Issue the plan"),
        "rows": rows,
        "targets": targets,
        "error": error,
        "wrong": wrong,
        "bodies": sorted(
            {body.short: body for body in known.values()}.values(), key=lambda b: (len(b.region_code), b.name)
        ),
        "without": sum(not row.owner for row in rows),
        "past": sum(row.past for row in rows),
        "computed": sum(row.chosen == of.code and not of.told for row in targets for of, _ in row.offers),
        "preset": sum(row.chosen == of.code and of.told for row in targets for of, _ in row.offers),
        "reported": REPORTED,
        "today": local_day(timezone.now()),
    }
    status = error.status if error else 422 if wrong else 200
    response = render(request, "workplans/issue.html", context, status=status)
    if error is not None:
        response.app_error = error  # type: ignore[attr-defined]
    return response


def task_row(row: Assignment, data: QueryDict | None, known: Mapping[str, Body], plan: WorkPlan) -> TaskRow:
    """A row as proposed, or as typed."""
    owner = row.owner.short if row.owner else ""
    due = row.due.last.isoformat() if row.due.last and not row.due.frequency else ""
    keep = True
    if data is not None:
        owner, due = data.get(f"owner-{row.key}", owner).strip(), data.get(f"due-{row.key}", due).strip()
        keep = data.get(f"keep-{row.key}") == "1"
    errors: dict[str, str] = {}
    if data is not None and find_body(owner, known, plan) is None:
        errors["owner"] = say(BAD_OWNER if owner else NO_OWNER)
    day = day_typed(due)
    if due and day is None:
        errors["due"] = say(BAD_DAY)
    past = day is not None and day < local_day(timezone.now())
    if data is not None and past:
        errors["due"] = say(PAST_DAY)
    return TaskRow(row, owner, due, keep, frequency_name(row.due.frequency), past, errors)


def find_body(name: str, known: Mapping[str, Body], plan: WorkPlan) -> Body | None:
    """The body a name means: of the list, else as a paper would name it."""
    if not name:
        return None
    return known.get(name) or bodies.resolve(name, plan.region_code)


def day_typed(words: str) -> date | None:
    """A day as a form gives it; None for none."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def settled(row: TaskRow, known: Mapping[str, Body], plan: WorkPlan) -> Assignment:
    """The assignment as the clerk left it."""
    due = replace(
        row.assignment.due,
        last=day_typed(row.due) or (None if not row.assignment.due.frequency else row.assignment.due.last),
    )
    return replace(row.assignment, owner=find_body(row.owner, known, plan), due=due)


def target_row(position: int, aim: Aim, data: QueryDict | None) -> TargetRow:
    """A target with what may measure it; chosen: what is clearly meant, else a reported indicator made for it."""
    found = candidates(aim)
    chosen: Any = likeliest(aim)[0] or ("" if aim.due.frequency else REPORTED)
    if data is not None:
        chosen = data.get(f"measure-{position}", chosen)
        if chosen not in {"", REPORTED, *(of.code for of, _ in found)}:
            chosen = ""
    value: Any = aim.value if aim.value_high is None else [aim.value, aim.value_high]
    words = told({"metric": aim.metric, "op": aim.op, "value": value, "unit": aim.unit})
    return TargetRow(position, words, aim.due.last, found, chosen, bool(aim.due.frequency))
