"""Building blocks of Word files in the look of official papers, for papers and reports alike (python-docx).

Faces are the trade's own (仿宋_GB2312 and its like), which every office has; nothing is embedded.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from docx import Document as new_file
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

FANGSONG, HEITI, KAITI, TITLE, SONGTI = "仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体", "宋体"
LINE, TITLE_LINE = Pt(28.95), Pt(34)
RED = RGBColor(0xD4, 0x00, 0x00)
ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}
# what XML 1.0 cannot hold
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def blank() -> Any:
    """A new file on A4 with the margins and the page numbers of GB/T 9704."""
    file = new_file()
    section = file.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    style = file.styles["Normal"]
    style.font.name, style.font.size = FANGSONG, Pt(16)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FANGSONG)
    _page_number(section.footer.paragraphs[0])
    return file


def _page_number(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for text in ("— ", None, " —"):
        run = paragraph.add_run(text or "")
        face(run, SONGTI, 14)
        if text is None:
            for kind, words in (("begin", ""), ("", "PAGE"), ("end", "")):
                node = OxmlElement("w:fldChar" if kind else "w:instrText")
                if kind:
                    node.set(qn("w:fldCharType"), kind)
                else:
                    node.text = words
                run._r.append(node)


def face(run: Any, name: str, size: float, *, bold: bool = False, color: Any = None) -> Any:
    """Set a run in a face, for Chinese and Latin letters alike."""
    run.font.name, run.font.size, run.font.bold = name, Pt(size), bold
    run._r.get_or_add_rPr().rFonts.set(qn("w:eastAsia"), name)
    if color is not None:
        run.font.color.rgb = color
    return run


def paragraph(
    file: Any,
    text: str = "",
    *,
    font: str = FANGSONG,
    size: float = 16,
    align: str = "left",
    indent: float = 0,
    bold: bool = False,
    color: Any = None,
    line: Any = LINE,
    before: float = 0,
    right: float = 0,
) -> Any:
    """A paragraph; `indent`: of the first line, in characters of `size`; `before`: space above in points; `right` in characters."""
    made = file.add_paragraph()
    shape = made.paragraph_format
    made.alignment = ALIGN[align]
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, line
    shape.space_before, shape.space_after = Pt(before), Pt(0)
    shape.first_line_indent, shape.right_indent = Pt(indent * size), Pt(right * size)
    if text:
        face(made.add_run(writable(text)), font, size, bold=bold, color=color)
    return made


def writable(text: str) -> str:
    """Text without the characters that a Word file cannot hold."""
    return _UNWRITABLE.sub("", text)


def link(made: Any, text: str, url: str, *, size: float = 16) -> None:
    """Add a run that leads to `url`."""
    key = made.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    anchor = OxmlElement("w:hyperlink")
    anchor.set(qn("r:id"), key)
    run = face(made.add_run(writable(text)), FANGSONG, size, color=RGBColor(0x1F, 0x4E, 0x9E))
    run.font.underline = True
    anchor.append(run._r)
    made._p.append(anchor)


def rule(made: Any, *, color: str = "000000", points: float = 1.0, edge: str = "bottom") -> None:
    """A line under (or above) a paragraph."""
    borders = OxmlElement("w:pBdr")
    line = OxmlElement(f"w:{edge}")
    for name, value in (("val", "single"), ("sz", str(int(points * 8))), ("space", "1"), ("color", color)):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    made._p.get_or_add_pPr().append(borders)


def table(file: Any, rows: Sequence[Sequence[Any]], fill: Any = None) -> Any:
    """A table with a head that repeats on each page and rows that are not cut. `fill(paragraph, cell)` writes one cell."""
    made = file.add_table(rows=0, cols=max(map(len, rows)))
    made.style, made.alignment = "Table Grid", WD_TABLE_ALIGNMENT.CENTER
    for number, row in enumerate(rows):
        cells = made.add_row().cells
        for cell, value in zip(cells, row, strict=False):
            at = cell.paragraphs[0]
            at.alignment = WD_ALIGN_PARAGRAPH.CENTER
            if fill is not None:
                fill(at, value)
            else:
                face(at.add_run(writable(str(value))), HEITI if number == 0 else FANGSONG, 12)
        shape = made.rows[-1]._tr.get_or_add_trPr()
        shape.append(OxmlElement("w:cantSplit"))
        if number == 0:
            shape.append(OxmlElement("w:tblHeader"))
    return made


def tab_stop(made: Any, at_mm: float) -> None:
    """A right-hand tab stop, for lines with something at both ends."""
    from docx.enum.text import WD_TAB_ALIGNMENT

    made.paragraph_format.tab_stops.add_tab_stop(Mm(at_mm), WD_TAB_ALIGNMENT.RIGHT)


def save(file: Any, *, title: str = "", author: str = "") -> bytes:
    """The file's bytes."""
    file.core_properties.title, file.core_properties.author = writable(title)[:250], writable(author)[:250]
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def texts(data: bytes) -> Iterable[str]:
    """Every text of a Word file, paragraphs first, then the cells of tables: for tests and comparisons."""
    file = new_file(io.BytesIO(data))
    yield from (p.text for p in file.paragraphs)
    yield from (cell.text for one in file.tables for row in one.rows for cell in row.cells)
