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


def _aims(words: str) -> list[tuple[object, str]]:
    return [(t.value, t.unit) for t in compile_paper(_paper(words)).targets if not t.implied]


@pytest.mark.parametrize(
    ("words", "aims"),
    [
        ("新设接警专线86对,配发头灯750顶。", [(86, "对"), (750, "顶")]),
        ("为12万职工送上平安包。", [(120_000, "")]),
        ("让3.2万户、9万人喝上自来水。", [(32_000, "户"), (90_000, "人")]),
        ("解决150万农村人口饮水问题。", [(1_500_000, "")]),
        ("招考300名专职队员充实基层。", [(300, "名")]),
        ("各班级都要上好一堂防火课。", [(1, "堂")]),
        ("辖区事故死亡人数为零,意外事故为零。", [(0, ""), (0, "")]),
        ("按期办结率、回访率、移送率三个“100%”。", [(100, "%")] * 3),
        ("隐患整改率100,培训教育面达到95以上。", [(100, ""), (95, "")]),
        ("铺设管道12.5km,改造住房2万m2。", [(12.5, "km"), (20_000, "m2")]),
        ("拆除东门、西关等5个旧站。", [(5, "个")]),
    ],
)
def test_what_is_counted_without_a_listed_verb_or_measure_word_is_an_aim(
    words: str, aims: list[tuple[object, str]]
) -> None:
    assert _aims(words) == aims


@pytest.mark.parametrize(
    "words",
    [
        "截至2022年底,全市应配消防车64辆,其中登高车9辆,器材1708件。",
        "在新增队员200人的基础上,抓好培训。",
        "落实县委十五届五次全会精神,办好新五件实事。",
        "在县人大四次会议上作了报告。",
        "考核得分实行百分制。",
        "没有因疏忽引发的超过1公里的拥堵。",
        "解决人均住房10平方米以下家庭的困难。",
    ],
)
def test_what_was_and_what_only_names_or_limits_is_no_aim(words: str) -> None:
    assert _aims(words) == []


def test_a_bare_number_of_what_should_be_few_is_a_limit() -> None:
    paper = compile_paper(_paper("道路交通事故死亡人数43人。"))
    assert [(t.op, t.value) for t in paper.targets] == [("<=", 43)]


def test_a_day_goes_on_with_what_is_within() -> None:
    paper = compile_paper(_paper("到2026年,充电桩达到9万台。其中,公共桩达到5000台;专用桩3000台左右。"))
    assert {(t.deadline.year if t.deadline else 0) for t in paper.targets} == {2026}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("各级财政要安排专项经费。", ["各级财政"]),
        ("各责任单位要对事项逐个研究,制订方案。", ["各责任单位"]),
        ("规划、建设、供水等部门应加强管网建设。", ["规划部门", "建设部门", "供水部门"]),
        ("建好消火栓。责任单位:市规划和城市管理局、房管局。", ["市规划和城市管理局", "房管局"]),
        ("县人民政府防火指挥部(以下简称县指挥部)负责统一指挥。", ["县人民政府防火指挥部"]),
        ("年终考评工作由镇安委会办公室负责。", ["镇安委会办公室"]),
        ("专家评估和政府考核相结合,社区教育活动参与率达71%。", []),
        ("报有关部门立项,同时报省政府备案。", []),
    ],
)
def test_who_is_told_and_who_is_only_named(words: str, names: list[str]) -> None:
    assert [owner.name for owner in compile_paper(_paper(words)).items[0].owners] == names


def test_a_site_s_lines_around_the_paper_are_no_items() -> None:
    paper = compile_paper(
        "索  引  号: 510600--0086\n文  号:\n发文日期: 2024-05-07\n2024-05-07 09:10:58 某素材网\n云岭市2024年消防工作要点\n"
        "一、夯实基础\n新建消防站2座。\n二、加强宣传\n广泛开展宣传。\n云岭市应急管理局\n2024年5月6日\n打印\n分享\n返\n请先登录"
    )
    assert [item.path for item in paper.items] == ["一", "二"]


def test_a_chapter_run_into_text_opens_with_its_series() -> None:
    paper = compile_paper(
        "云岭市消防责任书为落实责任,市政府下达责任状:一、各镇责任目标(一)落实责任。加强领导。(二)控制火灾。年内不发生亡人火灾。"
    )
    assert [item.path for item in paper.items] == ["¶1", "一", "一/(一)", "一/(二)"]
