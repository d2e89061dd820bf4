"""Which indicator a target means: right ones found by their words, and nothing bound when it is not clear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import Text
from wanghuo.kernel.indicators import matches
from wanghuo.kernel.indicators.binding import MARGIN, THRESHOLD, TOLD_BEHIND, best, growth, unit_kind
from wanghuo.kernel.indicators.presets import TOPICS, presets
from wanghuo.kernel.indicators.registry import indicators, offered
from wanghuo.kernel.indicators.reported import FREQUENCIES
from wanghuo.kernel.indicators.testing import declared

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("metric", "unit", "scope", "code"),
    [
        ("完成整改销案", "%", "现存重大火灾隐患", "hazards.major_closing_rate"),
        ("重大火灾隐患整改率", "%", "", "hazards.major_closing_rate"),
        ("火灾隐患整改率", "%", "", "hazards.closing_rate"),
        ("区域性火灾隐患整改", "%", "", "ledgers.area_hazards.closed"),
        ("实施挂牌督办", "%", "存在的重大火灾隐患", "hazards.listing_rate"),
        ("接入总量", "%", "设有消防控制室的既有单位", "sensing.networking_rate"),
        ("接入", "%", "火灾高危单位和设有自动消防设施的高层公共建筑", "sensing.high_risk_networking_rate"),
        ("独立式感烟探测报警器", "只", "", "sensing.installed_smoke"),
        ("电气火灾监控系统", "套", "", "sensing.installed_electrical"),
        ("新建市政消火栓", "个", "", "ledgers.hydrants.built"),
        ("完好率", "%", "市政消火栓", "ledgers.hydrants.intact"),
        ("市政消火栓进入感知网络平台", "%", "", "ledgers.hydrants.connected"),
        ("一般火灾事故同比下降", "%", "", "reported.fires_general"),
        ("较大火灾事故同比下降", "%", "", "reported.fires_larger"),
        ("达标", "%", "全省消防队站", "ledgers.station_scores.standard"),
        ("达优", "%", "全省消防队站", "ledgers.station_scores.excellent"),
        ("达标", "%", "建筑面积5万平方米以上的大型商业综合体", "ledgers.unit_standards.complexes"),
        ("达标率", "%", "火灾高危单位、重点单位", "ledgers.unit_standards.units"),
        ("举报投诉按期核查", "%", "", "hazards.complaint_on_time_rate"),
        ("年均10万人口火灾死亡率", "", "", "reported.deaths_per_100k"),
        ("消防救援人员与常住人口万人配比率", "", "", "reported.staff_per_10k"),
        ("全民消防安全常识知晓率", "分", "", "reported.knowledge_points"),
        ("全民消防安全知晓率", "%", "", "reported.knowledge"),
        # nothing of the catalogue measures these
        ("平均工资", "元", "", ""),
        ("党员学习", "次", "", ""),
        ("设有自动消防设施的高层建筑", "栋", "", ""),
        ("新建市政消火栓", "%", "", ""),
        ("独立式感烟探测报警器", "元", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_metric_finds_its_indicator_or_none(metric: str, unit: str, scope: str, code: str) -> None:
    found = best(matches(metric, unit, scope))
    assert (found.code if found else "") == code


@given(
    st.text(alphabet="消防火灾隐患整改率重大达标单位新建栓 0%、", max_size=20), st.sampled_from(["", "%", "个", "元"])
)
def test_scores_lie_between_the_threshold_and_one_and_are_ranked(metric: str, unit: str) -> None:
    with declared({}, name=Text("隐患整改率", "x")):
        scores = [score for _, score in matches(metric, unit)]
    assert scores == sorted(scores, reverse=True)
    assert all(THRESHOLD - 2 * TOLD_BEHIND <= score <= 1 for score in scores)


def test_two_that_fit_equally_are_left_to_a_person() -> None:
    fields = {"name": Text("烟花爆竹燃放点检查率", "x"), "words": ()}
    with declared({}, **fields), declared({}, **fields, code="testing.second"):
        found = matches("烟花爆竹燃放点检查率", "%")
        assert found[0][1] - found[1][1] < MARGIN
        assert best(found) is None
    with declared({}, **fields):
        assert best(matches("烟花爆竹燃放点检查率", "%")).code == "testing.rate"


@pytest.mark.parametrize(
    ("words", "way"),
    [
        ("火灾起数同比下降", "yoy_down"),
        ("亡人数较去年减少", "yoy_down"),
        ("消防经费比上年增长", "yoy_up"),
        ("消防经费投入较上年度增幅", "yoy_up"),
        ("完好率", ""),
        ("下降", ""),
    ],
)
def test_words_of_growth_tell_which_way(words: str, way: str) -> None:
    assert growth(words) == way


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("%", "share"),
        ("个百分点", "share"),
        ("亿元", "money"),
        ("分钟", "time"),
        ("分", "points"),
        ("个", "count"),
        ("", ""),
    ],
)
def test_units_have_kinds(unit: str, kind: str) -> None:
    assert unit_kind(unit) == kind


def test_every_preset_can_be_reported_and_names_its_source() -> None:
    found = presets()
    assert len({each.slug for each in found}) == len(found) >= 60
    for each in found:
        assert each.topic in TOPICS, each.slug
        assert each.frequency in FREQUENCIES, each.slug
        assert each.level in ("city", "county", "town"), each.slug
        assert each.kind in ("count", "rate", "mean"), each.slug
        assert (each.unit == "%") >= (each.kind == "rate"), each.slug
        assert all((each.name.zh, each.name.en, each.formula.zh, each.formula.en, each.source, each.evidence.zh))
        assert len(each.code) <= 48, each.slug


def test_every_indicator_is_found_by_its_own_name() -> None:
    for of in (*indicators(), *offered()):
        if of.owner == "ledgers":
            continue
        found = matches(of.name.zh, of.unit or ("个" if of.kind == "count" else ""))
        own = {each.code: score for each, score in found}.get(of.code, 0)
        assert found[0][1] - own <= 2 * TOLD_BEHIND, (of.code, [(each.code, score) for each, score in found[:3]])
