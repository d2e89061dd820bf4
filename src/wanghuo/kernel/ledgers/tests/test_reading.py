"""Tables are read by content, within limits, and nothing but `Unreadable` ever comes out."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wanghuo.kernel.ledgers.reading import Limits, Unreadable, read_rows, sniff

ROWS = [["单位名称", "地址"], ["滨江商贸城", "青龙路 8 号"], ["云栖公寓", "南溪路, 2 号\n后座"]]


def as_csv(rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: list[list[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    return out.getvalue()


def put(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "table"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_of_chinese_tables_reads_the_same(tmp_path: Path, encoding: str) -> None:
    assert list(read_rows(put(tmp_path, as_csv(ROWS, encoding)))) == ROWS


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_separator_is_found(tmp_path: Path, delimiter: str) -> None:
    assert list(read_rows(put(tmp_path, as_csv(ROWS, delimiter=delimiter)))) == ROWS


def test_a_gzipped_table_and_a_workbook_read_like_the_plain_one(tmp_path: Path) -> None:
    assert list(read_rows(put(tmp_path, gzip.compress(as_csv(ROWS))))) == ROWS
    assert list(read_rows(put(tmp_path, as_xlsx(ROWS)))) == ROWS


def test_codes_and_days_in_a_workbook_stay_as_people_wrote_them(tmp_path: Path) -> None:
    rows = list(
        read_rows(put(tmp_path, as_xlsx([["code", "n", "yes"], [445281102, 1.5, True], [13812345678, 2.0, False]])))
    )
    assert rows[1:] == [["445281102", "1.5", "是"], ["13812345678", "2", "否"]]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    return out.getvalue()


def other_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    return out.getvalue()


NO_TABLES = {
    "empty": b"",
    "blank": b"  \n",
    "pdf": b"%PDF-1.7 ...",
    "png": b"\x89PNG\r\n",
    "old excel": b"\xd0\xcf\x11\xe0\xa1\xb1",
    "control characters": b"a,b\x00\x01\x02",
    "html": b"<html><body>",
    "broken zip": b"PK\x03\x04 not a zip",
    "cut gzip": gzip.compress(as_csv(ROWS))[:-12],
    "gzip of no text": gzip.compress(b"\x00\x01\x02" * 50),
    "zip bomb": bomb(),
    "another zip": other_zip(),
}


@pytest.mark.parametrize("data", NO_TABLES.values(), ids=NO_TABLES.keys())
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        list(read_rows(put(tmp_path, data)))
    assert refusal.value.message.zh
    assert refusal.value.message.en


def test_the_limits_hold(tmp_path: Path) -> None:
    many = put(tmp_path, as_csv([["x"]] * 50))
    with pytest.raises(Unreadable, match="10"):
        list(read_rows(many, Limits(rows=10)))
    with pytest.raises(Unreadable, match="2"):
        list(read_rows(put(tmp_path, as_csv([["a", "b"], ["a", "b", "c"]])), Limits(columns=2)))
    with pytest.raises(Unreadable):
        sniff(many, Limits(bytes=10))
    small = put(tmp_path, gzip.compress(b"x,y\n" * 1_000_000))
    with pytest.raises(Unreadable):
        list(read_rows(small, Limits(inflated_bytes=1_000_000, rows=10_000_000)))


def test_rows_before_the_limit_are_given_out_and_empty_rows_keep_their_numbers(tmp_path: Path) -> None:
    rows = read_rows(put(tmp_path, b"a\n\n\nb\n"))
    assert list(rows) == [["a"], [], [], ["b"]]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400).filter(lambda b: not b.startswith(b"PK\x03\x04")))
def test_no_bytes_crash_the_reader(tmp_path: Path, data: bytes) -> None:
    try:
        for row in read_rows(put(tmp_path, data)):
            assert all(isinstance(cell, str) for cell in row)
    except Unreadable:
        pass


# csv itself cannot tell a row of nothing from a row with one empty cell, and NUL is not text
cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)
tables = st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables)
def test_what_was_written_is_read_back_at_its_place(tmp_path: Path, rows: list[list[str]]) -> None:
    rows = [["标题", "二"], *rows]
    found = list(read_rows(put(tmp_path, b"\xef\xbb\xbf" + as_csv(rows))))
    assert len(found) == len(rows)
    for wrote, read in zip(rows, found, strict=True):
        assert read == wrote[: len(read)]
        assert not any(cell.strip() for cell in wrote[len(read) :])
