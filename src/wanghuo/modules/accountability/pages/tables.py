"""Pages of ranking tables and of the measures they propose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.base.time import local, local_day
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.audit import record
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui import exports
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.accountability import forms
from wanghuo.modules.accountability.models import Proposal, RankingTable, TableRow
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import facts, frame, tables
from wanghuo.modules.accountability.states import LETTER_RIGHT, PUBLISH_RIGHT, TableState
from wanghuo.modules.accountability.tables import PROPOSALS, RANKINGS
from wanghuo.modules.accountability.words import LEVELS, LIGHTS, MEASURES


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Every ranking table the person may read."""
    return RANKINGS.respond(request, RankingTable.objects.visible_to(actor_of(request)))


@needs(PUBLISH_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Compute a table as a preview."""
    actor = actor_of(request)
    region = common.home(actor, PUBLISH_RIGHT, request.GET.get("region", ""))
    today = local_day(timezone.now())
    return answer(
        request,
        forms.table_form(common.measures()),
        save=lambda data: tables.draw_up(region=region, actor=actor, **{**data, "month": data["month"].strip()}),
        then=lambda table: table.url,
        title=Text("生成排名表", "Compute a table"),
        submit=Text("计算并预览", "Compute and preview"),
        initial={"month": f"{today:%Y-%m}", "orders": 1, "tours": 1, "publish_on": today},
    )


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponseBase:
    """One table: ranks, trends and lights, each number with its records; prints on A4, downloads as xlsx."""
    actor = actor_of(request)
    row = frame.load(RankingTable, ref, actor=actor)
    if request.GET.get("export") in exports.TYPES:
        record(
            actor, "accountability:table:export", row.ref, region=row.region_code, after={"kind": request.GET["export"]}
        )
        return exports.as_file(_file(row, actor.name), request.GET["export"])
    extra = []
    if row.state == TableState.DRAFT and frame.may(actor, PUBLISH_RIGHT, row):
        extra.append(Act("recompute", ACTS["recompute"].label, f"{row.url}/acts/recompute"))  # type: ignore[arg-type]
    if row.state == TableState.PUBLISHED and not row.paper_ref and frame.may(actor, LETTER_RIGHT, row):
        extra.append(Act("circulate", ACTS["circulate"].label, f"{row.url}/acts/circulate"))  # type: ignore[arg-type]
    proposals = {p.about: p for p in Proposal.objects.visible_to(actor).filter(row__table=row)}
    context = common.base(
        row,
        actor,
        acts=common.offered(row, actor, extra),
        columns=row.columns,
        lines=[_line(line, row.columns, proposals.get(line.region)) for line in row.rows.order_by("place")],
        intact=not row.sha256 or tables.digest(row) == row.sha256,
        export_url=f"{row.url}?export=xlsx",
    )
    return render(request, "accountability/table.html", context)


def _line(line: TableRow, columns: list[dict[str, Any]], proposal: Proposal | None) -> dict[str, Any]:
    cells = []
    for column in columns:
        cell = line.cells.get(column["code"], {})
        cells.append(
            {
                "column": column,
                "value": cell.get("value"),
                "due": cell.get("due"),
                "url": cell.get("url", ""),
                "small": cell.get("small", False),
            }
        )
    moved = line.moved
    return {
        "line": line,
        "cells": cells,
        "level": LEVELS.get(line.light),
        "moved": moved,
        "rise": abs(moved) if moved else 0,
        "reasons": [Text(r["zh"], r["en"]) for r in line.reasons],
        "proposal": proposal,
    }


def _file(table: RankingTable, who: str) -> exports.Table:
    heads = [say(Text("名次", "Rank")), say(Text("区划", "Region"))]
    heads += [say(Text(c["zh"], c["en"])) for c in table.columns]
    heads += [
        say(Text("得分", "Score")),
        say(Text("上期名次", "Rank before")),
        say(Text("级灯", "Light")),
        say(Text("原因", "Why")),
    ]

    def rows() -> Iterator[list[Any]]:
        for line in table.rows.order_by("place"):
            values = [line.cells.get(c["code"], {}).get("value") for c in table.columns]
            why = "；".join(say(Text(r["zh"], r["en"])) for r in line.reasons)
            yield [
                line.rank or "", say(regions.text(line.region)), *("" if v is None else v for v in values),
                "" if line.score is None else line.score, line.rank_before or "", say(LIGHTS[line.light]), why,
            ]  # fmt: skip

    told = f"{table.ref} SHA-256 {table.sha256}" if table.sha256 else table.ref
    return exports.Table(Text(table.title, table.title), heads, rows(), told, who, local(timezone.now()))


ACTS = {
    "approve": ActForm(
        forms.EmptyForm, lambda ref, data, actor: tables.approve(ref, actor=actor),
        Text("定稿后不能再改，到公布日期自动公布", "frozen then; published by itself on its day"),
    ),
    "publish": ActForm(
        forms.EmptyForm, lambda ref, data, actor: tables.publish(ref, actor=actor),
        Text("公布后被排名的区划都能看到，并列出督办建议", "those ranked will read it, and measures are proposed"),
    ),
    "recompute": ActForm(
        lambda row, actor: forms.recompute_form(row), lambda ref, data, actor: tables.recompute(ref, actor=actor, **data),
        initial=lambda row: {"publish_on": row.publish_on, "notes": row.notes},
        label=Text("重新计算", "compute anew"), needs_move="approve",
    ),
    "circulate": ActForm(
        forms.EmptyForm, lambda ref, data, actor: tables.circulate(ref, actor=actor),
        Text("随后送签用印，发给全部被排名的区划", "approved and sealed, it goes to everybody ranked"), label=Text("以通报印发", "issue as a circular"),
    ),
    "discard": ActForm(forms.ReasonForm, lambda ref, data, actor: tables.discard(ref, reason=data["reason"], actor=actor)),
}  # fmt: skip
act = common.act_view(RankingTable, ACTS)


@needs(VIEW)
@require_GET
def proposals(request: HttpRequest) -> HttpResponseBase:
    """What the lights of published tables ask for."""
    return PROPOSALS.respond(request, Proposal.objects.visible_to(actor_of(request)))


@needs(VIEW)
@require_GET
def proposal(request: HttpRequest, ref: str) -> HttpResponse:
    """One proposed measure: why, the facts its letter would state, who decided."""
    actor = actor_of(request)
    row = frame.load(Proposal, ref, actor=actor)
    context = common.base(
        row,
        actor,
        acts=common.offered(row, actor),
        level=LEVELS.get(row.light),
        measure=MEASURES[row.measure],
        reasons=frame.reason_texts(row.reasons),
        facts=facts.about("proposal", row.ref, actor=actor).facts,
        table=row.row.table if row.row else None,
    )
    return render(request, "accountability/proposal.html", context)


MEASURE_ACTS = {
    "adopt": ActForm(
        forms.AdoptForm, lambda ref, data, actor: tables.adopt(ref, actor=actor, **data),
        Text("随后起草文书，事实自动带出，送签后发出", "the letter is drafted with its facts; it leaves once approved"),
        initial=lambda row: {"measure": row.measure},
    ),
    "decline": ActForm(forms.ReasonForm, lambda ref, data, actor: tables.decline(ref, reason=data["reason"], actor=actor)),
}  # fmt: skip
act_on_proposal = common.act_view(Proposal, MEASURE_ACTS)
