"""The outline: marks in every style of numbering, each item once and in order, whatever surrounds it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanghuo.engines.workplan.compiling import compile_paper, read_body
from wanghuo.engines.workplan.marks import cn_number, mark_at


def outline(text: str) -> list[tuple[str, str]]:
    body, _, _ = read_body(text)
    return [(item.path, item.heading) for item in body.items]


def paths(text: str) -> list[str]:
    return [path for path, _ in outline(text)]


@pytest.mark.parametrize(
    ("words", "kind", "label"),
    [
        ("第一章 总则", "chapter", "第一章"),
        ("第二节 ?现状", "section", "第二节"),
        ("第十二条 任何单位", "article", "第十二条"),
        ("一、总体要求", "cn", "一"),
        ("十一、附则", "cn", "十一"),
        ("(三)基本原则", "cn_paren", "(三)"),
        ("㈡基本原则", "circled", "(二)"),
        ("12.健全机制", "num", "12"),
        ("3、健全机制", "num", "3"),
        ("2.1.3 医疗组", "decimal", "2.1.3"),
        ("(4)张贴海报", "num_paren", "(4)"),
        ("5)张贴海报", "half", "5)"),
        ("③完成改造", "circled", "③"),
        ("二是压实责任", "shi", "二是"),
        ("三要严肃问责", "yao", "三要"),
        ("第二,抓好宣传", "di", "第二"),
        ("专栏3:重点工程", "box", "专栏3"),
        ("附件2 名单", "annex", "附件2"),
        ("## 一、总体要求", "cn", "一"),
    ],
)
def test_marks(words: str, kind: str, label: str) -> None:
    mark = mark_at(words, 0, len(words))
    assert mark is not None
    assert (mark.kind, mark.label) == (kind, label)


@pytest.mark.parametrize(
    "words",
    ["一、二级重点单位", "2021年3月26日前", "第三条例外", "为进一步加强"],
)
def test_what_looks_like_a_mark_and_is_none(words: str) -> None:
    assert mark_at(words, 0, len(words)) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [("九", 9), ("十", 10), ("十二", 12), ("二十", 20), ("九十九", 99), ("一百零三", 103), ("7", 7)],
)
def test_numbers_of_marks(written: str, number: int) -> None:
    assert cn_number(written) == number


def test_levels_nest_and_numbers_may_run_on() -> None:
    text = """一、总体要求
(一)目标。减少火灾。
1、新建消防站。新建2个。
2、新增消火栓。新增5个。
(二)原则
3、坚持人民至上。落实责任。
二、保障措施
4、加强领导。成立专班。
"""
    assert outline(text) == [
        ("一", "总体要求"), ("一/(一)", "目标"), ("一/(一)/1", "新建消防站"), ("一/(一)/2", "新增消火栓"),
        ("一/(二)", "原则"), ("一/(二)/3", "坚持人民至上"), ("二", "保障措施"), ("二/4", "加强领导"),
    ]  # fmt: skip


def test_several_marks_on_one_line_are_items_each() -> None:
    text = "一、强化宣传（1）组织一次全员培训；（2）张贴海报500张；（3）每月推送提示。\n二、完善机制。一是建立台账。二是定期通报；三是严肃问责。"
    assert paths(text) == ["一", "一/(1)", "一/(2)", "一/(3)", "二", "二/一是", "二/二是", "二/三是"]


def test_a_whole_paper_in_one_line() -> None:
    text = (
        "消防工作责任书为落实责任，签订本责任书。一、工作目标（一）不发生较大火灾；（二）整改率达到100%。"
        "二、工作任务（一）落实责任。每季度研究1次。（二）加强建设。1.修编规划；2.新增消火栓50个。三、考核奖惩。年底组织考核。"
    )
    assert paths(text) == ["¶1", "一", "一/(一)", "一/(二)", "二", "二/(一)", "二/(二)", "二/(二)/1", "二/(二)/2", "三"]


def test_chapters_run_into_the_text_are_found_by_the_table_of_contents() -> None:
    text = """消防工作规划
