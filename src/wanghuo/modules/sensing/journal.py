"""The journal: every frame that was acknowledged, in the order it was committed. The truth that all else is derived
from.

One SQLite file in WAL mode with `synchronous=FULL`: a commit that returned is on disk. A commit holds one batch as
one columnar
blob, since rows in a B-tree cost hundreds of times more than columns in a blob (docs/decisions/0080). Several gateway
processes may
write; SQLite lets one commit at a time, so batch ids grow in the order of the commits and a reader that follows them
misses
nothing. Nothing else in the platform knows the file's inside: a stream on other machines takes the place of `Writer` and `Reader` by
a setting (journals.py, journal_log.py).
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from struct import Struct
from typing import NamedTuple, Protocol
from zlib import crc32

from wanghuo.base import AppError, Text

FRAME, NOTE, MESSAGE = 0, 1, 2
"""Kinds of record: a GB/T 26875.3 frame as it came off the wire; a note of the gateway, as JSON (counters, duplicate
source, command sent); a message of any other protocol (`messages.pack_message`)."""

LOG_PAGES = 4000
"""Pages (16 MB) in the write-ahead log before they are copied back into the file."""

_MAGIC, _MAGIC_1 = b"WHJ2", b"WHJ1"
_HEAD = Struct(
    "<4sII"
)  # magic, records, checksum of all that follows, begun with the number of records (WHJ1: of the columns)
_COLUMNS = (("q", "received_us"), ("I", "link"), ("B", "trust"), ("B", "kind"), ("I", "length"))
_CHECK = ("I", "check")  # WHJ1 only, the last column: the checksum of each record
assert array("I").itemsize == 4, "the blob's columns are 32 and 64 bits wide"

_SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used twice, also after pruning: positions stay valid
  writer TEXT NOT NULL,
  records INTEGER NOT NULL,
  urgent INTEGER NOT NULL,
  last_us INTEGER NOT NULL,               -- receive time of the newest record, microseconds since 1970 UTC
  data BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS link (
  writer TEXT NOT NULL, id INTEGER NOT NULL, peer TEXT NOT NULL, opened_us INTEGER NOT NULL,
  PRIMARY KEY (writer, id)
) STRICT, WITHOUT ROWID;
"""
_INSERT = "INSERT INTO batch (writer, records, urgent, last_us, data) VALUES (?, ?, ?, ?, ?)"


class JournalDamaged(AppError):
    """A stored record is not what was written."""

    code = "sensing.journal_damaged"
    status = 500
    text = Text(
        "接收日志第 {batch} 批已损坏（{what}）；请用备份恢复，并运行 wanghuo journal check 查看范围。",
        "Batch {batch} of the journal is damaged ({what}); restore it from a backup; "
        "`wanghuo journal check` shows how far it goes.",
    )


class JournalBehind(AppError):
    """The records go further than the journal: it is another one, and its batches would be passed over as taken in already."""

    code = "sensing.journal_behind"
    status = 409
    text = Text(
        "接收日志只编到第 {last} 批，记录却已取到第 {through} 批：这不是原来的那份日志（更换了 WANGHUO_JOURNAL、文件丢失或由旧备份恢复），"
        "新报警会被当作已处理。请先停止网关，运行 wanghuo journal continue，再启动。",
        "The journal is numbered up to {last} only, the records were taken in up to {through}: it is another journal (WANGHUO_JOURNAL was "
        "changed, its file was lost or restored from an older backup), and new alarms would pass for old ones. Stop the gateways, run "
        "`wanghuo journal continue`, then start again.",
    )


class JournalAway(OSError):
    """The journal cannot be reached now; what was to be done may be done again later."""


class Record(NamedTuple):
    """One record. `received_us`: microseconds since 1970 UTC; `link`: the writer's number of the connection; `trust`:
    index into
    contracts.TRUSTS; `ref` finds the record again."""

    ref: str
    received_us: int
    link: int
    trust: int
    kind: int
    data: bytes


class Packable(Protocol):
    """Records ready to be committed. `last_us`: receive time of the newest."""

    @property
    def last_us(self) -> int: ...

    def __len__(self) -> int: ...

    def pack(self) -> bytes:
        """The blob of the batch."""


