"""Each wording of a deadline against a paper of 28 November 2019 that runs from 27 November 2019 to 30 November 2020."""

from __future__ import annotations

from datetime import date

import pytest

from wanghuo.engines.workplan.dates import Calendar, find_deadlines, in_months

PAPER = Calendar(date(2019, 11, 28), date(2019, 11, 27), date(2020, 11, 30), date(2019, 11, 27))
YEARLY = Calendar(None, date(2023, 1, 1), date(2023, 12, 31))
FIVE = Calendar(date(2022, 12, 30), date(2021, 1, 1), date(2025, 12, 31))


def found(words: str, calendar: Calendar, year: int | None = None) -> list[tuple[str, str, str, str]]:
    deadlines = find_deadlines(words, 0, len(words), calendar, year=year).deadlines
    return [(d.kind, str(d.first or ""), str(d.last or ""), d.frequency) for d in deadlines]


@pytest.mark.parametrize(
    ("words", "kind", "first", "last", "frequency"),
    [
        ("年内新增消火栓", "by", "", "2023-12-31", ""),
        ("年底前完成", "by", "", "2023-12-31", ""),
        ("6月底前,召开推进会", "by", "", "2023-06-30", ""),
        ("2月底前完成", "by", "", "2023-02-28", ""),
        ("11月20日前报送", "by", "", "2023-11-20", ""),
        ("上半年完成", "phase", "2023-01-01", "2023-06-30", ""),
        ("一季度末前完成", "by", "", "2023-03-31", ""),
        ("每季度开展一次", "recurring", "", "", "quarter"),
        ("每半月汇总一次", "recurring", "", "", "half_month"),
        ("每年1次", "recurring", "", "", "year"),
        ("开展一月一主题宣传", "recurring", "", "", "month"),
        ("每半年开展1次检查", "recurring", "", "", "half_year"),
        ("每周不少于2次", "recurring", "", "", "week"),
        ("春节前完成检查", "vague", "", "", ""),
        ("(2023年3月1日至3月31日)", "phase", "2023-03-01", "2023-03-31", ""),
        ("(2023年5月至8月)", "phase", "2023-05-01", "2023-08-31", ""),
        ("6-9月开展夏训", "phase", "2023-06-01", "2023-09-30", ""),
        ("2023年10月底前", "by", "", "2023-10-31", ""),
        ("完成时限:长期坚持", "recurring", "", "", ""),
        ("发现后24小时内处置", "within", "", "", ""),
    ],
)
def test_in_a_yearly_paper(words: str, kind: str, first: str, last: str, frequency: str) -> None:
    assert found(words, YEARLY) == [(kind, first, last, frequency)]


@pytest.mark.parametrize(
    ("words", "kind", "first", "last"),
    [
        ("一年内新建消火栓", "within", "2019-11-27", "2020-11-27"),
        ("3年内达100%", "within", "2019-11-27", "2022-11-27"),
        ("三个月内完成", "within", "2019-11-27", "2020-02-27"),
        ("从即日起至2020年11月底", "phase", "2019-11-28", "2020-11-30"),
        ("从2019年11月27日开始,2020年11月底结束", "phase", "2019-11-27", "2020-11-30"),
        ("(2019年11月27日至12月底)", "phase", "2019-11-27", "2019-12-31"),
        ("12月5日前报送", "by", "", "2019-12-05"),
        ("自印发之日起30日内报送", "within", "2019-11-28", "2019-12-28"),
    ],
)
def test_in_a_campaign(words: str, kind: str, first: str, last: str) -> None:
    assert found(words, PAPER) == [(kind, first, last, "")]


@pytest.mark.parametrize(
    ("words", "kind", "last"),
    [
        ("到2025年,全市建成", "by", "2025-12-31"),
        ("2024年底前全部达标", "by", "2024-12-31"),
        ("“十四五”末达到5人", "by", "2025-12-31"),
        ("“十四五”期间新建6个", "phase", "2025-12-31"),
        ("2023年,居民区全部落实", "phase", "2023-12-31"),
    ],
)
def test_in_a_five_year_plan(words: str, kind: str, last: str) -> None:
    ((found_kind, _, found_last, _),) = found(words, FIVE)
    assert (found_kind, found_last) == (kind, last)