目录
第一章 总则······1
第一节 现状······1
第二章 改革监督体系······5
第一节 落实责任制度······6
第三章 保障措施······9
第一章 总则
第一节 现状
全市消防安全形势平稳。
表格内容 预期性第二章 ?改革监督体系第一节 ?落实责任制度    压实政府责任。按照第一章规定落实。    压实单位责任。自查自改"""
    assert paths(text) == [
        "第一章", "第一章/第一节", "第二章", "第二章/第一节", "第二章/第一节/¶1", "第二章/第一节/¶2",
    ]  # fmt: skip
    body, flags, noise = read_body(text)
    assert [flag.kind for flag in flags] == ["truncated"]
    assert text[noise[0][0] :].startswith("目录")
    assert body.items[2].heading == "改革监督体系"


def test_a_mention_of_a_chapter_is_no_heading() -> None:
    assert paths("第一章 总则\n依照第二章规定执行，并参照第三节办理。\n第二章 附则\n自发布之日起施行。") == [
        "第一章",
        "第二章",
    ]


def test_paragraphs_below_a_heading_belong_to_it_and_headed_ones_stand_alone() -> None:
    text = "一、指导思想\n坚持人民至上。\n持续推进改革。\n二、基本原则\n坚持预防为主。完善机制，防患未然。\n坚持依法治理。健全法规，严格执法。\n"
    assert outline(text) == [
        ("一", "指导思想"),
        ("二", "基本原则"),
        ("二/¶1", "坚持预防为主"),
        ("二/¶2", "坚持依法治理"),
    ]


def test_a_last_paragraph_after_a_series_speaks_for_what_is_around_it() -> None:
    text = "四、时序安排\n(一)动员阶段。制定方案。\n(二)实施阶段。全面整治。\n2020年11月底，召开总结会议。\n五、工作要求\n加强领导。"
    assert paths(text) == ["四", "四/(一)", "四/(二)", "四/¶1", "五"]


def test_a_repeated_and_a_skipped_number_are_said() -> None:
    body, flags, _ = read_body("一、任务\n(一)夯实责任\n(三)提升水平\n(三)夯实基础\n二、保障\n加强领导。")
    assert [(flag.kind, flag.quote, body.items[flag.item - 1].heading) for flag in flags] == [
        ("skipped_number", "(三)", "提升水平"),
        ("repeated_number", "(三)", "夯实基础"),
    ]


def test_lines_broken_at_the_edge_of_a_page_are_put_together() -> None:
    text = """    为深刻吸取教训，现就开展高层建筑消防安全专项治
理工作作出如下安排，请各地各部门认真贯彻执行到位。
    一、治理重点
    （一）外墙外保温材料。重点检查是否使用易燃可燃材
料，防护层是否破损开裂、脱落，是否存在违规搭建、违
规用火等突出问题。
— 1 —
    （二）消防设施。重点检查自动消防设施是否完好有效，
消防控制室值班人员是否持证上岗，每季度至少开展1次
全面检测。
"""
    body, _, noise = read_body(text)
    assert [item.path for item in body.items] == ["¶1", "一", "一/(一)", "一/(二)"]
    assert [text[start:end].strip() for start, end in noise] == ["— 1 —"]
    assert len(body.sentences(body.items[2])) == 2


def test_decimal_outlines() -> None:
    text = "火灾事故应急预案\n1 总则\n1.1 编制目的\n为规范处置，制定本预案。\n1.2 适用范围\n本县范围。\n2 组织体系\n2.1 工作组\n2.1.1 救援组\n大队牵头。\n3 附则\n自发布之日起施行。"
    assert paths(text) == ["1", "1/1.1", "1/1.2", "2", "2/2.1", "2/2.1/2.1.1", "3"]


def test_a_day_at_the_head_of_a_line_is_no_decimal() -> None:
    assert paths("一、任务\n成功处置火灾，\n8.28抗洪抢险等任务。\n二、保障\n加强领导。") == ["一", "二"]


def test_a_number_at_the_head_of_a_line_is_a_mark_only_in_its_series() -> None:
    assert paths("一、任务\n1.5万人次参加了培训。\n二、保障\n加强领导。") == ["一", "二"]
    assert paths("一、任务\n1.71个小区新增设施。\n2.加强检查。\n3.50个小区完成改造。\n") == [
        "一",
        "一/1",
        "一/2",
        "一/3",
    ]


def test_boxes_hold_their_rows_and_are_left_again() -> None:
    text = """三、主要任务