@dataclass(slots=True)
class Columns:
    """The records of one batch, column by column, as a writer gathers them."""

    received_us: list[int]
    link: list[int]
    trust: list[int]
    kind: list[int]
    data: list[bytes]

    @classmethod
    def empty(cls) -> Columns:
        return cls([], [], [], [], [])

    def add(self, received_us: int, link: int, trust: int, kind: int, data: bytes) -> None:
        """Append one record."""
        self.received_us.append(received_us)
        self.link.append(link)
        self.trust.append(trust)
        self.kind.append(kind)
        self.data.append(data)

    @property
    def last_us(self) -> int:
        """The receive time of the newest record."""
        return max(self.received_us)

    def pack(self) -> bytes:
        """The blob of the batch."""
        return pack(self)

    def __len__(self) -> int:
        return len(self.data)


class OpenedLink(NamedTuple):
    """A connection whose first record is in the batch: its number, peer address and when it was opened."""

    link: int
    peer: str
    opened_us: int


def pack(columns: Columns) -> bytes:
    """The blob of a batch: head, columns, then the records' bytes end to end, all under one checksum: a reader needs the whole
    batch or none of it, and a checksum for each short record takes three times as long (docs/decisions/0080)."""
    parts: dict[str, Sequence[int]] = {
        "received_us": columns.received_us,
        "link": columns.link,
        "trust": columns.trust,
        "kind": columns.kind,
        "length": [len(d) for d in columns.data],
    }
    table = (_little(array(code, parts[name])).tobytes() for code, name in _COLUMNS)
    body = b"".join((*table, *columns.data))
    return _HEAD.pack(_MAGIC, len(columns), crc32(body, len(columns))) + body


def _little(column: array[int]) -> array[int]:
    if sys.byteorder == "big":
        column.byteswap()
    return column


class Batch:
    """One commit, as read back. Iterating gives its records; the columns themselves are there for fast paths."""

    __slots__ = ("data", "id", "kind", "last_us", "length", "link", "received_us", "trust", "urgent", "writer")

    def __init__(self, id: int, writer: str, urgent: bool, last_us: int, blob: bytes) -> None:
        self.id, self.writer, self.urgent, self.last_us = id, writer, urgent, last_us
        magic, count, check = _HEAD.unpack_from(blob) if len(blob) >= _HEAD.size else (b"", 0, 0)
        layout = {_MAGIC: _COLUMNS, _MAGIC_1: (*_COLUMNS, _CHECK)}.get(magic, ())
        end = _HEAD.size + count * sum(array(code).itemsize for code, _ in layout)
        checked, begun = (len(blob), count) if magic == _MAGIC else (end, 0)
        if not layout or end > len(blob) or crc32(memoryview(blob)[_HEAD.size : checked], begun) != check:
            raise JournalDamaged(batch=id, what="columns")
        columns, at = {}, _HEAD.size
        for code, name in layout:
            column = array(code)
            column.frombytes(blob[at : at + count * column.itemsize])
            columns[name] = _little(column)
            at += count * column.itemsize
        self.received_us, self.link = columns["received_us"], columns["link"]
        self.trust, self.kind, self.length = columns["trust"], columns["kind"], columns["length"]
        ends = list(accumulate(self.length, initial=end))
        self.data = [blob[a:b] for a, b in pairwise(ends)]
        if ends[-1] != len(blob) or any(map(int.__ne__, map(crc32, self.data), columns.get("check", ()))):
            raise JournalDamaged(batch=id, what="records")

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Record]:
        rows = zip(self.received_us, self.link, self.trust, self.kind, self.data, strict=True)
        return (Record(f"{self.id}:{i}", *row) for i, row in enumerate(rows))

    def ref(self, index: int) -> str:
        """The reference of one record."""
        return f"{self.id}:{index}"


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    address = f"file:{path}?mode=ro" if read_only else str(path)
    connection = sqlite3.connect(
        address, uri=read_only, timeout=20, isolation_level=None, check_same_thread=False, cached_statements=32
    )
    if not read_only:
        connection.executescript(_SCHEMA)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    return connection


