"""What every import of past records shares: at which unit or in which region they happened, and that none comes twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from wanghuo.base import Text
from wanghuo.kernel.ledgers.importing import CellError, Context, Judged, Row
from wanghuo.modules.places import selectors
from wanghuo.modules.places.contracts import Unit

NO_UNIT = Text("没有单位“{code}”", "there is no unit “{code}”")
NO_PLACE = Text("单位、区划至少填一项", "give a unit or a region")
OUT_OF_SCOPE = Text("区划“{code}”不在你的范围", "the region “{code}” is outside your scope")
KNOWN = Text("已导入过：{ref}", "imported before: {ref}")
TWICE = Text("文件内重复，首见于第 {row} 行", "stands in the file before, in row {row}")

RowErrors = Callable[[Row], list[CellError]]


@dataclass(frozen=True, slots=True)
class _Place:
    """A region as access decisions see it."""

    region_code: str
    sector: str = ""
    scope_unit: UUID | None = None


def judge_past(
    rows: Sequence[Row], context: Context, *, known: Mapping[str, str], right: str, errors: RowErrors
) -> list[Judged]:
    """Judge rows that name a `source_ref`, and a `unit` or a `region_code`: a new row's target is its unit, or None.

    `known`: the reference of each record imported before, by `context.key` of its old one. `right`: what importing takes
    over the place. `errors`: what else may be wrong in a row.
    """
    units = selectors.units_by_codes(row.get("unit", "") for row in rows)
    return [_judge(row, context, units, known, right, errors) for row in rows]


def _judge(
    row: Row,
    context: Context,
    units: Mapping[str, Unit],
    known: Mapping[str, str],
    right: str,
    errors: RowErrors,
) -> Judged:
    key = context.key(row.get("source_ref"))
    if key in known:
        return Judged(row, "duplicate", note=KNOWN.filled({"ref": known[key]}))
    seen: dict[str, int] = context.memory.setdefault("seen", {})
    if seen.setdefault(key, row.number) != row.number:
        return Judged(row, "duplicate", note=TWICE.filled({"row": seen[key]}))
    unit = units.get(row.get("unit", ""))
    found = [*_place_errors(row, context, unit, right), *errors(row)]
    return Judged(row, "error" if found else "new", target=unit, errors=found)


def _place_errors(row: Row, context: Context, unit: Unit | None, right: str) -> list[CellError]:
    if row.get("unit"):
        reached = unit is not None and context.actor.can(right, unit)
        return [] if reached else [CellError("unit", NO_UNIT.filled({"code": row.get("unit")}), value=row.get("unit"))]
    region = row.get("region_code") or context.region
    if not region:
        return [CellError("region_code", NO_PLACE)]
    if not context.actor.can(right, _Place(region)):
        return [CellError("region_code", OUT_OF_SCOPE.filled({"code": region}), value=region)]
    return []
