"""Documents become text; what cannot be read is named by a code."""

from __future__ import annotations

import io
import zipfile

import pytest

from wanghuo.engines.workplan.reading import LIMIT, NotReadable, read_document

WORDS = "2023年消防工作要点\n一、落实责任\n各部门要每季度研究一次。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_in_every_usual_encoding(encoding: str) -> None:
    assert read_document(WORDS.encode(encoding), name="要点.txt") == WORDS


def test_html_without_scripts_and_with_rows() -> None:
    page = "<!DOCTYPE html><html><head><script>var x = '一、';</script></head><body><p>一、落实责任</p><table><tr><td>序号</td><td>指标</td></tr></table></body></html>"
    assert read_document(page.encode(), name="page.html").split("\n") == ["一、落实责任", "| 序号 | 指标"]


def test_docx_with_its_tables_in_place() -> None:
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_paragraph("一、落实责任")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "序号", "指标"
    document.add_paragraph("二、保障措施")
    data = io.BytesIO()
    document.save(data)
    assert read_document(data.getvalue(), name="a.docx") == "一、落实责任\n| 序号 | 指标 |\n二、保障措施"


def zipped(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "workplan.empty"),
        (b" \r\n\t ", "workplan.empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "workplan.binary"),
        (bytes(range(1, 32)) * 40, "workplan.binary"),
        (zipped(a=b"x"), "workplan.binary"),
        (b"PK\x03\x04broken", "workplan.broken_file"),
        (b"%PDF-1.7\nbroken", "workplan.broken_file"),
        ("Ünïcödé text, ñot Chínésé áéíóú ".encode("latin-1") * 9, "workplan.wrong_encoding"),
        (b"<html><body><img src='a.png'></body></html>", "workplan.no_text"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, code: str) -> None:
    with pytest.raises(NotReadable) as caught:
        read_document(data, name="文件")
    assert caught.value.code == code
    assert "文件" in caught.value.message.zh


def test_fifty_megabytes_are_refused_before_they_are_read() -> None:
    with pytest.raises(NotReadable) as caught:
        read_document(b"a" * (LIMIT + 1), name="大文件.txt")
    assert caught.value.code == "workplan.too_large"
