"""The coordinate turns against published pairs, and there and back again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.kernel.geo import coordinates as c

mainland = st.tuples(st.floats(74, 135), st.floats(18, 53.5))


def off_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    return c.distance_m(*a, *b)


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ],
    ids=["Beijing", "Shanghai", "Shenzhen"],
)
def test_published_pairs(wgs, gcj) -> None:
    assert off_m(c.wgs84_to_gcj02(*wgs), gcj) < 0.01
    assert off_m(c.gcj02_to_wgs84(*gcj), wgs) < 0.01


@given(mainland)
def test_every_turn_can_be_undone(point) -> None:
    assert off_m(c.gcj02_to_wgs84(*c.wgs84_to_gcj02(*point)), point) < 0.01
    assert off_m(c.bd09_to_wgs84(*c.wgs84_to_bd09(*point)), point) < 0.5
    assert off_m(c.wgs84_to_gcj02(*c.gcj02_to_wgs84(*point)), point) < 0.01


@given(mainland)
def test_the_shift_is_a_few_hundred_metres(point) -> None:
    assert off_m(c.wgs84_to_gcj02(*point), point) < 1500


def test_abroad_nothing_moves() -> None:
    assert c.wgs84_to_gcj02(2.35, 48.85) == (2.35, 48.85) == c.gcj02_to_wgs84(2.35, 48.85)


def test_distance_is_symmetric_and_right() -> None:
    assert c.distance_m(116.39, 39.9, 121.47, 31.23) == pytest.approx(c.distance_m(121.47, 31.23, 116.39, 39.9))
    assert c.distance_m(0, 0, 1, 0) == pytest.approx(111_195, rel=1e-3)


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="gcj02"):
        c.to_wgs84(116, 39, "beijing54")
