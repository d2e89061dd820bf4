"""Hazards from files: what an older system or a spreadsheet holds, closed ones and open ones alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.ledgers.importing import (
    CellError,
    Column,
    Context,
    ImportKind,
    Judged,
    Row,
    Written,
    register_import,
)
from wanghuo.kernel.loops import next_refs
from wanghuo.modules.hazards.listeners import INDICATORS
from wanghuo.modules.hazards.models import Finding, Hazard, Step
from wanghuo.modules.hazards.services.moves import EXPECTED, expect_next, stop_expecting
from wanghuo.modules.hazards.states import DONE, HAZARD, HazardState
from wanghuo.modules.hazards.words import BASES, CHANNELS, GRADES, Channel, Grade
from wanghuo.modules.places import public as places

S = HazardState
IMPORTABLE = (S.CLOSED, S.FIXED_ON_SPOT, S.DISMISSED, S.REPORTED, S.VERIFIED, S.RECTIFYING, S.SUBMITTED, S.OVERDUE)
CLOSED_BEFORE_FOUND = Text("销案时间早于发现时间", "it was closed before it was found")
FUTURE = Text("时间在将来", "the time lies in the future")
NEEDS_CLOSED_AT = Text("已销案的须填销案时间", "a closed hazard needs the time of closing")
NEEDS_DUE_AT = Text("整改中的须填整改期限", "a hazard being rectified needs a deadline")

COLUMNS = (
    Column("source_ref", Text("原编号", "Old reference"), required=True, longest=64, synonyms=("编号", "id")),
    Column("unit", Text("单位编号或信用代码", "Unit, by reference or credit code"), longest=60),
    Column("region_code", Text("区划", "Region"), kind="region"),
    Column("place", Text("位置", "Place"), required=True, longest=200),
    Column("description", Text("问题", "What is wrong"), required=True, longest=2000),
    Column("item", Text("检查项", "Item"), longest=120),
    Column("channel", Text("发现渠道", "Found by"), kind="choice", choices={str(k): v for k, v in CHANNELS.items()}),
    Column("basis", Text("类别（1-6）", "Kind (1-6)"), kind="choice", choices={str(k): v for k, v in BASES.items()}),
    Column("grade", Text("等级", "Grade"), kind="choice", choices={str(k): v for k, v in GRADES.items()}),
    Column("state", Text("状态", "State"), kind="choice", choices={str(s): HAZARD.names[s] for s in IMPORTABLE}),
    Column("found_at", Text("发现时间", "Found at"), kind="datetime", required=True),
    Column("due_at", Text("整改期限", "Due at"), kind="datetime"),
    Column("submitted_at", Text("申请复查时间", "Re-inspection asked at"), kind="datetime"),
    Column("closed_at", Text("销案时间", "Closed at"), kind="datetime"),
    Column("lng", Text("经度", "Longitude"), kind="float", least=-180, most=180),
    Column("lat", Text("纬度", "Latitude"), kind="float", least=-90, most=90),
)


def state_of(row: Row) -> HazardState:
    """The state given, or the one the dates tell: closed, being rectified, or only reported."""
    if given := row.get("state"):
        return S(given)
    if row.get("closed_at"):
        return S.CLOSED
    return S.RECTIFYING if row.get("due_at") else S.REPORTED


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """Judge a batch: units known, place in scope, dates in order, not imported before."""
    refs = [row.get("source_ref") for row in rows]
    before = Hazard.objects.filter(source_kind="import", source_ref__in=[context.key(r) for r in refs])
    known = dict(before.values_list("source_ref", "ref"))
    return places.judge_past(rows, context, known=known, right="hazards.import", errors=_date_errors)


def _date_errors(row: Row) -> list[CellError]:
    found, closed, state = row.get("found_at"), row.get("closed_at"), state_of(row)
    errors = []
    if found > timezone.now():
        errors.append(CellError("found_at", FUTURE))
    if closed and closed < found:
        errors.append(CellError("closed_at", CLOSED_BEFORE_FOUND))
    if closed and closed > timezone.now():
        errors.append(CellError("closed_at", FUTURE))
    if state in DONE and not closed:
        errors.append(CellError("closed_at", NEEDS_CLOSED_AT))
    if state in (S.RECTIFYING, S.OVERDUE) and not row.get("due_at"):
        errors.append(CellError("due_at", NEEDS_DUE_AT))
    return errors


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write a batch: the hazards with their findings and a line on the time line; open ones get their clock and duty."""
    hazards = [_hazard(j, context) for j in judged]
    _number(hazards)
    Hazard.objects.bulk_create(hazards, batch_size=500)
    Finding.objects.bulk_create([_finding(h) for h in hazards], batch_size=500)
    Step.objects.bulk_create([_step(h, context) for h in hazards], batch_size=500)
    for hazard in hazards:
        if hazard.state in EXPECTED:
            expect_next(hazard, actor=context.actor, start=timezone.now())
    for code in INDICATORS:
        mark_dirty(code)
    return [Written(j.row.number, "new", h.ref, str(h.id)) for j, h in zip(judged, hazards, strict=True)]


