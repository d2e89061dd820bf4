"""Readings on a database server: packed days read like open ones, a run that was overtaken writes nothing."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest

from wanghuo.modules.sensing.reading_server import DAY_MS, ServerStore
from wanghuo.modules.sensing.reading_store import HistoryWriter, Overtaken, StoreAway, Wanted
from wanghuo.modules.sensing.tally import Rows
from wanghuo.modules.sensing.tests.reading_servers import server_address

DAY = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000)
KEYS = ((1, 1, 99, 1), (3,))


@pytest.fixture
def address(db):
    with server_address() as address:
        yield address


@pytest.fixture
def store(address):
    store = ServerStore(address)
    yield store
    store.close()


def readings(day: int, *, slots: int = 4, each: int = 6) -> Rows:
    rows = Rows()
    for n in range(each):
        for slot in range(slots, 0, -1):
            rows.add(slot, KEYS[n % 2], 4 + n % 3, DAY + day * DAY_MS + n * 3_600_000 + slot, -n * 10**10)
    return rows


def everything(store: ServerStore) -> list[list[tuple]]:
    return [store.rows(Wanted(DAY - DAY_MS, DAY + 9 * DAY_MS, slot), 1000) for slot in range(1, 5)]


def test_packed_days_are_read_like_open_ones(store: ServerStore, tmp_path) -> None:
    assert store.begin() == 0
    for day in range(5):
        store.write(readings(day), day + 1, day + 1)
    before = everything(store)
    assert [len(rows) for rows in before] == [30] * 4
    assert before[0][0] == ("1.1.99.1", 4, DAY + 1, 0)
    assert before[0][1] == ("3", 5, DAY + 3_600_001, -(10**10))
    day = Wanted(DAY + DAY_MS + 3_600_001, DAY + DAY_MS + 3 * 3_600_000 + 1, 1)
    asked = store.rows(day, 1000), store.count(day), store.rows(Wanted(0, 1 << 50, 1, 5), 3)
    assert store.merge(5) == 3
    assert store.merge(5) == 0
    assert everything(store) == before
    assert (store.rows(day, 1000), store.count(day), store.rows(Wanted(0, 1 << 50, 1, 5), 3)) == asked
    assert len(asked[0]) == asked[1] == 2
    store.write(readings(0, slots=1), 6, 6)  # a device that was away
    assert store.merge(6) == 1
    assert len(store.rows(Wanted(DAY, DAY + DAY_MS, 1), 1000)) == 12
    store.export(Wanted(DAY, DAY + DAY_MS), tmp_path / "out.csv", {}, "SELECT count(*) n FROM {rows}", "FORMAT csv")
    assert (tmp_path / "out.csv").read_text().split() == ["n", "30"]
    assert store.stored().rows == 126
    assert store.forget((DAY + 2 * DAY_MS) // 1000) == 54
    assert store.stored()[:2] == (3, 72)
    assert [len(rows) for rows in everything(store)] == [18] * 4


def test_a_run_that_was_overtaken_writes_nothing(address: str, store: ServerStore) -> None:
    store.begin()
    store.write(readings(0), 1, 3)
    other = ServerStore(address)
    assert other.begin() == 3
    with pytest.raises(Overtaken):
        store.write(readings(1), 4, 6)
    other.write(readings(1), 4, 5)
    assert [len(rows) for rows in everything(store)] == [12] * 4
    other.close()


def test_a_commit_whose_answer_was_lost_is_not_repeated(address: str, store: ServerStore) -> None:
    store.begin()
    store.write(readings(0), 1, 3)
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (store._open.info.backend_pid,))
    with pytest.raises(StoreAway):
        store.write(readings(0), 1, 3)
    store.write(readings(0), 1, 3)
    assert [len(rows) for rows in everything(store)] == [6] * 4
    assert store.stored().through == 3


def test_a_write_that_dies_halfway_leaves_nothing(store: ServerStore, monkeypatch) -> None:
    store.begin()
    monkeypatch.setattr("wanghuo.modules.sensing.reading_server._TAIL", b"\x00\x07")
    with pytest.raises(psycopg.Error):
        store.write(readings(0), 1, 3)
    monkeypatch.undo()
    assert everything(store) == [[]] * 4
    store.write(readings(0), 1, 4)
    assert [len(rows) for rows in everything(store)] == [6] * 4


def test_ingest_begins_while_the_server_is_away_and_ends_when_it_had_kept_more(store: ServerStore, monkeypatch) -> None:
    store.begin()
    store.write(readings(0), 1, 3)
    for stored, kept_more in ((3, False), (2, True)):
        address = store._address
        store.close()
        store._address = "postgres:///x?host=/nowhere"
        writer = HistoryWriter(store, stored)
        assert writer.kept == stored
        writer.cut(readings(1), 6)
        with pytest.raises(StoreAway):
            writer.wait()
        store._address = address
        assert writer.tend()
        if kept_more:
            with pytest.raises(Overtaken):
                writer.wait()
        else:
            writer.wait()
    assert [len(rows) for rows in everything(store)] == [12] * 4


WRITES_ON = """
import sys
from wanghuo.modules.sensing.reading_server import ServerStore
from wanghuo.modules.sensing.tally import Rows

store = ServerStore(sys.argv[1])
batch = store.begin()
while True:
    batch += 1
    rows = Rows()
    for n in range(240):
        rows.add(n % 40, (1, 1, 99, 1), 4, batch * 40_000_000 + n, batch)
    store.write(rows, batch, batch)
    print(batch, flush=True)
"""


def test_a_writer_that_is_killed_leaves_each_batch_once(address: str, store: ServerStore) -> None:
    rng = random.Random(7)
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", WRITES_ON, address], stdout=subprocess.PIPE)
        for _ in range(rng.randrange(2, 12)):
            assert (said := child.stdout.readline())
        child.kill()
        child.wait()
        child.stdout.close()
        through = store.begin()
        assert through >= int(said)
        assert store.stored().rows == through * 240 == store.count(Wanted(0, 1 << 50))
        assert len(store.rows(Wanted(0, 1 << 50, 17), 10_000)) == through * 6
