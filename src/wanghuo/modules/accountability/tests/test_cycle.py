"""The month's arithmetic: shares, draws, scores of tours, ranks and lights."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.modules.accountability import cycle
from wanghuo.modules.accountability.cycle import Cell, Line, Scored

STEPS = [
    {"light": "red", "behind_over": 50},
    {"light": "orange", "behind_over": 25},
    {"light": "yellow", "behind_over": 10},
    {"light": "blue", "behind_over": 0},
]
points = st.floats(0, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("total", "done", "left", "share", "whole", "due"),
    [
        (1200, 0, 12, 1.0, True, 100),
        (1200, 300, 9, 0.5, True, 34),  # 600 - 300 = 300 left, 33.3 a month, in whole hydrants
        (100, 100, 2, 1.0, True, 0),
        (10, 0, 3, 1.0, False, 3.33),
        (100, 250, 1, 1.0, True, 0),
    ],
)
def test_what_a_region_owes_this_month(total, done, left, share, whole, due) -> None:
    assert cycle.month_target(total, done, left, share, whole=whole) == due


@given(points, points, st.integers(1, 12), st.floats(0, 1))
def test_months_of_targets_reach_the_year(total, done, left, share) -> None:
    each = cycle.month_target(total, done, left, share, whole=True)
    assert each >= 0
    assert done + each * left >= total * share - 1e-3


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.floats(0, 1e9), min_size=1, max_size=8))
def test_shares_are_parts_of_one(weights) -> None:
    found = cycle.shares(weights)
    assert sum(found.values()) == pytest.approx(1)
    assert set(found) == set(weights)


def test_without_known_weights_shares_are_equal() -> None:
    assert cycle.shares({"a": 0, "b": 0}) == {"a": 0.5, "b": 0.5}
    assert cycle.shares({}) == {}


@given(st.lists(st.text(min_size=1, max_size=6), max_size=30), st.text(max_size=8), st.integers(0, 10))
def test_a_draw_can_be_made_again_by_anybody(refs, seed, count) -> None:
    drawn = cycle.draw(seed, refs, count)
    assert drawn == cycle.draw(seed, reversed(refs), count)
    assert len(drawn) == min(count, len(set(refs)))
    by_hand = sorted(set(refs), key=lambda ref: hashlib.sha256(f"{seed}:{ref}".encode()).hexdigest())
    assert drawn == by_hand[:count]


def test_each_record_is_drawn_about_equally_often() -> None:
    refs = [f"YH-{n}" for n in range(20)]
    times = dict.fromkeys(refs, 0)
    for seed in range(400):
        for ref in cycle.draw(str(seed), refs, 5):
            times[ref] += 1
    assert all(60 <= count <= 140 for count in times.values()), times  # 100 expected, five standard deviations are 43


def test_a_difference_costs_its_part_and_says_so() -> None:
    items = [Scored(50, 40), Scored(50, 50), Scored(20, None)]
    clean = cycle.tour_score(items, 4, 0, points=30, source="本平台")
    assert clean.value == 90
    wrong = cycle.tour_score(items, 4, 2, points=30, source="本平台")
    assert wrong.value == 75
    assert [r.code for r in wrong.reasons] == [
        "accountability.items",
        "accountability.unscored",
        "accountability.difference",
    ]
    assert "15" in wrong.reasons[-1].message.zh


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(0, 1)), min_size=1, max_size=9), st.integers(1, 9), st.data())
def test_more_differences_never_raise_a_tour(items, checked, data) -> None:
    scored = [Scored(full, full * part) for full, part in items]
    wrong = data.draw(st.integers(0, checked - 1))
    one = cycle.tour_score(scored, checked, wrong, points=30, source="").value
    more = cycle.tour_score(scored, checked, wrong + 1, points=30, source="").value
    assert 0 <= more <= one <= 100


def test_a_number_agrees_within_its_tolerance() -> None:
    assert cycle.agrees(100, 95, tolerance_percent=5)
    assert not cycle.agrees(100, 94, tolerance_percent=5)
    assert cycle.agrees(0, 0, tolerance_percent=5)


def test_equal_scores_share_a_rank_and_the_unknown_has_none() -> None:
    lines = [
        Line("a", [(1, Cell(50, 100))]),
        Line("b", [(1, Cell(100, 100))]),
        Line("c", [(1, Cell(None, 100))]),
        Line("d", [(1, Cell(50, 100))]),
        Line("e", [(1, Cell(20, 100))]),
    ]
    assert [(line.region, rank) for line, rank in cycle.ranked(lines)] == [
        ("b", 1),
        ("a", 2),
        ("d", 2),
        ("e", 4),
        ("c", None),
    ]


def test_what_should_be_small_counts_the_other_way() -> None:
    assert cycle.completion(Cell(2, 4, "down")) == 1
    assert cycle.completion(Cell(8, 4, "down")) == 0.5
    assert cycle.behind(Cell(8, 4, "down")) == 100
    assert cycle.completion(Cell(None, 4)) is None


@pytest.mark.parametrize(
    ("worst", "overdue", "before", "light"),
    [
        (None, 0, "", None),
        (0, 0, "", "green"),
        (5, 0, "", "blue"),
        (10, 0, "", "blue"),
        (10.1, 0, "", "yellow"),
        (0, 1, "", "yellow"),
        (None, 2, "", "yellow"),
        (12, 0, "yellow", "orange"),
        (0, 1, "yellow", "orange"),
        (26, 0, "", "orange"),
        (51, 0, "", "red"),
        (51, 3, "yellow", "red"),
    ],
)
def test_the_lights_of_a_table(worst, overdue, before, light) -> None:
    verdict = cycle.table_light(worst, overdue, before, steps=STEPS, source="本平台")
    assert (verdict.value if verdict else None) == light
    assert verdict is None or verdict.reasons
