"""Pages of early warnings: the list, one with its curve and reasons, and what was found on site."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms as fields
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Reason, Text
from wanghuo.base.time import local
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui.components import badge
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, Link, ListPage
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.sensing import early, history
from wanghuo.modules.sensing.early_models import EarlyWarning
from wanghuo.modules.sensing.quantities import quantity_name
from wanghuo.modules.sensing.tables import unit_name
from wanghuo.modules.sensing.upkeep_tables import place_of

LOOKED = Text("登记查看结果", "Write down what was found")
MOST_POINTS = 400


class LookedForm(Form):
    """What was found at the circuit."""

    finding = fields.CharField(
        label=Text("查看情况", "What was found"),  # type: ignore[arg-type]
        max_length=500,
        widget=fields.Textarea(attrs={"rows": 4}),
        help_text=Text(  # type: ignore[arg-type]
            "如：插座老化已更换；或实测 180 mA，继续观察",
            "for example: a worn socket was replaced; or 180 mA measured, to be watched",
        ),
    )


def _now(row: EarlyWarning) -> str:
    if row.ended_at:
        return badge(Text("已解除", "over"), "done")
    word, mark = early.LEVELS[row.level]
    return badge(word, mark)


EARLY = ListPage(
    title=early.WHAT,
    what=Text("预警", "warnings"),
    code="sensing:early",
    export_right="sensing.import",
    row_url="/devices/early/{0.ref}",
    period="begun_at",
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column("level", Text("等级", "Level"), value=_now),
        Column("quantity", Text("量", "Quantity"), value=lambda w: quantity_name(w.quantity)),
        Column("latest", Text("最近值", "Latest"), value=lambda w: f"{w.latest:g} {w.unit}"),
        Column("unit", Text("单位", "Unit"), value=lambda w: unit_name(w.device)),
        Column("place", Text("位置", "Place"), value=lambda w: place_of(w.device)),
        Column("begun_at", Text("自", "Since"), kind="when"),
        Column("due_at", Text("查看期限", "To be looked at by"), kind="due"),
        Column("looked", Text("查看", "Looked at"), value="looked_name", wide=True),
        Column("region", Text("区划", "Region"), value="region_code", kind="region", wide=True),
    ),
    filters=(
        Choice("level", Text("等级", "Level"), {str(int(n)): word for n, (word, _) in early.LEVELS.items()}),
        Flag("open", Text("未解除", "still so"), lambda: Q(ended_at=None)),
        Flag("asked", Text("待查看", "to be looked at"), lambda: Q(due_at__isnull=False)),
    ),
    links=(Link(Text("全部设备", "All devices"), "/devices", right="sensing.view"),),
    empty=Empty(
        Text(
            "没有预警。电气火灾监控每小时研判一次：连续越限、夜间基线上升、一日内陡升都会列在这里，并说明理由。",
            "No warning. Electrical monitors are judged each hour: runs above the set point, rising quiet hours and steep days "
            "stand here with their reasons.",
        )
    ),
)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@needs("sensing.view")
@require_GET
def warnings(request: HttpRequest) -> HttpResponse:
    """Every early warning, those that are over too."""
    rows: QuerySet[Any] = EarlyWarning.objects.visible_to(_actor(request)).select_related("device", "device__unit")
    return EARLY.respond(request, rows)  # type: ignore[return-value]


@needs("sensing.view")
@require_GET
def warning(request: HttpRequest, ref: str) -> HttpResponse:
    """One warning: its curve over the last days, and why."""
    actor = _actor(request)
    row = early.get_warning(ref, actor=actor)
    until = (row.ended_at or timezone.now()) + timedelta(minutes=5)
    points = history.readings(row.device_id, until - early.DAYS, until, row.quantity)
    context = {
        "title": early.WHAT,
        "row": row,
        "now": _now(row),
        "quantity": quantity_name(row.quantity),
        "reasons": [Reason(code, Text(zh, en), {}, source) for code, zh, en, source in row.reasons],
        "chart": _chart(row, early.series(points, row.key, row.quantity)),
        "may_look": row.due_at is not None and actor.can(early.RIGHT, row),
        "place": place_of(row.device),
    }
    return render(request, "sensing/early.html", context)


def _chart(row: EarlyWarning, series: list[tuple[datetime, float]]) -> dict[str, Any] | None:
    if not series:
        return None
    step = max(1, len(series) // MOST_POINTS)
    shown = series[::step]
    params = early.params_of(row.quantity, row.unit, region=row.region_code, on=row.judged_at)
    return {
        "kind": "line",
        "unit": row.unit,
        "labels": [f"{local(at):%m-%d %H:%M}" for at, _ in shown],
        "series": [{"name": quantity_name(row.quantity), "data": [round(value, 3) for _, value in shown]}],
        "target": params.set_point if params else None,
    }


@needs("sensing.mend")
@require_http_methods(["GET", "POST"])
def looked(request: HttpRequest, ref: str) -> HttpResponse:
    """Write down what was found at the circuit."""
    actor = _actor(request)
    row = early.get_warning(ref, actor=actor)
    actor.require(early.RIGHT, row)
    return answer(
        request,
        LookedForm,
        save=lambda data: early.looked(ref=ref, finding=data["finding"], actor=actor),
        then=row.url,
        title=LOOKED,
    )
