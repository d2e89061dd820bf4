"""Wordings met in papers of other kinds: sizes of things, years that are a base, a site's bullets, names with a stop inside."""

from __future__ import annotations

import time

import pytest

from wanghuo.engines.workplan import compile_paper


def _paper(words: str) -> str:
    return f"云岭市2024年消防工作要点\n一、夯实基础\n{words}\n二、加强宣传\n广泛开展宣传。"


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("城区配备1辆70米以上举高消防车、2套3000米以上供水系统。", [(1, "辆"), (2, "套")]),
        ("县城至少配备1辆20至32米登高车。", [(1, "辆")]),
        ("粮食产量达到0.3亿斤。", [(30_000_000, "斤")]),
        ("生猪存栏达到2500头。", [(2500, "头")]),
        ("新建建筑面积不少于500平方米的消防站2座。", [(2, "座")]),
    ],
)
def test_the_size_of_a_thing_is_no_aim_and_a_measure_word_is_kept(words: str, values: list[tuple[float, str]]) -> None:
    assert [(t.value, t.unit) for t in compile_paper(_paper(words)).targets if not t.implied] == values


@pytest.mark.parametrize("base", ["以2022年实际数为基数,", "重大火灾起数控制在2022年水平,", "与2022年同期相比,"])
def test_a_base_year_is_no_deadline(base: str) -> None:
    paper = compile_paper(
        f"云岭市消防工作三年计划(2022-2024年)\n一、目标\n{base}火灾起数下降12%以上。\n二、要求\n加强领导。"
    )
    fall = next(t for t in paper.targets if t.value == 12)
    assert fall.deadline is None or fall.deadline.year != 2022


def test_a_site_s_bullets_are_no_items_and_tell_the_head() -> None:
    paper = compile_paper(
        "  • 发文字号: 云办〔2024〕3号\n  • 发文日期: 2024-01-08\n  • 机构名称: 市政府办公室\n"
        "云岭市2024年消防工作要点\n一、夯实基础\n新建消防站2座。\n二、加强宣传\n广泛开展宣传。"
    )
    assert [item.path for item in paper.items] == ["一", "二"]
    assert paper.number == "云办〔2024〕3号"


def test_a_collective_name_with_a_stop_inside_is_one_owner() -> None:
    paper = compile_paper(_paper("新建消防站2座。(牵头单位:市住建局;责任单位:市财政局,各乡、镇人民政府)"))
    assert [owner.name for owner in paper.items[0].owners] == ["市住建局", "市财政局", "各乡、镇人民政府"]


def test_a_clause_without_end_takes_time_in_proportion_to_its_length() -> None:
    def taken(copies: int) -> float:
        begun = time.process_time()
        compile_paper("新建消防站3座和培训人员20名" * copies)
        return time.process_time() - begun

    taken(50)
    assert taken(3200) < 8 * max(taken(800), 0.05)
