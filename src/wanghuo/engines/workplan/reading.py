"""A document's bytes as text: plain text in UTF-8 or GB18030, docx, pdf with text, html."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser

from wanghuo.base import Invalid, Text

LIMIT = 20_000_000
_UNPACKED_LIMIT = 200_000_000
_TAKEN = Text("可用：txt、docx、带文字的 pdf、html。", "Taken are txt, docx, pdf with text, html.")


class NotReadable(Invalid):
    """The root of all that keeps a document from being read."""

    code = "workplan.not_readable"
    text = Text("无法读取“{name}”。", "“{name}” cannot be read.")


class EmptyDocument(NotReadable):
    """No bytes, or nothing but blanks."""

    code = "workplan.empty"
    text = Text("“{name}”是空的。", "“{name}” is empty.")


class BinaryDocument(NotReadable):
    """Not a kind of document that is known."""

    code = "workplan.binary"
    text = Text("“{name}”不是文字材料。" + _TAKEN.zh, "“{name}” is no text. " + _TAKEN.en)


class TooLarge(NotReadable):
    """More bytes than a paper ever has."""

    code = "workplan.too_large"
    text = Text(
        "“{name}”有 {size_mb:.1f} MB，上限 {limit_mb:.0f} MB。请只上传正文。",
        "“{name}” has {size_mb:.1f} MB; the limit is {limit_mb:.0f} MB. Upload the paper's text alone.",
    )


class WrongEncoding(NotReadable):
    """Text in neither UTF-8 nor GB18030."""

    code = "workplan.wrong_encoding"
    text = Text(
        "“{name}”的编码既不是 UTF-8 也不是 GB18030，请另存为 UTF-8。",
        "“{name}” is neither UTF-8 nor GB18030; save it as UTF-8.",
    )


class NoText(NotReadable):
    """A scanned pdf, or a document of pictures."""

    code = "workplan.no_text"
    text = Text(
        "“{name}”没有可提取的文字，可能是扫描件；请粘贴文字或上传带文字的版本。",
        "“{name}” holds no text that can be taken out, perhaps it was scanned; paste the text or upload a version with text.",
    )


class BrokenDocument(NotReadable):
    """A docx or pdf that cannot be opened."""

    code = "workplan.broken_file"
    text = Text("“{name}”已损坏，打不开。", "“{name}” is damaged and does not open.")


def read_document(data: bytes, *, name: str) -> str:
    """The text of a document. Its kind follows from its bytes; `name` only serves messages.

    Raises a NotReadable: EmptyDocument, TooLarge, BinaryDocument, WrongEncoding, NoText or BrokenDocument.
    """
    if len(data) > LIMIT:
        raise TooLarge(name=name, size_mb=len(data) / 1e6, limit_mb=LIMIT / 1e6)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise EmptyDocument(name=name)
    if data.startswith(b"%PDF"):
        return _checked(_opened(_pdf, data, name), name)
    if data.startswith(b"PK\x03\x04"):
        return _checked(_opened(_docx, data, name), name)
    text = _decoded(data, name)
    if re.match(
        r"\s*(?:<!doctype html|<html|<\?xml[^>]*>\s*<html|<(?:head|body|div|p|meta|table|article)[\s>])",
        text,
        re.IGNORECASE,
    ):
        return _checked(_html(text), name)
    if not text.strip():
        raise EmptyDocument(name=name)
    return text


def _checked(text: str, name: str) -> str:
    if not text.strip():
        raise NoText(name=name)
    return text


def _opened(read: Callable[[bytes, str], str], data: bytes, name: str) -> str:
    """Run a reader of a foreign format: whatever it raises on hostile bytes means that the file is broken."""
    try:
        return read(data, name)
    except NotReadable:
        raise
    except Exception as error:
        raise BrokenDocument(name=name) from error


def _decoded(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise WrongEncoding(name=name) from None
    if b"\x00" in data[:4096] or _is_binary(data[:4096]):
        raise BinaryDocument(name=name)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030" and not _reads_chinese(text):
            break
        return text
    raise WrongEncoding(name=name)


def _is_binary(head: bytes) -> bool:
    control = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\f\x1b")
    return control > len(head) * 0.02


def _reads_chinese(text: str) -> bool:
    """Whether what came out of GB18030 is Chinese: almost any bytes decode, but not to common characters."""
    letters = [char for char in text[:20_000] if ord(char) > 0x7F]
    common = sum(
        1 for char in letters if "\u4e00" <= char <= "\u9fff" or char in "、。，：；“”《》（）〔〕！？—…·　﹒．①②③④⑤％"
    )
    return not letters or common >= 0.8 * len(letters)


def _docx(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "word/document.xml" not in archive.namelist():
            raise BinaryDocument(name=name)
        if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED_LIMIT:
            raise TooLarge(name=name, size_mb=_UNPACKED_LIMIT / 1e6, limit_mb=LIMIT / 1e6)
    import docx
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    lines: list[str] = []
    for block in docx.Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(block, Paragraph):
            lines.append(block.text)
        elif isinstance(block, Table):
            lines += ["| " + " | ".join(_cells(row.cells)) + " |" for row in block.rows]
    return "\n".join(lines)


def _cells(cells: tuple[object, ...]) -> list[str]:
    """The texts of a row; a merged cell comes once."""
    texts: list[str] = []
    seen: list[object] = []
    for cell in cells:
        element = getattr(cell, "_tc", cell)
        if element not in seen:
            seen.append(element)
            texts.append(" ".join(str(getattr(cell, "text", "")).split()))
    return texts


def _pdf(data: bytes, _name: str) -> str:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as pdf:
        return "\n".join(page.extract_text() or "" for page in pdf.pages[:500])


class _Words(HTMLParser):
    """The words of a page, a line for each block, cells of a row parted by |."""

    _BLOCKS = frozenset(
        (
            "p",
            "div",
            "br",
            "li",
            "tr",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "table",
            "ul",
            "ol",
            "section",
            "article",
            "title",
        )
    )
    _SKIPPED = frozenset(("script", "style", "noscript", "template", "svg"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._SKIPPED:
            self._skipping += 1
        elif tag in self._BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" | ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif tag in self._BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.parts.append(re.sub(r"\s*\n\s*", " ", data))


def _html(text: str) -> str:
    parser = _Words()
    parser.feed(text)
    parser.close()
    return re.sub(r"\n\s*\n\s*", "\n", "".join(parser.parts)).strip()
