"""The child that reads a workbook: `python -m wanghuo.kernel.ledgers.workbook IN OUT ROWS COLUMNS BYTES`.

It writes the first visible sheet that has anything as JSON lines, every cell as text, and exits with 0; otherwise
it prints one JSON object that says why not, and exits with 2. It knows nothing of the platform and opens no other file.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from wanghuo.kernel.files import zipguard
from wanghuo.kernel.files.errors import BadArchive

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 90
TOO_MUCH = (zipguard.MANY, zipguard.DECLARED, zipguard.RATIO)


class Refused(Exception):
    """Why the workbook is not read."""

    def __init__(self, code: str, **known: Any) -> None:
        super().__init__(code)
        self.answer = {"code": code, **known}


def look(path: str, most_bytes: int) -> None:
    """Judge the archive by its central directory, before anything is inflated."""
    try:
        names = zipguard.inspect(path, zipguard.ZipLimits(inflated_bytes=most_bytes))
    except BadArchive as error:
        why = error.known["why"]
        if why in TOO_MUCH:
            raise Refused("bytes", most=most_bytes >> 20) from None
        if why is zipguard.NOT_ZIP:
            raise Refused("broken", why=str(why)) from None
        raise Refused("other", kind=("加密、嵌套或结构异常的压缩包", "a locked, nested or malformed archive")) from None
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names:
        raise Refused("other", kind=("压缩包或其他文件", "an archive or another kind of document"))


def text_of(cell: Any) -> str:
    """A cell as a person would type it: whole numbers without a point, dates in ISO order."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e18 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def read(path: str, most_rows: int, most_columns: int) -> list[list[str]]:
    """The rows of the first visible sheet that has any, from the sheet's first row."""
    import python_calamine as calamine

    try:
        with open(path, "rb") as file:
            book = calamine.load_workbook(file)
            for meta in book.sheets_metadata:
                if meta.visible != calamine.SheetVisibleEnum.Visible:
                    continue
                sheet = book.get_sheet_by_name(meta.name)
                if sheet.total_height >= most_rows:  # the index of the last row
                    raise Refused("rows", most=most_rows)
                rows = sheet.to_python(skip_empty_area=False)
                if not any(cell not in (None, "") for row in rows for cell in row):
                    continue
                wide = next((i for i, r in enumerate(rows, 1) if any(c not in (None, "") for c in r[most_columns:])), 0)
                if wide:
                    raise Refused("columns", row=wide, found=len(rows[wide - 1]), most=most_columns)
                return [[text_of(cell) for cell in row[:most_columns]] for row in rows]
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise Refused("broken", why=str(error)) from error
    return []


def main(arguments: list[str]) -> int:
    """Read `IN`, write `OUT`."""
    path, out, rows, columns, most_bytes = arguments[0], arguments[1], *map(int, arguments[2:])
    with contextlib.suppress(ValueError, OSError):  # a lower limit may already hold
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        look(path, most_bytes)
        found = read(path, rows, columns)
        with open(out, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    except Refused as refusal:
        print(json.dumps(refusal.answer))
        return 2
    except MemoryError:
        print(json.dumps({"code": "bytes", "most": most_bytes >> 20}))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
