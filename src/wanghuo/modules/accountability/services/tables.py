"""Ranking tables (表格): computed from indicators, orders and tours, frozen, published on their day; lights and proposed measures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Avg
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.indicators import Period, compute, indicator
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.loops import open_duty
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.accountability import cycle
from wanghuo.modules.accountability.contracts import TablePublished
from wanghuo.modules.accountability.models import OrderLine, Proposal, RankingTable, TableRow, Tour
from wanghuo.modules.accountability.services import frame, letters
from wanghuo.modules.accountability.services.orders import month_of
from wanghuo.modules.accountability.states import LETTER_RIGHT, PUBLISH_RIGHT, OrderState, TableState
from wanghuo.modules.accountability.words import LIGHTS, MEASURES
from wanghuo.modules.workplans import public as workplans

ORDERS, TOURS = "orders", "tours"
LIGHTS_RULE, MEASURES_RULE = "indicators.lights", "accountability.measures"
TOUR_RULE, ORDER_DUE = "accountability.tour_line", 100.0


class NothingRanked(Invalid):
    """A table without a measure."""

    code = "accountability.nothing_ranked"
    text = Text("请至少选一项排名依据。", "Choose at least one measure to rank by.")


class NoRegionsBelow(Invalid):
    """A region below which nothing lies cannot be ranked."""

    code = "accountability.no_regions_below"
    text = Text("“{region}”之下没有可排名的区划。", "There is no division below “{region}” to rank.")


def columns_of(codes: Sequence[str], *, orders: float, tours: float) -> list[dict[str, Any]]:
    """The columns of a table as data: the indicators with weight 1 each, orders and tours with theirs; 0 leaves one out."""
    found: list[dict[str, Any]] = []
    for code in codes:
        of = indicator(code)
        found.append(_column(code, of.name, of.unit, 1.0, of.better, of.shown_digits))
    if orders:
        found.append(_column(ORDERS, Text("派单完成率", "orders done"), "%", orders, "up", 1))
    if tours:
        found.append(_column(TOURS, Text("巡查得分", "tour score"), "分", tours, "up", 1))
    if not found:
        raise NothingRanked(field="codes")
    return found


def _column(code: str, name: Text, unit: str, weight: float, better: str, digits: int) -> dict[str, Any]:
    return {
        "code": code,
        "zh": name.zh,
        "en": name.en,
        "unit": unit,
        "weight": weight,
        "better": better,
        "digits": digits,
    }


@transaction.atomic
def draw_up(
    *,
    region: str,
    month: str,
    codes: Sequence[str],
    orders: float,
    tours: float,
    publish_on: date,
    notes: str = "",
    actor: Actor,
) -> RankingTable:
    """Compute a table for a month as a preview. Raises NotFound, NotPermitted, OutOfReach, NothingRanked, NoRegionsBelow, Invalid."""
    code = frame.region_within(region, PUBLISH_RIGHT, actor=actor)
    period = month_of(month)
    columns = columns_of(codes, orders=orders, tours=tours)
    if not regions.children(code):
        raise NoRegionsBelow(field="region", region=regions.text(code))
    table = frame.make(
        RankingTable,
        "BG",
        code,
        actor=actor,
        title=f"{regions.name(code)} {period.label.zh}消防工作排名表",
        month=period.key,
        columns=columns,
        publish_on=publish_on,
        notes=notes,
        computed_at=timezone.now(),
    )
    _fill(table, period, actor)
    return table


@transaction.atomic
def recompute(ref: str, *, publish_on: date, notes: str, actor: Actor) -> RankingTable:
    """Compute a preview anew, with its day of publication and its notes. Raises NotFound, NotPermitted, MoveRefused."""
    table, _ = frame.begin(RankingTable, ref, "approve", actor=actor)
    table.rows.all().delete()
    table.publish_on, table.notes, table.computed_at = publish_on, notes, timezone.now()
    table.save(update_fields=["publish_on", "notes", "computed_at"])
    _fill(table, month_of(table.month), actor)
    frame.add_step(table, "recompute", actor=actor)
    record(
        actor, "accountability:table:recompute", table.ref, region=table.region_code, after={"rows": table.rows.count()}
    )
    return table


def _fill(table: RankingTable, period: Period, actor: Actor) -> None:
    places = [child.code for child in regions.children(table.region_code)]
    cells = _cells(table, period, places, actor)
    before = _table_before(table, period)
    overdue = overdue_tasks(places, actor)
    found = rule(LIGHTS_RULE, region=table.region_code, on=local_day(timezone.now()))
    lines = [
        cycle.Line(place, [(c["weight"], _as_cell(cells[c["code"]][place], c["better"])) for c in table.columns])
        for place in places
    ]
    rows = []
    for position, (line, rank) in enumerate(cycle.ranked(lines)):
        old = before.get(line.region)
        verdict = cycle.table_light(
            line.worst,
            overdue.get(line.region, 0),
            old.light if old else "",
            steps=found.value["steps"],
            source=found.source,
        )
        rows.append(
            TableRow(
                table=table,
                place=position,
                region=line.region,
                cells={c["code"]: cells[c["code"]][line.region] for c in table.columns},
                score=line.score,
                rank=rank,
                rank_before=old.rank if old else None,
                overdue=overdue.get(line.region, 0),
                light=verdict.value if verdict else "",
                reasons=frame.reasons_json(verdict.reasons) if verdict else [],
            )
        )
    TableRow.objects.bulk_create(rows)


def _as_cell(kept: Mapping[str, Any], better: str) -> cycle.Cell:
    return cycle.Cell(kept["value"], kept["due"], better)


Kept = dict[str, dict[str, Any]]


def _cells(table: RankingTable, period: Period, places: Sequence[str], actor: Actor) -> dict[str, Kept]:
    found: dict[str, Kept] = {}
    for column in table.columns:
        code = column["code"]
        if code == ORDERS:
            found[code] = _order_cells(period, places)
        elif code == TOURS:
            found[code] = _tour_cells(table.region_code, period, places)
        else:
            found[code] = _indicator_cells(code, table.region_code, period, places, actor)
    return found


def _indicator_cells(code: str, region: str, period: Period, places: Sequence[str], actor: Actor) -> Kept:
    """Each region's value against its own target of the month, else that of the year, else the upper region's rate; a
    rate of too few records is shown and not held against anything."""
    of = indicator(code)
    month = compute(code, region, period)
    year = compute(code, region, Period.year(period.first.year))
    monthly, yearly = ({m.region: m for m in found.by_region} for found in (month, year))
    cells: Kept = {}
    for place in places:
        row, over = monthly.get(place), yearly.get(place)
        if (row is None or row.expected is None) and over is not None and over.expected is not None and of.accumulates:
            row = over
        due = row.expected if row is not None else None
        if due is None and of.kind != "count":
            upper = month.expected if month.expected is not None else year.expected
            due = over.expected if over is not None and over.expected is not None else upper
        span = row.period if row is not None else period
        url = (
            of.records(actor, place, span, "num")
            if of.records
            else f"/indicators/{code}?region={place}&period={span.key}"
        )
        small = row is not None and row.small  # too few records to hold anybody to (indicators.ranked_from)
        cells[place] = {"value": row.value if row else None, "due": None if small else due, "url": url, "small": small}
    return cells


def _order_cells(period: Period, places: Sequence[str]) -> Kept:
    """How far the orders of the month were done: the mean of their lines. What awaits acceptance counts as reported; what
    is still being worked on before its deadline is not known yet, after it nothing."""
    rows = OrderLine.objects.filter(
        order__month=period.key, order__region_code__in=places, target__isnull=False
    ).exclude(order__state__in=(OrderState.DRAFT, OrderState.WITHDRAWN))
    now = timezone.now()
    done: dict[str, list[float]] = {}
    for line in rows.select_related("order"):
        order = line.order
        if order.state == OrderState.ISSUED:
            if order.due_at < now:
                done.setdefault(order.region_code, []).append(0.0)
            continue
        value = line.accepted if order.state == OrderState.ACCEPTED else line.reported
        share = cycle.completion(cycle.Cell(value, line.target, line.better))
        done.setdefault(order.region_code, []).append(share or 0.0)
    return {
        place: {
            "value": round(sum(done[place]) / len(done[place]) * 100, 2) if place in done else None,
            "due": ORDER_DUE,
            "url": f"/programmes/orders?region={place}&month={period.key}",
        }
        for place in places
    }


def _tour_cells(region: str, period: Period, places: Sequence[str]) -> Kept:
    due = float(rule(TOUR_RULE, region=region, on=local_day(timezone.now())).value["points"])
    rows = Tour.objects.filter(month=period.key, visited__in=places, scored_at__isnull=False).values("visited")
    means = dict(rows.annotate(mean=Avg("score")).values_list("visited", "mean"))
    return {
        place: {"value": means.get(place), "due": due, "url": f"/tours?region={place}&month={period.key}"}
        for place in places
    }


def overdue_tasks(places: Iterable[str], actor: Actor) -> dict[str, int]:
    """How many tasks of work plans each region still owes past their day, as far as the actor sees."""
    rows = workplans.task_rows(actor).filter(due_on__lt=local_day(timezone.now()), done_at__isnull=True)
    found: dict[str, int] = {}
    for region in rows.exclude(state__in=("reported", "done", "withdrawn")).values_list("region_code", flat=True):
        for place in places:
            if region.startswith(place):
                found[place] = found.get(place, 0) + 1
    return found


def _table_before(table: RankingTable, period: Period) -> dict[str, TableRow]:
    """The rows of the table last published for the month before, by region."""
    earlier = RankingTable.objects.filter(
        region_code=table.region_code, month=period.previous().key, state=TableState.PUBLISHED
    ).order_by("-published_at")[:1]
    return {row.region: row for row in TableRow.objects.filter(table__in=list(earlier))}


def digest(table: RankingTable) -> str:
    """The SHA-256 of what a table says: region, month, columns and rows in canonical JSON. Equal to `sha256` while unchanged."""
    rows = [
        {
            "region": r.region,
            "cells": r.cells,
            "score": r.score,
            "rank": r.rank,
            "before": r.rank_before,
            "light": r.light,
        }
        for r in table.rows.order_by("place")
    ]
    said = {
        "region": table.region_code,
        "month": table.month,
        "columns": table.columns,
        "rows": rows,
        "notes": table.notes,
    }
    return hashlib.sha256(
        json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


@transaction.atomic
def approve(ref: str, *, actor: Actor) -> RankingTable:
    """Freeze a preview with its digest; it is published on its day, at once when that has come.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    table, move = frame.begin(RankingTable, ref, "approve", actor=actor)
    now = timezone.now()
    changed = {
        "approved_at": now,
        "approved_by": actor.id,
        "approved_by_name": actor.name[:64],
        "sha256": digest(table),
    }
    frame.finish(table, move, actor=actor, changed=changed, after={"sha256": changed["sha256"]})
    if table.publish_on <= local_day(now):
        return publish(ref, actor=actor)
    return table