def undo(object_ids: Sequence[str], context: Context) -> list[str]:
    """Remove imported hazards on which nobody acted since, with their clocks and duties; the references of the others."""
    blocked: list[str] = []
    for start in range(0, len(object_ids), 500):
        rows = Hazard.objects.visible_to(context.actor).filter(pk__in=object_ids[start : start + 500], imported=True)
        touched = list(rows.annotate(lines=Count("steps")).filter(lines__gt=1).values_list("pk", "ref"))
        blocked += [ref for _, ref in touched]
        alone = list(rows.exclude(pk__in=[pk for pk, _ in touched]))
        for hazard in (h for h in alone if h.state in EXPECTED):
            stop_expecting(hazard, hazard.state, actor=context.actor, at=timezone.now())
        ids = [hazard.pk for hazard in alone]
        for lines in (Step, Finding):
            lines.objects.filter(hazard_id__in=ids).delete()
        Hazard.objects.filter(pk__in=ids).delete()
    for code in INDICATORS:
        mark_dirty(code)
    return blocked


def _hazard(judged: Judged, context: Context) -> Hazard:
    row, unit = judged.row, judged.target
    region = unit.region_code if unit else row.get("region_code") or context.region
    return Hazard(
        unit_id=unit.id if unit else None,
        place=row.get("place"),
        description=row.get("description"),
        item=row.get("item", ""),
        channel=row.get("channel") or Channel.FIRE,
        basis=int(row.get("basis") or 6),
        grade=row.get("grade") or Grade.GENERAL,
        state=state_of(row),
        found_at=row.get("found_at"),
        due_at=row.get("due_at"),
        submitted_at=row.get("submitted_at"),
        closed_at=row.get("closed_at"),
        lng=row.get("lng"),
        lat=row.get("lat"),
        source_kind="import",
        source_ref=context.key(row.get("source_ref")),
        imported=True,
        **scope_columns(region, sector=unit.sector if unit else "", unit=unit.id if unit else None),
    )


def _number(hazards: Sequence[Hazard]) -> None:
    """References by county and year of finding, taken in one step for each."""
    places_and_years = [(h.region_code, local_day(h.found_at).year) for h in hazards]
    blocks = {key: iter(next_refs("YH", *key, count=n)) for key, n in Counter(places_and_years).items()}
    for hazard, key in zip(hazards, places_and_years, strict=True):
        hazard.ref = next(blocks[key])


def _finding(hazard: Hazard) -> Finding:
    return Finding(
        hazard=hazard,
        channel=hazard.channel,
        found_at=hazard.found_at,
        description=hazard.description,
        source_kind=hazard.source_kind,
        source_ref=hazard.source_ref,
    )


def _step(hazard: Hazard, context: Context) -> Step:
    at: datetime = timezone.now()
    return Step(
        hazard=hazard,
        at=at,
        by_kind="person" if context.actor.id else "machine",
        by_id=context.actor.id,
        by_name=context.actor.name,
        move="import",
        target=hazard.state,
        note=context.mark[:200],
    )


register_import(
    ImportKind(
        code="hazards",
        title=Text("隐患", "Hazards"),
        right="hazards.import",
        columns=COLUMNS,
        check=check,
        write=write,
        undo=undo,
        help=Text("历史隐患或其他系统的在办隐患", "past hazards, or open ones of another system"),
    )
)
