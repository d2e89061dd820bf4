"""The same seed tells the same story, and the stories are what they say."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import pytest

from wanghuo.entrypoints.simulator import world as worlds
from wanghuo.entrypoints.simulator.life import FAULT, FIRE, NORMAL, What, life, tell

WORLD = worlds.made_up(5, seed=7)
BUSY = worlds.Rhythm(faults=4, false_alarms=4, tests=1, silences=1, fires=1)


def first(device: worlds.SimulatedDevice, seed: int, count: int = 200) -> list:
    return list(islice(life(device, BUSY, seed), count))


def test_the_same_seed_tells_the_same_story() -> None:
    assert first(WORLD.devices[0], 7) == first(WORLD.devices[0], 7)
    assert first(WORLD.devices[0], 7) != first(WORLD.devices[0], 8)
    assert first(WORLD.devices[0], 7) != first(WORLD.devices[1], 7)


@pytest.mark.parametrize("device", WORLD.devices)
def test_time_never_goes_back(device: worlds.SimulatedDevice) -> None:
    times = [h.at_s for h in first(device, 7)]
    assert times == sorted(times)


def test_a_fire_has_more_than_one_witness_and_ends_with_a_reset() -> None:
    story = tell(WORLD.devices[0], "fire", 100.0, random.Random(1))
    assert len({h.point for h in story if h.word == FIRE}) >= 2
    assert story[-1].what == What.RESET
    assert min(h.at_s for h in story) == 100.0


@pytest.mark.parametrize(("why", "word"), [("false_alarm", FIRE), ("fault", FAULT)])
def test_what_comes_goes_again(why: str, word: int) -> None:
    story = tell(WORLD.devices[0], why, 0.0, random.Random(1))
    assert [h.word for h in story] == [word, NORMAL]
    assert story[0].point == story[1].point


def test_a_world_survives_its_file(tmp_path: Path) -> None:
    worlds.save(WORLD, tmp_path / "world.json")
    assert worlds.load(tmp_path / "world.json") == WORLD
