"""The trial on a small made-up region: no fire is missed, most false alarms call nobody, and the seed gives the world."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from wanghuo.engines.alarm_logic import Policy
from wanghuo.engines.alarm_logic.trial import Cause, People, WorldParams, make_world, run
from wanghuo.engines.alarm_logic.trial.running import ABOUT_FIRE, FALSE

PARAMS = WorldParams(signals=12_000, units=145)
POLICY = Policy()
PEOPLE = People(seats=1)


@pytest.fixture(scope="module")
def world():
    return make_world(PARAMS, 5)


def test_a_world_has_the_share_of_false_alarms_it_was_asked_for(world) -> None:
    raised = run(world, POLICY, PEOPLE).raised
    share = sum(raised[c] for c in FALSE) / sum(raised[c] for c in ABOUT_FIRE)
    assert share == pytest.approx(0.97, abs=0.005)
    assert world.signals >= PARAMS.signals
    assert [e.at for e in world.events] == sorted(e.at for e in world.events)


def test_the_same_seed_gives_the_same_world_and_outcome(world) -> None:
    assert make_world(PARAMS, 5).events == world.events
    first, second = run(world, POLICY, PEOPLE, seed=1), run(world, POLICY, PEOPLE, seed=1)
    assert (first.shown, first.delays) == (second.shown, second.delays)


@pytest.mark.parametrize("seed", [1, 2])
def test_operators_are_spared_most_and_no_fire_is_missed(world, seed: int) -> None:
    found = run(world, POLICY, PEOPLE, seed=seed)
    assert found.missed == 0
    assert found.reduction(found.raised) > 0.75
    assert found.reduction(found.raised, FALSE) > 0.72
    assert found.shown[Cause.MALICIOUS] == found.raised[Cause.MALICIOUS], "a pressed call point always comes through"
    assert max(found.delays) <= POLICY.ask_s + POLICY.denied_s + POLICY.ask_s
    assert found.delay(0.99) <= POLICY.ask_s + 1


def test_without_offenders_and_echoes_no_fire_comes_later_at_all(world) -> None:
    policy = replace(POLICY, offender_false=10_000, echo_s=0.0)
    found = run(replace_visits(world), policy, PEOPLE)
    assert max(found.delays) == 0


def replace_visits(world):
    return replace(world, visits=[])


def test_the_worst_people_and_figures_show_what_a_denial_can_do(world) -> None:
    """A fire that one suspect detector sees for a short while, and that the unit denies: this is what `denied_s` is short for."""
    careless = replace(POLICY, offender_false=1, denied_s=10 * 3600.0)
    found = run(world, careless, replace(PEOPLE, answers=1.0, denies_fire=1.0))
    assert found.missed > 0
    assert inf in found.delays
