"""The simulation of devices, small: the engine for four days, the tables for some hours, and a planted bug is found."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import device_truth
import pytest
from truth_tables import Tables
from truth_world import World


def test_every_device_is_in_its_true_state_for_four_days() -> None:
    outcome = device_truth.measure(4000, 4, seed=7)
    assert outcome.good, device_truth.told(outcome)
    assert outcome.went_offline > 30
    assert outcome.lag_max_s <= 60


def test_a_planted_bug_is_found() -> None:
    assert not device_truth.measure(6000, 3, seed=1, plant="outage").good  # the others: test_rigs.py


@pytest.mark.django_db
def test_the_tables_hold_the_truth_too() -> None:
    world = World(60, 0.3, seed=5, even=True)
    outcome = device_truth.Run(world, Tables(world)).go()
    assert outcome.good, device_truth.told(outcome)
    assert outcome.went_offline > 3
