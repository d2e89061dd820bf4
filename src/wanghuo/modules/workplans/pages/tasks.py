"""Tasks: the list, one task with its acts, breaking one down, and a task of no paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import AppError, Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.files import files_of
from wanghuo.kernel.loops.clocks import clocks_of
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.context import region_of
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.workplans import rules, selectors, services
from wanghuo.modules.workplans.acts import ACTS, LABELS, body_named
from wanghuo.modules.workplans.forms import NewTaskForm
from wanghuo.modules.workplans.models import PlanTask
from wanghuo.modules.workplans.services.parts import Share, sum_of
from wanghuo.modules.workplans.services.tasks import NewTask, check_ahead
from wanghuo.modules.workplans.standings import light_of, rungs_of
from wanghuo.modules.workplans.states import OWED, TASK
from wanghuo.modules.workplans.tables import TASK_MARKS, TASKS, due_at
from wanghuo.modules.workplans.words import frequency_name


@needs("workplans.view")
@require_GET
def tasks(request: HttpRequest) -> HttpResponseBase:
    """The tasks; `?mine=1`: those of the bodies one works in."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = selectors.tasks(actor).select_related("owner", "plan")
    mine = request.GET.get("mine") == "1"
    if mine:
        rows = rows.filter(owner__in=selectors.bodies_of_actor(actor))
    return TASKS.respond(request, rows, title=Text("我牵头的任务", "My tasks") if mine else None)


@needs("workplans.issue")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Give a task that no paper asks for."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    region = region_of(request)

    def save(data: dict[str, Any]) -> PlanTask:
        owner = body_named(data.pop("owner"), region, actor)
        check_ahead(data.get("due_on"))
        return services.create_task(NewTask(region=region, owner=owner, **data), actor=actor)

    return answer(
        request,
        NewTaskForm,
        save=save,
        then=lambda task: task.url,
        title=Text("新建任务", "New task"),
        submit=Text("下达", "Give it"),
        template="workplans/form.html",
        context={"bodies": bodies.bodies_of(region, actor)},
    )


