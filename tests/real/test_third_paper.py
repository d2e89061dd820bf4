"""The corps' thirty measures: what its targets are bound to, checked by hand, phrase by phrase of the paper."""

from __future__ import annotations

import pytest

from tests.real.conftest import SHARED
from wanghuo.engines.workplan import compile_paper
from wanghuo.kernel.indicators.binding import best, growth, matches

pytestmark = [pytest.mark.shared, pytest.mark.django_db]

# What each phrase is measured by; "" where binding anything would be wrong, as no phrase around it says what the money is for
RIGHT = {
    "一年内同比至少下降15%": "reported.fires_general",
    "一年内同比至少下降30%": "reported.fires_larger",
    "坚决杜绝重特大火灾": "reported.fires_major",
    "消防设施基本完善好用": "ledgers.highrise_works.intact",
    "5万平方米以上的大型商业综合体100%达标": "ledgers.unit_standards.complexes",
    "全国重点文物保护单位的场所逐一开展检查": "ledgers.heritage_checks.checked",
    "存在的重大火灾隐患100%实施挂牌督办": "hazards.listing_rate",
    "100%抄告民政部门": "ledgers.care_homes.notified",
    "一律建立工作台账": "ledgers.small_firms.listed",
    "现存重大火灾隐患100%完成整改销案": "hazards.major_closing_rate",
    "区域性火灾隐患至少整改50%": "ledgers.area_hazards.closed",
    "严禁在高层建筑内使用瓶装液化石油气": "ledgers.highrise_works.gas",
    "半地下室使用液化石油气": "ledgers.gas_use.low_left",
    "新建市政消火栓不少于8000个": "ledgers.hydrants.built",
    "完好率不低于98%": "ledgers.hydrants.intact",
    "新建市政消火栓全部纳入网络平台管理": "ledgers.hydrants.new_connected",
    "33%的市政消火栓进入感知网络平台": "ledgers.hydrants.connected",
    "3年内达100%": "ledgers.hydrants.connected",
    "既有单位接入总量不低于90%": "sensing.networking_rate",
    "高层公共建筑全部接入": "sensing.high_risk_networking_rate",
    "简易喷淋不少于8000套": "ledgers.device_installs.sprinklers",
    "独立式感烟探测报警器不少于60000只": "sensing.installed_smoke",
    "电气火灾监控系统不少于10000套": "sensing.installed_electrical",
    "集中充电装置不少于10000套": "ledgers.device_installs.chargers",
    "重点单位达标率达100%": "ledgers.unit_standards.units",
    "消防安全知晓率达90%以上": "reported.knowledge",
    "重点人群培训率达100%": "ledgers.trainings.key",
    "编制员额10000名": "ledgers.brigade_posts.posts",
    "平均工资水平的1.5倍": "ledgers.brigade_wages.times",
    "开工新建消防站66个": "ledgers.station_projects.started",
    "投入执勤43个": "ledgers.station_projects.in_service",
    "立项建设消防队站总数346个": "ledgers.station_projects.approved",
    "建设达标率100%": "ledgers.station_rooms.standard",
    "新购消防车268辆": "ledgers.equipment_plan.engines",
    "战勤保障拉动演练不少于1次": "ledgers.drills.support",
    "全省消防队站100%达标": "ledgers.station_scores.standard",
    "80%达优": "ledgers.station_scores.excellent",
    "一次全方位督察": "ledgers.inspection_tours.all_round",
    "所有执勤执法干部轮训一遍": "ledgers.trainings.officer_rounds",
    "每半月汇总一次进展情况": "ledgers.reports_sent.summaries",
}
PRESETS_AND_COMPUTED = ("alarms", "hazards", "ledgers", "loops", "places", "sensing")


@pytest.fixture(scope="module")
def targets():
    text = next((SHARED.parent / "sources").glob("002_*.txt")).read_text("utf-8")
    return compile_paper(text).targets


def bound(target) -> str:
    found = best(matches(target.metric, target.unit, target.scope, quote=target.quote))
    return found.code if found else ""


def test_three_fifths_bind_to_computed_indicators_or_preset_registers(targets) -> None:
    codes = [bound(target) for target in targets]
    counted = [code for code in codes if code.partition(".")[0] in PRESETS_AND_COMPUTED]
    assert len(targets) >= 40
    assert len(counted) / len(targets) >= 0.6


def test_what_was_checked_by_hand_is_bound_right_or_not_at_all(targets) -> None:
    wrong = []
    met = 0
    for target in targets:
        for phrase, code in RIGHT.items():
            if phrase in target.quote:
                met += 1
                if bound(target) not in ("", code):
                    wrong.append((phrase, bound(target), code))
    assert wrong == []
    assert met >= 30


def test_falls_against_the_year_before_are_read_as_such(targets) -> None:
    falls = [t for t in targets if "同比至少下降" in t.quote]
    assert [growth(t.metric, t.quote) for t in falls] == ["yoy_down"] * len(falls) != []
