"""Columns become fields: guessed, given as data, converted, every error at its own place."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import Text
from wanghuo.kernel.ledgers import mapping as maps
from wanghuo.kernel.ledgers import values
from wanghuo.kernel.ledgers.importing import Column, Context, CoordinateSystem, ImportKind, Row

KIND = ImportKind(
    code="shops",
    title=Text("商铺", "Shops"),
    right="places.import",
    columns=(
        Column("name", Text("单位名称", "Name"), required=True, longest=20, synonyms=("名称",)),
        Column("region_code", Text("行政区划", "Region"), "region"),
        Column(
            "kind",
            Text("种类", "Kind"),
            "choice",
            choices={"shop": Text("商店", "shop"), "hotel": Text("宾馆", "hotel")},
        ),
        Column("area_m2", Text("面积", "Area"), "float", least=0, most=1e6),
        Column("beds", Text("床位数", "Beds"), "int", least=0),
        Column("self_built", Text("自建房", "Self-built"), "bool"),
        Column("on", Text("日期", "Day"), "date"),
        Column("at", Text("时间", "Time"), "datetime"),
        Column("tags", Text("标签", "Tags"), "choices", choices={"a": Text("甲", "A"), "b": Text("乙", "B")}),
    ),
    check=lambda rows, context: [],
    write=lambda judged, context: [],
)
REGIONS = {"普宁市": "445281", "445281": "445281"}


def read(columns: dict[str, Any], cells: dict[str, str]) -> tuple[Row, list[Any]]:
    mapping = maps.from_data({"columns": columns}, KIND)
    return maps.apply(mapping, KIND, 7, cells, REGIONS.get)


def test_headings_are_guessed_by_label_synonym_and_code_below_a_title() -> None:
    rows = [["普宁市单位台账"], [], ["名称（必填）*", "区划", "Kind", "面积 (m²)", "床位数"], ["滨江商贸城"]]
    assert maps.guess_header(rows, KIND) == 3
    found = maps.guess(maps.headings(rows[2]), KIND)
    assert {n: s.column for n, s in found.items()} == {
        "name": "名称（必填）*", "kind": "Kind", "area_m2": "面积 (m²)", "beds": "床位数",
    }  # fmt: skip


def test_a_remembered_mapping_comes_first_where_its_columns_are_here() -> None:
    learned = {"columns": {"name": {"join": ["街", "号"], "separator": " "}, "beds": {"column": "没有了"}}}
    found = maps.guess(["街", "号", "名称", "床位数"], KIND, learned)
    assert found["name"].join == ("街", "号")
    assert found["beds"].column == "床位数"


def test_headings_are_told_apart() -> None:
    assert maps.headings(["电话", "", "电话"]) == ["电话", "B", "电话 (2)"]
    assert [maps.letter(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_const_map_join_format_zone_and_offset() -> None:
    columns = {
        "name": {"join": ["a", "b"], "separator": "-"},
        "region_code": {"const": "普宁市"},
        "kind": {"column": "k", "map": {"小卖部": "shop", "*": "hotel"}},
        "on": {"column": "d", "format": "%d/%m/%Y", "offset_days": 31},
        "at": {"column": "t", "format": "%d/%m/%Y %H:%M", "zone": "Europe/London"},
    }
    row, errors = read(columns, {"a": "青龙路", "b": "8 号", "k": "旅社", "d": "01/02/2020", "t": "01/07/2020 12:00"})
    assert not errors
    assert row.values == {
        "name": "青龙路-8 号", "region_code": "445281", "kind": "hotel", "on": date(2020, 3, 3),
        "at": datetime(2020, 7, 1, 11, tzinfo=UTC),
    }  # fmt: skip


def test_every_error_of_a_row_stands_at_its_own_column() -> None:
    columns = {n: n for n in ("name", "region_code", "kind", "area_m2", "beds", "self_built", "on", "at", "tags")}
    cells = {"name": "-", "region_code": "火星", "kind": "飞船", "area_m2": "很大", "beds": "2.5", "self_built": "也许",
             "on": "2026-02-30", "at": "昨天", "tags": "甲、丙"}  # fmt: skip
    row, errors = read(columns, cells)
    assert [e.column for e in errors] == list(columns)
    assert row.number == 7
    assert all(e.text.zh and e.text.en for e in errors)


def test_cells_as_people_write_them() -> None:
    columns = {n: n for n in ("name", "area_m2", "beds", "self_built", "on", "at", "tags")}
    cells = {"name": "店", "area_m2": "１,200.5 ㎡", "beds": "30张", "self_built": "无", "on": "2026年3月5日",
             "at": "2026/3/5 14:05", "tags": "甲，B"}  # fmt: skip
    row, errors = read(columns, cells)
    assert not errors
    assert row.values["area_m2"] == 1200.5
    assert row.values["beds"] == 30
    assert row.values["self_built"] is False
    assert row.values["on"] == date(2026, 3, 5)
    assert row.values["at"] == datetime(2026, 3, 5, 6, 5, tzinfo=UTC)
    assert row.values["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        {}, {"columns": {}}, {"columns": {"colour": "x"}}, {"columns": {"name": 3}}, {"columns": {"name": {}}},
        {"columns": {"name": "x"}, "header_row": -1}, {"columns": {"name": "x"}, "coordinates": "utm"},
        {"columns": {"at": {"column": "x", "zone": "Mars/Olympus"}}}, {"columns": {"name": "x"}, "only": [{"column": "x"}]},
        {"columns": {"name": {"column": "x", "map": []}}}, {"columns": {"name": {"column": "x", "colour": "red"}}},
    ],
)  # fmt: skip
def test_a_mapping_that_is_none_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(maps.BadMapping):
        maps.from_data(data, KIND)


def test_a_mapping_survives_being_kept() -> None:
    toml = """
    header_row = 3
    coordinates = "gcj02"
    [columns]
    name = { join = ["a", "b"], separator = " " }
    kind = { column = "k", map = { x = "shop" } }
    [[only]]
    column = "状态"
    equals = ["在营"]
    """
    mapping = maps.from_data(maps.parse(toml), KIND)
    assert maps.from_data(mapping.as_json(), KIND) == mapping
    assert mapping.coordinates is CoordinateSystem.GCJ02


def test_missing_columns_are_named() -> None:
    mapping = maps.from_data(
        {"columns": {"beds": "床", "kind": {"const": "shop"}}, "only": [{"column": "z", "equals": []}]}, KIND
    )
    assert [p.column for p in maps.missing(mapping, KIND, ["名称"])] == ["name", "beds", ""]


@given(st.text(max_size=30), st.sampled_from(KIND.columns), st.sampled_from(["", "%Y-%m-%d", "%d/%m/%y %H:%M"]))
def test_a_cell_is_a_value_or_bad_and_nothing_else(text: str, column: Column, fmt: str) -> None:
    try:
        found = values.convert(text, column, find_region=REGIONS.get, fmt=fmt)
    except values.Bad as bad:
        found = (bad.text.zh and bad.text.en) or None
    assert found is not None


@given(st.floats(0, 1e6).map(lambda x: round(x, 3)))
def test_numbers_come_back_with_and_without_unit(number: float) -> None:
    column = KIND.column("area_m2")
    for written in (f"{number}", f"{number:,}", f"{number} m²"):
        assert values.convert(written, column, find_region=REGIONS.get) == number


@given(st.text(max_size=60))
def test_no_text_crashes_the_mapping_parser(text: str) -> None:
    with contextlib.suppress(maps.BadMapping):
        maps.from_data(maps.parse(text), KIND)


def test_numbers_of_two_long_named_sources_do_not_meet() -> None:
    def keys(source):
        context = Context(actor=None, region="445281", coordinates=None, source=source)
        return {context.key(ref) for ref in ("1", "2")}

    assert keys("旧系统") == {"旧系统:1", "旧系统:2"}
    long, other = "某县教育局历年检查台账（含乡镇中心校）" * 4, "某县民政局历年检查台账（含乡镇敬老院）" * 4
    assert len(keys(long) | keys(other)) == 4
    assert all(len(key) == 64 for key in keys(long))