@needs("workplans.view")
@require_GET
def task(request: HttpRequest, ref: str) -> HttpResponse:
    """One task: where it stands, whose it is, the words it came from, its parts and everything that happened."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_task(ref, actor=actor)
    parts = list(selectors.tasks(actor).filter(parent=row).select_related("owner").order_by("region_code", "id"))
    rungs = rungs_of([row.id, *(part.id for part in parts)])
    context = {
        "task": row,
        "title": Text(row.title, row.title),
        "machine": TASK,
        "mark": TASK_MARKS.get(row.state, ""),
        "acts": offered(row, actor, broken_down=bool(parts)),
        "entries": _entries(row),
        "files": files_of(selectors.TASK_KIND, row.id, actor),
        "parts": [(part, light_of(part, rungs.get(part.id, 0)), TASK_MARKS.get(part.state, "")) for part in parts],
        "sum": sum_of(row, parts),
        "level": light_of(row, rungs.get(row.id, 0)),
        "due_at": due_at(row),
        "often": frequency_name(row.frequency),
        "may_write": actor.can("accountability.letter", row),
        "clocks": clocks_of(selectors.TASK_KIND, row.id),
        "rounds": _rounds(row, actor),
        "plan_seen": row.plan is not None and selectors.plans(actor).filter(pk=row.plan_id).exists(),
        "parent_seen": row.parent_id and selectors.tasks(actor).filter(pk=row.parent_id).first(),
    }
    return render(request, "workplans/task.html", context)


def _rounds(row: PlanTask, actor: Actor) -> Sequence[PlanTask]:
    """The other rounds of a recurring task, the newest first."""
    if not row.frequency or row.line_id is None:
        return ()
    rows = selectors.tasks(actor).filter(line=row.line_id, owner=row.owner_id).exclude(pk=row.pk)
    return list(rows.order_by("-occurrence")[:8])


def offered(row: PlanTask, actor: Actor, *, broken_down: bool = False) -> list[Act]:
    """The acts for this person, from the state table, with the guard that speaks; breaking down stands beside it."""
    refusals: dict[str, Text] = {}
    try:
        rules.check_acceptor(actor, owner=row.owner, reported_by=row.reported_by)
    except rules.OwnerMayNotAccept as error:
        refusals = dict.fromkeys(("accept", "send_back"), error.message)
    found = acts_for(TASK, row.state, actor=actor, row=row, url=row.url, refusals=refusals, hidden=frozenset({"lapse"}))
    possible = [act for act in found if act.allowed]
    beside = []
    if actor.can("workplans.issue", row) and row.state in OWED and not broken_down:
        beside.append(Act("break_down", LABELS["break_down"], f"{row.url}/parts"))
    return [*possible, *beside, *(act for act in found if not act.allowed)]


def _entries(row: PlanTask) -> list[dict[str, Any]]:
    return [
        {
            "at": step.at,
            "who": step.by_name if step.by_kind == "person" else Text("望火", "Wanghuo"),
            "what": LABELS.get(step.move) or TASK.label(step.move),
            "by": step.by_kind,
            "note": "" if step.move == "lapse" else step.note,
        }
        for step in row.steps.order_by("-id")[:100]
    ]


@needs("workplans.view")
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The form of one act, and its doing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_task(ref, actor=actor)
    form = ACTS.get(name)
    if form is None:
        raise Http404
    if request.method == "GET":
        actor.require(next(m.right for m in TASK.moves if m.name == name), row)
        TASK.move(row.state, name)
    wants_unit = name in ("progress", "report")
    label = TASK.label(name)
    return answer(
        request,
        form.form,
        save=lambda data: form.save(row, data, actor),
        then=row.url,
        title=label,
        submit=label,
        after=form.after,
        template="workplans/form.html",
        context={"bodies": bodies.bodies_of(row.region_code[:6], actor)} if name == "reassign" else None,
        form_kwargs={"unit": row.unit} if wants_unit else None,
    )


@needs("workplans.issue")
@require_http_methods(["GET", "POST"])
def parts(request: HttpRequest, ref: str) -> HttpResponse:
    """Break a task down: which bodies take how much of it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_task(ref, actor=actor)
    actor.require("workplans.issue", row)
    below = _bodies_below(row, actor)
    error: AppError | None = None
    if request.method == "POST":
        try:
            shares = _shares(request, below)
            whole = _number(request.POST.get("whole", ""), "whole")
            services.break_down(ref, shares=shares, whole=whole, unit=request.POST.get("unit", ""), actor=actor)
            return go(request, row.url)
        except AppError as refused:
            if refused.status not in (409, 422):
                raise
            error = refused
    picked = (
        set(request.POST.getlist("body"))
        if request.method == "POST"
        else {str(b.id) for b in below if b.kind == "township"}
    )
    context = {
        "task": row,
        "title": Text("层层分解", "Break the task down"),
        "rows": [(body, str(body.id) in picked, request.POST.get(f"share-{body.id}", "")) for body in below],
        "error": error,
        "whole": request.POST.get("whole", "" if row.share is None else f"{row.share:g}"),
        "unit": request.POST.get("unit", row.unit),
        "due_on": row.due_on,
    }
    response = render(request, "workplans/parts.html", context, status=error.status if error else 200)
    if error is not None:
        response.app_error = error  # type: ignore[attr-defined]
    return response


def _bodies_below(row: PlanTask, actor: Actor) -> list[Body]:
    """The bodies a task can be given on to: those below its region first, then the others of the region."""
    found = [b for b in bodies.bodies_of(row.region_code, actor) if b.id != row.owner_id]
    return sorted(found, key=lambda b: (b.kind != "township", len(b.region_code), b.region_code, b.name))[:120]


def _shares(request: HttpRequest, below: Sequence[Body]) -> list[Share]:
    """The rows that were ticked. Raises Invalid for a number that is none."""
    known = {str(body.id): body for body in below}
    return [
        Share(known[key], _number(request.POST.get(f"share-{key}", ""), "shares"))
        for key in dict.fromkeys(request.POST.getlist("body"))
        if key in known
    ]


def _number(text: str, field: str) -> float | None:
    """A number of a form; None for none. Raises Invalid."""
    words = text.strip().replace(",", "")
    if not words:
        return None
    try:
        value = float(words)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1e12:
        raise Invalid(Text("“{text}”不是可用的数字。", "“{text}” is not a usable number."), field=field, text=text[:40])
    return value
