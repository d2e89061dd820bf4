"""Which files are taken: by extension and content together. What is not in the table is refused."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import filetype  # type: ignore[import-untyped]

from wanghuo.base import Text
from wanghuo.kernel.files.errors import BadArchive, ContentMismatch, HasMacros, KindNotAllowed
from wanghuo.kernel.files.zipguard import inspect

MEGABYTE = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what Office wrote before 2007, and still writes around a locked file
OLD_OR_LOCKED = Text("是旧版格式，或有密码保护", "it is in an old format, or locked with a password")
_MARKUP = re.compile(rb"<\s*(!doctype|html|script|svg|\?xml|iframe|body|head)", re.IGNORECASE)
# C0 and C1 controls, and the marks that turn the direction of text: exe.gpj shown as jpg.exe
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: media type, largest size, and what its content looks like."""

    media_type: str
    limit_mb: int
    content: str  # image, pdf, video, office, text
    part: str = ""  # for office files: the part that only this kind has

    @property
    def limit_bytes(self) -> int:
        """The largest size."""
        return self.limit_mb * MEGABYTE


_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS = {
    "jpg": Kind("image/jpeg", 20, "image"),
    "jpeg": Kind("image/jpeg", 20, "image"),
    "png": Kind("image/png", 20, "image"),
    "webp": Kind("image/webp", 20, "image"),
    "pdf": Kind("application/pdf", 50, "pdf"),
    "mp4": Kind("video/mp4", 200, "video"),
    "xlsx": Kind(f"{_OFFICE}spreadsheetml.sheet", 50, "office", "xl/workbook.xml"),
    "docx": Kind(f"{_OFFICE}wordprocessingml.document", 50, "office", "word/document.xml"),
    "ofd": Kind("application/ofd", 50, "office", "OFD.xml"),
    "csv": Kind("text/csv", 50, "text"),
    "txt": Kind("text/plain", 20, "text"),
}


def clean_name(name: str) -> str:
    """A user's file name as text to show: no folders, no unseen characters, at most 120 characters, extension kept."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", str(name)).encode("utf-8", "replace").decode())[-1]
    kept = _UNSEEN.sub("", last).strip(" .")
    stem, dot, extension = kept.rpartition(".")
    if dot and len(kept) > 120:
        return f"{stem[: 119 - len(extension[:10])]}.{extension[:10]}"
    return kept[:120] or "file"


def kind_of_name(name: str) -> Kind:
    """The kind that the extension claims. Raises KindNotAllowed."""
    kind = KINDS.get(name.rpartition(".")[2].lower()) if "." in name else None
    if kind is None:
        raise KindNotAllowed(name=name, allowed=" ".join(sorted(k for k in KINDS if k != "jpeg")))
    return kind


def confirm(path: Path, kind: Kind, name: str) -> None:
    """Whether the content is what the extension claims. Raises ContentMismatch, HasMacros, BadArchive."""
    if kind.content == "office":
        _confirm_office(path, kind, name)
        return
    head = _head(path, 65_536)
    if not (_is_text(head) if kind.content == "text" else _media_type(head) == kind.media_type):
        raise ContentMismatch(name=name, expected=name.rpartition(".")[2].upper())


def _confirm_office(path: Path, kind: Kind, name: str) -> None:
    if _head(path, 8) == _OLE:
        raise BadArchive(why=OLD_OR_LOCKED)
    names = inspect(path)
    if kind.part not in names:
        raise ContentMismatch(name=name, expected=name.rpartition(".")[2].upper())
    if any(n.lower().endswith(("vbaproject.bin", "vbadata.xml")) for n in names):
        raise HasMacros(name=name)


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _media_type(head: bytes) -> str:
    found = filetype.guess(head[:8192])
    return found.mime if found is not None else ""


def _is_text(head: bytes) -> bool:
    """Text in UTF-8, UTF-16 with its mark, or GB 18030, that no browser would take for markup."""
    if _MARKUP.search(head[:4096]) or _media_type(head):
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return b"<\x00" not in head[:4096]
    if b"\0" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head[: -4 if len(head) == 65_536 else None].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start > len(head) - 12:
                return True  # a character cut at the end of what was read
        else:
            return True
    return False
