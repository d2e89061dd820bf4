"""The journal: what was committed is read back as it was, in order; damage is found; pruning keeps positions valid."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from zlib import crc32

import pytest

from wanghuo.entrypoints.cli.main import main
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.modules.sensing.ingest import Ingest
from wanghuo.modules.sensing.journal import (
    Batch,
    Checkpointer,
    Columns,
    JournalBehind,
    JournalDamaged,
    OpenedLink,
    Reader,
    Writer,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite3"


def columns(*frames: bytes, at: int = 1_000_000) -> Columns:
    made = Columns.empty()
    for n, frame in enumerate(frames):
        made.add(at + n, 7, n % 2, 0, frame)
    return made


def test_records_come_back_as_they_were(path) -> None:
    writer = Writer(path, "a")
    first = writer.commit(columns(b"one", b"", b"three"), urgent=True, opened=[OpenedLink(7, "10.0.0.9:5000", 1)])
    second = writer.commit(columns(b"four"))
    reader = Reader(path)
    batches = reader.after(0)
    assert [b.id for b in batches] == [first, second]
    assert [r.data for b in batches for r in b] == [b"one", b"", b"three", b"four"]
    assert [(r.received_us, r.link, r.trust) for r in batches[0]][2] == (1_000_002, 7, 0)
    assert (batches[0].urgent, batches[1].urgent) == (True, False)
    assert reader.peer("a", 7) == "10.0.0.9:5000"
    assert reader.record(f"{first}:2").data == b"three"
    assert reader.record(f"{first}:3") is None
    assert reader.record("nonsense") is None
    assert reader.after(second) == []
    assert list(reader.check()) == []


def test_two_writers_share_one_order(path) -> None:
    a, b = Writer(path, "a"), Writer(path, "b")
    ids = [writer.commit(columns(b"x")) for writer in (a, b, a, b)]
    assert ids == sorted(ids)
    assert [batch.writer for batch in Reader(path).after(0)] == ["a", "b", "a", "b"]


@pytest.mark.parametrize("offset", [-1, 20, 2])
def test_a_flipped_bit_is_found(path, offset) -> None:
    Writer(path, "a").commit(columns(b"a frame of some length", b"another"))
    with closing(sqlite3.connect(path)) as connection, connection:
        (blob,) = connection.execute("SELECT data FROM batch").fetchone()
        spoiled = bytearray(blob)
        spoiled[offset] ^= 0x10
        connection.execute("UPDATE batch SET data = ?", (bytes(spoiled),))
    reader = Reader(path)
    with pytest.raises(JournalDamaged):
        reader.after(0)
    assert len(list(reader.check())) == 1


def whj1(*frames: bytes) -> bytes:
    """A batch as it was written until WHJ2: a checksum of the columns, and one of each record."""
    n = len(frames)
    table = struct.pack(f"<{n}q{n}I", *range(n), *([7] * n)) + bytes(2 * n)
    table += struct.pack(f"<{n}I{n}I", *map(len, frames), *map(crc32, frames))
    return struct.pack("<4sII", b"WHJ1", n, crc32(table)) + table + b"".join(frames)


def test_a_batch_of_the_first_format_is_read_and_its_damage_found() -> None:
    blob = whj1(b"one", b"", b"three")
    assert [(r.received_us, r.link, r.data) for r in Batch(1, "a", False, 2, blob)] == [
        (0, 7, b"one"), (1, 7, b""), (2, 7, b"three"),
    ]  # fmt: skip
    for at in range(len(blob)):
        spoiled = bytearray(blob)
        spoiled[at] ^= 0x10
        with pytest.raises(JournalDamaged):
            Batch(1, "a", False, 2, bytes(spoiled))


def test_every_flipped_bit_and_every_cut_is_found() -> None:
    blob = columns(b"a frame of some length", b"another").pack()
    for bit in range(8 * len(blob)):
        spoiled = bytearray(blob)
        spoiled[bit // 8] ^= 1 << bit % 8
        with pytest.raises(JournalDamaged):
            Batch(1, "a", False, 2, bytes(spoiled))
    for size in range(len(blob)):
        with pytest.raises(JournalDamaged):
            Batch(1, "a", False, 2, blob[:size])


def test_a_commit_that_failed_left_nothing_and_may_be_repeated(path, monkeypatch) -> None:
    writer = Writer(path, "a")
    batch = columns(b"x")
    writer._connection.execute("PRAGMA max_page_count = 12")
    with pytest.raises(sqlite3.OperationalError):
        writer.commit(columns(bytes(400_000)))
    count = Reader(path).lag(0)
    writer._connection.execute("PRAGMA max_page_count = 100000")
    writer.commit(batch)
    assert Reader(path).lag(0) == count + 1


def test_pruning_keeps_what_was_not_read_and_never_reuses_a_position(path) -> None:
    writer = Writer(path, "a")
    ids = [writer.commit(columns(b"x", at=n * 1_000_000)) for n in range(1, 6)]
    assert writer.prune(before_us=4_000_000, through=ids[1]) == 2
    assert [b.id for b in Reader(path).after(0)] == ids[2:]
    assert writer.prune(before_us=9_000_000, through=ids[-1]) == 3
    assert writer.commit(columns(b"y")) == ids[-1] + 1


def test_positions_by_time(path) -> None:
    writer = Writer(path, "a")
    ids = [writer.commit(columns(b"x", at=n * 1_000_000)) for n in range(1, 6)]
    reader = Reader(path)
    assert reader.first_since(3_000_000) == ids[1]
    assert reader.first_since(0) == 0
    assert reader.first_since(10**12) == ids[-1]


def test_the_log_is_copied_back_beside_the_commits_and_begins_again(path, monkeypatch) -> None:
    monkeypatch.setattr("wanghuo.modules.sensing.journal.LOG_PAGES", 50)
    writer = Writer(path, "a", checkpoints=False)
    checkpointer = Checkpointer(writer)
    log = path.with_name(path.name + "-wal")
    sizes, ran = [], 0
    for n in range(60):
        writer.commit(columns(b"x" * 9000, at=n))
        ran += checkpointer.run()
        sizes.append(log.stat().st_size)
    assert ran == 60 * 5 // 50
    assert max(sizes) < 100 * 4200, "the log must not grow for ever"
    assert [len(batch) for batch in Reader(path).after(0, batches=100)] == [1] * 60
    assert list(Reader(path).check()) == []


def test_a_reader_in_the_middle_of_the_log_does_not_stop_the_commits(path, monkeypatch) -> None:
    monkeypatch.setattr("wanghuo.modules.sensing.journal.LOG_PAGES", 5)
    writer = Writer(path, "a", checkpoints=False)
    checkpointer = Checkpointer(writer)
    writer.commit(columns(b"x" * 9000))
    with closing(sqlite3.connect(path, isolation_level=None)) as slow:
        slow.execute("BEGIN")
        slow.execute("SELECT count(*) FROM batch").fetchone()
        for n in range(20):
            writer.commit(columns(b"x" * 9000, at=n))
            checkpointer.run()
        assert slow.execute("SELECT count(*) FROM batch").fetchone() == (1,)
    assert len(Reader(path).after(0, batches=100)) == 21


def test_a_journal_that_is_another_one_is_refused_and_goes_on_behind_what_was_taken_in(path, db, settings) -> None:
    settings.JOURNAL, settings.HOME = path, path.parent
    old = Writer(path, "old")
    for n in range(5):
        old.commit(columns(b"@@no frame##", at=n))
    Ingest(path).catch_up()
    old.close()
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()  # the disk is lost; the records are elsewhere
    new = Writer(path, "new")
    new.commit(columns(b"@@a later one##", at=10_000_000))
    with pytest.raises(JournalBehind) as refused:
        Ingest(path)
    assert refused.value.known == {"last": 1, "through": 5}
    assert main(["journal", "continue"]) == 0
    assert main(["journal", "continue"]) == 0, "a second time changes nothing"
    new.commit(columns(b"@@and another##", at=20_000_000))
    assert [batch.id for batch in Reader(path).after(5)] == [6, 7]
    assert Ingest(path).catch_up() == 2
    assert AuditEntry.objects.filter(action="sensing:journal:continue").count() == 1


def test_pruning_everything_makes_no_other_journal_of_it(path, db, settings) -> None:
    settings.JOURNAL, settings.HOME = path, path.parent
    writer = Writer(path, "a")
    through = writer.commit(columns(b"@@no frame##"))
    Ingest(path).catch_up()
    assert writer.prune(before_us=10**15, through=through) == 1
    assert Ingest(path).catch_up() == 0
