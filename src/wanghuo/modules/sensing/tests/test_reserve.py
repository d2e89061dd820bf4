"""The reserve for alarms: when it is given up, and when it is filled up again."""

from __future__ import annotations

import pytest

from wanghuo.modules.sensing.reserve import Reserve

SLICE = 1 << 16


@pytest.fixture
def disk(monkeypatch):
    """A disk with so many free bytes beside the reserve as `disk["free"]` says, less what the reserve took since."""
    state = {"room": 100 * SLICE}
    monkeypatch.setattr(Reserve, "free", lambda self: state["room"] - self.held)
    return state


def test_it_is_whole_where_there_is_room(tmp_path, disk) -> None:
    reserve = Reserve(tmp_path / "journal.reserve", 16 * SLICE)
    assert (reserve.held, reserve.short) == (16 * SLICE, False)
    reserve.close()
    again = Reserve(tmp_path / "journal.reserve", 16 * SLICE)
    assert again.held == 16 * SLICE
    assert not again.release(), "nothing is given up while there is room"
    again.close()


def test_it_gives_up_slice_by_slice_while_the_disk_stays_full(tmp_path, disk) -> None:
    reserve = Reserve(tmp_path / "journal.reserve", 16 * SLICE)
    disk["room"] = reserve.held  # not a byte is free
    given = 0
    while reserve.release():
        given += 1
        assert reserve.short
        disk["room"] -= SLICE  # and at once it is used
    assert given == 16
    assert reserve.held == 0
    reserve.close()


def test_a_look_in_time_gives_a_slice_before_a_commit_fails(tmp_path, disk) -> None:
    reserve = Reserve(tmp_path / "journal.reserve", 16 * SLICE)
    disk["room"] = reserve.held + SLICE // 2
    reserve.tend()
    assert reserve.short
    assert reserve.held == 15 * SLICE
    reserve.tend()
    assert reserve.held == 15 * SLICE, "there is a free slice now"
    reserve.close()


def test_it_is_filled_up_again_once_there_is_room(tmp_path, disk) -> None:
    reserve = Reserve(tmp_path / "journal.reserve", 16 * SLICE)
    disk["room"] = reserve.held
    reserve.tend()
    disk["room"] = reserve.held + int(2.5 * SLICE)
    reserve.tend()
    assert reserve.short, "short until three slices are free"
    disk["room"] = 40 * SLICE
    reserve.tend()
    assert not reserve.short
    assert reserve.held == 16 * SLICE
    reserve.close()


def test_a_small_disk_holds_what_fits(tmp_path, disk) -> None:
    disk["room"] = 10 * SLICE
    reserve = Reserve(tmp_path / "journal.reserve", 16 * SLICE)
    assert reserve.held == 8 * SLICE
    assert not reserve.short
    reserve.close()
