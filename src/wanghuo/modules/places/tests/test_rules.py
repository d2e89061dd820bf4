"""The rules propose; what is not known is never taken for small."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.modules.places import facts, rules, taxonomy

HERE, SHANTOU = "445281102", "440511"


@pytest.mark.parametrize(
    ("known", "region", "proposed"),
    [
        ({"kind": "hotel", "rooms": 50}, HERE, {"key_unit", "gathering", "crowded"}),
        ({"kind": "hotel", "rooms": 49, "beds": 60}, HERE, {"gathering", "crowded"}),
        ({"kind": "shop", "area_m2": 1000}, HERE, {"key_unit", "gathering", "crowded"}),
        ({"kind": "shop", "area_m2": 299.9}, HERE, {"nine_small", "gathering", "crowded"}),
        ({"kind": "shop", "area_m2": 300}, HERE, {"gathering", "crowded"}),
        ({"kind": "shop", "area_m2": 300}, SHANTOU, {"gathering", "crowded", "small_gathering"}),
        ({"kind": "shop"}, HERE, {"gathering", "crowded"}),
        (
            {"kind": "complex", "area_m2": 50000},
            HERE,
            {"key_unit", "high_risk", "large_complex", "gathering", "crowded"},
        ),
        ({"kind": "rental", "rooms": 10, "self_built": True}, HERE, {"group_let", "let_house", "self_built_business"}),
        ({"kind": "residential", "height_m": 27}, HERE, set()),
        ({"kind": "residential", "height_m": 27.5}, HERE, {"high_rise"}),
        ({"kind": "office", "height_m": 101, "storeys": 30}, HERE, {"high_rise", "super_high_rise"}),
        ({"kind": "office", "height_m": 30, "storeys": 1}, HERE, set()),
        ({"kind": "warehouse", "height_m": 30, "storeys": 3}, HERE, set()),
        ({"kind": "shop", "area_m2": 500, "mixed_use": True}, HERE, {"mixed_use", "gathering", "crowded"}),
    ],
)
def test_thresholds_of_the_table(known: dict[str, Any], region: str, proposed: set[str]) -> None:
    verdict = rules.classify(known, region)
    assert verdict.value == proposed
    assert all(r.source and r.message.zh and r.message.en for r in verdict.reasons)


def test_an_unknown_number_is_an_open_question() -> None:
    found = {p.code: p for p in rules.proposals({"kind": "hotel"}, HERE)}
    assert found["key_unit"].holds is None
    assert "客房" in found["key_unit"].reasons[0].message.zh
    assert found["nine_small"].holds is None


numbers = st.one_of(st.none(), st.integers(0, 100_000))
units = st.fixed_dictionaries(
    {"kind": st.sampled_from(sorted(taxonomy.kinds())), **dict.fromkeys(facts.NUMBERS, numbers),
     **{name: st.sampled_from([None, True, False]) for name in facts.ANSWERS}}
)  # fmt: skip


@given(units, st.sampled_from(facts.NUMBERS))
def test_forgetting_a_number_never_decides_what_was_open(known: dict[str, Any], name: str) -> None:
    before = {p.code: p.holds for p in rules.proposals(known, HERE)}
    after = {p.code: p.holds for p in rules.proposals(known | {name: None}, HERE)}
    for code, holds in after.items():
        assert holds is None or holds == before[code]


def test_every_test_names_fields_that_exist() -> None:
    known = {"kind", "gathering", "crowded", "civil", *facts.NUMBERS, *facts.ANSWERS}
    for unit_class in taxonomy.classes().values():
        for test in unit_class.tests:
            assert set(test.when) <= known
            assert test.mark in "CRUD"
