"""Tables of indicators: by lines, run into one line, with bars, one cell a line; base years are no aims."""

from __future__ import annotations

from datetime import date

import pytest

from wanghuo.engines.workplan import compile_paper
from wanghuo.engines.workplan.body import Body, Head
from wanghuo.engines.workplan.paper import Item
from wanghuo.engines.workplan.tables import find_rows

ROWS = [
    ("十万人口火灾死亡率", "人/10万人", "0.21", "≤0.19", "≤0.18", "约束性"),
    ("消防站建成率", "%", "72", "85", "100", "约束性"),
    ("市政消火栓总量", "个", "9800", "12000", "15000", "预期性"),
    ("群众消防安全满意度", "分", "80", "85以上", "90以上", "预期性"),
]
HEADS = ("序号", "指标名称", "单位", "2020年", "2023年", "2025年", "指标属性")
EXPECTED = [
    ("十万人口火灾死亡率", "<=", 0.19, "人/10万人", 2023),
    ("十万人口火灾死亡率", "<=", 0.18, "人/10万人", 2025),
    ("消防站建成率", ">=", 85, "%", 2023),
    ("消防站建成率", ">=", 100, "%", 2025),
    ("市政消火栓总量", ">=", 12000, "个", 2023),
    ("市政消火栓总量", ">=", 15000, "个", 2025),
    ("群众消防安全满意度", ">=", 85, "分", 2023),
    ("群众消防安全满意度", ">=", 90, "分", 2025),
]


def lines() -> str:
    return "\n".join([" ".join(HEADS), *(f"{no} {' '.join(row)}" for no, row in enumerate(ROWS, 1))])


def one_line() -> str:
    return (
        " ".join(HEADS)
        + " "
        + "".join(f"{no} {' '.join(row)}指标" for no, row in enumerate(ROWS, 1))
        + " 第三章 保障措施"
    )


def bars() -> str:
    return "\n".join(
        ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
        + [f"| {no} | " + " | ".join(row) + " |" for no, row in enumerate(ROWS, 1)]
    )


def cell_a_line() -> str:
    return "\n".join([*HEADS, *(cell for no, row in enumerate(ROWS, 1) for cell in (str(no), *row))])


def rows_of(text: str) -> list[tuple[str, str, object, str, int]]:
    item = Item(1, "¶1", "", text, 0, len(text))
    body = Body(text, (item,), Head(period=(date(2021, 1, 1), date(2025, 12, 31)), region="临江市"))
    found, flags = find_rows(body)
    assert flags == []
    for target in found:
        assert target.quote == text[target.start : target.end]
    return [(t.metric, t.op, t.value, t.unit, t.deadline.year if t.deadline else 0) for t in found]


@pytest.mark.parametrize(
    "table", [lines(), one_line(), bars(), cell_a_line(), "规划主要指标如下\n" + lines() + "\n以上指标纳入考核。"]
)
def test_the_same_table_in_any_shape(table: str) -> None:
    assert rows_of(table) == EXPECTED


def test_two_line_header_without_units() -> None:
    text = "序号 指标内容 规划目标 指标类型\n2023年 2025年\n1 装备达标率 95% 100% 预期性指标2 单站服务人口 <11.8 <10 预期性指标"
    assert rows_of(text) == [
        ("装备达标率", ">=", 95, "%", 2023),
        ("装备达标率", ">=", 100, "%", 2025),
        ("单站服务人口", "<", 11.8, "", 2023),
        ("单站服务人口", "<", 10, "", 2025),
    ]


def test_base_and_target_columns_without_years() -> None:
    text = "指标名称 单位 现状值 目标值\n消防站数量 座 31 49\n火灾亡人数 人 20 12\n"
    assert rows_of(text) == [("消防站数量", ">=", 49, "座", 2025), ("火灾亡人数", "<=", 12, "人", 2025)]


def test_an_empty_cell_is_no_aim() -> None:
    text = bars().replace("≤0.19", "-")
    assert rows_of(text) == EXPECTED[1:]


def test_words_alike_are_no_table() -> None:
    assert rows_of("各单位要对照指标名称、单位和目标，细化任务。2025年底前完成。") == []


def test_cells_one_a_line_belong_to_the_row_that_names_them() -> None:
    paper = compile_paper(
        "某市2026年环境目标任务分解表\n甲区\n| 不低于90%\n| 减排量761吨\n| 100%\n乙区\n| 不低于95%\n| 80%"
    )
    assert [item.text.partition("\n")[0] for item in paper.items] == ["甲区", "乙区"]
    assert [(t.metric, t.value, t.item) for t in paper.targets] == [
        ("甲区", 90, 1),
        ("减排量", 761, 1),
        ("甲区", 100, 1),
        ("乙区", 95, 2),
        ("乙区", 80, 2),
    ]
