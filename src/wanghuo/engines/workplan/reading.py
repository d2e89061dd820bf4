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
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TELLING = 3  # Chinese characters in a line that tell its encoding
_MARKS = frozenset("、。，：；“”《》（）〔〕！？—…·　﹒．①②③④⑤％")
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


class MixedEncoding(NotReadable):
    """Some lines in UTF-8 and some not: pasted together by a program, or with damaged bytes."""

    code = "workplan.mixed_encoding"
    text = Text(
        "“{name}”混有两种编码或损坏的字节（第 {line} 行与其他行不同），请在编辑软件中另存为 UTF-8。",
        "“{name}” mixes two encodings or holds damaged bytes (line {line} differs from the others); save it as UTF-8.",
    )


class OldFormat(NotReadable):
    """What Word wrote before 2007, and what it still writes around a document with a password."""

    code = "workplan.old_format"
    text = Text(
        "“{name}”是旧版 Word（doc）格式，或有密码保护；请另存为不加密的 docx。",
        "“{name}” is in the old Word format (doc), or locked with a password; save it as docx without one.",
    )


class Locked(NotReadable):
    """A pdf that asks for a password."""

    code = "workplan.locked"
    text = Text(
        "“{name}”有密码保护，请上传不加密的版本。", "“{name}” is locked with a password; upload it without one."
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


def check_size(size: int, *, name: str) -> None:
    """Refuse more bytes than a paper has, before any is read. Raises TooLarge."""
    if size > LIMIT:
        raise TooLarge(name=name, size_mb=size / 1e6, limit_mb=LIMIT / 1e6)


def read_document(data: bytes, *, name: str) -> str:
    """The text of a document. Its kind follows from its bytes; `name` only serves messages.

    Raises a NotReadable: EmptyDocument, TooLarge, BinaryDocument, OldFormat, Locked, WrongEncoding, MixedEncoding, NoText
    or BrokenDocument.
    """
    check_size(len(data), name=name)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise EmptyDocument(name=name)
    if data.startswith(b"%PDF"):
        return _checked(_opened(_pdf, data, name), name)
    if data.startswith(_OLE):
        raise OldFormat(name=name)
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
        if "Password" in repr(error):
            raise Locked(name=name) from None
        raise BrokenDocument(name=name) from error


def _decoded(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise WrongEncoding(name=name) from None
    if b"\x00" in data[:4096] or _is_binary(data[:4096]):
        raise BinaryDocument(name=name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end == len(data) and error.reason == "unexpected end of data" and error.start > 0:
            return data[: error.start].decode("utf-8-sig")  # cut off within its last character
    odd = _odd_line(data)
    if odd:
        raise MixedEncoding(name=name, line=odd)
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        raise WrongEncoding(name=name) from None
    if not _reads_chinese(text):
        raise WrongEncoding(name=name)
    return text


def _odd_line(data: bytes) -> int:
    """The first line that is not in the encoding of the line before it, where some are UTF-8 and some are not; else 0.

    A line counts as UTF-8 when it holds several Chinese characters so written: GB18030 hardly ever looks like that.
    """
    before = None
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.isascii():
            continue
        try:
            chinese = sum("\u3000" <= char <= "\u9fff" for char in line.decode("utf-8"))
            written = "utf-8" if chinese >= _TELLING else None
        except UnicodeDecodeError:
            written = "other"
        if written and before and written != before:
            return number
        before = written or before
    return 0


def _is_binary(head: bytes) -> bool:
    control = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\f\x1b")
    return control > len(head) * 0.02


def _reads_chinese(text: str) -> bool:
    """Whether what came out of GB18030 is Chinese: almost any bytes decode, but not to what people write.

    Of the characters at least four in five must be Chinese ones or their punctuation, and of the Chinese ones at least
    seven in ten must be of the 3,755 in common use (GB/T 2312, level 1): text in Big5 or Shift_JIS falls short.
    """
    letters = [char for char in text[:20_000] if ord(char) > 0x7F]
    chinese = [char for char in letters if "\u4e00" <= char <= "\u9fff"]
    marks = sum(char in _MARKS for char in letters)
    if len(chinese) + marks < 0.8 * len(letters):
        return False
    return sum(map(_in_common_use, chinese)) >= 0.7 * len(chinese)


def _in_common_use(char: str) -> bool:
    row = char.encode("gb2312", "ignore")[:1]
    return b"\xb0" <= row <= b"\xd7"


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
