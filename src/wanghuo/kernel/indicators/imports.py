"""Reported values from a spreadsheet: a county's clerk fills in a sheet for all its townships at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from wanghuo.base import AppError, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.indicators.models import ReportedIndicator, ReportedValue
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.reporting import check_number, fill_value, report_value
from wanghuo.kernel.indicators.states import REPORT, REPORT_RIGHT, TO_REPORT
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

NO_INDICATOR = Text("没有在用的填报指标“{code}”", "no reported indicator “{code}” is in use")
NO_PERIOD = Text("看不懂统计期“{period}”", "“{period}” is no period")
NOT_ASKED = Text("{region} 在 {period} 没有这项填报任务", "{region} has no report of this for {period}")
NOT_NOW = Text("{ref} 现为“{state}”，不能再填", "{ref} is “{state}” and takes no value now")
NO_SCOPE = Text("你不能为区划“{region}”填报", "you may not report for the region “{region}”")
TWICE = Text("文件内重复，首见于第 {row} 行", "stands in the file before, in row {row}")

COLUMNS = (
    Column(
        "indicator",
        Text("指标代码或名称", "Indicator, by code or name"),
        required=True,
        longest=96,
        synonyms=("指标", "indicator"),
        example="reported.knowledge",
    ),
    Column("region_code", Text("区划", "Region"), kind="region", example="445281"),
    Column("period", Text("统计期", "Period"), required=True, longest=24, example="2026-11"),
    Column("num", Text("数值（率填完成数）", "Value; of a share, the part"), kind="float", required=True, least=0),
    Column("den", Text("总数（率必填）", "Whole; of a share"), kind="float", least=0),
    Column("note", Text("说明", "Note"), longest=1000),
)


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """Judge a batch: the indicator is in use, the region was asked for this period, the number can be."""
    known: dict[str, ReportedIndicator] = {}
    for definition in ReportedIndicator.objects.filter(active=True):
        known[definition.name_zh] = known[definition.code] = definition
    return [_judge(row, context, known) for row in rows]


def _judge(row: Row, context: Context, known: dict[str, ReportedIndicator]) -> Judged:
    definition = known.get(str(row.get("indicator", "")).strip())
    if definition is None:
        return _wrong(row, "indicator", NO_INDICATOR.filled({"code": row.get("indicator")}))
    try:
        period = Period.parse(str(row.get("period")), local_day(timezone.now()))
    except ValueError:
        return _wrong(row, "period", NO_PERIOD.filled({"period": row.get("period")}))
    region = row.get("region_code") or context.region
    asked = (
        ReportedValue.objects.select_related("definition")
        .filter(definition=definition, region_code=region, period=period.key)
        .first()
    )
    if asked is None or not context.actor.can(ReportedValue.VIEW_RIGHT, asked):
        return _wrong(row, "region_code", NOT_ASKED.filled({"region": region, "period": period.key}))
    if not context.actor.can(REPORT_RIGHT, asked):
        return _wrong(row, "region_code", NO_SCOPE.filled({"region": region}))
    if asked.state not in TO_REPORT:
        return _wrong(row, "period", NOT_NOW.filled({"ref": asked.ref, "state": REPORT.name(asked.state)}))
    try:
        check_number(definition, row.get("num"), row.get("den"))
    except AppError as error:
        return _wrong(row, "num", error.message)
    seen: dict[Any, int] = context.memory.setdefault("seen", {})
    if seen.setdefault(asked.id, row.number) != row.number:
        return Judged(row, "duplicate", note=TWICE.filled({"row": seen[asked.id]}))
    return Judged(row, "update", target=asked)


def _wrong(row: Row, column: str, text: Text) -> Judged:
    return Judged(row, "error", errors=[CellError(column, text, value=str(row.get(column, "")))])


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Report each value as its page does; one that needs evidence is filled in, and waits for it there."""
    done = []
    for each in judged:
        row = each.row
        given = {"ref": each.target.ref, "num": row.get("num"), "den": row.get("den"), "note": row.get("note", "")}
        if each.target.definition.evidence_zh:
            value = fill_value(**given, actor=context.actor)
        else:
            value = report_value(**given, actor=context.actor, imported=True)
        done.append(Written(row.number, "update", value.ref, str(value.id)))
    return done


register_import(
    ImportKind(
        code="indicator_values",
        title=Text("指标填报值", "Reported indicator values"),
        right=REPORT_RIGHT,
        columns=COLUMNS,
        help=Text(
            "须附佐证的指标，导入后仍为待填报，请到填报页附上佐证再提交。",
            "Where evidence is asked for, the value is filled in and waits on its page for the evidence.",
        ),
        check=check,
        write=write,
    )
)
