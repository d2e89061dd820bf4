"""Plans: the list, a paper coming in, the board of one, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Invalid, Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.files import files_of
from wanghuo.kernel.indicators import indicator, indicators
from wanghuo.kernel.jobs import enqueue
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.context import region_of
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.workplans import selectors, services
from wanghuo.modules.workplans.cards import told
from wanghuo.modules.workplans.forms import BindForm, EmptyForm, FactsForm, NewPlanForm, NoteForm, ReasonForm
from wanghuo.modules.workplans.models import PlanTarget, WorkPlan
from wanghuo.modules.workplans.pages.judging import acts_on
from wanghuo.modules.workplans.resolved import Aim, Due
from wanghuo.modules.workplans.services.compiling import QUICK_BYTES, QUICK_TEXT, keep_for_later
from wanghuo.modules.workplans.services.judging import counts_of
from wanghuo.modules.workplans.services.measuring import REPORTED, candidates
from wanghuo.modules.workplans.standings import gates, standings, task_rows
from wanghuo.modules.workplans.states import OWED, PLAN, TASK, PlanState, TaskState
from wanghuo.modules.workplans.tables import PLANS, TASK_MARKS, due_at

DEFINE = Text(
    "新建填报指标（由人按期填报、附佐证、外部审核）", "a reported indicator made for it (people report, others review)"
)
NOTHING = Text("暂不计量", "nothing for now")


@needs("workplans.view")
@require_GET
def plans(request: HttpRequest) -> HttpResponseBase:
    """The plans."""
    live = ~Q(tasks__state=TaskState.WITHDRAWN) & Q(tasks__isnull=False)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = (
        selectors.plans(actor)
        .defer("text", "paper", "noise")
        .annotate(
            tasks_all=Count("tasks", filter=live), tasks_done=Count("tasks", filter=Q(tasks__state=TaskState.DONE))
        )
    )
    return PLANS.respond(request, rows)


@needs("workplans.compile")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A paper comes in, as a file or as pasted words; a large one is compiled as a job with its progress."""
    actor: Actor = request.actor  # type: ignore[attr-defined]

    def save(data: dict[str, Any]) -> str:
        upload = data["file"]
        region = region_typed(data["region"], actor)
        links = {name: plan_chosen(data[name], actor) for name in ("upper", "earlier")}
        if upload is not None and is_large(upload):
            return _as_job(upload, region or region_of(request), links, actor)
        text = services.read_upload(upload) if upload is not None else data["text"].replace("\r\n", "\n")
        name = str(upload.name) if upload is not None else ""
        plan = services.compile_plan(
            text=text,
            region=region,
            upload=upload,
            file_name=name,
            upper=links["upper"],
            earlier=links["earlier"],
            actor=actor,
        )
        return f"{plan.url}/judge"

    return answer(
        request,
        NewPlanForm,
        save=save,
        then=str,
        title=Text("上传文件", "Add a paper"),
        submit=Text("读出任务和指标", "Read tasks and targets"),
        after=Text("随后逐条核定，核定完才下发", "each line is then judged before anything is issued"),
        template="workplans/form.html",
        form_kwargs={"plans": plan_choices(actor)},
    )


def is_large(upload: Any) -> bool:
    """Whether reading it may take longer than a page should."""
    limit = QUICK_TEXT if str(upload.name).lower().endswith(".pdf") else QUICK_BYTES
    return int(upload.size or 0) > limit


def _as_job(upload: Any, region: str, links: dict[str, WorkPlan | None], actor: Actor) -> str:
    plan_id = new_id()
    stored = keep_for_later(plan_id, services.as_kept(upload), region, actor=actor)
    job = enqueue(
        "workplans.compile",
        actor=actor,
        title=Text(f"编译 {upload.name}", f"Compile {upload.name}"),
        plan_id=str(plan_id),
        file_id=str(stored.id),
        region=region,
        links={name: plan.ref for name, plan in links.items() if plan is not None},
    )
    return job.url


