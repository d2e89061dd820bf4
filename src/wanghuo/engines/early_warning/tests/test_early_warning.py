"""Warnings come when something rises or departs, stay silent when it only wavers, and say why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.early_warning import Level, Normal, RiseParams, StandingParams, first_rise, judge

PARAMS = StandingParams(set_point=300.0, unit="mA", source="test")
START = 1_790_006_400.0  # midnight in China
HOURS = np.arange(0, 8 * 24 + 1) * 3600.0 + START


def leak(rng: np.random.Generator, *, base: float = 120.0, rise: float = 0.0, noise: float = 3.0) -> np.ndarray:
    """A week of hourly residual current: a rhythm of the day, noise, and a rise over the whole week."""
    day = 30 * np.clip(np.sin((HOURS - START) / 86400 * 2 * np.pi - 1.8), 0, None)
    return base + day + rise * (HOURS - START) / (8 * 86400) + rng.normal(0, noise, len(HOURS))


def test_a_circuit_in_its_daily_rhythm_warns_of_nothing() -> None:
    for seed in range(50):
        assert judge(HOURS, leak(np.random.default_rng(seed)), PARAMS).value == Level.NONE


def test_a_slow_rise_is_told_by_its_quiet_hours() -> None:
    verdict = judge(HOURS, leak(np.random.default_rng(1), rise=60), PARAMS)
    assert verdict.value == Level.WARNING
    assert verdict.reasons[0].code == "early.rising"
    assert "%" in verdict.reasons[0].message.en
    assert verdict.reasons[0].source == "test"


def test_a_small_rise_is_none_whatever_its_share() -> None:
    assert judge(HOURS, leak(np.random.default_rng(1), base=10, rise=15), PARAMS).value == Level.NONE


@pytest.mark.parametrize(("last", "level"), [([310, 320, 305], Level.ALARM), ([310, 290, 305], Level.WATCH)])
def test_three_samples_in_a_row_above_the_set_point_are_an_alarm(last, level) -> None:
    values = leak(np.random.default_rng(2), base=140)
    values[-3:] = last
    assert judge(HOURS, values, PARAMS).value == level


def test_a_steep_day_says_when_the_set_point_is_reached() -> None:
    values = leak(np.random.default_rng(3), base=100)
    values[-25:] += np.linspace(0, 120, 25)
    verdict = judge(HOURS, values, PARAMS)
    assert verdict.value >= Level.WATCH
    steep = next(r for r in verdict.reasons if r.code == "early.steep")
    assert 0 < steep.known["hours"] < 48


def test_load_explains_and_changes_no_level() -> None:
    values = leak(np.random.default_rng(4), base=260)
    alone, explained = judge(HOURS, values, PARAMS), judge(HOURS, values, PARAMS, load=values * 0.1 + 3)
    assert alone.value == explained.value
    assert explained.reasons[-1].code == "early.load"


def test_gaps_and_nothing_at_all_are_no_warning() -> None:
    assert judge([], [], PARAMS).value == Level.NONE
    assert judge(HOURS, np.full(len(HOURS), np.nan), PARAMS).value == Level.NONE
    with pytest.raises(ValueError, match="rising"):
        judge(HOURS[::-1], leak(np.random.default_rng(0)), PARAMS)


@given(st.integers(0, 10_000), st.floats(0.1, 1000))
def test_an_alarm_does_not_depend_on_the_unit(seed, scale) -> None:
    values = leak(np.random.default_rng(seed), base=100, rise=seed % 200)
    scaled = StandingParams(PARAMS.set_point * scale, "x", least=PARAMS.least * scale)
    assert judge(HOURS, values * scale, scaled).value == judge(HOURS, values, PARAMS).value


def test_a_rise_is_found_before_the_fixed_level_and_a_wavering_value_never() -> None:
    rng = np.random.default_rng(5)
    params = RiseParams(noise=0.002)
    calm = rng.normal(0.01, 0.002, 5000)
    assert first_rise(calm, params) is None
    smoke = np.concatenate([calm[:100], 0.01 + np.linspace(0, 0.2, 100)])
    found = first_rise(smoke, params)
    assert found is not None
    assert 100 < found < 100 + int(np.argmax(smoke[100:] > 0.14))
    assert first_rise(np.where(np.arange(200) % 7 == 0, np.nan, smoke), params) is not None


def test_one_wild_sample_is_no_rise() -> None:
    values = np.full(300, 20.0)
    values[150] = 500.0
    assert first_rise(values, RiseParams(noise=0.5)) is None


def test_what_was_normal_is_near_and_a_pattern_never_seen_is_far() -> None:
    rng = np.random.default_rng(6)
    load = rng.uniform(1, 5, 2000)
    usual = np.column_stack([load, load * 2 + rng.normal(0, 0.05, 2000), rng.normal(230, 1, 2000)])
    normal = Normal.learn(usual[:1000])
    assert (normal.distance(usual[1000:]) > 1).mean() < 0.03
    assert not normal.departs(usual[1000:]).any()
    broken = usual[1000:1100] * [1, 0.5, 1]  # each value usual, the mixture not
    assert (normal.distance(broken) > 1).mean() > 0.9
    assert normal.departs(broken)[10:].all()
    again = Normal.of_json(normal.as_json())
    assert np.allclose(again.distance(broken), normal.distance(broken))


def test_what_cannot_be_learned_from_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        Normal.learn(np.ones((5, 2)))
    with pytest.raises(ValueError, match="no number"):
        Normal.learn(np.full((30, 2), np.nan))
    assert Normal.learn(np.ones((30, 2))).distance(np.ones((1, 2)))[0] <= 1
