"""Files that are no papers, as offices send them: each with the code it must be refused by, by command and in the browser."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

WORDS = "2023年消防工作要点\n一、落实责任\n各部门要每季度研究一次。\n"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A file and why it cannot be read."""

    name: str
    data: bytes
    code: str


def zipped(**files: bytes) -> bytes:
    """An archive of the named files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def scanned_pdf() -> bytes:
    """A pdf whose one page is a picture."""
    picture = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>"
    drawn = b"q 595 0 0 842 0 0 cm /P Do Q"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</XObject<</P 4 0 R>>>>>>",
        picture + b"stream\n\x80\nendstream",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
    )
    data, at = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        at.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in at)
    return data + table + b"trailer\n<</Root 1 0 R/Size 6>>\nstartxref\n%d\n%%%%EOF\n" % len(data)


def locked_pdf() -> bytes:
    """A pdf that no empty password opens."""
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    lock = b"<</Filter/Standard/V 1/R 2/P -4/O <" + b"11" * 32 + b">/U <" + b"22" * 32 + b">>>"
    return body + b"trailer<</Root 1 0 R/Size 3/ID[<00><00>]/Encrypt " + lock + b">>\nstartxref\n0\n%%EOF\n"


def cut_docx() -> bytes:
    """The first half of a document that was whole."""
    import docx

    data = io.BytesIO()
    docx.Document().save(data)
    return data.getvalue()[: len(data.getvalue()) // 2]


BIG5 = "各部門要每季度研究一次消防工作，落實責任。\n"
JAPANESE = "消防計画に基づき、各部門は四半期ごとに検討する。\n"
LATIN = "Ünïcödé text, ñot Chínésé áéíóú "
DAMAGED = WORDS.encode().replace("责任".encode(), b"\xe8\xb4\xff")

MALFORMED = (
    Malformed("空.txt", b"", "workplan.empty"),
    Malformed("空白.txt", b" \r\n\t ", "workplan.empty"),
    Malformed("照片.txt", b"\x89PNG\r\n\x1a\n" + bytes(200), "workplan.binary"),
    Malformed("程序.txt", bytes(range(1, 32)) * 40, "workplan.binary"),
    Malformed("压缩包.docx", zipped(a=b"x"), "workplan.binary"),
    Malformed("损坏.docx", b"PK\x03\x04broken", "workplan.broken_file"),
    Malformed("半份.docx", cut_docx(), "workplan.broken_file"),
    Malformed("损坏.pdf", b"%PDF-1.7\nbroken", "workplan.broken_file"),
    Malformed("扫描件.pdf", scanned_pdf(), "workplan.no_text"),
    Malformed("加密.pdf", locked_pdf(), "workplan.locked"),
    Malformed("旧版.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workplan.old_format"),
    Malformed("两种编码.txt", WORDS.encode() + WORDS.encode("gb18030"), "workplan.mixed_encoding"),
    Malformed("多数国标.txt", WORDS.encode("gb18030") * 9 + WORDS.encode(), "workplan.mixed_encoding"),
    Malformed("坏字节.txt", DAMAGED, "workplan.mixed_encoding"),
    Malformed("繁体.txt", BIG5.encode("big5") * 9, "workplan.wrong_encoding"),
    Malformed("日文.txt", JAPANESE.encode("shift_jis") * 9, "workplan.wrong_encoding"),
    Malformed("西文.txt", LATIN.encode("latin-1") * 9, "workplan.wrong_encoding"),
    Malformed("图片页.html", b"<html><body><img src='a.png'></body></html>", "workplan.no_text"),
)
