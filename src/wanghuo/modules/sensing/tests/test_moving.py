"""Readings move between a folder and a server, each once, whatever dies on the way; a day is packed while others go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from wanghuo.base import AppError
from wanghuo.modules.sensing import moving, segments, server_days
from wanghuo.modules.sensing.reading_server import ServerStore
from wanghuo.modules.sensing.reading_store import Wanted
from wanghuo.modules.sensing.segments import BeingMoved, FolderStore
from wanghuo.modules.sensing.server_days import DAY_MS
from wanghuo.modules.sensing.tally import Rows
from wanghuo.modules.sensing.tests.reading_servers import server_address
from wanghuo.modules.sensing.tests.test_reading_server import DAY, readings

ALL = Wanted(0, 1 << 50)
FIRST = DAY // DAY_MS


@pytest.fixture
def address(db):
    with server_address() as address:
        yield address


@pytest.fixture
def store(address):
    store = ServerStore(address)
    yield store
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine files over five days; each but the first lies on two of them."""
    folder = tmp_path / "history"
    for n in range(9):
        rows = readings(n // 2)
        for slot in range(1, 5):
            rows.add(slot, (3,), 4, DAY + (n + 1) // 2 * DAY_MS + n, n - 2 * 10**10)
        segments.write(folder, rows, 10 * n + 1, 10 * n + 8)
    return folder


def everything(store: ServerStore | FolderStore) -> list[list[tuple]]:
    return [store.rows(Wanted(DAY - DAY_MS, DAY + 9 * DAY_MS, slot), 1000) for slot in range(1, 5)]


def test_readings_go_to_a_server_and_come_back_the_same(folder: Path, store: ServerStore) -> None:
    before, told = everything(FolderStore(folder)), []
    assert sum(map(len, before)) == 9 * 28
    store.begin()
    store.write(readings(4), 100, 120)  # ingest writes there already
    assert moving.to_server(folder, store, lambda *each: told.append(each)) == (5, 252)
    assert told == [(FIRST + n, n + 1, 5) for n in range(5)]
    assert not list(folder.iterdir())
    assert store.merge(0) == 0, "the newest days stay open"
    both = everything(store)
    assert [len(rows) for rows in both] == [69] * 4
    assert all(row in both[0] for row in before[0])
    assert (store.stored().rows, store.stored().through, store.count(ALL)) == (276, 120, 276)
    assert moving.to_server(folder, store) == (0, 0)
    assert moving.to_folder(store, folder) == (5, 276)
    back = FolderStore(folder)
    assert everything(back) == both
    assert (back.begin(), store.count(ALL), store.days()) == (120, 0, [])
    assert back.stored()[:2] == (5, 276)
    back.write(readings(5), 121, 130)
    assert back.merge(130) == 0


def test_a_packed_day_takes_more_in(folder: Path, store: ServerStore) -> None:
    store.begin()
    for day in range(5):
        store.write(readings(day), 200 + day, 200 + day)
    assert store.merge(0) == 3
    assert moving.to_server(folder, store).rows == 252
    assert [len(rows) for rows in everything(store)] == [63 + 30] * 4


MOVES = """
import sys
from pathlib import Path
from wanghuo.modules.sensing import moving
from wanghuo.modules.sensing.reading_server import ServerStore

way, folder, address = sys.argv[1:]
store = ServerStore(address)
tell = lambda *each: print(*each, flush=True)
print(moving.to_server(Path(folder), store, tell) if way == "to" else moving.to_folder(store, Path(folder), tell), flush=True)
"""


def test_a_move_that_is_killed_goes_on_where_it_stopped(address: str, folder: Path, store: ServerStore) -> None:
    before = everything(FolderStore(folder))
    for way, there in (("to", store), ("back", FolderStore(folder))):
        for kill_at in (1, 3, 4, 0):
            child = subprocess.Popen(
                [sys.executable, "-c", MOVES, way, folder, address], stdout=subprocess.PIPE, text=True
            )
            for _ in range(kill_at):
                assert (said := child.stdout.readline())
            if kill_at:
                child.kill()
                with pytest.raises(AppError, match=r"\S"):
                    moving.to_folder(store, folder) if way == "to" else moving.to_server(folder, store)
            else:
                said = child.stdout.read()
            child.wait()
            child.stdout.close()
        assert "rows=252" in said
        assert everything(there) == before
    assert store.count(ALL) == 0


def test_what_is_lost_on_the_way_is_noticed_and_nothing_deleted(folder: Path, store: ServerStore, monkeypatch) -> None:
    before, build = everything(FolderStore(folder)), server_days._build

    def lossy(connection, day: int, rows: str) -> None:
        connection.execute(
            f"UPDATE {rows} SET value = value + 1 WHERE slot = 3 AND key = (SELECT min(key) FROM {rows})"
        )
        build(connection, day, rows)

    monkeypatch.setattr(server_days, "_build", lossy)
    with pytest.raises(moving.NotMoved, match="slot=3"):
        moving.to_server(folder, store)
    assert store.count(ALL) == 0
    assert everything(FolderStore(folder)) == before
    monkeypatch.undo()
    assert moving.to_server(folder, store).rows == 252


def test_a_loss_on_the_way_back_is_noticed_too(folder: Path, store: ServerStore, monkeypatch) -> None:
    moving.to_server(folder, store)
    append = moving._append
    monkeypatch.setattr(
        moving, "_append", lambda engine, part: append(engine, {name: column[1:] for name, column in part.items()})
    )
    with pytest.raises(moving.NotMoved):
        moving.to_folder(store, folder)
    assert store.count(ALL) == 252
    assert not segments.segments(folder)
    monkeypatch.undo()
    assert moving.to_folder(store, folder).rows == 252


def test_nobody_adds_to_a_folder_that_is_being_moved(folder: Path) -> None:
    moving.Move(leaving=True).keep(folder)
    store = FolderStore(folder)
    for act in (store.begin, lambda: store.write(readings(1), 100, 101)):
        with pytest.raises(BeingMoved, match="WANGHUO_HISTORY"):
            act()
    assert (store.merge(1000), store.forget(1 << 40)) == (0, 0)
    moving.Move(leaving=False).keep(folder)
    store.write(readings(1), 100, 101)
    assert store.merge(1000) == 0


def test_ingest_does_not_write_what_lies_in_the_folder(address: str, folder: Path) -> None:
    """The setting was changed after the last file was written and before the records knew of it."""
    store = ServerStore(address, lambda: segments.last_batch(folder))
    assert store.begin() == 88
    store.close()


def test_a_move_that_cannot_be_is_refused_in_words(folder: Path, store: ServerStore) -> None:
    store.begin()
    store.write(readings(0), 1, 1)
    store.write(readings(1), 2, 50)
    with pytest.raises(moving.NoRoom):
        moving.to_folder(store, folder)
    segments.write(folder, readings(1), 85, 90)
    with pytest.raises(moving.Repeated, match="85"):
        moving.to_server(folder, store)
    assert store.count(ALL) == 48


def late(slot: int) -> Rows:
    rows = Rows()
    rows.add(slot, (3,), 4, DAY + 5, 77)
    return rows


def test_packing_makes_nobody_wait_and_is_taken_up_where_it_stopped(address: str, store: ServerStore) -> None:
    store.begin()
    for day in range(4):
        store.write(readings(day), day + 1, day + 1)
    with store.another() as packer:
        server_days._set_aside(packer, FIRST)
        store.write(late(1), 5, 5)
        with packer.transaction():
            server_days._build(packer, FIRST, f"reading_aside_{FIRST}")
            store.write(late(2), 6, 6)
            assert [len(rows) for rows in everything(store)] == [25, 25, 24, 24]
    before = everything(store)
    assert store.merge(0) == 2
    assert store.merge(0) == 1, "what came late meanwhile"
    assert store.merge(0) == 0
    assert everything(store) == before
    assert (store.stored().rows, store.count(ALL)) == (98, 98)


def test_a_long_look_is_not_waited_for(address: str, store: ServerStore) -> None:
    store.begin()
    for day in range(4):
        store.write(readings(day), day + 1, day + 1)
    with psycopg.connect(address) as reader:
        reader.execute("SELECT count(*) FROM reading").fetchone()  # an export, say: its transaction lasts
        assert store.merge(0) == 0
        store.write(late(1), 5, 5)
    assert store.merge(0) == 2
    assert store.count(ALL) == 97
