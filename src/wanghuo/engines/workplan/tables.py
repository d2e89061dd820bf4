"""Tables of indicators, also those flattened to a line: name, unit, base value, values by year, nature.

A table is known by its header: a run of column names. The rows after it are read as a stream (number, name, unit, one value
for each year, nature), so it makes no difference where lines were broken; rows with bars are read by their cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from wanghuo.engines.workplan.body import Body
from wanghuo.engines.workplan.numerals import Quantity, level, quantities
from wanghuo.engines.workplan.paper import Flag, Op, Target

_YEAR_CELL = r"(?:到|至)?20\d\d年?(?:底|末)?(?:\(?(?:现状|基期|基数|基准|实际|完成|目标|规划|预期|指标|计划)[一-鿿]{0,4}\)?)?|“?十[三四五六]五”?(?:期?末|规划)?(?:目标|完成|实际|现状|指标)[一-鿿]{0,3}"
_NAME_CELL = (
    r"指标名称|指标内容|主要指标|具体指标|指标体系|考核指标|核心指标|指标|项目名称|项目|名称|主要内容|任务内容|考核内容"
)
_PLAIN_CELL = (
    r"序号|编号|类别|指标类型|指标属性|指标性质|属性|性质|类型|计量单位|单位|规划目标值?|目标任务|目标值|年度目标|工作目标|目标|现状值|现状|基期值|基期|基数|基准值|完成值|实际值|完成情况|备注"
    r"|责任单位|责任部门|牵头单位|牵头部门|年均增速|年均增长|累计|增幅|完成时限|完成时间"
)
_HEADER = re.compile(
    rf"(?:(?:{_YEAR_CELL}|{_NAME_CELL}|{_PLAIN_CELL})(?:[\s|/、]|\([一-鿿%/]{{1,6}}\)|:?-{{3,}}:?)*){{3,}}"
)
_CELL = re.compile(rf"(?P<year>{_YEAR_CELL})|(?P<name>{_NAME_CELL})|(?P<plain>{_PLAIN_CELL})")
_BASE = re.compile(r"现状|基期|基数|基准|实际|完成(?!时)|十三五")
_TARGET = re.compile(r"目标")
_VALUE = (
    r"(?:[≥≤≧≦<>=]{1,2}|不少于|不低于|不超过|不高于|控制在|达到|大于|小于|低于|高于|超过)?\s?[\[(]?-?\d[\d,]*(?:\.\d+)?(?:\s?[-~—]\s?\d[\d,]*(?:\.\d+)?)?\s?(?:%|‰|个百分点|万?[一-鿿]{1,2}(?:/\d*万?[一-鿿]{1,2})?)??"
    r"[\])]?(?:\(累计\)|\(年均\))?(?:以上|以下|以内|左右|及以上|内)?"
)
_EMPTY = r"(?:[-—/]{1,3}|持续[一-鿿]{2}|稳[一-鿿]{1,3}|逐年[一-鿿]{2}|无)"
_NATURE = r"(?:预期性|约束性|指导性|基础性|否决性)(?:指标)?"
_UNIT_CELL = r"(?:[一-鿿%‰/㎡²a-zA-Z]|\d+万|\(|\)){1,10}|[-—/]"
_LESS_IS_BETTER = re.compile(
    r"死亡|事故|损失|伤亡|起数|发生率|亡人|超时|响应时间|到场时间|出动时间|服务人口|保护面积|半径"
)
_FALL = re.compile(r"下降|降幅|降低|减少")
_SIGNED = re.compile(
    r"(?:(?<!\d)\d{1,3}[ .、]+)?(?P<name>[一-鿿]{2,30}(?:率|数|量|额|值|面积|比例|比重|损失))\s+(?:-?\d[\d.,]*|[-—―/]+)\s+(?P<cell>[≥≤≧≦]\s?\d[\d,]*(?:\.\d+)?\s?(?:%|‰)?)(?:\s+(?P<change>下降|降低|减少|上升|提高|增长)(?P<by>\d[\d.]*)%(?:以上|左右)?)?(?=\s|$)"
)
_SCALED = re.compile(r"^(万|亿|千|百万)(?=[一-鿿])")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of values. `day`: the last day its aim has; `base`: it reports instead of aiming."""

    day: date | None
    base: bool


