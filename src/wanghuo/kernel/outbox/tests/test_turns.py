"""Who writes without end leaves the lock to others now and then."""

from __future__ import annotations

import pytest

from wanghuo.kernel.outbox import turns


@pytest.fixture
def clock(monkeypatch):
    now, slept = [100.0], []

    def sleep(seconds):
        now[0] += seconds
        slept.append(seconds)

    monkeypatch.setattr(turns.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(turns, "_owed", turns._Owed())
    monkeypatch.setattr(turns, "connection", type("Connection", (), {"vendor": "sqlite"}))
    return now, slept, sleep


@pytest.mark.parametrize(
    ("turn_s", "idle_s", "pauses"), [(0.2, 0.0, 5), (0.2, 0.001, 4), (0.2, 0.05, 0), (3.0, 0.0, 50)]
)
def test_a_tenth_of_the_time_is_left_to_others_at_one_stretch(clock, turn_s, idle_s, pauses):
    now, slept, sleep = clock
    for _ in range(50 if turn_s > 1 else 30):
        with turns.giving_way(sleep):
            now[0] += turn_s
        now[0] += idle_s
    assert len(slept) == pauses
    assert set(slept) <= {turns.PAUSE_S}
