"""Search: everything one may see, nothing one may not, and what was searched when nothing is found."""

from __future__ import annotations

import pytest

from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry, AuditPrivate
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.ui.testing import assert_nothing_inline, words
from wanghuo.modules.alarms.testing import AlarmFactory
from wanghuo.modules.cockpit.search import search
from wanghuo.modules.hazards.testing import HazardFactory
from wanghuo.modules.places.testing import NEXT_TOWN, BuildingFactory, UnitFactory
from wanghuo.modules.sensing.testing import DeviceFactory

COUNTY = "445281"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("regions")]
BOX = {"HX-Request": "true", "HX-Target": "search-results"}


@pytest.fixture
def inspector():
    return actor("inspector", COUNTY)


def found(text, who, **known):
    return {
        group.name.en: [hit.ref or hit.label.zh for hit in group.hits] for group in search(text, actor=who, **known)
    }


@pytest.mark.parametrize("text", ["滨江", "binjiangshangmao", "bjsm"])
def test_units_and_buildings_are_found_by_name_pinyin_and_initials(text, inspector):
    unit = UnitFactory(name="滨江商贸城")
    building = BuildingFactory(name="滨江商贸城 1 号楼", manager=unit)
    assert found(text, inspector) == {"Units": [unit.ref], "Buildings": [building.ref]}


def test_records_are_found_by_reference_and_by_its_number(inspector):
    ref = next_ref("YH", COUNTY, 2026)
    HazardFactory(ref=ref)
    for text in (ref, ref.lower(), ref.rsplit("-", 1)[1]):
        assert found(text, inspector)["Hazards"] == [ref]
    alarm = AlarmFactory(ref=next_ref("BJ", COUNTY, 2026))
    assert found(alarm.ref, inspector)["Alarms"] == [alarm.ref]


def test_devices_are_found_by_reference_address_and_number(inspector):
    device = DeviceFactory(ref=next_ref("SB", COUNTY, 2026), source="0a1b2c3d4e5f")
    for text in (device.ref, "0A1B2C", device.ref.rsplit("-", 1)[1]):
        assert device.ref in found(text, inspector)["Devices"]


def test_what_lies_elsewhere_is_not_found(inspector):
    unit = UnitFactory(region_code=NEXT_TOWN, name="隔壁仓库")
    hazard = HazardFactory(unit=unit, ref=next_ref("YH", "445222", 2026))
    device = DeviceFactory(unit=unit)
    for text in ("隔壁", unit.ref, hazard.ref, device.ref, device.source):
        assert found(text, inspector) == {}


def test_a_right_that_is_missing_leaves_its_sort_out():
    device = DeviceFactory()
    assert found(device.ref, actor("grid_worker", COUNTY)) == {}


def test_the_region_looked_at_comes_first():
    far, near = UnitFactory(name="永泰仓储甲", region_code=NEXT_TOWN), UnitFactory(name="永泰仓储乙")
    who = actor("inspector", "4452")
    assert found("永泰", who, region=COUNTY)["Units"] == [near.ref, far.ref]
    assert found("永泰", who, region="445222")["Units"] == [far.ref, near.ref]


def test_people_take_the_right_to_manage_them_and_are_on_record(inspector):
    make_user("zhangsan", "grid_worker", COUNTY, display_name="张三")
    make_user("zhangfar", "grid_worker", "445222", display_name="张远")
    assert "People" not in found("张", inspector)
    assert not AuditEntry.objects.filter(action="cockpit:search:people").exists()
    assert found("张", actor("security_admin", COUNTY)) == {"People": ["zhangsan"]}
    entry = AuditEntry.objects.get(action="cockpit:search:people")
    assert "张" not in entry.body
    assert "张" in AuditPrivate.objects.get(entry_id=entry.pk).body


def test_pages_and_acts_open_to_the_person(inspector):
    assert found("上报隐患", inspector)["Pages and acts"] == ["上报隐患"]
    assert found("sbyh", inspector)["Pages and acts"] == ["上报隐患"]
    assert "Pages and acts" not in found("新建账号", inspector)


@pytest.mark.parametrize("text", ["", "   ", "%", "_", "'", "\x00", "(", "a" * 500])
def test_odd_words_find_nothing_and_break_nothing(text, inspector):
    UnitFactory()
    assert "Units" not in found(text, inspector)


class TestPages:
    @pytest.fixture
    def client(self):
        return client_for(make_user("inspector", "inspector", COUNTY))

    def test_the_box_gets_eight_rows_grouped(self, client):
        for number in range(12):
            UnitFactory(name=f"合成商店{number}")
        answer = client.get("/search?q=合成", headers=BOX)
        page = answer.content.decode()
        assert page.count("<a href=") == 8
        assert "<h3>单位</h3>" in page
        assert "<html" not in page

    def test_nothing_found_says_what_was_searched(self, client):
        answer = client.get("/search?q=没有这个名字")
        assert_nothing_inline(answer)
        for part in ("没有找到", "单位", "设备", "隐患", "报警"):
            assert part in words(answer)

    def test_it_takes_a_session(self, client):
        client.logout()
        assert client.get("/search?q=x").status_code == 302