@dataclass(frozen=True, slots=True)
class _Header:
    start: int
    end: int
    numbered: bool
    unit: bool
    columns: tuple[_Column, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row: name and values with their places."""

    name: str
    start: int
    unit: str
    nature: str
    values: tuple[tuple[int, int] | None, ...]
    end: int


def find_rows(body: Body) -> tuple[list[Target], list[Flag]]:
    """The targets in all tables of indicators of the paper. Flags: none of their own."""
    targets: list[Target] = []
    flat = level(body.flat)
    at = 0
    while match := _HEADER.search(flat, at):
        at = match.end()
        header = _header(body, flat, match)
        if header is None:
            continue
        for row in _rows(flat, header, _stop(body, flat, header)):
            targets.extend(_targets(body, flat, header, row))
            at = max(at, row.end)
    known = [(t.start, t.end) for t in targets]
    targets += [t for t in _signed(body, flat) if not any(a < t.end and t.start < b for a, b in known)]
    return sorted(targets, key=lambda t: t.start), []


def _signed(body: Body, flat: str) -> Iterator[Target]:
    """Rows whose table lost its header: a name, what was reached, and behind it a value with its sign (死亡人数 409 ≤357)."""
    for match in _SIGNED.finditer(flat):
        found = quantities(match["cell"])
        if len(found) == 1:
            row = _Row(re.sub(r"\s+", "", match["name"]), match.start(), "", "", (match.span("cell"),), match.end())
            aim = _target(body, flat, row, _Column(body.head.period[1], base=False), match.span("cell"), found[0], None)
            yield aim
            if match["change"]:
                word = "增幅" if match["change"] in ("上升", "提高", "增长") else "降幅"
                yield replace(
                    aim,
                    metric=aim.metric + word,
                    op=">=",
                    value=float(match["by"]),
                    unit="%",
                    start=match.start("change"),
                    end=match.end(),
                )


def _header(body: Body, flat: str, match: re.Match[str]) -> _Header | None:
    """The header's columns; None when the words are no table (no name column, or nothing to measure)."""
    cells = list(_CELL.finditer(flat, match.start(), match.end()))
    words = {cell["plain"] for cell in cells if cell["plain"]}
    if not any(cell["name"] for cell in cells):
        return None
    years = [cell for cell in cells if cell["year"]]
    columns = [_Column(_day(body, cell[0]), _is_base(body, cell[0], years)) for cell in years]
    if not columns:
        told = [cell[0] for cell in cells if cell["plain"] and (_TARGET.search(cell[0]) or _BASE.search(cell[0]))]
        columns = [
            _Column(body.head.period[1] if _TARGET.search(word) else None, not _TARGET.search(word)) for word in told
        ]
    elif any(word in words for word in ("现状值", "现状", "基期值", "基期", "完成值", "实际值")) and not any(
        c.base for c in columns
    ):
        columns = [_Column(None, True), *columns]
    if not columns:
        return None
    unit = bool(words & {"单位", "计量单位"})
    return _Header(match.start(), match.end(), bool(words & {"序号", "编号"}), unit, tuple(columns))


def _day(body: Body, cell: str) -> date | None:
    year = re.search(r"20\d\d", cell)
    if year:
        return date(int(year[0]), 12, 31)
    return body.head.period[1]


def _is_base(body: Body, cell: str, years: list[re.Match[str]]) -> bool:
    """Whether a year's column reports: it says so, or it lies before the paper's period, or opens a row of years that ends one
    five-year plan."""
    if _BASE.search(cell) and not _TARGET.search(cell):
        return True
    number = re.search(r"20\d\d", cell)
    if number is None:
        return False
    year, first = int(number[0]), body.head.period[0] or body.head.issued_on
    every = [int(found[0]) for match in years if (found := re.search(r"20\d\d", match[0]))]
    if len(every) < 2:
        return False
    if first is not None:
        return year < first.year
    return year == min(every) and year % 5 == 0


def _stop(body: Body, flat: str, header: _Header) -> int:
    """Where the table ends at the latest: its known end, or a next header."""
    following = _HEADER.search(flat, header.end)
    stop = following.start() if following else len(flat)
    for table in body.tables:
        if table.start <= header.start < table.end:
            return min(stop, table.end) if table.end - header.end > 20 else stop
    return stop


def _rows(flat: str, header: _Header, stop: int) -> Iterator[_Row]:
    line_end = flat.find("\n", header.end)
    if "|" in flat[header.start : header.end] or "|" in flat[header.end : line_end if line_end > 0 else stop]:
        yield from _barred(flat, header, stop)
        return
    pattern = _row_pattern(header)
    at = header.end
    while match := pattern.search(flat, at, stop):
        gap = flat[at : match.start()]
        if len(gap.strip()) > 30 or "。" in gap or "。" in match["name"]:
            return
        values = re.compile(rf"(?:{_VALUE}|{_EMPTY})(?=\s|$)").finditer(
            flat, match.start("values"), match.end("values")
        )
        spans = tuple(None if re.fullmatch(_EMPTY, value[0]) else value.span() for value in values)
        if len(spans) >= len(header.columns):
            spans = spans[: len(header.columns)]
            name = re.sub(r"\s+", "", match["name"])
            yield _Row(
                name,
                match.start("name"),
                (match.groupdict().get("unit") or "").strip(),
                match["nature"] or "",
                spans,
                match.end(),
            )
        at = match.end()


def _row_pattern(header: _Header) -> re.Pattern[str]:
    number = r"(?<![\d.%])\d{1,2}[\s.、]+" if header.numbered else r"(?:\d{1,2}[.、\s]+)?"
    unit = rf"\s+(?P<unit>{_UNIT_CELL})" if header.unit else ""
    value = rf"(?:{_VALUE}|{_EMPTY})"
    values = rf"{value}(?:\s+{value}){{{len(header.columns) - 1}}}"
    return re.compile(
        rf"{number}(?P<name>[^\s\d。;|][^。;|]{{1,44}}?){unit}\s+(?P<values>{values})(?=\s|{_NATURE}|$)(?:\s*(?P<nature>{_NATURE}))?"
    )


def _barred(flat: str, header: _Header, stop: int) -> Iterator[_Row]:
    """Rows whose cells are parted by bars; the columns are those of the header's own cells."""
    bar = flat.find("|", header.start)
    begin, line_end = flat.rfind("\n", 0, bar) + 1, flat.find("\n", bar)
    head = _cells(flat, begin, line_end if line_end > 0 else stop)
    places = {kind: at for at, (low, high) in enumerate(head) for kind in _kinds(flat[low:high])}
    measured = [
        at
        for at, (low, high) in enumerate(head)
        if re.search(r"20\d\d|目标|现状|基期|完成值|实际值|十[三四五]五", flat[low:high])
    ]
    at = header.end
    for line in re.finditer(r"[^\n]+", flat[at:stop]):
        low, high = at + line.start(), at + line.end()
        if "|" not in line[0]:
            if line[0].strip():
                return
            continue
        cells = _cells(flat, low, high)
        if len(cells) < len(head) or "name" not in places or re.fullmatch(r"[\s:|-]*", line[0]):
            continue
        name_low, name_high = cells[places["name"]]
        spans = tuple(cells[m] if re.search(r"\d", flat[slice(*cells[m])]) else None for m in measured)[
            : len(header.columns)
        ]
        unit = flat[slice(*cells[places["unit"]])] if "unit" in places else ""
        nature = flat[slice(*cells[places["nature"]])] if "nature" in places else ""
        if name_low < name_high:
            yield _Row(flat[name_low:name_high], name_low, unit, nature, spans, high)


def _kinds(cell: str) -> Iterator[str]:
    if re.fullmatch(_NAME_CELL, cell):
        yield "name"
    if cell.endswith("单位") and not re.search("责任|牵头", cell):
        yield "unit"
    if re.search("属性|性质|类型", cell):
        yield "nature"


def _cells(flat: str, start: int, end: int) -> list[tuple[int, int]]:
    """The cells of a line between bars, without blanks at their ends."""
    line = flat[start:end]
    left = len(line) - len(line.lstrip(" |")) if line.lstrip().startswith("|") else 0
    spans = []
    at = start + left
    for piece in line[left:].rstrip().removesuffix("|").split("|"):
        inner = piece.strip()
        low = at + (len(piece) - len(piece.lstrip()))
        spans.append((low, low + len(inner)))
        at += len(piece) + 1
    return spans


def _targets(body: Body, flat: str, header: _Header, row: _Row) -> Iterator[Target]:
    base: float | None = None
    for column, span in zip(header.columns, row.values, strict=False):
        if span is None:
            continue
        found = quantities(flat[span[0] : span[1]])
        if len(found) != 1:
            continue
        if column.base:
            base = found[0].low
            continue
        yield _target(body, flat, row, column, span, found[0], base)


def _target(
    body: Body, flat: str, row: _Row, column: _Column, span: tuple[int, int], quantity: Quantity, base: float | None
) -> Target:
    cell = flat[span[0] : span[1]]
    unit, factor = _unit(row, quantity)
    op, said = _op(cell, row.name, quantity.low, base)
    value: float | tuple[float, float] = round(quantity.low * factor, 6)
    if quantity.high is not None:
        value, op = (round(quantity.low * factor, 6), round(quantity.high * factor, 6)), "between"
    item = body.item_at(row.start)
    start, end = row.start, span[1]
    return Target(
        item=item.no if item else 0,
        metric=re.sub(r"\((?:%|[一-鿿/]{1,5})\)$", "", row.name),
        op=op,
        value=value,
        unit=unit,
        scope=row.nature if not row.nature or row.nature.endswith("指标") else f"{row.nature}指标",
        region=body.head.region,
        deadline=column.day,
        frequency="",
        quote=body.text[start:end],
        start=start,
        end=end,
        confidence=0.95 if said else 0.85,
    )


def _unit(row: _Row, quantity: Quantity) -> tuple[str, float]:
    """The unit, from the value's cell, the unit column, or the brackets behind the name; 万 in it multiplied out."""
    unit = quantity.unit
    if not unit:
        named = re.search(r"\((%|‰|[一-鿿/㎡]{1,6})\)$", row.name)
        unit = row.unit if row.unit and row.unit not in "-—/" else named[1] if named else ""
    scale = _SCALED.match(unit)
    if scale and not quantity.unit and "/" not in unit:
        return unit[scale.end() :], {"千": 1e3, "万": 1e4, "百万": 1e6, "亿": 1e8}[scale[1]]
    return unit, 1.0


def _op(cell: str, name: str, value: float, base: float | None) -> tuple[Op, bool]:
    """The comparison a cell says; else at least, and at most for what should be few."""
    signs: tuple[tuple[str, Op], ...] = (
        (r"≥|>=|≧|不少于|不低于|达到|以上", ">="), (r"≤|<=|≦|不超过|不高于|控制在|以下|以内", "<="), (r">|大于|超过|高于", ">"), (r"<|小于|低于", "<"),
    )  # fmt: skip
    for pattern, op in signs:
        if re.search(pattern, cell):
            return op, True
    if (base is not None and value < base) or (_LESS_IS_BETTER.search(name) and not _FALL.search(name)):
        return "<=", False
    return ">=", "%" in cell
