"""Past alarms from files: what an older centre or a brigade's log holds, already judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Kind
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
from wanghuo.modules.alarms.listeners import INDICATORS
from wanghuo.modules.alarms.models import Alarm, AlarmNote
from wanghuo.modules.alarms.states import ALARM, CAUSES, AlarmState, FalseCause
from wanghuo.modules.alarms.words import KIND_NAMES
from wanghuo.modules.places import public as places

JUDGED = (AlarmState.FALSE, AlarmState.CLOSED, AlarmState.TEST, AlarmState.RESTORED)
CONDITION = {Kind.FIRE: "fire", Kind.POWER: "power_fault"}
FUTURE = Text("时间在将来", "the time lies in the future")
BEFORE = Text("早于收到时间", "earlier than it was received")

COLUMNS = (
    Column("source_ref", Text("原编号", "Old reference"), required=True, longest=60, synonyms=("编号", "id")),
    Column("unit", Text("单位编号或信用代码", "Unit, by reference or credit code"), longest=60),
    Column("region_code", Text("区划", "Region"), kind="region"),
    Column("place", Text("位置", "Place"), required=True, longest=300),
    Column("kind", Text("类别", "Kind"), kind="choice", choices={str(k): v for k, v in KIND_NAMES.items()}),
    Column("received_at", Text("收到时间", "Received at"), kind="datetime", required=True),
    Column("taken_at", Text("接警时间", "Taken at"), kind="datetime"),
    Column("judged_at", Text("判定时间", "Judged at"), kind="datetime"),
    Column("judged_after_s", Text("判定用时（秒）", "Judged after (s)"), kind="float", least=0, most=86_400 * 30),
    Column(
        "state",
        Text("结论", "Outcome"),
        kind="choice",
        required=True,
        choices={str(s): ALARM.names[s] for s in JUDGED},
    ),
    Column("cause", Text("误报原因", "Cause"), kind="choice", choices={str(k): v for k, v in CAUSES.items()}),
    Column("lng", Text("经度", "Longitude"), kind="float", least=-180, most=180),
    Column("lat", Text("纬度", "Latitude"), kind="float", least=-90, most=90),
)


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """Judge a batch: place in scope, times in order, not imported before."""
    refs = [context.key(row.get("source_ref")) for row in rows]
    known = dict(Alarm.objects.filter(source_ref__in=refs).values_list("source_ref", "ref"))
    return places.judge_past(rows, context, known=known, right="alarms.import", errors=_time_errors)


def _time_errors(row: Row) -> list[CellError]:
    received = row.get("received_at")
    errors = [CellError("received_at", FUTURE)] if received > timezone.now() else []
    errors += [
        CellError(name, BEFORE) for name in ("taken_at", "judged_at") if row.get(name) and row.get(name) < received
    ]
    return errors


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write a batch of past alarms, each with one line on its time line."""
    alarms = [_alarm(j, context) for j in judged]
    keys = [(a.region_code, local_day(a.received_at).year) for a in alarms]
    blocks = {key: iter(next_refs("BJ", *key, count=n)) for key, n in Counter(keys).items()}
    for alarm, key in zip(alarms, keys, strict=True):
        alarm.ref = next(blocks[key])
    Alarm.objects.bulk_create(alarms, batch_size=500)
    AlarmNote.objects.bulk_create([_note(a, context) for a in alarms], batch_size=500)
    for code in INDICATORS:
        mark_dirty(code)
    return [Written(j.row.number, "new", a.ref, str(a.id)) for j, a in zip(judged, alarms, strict=True)]


def undo(object_ids: Sequence[str], context: Context) -> list[str]:
    """Remove imported alarms of which nothing was said since; the references of the others."""
    blocked: list[str] = []
    for start in range(0, len(object_ids), 500):
        rows = Alarm.objects.visible_to(context.actor).filter(pk__in=object_ids[start : start + 500], imported=True)
        touched = list(rows.annotate(lines=Count("notes")).filter(lines__gt=1).values_list("pk", "ref"))
        blocked += [ref for _, ref in touched]
        alone = list(rows.exclude(pk__in=[pk for pk, _ in touched]).values_list("pk", flat=True))
        AlarmNote.objects.filter(alarm_id__in=alone).delete()
        Alarm.objects.filter(pk__in=alone).delete()
    for code in INDICATORS:
        mark_dirty(code)
    return blocked


def _alarm(judged: Judged, context: Context) -> Alarm:
    row, unit = judged.row, judged.target
    kind = Kind(row.get("kind") or Kind.FIRE)
    received, state = row.get("received_at"), row.get("state")
    judged_at = row.get("judged_at")
    if judged_at is None and row.get("judged_after_s") is not None:
        judged_at = received + timedelta(seconds=row.get("judged_after_s"))
    cause = row.get("cause") or (FalseCause.OTHER if state == AlarmState.FALSE else "")
    region = unit.region_code if unit else row.get("region_code") or context.region
    return Alarm(
        kind=kind,
        condition=CONDITION.get(kind, str(kind)),
        priority=2 if kind == Kind.FIRE else 4,
        state=state,
        unit_id=unit.id if unit else None,
        place=row.get("place"),
        raised_at=received,
        received_at=received,
        last_at=received,
        standing=False,
        taken_at=row.get("taken_at"),
        judged_at=judged_at,
        ended_at=judged_at or received,
        cause=str(cause),
        lng=row.get("lng"),
        lat=row.get("lat"),
        source_ref=context.key(row.get("source_ref")),
        imported=True,
        **scope_columns(region, sector=unit.sector if unit else "", unit=unit.id if unit else None),
    )


def _note(alarm: Alarm, context: Context) -> AlarmNote:
    return AlarmNote(
        alarm=alarm,
        at=timezone.now(),
        by_kind="person" if context.actor.id else "machine",
        by_id=context.actor.id,
        by_name=context.actor.name,
        act="import",
        text=context.mark[:200],
    )


register_import(
    ImportKind(
        code="alarms",
        title=Text("报警记录", "Alarms"),
        right="alarms.import",
        columns=COLUMNS,
        check=check,
        write=write,
        undo=undo,
        help=Text("已判定的历史报警", "past alarms, already judged"),
    )
)
