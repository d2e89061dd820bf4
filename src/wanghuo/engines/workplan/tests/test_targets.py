"""What a clerk would put into a task table with a number, and what not; each sentence stands for a way of writing."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanghuo.engines.workplan.body import Body, Head
from wanghuo.engines.workplan.compiling import compile_paper, read_body
from wanghuo.engines.workplan.paper import Item, Target
from wanghuo.engines.workplan.targets import find_targets


def body_of(text: str, *, heading: str = "", year: int = 2024) -> Body:
    """A paper of one item for the year."""
    item = Item(1, "一", heading, text, 0, len(text))
    return Body(text, (item,), Head(period=(date(year, 1, 1), date(year, 12, 31)), region="云岭省"))


def targets_of(text: str) -> list[Target]:
    return find_targets(body_of(text))[0]


def told(text: str) -> list[tuple[str, str, object, str]]:
    return [(t.metric, t.op, t.value, t.unit) for t in targets_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # counts: verb, thing, number and verb, number, thing
        ("年内新增市政消火栓11000个。", [("新增市政消火栓", ">=", 11000, "个")]),
        ("培训网格员1.2万名。", [("培训网格员", ">=", 12000, "名")]),
        ("各县区组织3-5次联合检查。", [("联合检查", "between", (3, 5), "次")]),
        ("打造17支机动大队、19支地震救援队和12支抗洪抢险队。",
         [("打造机动大队", ">=", 17, "支"), ("打造地震救援队", ">=", 19, "支"), ("打造抗洪抢险队", ">=", 12, "支")]),
        ("开工新建消防站66个，投入执勤43个。", [("开工新建消防站", ">=", 66, "个"), ("投入执勤消防站", ">=", 43, "个")]),
        ("投入5.36亿元新购消防车268辆。", [("投入资金", ">=", 536000000, "元"), ("新购消防车", ">=", 268, "辆")]),
        ("新建消防站42个（其中特勤站3个、一级站15个）。",
         [("新建消防站", ">=", 42, "个"), ("新建特勤站", ">=", 3, "个"), ("新建一级站", ">=", 15, "个")]),
        ("安装简易喷淋不少于8000套、感烟报警器不少于60000只。",
         [("安装简易喷淋", ">=", 8000, "套"), ("安装感烟报警器", ">=", 60000, "只")]),
        ("连接规模超百万量级。", [("连接规模", ">", 1000000, "")]),
        ("政府专职消防员、消防文员分别新增2000名、500名。",
         [("新增政府专职消防员", ">=", 2000, "名"), ("新增消防文员", ">=", 500, "名")]),
        ("2000辆超标车全部淘汰。", [("超标车淘汰", ">=", 2000, "辆")]),
        ("自行采购一台无人机。", [("采购无人机", ">=", 1, "台")]),
        # shares
        ("大型商业综合体100%达标。", [("大型商业综合体达标率", ">=", 100, "%")]),
        ("年内60%特勤和一级消防站达标。", [("特勤和一级消防站达标率", ">=", 60, "%")]),
        ("现存重大火灾隐患100%完成整改销案。", [("现存重大火灾隐患整改销案率", ">=", 100, "%")]),
        ("新建市政消火栓8000个，完好率不低于98%。", [("新建市政消火栓", ">=", 8000, "个"), ("市政消火栓完好率", ">=", 98, "%")]),
        ("重点场所安装率、联网率均达到100%。", [("重点场所安装率", ">=", 100, "%"), ("重点场所联网率", ">=", 100, "%")]),
        ("消防队站100%达标、80%达优。", [("消防队站达标率", ">=", 100, "%"), ("消防队站达优率", ">=", 80, "%")]),
        ("小区充电设施覆盖率达八成以上。", [("小区充电设施覆盖率", ">=", 80, "%")]),
        ("完好率由目前的78%提高到90%。", [("完好率", ">=", 90, "%")]),
        ("重复投诉率控制在3%以下。", [("重复投诉率", "<=", 3, "%")]),
        ("年均10万人口火灾死亡率控制在0.15以内。", [("年均10万人口火灾死亡率", "<=", 0.15, "")]),
        ("群众满意度达到92分以上。", [("群众满意度", ">=", 92, "分")]),
        # falls and rises
        ("火灾起数、亡人数下降20%以上。", [("火灾起数降幅", ">=", 20, "%"), ("亡人数降幅", ">=", 20, "%")]),
        ("火灾起数、亡人数分别下降5%和10%以上。", [("火灾起数降幅", ">=", 5, "%"), ("亡人数降幅", ">=", 10, "%")]),
        ("有效遏制较大火灾事故，一年内同比至少下降30%。", [("较大火灾事故同比降幅", ">=", 30, "%")]),
        ("知晓率比2023年提高3个百分点。", [("知晓率增幅", ">=", 3, "个百分点")]),
        ("缺建率降至15%以下。", [("缺建率", "<=", 15, "%")]),
        # none and all
        ("坚决杜绝重特大火灾。", [("重特大火灾", "==", 0, "")]),
        ("不发生亡人火灾和较大火灾事故。", [("亡人火灾", "==", 0, ""), ("较大火灾事故", "==", 0, "")]),
        ("高危单位全部接入。", [("高危单位接入率", ">=", 100, "%")]),
        ("实现全民培训全覆盖。", [("全民培训覆盖率", ">=", 100, "%")]),
        # times and ranks
        ("乡镇专职消防队15分钟内到达火场。", [("乡镇专职消防队到达火场时间", "<=", 15, "分钟")]),
        ("年度考核位列全国前10名。", [("考核", "<=", 10, "名")]),
    ],
)  # fmt: skip
def test_aims(text: str, expected: list[tuple[str, str, object, str]]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "累计推行27个专项行动，挂牌整治7个区域和15个隐患单位。",
        "2022年，全省共发生火灾12345起，死亡56人，同比分别下降8.5%、12%。",
        "目前，全市仍有12个乡镇没有专职消防队。",
        "配比为0.165人/万人，远低于全省0.72人/万人的平均水平。",
        "已建成消防站31座。",
        "攻坚整治违规改变使用性质等9类突出问题。",
        "组织开展10人以上经营性自建房消防安全核查。",
        "对建筑面积5万平方米以上的大型商业综合体开展检查。",
        "推动2000户以上的居民住宅小区优先建设充电装置。",
        "深刻吸取“3·21”事故教训，推动“96119”与“12345”热线合并，落实“四个一”。",
        "构建“1+6+N”力量体系，采取“六个一律”措施，坚持一岗双责、三位一体。",
        "根据云政办发〔2024〕8号文件和第14号令要求，实施十四五规划和三年行动。",
        "对个人处五百元以上一千元以下罚款。",
        "成立由县长任组长的领导小组，下设4个工作组。",
        "联系电话：0871-63991234。",
        "完善四个方面的机制，健全一套制度，形成一个良好环境。",
        "实行24小时值守，推进双随机、一公开，落实统一部署。",
        "同一建筑物由两个以上单位使用的，应当明确责任。",
        "在12月5日前报送方案。",
    ],
)
def test_history_names_classes_and_days_are_none(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "frequency", "value"),
    [
        ("火灾高危单位每年要开展1次消防安全评估。", "year", 1),
        ("各支队每季度开展拉动演练不少于2次。", "quarter", 2),
        ("各部门每半月汇总一次进展情况。", "half_month", 1),
        ("开展一月一主题宣传教育活动。", "month", 1),
        ("每月开展火灾风险研判。", "month", 1),
        ("每周开展不少于2次夜查。", "week", 2),
    ],
)
def test_how_often(text: str, frequency: str, value: float) -> None:
    (target,) = targets_of(text)
    assert (target.frequency, target.value) == (frequency, value)


def test_scope_is_over_what_it_counts() -> None:
    (strength,) = targets_of("每个村不少于10人的专职消防队。")
    assert (strength.scope, strength.metric) == ("每个村", "专职消防队人数")
    (reached,) = targets_of("建筑面积5万平方米以上的大型商业综合体100%达标。")
    assert reached.scope == "建筑面积5万平方米以上的大型商业综合体"


def test_a_section_on_what_was_holds_no_aims() -> None:
    text = "新建消防站12座，完好率达到95%。"
    assert find_targets(body_of(text, heading="工作目标"))[0]
    assert find_targets(body_of(text, heading="“十三五”主要成效")) == ([], [])


def test_what_can_be_read_in_two_ways_is_flagged_with_its_readings() -> None:
    for text, kind in (
        ("每个村不少于20-30人的专职消防队。", "value_unclear"),
        ("火灾起数下降20%以上。", "growth_basis"),
        ("各县建设消防站2个。", "scope_open"),
    ):
        flags = find_targets(body_of(text))[1]
        assert [f.kind for f in flags] == [kind], text
        assert len(flags[0].readings) >= 2


def test_softening_words_are_kept() -> None:
    assert [t.soft for t in targets_of("力争建成消防站5座，完好率达到95%。")] == [True, False]


def test_stages_each_have_their_day() -> None:
    text = "行动方案\n2019年11月28日\n一、总体目标\n从2019年11月28日至2020年11月底开展专项行动。\n二、措施\n1年内全省33%的市政消火栓进入平台，3年内达100%。\n"
    found, _ = find_targets(read_body(text)[0])
    assert [(t.value, t.deadline and t.deadline.year) for t in found] == [(33, 2020), (100, 2022)]
    assert found[0].metric == found[1].metric == "市政消火栓进入平台比例"


def test_a_day_after_another_aim_does_not_reach_back() -> None:
    text = "2024年工作要点\n一、任务\n（一）完好率达到100%，补建消火栓200个，到2024年9月底总量达到1500个以上。\n"
    found, _ = find_targets(read_body(text)[0])
    assert [(t.value, t.deadline) for t in found] == [(100, None), (200, None), (1500, date(2024, 9, 30))]


PIECES = st.lists(
    st.sampled_from(
        ["年内", "新建", "消防站", "不少于", "10", "万", "个", "、", "，", "。", "；", "100%", "达到", "每年", "1次", "“", "”", "（", "）", "《", "》", "下降", "以上", "的",
         "分别", "和", "全部", "杜绝", "火灾", "3-5", "一", "三", "率", "由", "其中", "各", "\n", " ", "２０", "全覆盖", "应查尽查", "序号 指标 单位 2025年", "|", "≥", "元", "所有"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(PIECES | st.text(max_size=60))
def test_any_text_gives_true_places_and_finite_values(text: str) -> None:
    found, flags = find_targets(body_of(text))
    for target in found:
        assert 0 <= target.start < target.end <= len(text)
        assert target.quote == text[target.start : target.end]
        values = target.value if isinstance(target.value, tuple) else (target.value,)
        assert all(math.isfinite(value) for value in values)
        assert (target.op == "between") == (len(values) == 2)
        assert 0 < target.confidence <= 1
        assert target.metric
    for flag in flags:
        assert flag.quote == text[flag.start : flag.end]


@pytest.mark.parametrize(
    ("words", "metric"),
    [
        ("全区75个村应完成建队任务。", "完成建队任务的村"),
        ("有4个社区创建成为示范社区。", "创建成为示范社区的社区"),
        ("甲镇、乙镇等17个镇将在年内新建专职消防队。", "新建专职消防队的镇"),
        ("对80所养老院的消防设施进行改造。", "养老院的消防设施改造"),
    ],
)
def test_those_counted_who_are_to_do_it_stand_behind_what_they_do(words: str, metric: str) -> None:
    assert [t.metric for t in compile_paper("某县2026年工作方案\n一、任务\n(一)" + words).targets] == [metric]
