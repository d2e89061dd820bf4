"""Tables of duties: rows become items with their owners, days and aims, however the table came into the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.workplan import compile_paper
from wanghuo.engines.workplan.paper import Paper

_TITLE = "某某县2025年重点工作任务分解表\n"
_DOCX = """| 序号 | 工作任务 | 目标要求 | 牵头单位 | 配合单位 | 完成时限 |
| 1 | 城镇新增就业 | 1200人以上 | 县人社局 | 县财政局、各乡镇人民政府 | 2025年12月底前 |
| 2 | 建设微型消防站20个，达标率达到95%。 |  | 县消防救援大队 | 县住建局 县应急局 | 6月底前 |
| 3 | 森林覆盖率 | 达到38% | 县林业局 | 各乡镇 | 年内 |
| 4 | 开展电动自行车整治 | 排查小区300个，整改率100% | 县消安委办 | 公安、住建等部门 | 2025年9月30日前 |"""


def told(paper: Paper) -> list[tuple[str, list[str], list[str]]]:
    """Each item's path, its owners with their part, and its aims with their day."""
    return [
        (
            item.path,
            [f"{owner.name}/{owner.role}" for owner in item.owners],
            [f"{t.metric}{t.op}{t.value:g}{t.unit} {t.deadline}" for t in paper.targets if t.item == item.no],
        )
        for item in paper.items
    ]


ROWS = [
    (
        "1",
        ["县人社局/lead", "县财政局/support", "各乡镇人民政府/support"],
        ["新增就业>=1200人 2025-12-31"],
    ),
    (
        "2",
        ["县消防救援大队/lead", "县住建局/support", "县应急局/support"],
        ["建设微型消防站>=20个 2025-06-30", "微型消防站达标率>=95% 2025-06-30"],
    ),
    ("3", ["县林业局/lead", "各乡镇/support"], ["森林覆盖率>=38% 2025-12-31"]),
    (
        "4",
        ["县消安委办/lead", "公安部门/support", "住建部门/support"],
        ["排查小区>=300个 2025-09-30", "小区整改率>=100% 2025-09-30"],
    ),
]


def test_a_row_is_an_item_with_its_owners_its_day_and_its_aims() -> None:
    paper = compile_paper(_TITLE + _DOCX)
    assert told(paper) == ROWS
    assert [item.heading for item in paper.items][2:] == ["森林覆盖率", "开展电动自行车整治"]


@pytest.mark.parametrize(
    "table",
    [
        "\n".join(line.strip("| ") + " |" for line in _DOCX.splitlines()),  # as pages are copied
        "\n".join(line.strip("| ") for line in _DOCX.replace("目标要求", "目 标 要 求").splitlines()),
    ],
)
def test_bars_at_the_ends_and_blanks_in_names_say_nothing(table: str) -> None:
    assert told(compile_paper(_TITLE + table)) == ROWS


def test_cells_that_were_merged_stand_at_the_left() -> None:
    text = """| 类别 | 工作任务 | 责任单位 |
| 基础建设 | 新建消防站2座 | 县住建局 |
| 新增消火栓50个 | 县水利局 |"""
    assert told(compile_paper(_TITLE + text)) == [
        ("1", ["县住建局/lead"], ["新建消防站>=2座 None"]),
        ("2", ["县水利局/lead"], ["新增消火栓>=50个 None"]),
    ]


def test_a_header_of_two_lines_a_part_of_the_table_and_a_row_cut_off() -> None:
    text = """序号 | 任务 | 目标 | 牵头单位 | 配合单位
序号 | 任务 | 牵头单位
一、经济发展
1 | 招商引资 | 到位资金50亿元 | 县商务局 | 县发改局
二、社会事业
2 | 新建幼儿园 | 3所 | 县教"""
    paper = compile_paper(_TITLE + text)
    assert [(item.path, [o.name for o in item.owners]) for item in paper.items] == [
        ("一", []),
        ("一/1", ["县商务局", "县发改局"]),
        ("二", []),
        ("二/2", []),
    ]
    assert [(t.value, t.unit) for t in paper.targets] == [(5_000_000_000, "元"), (3, "所")]


def test_a_cell_may_label_whom_it_names() -> None:
    text = """序号 | 工作内容 | 责任单位
1 | 开展巡查 | 牵头单位：县公安局；配合单位：县城管局、县住建局"""
    (item,) = compile_paper(_TITLE + text).items
    assert [(o.name, o.role) for o in item.owners] == [
        ("县公安局", "lead"),
        ("县城管局", "support"),
        ("县住建局", "support"),
    ]


def test_a_line_without_a_number_goes_on_with_the_numbered_task_above() -> None:
    paper = compile_paper(
        """2025年某县民生实事进展情况登记表
项目名称 | 工作任务 | 计划完成时间 | 牵头单位 |
1.道路提升项目 | 改造道路8条； | 11月 | 县建设局 |
2025.8 | 某某城投集团 | ||
新建停车场3处，新增泊位200个以上。 | 10月底 | 县公安局 | |
2.公墓项目 | 新建公墓5处。 | 2025.12 | 县民政局 |
计划9月底完成选址 | 某某服务集团 | ||"""
    )
    assert told(paper) == [
        (
            "1",
            ["县建设局/lead", "某某城投集团/lead", "县公安局/lead"],
            ["改造道路>=8条 2025-11-30", "新建停车场>=3处 2025-10-31", "新增泊位>=200个 2025-10-31"],
        ),
        ("2", ["县民政局/lead", "某某服务集团/lead"], ["新建公墓>=5处 2025-12-31"]),
    ]


def test_a_table_drawn_with_lines_is_read_row_by_row() -> None:
    paper = compile_paper(
        """某市2026年园林绿化任务分解表
┌──┬────┬──────────┬─────┐
│序号│责任单位│ 任务目标 │ 完成时间 │
├──┼────┼──────────┼─────┤
│ 1 │ 金水区 │1.新增绿地50万平方米。│2026.11.30│
│  │    ├──────────┼─────┤
│  │    │2.增建游园5个。│2026.10.31│
├──┼────┼──────────┼─────┤
│ 2 │ 市园林局 │新建公园3个。│2026.9│
└──┴────┴──────────┴─────┘"""
    )
    assert told(paper) == [
        ("1", ["金水区/lead"], ["新增绿地>=500000平方米 2026-11-30", "增建游园>=5个 2026-10-31"]),
        ("2", ["市园林局/lead"], ["新建公园>=3个 2026-09-30"]),
    ]


def test_a_table_that_names_nobody_is_none_of_duties() -> None:
    text = """序号 | 指标 | 单位 | 2025年目标
1 | 消防站 | 座 | 12"""
    paper = compile_paper("某市消防规划\n" + text)
    assert [(t.metric, t.value, t.unit) for t in paper.targets] == [("消防站", 12, "座")]
    assert not any(item.owners for item in paper.items)


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                ["序号", "任务", "责任单位", "配合单位", "1", "2", "县公安局", "完成3个", "年内", "", "。", "一、"]
            ),
            max_size=6,
        ),
        max_size=8,
    )
)
def test_whatever_stands_between_bars_is_read_without_fail(rows: list[list[str]]) -> None:
    text = "\n".join("|".join(row) for row in rows)
    paper = compile_paper(text)
    for item in paper.items:
        assert text[item.start : item.end] == item.text
        assert all(item.start <= owner.start < owner.end <= item.end for owner in item.owners)
    assert all(0 <= t.start <= t.end <= len(text) for t in paper.targets)
