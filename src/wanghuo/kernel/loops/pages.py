"""Pages of loops: the one inbox, why a clock stands where it does, and supervision papers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms as fields
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import Text
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.scope import region_q
from wanghuo.kernel.loops import duties, inboxing, ladder
from wanghuo.kernel.loops.models import Duty, LadderStep
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import forms, go, render
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, ListPage

RUNGS: dict[str, Text] = {
    "1": Text("提醒", "reminder"),
    "2": Text("督办", "supervision"),
    "3": Text("约谈", "interview"),
    "4": Text("挂牌", "listing"),
}
STEPS = ListPage(
    title=Text("督办件", "Supervision papers"),
    what=Text("督办件", "supervision paper"),
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column("name", Text("层级", "Rung")),
        Column("level", Text("级灯", "Light"), kind="level", value="number", scale="light"),
        Column("about", Text("对象", "About"), value=lambda s: s.clock.subject_ref),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
        Column("at", Text("发出", "Issued"), kind="when"),
        Column("answer_due_at", Text("答复期限", "Answer due"), kind="due", met="answered_at"),
    ),
    filters=(
        Choice("rung", Text("层级", "Rung"), RUNGS, field="number"),
        Flag("open", Text("未答复", "unanswered"), lambda: _unanswered()),
    ),
    row_url="/ladder/{0.ref}",
    period="at",
    code="loops:step",
    empty=Empty(
        Text(
            "没有超期的事项。时限一过，这里会出现提醒与督办。",
            "Nothing is overdue. When a clock runs out it appears here.",
        )
    ),
)


def _unanswered() -> Any:
    from django.db.models import Q

    return Q(answered_at=None)


@needs()
@require_GET
def todo(request: HttpRequest) -> HttpResponseBase:
    """The inbox: ?tab=act|read|others, ?source=, ?region=, ?rung=, ?group= for one group in full."""
    actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    tab = request.GET.get("tab", "act")
    tab = tab if tab in inboxing.TABS else "act"
    only = request.GET.get("group", "")
    rows = _narrowed(request, inboxing.rows_of(tab, actor))
    shown = inboxing.groups(rows, now, only=only if only in inboxing.GROUPS else "")
    lines = [line for group in shown for line in group.lines]
    context = {
        "title": Text("待办", "Inbox"),
        "tab": tab,
        "groups": [group for group in shown if group.lines],
        "sources": sorted({(line.duty.subject_kind, line.duty.what.zh, line.duty.what.en) for line in lines}),
        "rungs": RUNGS.items(),
        "chosen": {name: request.GET.get(name, "") for name in ("source", "rung", "group")},
        "may_supervise": actor.can("loops.supervise"),
        "next_due": None if lines else _next_due(rows),
    }
    counted = inboxing.counts(actor)
    context["tabs"] = [(code, label, counted[code]) for code, label in inboxing.TABS.items()]
    return render(request, "loops/todo.html", context)


def _narrowed(request: HttpRequest, rows: Any) -> Any:
    if source := request.GET.get("source", ""):
        rows = rows.filter(subject_kind=source[:32])
    if (rung := request.GET.get("rung", "")) in RUNGS:
        rows = rows.filter(rung=int(rung))
    try:
        region = codes.normalise(request.GET.get("region", "") or codes.COUNTRY)
    except ValueError:
        return rows
    return rows.filter(region_q(region))


def _next_due(rows: Any) -> datetime | None:
    return rows.filter(due_at__isnull=False).order_by("due_at").values_list("due_at", flat=True).first()


@needs()
@require_GET
def why(request: HttpRequest, duty_id: UUID) -> HttpResponseBase:
    """How a clock comes to its deadline: the rule, its pack and source, the pauses, the rungs."""
    actor = request.actor  # type: ignore[attr-defined]
    duty = _shown_to(duty_id, actor)
    found = inboxing.rule_or_none(duty.rule, duty.region_code, duty.clock.start_at if duty.clock else duty.opened_at)
    context = {
        "title": duty.title,
        "duty": duty,
        "clock": duty.clock,
        "rule": found,
        "pauses": list(duty.clock.pauses.order_by("id")) if duty.clock else [],
        "steps": list(duty.clock.steps.order_by("number")) if duty.clock else [],
    }
    return render(request, "loops/why.html", context)


def _shown_to(duty_id: UUID, actor: Any) -> Duty:
    """A duty the actor must do, or asked of others."""
    asked = Duty.objects.asked_by(actor).select_related("clock").filter(pk=duty_id).first()
    return asked or duties.get_duty(duty_id, actor=actor)


@needs()
@require_POST
def read(request: HttpRequest, duty_id: UUID) -> HttpResponseBase:
    """Take note of a duty (已阅)."""
    duties.mark_read(duty_id=duty_id, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, "/todo?tab=read")


class SnoozeForm(forms.Form):
    """Put a duty off."""

    until = fields.DateTimeField(
        label=Text("推迟到", "Until"),  # type: ignore[arg-type]
        widget=fields.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    reason = fields.CharField(label=Text("理由", "Reason"), max_length=200, required=False)  # type: ignore[arg-type]


@needs()
@require_http_methods(["GET", "POST"])
def snooze(request: HttpRequest, duty_id: UUID) -> HttpResponseBase:
    """Put a duty off until later, with the reason."""
    actor = request.actor  # type: ignore[attr-defined]
    duty = duties.get_duty(duty_id, actor=actor)
    return forms.answer(
        request,
        SnoozeForm,
        title=Text(f"推迟：{duty.title.zh}", f"Put off: {duty.title.en}"),
        save=lambda data: duties.snooze(duty_id=duty.id, actor=actor, **data),
        then="/todo",
        submit=Text("推迟", "Put off"),
        after=Text("到时回到原来的位置；不能超过期限。", "It comes back then; never later than its deadline."),
    )


@needs("loops.supervise")
@require_GET
def steps(request: HttpRequest) -> HttpResponseBase:
    """Supervision papers in the actor's reach."""
    rows = LadderStep.objects.visible_to(request.actor).select_related("clock")  # type: ignore[attr-defined]
    return STEPS.respond(request, rows)


