"""Which column of a file becomes which field: data, as TOML or JSON, guessed from the headings and remembered by
source.

```toml
source = "县教育局台账"        # under which the mapping is remembered
header_row = 3                # rows above it are skipped; 0: the file has no heading, columns are named A, B, C ...
coordinates = "gcj02"
[columns]
name = { column = "单位名称" }
region_code = { const = "445281" }
kind = { column = "类别", map = { "商铺" = "shop", "*" = "other" } }
address = { join = ["道路", "门牌"], separator = " " }
found_at = { column = "检查日期", format = "%d/%m/%Y %H:%M", zone = "Europe/London", offset_days = 3287 }
[[only]]                      # rows that do not meet every condition are passed over and counted
column = "状态"
equals = ["在营", "营业"]
```
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wanghuo.base import Invalid, Text
from wanghuo.kernel.ledgers import values
from wanghuo.kernel.ledgers.importing import CellError, Column, CoordinateSystem, ImportKind, Row

HEADER_ROWS_LOOKED_AT = 10
_NOISE = re.compile(r"[\s*＊:：_\-/\\.·\"'“”]|\([^)]*\)|\[[^\]]*\]|必填|（[^）]*）")


class BadMapping(Invalid):
    """The mapping is not one."""

    code = "ledgers.bad_mapping"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of one field comes from: one column, several joined, or always the same."""

    column: str = ""
    const: str = ""
    join: tuple[str, ...] = ()
    separator: str = ""
    map: Map[str, str] = field(default_factory=dict)
    format: str = ""
    zone: str = ""
    offset_days: int = 0
    default: str = ""

    def columns(self) -> tuple[str, ...]:
        """The columns of the file that are read."""
        return self.join or ((self.column,) if self.column else ())


@dataclass(frozen=True, slots=True)
class Condition:
    """Rows count only where the column's text is (or is not) one of `equals`."""

    column: str
    equals: tuple[str, ...]
    negate: bool = False

    def holds(self, cells: Map[str, str]) -> bool:
        """Whether the row counts."""
        return (cells.get(self.column, "").strip() in self.equals) != self.negate


@dataclass(frozen=True, slots=True)
class Mapping:
    """How to read one file as one kind of record."""

    columns: Map[str, Source]
    header_row: int = 1
    source: str = ""
    coordinates: CoordinateSystem | None = None
    only: tuple[Condition, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The mapping as kept in the database."""
        return {
            "columns": {n: {k: v for k, v in asdict(s).items() if v} for n, s in self.columns.items()},
            "header_row": self.header_row,
            "source": self.source,
            "coordinates": self.coordinates or "",
            "only": [asdict(c) for c in self.only],
        }


# --- reading a mapping ---------------------------------------------------------------------------------------------


def parse(text: str) -> dict[str, Any]:
    """TOML or JSON text as data. Raises BadMapping."""
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMapping(Text("对应关系读不懂：{why}", "The mapping cannot be read: {why}"), why=str(error)) from error
    if not isinstance(data, dict):
        raise BadMapping(Text("对应关系须是一张表。", "The mapping must be a table."))
    return data


def from_data(data: Map[str, Any], kind: ImportKind) -> Mapping:
    """A mapping from data, checked against the kind. Raises BadMapping, which names the place."""
    known = {c.name for c in kind.columns}
    rows = data.get("columns")
    if not isinstance(rows, dict) or not rows:
        raise BadMapping(Text("缺少 [columns]。", "[columns] is missing."), field="columns")
    unknown = sorted(set(rows) - known)
    if unknown:
        raise BadMapping(
            Text("没有这些字段：{unknown}；有：{known}。", "There are no such fields: {unknown}; there are: {known}."),
            field=str(unknown[0]),
            unknown="、".join(map(str, unknown)),
            known="、".join(sorted(known)),
        )
    header_row = data.get("header_row", 1)
    if not isinstance(header_row, int) or not 0 <= header_row <= 1000:
        raise BadMapping(
            Text("header_row 须是 0 至 1000 的整数。", "header_row must be a whole number from 0 to 1000.")
        )
    coordinates = data.get("coordinates") or None
    if coordinates is not None and coordinates not in list(CoordinateSystem):
        raise BadMapping(Text("坐标系须是 wgs84、gcj02 或 bd09。", "coordinates must be wgs84, gcj02 or bd09."))
    return Mapping(
        columns={name: _source(name, row) for name, row in rows.items()},
        header_row=header_row,
        source=str(data.get("source", ""))[:80],
        coordinates=CoordinateSystem(coordinates) if coordinates else None,
        only=tuple(_condition(row) for row in _listed(data.get("only"))),
    )


def _source(name: str, row: Any) -> Source:
    if isinstance(row, str):
        return Source(column=row)
    wrong = Text("字段 {name} 的对应关系有误。", "The mapping of field {name} is not valid.")
    allowed = set(Source.__dataclass_fields__)
    if not isinstance(row, dict) or set(row) - allowed or not set(row) & {"column", "const", "join"}:
        raise BadMapping(wrong, field=name, name=name)
    joined, mapped, offset, zone = (
        row.get("join", ()),
        row.get("map", {}),
        row.get("offset_days", 0),
        row.get("zone", ""),
    )
    if not (isinstance(joined, list | tuple) and isinstance(mapped, dict) and isinstance(offset, int)):
        raise BadMapping(wrong, field=name, name=name)
    try:
        ZoneInfo(str(zone) or "UTC")
    except (ValueError, OSError, KeyError):
        raise BadMapping(Text("没有时区 {zone}。", "There is no time zone {zone}."), field=name, zone=zone) from None
    return Source(
        column=str(row.get("column", "")),
        const=str(row.get("const", "")),
        join=tuple(map(str, joined)),
        separator=str(row.get("separator", "")),
        map={str(k): str(v) for k, v in mapped.items()},
        format=str(row.get("format", "")),
        zone=str(zone),
        offset_days=offset,
        default=str(row.get("default", "")),
    )


def _condition(row: Any) -> Condition:
    if not isinstance(row, dict) or "column" not in row or not isinstance(row.get("equals"), list | tuple):
        raise BadMapping(Text("[[only]] 须有 column 和 equals。", "[[only]] needs column and equals."), field="only")
    return Condition(str(row["column"]), tuple(map(str, row["equals"])), bool(row.get("negate", False)))


def _listed(rows: Any) -> list[Any]:
    return rows if isinstance(rows, list) else [] if rows is None else [rows]


# --- guessing ------------------------------------------------------------------------------------------------------


def plain(heading: str) -> str:
    """A heading as it is compared: without marks, notes in brackets, spaces and case."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", heading)).casefold()


