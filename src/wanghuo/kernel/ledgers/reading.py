"""Read a table file, by content and not by name, as rows of text: csv (UTF-8, UTF-16, GB18030), csv.gz and xlsx.

Everything is bounded: bytes, rows, columns and the length of a cell. A workbook is parsed in a child process with
bounded memory and time, after its central directory was looked at. No reader raises anything but `Unreadable`.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BufferedIOBase, TextIOWrapper
from pathlib import Path
from typing import IO, cast

from wanghuo.base import Invalid, Text

MEBIBYTE = 1024 * 1024
CHILD_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a table may be. The defaults are those of a person's upload (security 7)."""

    bytes: int = 50 * MEBIBYTE
    inflated_bytes: int = 200 * MEBIBYTE
    rows: int = 200_000
    columns: int = 200


class Unreadable(Invalid):
    """The file is no table that can be read, or too large."""

    code = "ledgers.unreadable"


TOO_LARGE = Text("文件超过 {most} MB，请拆分后再传。", "The file is larger than {most} MB; split it.")
TOO_MANY_ROWS = Text("超过 {most} 行，请拆分后再传。", "More than {most} rows; split the file.")
TOO_MANY_COLUMNS = Text(
    "第 {row} 行有 {found} 列，最多 {most} 列。", "Row {row} has {found} columns; at most {most} are allowed."
)
EMPTY_FILE = Text("文件是空的。", "The file is empty.")
NOT_A_TABLE = Text(
    "这是{kind}，不是表格。请用 xlsx、csv 或 csv.gz。", "This is {kind}, not a table. Use xlsx, csv or csv.gz."
)
BROKEN = Text("文件已损坏或不完整：{why}", "The file is damaged or incomplete: {why}")
MAGIC: tuple[tuple[bytes, Text], ...] = (
    (b"%PDF", Text("PDF 文件", "a PDF file")),
    (b"\x89PNG", Text("图片", "a picture")),
    (b"\xff\xd8\xff", Text("图片", "a picture")),
    (b"GIF8", Text("图片", "a picture")),
    (
        b"\xd0\xcf\x11\xe0",
        Text("旧版 Excel（xls）或 Word 文件；请另存为 xlsx", "an old Excel (xls) or Word file; save it as xlsx"),
    ),
    (b"Rar!", Text("RAR 压缩包", "a RAR archive")),
    (b"7z\xbc\xaf", Text("7z 压缩包", "a 7z archive")),
    (b"MZ", Text("程序文件", "a program")),
    (b"\x7fELF", Text("程序文件", "a program")),
)


def read_rows(path: Path, limits: Limits = Limits()) -> Iterator[list[str]]:
    """The rows of the file, from its first; trailing empty cells are cut off, empty rows stay so that numbers agree.

    Raises Unreadable, at the latest when the offending row is reached.
    """
    kind = sniff(path, limits)
    rows = _workbook_rows(path, limits) if kind == "xlsx" else _text_rows(path, kind == "csv.gz", limits)
    with closing(rows):  # type: ignore[type-var]
        for number, row in enumerate(rows, 1):
            if number > limits.rows:
                raise Unreadable(TOO_MANY_ROWS, most=limits.rows)
            while row and not row[-1].strip():
                row.pop()
            if len(row) > limits.columns:
                raise Unreadable(TOO_MANY_COLUMNS, row=number, found=len(row), most=limits.columns)
            yield row