@pytest.mark.parametrize(
    "words",
    [
        "“十三五”期间新增消火栓900个",
        "2019年全市发生火灾3起",
        "贯彻《消防规划(2019-2022)》",
        "每个场所落实责任",
        "为期一年时间",
        "建筑面积5万平方米以上",
        "火灾起数同比下降",
        "近年来",
        "2022年以来",
    ],
)
def test_what_is_no_deadline(words: str) -> None:
    assert found(words, FIVE) == []


def test_what_a_cell_lists_is_dated_each_by_itself() -> None:
    words = "| 1、甲项目7月1日投用 2、乙项目2026年12月底完成 3、丙项目计划10月1日前完成 | 2025.8 |"
    calendar = Calendar(date(2025, 1, 6), date(2025, 1, 1), date(2025, 12, 31))
    assert [last for _, _, last, _ in found(words, calendar)] == [
        "2025-07-01",
        "2026-12-31",
        "2025-10-01",
        "2025-08-31",
    ]


def test_a_span_of_months_without_any_year_is_told_and_flagged() -> None:
    told = find_deadlines("全面建设阶段(6月中旬-8月底)", 0, 17, Calendar())
    assert [(d.kind, d.first, d.last) for d in told.deadlines] == [("phase", None, None)]
    assert [flag.kind for flag in told.flags] == ["date_unknown"]


def test_a_year_inside_a_clause_is_due_where_something_must_be_done_then() -> None:
    told = find_deadlines("队伍建设2026年应完成40%。第一阶段(2026-2027年),健全制度", 0, 40, Calendar())
    assert [d.last for d in told.deadlines] == [date(2026, 12, 31), date(2027, 12, 31)]


def test_a_year_that_opens_a_line_is_due_then() -> None:
    words = "国内旅游\n2026年全市接待游客580万人次。"
    told = find_deadlines(words, 0, len(words), Calendar(None, date(2026, 1, 1), date(2026, 12, 31)))
    assert [(d.kind, d.last) for d in told.deadlines] == [("phase", date(2026, 12, 31))]


def test_before_a_year_is_flagged_and_no_day_is_chosen() -> None:
    words = "2025年前,达标率达100%"
    result = find_deadlines(words, 0, len(words), FIVE)
    assert [(d.kind, d.last) for d in result.deadlines] == [("by", None)]
    (flag,) = result.flags
    assert flag.kind == "before_year"
    assert len(flag.readings) == 2
    assert words[flag.start : flag.end] == "2025年前"


def test_a_year_nobody_names_is_flagged() -> None:
    words = "年内完成"
    result = find_deadlines(words, 0, len(words), Calendar())
    assert [d.last for d in result.deadlines] == [None]
    assert [flag.kind for flag in result.flags] == ["date_unknown"]


def test_a_month_takes_the_year_before_it() -> None:
    assert found("(2019年11月27日至12月底)。11月底,召开会议,于12月5日前报送", PAPER)[1:] == [
        ("by", "", "2019-11-30", ""),
        ("by", "", "2019-12-05", ""),
    ]


def test_over_the_turn_of_the_year_a_month_lies_within_the_period() -> None:
    winter = Calendar(date(2023, 10, 28), date(2023, 11, 1), date(2024, 3, 31))
    assert [row[2] for row in found("12月15日前自查,2月底前复查", winter)] == ["2023-12-15", "2024-02-29"]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2019, 11, 27), 12, date(2020, 11, 27)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2023, 1, 1), 1, date(2023, 2, 1)),
    ],
)
def test_months_later(day: date, months: int, later: date) -> None:
    assert in_months(day, months) == later