@transaction.atomic
def publish(ref: str, *, actor: Actor) -> RankingTable:
    """Publish a frozen table: those ranked read it, and what its lights ask for is proposed to whoever decides.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    table, move = frame.begin(RankingTable, ref, "publish", actor=actor)
    now = timezone.now()
    frame.finish(table, move, actor=actor, changed={"published_at": now}, after={"sha256": table.sha256})
    emit(
        TablePublished(
            table_id=table.id,
            ref=table.ref,
            region_code=table.region_code,
            month=table.month,
            sha256=table.sha256,
            at=now,
        )
    )
    _propose(table, actor)
    return table


@transaction.atomic
def circulate(ref: str, *, actor: Actor) -> RankingTable:
    """Draft the circular of a published table for everybody ranked. Raises NotFound, NotPermitted, Conflict, NoAddressee."""
    table = frame.load(RankingTable, ref, actor=actor, lock=True)
    frame.require(actor, LETTER_RIGHT, table)
    if table.state != TableState.PUBLISHED or table.paper_ref:
        raise Conflict(what=RankingTable.MACHINE.what)
    table.paper_ref = letters.table_paper(table, actor=actor).ref
    table.save(update_fields=["paper_ref"])
    frame.add_step(table, "circulate", actor=actor, note=table.paper_ref)
    record(
        actor, "accountability:table:circulate", table.ref, region=table.region_code, after={"paper": table.paper_ref}
    )
    return table


def publish_due() -> int:
    """Publish every frozen table whose day has come; the worker calls it. Returns how many."""
    actor = system_actor("worker")
    today = local_day(timezone.now())
    due = RankingTable.objects.filter(state=TableState.APPROVED, publish_on__lte=today).values_list("ref", flat=True)
    return len(each(list(due), lambda ref: publish(ref, actor=actor)).done)


@transaction.atomic
def discard(ref: str, *, reason: str, actor: Actor) -> RankingTable:
    """Discard a table that was not published. Raises NotFound, NotPermitted, MoveRefused."""
    table, move = frame.begin(RankingTable, ref, "discard", actor=actor)
    return frame.finish(table, move, actor=actor, note=reason)


def _propose(table: RankingTable, actor: Actor) -> None:
    asks = rule(MEASURES_RULE, region=table.region_code, on=local_day(timezone.now())).value
    for row in table.rows.exclude(light__in=("", "green")).order_by("place"):
        measure = asks[row.light]
        name, what = regions.name(row.region), MEASURES[measure]
        proposal = frame.make(
            Proposal,
            "JY",
            table.region_code,
            actor=actor,
            title=f"{name} {month_of(table.month).label.zh}{LIGHTS[row.light].zh}灯：{what.zh}",
            row=row,
            about=row.region,
            month=table.month,
            light=row.light,
            measure=measure,
            reasons=row.reasons,
        )
        open_duty(
            proposal.subject,
            move="adopt",
            right=LETTER_RIGHT,
            asked_by=actor,
            title=Text(f"决定是否{what.zh} · {name}", f"Decide on a measure ({what.en}) · {name}"),
            at_level=frame.level_of(table.region_code),
        )


@transaction.atomic
def adopt(ref: str, *, measure: str, reason: str, actor: Actor) -> Proposal:
    """Adopt a proposal, with its measure or another one: the letter is drafted with the facts of the table.

    Raises NotFound, NotPermitted, MoveRefused, Invalid.
    """
    proposal, move = frame.begin(Proposal, ref, "adopt", actor=actor)
    if measure not in MEASURES:
        raise Invalid(Text("请选择措施。", "Choose a measure."), field="measure")
    papers = letters.measure_papers(proposal, measure, actor=actor)
    changed = {
        "measure": measure,
        "decided_at": timezone.now(),
        "decided_by": actor.id,
        "decided_by_name": actor.name[:64],
        "decision": reason[:1000],
        "paper_id": papers[0].id,
        "paper_ref": papers[0].ref,
    }
    return frame.finish(
        proposal, move, actor=actor, changed=changed, note=reason, after={"papers": [p.ref for p in papers]}
    )


@transaction.atomic
def decline(ref: str, *, reason: str, actor: Actor) -> Proposal:
    """Decline a proposal, with the reason. Raises NotFound, NotPermitted, MoveRefused."""
    proposal, move = frame.begin(Proposal, ref, "decline", actor=actor)
    changed = {
        "decided_at": timezone.now(),
        "decided_by": actor.id,
        "decided_by_name": actor.name[:64],
        "decision": reason[:1000],
    }
    return frame.finish(proposal, move, actor=actor, changed=changed, note=reason)


__all__ = ["adopt", "approve", "decline", "digest", "discard", "draw_up", "publish", "publish_due", "recompute"]
