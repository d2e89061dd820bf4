"""Workbooks we hand out: the template to fill in, the faulty rows to mend, and lists as xlsx or csv.

Texts go out as text cells, whatever they begin with, so that no spreadsheet runs them as a formula (security 7).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from wanghuo.base import Text
from wanghuo.kernel.ledgers.importing import Column, ImportKind
from wanghuo.kernel.ledgers.reading import Limits, read_rows

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TEMPLATE_VERSION = 1
TEMPLATE_ROWS = 5000
YES_NO = ("是", "否")


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, kept a text in csv by a leading apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def sheet_name(text: str) -> str:
    """A text as the name of a sheet: at most 31 characters, without the signs that are not allowed there."""
    return "".join("·" if c in "[]:*?/\\" else c for c in text).strip("'")[:31] or "1"


# --- the template --------------------------------------------------------------------------------------------------


def template(kind: ImportKind, language: str, out: IO[bytes]) -> None:
    """An empty table with the headings of a kind, drop-downs for choices, and a sheet that explains every column."""
    with xlsxwriter.Workbook(out, {**OPTIONS, "constant_memory": False}) as book:
        head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF4"})
        needed = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F9E3D3"})
        plain = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(sheet_name(kind.title.in_(language)))
        words = book.add_worksheet("_words")
        for i, column in enumerate(kind.columns):
            sheet.write_string(0, i, column.label.in_(language), needed if column.required else head)
            sheet.set_column(i, i, max(12, 2 * len(column.label.zh)), plain if column.kind == "text" else None)
            _drop_down(sheet, words, i, column, language)
        sheet.freeze_panes(1, 0)
        _guide(book.add_worksheet("说明" if language == "zh" else "guide"), kind, language, head)
        version = book.add_worksheet("_wanghuo")
        version.write_row(0, 0, [kind.code, TEMPLATE_VERSION])
        words.hide()
        version.hide()
        sheet.activate()


def _drop_down(sheet: Any, words: Any, i: int, column: Column, language: str) -> None:
    if column.kind == "bool":
        sheet.data_validation(
            1, i, TEMPLATE_ROWS, i, {"validate": "list", "source": list(YES_NO), "error_type": "warning"}
        )
    elif column.kind == "choice" and column.choices:
        shown = [word.in_(language) for word in column.choices.values()]
        words.write_column(0, i, shown)
        letter = xlsxwriter.utility.xl_col_to_name(i, col_abs=True)
        source = f"=_words!{letter}$1:{letter}${len(shown)}"
        sheet.data_validation(1, i, TEMPLATE_ROWS, i, {"validate": "list", "source": source, "error_type": "warning"})


def _guide(sheet: Any, kind: ImportKind, language: str, head: Any) -> None:
    titles = (Text("列", "column"), Text("必填", "required"), Text("说明", "what it is"), Text("例", "example"))
    for i, title in enumerate(titles):
        sheet.write_string(0, i, title.in_(language), head)
    for row, column in enumerate(kind.columns, 1):
        choices = "、".join(w.in_(language) for w in (column.choices or {}).values())
        required = Text("必填", "required") if column.required else Text("", "")
        told = (
            column.label.in_(language),
            required.in_(language),
            column.help.in_(language) or choices,
            column.example,
        )
        for i, text in enumerate(told):
            sheet.write_string(row, i, text)
    sheet.set_column(0, 0, 24)
    sheet.set_column(2, 2, 80)


# --- the faulty rows -----------------------------------------------------------------------------------------------


def annotated(
    table: Path, header_row: int, problems: Iterable[Mapping[str, Any]], language: str, out: IO[bytes], limits: Limits
) -> int:
    """The heading and the faulty rows of a file, each error as a note on its cell and in words in the last column.

    The columns stay where they were, so that the mended file goes in with the same mapping. Returns how many rows.
    """
    by_row: dict[int, list[Mapping[str, Any]]] = {}
    for problem in problems:
        by_row.setdefault(problem["row"], []).append(problem)
    written = 0
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        sheet = book.add_worksheet("待改" if language == "zh" else "to mend")
        head = book.add_format({"bold": True, "bottom": 1})
        wrong = book.add_format({"bg_color": "#F8D0CC", "num_format": "@"})
        names: list[str] = []
        for number, cells in enumerate(read_rows(table, limits), 1):
            if number == header_row:
                names = cells
                for i, name in enumerate([*names, "导入问题" if language == "zh" else "import problems"]):
                    sheet.write_string(0, i, name, head)
            elif number in by_row:
                written += 1
                _annotated_row(sheet, written, cells, names, by_row[number], language, wrong)
        sheet.freeze_panes(1, 0)
    return written


def _annotated_row(
    sheet: Any,
    at: int,
    cells: Sequence[str],
    names: Sequence[str],
    problems: Sequence[Mapping[str, Any]],
    language: str,
    wrong: Any,
) -> None:
    said = {name: p for p in problems for name in str(p["column"]).split("+")}
    width = max(len(cells), len(names))
    for i in range(width):
        text = cells[i] if i < len(cells) else ""
        problem = said.get(names[i].strip()) if i < len(names) else None
        sheet.write_string(at, i, text[:32767], wrong if problem else None)
        if problem:
            sheet.write_comment(at, i, _words(problem, language))
    sheet.write_string(at, width, "；".join(f"{p['column']}: {_words(p, language)}" for p in problems)[:32767])


def _words(problem: Mapping[str, Any], language: str) -> str:
    fix = problem[f"fix_{language}"]
    return f"{problem[language]}{'；' if language == 'zh' else '; '}{fix}" if fix else str(problem[language])


# --- lists ---------------------------------------------------------------------------------------------------------


def as_xlsx(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], cover: Sequence[tuple[str, str]], out: IO[bytes]
) -> int:
    """A list with its cover sheet (filter, time, person), written row by row. Returns how many rows."""
    count = 0
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        when = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        on = book.add_format({"num_format": "yyyy-mm-dd"})
        front = book.add_worksheet("说明 about")
        sheet = book.add_worksheet("数据 data")
        for i, head in enumerate(heads):
            sheet.write_string(0, i, head, bold)
        for count, row in enumerate(rows, 1):
            for i, value in enumerate(row):
                _cell(sheet, count, i, value, when, on)
        sheet.freeze_panes(1, 0)
        sheet.activate()
        front.set_column(0, 1, 30)
        for i, (name, value) in enumerate([("", title), *cover, ("条数 rows", str(count))]):
            front.write_string(i, 0, name, bold)
            front.write_string(i, 1, value)
    return count


def _cell(sheet: Any, row: int, i: int, value: Any, when: Any, on: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, datetime):
        sheet.write_datetime(row, i, value, when)
    elif isinstance(value, date):
        sheet.write_datetime(row, i, value, on)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        sheet.write_number(row, i, value)
    else:
        sheet.write_string(row, i, str(value)[:32767])


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A list as csv lines, with the mark by which spreadsheets know UTF-8."""
    yield "\ufeff"
    for row in chain([heads], rows):
        line = io.StringIO()
        csv.writer(line).writerow([harmless(_plain(value)) for value in row])
        yield line.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else value