（一）健全体系
压实政府责任。每半年研究一次。
压实部门责任。建立标准。
专栏1 消防站建设工程
1.一级站。新建2个。
2.小型站。新建6个。
（二）加强救援
1.建强队伍。组建3支。
"""
    assert paths(text) == [
        "三", "三/(一)", "三/(一)/¶1", "三/(一)/¶2", "三/(一)/专栏1", "三/(一)/专栏1/1", "三/(一)/专栏1/2", "三/(二)", "三/(二)/1",
    ]  # fmt: skip


def test_a_further_paper_in_the_same_text_begins_anew() -> None:
    text = "甲方案\n一、目标\n建立体系。\n二、任务\n落实责任。\n乙工作方案\n一、目标\n年度培训。\n二、任务\n开展宣传。"
    assert paths(text)[-3:] == ["附1", "附1/一", "附1/二"]


lines = st.lists(
    st.text(
        st.sampled_from(
            "一二三是要第章节条、(（)）1234.．。；：，专栏附件目录·前年月日底每 　\n\r|“”《》责任单位牵头配合①⑵㈠%abc"
        ),
        max_size=60,
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(lines | st.lists(st.text(max_size=40), max_size=6))
def test_no_text_breaks_it_and_every_character_is_of_one_item_at_most(parts: list[str]) -> None:
    text = "\n".join(parts)
    body, flags, noise = read_body(text)
    end = 0
    for no, item in enumerate(body.items, 1):
        assert item.no == no
        assert end <= item.start < item.end <= len(text)
        assert text[item.start : item.end] == item.text
        end = item.end
        for part in (*item.owners, *item.deadlines, *item.actions):
            assert item.start <= part.start < part.end <= item.end
    for flag in flags:
        assert 0 <= flag.item <= len(body.items)
        assert 0 <= flag.start < flag.end <= len(text)
    assert all(0 <= start < stop <= len(text) for start, stop in noise)
    assert len(body.flat) == len(text)


def test_names_and_days_broken_at_the_edge_of_a_page_are_whole() -> None:
    text = """一、重点任务
（一）严格落实责任。各部门要按照职责分工抓好落实，县消防救援大
队会同县教育局开展联合检查，每季度通报一次，2023年6月底
前完成全部整改任务，并于2023年11
月30日前报送总结，各地要认真组织、周密部署、抓好落
实。
"""
    body, _, _ = read_body(text)
    item = body.items[1]
    assert [owner.name for owner in item.owners] == ["各部门", "县消防救援大队", "县教育局", "各地"]
    assert [str(d.last or d.frequency) for d in item.deadlines] == ["quarter", "2023-06-30", "2023-11-30"]
    assert text[item.owners[1].start : item.owners[1].end] == "县消防救援大\n队"


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 60_000,
        "一是加强管理。二是完善" * 5_000,
        "一、加强管理\n" * 8_000,
        "·" * 60_000,
        "各部门要落实责任，" * 6_000,
        "（市教育局" * 12_000,
    ],
    ids=["blank", "series", "lines", "dots", "clauses", "brackets"],
)
def test_time_grows_with_length_alone(text: str) -> None:
    begun = time.process_time()
    read_body(text)
    assert (
        time.process_time() - begun < 8
    )  # about 1 s; a step that goes over the text for each of its parts takes minutes


def test_numbered_deeds_are_items() -> None:
    paper = compile_paper(
        "某市2026年办实事通知\n一、实事内容\n第一件实事:新增消防站2座。\n第二件实事:改造消火栓50个。\n二、要求\n各县要落实。"
    )
    assert [item.path for item in paper.items] == ["一", "一/第一件", "一/第二件", "二"]
