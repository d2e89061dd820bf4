"""What decides, for many at once: the order of the states, what must hold until the next look, clocks and outages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.supervision import (
    CODES,
    FOREVER,
    LATE,
    MAINTENANCE,
    NEVER,
    OFFLINE,
    OK,
    Fleet,
    Listening,
    Watch,
    decide,
    next_us,
)

S = 1_000_000
times = st.integers(0, 400).map(lambda s: s * S)


def one(**known) -> Fleet:
    """A device with windows of 60 s and 90 s, heard at 0."""
    fleet = Fleet.new([known.pop("late", 60) * S], [known.pop("offline", 90) * S])
    fleet.heard_us[0] = known.pop("heard", 0)
    for name, value in known.items():
        getattr(fleet, name)[0] = value
    return fleet


@st.composite
def fleets(draw) -> Fleet:
    n = draw(st.integers(1, 5))
    late = draw(st.lists(st.integers(1, 60), min_size=n, max_size=n))
    more = draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))
    fleet = Fleet.new([a * S for a in late], [(a + b) * S for a, b in zip(late, more, strict=True)])
    fleet.heard_us[:] = draw(st.lists(st.one_of(times, st.just(NEVER)), min_size=n, max_size=n))
    for name in ("faulty", "low", "retired"):
        getattr(fleet, name)[:] = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    fleet.muted_until_us[:] = draw(st.lists(st.one_of(times, st.just(NEVER)), min_size=n, max_size=n))
    starts = draw(st.lists(st.one_of(times, st.just(FOREVER)), min_size=n, max_size=n))
    fleet.maintenance_from_us[:] = starts
    fleet.maintenance_until_us[:] = [FOREVER if a == FOREVER else a + draw(st.integers(1, 100)) * S for a in starts]
    return fleet


@pytest.mark.parametrize(
    ("known", "at", "state"),
    [
        ({}, 60 * S, "ok"),
        ({}, 60 * S + 1, "late"),
        ({}, 90 * S, "late"),
        ({}, 90 * S + 1, "offline"),
        ({"heard": NEVER}, 0, "offline"),
        ({"faulty": True, "low": True, "muted_until_us": FOREVER}, 0, "fault"),
        ({"low": True, "muted_until_us": FOREVER}, 0, "low_battery"),
        ({"muted_until_us": 5}, 4, "muted"),
        ({"muted_until_us": 5}, 5, "ok"),
        ({"maintenance_from_us": 5, "maintenance_until_us": 9, "faulty": True}, 5, "maintenance"),
        ({"maintenance_from_us": 5, "maintenance_until_us": 9, "faulty": True}, 9, "fault"),
        ({"retired": True, "maintenance_from_us": 0}, 1, "retired"),
    ],
)
def test_the_first_that_holds(known, at, state) -> None:
    assert CODES[decide(one(**known), at)[0]] == state


@given(fleets(), times, times, st.data())
def test_nothing_changes_before_the_next_look(fleet, at, since, data) -> None:
    at = max(at, since)
    states, until = decide(fleet, at, since), next_us(fleet, at, since)
    assert (until > at).all()
    for i in range(len(fleet)):
        for later in (min(until[i], FOREVER) - 1, data.draw(st.integers(at, min(int(until[i]) - 1, at + 500 * S)))):
            assert decide(fleet.some(slice(i, i + 1)), int(later), since, states[i : i + 1])[0] == states[i]


@given(st.one_of(times, st.just(NEVER)), times, times)
def test_at_the_next_look_a_window_has_run_out(heard, at, since) -> None:
    at = max(at, since, heard)
    fleet = one(heard=heard, late=30, offline=40)
    due = int(next_us(fleet, at, since)[0])
    if due != FOREVER:
        assert decide(fleet, due, since)[0] > decide(fleet, at, since)[0]


def test_our_own_outage_is_not_their_silence_and_mends_nobody() -> None:
    fleet = Fleet.new([60 * S] * 2, [90 * S] * 2)
    fleet.heard_us[:] = [0, 500 * S]
    watch, listening = Watch(fleet, 500 * S), Listening().report(500 * S)
    assert list(watch.states) == [OFFLINE, OK]
    listening = listening.report(900 * S)  # nobody listened for 400 s
    assert listening == (900 * S, 900 * S)
    changes = watch.look(np.arange(2), *listening)
    assert not len(changes)
    assert list(watch.states) == [OFFLINE, OK]
    assert list(watch.tick(990 * S + 1, 900 * S).after) == [OFFLINE]


def test_a_clock_that_jumps_ten_years_and_back_makes_nobody_silent_and_hides_nobody() -> None:
    years = 10 * 365 * 86_400 * S
    watch, listening = Watch(one(heard=1000 * S), 1000 * S), Listening().report(1000 * S)
    listening = listening.report(1005 * S + years)
    assert not len(watch.tick(*listening))
    watch.heard(np.array([0]), 1020 * S + years, *listening)
    assert listening.put_back(1030 * S)
    listening = listening.report(1030 * S)
    watch.put_back(1030 * S)
    assert not len(watch.tick(*listening))
    assert not len(watch.tick(1090 * S, listening.since_us))
    assert list(watch.tick(1090 * S + 1, listening.since_us).after) == [LATE]
    assert list(watch.tick(1120 * S + 1, listening.since_us).after) == [OFFLINE]


def test_the_disorder_of_several_gateways_is_no_jump() -> None:
    listening = Listening().report(100 * S)
    assert listening.report(95 * S) == (100 * S, 100 * S)
    assert not listening.put_back(95 * S)


@given(st.lists(st.integers(1, 80), min_size=1, max_size=60), st.integers(1, 20))
def test_watching_by_due_moments_is_the_same_as_judging_everyone_each_time(gaps, period) -> None:
    """One device that reports at those gaps, and ticks of any period: the lazy watch and the plain judgement agree."""
    watch, at, heard = Watch(one(), 0), 0, 0
    arrivals = list(np.cumsum(gaps) * S)
    while at < arrivals[-1]:
        at += period * S
        fresh = [a for a in arrivals if at - period * S < a <= at]
        if fresh:
            heard = fresh[-1]
            watch.heard(np.array([0]), heard, at)
        watch.tick(at)
        assert watch.states[0] == decide(one(heard=heard), at)[0]
        assert watch.next_look_us() > at


def test_windows_of_maintenance_begin_and_end_by_themselves() -> None:
    fleet = one(maintenance_from_us=30 * S, maintenance_until_us=50 * S)
    watch = Watch(fleet, 0)
    assert watch.next_look_us() == 30 * S
    assert list(watch.tick(30 * S).after) == [MAINTENANCE]
    assert list(watch.tick(50 * S).after) == [OK]


def test_a_window_for_off_line_that_ends_before_that_for_late_is_refused() -> None:
    with pytest.raises(ValueError, match="late"):
        Fleet.new([2], [1])