class Writer:
    """Commits batches. One object for each gateway process and thread; `writer` names the process's run.

    `checkpoints=False`: somebody else calls `Checkpointer.run` from time to time, so that no commit stops to do it.
    """

    def __init__(self, path: Path, writer: str, *, checkpoints: bool = True) -> None:
        self.path, self.writer, self.pages = path, writer, 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = _connect(path)
        if not checkpoints:
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES * 16}")  # a limit in any case

    def commit(self, columns: Packable, *, urgent: bool = False, opened: Sequence[OpenedLink] = ()) -> int:
        """Write one batch and wait until it is on disk; give its id. Raises sqlite3.OperationalError (disk full, I/O
        error), and
        then nothing was written and the batch may be committed again."""
        blob = columns.pack()
        row = (self.writer, len(columns), int(urgent), columns.last_us, blob)
        if not opened:  # one statement is a transaction of its own, and half the work of three
            cursor = self._connection.execute(_INSERT, row)
        else:
            cursor = self._commit_with(opened, row)
        self.pages += 3 + len(blob) // 4096  # of the write-ahead log, about
        return int(cursor.lastrowid or 0)

    def _commit_with(self, opened: Sequence[OpenedLink], row: tuple[object, ...]) -> sqlite3.Cursor:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for link in opened:
                execute("INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?)", (self.writer, *link))
            cursor = execute(_INSERT, row)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise
        return cursor

    def prune(self, *, before_us: int, through: int) -> int:
        """Delete batches received before `before_us`, but none after `through` (what every reader has taken). Gives
        how many."""
        deleted = 0
        while True:
            ids = "SELECT id FROM batch WHERE last_us < ? AND id <= ? ORDER BY id LIMIT 200"
            count = self._connection.execute(f"DELETE FROM batch WHERE id IN ({ids})", (before_us, through)).rowcount  # noqa: S608
            deleted += count
            if count < 200:
                break
        self._connection.execute("DELETE FROM link WHERE opened_us < ?", (before_us,))
        self._connection.execute("PRAGMA incremental_vacuum")
        return deleted

    def housekeeper(self) -> Checkpointer:
        """What copies the write-ahead log back, for a writer that was opened with `checkpoints=False`."""
        return Checkpointer(self)

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._connection.close()


class Housekeeper(Protocol):
    """Work on a journal that is done beside the commits, by a thread of its own."""

    def run(self) -> bool:
        """Do what is due; whether anything was."""

    def close(self) -> None:
        """End."""


class JournalWriter(Protocol):
    """What commits batches; see `Writer`."""

    writer: str

    def commit(self, columns: Packable, *, urgent: bool = False, opened: Sequence[OpenedLink] = ()) -> int:
        """Write one batch for good and give its id; sqlite3.Error or OSError, and it may be committed again."""

    def prune(self, *, before_us: int, through: int) -> int:
        """Delete what is older and has been taken."""

    def housekeeper(self) -> Housekeeper | None:
        """What must be run beside the commits, if anything."""

    def close(self) -> None:
        """End."""


class JournalReader(Protocol):
    """What reads batches; see `Reader`."""

    def after(self, position: int, *, batches: int = 64, records: int = 4000) -> list[Batch]: ...
    def first_since(self, received_us: int) -> int: ...
    def last(self) -> int: ...
    def lag(self, position: int) -> int: ...
    def record(self, ref: str) -> Record | None: ...
    def peer(self, writer: str, link: int) -> str: ...
    def check(self) -> Iterator[tuple[int, str]]: ...
    def size_bytes(self) -> int: ...
    def close(self) -> None: ...


