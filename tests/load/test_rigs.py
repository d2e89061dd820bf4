"""Every rig, small: its promises hold, and it finds each bug that is planted for it."""

from __future__ import annotations

import pytest

from tests.load import torture

pytestmark = pytest.mark.crash
PLANTED = [(code, plant) for code in torture.MODULES for plant in torture.rig_of(code).plants]


@pytest.mark.parametrize("code", torture.MODULES)
def test_the_promises_hold(code: str) -> None:
    told = torture.run_apart(code, "small", 20261125, "")
    if told["outcome"] == "skipped":
        pytest.skip(told["failures"][0])
    assert told["outcome"] == "kept", told


@pytest.mark.parametrize(("code", "plant"), PLANTED)
def test_the_rig_finds_the_planted_bug(code: str, plant: str) -> None:
    told = torture.run_apart(code, "small", 20261125, plant)
    if told["outcome"] == "skipped":
        pytest.skip(told["failures"][0])
    assert told["outcome"] == "found", told
