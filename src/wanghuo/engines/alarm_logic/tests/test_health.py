from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.alarm_logic.health import Band, Bands, band_of, floods, load, percentile, worst_window

BANDS = Bands(per_hour=(6, 12, 60), peak=(10, 20, 100))
times = st.lists(st.integers(0, 20_000).map(float), max_size=80).map(sorted)


@pytest.mark.parametrize(("value", "band"), [(0, 0), (6, 0), (6.1, 1), (12, 1), (60, 2), (61, 3)])
def test_bands_include_their_upper_end(value: float, band: int) -> None:
    assert band_of(value, BANDS.per_hour) is Band(band)


def test_a_quiet_day_and_a_burst() -> None:
    quiet = load([3600.0 * n for n in range(24)], start=0, end=86_400, bands=BANDS)
    assert (quiet.per_hour, quiet.band, quiet.peak, quiet.flood_share) == (1, Band.GOOD, 1, 0)
    burst = load([1000.0 + n for n in range(30)], start=0, end=86_400, bands=BANDS)
    assert (burst.peak, burst.peak_at, burst.peak_band) == (30, 1000, Band.HEAVY)
    assert burst.flood_share == pytest.approx((600 + 25 - 10) / 86_400)  # until fewer than five are left in the window


def test_two_seats_bear_half_each() -> None:
    shared = load([float(n) for n in range(20)], start=0, end=3600, bands=BANDS, seats=2)
    assert (shared.per_hour, shared.peak) == (10, 10)


def test_there_is_no_load_without_a_span() -> None:
    with pytest.raises(ValueError, match="span"):
        load([], start=5, end=5, bands=BANDS)


@given(times)
def test_the_worst_window_is_the_worst_by_counting_each(found: list[float]) -> None:
    most, where = worst_window(found)
    assert most == max((sum(t <= u < t + 600 for u in found) for t in found), default=0)
    assert (where is None) == (not found)


@given(times)
def test_floods_are_apart_and_each_begins_with_more_than_ten(found: list[float]) -> None:
    spans = floods(found, BANDS, end=30_000)
    assert all(begin < stop for begin, stop in spans)
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))
    for begin, stop in spans:
        assert sum(begin - 600 < t <= begin for t in found) > 10
        assert sum(stop - 600 < t <= stop for t in found) < 5 or stop == 30_000


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) - 1e-9


def test_a_percentile_of_nothing_is_unknown() -> None:
    assert percentile([], 0.5) is None