def _names(column: Column) -> set[str]:
    return {plain(n) for n in (column.name, column.label.zh, column.label.en, *column.synonyms)} - {""}


def guess_header(rows: Sequence[Sequence[str]], kind: ImportKind) -> int:
    """The number (from 1) of the row that looks most like a heading of `kind`; the first row with text when none
    does."""
    wanted = set().union(*(_names(c) for c in kind.columns))
    best, most = 0, 0
    for number, row in enumerate(rows[:HEADER_ROWS_LOOKED_AT], 1):
        hits = len({plain(cell) for cell in row} & wanted)
        if hits > most:
            best, most = number, hits
    return best or next((n for n, row in enumerate(rows, 1) if any(c.strip() for c in row)), 1)


def headings(row: Sequence[str]) -> list[str]:
    """The headings of a file, each different: an empty one is named by its letter, a repeated one gets a number."""
    found: list[str] = []
    seen: dict[str, int] = {}
    for i, cell in enumerate(row):
        name = cell.strip() or letter(i)
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def letter(index: int) -> str:
    """The name of a spreadsheet's column: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def guess(names: Iterable[str], kind: ImportKind, learned: Map[str, Any] | None = None) -> dict[str, Source]:
    """The mapping that the headings suggest, or that was used before where its columns are all here again."""
    names = list(names)
    by_plain = {plain(n): n for n in reversed(names)}
    found: dict[str, Source] = {}
    for name, row in ((learned or {}).get("columns") or {}).items():
        if any(c.name == name for c in kind.columns):
            source = _source(name, row)
            if set(source.columns()) <= set(names):
                found[name] = source
    taken = {c for s in found.values() for c in s.columns()}
    for column in kind.columns:
        match = next((by_plain[n] for n in sorted(_names(column)) if n in by_plain), None)
        if column.name not in found and match is not None and match not in taken:
            found[column.name] = Source(column=match)
            taken.add(match)
    return found


# --- applying ------------------------------------------------------------------------------------------------------


def missing(mapping: Mapping, kind: ImportKind, names: Iterable[str]) -> list[CellError]:
    """What stands against using the mapping on a file with these headings: required fields without a source, and
    columns that are not there."""
    names, problems = set(names), []
    for column in kind.columns:
        source = mapping.columns.get(column.name)
        if source is None and column.required:
            problems.append(
                CellError(
                    column.name,
                    Text("必填字段“{c}”没有对应的列", "no column is given for the required field “{c}”").filled(
                        {"c": column.label}
                    ),
                )
            )
        for gone in sorted(set(source.columns() if source else ()) - names):
            text = Text("文件里没有“{c}”这一列", "the file has no column “{c}”")
            problems.append(CellError(column.name, text.filled({"c": gone})))
    for condition in mapping.only:
        if condition.column not in names:
            text = Text("文件里没有“{c}”这一列", "the file has no column “{c}”")
            problems.append(CellError("", text.filled({"c": condition.column})))
    return problems


def apply(
    mapping: Mapping,
    kind: ImportKind,
    number: int,
    cells: Map[str, str],
    find_region: values.RegionFinder,
) -> tuple[Row, list[CellError]]:
    """One row of the file as values of the kind, with every error found in it. Never raises."""
    row, errors = Row(number, {}), []
    for column in kind.columns:
        source = mapping.columns.get(column.name)
        text = _text_for(source, cells) if source else ""
        if values.is_empty(text, column):
            if column.required:
                errors.append(CellError(column.name, Text("不能为空", "must not be empty"), _fill_in(column)))
            continue
        assert source is not None
        try:
            value = values.convert(text, column, find_region=find_region, fmt=source.format, zone=source.zone)
            row.values[column.name] = _shifted(value, source.offset_days)
        except values.Bad as bad:
            errors.append(CellError(column.name, bad.text, bad.fix, text[:80]))
    return row, errors


def _text_for(source: Source, cells: Map[str, str]) -> str:
    if source.join:
        text = source.separator.join(part for name in source.join if (part := cells.get(name, "").strip()))
    elif source.column:
        text = cells.get(source.column, "").strip()
    else:
        text = source.const
    if source.map:
        text = source.map.get(text, source.map.get("*", text))
    return text or source.default


def _shifted(value: Any, days: int) -> Any:
    if not days or not isinstance(value, date | datetime):
        return value
    try:
        return value + timedelta(days=days)
    except OverflowError:
        raise values.Bad(Text("日期超出范围", "the date is out of range")) from None


def _fill_in(column: Column) -> Text:
    example = column.example
    if example:
        return Text("请填写，如 {e}", "fill it in, such as {e}").filled({"e": example})
    return Text("请填写{c}", "fill in: {c}").filled({"c": column.label})
