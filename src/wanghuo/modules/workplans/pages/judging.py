"""The page a plan is judged on: the paper on one side, every line that was understood on the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import AppError, Conflict, Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs, wants_json
from wanghuo.kernel.files import files_of
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.language import current, say
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.workplans import selectors, services
from wanghuo.modules.workplans.cards import Buttons, Card, cards
from wanghuo.modules.workplans.drawing import draw
from wanghuo.modules.workplans.forms import LINE_FORMS, FlagForm, LineForm
from wanghuo.modules.workplans.highlights import marked, marks_of
from wanghuo.modules.workplans.models import PlanLine, WorkPlan
from wanghuo.modules.workplans.services.judging import Counts, counts_of
from wanghuo.modules.workplans.states import PLAN, PlanState, Verdict
from wanghuo.modules.workplans.words import VERDICTS, Line

NEVER_MAIN = frozenset({"close", "discard"})  # ending a plan is never the expected next step
VERDICT_MISSING = Text("请选择一种判定。", "Choose a verdict.")


@needs("workplans.view")
@require_GET
def judge(request: HttpRequest, ref: str) -> HttpResponse:
    """The paper and its lines."""
    plan = selectors.get_plan(ref, actor=request.actor)  # type: ignore[attr-defined]
    return page(request, plan)


def page(request: HttpRequest, plan: WorkPlan, *, error: AppError | None = None, at: int = 0) -> HttpResponse:
    """The whole page; `error` is told on top, `at` is the line it is about."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lines = list(plan.lines.order_by("position"))
    open_now = plan.state == PlanState.DRAFTING and actor.can("workplans.compile", plan)
    counts = counts_of(plan)
    context = {
        "title": Text(plan.title, plan.title),
        "plan": plan,
        "machine": PLAN,
        "text": marked(plan.text, marks_of(lines, plan.noise), {line.position: line.verdict for line in lines}),
        "cards": list(drawn(plan, cards(plan, lines), open_now).values()),
        "counts": counts,
        "tallies": tallies(lines, counts),
        "open": open_now,
        "acts": acts_on(plan, actor, counts, hidden=frozenset({"close"})),
        "files": files_of(selectors.PLAN_KIND, plan.id, actor),
        "error": error,
        "at": at,
        "verdicts": VERDICTS,
    }
    return render(request, "workplans/judge.html", context, status=error.status if error else 200)


def drawn(plan: WorkPlan, shown: Sequence[Card], open_now: bool) -> dict[int, str]:
    """Each card as HTML by its position, with its buttons; without any while nothing is judged."""
    buttons = Buttons(plan)
    return {card.line.position: draw(card, buttons.of(card) if open_now else "", open_now=open_now) for card in shown}


def acts_on(plan: WorkPlan, actor: Actor, counts: Counts, hidden: frozenset[str] = frozenset()) -> list[Act]:
    """The acts on a plan: issuing has a page of its own; judging is not finished before its last line."""
    found = acts_for(
        PLAN,
        plan.state,
        actor=actor,
        row=plan,
        url=lambda name: f"{plan.url}/issue" if name == "issue" else f"{plan.url}/acts/{name}",
        refusals=not_yet(counts) if plan.state == PlanState.DRAFTING else None,
        hidden=hidden,
    )
    return [replace(act, main=act.main and act.name not in NEVER_MAIN) for act in found]


def not_yet(counts: Counts) -> dict[str, Text]:
    """Why judging cannot be finished yet."""
    if not counts.left:
        return {}
    words = Text("还有 {n} 条未判定或存疑", "{n} lines are not judged or in doubt")
    return {"confirm": words.filled({"n": counts.left})}


def tallies(lines: Sequence[PlanLine], counts: Counts) -> list[tuple[str, Text, int]]:
    """The counts as the head of the right side tells them."""
    return [(str(v), word, counts.by_verdict.get(v, 0)) for v, word in VERDICTS.items()]


