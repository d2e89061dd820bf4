"""Archives built to harm: judged from their directory, or stopped while they inflate."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile

import pytest

from wanghuo.kernel.files import zipguard
from wanghuo.kernel.files.errors import BadArchive
from wanghuo.kernel.files.testing import WORKBOOK, office
from wanghuo.kernel.files.zipguard import GuardedZip, ZipLimits, inspect


def opened(content: bytes, limits: ZipLimits | None = None) -> list[str]:
    return inspect(io.BytesIO(content), limits)


def declared(content: bytes, old: int, new: int) -> bytes:
    """The archive with a size changed wherever it is declared."""
    return content.replace(struct.pack("<L", old), struct.pack("<L", new))


def test_a_good_workbook_reads_whole() -> None:
    with GuardedZip(io.BytesIO(office(WORKBOOK).read())) as archive:
        assert archive.read("xl/workbook.xml") == b"<workbook/>"
        with pytest.raises(KeyError):
            archive.read("xl/absent.xml")


def flagged(bit: int) -> bytes:
    content = bytearray(office(WORKBOOK).read())
    at = content.rfind(b"PK\x01\x02")
    content[at + 8] |= bit
    return bytes(content)


def symlink() -> bytes:
    file, info = io.BytesIO(), zipfile.ZipInfo("xl/link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def overlapping() -> bytes:
    """Two directory entries for the same bytes, as a quine bomb has."""
    content = bytearray(office({"a.xml": b"1" * 100, "b.xml": b"1" * 100}).read())
    second = content.rfind(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<L", 0)
    return bytes(content)


def bzip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.xml", b"x" * 100)
    return file.getvalue()


CASES = [
    (b"", zipguard.NOT_ZIP),
    (b"PK\x05\x06", zipguard.NOT_ZIP),
    (b"not a zip" * 100, zipguard.NOT_ZIP),
    (office(WORKBOOK).read()[:-30], zipguard.NOT_ZIP),
    (office({f"{n}.xml": b"" for n in range(2001)}).read(), zipguard.MANY),
    (office({"a.xml": b"0" * 20_000_000}).read(), zipguard.RATIO),
    (office({"a.xml": b"0" * 220_000_000}).read(), zipguard.DECLARED),
    (office({"..": b""}).read(), zipguard.PATHS),
    (office({"a/../../b": b""}).read(), zipguard.PATHS),
    (office({"/etc/passwd": b""}).read(), zipguard.PATHS),
    (office({"a\\b": b""}).read(), zipguard.PATHS),
    (office({"c:x": b""}).read(), zipguard.PATHS),
    (symlink(), zipguard.PATHS),
    (office({"x/inner.ZIP": b""}).read(), zipguard.NESTED),
    (office({"xl/embeddings/book.xlsx": b""}).read(), zipguard.NESTED),
    (flagged(1), zipguard.LOCKED),
    (overlapping(), zipguard.OVERLAP),
    (bzip(), zipguard.METHOD),
]


@pytest.mark.parametrize(("content", "why"), CASES, ids=[f"{n}-{why.en}" for n, (_, why) in enumerate(CASES)])
def test_the_directory_gives_it_away(content, why) -> None:
    with pytest.raises(BadArchive) as refused:
        opened(content)
    assert refused.value.known["why"] == why


def test_inflation_stops_at_the_limit_whatever_is_declared() -> None:
    """20 MB that declare 1,000 bytes: the directory is believed by nobody."""
    content = declared(office({"a.xml": b"0" * 20_000_000}).read(), 20_000_000, 1000)
    tracemalloc.start()
    try:
        with GuardedZip(io.BytesIO(content)) as archive, pytest.raises(BadArchive):
            archive.read("a.xml")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_all_members_count_against_one_limit() -> None:
    content = office({"a.xml": b"0123456789" * 50, "b.xml": b"0123456789" * 50}).read()
    with GuardedZip(io.BytesIO(content), ZipLimits(inflated_bytes=1200)) as archive:
        archive.read("a.xml")
        archive.read("b.xml")
        with pytest.raises(BadArchive):
            archive.read("a.xml")


def test_a_huge_directory_is_refused_before_it_is_read() -> None:
    content = office({f"{n:0200d}.xml": b"" for n in range(30_000)}).read()
    tracemalloc.start()
    try:
        with pytest.raises(BadArchive) as refused:
            opened(content)
        assert refused.value.known["why"] == zipguard.MANY
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_a_zip64_end_is_read_too() -> None:
    """Some spreadsheet programs write the 64-bit end record even for small files."""
    content = office(WORKBOOK).read()
    end = content.rfind(b"PK\x05\x06")
    members, size, offset = struct.unpack("<HLL", content[end + 10 : end + 20])
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, members, members, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    tail = bytearray(content[end:])
    tail[8:20] = struct.pack("<HHLL", 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    assert opened(content[:end] + record + locator + bytes(tail)) == list(WORKBOOK)
    lying = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, size, offset)
    with pytest.raises(BadArchive):
        opened(content[:end] + lying + locator + bytes(tail))


def test_a_damaged_member_is_named_as_such() -> None:
    content = bytearray(office({"a.xml": bytes(range(256)) * 40}).read())
    content[60] ^= 0xFF
    with GuardedZip(io.BytesIO(bytes(content))) as archive, pytest.raises(BadArchive):
        archive.read("a.xml")