def renumber(path: Path, after: int) -> None:
    """Let the batches of a file, and those to come, be numbered from `after` + 1 on, in their order."""
    with contextlib.closing(_connect(path)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE batch SET id = -(id + ?)", (after,))  # past the ids that are still in use
        connection.execute("UPDATE batch SET id = -id")
        if not connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'batch'", (after,)).rowcount:
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('batch', ?)", (after,))


class Checkpointer:
    """Copies the write-ahead log back into the file, beside the commits: most of it while they go on, the short rest
    and the return to the log's beginning between two of them. For a thread of its own."""

    def __init__(self, writer: Writer) -> None:
        self._writer, self._done_at = writer, 0
        self._connection = _connect(writer.path)
        self._connection.execute("PRAGMA busy_timeout = 50")  # while it waits for readers, commits wait for it

    def run(self) -> bool:
        """Copy the log back when the writer has put enough into it; whether it had."""
        pages = self._writer.pages
        if pages - self._done_at < LOG_PAGES:
            return False
        self._done_at = pages
        for way in ("PASSIVE", "RESTART"):
            self._connection.execute(f"PRAGMA wal_checkpoint({way})").fetchone()
        return True

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Reader:
    """Reads batches in the order of their commits. Cheap to open; never blocks a writer."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            Writer(path, "").close()
        self.path = path
        self._connection = _connect(path, read_only=True)
        self._peers: dict[tuple[str, int], str] = {}

    def after(self, position: int, *, batches: int = 64, records: int = 4000) -> list[Batch]:
        """The next batches after `position` (a batch id; 0 for the start), at most so many batches and about so many
        records.

        Raises JournalDamaged when a checksum does not fit.
        """
        found: list[Batch] = []
        rows = self._connection.execute(
            "SELECT id, writer, urgent, last_us, data FROM batch WHERE id > ? ORDER BY id LIMIT ?", (position, batches)
        )
        for id, writer, urgent, last_us, data in rows:
            found.append(Batch(id, writer, bool(urgent), last_us, data))
            records -= len(found[-1])
            if records <= 0:
                break
        rows.close()
        return found

    def first_since(self, received_us: int) -> int:
        """The position just before the first batch whose newest record was received at or after `received_us`."""
        row = self._connection.execute(
            "SELECT coalesce(max(id), 0) FROM batch WHERE id < "
            "coalesce((SELECT min(id) FROM batch WHERE last_us >= ?), 9223372036854775807)",
            (received_us,),
        ).fetchone()
        return int(row[0])

    def last(self) -> int:
        """The highest id that was given, also when its batch is pruned; 0 when none was."""
        row = self._connection.execute(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'batch'"
        ).fetchone()
        return int(row[0])

    def lag(self, position: int) -> int:
        """How many batches lie after `position`."""
        return int(self._connection.execute("SELECT count(*) FROM batch WHERE id > ?", (position,)).fetchone()[0])

    def record(self, ref: str) -> Record | None:
        """The record `ref` names; None when it was pruned or never was."""
        batch, _, index = ref.partition(":")
        if not (batch.isdecimal() and index.isdecimal()):
            return None
        found = self.after(int(batch) - 1, batches=1)
        if not found or found[0].id != int(batch) or int(index) >= len(found[0]):
            return None
        return next(r for i, r in enumerate(found[0]) if i == int(index))

    def peer(self, writer: str, link: int) -> str:
        """The peer address of a connection, "" when it is no longer known."""
        key = (writer, link)
        if key not in self._peers:
            row = self._connection.execute("SELECT peer FROM link WHERE writer = ? AND id = ?", key).fetchone()
            if len(self._peers) > 200_000:
                self._peers.clear()
            self._peers[key] = row[0] if row else ""
        return self._peers[key]

    def check(self) -> Iterator[tuple[int, str]]:
        """Look at everything: SQLite's own structure, then each batch's checksums. Gives (batch id, what is wrong)."""
        for (line,) in self._connection.execute("PRAGMA quick_check"):
            if line != "ok":
                yield 0, str(line)
        ids = [row[0] for row in self._connection.execute("SELECT id FROM batch ORDER BY id")]
        for id in ids:
            row = self._connection.execute(
                "SELECT writer, urgent, last_us, data, records FROM batch WHERE id = ?", (id,)
            )
            writer, urgent, last_us, data, records = row.fetchone()
            try:
                if len(Batch(id, writer, bool(urgent), last_us, data)) != records:
                    yield id, "count"
            except JournalDamaged as error:
                yield id, str(error.known["what"])

    def size_bytes(self) -> int:
        """Bytes the journal takes on disk, write-ahead log included."""
        names = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(name.stat().st_size for name in names if name.exists())

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