@needs("workplans.compile")
@require_http_methods(["GET", "POST"])
def line(request: HttpRequest, ref: str, position: int) -> HttpResponse:
    """GET: the form to change a line. POST: a verdict on it; a program gets the card as it stands now."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    row = selectors.get_line(plan, position)
    verdict = request.POST.get("verdict", "edited") if request.method == "POST" else ""
    if verdict in ("", "edited"):
        return _edit(request, plan, row)
    if verdict not in set(Verdict):
        raise Invalid(VERDICT_MISSING, field="verdict")
    return _judge(request, plan, row, Verdict(verdict), _reading(request, row))


def _reading(request: HttpRequest, row: PlanLine) -> dict[str, Any] | None:
    """The reading picked beside the buttons of an ambiguity."""
    picked = request.POST.get(f"reading-{row.position}", "")
    return {"reading": int(picked)} if row.kind == Line.FLAG and picked.isdecimal() and len(picked) < 4 else None


def _edit(request: HttpRequest, plan: WorkPlan, row: PlanLine) -> HttpResponse:
    kind = LINE_FORMS[row.kind]
    given: dict[str, Any] = {"line": row} if kind is FlagForm else {}
    form: LineForm = kind(request.POST if request.method == "POST" else None, initial=kind.first(row), **given)
    if request.method == "POST" and form.is_valid():
        try:
            return _judge(request, plan, row, Verdict.EDITED, form.person(), quietly=True)
        except AppError as error:
            if error.status not in (409, 422) or isinstance(error, Conflict):
                return _refused(request, plan, row, error)
            form.refuse(error)
    context = {
        "form": form,
        "title": Text(f"修改第 {row.position} 条", f"Change line {row.position}"),
        "submit": Text("保存", "Save"),
        "plan": plan,
        "line": row,
        "version": _version(request, row),
        "quote": plan.text[row.start : row.end],
    }
    return render(request, "workplans/edit.html", context, status=422 if form.is_bound else 200)


def _judge(
    request: HttpRequest,
    plan: WorkPlan,
    row: PlanLine,
    verdict: Verdict,
    person: dict[str, Any] | None,
    *,
    quietly: bool = False,
) -> HttpResponse:
    try:
        services.judge(
            plan.ref,
            row.position,
            verdict=verdict,
            version=_version(request, row),
            person=person,
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except AppError as error:
        if quietly or error.status not in (409, 422):
            raise
        return _refused(request, plan, row, error)
    return changed(request, plan, [row.position], then=row.position)


def _version(request: HttpRequest, row: PlanLine) -> int:
    """The version the person saw; the present one where none came along."""
    given = request.POST.get("version", request.GET.get("v", ""))
    return int(given) if given.isdecimal() and len(given) < 10 else row.version


def _refused(request: HttpRequest, plan: WorkPlan, row: PlanLine, error: AppError) -> HttpResponse:
    """What was refused, with the line as it stands now beside it."""
    if not wants_json(request):
        response = page(request, plan, error=error, at=row.position)
    else:
        body = {"code": error.code, "message": say(error.message), **_told(request, plan, [row.position])}
        response = JsonResponse(body, status=error.status, json_dumps_params={"ensure_ascii": False})
    response.app_error = error  # type: ignore[attr-defined]
    return response


@needs("workplans.compile")
@require_POST
def section(request: HttpRequest, ref: str, item: int) -> HttpResponse:
    """Accept every open line of an item and of what lies inside it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    before = set(plan.lines.filter(verdict=Verdict.OPEN).values_list("position", flat=True))
    services.judge_section(ref, item_no=item, actor=actor)
    left = set(plan.lines.filter(verdict=Verdict.OPEN).values_list("position", flat=True))
    positions = sorted(before - left)
    return changed(request, plan, positions, then=positions[-1] if positions else 0)


@needs("workplans.compile")
@require_POST
def undo(request: HttpRequest, ref: str) -> HttpResponse:
    """Take back one's own last judging."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    lines = services.undo(ref, actor=actor)
    return changed(request, plan, [line.position for line in lines], then=lines[0].position - 1, stay=True)


def changed(
    request: HttpRequest, plan: WorkPlan, positions: Iterable[int], *, then: int, stay: bool = False
) -> HttpResponse:
    """After judging: a program gets the cards that changed and the counts, a browser comes back to the next open line."""
    if wants_json(request):
        return JsonResponse(_told(request, plan, positions), json_dumps_params={"ensure_ascii": False})
    following = plan.lines.filter(position__gt=then, verdict__in=(Verdict.OPEN, Verdict.DOUBTED)).order_by("position")
    line = following.values_list("position", flat=True).first() if not stay else then + 1
    return go(request, f"{plan.url}/judge#line-{line or then}")


def _told(request: HttpRequest, plan: WorkPlan, positions: Iterable[int]) -> dict[str, Any]:
    """The cards at some positions as HTML, their verdicts, and the counts."""
    lines = list(plan.lines.order_by("position"))
    wanted = set(positions)
    verdicts = {line.position: line.verdict for line in lines if line.position in wanted}
    wanted |= _heads(lines, wanted)
    counts = counts_of(plan)
    context = {"plan": plan, "open": True, "lang": current()}
    shown = drawn(plan, cards(plan, lines, wanted), True)
    head = {**context, "counts": counts, "tallies": tallies(lines, counts)}
    return {
        "cards": shown,
        "verdicts": verdicts,
        "counts": render_to_string("workplans/_counts.html", head, request),
        "left": counts.left,
    }


def _heads(lines: Sequence[PlanLine], positions: set[int]) -> set[int]:
    """The items above the lines at some positions: what one press there would accept has changed."""
    paths = {line.path for line in lines if line.position in positions}
    return {
        line.position
        for line in lines
        if line.kind == Line.ITEM and any(path.startswith(f"{line.path}/") or path == line.path for path in paths)
    }
