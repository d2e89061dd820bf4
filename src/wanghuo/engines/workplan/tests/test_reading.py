"""Documents become text; what cannot be read is named by a code."""

from __future__ import annotations

import io

import pytest

from wanghuo.engines.workplan.reading import LIMIT, NotReadable, read_document
from wanghuo.engines.workplan.tests.malformed import MALFORMED, WORDS, Malformed


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


@pytest.mark.parametrize("bad", MALFORMED, ids=lambda bad: bad.name)
def test_what_cannot_be_read_says_why(bad: Malformed) -> None:
    with pytest.raises(NotReadable) as caught:
        read_document(bad.data, name=bad.name)
    assert caught.value.code == bad.code
    assert bad.name in caught.value.message.zh
    assert bad.name in caught.value.message.en


def test_text_cut_off_within_a_character_loses_only_that() -> None:
    assert read_document(WORDS.strip().encode()[:-4], name="文件.txt") == WORDS.strip()[:-2]


def test_fifty_megabytes_are_refused_before_they_are_read() -> None:
    with pytest.raises(NotReadable) as caught:
        read_document(b"a" * (LIMIT + 1), name="大文件.txt")
    assert caught.value.code == "workplan.too_large"
