from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import Text
from wanghuo.engines.alarm_logic import AlarmLevel, CorroborationParams, Kind, Seen, Trigger, corroborate, priority

PARAMS = CorroborationParams(window_s=120, source="ours")
names = st.sampled_from(["烟感-3F-017", "烟感-3F-018", "手报-3F-02"])
triggers = st.lists(
    st.builds(Trigger, names, st.floats(0, 600), st.sampled_from([None, 23, 42]), st.booleans()), max_size=8
)


@given(triggers, triggers)
def test_more_evidence_never_lowers_the_level(events: list[Trigger], more: list[Trigger]) -> None:
    assert corroborate(events + more, PARAMS).value >= corroborate(events, PARAMS).value


@given(triggers, st.randoms())
def test_the_order_makes_no_difference(events: list[Trigger], random) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert corroborate(shuffled, PARAMS) == corroborate(events, PARAMS)


@given(triggers)
def test_every_level_says_why(events: list[Trigger]) -> None:
    verdict = corroborate(events, PARAMS)
    assert bool(verdict.reasons) == bool(events)
    assert all(reason.message.zh and reason.message.en for reason in verdict.reasons)


def test_one_device_twice_is_one_device() -> None:
    once = Trigger("烟感-3F-017", 0)
    assert corroborate([once, replace(once, at_s=5)], PARAMS).value == AlarmLevel.SINGLE


@pytest.mark.parametrize(("apart_s", "level"), [(120, AlarmLevel.PRESUMED), (121, AlarmLevel.SINGLE)])
def test_two_devices_count_within_the_window(apart_s: float, level: AlarmLevel) -> None:
    assert corroborate([Trigger("a", 0), Trigger("b", apart_s)], PARAMS).value == level


@pytest.mark.parametrize(("trusted", "level"), [(True, AlarmLevel.PRESUMED), (False, AlarmLevel.SINGLE)])
def test_a_pressed_button_counts_by_itself_where_the_link_is_trusted(trusted: bool, level: AlarmLevel) -> None:
    pressed = Trigger("手报", 0, component_type=23, trusted=trusted, trust="none")
    assert corroborate([pressed], PARAMS).value == level


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(Kind.FIRE, "fire", Text("火警", "fire"), AlarmLevel.SINGLE), 2),
        (Seen(Kind.FIRE, "fire", Text("火警", "fire"), AlarmLevel.PRESUMED), 1),
        (Seen(Kind.FIRE, "fire", Text("火警", "fire"), AlarmLevel.SINGLE, confirmed=True), 1),
        (Seen(Kind.FAULT, "bus_fault", Text("总线故障", "bus fault")), 3),
        (Seen(Kind.DISABLEMENT, "disablement", Text("屏蔽", "disablement")), 3),
        (Seen(Kind.FAULT, "fault", Text("故障", "fault")), 4),
        (Seen(Kind.OFFLINE, "offline", Text("离线", "offline")), 4),
    ],
)
def test_priorities(seen: Seen, expected: int) -> None:
    verdict = priority(seen)
    assert verdict.value == expected
    assert verdict.reasons


def test_evidence_never_makes_a_fire_less_urgent() -> None:
    seen = Seen(Kind.FIRE, "fire", Text("火警", "fire"), AlarmLevel.SINGLE)
    assert priority(replace(seen, level=AlarmLevel.PRESUMED)).value <= priority(seen).value
