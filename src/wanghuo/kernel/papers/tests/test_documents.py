"""Reports whose numbers lead to their source: the same words as page and as Word file, and links that are safe."""

from __future__ import annotations

import io

import docx as python_docx
import pytest

from wanghuo.kernel.papers.documents import Document, Run


def report() -> Document:
    made = Document("11月上半月消防安全工作情况", subtitle="普宁市消防安全委员会办公室")
    made.heading("一、总体情况")
    made.paragraph(
        "全市共接警 ",
        Run("46", url="/alarms?period=2026-11"),
        " 起，见",
        Run("通报", url="https://example.org/a"),
        "。",
    )
    return made.table(
        ("镇（街道）", "整改率"), [("赤岗镇", Run("96.2%", url="/hazards?region=445281102")), ("大坝镇", "—")]
    )


def test_words_are_the_same_and_every_number_leads_to_its_source() -> None:
    made = report()
    data = made.docx(base="https://fire.example/")
    file = python_docx.Document(io.BytesIO(data))
    lines = [p.text for p in file.paragraphs] + [c.text for t in file.tables for r in t.rows for c in r.cells]
    assert sorted(lines) == sorted("\n".join(made.text.split("\t")).split("\n"))
    links = {rel.target_ref for rel in file.part.rels.values() if rel.is_external}
    assert links == {
        "https://fire.example/alarms?period=2026-11",
        "https://fire.example/hazards?region=445281102",
        "https://example.org/a",
    }
    html = made.html()
    assert '<a href="/alarms?period=2026-11">46</a>' in html
    assert [run.text for run in made.links()] == ["46", "通报", "96.2%"]


def test_nothing_typed_becomes_markup_or_script() -> None:
    made = Document("<b>题</b>").paragraph(
        "<i>x</i>", Run("y", url="javascript:alert(1)"), Run("z", url="//evil.example")
    )
    assert "<b>" not in made.html()
    assert "<i>" not in made.html()
    assert "href" not in made.html()
    file = python_docx.Document(io.BytesIO(made.docx(base="https://fire.example")))
    assert not [rel for rel in file.part.rels.values() if rel.is_external]
    assert "\x0b" not in "".join(
        p.text for p in python_docx.Document(io.BytesIO(Document("a\x0bb\x00").docx())).paragraphs
    )


def test_a_table_is_whole() -> None:
    with pytest.raises(ValueError, match="cells"):
        Document("题").table(("甲", "乙"), [("1",)])