@needs("loops.supervise")
@require_GET
def step(request: HttpRequest, ref: str) -> HttpResponseBase:
    """One supervision paper: which clock was missed, and what was answered."""
    actor = request.actor  # type: ignore[attr-defined]
    found = ladder.get_step(ref, actor=actor)
    context = {
        "title": Text(f"{found.name.zh} {found.ref}", f"{found.name.en.capitalize()} {found.ref}"),
        "step": found,
        "clock": found.clock,
        "rule": inboxing.rule_or_none(found.clock.rule, found.region_code, found.clock.start_at),
        "may_answer": found.answered_at is None and (not found.right or actor.can(found.right, found)),
    }
    return render(request, "loops/step.html", context)


class AnswerForm(forms.Form):
    """What was done about a missed clock."""

    answer = fields.CharField(
        label=Text("办理情况", "What was done"),  # type: ignore[arg-type]
        help_text=Text("督办意见，或约谈的要求与承诺", "the instruction given, or what was asked and promised"),  # type: ignore[arg-type]
        widget=fields.Textarea(attrs={"rows": 4}),
        max_length=2000,
    )


@needs("loops.supervise", "loops.interview")
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Answer a supervision paper."""
    actor = request.actor  # type: ignore[attr-defined]
    found = ladder.get_step(ref, actor=actor)
    return forms.answer(
        request,
        AnswerForm,
        title=Text(f"答复{found.name.zh} {found.ref}", f"Answer {found.ref}"),
        save=lambda data: ladder.answer_step(ref=ref, answer=data["answer"], actor=actor, now=timezone.now()),
        then=f"/ladder/{ref}",
        submit=Text("答复", "Answer"),
        after=Text("事项本身仍须办结，时钟继续走。", "The matter itself must still be done; its clock goes on."),
    )
