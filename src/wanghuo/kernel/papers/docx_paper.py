"""A paper as a Word file: the same words as the print, read from the same body, in the same look. It bears no seal."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal

from docx.shared import Pt

from wanghuo.kernel.papers import word
from wanghuo.kernel.papers.models import OfficialPaper
from wanghuo.kernel.papers.rendering import Sheet, sheet_of

MARK_SIZES = {"fit-6": 54, "fit-9": 46, "fit-12": 35, "fit-16": 26.5, "fit-20": 21.5, "fit-26": 16.5}


@dataclass(slots=True)
class Block:
    """One piece of a body: a paragraph, a heading, or a table."""

    kind: Literal["p", "h2", "h3", "table"]
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads the small HTML that templates of papers make."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._open: Block | None = None

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("p", "h2", "h3", "table"):
            self._open = Block(tag)  # type: ignore[arg-type]
            self.blocks.append(self._open)
        elif tag == "tr" and self._open:
            self._open.rows.append([])
        elif tag in ("td", "th") and self._open:
            self._open.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "h2", "h3", "table"):
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is None:
            return
        if self._open.kind == "table":
            if self._open.rows and self._open.rows[-1]:
                self._open.rows[-1][-1] += data.strip()
        else:
            self._open.text += data


def blocks_of(html: str) -> list[Block]:
    """The pieces of a body, in order, without those that hold nothing."""
    reader = _Reader()
    reader.feed(html)
    for block in reader.blocks:
        block.text = " ".join(block.text.split())
    return [block for block in reader.blocks if block.text or block.rows]


def docx(paper: OfficialPaper) -> bytes:
    """The paper as a Word file."""
    sheet = sheet_of(paper)
    file = word.blank()
    _head(file, sheet)
    _body(file, sheet)
    _foot(file, sheet)
    return word.save(file, title=f"{sheet.number} {sheet.title}", author=sheet.issuer)


def _head(file: object, sheet: Sheet) -> None:
    size = MARK_SIZES[sheet.size]
    word.paragraph(
        file, sheet.mark, font=word.TITLE, size=size, align="center", color=word.RED, line=Pt(size * 1.3), before=60
    )
    if sheet.signer:
        number = word.paragraph(file, f"{sheet.number}\t签发人：{sheet.signer}", before=29)
        word.tab_stop(number, 150)
    else:
        align = "right" if sheet.kind.layout == "letter" else "center"
        number = word.paragraph(file, sheet.number, align=align, before=29)
    word.rule(number, color="D40000", points=2)
    for position, line in enumerate(sheet.title_lines):
        word.paragraph(
            file, line, font=word.TITLE, size=22, align="center", line=word.TITLE_LINE, before=0 if position else 43
        )
    if sheet.kind.layout != "minutes":
        word.paragraph(file, f"{sheet.to}：", before=29)


def _body(file: object, sheet: Sheet) -> None:
    for block in blocks_of(sheet.body):
        if block.kind == "table":
            word.table(file, block.rows)
        else:
            font = {"h2": word.HEITI, "h3": word.KAITI}.get(block.kind, word.FANGSONG)
            word.paragraph(file, block.text, font=font, indent=2)
    for number, name in enumerate(sheet.attachments, 1):
        lead = "附件：" if number == 1 else "　　　"
        count = f"{number}. " if len(sheet.attachments) > 1 else ""
        word.paragraph(file, f"{lead}{count}{name}", indent=2, before=29 if number == 1 else 0)
    word.paragraph(file, sheet.issuer, align="right", before=58, right=2)
    word.paragraph(file, sheet.dated, align="right", right=4)


def _foot(file: object, sheet: Sheet) -> None:
    copied = f"，{sheet.cc}" if sheet.cc else ""
    minutes = sheet.kind.layout == "minutes"
    line = f"分送：{sheet.to}{copied}。" if minutes else f"抄送：{sheet.cc}。" if sheet.cc else ""
    if line:
        made = word.paragraph(file, line, size=14, before=29)
        word.rule(made, edge="top")
    if sheet.kind.layout != "letter":
        made = word.paragraph(file, f"{sheet.issuer}\t{sheet.printed_on}印发", size=14)
        word.tab_stop(made, 155)
        word.rule(made, edge="top")
