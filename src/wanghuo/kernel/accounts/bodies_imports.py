"""Organisations from a table: name, region, kind, sector, other names. A body known by region and name is corrected."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wanghuo.base import Text
from wanghuo.kernel.access.roles import sectors
from wanghuo.kernel.accounts import bodies, bodies_naming
from wanghuo.kernel.accounts.models import Body
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
from wanghuo.kernel.regions import service

NO_REGION = Text("没有这个区划", "no such region")
OUT_OF_REACH = Text("不在你的范围", "outside your scope")
NO_NAME = Text("名称须为 2 至 80 个字", "a name has 2 to 80 characters")
_SPLIT = re.compile(r"[、;；,，|\n]+")

COLUMNS = (
    Column("name", Text("名称", "Name"), required=True, longest=80, example="普宁市教育局", synonyms=("机构名称", "单位名称")),
    Column("region", Text("区划", "Region"), longest=40, example="445281", help=Text("名称或代码；留空为导入时选的区划", "name or code; empty: the one chosen for the import"), synonyms=("行政区划", "区划代码")),
    Column("kind", Text("类别", "Kind"), "choice", required=True, choices=dict(bodies_naming.KINDS), example="department", synonyms=("类型",)),
    Column("sector", Text("行业", "Sector"), "choice", choices=dict(sectors()), example="education", synonyms=("行业领域",)),
    Column("short", Text("简称", "Short name"), longest=40, example="教育局"),
    Column("aliases", Text("别名", "Other names"), longest=400, help=Text("用顿号分开", "separated by 、"), example="教体局、市教育部门", synonyms=("曾用名",)),
)  # fmt: skip


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """Judge a batch: the region and its reach, the name, and which bodies are there already."""
    seen: set[tuple[str, str]] = context.memory.setdefault("bodies", set())
    return [_judge(row, context, seen) for row in rows]


def _judge(row: Row, context: Context, seen: set[tuple[str, str]]) -> Judged:
    written, name = str(row.get("region") or ""), bodies_naming.tidy(str(row.get("name") or ""))
    region = service.resolve(written) if written else context.region
    errors = []
    if not region:
        errors.append(CellError("region", NO_REGION, value=written))
    elif not bodies.may_manage(context.actor, region):
        errors.append(CellError("region", OUT_OF_REACH, value=written))
    if not 2 <= len(name) <= 80:
        errors.append(CellError("name", NO_NAME, value=name))
    if errors or not region:
        return Judged(row, "error", errors=errors)
    if (region, name) in seen:
        return Judged(row, "duplicate", note=Text("文件中已有", "in the file already"))
    seen.add((region, name))
    known = Body.objects.filter(region_code=region, name=name).first()
    return Judged(row, "update" if known else "new", target=str(known.pk) if known else region)


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write a batch through the services."""
    return [_write(one, context) for one in judged]


def _write(one: Judged, context: Context) -> Written:
    values = one.row.values
    facts = {
        "name": str(values["name"]),
        "kind": str(values["kind"]),
        "sector": str(values.get("sector") or ""),
        "short": str(values.get("short") or ""),
        "aliases": [part for part in _SPLIT.split(str(values.get("aliases") or "")) if part],
    }
    if one.outcome == "update":
        known = Body.objects.get(pk=str(one.target))
        facts["short"] = facts["short"] or known.short
        facts["aliases"] = facts["aliases"] or known.aliases
        body = bodies.change_body(body_id=known.pk, active=True, actor=context.actor, **facts)  # type: ignore[arg-type]
    else:
        body = bodies.add_body(region=str(one.target), actor=context.actor, **facts)  # type: ignore[arg-type]
    return Written(one.row.number, "new" if one.outcome == "new" else "update", body.name, str(body.pk))


def register() -> None:
    """Make the kind known to the importer."""
    register_import(
        ImportKind(
            code="bodies",
            title=Text("机构", "Organisations"),
            right="regions.edit",
            columns=COLUMNS,
            check=check,
            write=write,
        )
    )
