"""What a paper says of itself, in the ways notices, attached plans, web pages and signatures say it."""

from __future__ import annotations

from datetime import date

import pytest

from wanghuo.engines.workplan.compiling import compile_paper, read_body
from wanghuo.engines.workplan.days import day_in, period_in

NOTICE = """当前位置：首页 > 政务公开 > 政策文件
川安办〔2024〕12 号

清江市人民政府办公室
关于印发《清江市消防安全治本攻坚三年行动
方案》的通知

各县（市、区）人民政府，市级各部门：
　　现将方案印发给你们，请认真贯彻执行。
　　附件：1.重点任务分工表
　　　　　2.联络员名单
　　　　　　　　清江市人民政府办公室
　　　　　　　　　二〇二四年三月七日

清江市消防安全治本攻坚三年行动方案
（2024—2026年）
一、总体要求
减少火灾。
抄送：市委办公室，市人大常委会办公室。
清江市人民政府办公室 2024年3月8日印发
打印本页 关闭窗口
"""


def test_a_notice_with_the_paper_attached() -> None:
    body, _, noise = read_body(NOTICE)
    head = body.head
    assert head.title == "清江市消防安全治本攻坚三年行动方案(2024—2026年)"
    assert (head.issuer, head.number, head.issued_on) == (
        "清江市人民政府办公室",
        "川安办〔2024〕12号",
        date(2024, 3, 7),
    )
    assert head.period == (date(2024, 1, 1), date(2026, 12, 31))
    assert head.region == "清江市"
    assert [item.path for item in body.items] == ["¶1", "一"]
    assert [NOTICE[start:end].strip()[:4] for start, end in noise] == ["当前位置", "打印本页"]


def test_particulars_of_a_site_serve_where_the_paper_is_silent() -> None:
    text = "索引号：1133/2021-10 | 发布机构：洪溪镇人民政府 | 发文日期：2021-03-23 | 文号：洪政〔2021〕7号\n洪溪镇2021年消防工作要点\n一、任务\n落实责任。"
    head = read_body(text)[0].head
    assert (head.issuer, head.issued_on, head.number) == ("洪溪镇人民政府", date(2021, 3, 23), "洪政〔2021〕7号")


def test_a_cited_number_is_not_the_papers_own() -> None:
    text = "各村（居）：\n根据丰防发〔2023〕3号文件要求，青溪乡结合实际，特制定《青溪乡2023年消防工作要点》。\n青溪乡2023年消防工作要点\n一、任务\n落实责任。"
    head = read_body(text)[0].head
    assert (head.title, head.issuer, head.number, head.region) == ("青溪乡2023年消防工作要点", "青溪乡", "", "青溪乡")


def test_joint_issuers() -> None:
    text = "关于印发《燃气整治方案》的通知\n各市：\n现印发给你们。\n省应急管理厅  省教育厅\n2023年8月15日\n燃气整治方案\n一、任务\n检查。"
    assert read_body(text)[0].head.issuer == "省应急管理厅、省教育厅"


def test_the_day_of_a_sites_footer_is_not_the_papers() -> None:
    text = (
        "消防工作“十四五”规划\n一、任务\n落实责任，完善机制。\n本文内容由互联网用户自发贡献。\n2023年10月13日\n相关推荐"
    )
    head = read_body(text)[0].head
    assert head.issued_on is None
    assert head.period == (date(2021, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("title", "text", "period"),
    [
        ("2023年消防工作要点", "", ("2023-01-01", "2023-12-31")),
        ("消防安全三年行动方案（2020-2022年）", "", ("2020-01-01", "2022-12-31")),
        ("消防“十五五”规划", "", ("2026-01-01", "2030-12-31")),
        ("整治方案", "决定从即日起至2020年11月底，开展整治。", ("2019-11-28", "2020-11-30")),
        ("整治方案", "此次行动从2019年11月27日开始,2020年11月底结束。", ("2019-11-27", "2020-11-30")),
        ("2024年冬春防控方案", "从2023年11月1日开始，至2024年3月31日结束。", ("2023-11-01", "2024-03-31")),
        ("整治方案", "(一)动员部署(2022年3月至4月)。(二)巩固提升(2022年11月至12月)。", ("2022-03-01", "2022-12-31")),
        ("整治方案", "加强管理。", ("None", "None")),
    ],
)
def test_periods(title: str, text: str, period: tuple[str, str]) -> None:
    first, last = period_in(title, text.replace("，", ","), date(2019, 11, 28))
    assert (str(first), str(last)) == period


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2023年3月23日", date(2023, 3, 23)),
        ("二〇二三年三月二十三日", date(2023, 3, 23)),
        ("二○一九年十二月三十一日", date(2019, 12, 31)),
        ("2021-03-23", date(2021, 3, 23)),
        ("2023年2月30日", None),
        ("三月", None),
    ],
)
def test_days(words: str, day: date | None) -> None:
    assert day_in(words) == day


def test_who_runs_a_task_is_not_who_runs_a_site() -> None:
    paper = compile_paper(
        "某县2025年为民办实事工作计划\n一、环境工程\n(1)改造老旧小区。\n主办单位:县城投公司,协办单位:县住建局。\n"
        "(2)建设公园。\n主办单位:县园林局。\n主办单位:某县人民政府 网站标识码:123456\n技术支持:某某公司"
    )
    assert [item.path for item in paper.items] == ["一", "一/(1)", "一/(2)"]
    assert [owner.name for item in paper.items for owner in item.owners] == ["县城投公司", "县住建局", "县园林局"]


def test_a_letter_to_a_person_and_its_thanks_are_no_items() -> None:
    paper = compile_paper(
        "某县消防救援大队\n关于县人大第12号建议的答复\n王大明代表:\n您提出的建议收悉,现答复如下。\n一是增设消火栓5个。\n"
        "二是加强巡查。\n感谢您对消防工作的关心和支持。\n某县消防救援大队\n2025年5月27日"
    )
    assert paper.title.endswith("关于县人大第12号建议的答复")
    assert paper.issued_on == date(2025, 5, 27)
    assert not any("感谢" in item.text or "代表:" in item.text for item in paper.items)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("三明市人民政府办公室关于印发2025年工作要点的通知\n一、任务\n(一)检查10家。", "三明市"),
        ("四川省2025年消防工作要点\n一、任务\n(一)检查10家。", "四川省"),
        ("三门峡市人民政府办公室转发市防火委关于消防队站建设方案的通知\n一、任务\n(一)检查10家。", "三门峡市"),
    ],
)
def test_a_number_may_open_a_places_name(text: str, region: str) -> None:
    assert compile_paper(text).region == region
