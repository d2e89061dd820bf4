"""The index finds exactly what its meaning says: compared with a look at every unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.kernel.accounts.testing import actor
from wanghuo.modules.places import public, search
from wanghuo.modules.places.models import SearchEntry, Unit
from wanghuo.modules.places.testing import NEXT_TOWN, BuildingFactory, UnitFactory

CLERK = actor("committee_clerk", "445281")
NAMES = [
    "滨江商贸城",
    "重庆A-3号火锅店",
    "青龙路8号小吃店",
    "流沙第一幼儿园",
    "BANK of 揭阳",
    "银行大厦",
    "长江路长安超市",
    "㈱普宁",
]


@pytest.fixture
def units() -> list[Unit]:
    made = [UnitFactory(name=name, uscc="91445281MA56000016" if i == 0 else "") for i, name in enumerate(NAMES)]
    return [*made, UnitFactory(name="滨江河婆店", region_code=NEXT_TOWN)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("滨江", {"滨江商贸城"}),
        ("商贸", {"滨江商贸城"}),
        ("bjsmc", {"滨江商贸城"}),
        ("smc", {"滨江商贸城"}),
        ("binjiang", {"滨江商贸城"}),
        ("BinJiangShangMaoCheng", {"滨江商贸城"}),
        ("jiangshangmaocheng", {"滨江商贸城"}),
        ("inj", set()),
        ("000016", {"滨江商贸城"}),
        ("91445281ma56000016", {"滨江商贸城"}),
        ("cqa3", {"重庆A-3号火锅店"}),
        ("Ａ3", {"重庆A-3号火锅店"}),
        ("8号 qll", {"青龙路8号小吃店"}),
        ("bank", {"BANK of 揭阳"}),
        ("ank", set()),
        ("青龙路8号小吃店", {"青龙路8号小吃店"}),
        ("青龙路9号小吃店", set()),
        ("店", {"重庆A-3号火锅店", "青龙路8号小吃店"}),
        ("", set()),
        (" · ", set()),
        ("%", set()),
        ("_", set()),
    ],
)
def test_what_a_person_types(units: list[Unit], query: str, found: set[str]) -> None:
    assert {f.name for f in public.search(CLERK, query)} == found


alphabet = "滨江商贸城重庆青龙路流沙银行长安bjsmc8a3 12普宁"


def test_the_index_agrees_with_a_look_at_everything(units: list[Unit]) -> None:
    visible = [u for u in units if u.region_code != NEXT_TOWN]

    @given(st.text(alphabet, min_size=1, max_size=7))
    def compare(query: str) -> None:
        terms = [t for t in map(search.normal, query.split()) if t]
        naive = {u.ref for u in visible if terms and all(search.written(u).matches(t) for t in terms)}
        assert {f.ref for f in public.search(CLERK, query, limit=50)} == naive

    compare()


@given(st.text(max_size=40))
def test_keys_hold_digits_and_small_letters_only(name: str) -> None:
    for key in search.keys_of(search.Written(name, ("DW-445281-000001",))):
        assert key.isascii()
        assert key == key.lower()
        assert key.isalnum()
        assert len(key) <= 18


def test_a_renamed_unit_is_found_by_its_new_name_only(units: list[Unit]) -> None:
    units[0].name = "云栖公寓"
    search.index([units[0]])
    assert not public.search(CLERK, "滨江")
    assert public.search(CLERK, "yunqi")[0].ref == units[0].ref
    assert SearchEntry.objects.filter(object_id=units[0].pk).count() == 1


def test_own_buildings_are_found_and_the_best_comes_first(units: list[Unit]) -> None:
    BuildingFactory(manager=units[0])
    kinds = [(f.kind, f.name) for f in public.search(CLERK, "滨江商贸城")]
    assert kinds == [("unit", "滨江商贸城"), ("building", "滨江商贸城 1 号楼")]
    assert [u.name for u in public.find(CLERK, "滨江商贸城")] == ["滨江商贸城"]


def test_nobody_finds_what_they_may_not_see(units: list[Unit]) -> None:
    assert {f.name for f in public.search(actor("committee_clerk", "445222"), "bj")} == {"滨江河婆店"}
    assert {f.name for f in public.search(actor("unit_manager", "445281", unit=units[1].id), "a3")} == {NAMES[1]}
    assert not public.search(actor("auditor", "445281"), "滨江")


def test_who_looks_for_buildings_passes_over_no_unit(units: list[Unit]) -> None:
    BuildingFactory(manager=units[0], name="滨江商贸城 1 号楼")
    building = SearchEntry.objects.get(kind="building")
    for term in ("滨江", "binjiang", "bjsmc"):
        assert {row["entry"] for row in search.entries(term, "building")} == {building.pk}
        assert len({row["entry"] for row in search.entries(term)}) > 1
