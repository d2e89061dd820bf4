"""Zip-based files from strangers: the directory is judged before anything is inflated, and inflation counts.

    with GuardedZip(path) as archive:
        for chunk in archive.stream("xl/worksheets/sheet1.xml"): ...

Source: security 7. What the directory declares is only a first filter; the counted limit holds whatever was declared.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from wanghuo.base import Text
from wanghuo.kernel.files.errors import BadArchive

MEGABYTE = 1 << 20
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".jar")
_OFFICE = (".xlsx", ".xlsm", ".docx", ".docm", ".pptx", ".ofd")
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_SYMLINK = 0o120000

NOT_ZIP = Text("不是完整的压缩格式文件", "it is not a whole zip-based file")
MANY = Text("内含的部分太多", "it has too many parts")
DECLARED = Text("展开后太大", "it is too large once unpacked")
RATIO = Text("压缩率异常", "it is compressed beyond reason")
NESTED = Text("内含压缩文件", "it holds another archive")
PATHS = Text("内含不允许的路径", "it holds paths that are not allowed")
LOCKED = Text("有密码保护", "it is locked with a password")
METHOD = Text("压缩方法不受支持", "its compression method is not supported")
OVERLAP = Text("内部结构重叠", "its parts overlap")
LIAR = Text("实际内容比声明的大", "it holds more than it declares")


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """How much an archive may hold. `ratio`: inflated to packed size, of the whole and of every member above 1 MB."""

    members: int = 2000
    inflated_bytes: int = 200 * MEGABYTE
    ratio: int = 100
    directory_bytes: int = MEGABYTE


class GuardedZip:
    """An archive whose directory has been found harmless. Raises BadArchive with the reason, here and while reading."""

    def __init__(self, source: str | Path | IO[bytes], limits: ZipLimits | None = None) -> None:
        self.limits = limits or ZipLimits()
        self._own = isinstance(source, str | Path)
        opened = Path(source).open("rb") if isinstance(source, str | Path) else source  # noqa: SIM115 - closed by _close
        self._file: IO[bytes] = opened
        self._left = self.limits.inflated_bytes
        try:
            _directory_size(self._file, self.limits)
            self._zip = zipfile.ZipFile(self._file)
            _judge(self._zip, self._file.seek(0, 2), self.limits)
        except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OSError, EOFError):
            self._close()
            raise BadArchive(why=NOT_ZIP) from None
        except BadArchive:
            self._close()
            raise

    def __enter__(self) -> GuardedZip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._close()

    @property
    def names(self) -> list[str]:
        """The members, as the directory names them."""
        return self._zip.namelist()

    def stream(self, name: str, chunk_bytes: int = 1 << 16) -> Iterator[bytes]:
        """The content of a member, piece by piece. All that is read from this archive counts against one limit.

        Raises KeyError for a member that is not there.
        """
        info = self._zip.getinfo(name)
        seen = 0
        try:
            with self._zip.open(info) as member:
                while chunk := member.read(chunk_bytes):
                    seen += len(chunk)
                    self._left -= len(chunk)
                    if self._left < 0 or seen > info.file_size:
                        raise BadArchive(why=LIAR if seen > info.file_size else DECLARED)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
            raise BadArchive(why=NOT_ZIP) from None

    def read(self, name: str) -> bytes:
        """The whole content of a member."""
        return b"".join(self.stream(name))

    def _close(self) -> None:
        if self._own:
            self._file.close()


def inspect(source: str | Path | IO[bytes], limits: ZipLimits | None = None) -> list[str]:
    """Judge an archive by its directory alone, and give the names in it. Raises BadArchive."""
    with GuardedZip(source, limits) as archive:
        return archive.names


def _directory_size(file: IO[bytes], limits: ZipLimits) -> None:
    """Refuse a huge directory before it is read: a few megabytes of it become a gigabyte of objects."""
    size = file.seek(0, 2)
    tail_at = max(size - 65_557, 0)
    file.seek(tail_at)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise BadArchive(why=NOT_ZIP)
    members, directory = struct.unpack("<HL", tail[at + 10 : at + 16])
    if at >= 20 and tail[at - 20 : at - 16] == _LOCATOR:
        (where,) = struct.unpack("<Q", tail[at - 12 : at - 4])
        file.seek(min(where, size))
        record = file.read(56)
        if record[:4] != _END64:
            raise BadArchive(why=NOT_ZIP)
        members, directory = struct.unpack("<QQ", record[32:48])
    if members > limits.members or directory > limits.directory_bytes:
        raise BadArchive(why=MANY)
    file.seek(0)


def _judge(archive: zipfile.ZipFile, size: int, limits: ZipLimits) -> None:
    infos = archive.infolist()
    if len(infos) > limits.members:
        raise BadArchive(why=MANY)
    if sum(info.file_size for info in infos) > limits.inflated_bytes:
        raise BadArchive(why=DECLARED)
    if sum(info.file_size for info in infos) > limits.ratio * max(size, 1):
        raise BadArchive(why=RATIO)
    if len({info.filename for info in infos}) != len(infos):
        raise BadArchive(why=OVERLAP)
    end = 0
    for info in sorted(infos, key=lambda i: i.header_offset):
        _judge_member(info, limits)
        if info.header_offset < end:
            raise BadArchive(why=OVERLAP)
        end = info.header_offset + 30 + info.compress_size
    if end > size:
        raise BadArchive(why=NOT_ZIP)


def _judge_member(info: zipfile.ZipInfo, limits: ZipLimits) -> None:
    name = info.filename
    if info.flag_bits & 0x41:  # encrypted, or strongly so
        raise BadArchive(why=LOCKED)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadArchive(why=METHOD)
    raw = info.orig_filename
    parts = raw.replace("\\", "/").split("/")
    if raw.startswith(("/", "\\")) or ".." in parts or "\\" in raw or ":" in raw or "\0" in raw:
        raise BadArchive(why=PATHS)
    if info.external_attr >> 16 & 0o170000 == _SYMLINK:
        raise BadArchive(why=PATHS)
    if name.lower().endswith(_ARCHIVES + _OFFICE):
        raise BadArchive(why=NESTED)
    if info.file_size > MEGABYTE and info.file_size > limits.ratio * max(info.compress_size, 1):
        raise BadArchive(why=RATIO)
