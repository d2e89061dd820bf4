"""A list as a file: csv for programs, xlsx with a cover sheet for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import xlsxwriter  # type: ignore[import-untyped]
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from wanghuo.base import Invalid, Text
from wanghuo.kernel.ui.formats import moment
from wanghuo.kernel.ui.language import current, say

ROW_LIMIT = 100_000
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class TooManyRows(Invalid):
    code = "ui.too_many_rows"
    text = Text(
        "筛选结果超过 {limit:,} 条，一次导不完；请再加条件或缩短时间范围。",
        "The filter finds more than {limit:,} rows, too many for one file; add a condition or shorten the period.",
    )


@dataclass(frozen=True, slots=True)
class Table:
    """What goes into the file: heads, rows of words, numbers and times, and for the cover the filter, person and
    time."""

    title: Text
    heads: Sequence[str]
    rows: Iterable[Sequence[Any]]
    sentence: str
    made_by: str
    made_at: datetime


def as_file(table: Table, kind: str) -> HttpResponseBase:
    """The answer that downloads `table` as `csv` or `xlsx`."""
    if kind == "csv":
        response: HttpResponseBase = StreamingHttpResponse(list(_csv_lines(table)), content_type=TYPES["csv"])
    else:
        response = HttpResponse(_workbook(table), content_type=TYPES["xlsx"])
    name = f"{say(table.title)}-{table.made_at:%Y%m%d-%H%M}.{kind}"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


def _csv_lines(table: Table) -> Iterator[str]:
    yield "\ufeff"  # spreadsheets take UTF-8 for what it is only with this mark
    for row in (table.heads, *table.rows):
        line = io.StringIO()
        csv.writer(line).writerow([_harmless(value) for value in row])
        yield line.getvalue()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is kept a text."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _workbook(table: Table) -> bytes:
    file = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    options["constant_memory"] = True  # a row is written out when the next begins: less memory, and quicker
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        when = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        on = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet(say(Text("数据", "data")))
        sheet.write_row(0, 0, table.heads, bold)
        count = 0
        for count, row in enumerate(table.rows, start=1):
            for place, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(count, place, value, when)
                elif isinstance(value, date):
                    sheet.write_datetime(count, place, datetime(value.year, value.month, value.day), on)  # noqa: DTZ001
                elif isinstance(value, str):
                    sheet.write_string(count, place, value)
                else:
                    sheet.write(count, place, value)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(count, 1), max(len(table.heads) - 1, 0))
        sheet.set_column(0, max(len(table.heads) - 1, 0), 20)
        _cover(book.add_worksheet(say(Text("说明", "about"))), table, count, bold)
    return file.getvalue()


def _cover(sheet: Any, table: Table, count: int, bold: Any) -> None:
    lines = (
        (Text("内容", "content"), say(table.title)),
        (Text("筛选", "filter"), table.sentence),
        (Text("条数", "rows"), count),
        (Text("导出人", "made by"), table.made_by),
        (Text("导出时间", "made at"), moment(table.made_at, current())),
    )
    for line, (label, value) in enumerate(lines):
        sheet.write(line, 0, say(label), bold)
        sheet.write(line, 1, value)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 60)
