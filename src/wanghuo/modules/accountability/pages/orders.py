"""Pages of monthly orders."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.indicators import indicator, indicators
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.accountability import forms
from wanghuo.modules.accountability.models import MonthlyOrder, OrderLine
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import frame, orders
from wanghuo.modules.accountability.states import ORDER_RIGHT, OrderState
from wanghuo.modules.accountability.tables import ORDERS


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """The orders of every month."""
    rows = MonthlyOrder.objects.visible_to(actor_of(request)).prefetch_related("lines")
    return ORDERS.respond(request, rows)


@needs(ORDER_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Draw up the orders of a month from the targets of the year."""
    actor = actor_of(request)
    region = common.home(actor, ORDER_RIGHT, _office(actor, request.GET.get("to", ""), request.GET.get("region", "")))
    today = local_day(timezone.now())
    targets = [
        (row.code, _target_words(row.code, row.op, row.value))
        for row in orders.targets_for(region, today.year, actor=actor)
    ]

    def save(data: dict[str, Any]) -> list[MonthlyOrder]:
        asked = orders.Asked(
            region=region,
            month=data["month"].strip(),
            codes=tuple(data["codes"]),
            tasks=tuple(line.strip() for line in data["tasks"].splitlines() if line.strip()),
            share=data["share"],
            evidence=data["evidence"],
            note=data["note"],
            due_on=data["due_on"],
            bodies=tuple(data["bodies"]),
            only=tuple(data["only"]),
        )
        return orders.draw_up(asked, actor=actor)

    return answer(
        request,
        forms.draw_up_form(targets, common.departments(region, actor), common.below(region)),
        save=save,
        then=lambda made: f"/programmes/orders?month={made[0].month}&state=draft",
        title=Text("按目标派单", "Draw up orders"),
        submit=Text("生成草稿", "Draw up drafts"),
        after=Text("每个下级一份草稿，改好后下发", "one draft for each region below; edit, then issue"),
        initial={
            "month": f"{today:%Y-%m}",
            "share": "population",
            "codes": _asked_codes(request.GET.get("code", ""), targets),
            "only": [request.GET.get("to", "")],
        },
    )


def _office(actor: Actor, to: str, region: str) -> str:
    """The region whose office draws up: the one just above a region that is named to get an order."""
    try:
        above = codes.parent(codes.normalise(to)) if to else None
    except ValueError:
        above = None
    return above or region


def _asked_codes(code: str, targets: list[tuple[str, Text]]) -> list[str]:
    """The measures ticked at first: the one that is named where it has a target, else all."""
    known = [each for each, _ in targets]
    return [code] if code in known else known


def _target_words(code: str, op: str, value: float) -> Text:
    of = indicator(code)
    sign = {">=": "≥", "<=": "≤"}.get(op, op)
    return Text(f"{of.name.zh} {sign} {value:g}{of.unit}", f"{of.name.en} {sign} {value:g} {of.unit}")


@needs(ORDER_RIGHT)
@require_POST
def issue_selected(request: HttpRequest) -> HttpResponse:
    """Issue the orders ticked in the list."""
    refs = request.POST.getlist("ref")
    orders.issue_many(refs, actor=actor_of(request))
    return go(request, "/programmes/orders?state=issued")


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One order: what is asked, how it was worked out, what was reported and accepted."""
    actor = actor_of(request)
    row = frame.load(MonthlyOrder, ref, actor=actor)
    extra = []
    if row.state == OrderState.DRAFT and frame.may(actor, ORDER_RIGHT, row):
        extra.append(Act("edit", ACTS["edit"].label, f"{row.url}/acts/edit"))  # type: ignore[arg-type]
    refusals = {}
    if row.reported_by is not None and row.reported_by == actor.id:
        refusals = dict.fromkeys(("accept", "return"), orders.ReporterMayNotAccept.text)
    context = common.base(
        row,
        actor,
        lines=[_named(line) for line in row.lines.order_by("no")],
        acts=common.offered(row, actor, extra, refusals=refusals),
        about=f"order:{row.ref}",
    )
    return render(request, "accountability/order.html", context)


def _named(line: OrderLine) -> OrderLine:
    """A line with the name of its indicator in both languages, where it is still declared."""
    known = {of.code: of.name for of in indicators()}
    line.name = known.get(line.indicator, Text(line.title, line.title))  # type: ignore[attr-defined]
    return line


def _edit(ref: str, data: dict[str, Any], actor: Actor) -> MonthlyOrder:
    lines: dict[int, dict[str, Any]] = {}
    for name, value in data.items():
        kind, _, no = name.partition("_")
        if no.isdigit() and kind in ("target", "evidence", "drop"):
            lines.setdefault(int(no), {})[kind] = value
    return orders.edit(ref, lines=lines, added=data["added"], note=data["note"], due_at=data["due_at"], actor=actor)


def _edit_initial(order: MonthlyOrder) -> dict[str, Any]:
    found: dict[str, Any] = {"note": order.note, "due_at": order.due_at}
    for line in order.lines.all():
        found |= {f"target_{line.no}": line.target, f"evidence_{line.no}": line.evidence}
    return found


def _report(ref: str, data: dict[str, Any], actor: Actor) -> MonthlyOrder:
    return orders.report(
        ref, values=_numbers(data, "value_"), notes=_words(data, "note_"), files=data["files"], actor=actor
    )


def _accept(ref: str, data: dict[str, Any], actor: Actor) -> MonthlyOrder:
    return orders.accept(ref, values=_numbers(data, "value_"), note=data["note"], actor=actor)


def _numbers(data: dict[str, Any], prefix: str) -> dict[int, float | None]:
    return {int(name.removeprefix(prefix)): value for name, value in data.items() if name.startswith(prefix)}


def _words(data: dict[str, Any], prefix: str) -> dict[int, str]:
    return {int(name.removeprefix(prefix)): value for name, value in data.items() if name.startswith(prefix)}


ACTS = {
    "issue": ActForm(
        forms.EmptyForm, lambda ref, data, actor: orders.issue(ref, actor=actor),
        Text("随后通知承办方并起算时限，派单文书送签", "whoever it binds is told and the clock starts; its paper is drafted"),
    ),
    "edit": ActForm(lambda row, actor: forms.edit_order_form(row), _edit, initial=_edit_initial, label=Text("修改", "edit"), needs_move="issue"),
    "report": ActForm(lambda row, actor: forms.report_order_form(row), _report, Text("随后由派单方验收", "whoever issued it then accepts")),
    "accept": ActForm(lambda row, actor: forms.accept_order_form(row), _accept, Text("计入排名", "counts in the ranking")),
    "return": ActForm(forms.ReasonForm, lambda ref, data, actor: orders.send_back(ref, reason=data["reason"], actor=actor)),
    "withdraw": ActForm(forms.ReasonForm, lambda ref, data, actor: orders.withdraw(ref, reason=data["reason"], actor=actor)),
}  # fmt: skip
act = common.act_view(MonthlyOrder, ACTS)
