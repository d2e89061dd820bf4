"""Scores of assessments: within their bounds, monotone, and zero when a veto struck."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.modules.accountability import catalogue, scoring
from wanghuo.modules.accountability.scoring import Points, Rule

values = st.floats(0, 1e6, allow_nan=False)
targets = st.floats(0.01, 1e6)
fulls = st.floats(0, 100)
rising = st.one_of(
    st.builds(Rule, st.just("at_least"), fulls, target=targets),
    st.builds(
        lambda full, low, width: Rule("linear", full, low=low, high=low + width), fulls, values, st.floats(0.01, 1e5)
    ),
    st.builds(
        lambda full, steps: Rule(
            "step", full, steps=tuple(zip(sorted(s for s, _ in steps), sorted(p for _, p in steps), strict=True))
        ),
        fulls,
        st.lists(st.tuples(values, st.floats(0, 1)), max_size=5),
    ),
)
falling = st.one_of(
    st.builds(Rule, st.just("at_most"), fulls, target=targets),
    st.builds(Rule, st.just("deduct"), fulls, each=st.floats(0, 10)),
)


@given(st.one_of(rising, falling), st.one_of(st.none(), values))
def test_points_lie_between_nothing_and_the_full_score(rule, value) -> None:
    found = scoring.score(rule, value)
    assert 0 <= found.value <= round(rule.full, 2) + 0.01
    assert found.reasons
    assert found.reasons[0].message.zh


@given(rising, values, values)
def test_more_of_what_is_wanted_never_costs(rule, one, other) -> None:
    low, high = sorted((one, other))
    assert scoring.score(rule, low).value <= scoring.score(rule, high).value


@given(falling, values, values)
def test_more_of_what_is_not_wanted_never_pays(rule, one, other) -> None:
    low, high = sorted((one, other))
    assert scoring.score(rule, low).value >= scoring.score(rule, high).value


@given(st.lists(st.builds(Points, st.floats(-20, 100), st.floats(0, 100), st.booleans()), max_size=12))
def test_a_veto_makes_the_total_zero_and_nothing_leaves_the_hundred(points) -> None:
    total = scoring.total(points)
    assert 0 <= total.value <= 100
    if any(p.vetoed for p in points):
        assert total.value == 0
        assert total.reasons[0].code == "accountability.struck"


@pytest.mark.parametrize(
    ("rule", "value", "got"),
    [
        (Rule("at_least", 10, target=95), 95, 10),
        (Rule("at_least", 10, target=95), 47.5, 5),
        (Rule("at_most", 10, target=60), 60, 10),
        (Rule("at_most", 10, target=60), 120, 5),
        (Rule("linear", 10, low=50, high=90), 70, 5),
        (Rule("step", 10, steps=((95, 1.0), (85, 0.8))), 90, 8),
        (Rule("step", 10, steps=((95, 1.0),)), 90, 0),
        (Rule("deduct", 10, each=3), 2, 4),
        (Rule("at_least", 10, target=95), None, 0),
        (Rule("veto", 0), None, 0),
    ],
)
def test_by_hand(rule, value, got) -> None:
    assert scoring.score(rule, value).value == got


@pytest.mark.parametrize(
    ("score", "grade"),
    [(100, "excellent"), (90, "excellent"), (89.99, "good"), (60, "passed"), (59.9, "failed"), (0, "failed")],
)
def test_grades(score, grade) -> None:
    scheme = catalogue.scheme("government")
    assert scoring.grade(score, [(g.floor, g.code) for g in scheme.grades]) == grade


def test_every_scheme_comes_to_a_hundred_and_names_its_sources() -> None:
    for scheme in catalogue.schemes().values():
        assert scheme.full == 100, scheme.code
        assert {g.floor for g in scheme.grades} == {90, 80, 60, 0}
        for item in scheme.items:
            assert item.source
            assert item.mark in "CRUD"
            assert item.indicator or item.evidence.zh, item.code


def test_every_checklist_comes_to_a_hundred() -> None:
    for found in catalogue.checklists().values():
        assert sum(item.full for item in found.items) == 100, found.code


def test_a_broken_scheme_is_refused() -> None:
    raw = {**catalogue.scheme("government").raw}
    raw["part"] = [
        {
            "code": "p",
            "title": ["a", "b"],
            "item": [{"code": "x", "title": ["a", "b"], "full": 1, "method": "magic", "source": "", "mark": "D"}],
        }
    ]
    with pytest.raises(ValueError, match="magic"):
        catalogue.scheme_of(raw)


def test_a_deployments_own_scheme_replaces_the_packaged_one(tmp_path, settings) -> None:
    settings.HOME = tmp_path
    (tmp_path / "assessments").mkdir()
    packaged = resources.files("wanghuo.params") / "assessments" / "brigade.toml"
    own = packaged.read_text("utf-8").replace("target = 60", "target = 45")
    (tmp_path / "assessments" / "brigade.toml").write_text(own, "utf-8")
    catalogue._read.cache_clear()
    try:
        turnout = next(item for item in catalogue.scheme("brigade").items if item.code == "turnout")
        assert turnout.rule.target == 45
    finally:
        catalogue._read.cache_clear()