def region_typed(words: str, actor: Actor) -> str:
    """The region that was typed, where the actor may compile there; "" for none. Raises Invalid."""
    if not words.strip():
        return ""
    code = regions.resolve(words.strip())
    if code is None or not any(codes.contains(g.region, code) for g in actor.with_right("workplans.compile")):
        refusal = Text(
            "没有区划“{region}”，或不在你的范围。", "There is no region “{region}”, or it is outside your scope."
        )
        raise Invalid(refusal, field="region", region=words.strip())
    return code


def plan_choices(actor: Actor, apart: WorkPlan | None = None) -> list[tuple[str, str]]:
    """The plans one may point at, the newest first."""
    rows = selectors.plans(actor).exclude(state=PlanState.DISCARDED).order_by("-id")
    found = rows.exclude(pk=apart.pk) if apart is not None else rows
    return [(ref, f"{ref} {title}") for ref, title in found.values_list("ref", "title")[:100]]


def plan_chosen(ref: str, actor: Actor) -> WorkPlan | None:
    """The plan that was chosen; None for none. Raises NotFound."""
    return selectors.get_plan(ref, actor=actor) if ref else None


@needs("workplans.view")
@require_GET
def board(request: HttpRequest, ref: str) -> HttpResponse:
    """The board of a plan: phases, targets with their progress, tasks with their lights."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    mine = request.GET.get("mine") == "1"
    bodies = frozenset(body.id for body in selectors.bodies_of_actor(actor)) if mine else None
    rows, places = task_rows(plan, actor=actor, mine=bodies)
    everything = rows if not mine else task_rows(plan, actor=actor)[0]
    live = [row.task for row in everything]
    found = standings(plan, actor=actor)
    counts = counts_of(plan)
    context = {
        "plan": plan,
        "title": Text(plan.title, plan.title),
        "machine": PLAN,
        "acts": [
            act
            for act in acts_on(plan, actor, counts)
            if act.allowed or (act.name == "confirm" and plan.state == PlanState.DRAFTING)
        ],
        "counts": counts,
        "task_machine": TASK,
        "rows": [(row, TASK_MARKS.get(row.task.state, ""), due_at(row.task)) for row in rows],
        "places": places,
        "mine": mine,
        "standings": found,
        "unmeasured": [row for row in found if row.progress is None],
        "gates": gates(plan, everything),
        "total": len(live),
        "done": sum(task.state == TaskState.DONE for task in live),
        "owed": sum(task.state in OWED for task in live),
        "late": sum(task.state == TaskState.OVERDUE for task in live),
        "to_accept": sum(task.state == TaskState.REPORTED for task in live),
        "may_bind": actor.can("workplans.issue", plan),
        "files": files_of(selectors.PLAN_KIND, plan.id, actor),
        "lower": list(selectors.plans(actor).filter(upper=plan).order_by("-id")[:20]),
        "later": list(selectors.plans(actor).filter(earlier=plan).order_by("-id")[:5]),
    }
    return render(request, "workplans/board.html", context)


PlanSave = Callable[[WorkPlan, dict[str, Any], Actor], WorkPlan]
PLAN_ACTS: dict[str, tuple[type[Form], PlanSave]] = {
    "confirm": (NoteForm, lambda plan, data, actor: services.confirm(plan.ref, actor=actor)),
    "reopen": (NoteForm, lambda plan, data, actor: services.reopen(plan.ref, actor=actor)),
    "close": (NoteForm, lambda plan, data, actor: services.close_plan(plan.ref, actor=actor)),
    "discard": (ReasonForm, lambda plan, data, actor: services.discard(plan.ref, actor=actor, **data)),
}
AFTER = {
    "confirm": Text("随后选定承办单位和指标，再下发", "owners and indicators are settled next, then it is issued"),
    "reopen": Text("条目可再次修改", "the lines can be changed again"),
    "close": Text("周期任务不再产生；未完成的仍须完成", "recurring tasks no longer come; what is owed stays owed"),
    "discard": Text("作废后不能恢复", "it cannot be brought back"),
}


@needs("workplans.compile", "workplans.issue")
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The form of an act on a plan, and its doing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    if name == "facts":
        return _facts(request, plan, actor)
    if name == "reread":
        return _reread(request, plan, actor)
    if name not in PLAN_ACTS:
        raise Http404
    form, save = PLAN_ACTS[name]
    if request.method == "GET":
        actor.require(next(m.right for m in PLAN.moves if m.name == name), plan)
        PLAN.move(plan.state, name)
    return answer(
        request,
        form,
        save=lambda data: save(plan, data, actor),
        then=f"{plan.url}/issue" if name == "confirm" else f"{plan.url}/judge" if name == "reopen" else plan.url,
        title=PLAN.label(name),
        submit=PLAN.label(name),
        after=AFTER[name],
    )


def _facts(request: HttpRequest, plan: WorkPlan, actor: Actor) -> HttpResponse:
    actor.require("workplans.compile", plan)

    def save(data: dict[str, Any]) -> WorkPlan:
        data |= {name: plan_chosen(data[name], actor) for name in ("upper", "earlier")}
        return services.change_facts(plan.ref, actor=actor, **data)

    names = ("title", "issuer", "number", "issued_on", "starts_on", "ends_on")
    initial = {name: getattr(plan, name) for name in names}
    initial |= {name: getattr(plan, name).ref if getattr(plan, name) else "" for name in ("upper", "earlier")}
    return answer(
        request,
        FactsForm,
        save=save,
        then=f"{plan.url}/judge" if plan.state == PlanState.DRAFTING else plan.url,
        title=Text("标题与日期", "Title and dates"),
        initial=initial,
        form_kwargs={"plans": plan_choices(actor, plan)},
    )


def _reread(request: HttpRequest, plan: WorkPlan, actor: Actor) -> HttpResponse:
    """Read the paper again: first what would change, then the change."""
    actor.require("workplans.compile", plan)
    if plan.state != PlanState.DRAFTING:
        PLAN.move(plan.state, "confirm")
    found = services.read_again(plan) if request.method == "GET" else None
    return answer(
        request,
        EmptyForm,
        save=lambda data: services.reread(plan.ref, actor=actor),
        then=f"{plan.url}/judge",
        title=Text("重新读取原文", "Read the paper again"),
        submit=Text("按新读法更新条目", "Take the new reading"),
        template="workplans/reread.html",
        context={"plan": plan, "found": found},
    )


@needs("workplans.issue")
@require_http_methods(["GET", "POST"])
def bind(request: HttpRequest, ref: str, target_id: UUID) -> HttpResponse:
    """Choose what measures a target."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    actor.require("workplans.issue", plan)
    target = selectors.get_target(plan, target_id)

    def save(data: dict[str, Any]) -> PlanTarget:
        code = data["other"].strip() or data["code"]
        if code and code != REPORTED:
            indicator(code)
        return services.bind_target(plan.ref, target.id, code=code, actor=actor)

    found = candidates(aim_as_kept(target))
    choices = [(of.code, Text(f"{of.name.zh}（{score:.0%}）", f"{of.name.en} ({score:.0%})")) for of, score in found]
    if target.indicator and target.indicator not in dict(choices):
        choices.insert(0, (target.indicator, indicator(target.indicator).name))
    choices += [(REPORTED, DEFINE), ("", NOTHING)]
    return answer(
        request,
        BindForm,
        save=save,
        then=f"{plan.url}#targets",
        title=Text(f"计量：{target.metric}", f"Measure: {target.metric}"),
        submit=Text("绑定", "Bind"),
        initial={"code": target.indicator or (choices[0][0] if found else REPORTED)},
        template="workplans/bind.html",
        context={"target": target, "plan": plan, "words": target_words(target), "catalogue": indicators()},
        form_kwargs={"choices": choices},
    )


def aim_as_kept(target: PlanTarget) -> Aim:
    """A kept target as it was judged."""
    return Aim(
        metric=target.metric,
        op=target.op,
        value=target.value,
        value_high=target.value_high,
        unit=target.unit,
        scope=target.of,
        region=target.region_code,
        due=Due(last=target.deadline, frequency=target.frequency),
        basis=target.basis,
        soft=target.soft,
        implied=target.implied,
        quote=target.quote,
    )


def target_words(target: PlanTarget) -> str:
    """A kept target in one line."""
    value = target.value if target.value_high is None else [target.value, target.value_high]
    return told({"metric": target.metric, "op": target.op, "value": value, "unit": target.unit})