def sniff(path: Path, limits: Limits = Limits()) -> str:
    """`xlsx`, `csv.gz` or `csv`, by content. Raises Unreadable for anything else."""
    size = path.stat().st_size
    if size > limits.bytes:
        raise Unreadable(TOO_LARGE, most=limits.bytes // MEBIBYTE)
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise Unreadable(EMPTY_FILE)
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\x1f\x8b"):
        return "csv.gz"
    for magic, what in MAGIC:
        if head.startswith(magic):
            raise Unreadable(NOT_A_TABLE, kind=what)
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\x00" in head:
        raise Unreadable(NOT_A_TABLE, kind=Text("二进制文件", "a binary file"))
    if head.lstrip()[:5].lower() in (b"<html", b"<!doc", b"<?xml"):
        raise Unreadable(NOT_A_TABLE, kind=Text("网页", "a web page"))
    return "csv"


# --- text ----------------------------------------------------------------------------------------------------------


class _Bounded(BufferedIOBase):
    """Bytes of a stream, counted while they come: a small file can inflate to anything."""

    def __init__(self, inner: IO[bytes], most: int) -> None:
        self.inner, self.left, self.most = inner, most, most

    def readable(self) -> bool:
        return True

    def read1(self, size: int | None = -1) -> bytes:
        return self.read(size)

    def read(self, size: int | None = -1) -> bytes:
        part = self.inner.read(65536 if size is None or size < 0 else size)
        self.left -= len(part)
        if self.left < 0:
            raise Unreadable(TOO_LARGE, most=self.most // MEBIBYTE)
        return part


def _text_rows(path: Path, zipped: bool, limits: Limits) -> Iterator[list[str]]:
    opener = gzip.open if zipped else open
    try:
        with cast(IO[bytes], opener(path, "rb")) as file:
            sample = file.read(256 * 1024)
        if zipped and (
            not sample.strip() or (b"\x00" in sample[:4096] and not sample.startswith((b"\xff\xfe", b"\xfe\xff")))
        ):
            raise Unreadable(NOT_A_TABLE, kind=Text("压缩的二进制文件", "a compressed binary file"))
        encoding = _encoding(sample)
        with cast(IO[bytes], opener(path, "rb")) as file:
            # what does not decode becomes U+FFFD, which the cell's check reports at its own place
            stream = TextIOWrapper(_Bounded(file, limits.inflated_bytes), encoding, errors="replace", newline="")  # type: ignore[type-var]
            text = (line.replace("\x00", "") for line in stream)
            yield from csv.reader(text, delimiter=_delimiter(sample.decode(encoding, "replace")))
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(BROKEN, why=str(error) or "gzip") from error
    except csv.Error as error:
        raise Unreadable(BROKEN, why=str(error)) from error


def _encoding(sample: bytes) -> str:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    for encoding in ("utf-8", "gb18030"):
        try:
            sample[: _whole_lines(sample)].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8"


def _whole_lines(sample: bytes) -> int:
    """Where the last whole line of the sample ends, so that no character is cut in two."""
    return sample.rfind(b"\n") + 1 or len(sample)


def _delimiter(sample: str) -> str:
    """The separator that stands most often in the first line that has any, outside quotes."""
    for line in sample.splitlines()[:10]:
        outside = "".join(line.split('"')[::2])
        best = max(",\t;|", key=outside.count)
        if best in outside:
            return best
    return ","


# --- workbooks -----------------------------------------------------------------------------------------------------


def _workbook_rows(path: Path, limits: Limits) -> Iterator[list[str]]:
    """The first visible sheet that has anything, read by a child process into a file of JSON lines."""
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8", prefix="wanghuo-sheet-") as out:
        command = [sys.executable, "-m", "wanghuo.kernel.ledgers.workbook", str(path), out.name]
        command += [str(limits.rows), str(limits.columns), str(limits.inflated_bytes)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=CHILD_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Unreadable(BROKEN, why=f"> {CHILD_SECONDS} s") from None
        if done.returncode:
            _explain(done.stdout)
        for line in out:
            yield json.loads(line)


def _explain(answer: bytes) -> None:
    """Raise what the child said; a child that died says nothing."""
    reasons = {
        "rows": TOO_MANY_ROWS,
        "columns": TOO_MANY_COLUMNS,
        "bytes": TOO_LARGE,
        "broken": BROKEN,
        "other": NOT_A_TABLE,
    }
    try:
        said = json.loads(answer)
        text, known = reasons[said.pop("code")], said
    except (ValueError, KeyError, AttributeError):
        raise Unreadable(BROKEN, why="xlsx") from None
    if "kind" in known:
        known["kind"] = Text(*known["kind"])
    raise Unreadable(text, **known)
