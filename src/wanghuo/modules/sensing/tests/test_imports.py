"""Devices by file: the whole way through the ledger's import."""

from __future__ import annotations

import pytest

from wanghuo.base import NotPermitted
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.ledgers import service
from wanghuo.kernel.ledgers.models import ImportRun
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory
from wanghuo.modules.sensing.models import Device, QuarantinedDevice
from wanghuo.modules.sensing.testing import FIRE, DeviceFactory, fill, state_frame, take_in

pytestmark = pytest.mark.django_db
STEWARD = actor("data_steward", "445281")
HEADS = "设备编号,单位编号,设备类型,厂家,楼层,安装位置,可信网络"


def checked(*rows: str, who=STEWARD) -> ImportRun:
    data = "\n".join((HEADS, *rows)).encode("utf-8-sig")
    run = service.start(kind_code="devices", chunks=[data], file_name="设备.csv", region="445281", actor=who)
    service.set_mapping(run_id=run.id, data=dict(run.mapping), actor=who)
    return service.check(run_id=run.id, actor=who)


def written(run: ImportRun) -> ImportRun:
    service.begin_write(run_id=run.id, actor=STEWARD)
    return service.write(run_id=run.id, actor=STEWARD)


def test_new_devices_stand_where_their_unit_stands_and_leave_quarantine(tmp_path) -> None:
    fill(tmp_path / "j", [state_frame("e90300000000", FIRE)])
    take_in(tmp_path / "j")
    unit = UnitFactory()
    run = checked(f"1001,{unit.ref},国标传输装置,海湾,3F,走道,10.1.0.0/16", f"ea0300000000,{unit.ref},,,,,")
    assert not Device.objects.exists()
    assert QuarantinedDevice.objects.count() == 1
    written(run)
    first, second = Device.objects.order_by("ref")
    assert (first.source, first.unit_id, first.region_code) == ("e90300000000", unit.id, unit.region_code)
    assert (first.maker, first.floor, first.networks, first.scope_unit) == ("海湾", "3F", ["10.1.0.0/16"], unit.id)
    assert second.profile == "standard"
    assert first.ref != second.ref
    assert not QuarantinedDevice.objects.exists()


def test_a_known_address_is_an_update_and_a_repeated_one_a_duplicate() -> None:
    device = DeviceFactory(maker="旧厂", floor="1F")
    run = checked(f"{device.source},,,新厂,,,", f"{device.source},,,另一家,,,")
    assert run.counts["update"] == 1
    assert run.counts["duplicate"] == 1
    written(run)
    device.refresh_from_db()
    assert (device.maker, device.floor) == ("新厂", "1F")


@pytest.mark.parametrize(
    "row", ["xyz,,,,,,", "1001,DW-445281-999999,,,,,", "1001,,不存在的配置,,,,", "1001,,,,,,不是网段"]
)
def test_a_faulty_cell_is_an_error_of_its_row(row) -> None:
    assert checked(row).counts["error"] == 1


def test_devices_and_units_of_others_stay_out_of_reach() -> None:
    theirs = DeviceFactory(unit=UnitFactory(region_code=NEXT_TOWN))
    run = checked(f"{theirs.source},,,,,,", f"1001,{theirs.unit.ref},,,,,")
    assert run.counts["error"] == 2
    with pytest.raises(NotPermitted):
        checked("1001,,,,,,", who=actor("alarm_operator", "445281"))
