"""Villages, grids and corrected divisions from a table: codes, names, points, population, and when they are in force."""

from __future__ import annotations

from collections.abc import Sequence

from wanghuo.base import Text
from wanghuo.kernel.geo.coordinates import to_wgs84
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
from wanghuo.kernel.regions import codes, service
from wanghuo.kernel.regions.models import Region

BAD_CODE = Text("不是区划代码", "not a division code")
OUT_OF_REACH = Text("不在你的范围", "outside your scope")
NO_UPPER = Text(
    "上级 {code} 不在区划表，也不在本文件前面",
    "its upper division {code} is neither in the table nor earlier in this file",
)
WRONG_DATES = Text("止日须晚于起日", "it must end after it begins")

COLUMNS = (
    Column("code", Text("代码", "Code"), required=True, longest=15, example="445281102201",
           help=Text("村 12 位，网格 15 位", "villages 12 digits, grids 15"), synonyms=("区划代码", "统计用区划代码", "region_code")),
    Column("name", Text("名称", "Name"), required=True, longest=64, example="下湖村", synonyms=("区划名称",)),
    Column("name_en", Text("英文名", "English name"), longest=120, example="Xiahu Village", synonyms=("英文名称",)),
    Column("lng", Text("经度", "Longitude"), "float", least=73, most=136, synonyms=("lon", "x")),
    Column("lat", Text("纬度", "Latitude"), "float", least=3, most=54, synonyms=("y",)),
    Column("population", Text("人口", "Population"), "int", least=0, most=200_000_000, synonyms=("常住人口",)),
    Column("population_source", Text("人口来源", "Source of the population"), longest=120, example="第七次全国人口普查"),
    Column("valid_from", Text("起日", "In force from"), "date"),
    Column("valid_to", Text("止日", "Until"), "date"),
    Column("replaced_by", Text("新代码", "Replaced by"), longest=15),
)  # fmt: skip


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """Judge a batch: the code, its reach, its upper division, its dates."""
    wanted = {_code(row) for row in rows} - {""}
    uppers = {upper for code in wanted if (upper := codes.parent(code))}
    known = set(Region.objects.filter(code__in=wanted | uppers).values_list("code", flat=True))
    seen: set[str] = context.memory.setdefault("codes", set())
    return [_judge(row, context, known, seen) for row in rows]


def _judge(row: Row, context: Context, known: set[str], seen: set[str]) -> Judged:
    code, upper = _code(row), ""
    errors = []
    if not code or code == codes.COUNTRY:
        errors.append(CellError("code", BAD_CODE, value=str(row.get("code"))))
    else:
        upper = codes.parent(code) or ""
        if not service.may_edit(context.actor, code):
            errors.append(CellError("code", OUT_OF_REACH, value=code))
        elif upper not in known and upper not in seen:
            errors.append(CellError("code", NO_UPPER.filled({"code": upper}), value=code))
    begins, ends = row.get("valid_from"), row.get("valid_to")
    if begins and ends and ends <= begins:
        errors.append(CellError("valid_to", WRONG_DATES, value=str(ends)))
    if errors:
        return Judged(row, "error", errors=errors)
    if code in seen:
        return Judged(row, "duplicate", note=Text("文件中已有", "in the file already"))
    seen.add(code)
    return Judged(row, "update" if code in known else "new", target=code)


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write a batch through the service, upper divisions first as they stand in the file."""
    rows = []
    for one in judged:
        values = dict(one.row.values) | {"code": one.target}
        if values.get("lng") is not None and values.get("lat") is not None:
            system = context.coordinates.value if context.coordinates else "wgs84"
            values["lng"], values["lat"] = to_wgs84(values["lng"], values["lat"], system)
        rows.append(values)
    service.import_divisions(rows, source=context.source, actor=context.actor)
    return [Written(one.row.number, "new" if one.outcome == "new" else "update", one.target) for one in judged]


def _code(row: Row) -> str:
    try:
        return codes.normalise(str(row.get("code", "")))
    except ValueError:
        return ""


def register() -> None:
    """Make the kind known to the importer."""
    register_import(
        ImportKind(
            code="divisions",
            title=Text("村、网格与区划", "Villages, grids and divisions"),
            right="regions.edit",
            columns=COLUMNS,
            check=check,
            write=write,
            has_coordinates=True,
        )
    )
