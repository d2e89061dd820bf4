"""The pages of devices: who sees what, and what the acts do."""

from __future__ import annotations

import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.sessions import FACTOR_AT
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory
from wanghuo.modules.sensing.models import Command, Component, Device, QuarantinedDevice
from wanghuo.modules.sensing.testing import FIRE, DeviceFactory, fill, state_frame, take_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def journal(tmp_path, settings):
    settings.JOURNAL = tmp_path / "journal.sqlite3"
    return settings.JOURNAL


@pytest.fixture
def supervisor():
    return client_for(make_user("supervisor", "alarm_supervisor", "445281"))


def test_a_list_shows_the_devices_of_ones_region_only(supervisor) -> None:
    here, there = DeviceFactory(), DeviceFactory(unit=UnitFactory(region_code=NEXT_TOWN))
    page = supervisor.get("/devices").content.decode()
    assert here.ref in page
    assert there.ref not in page
    assert supervisor.get(f"/devices/{there.ref}").status_code == 404


def test_filters_by_state_and_words(supervisor) -> None:
    ok, gone = DeviceFactory(state="ok"), DeviceFactory(state="offline")
    page = supervisor.get("/devices?state=heard").content.decode()
    assert ok.ref in page
    assert gone.ref not in page
    page = supervisor.get(f"/devices?q={gone.source}").content.decode()
    assert gone.ref in page
    assert ok.ref not in page


def test_a_device_page_shows_lamps_components_events_and_the_frame(supervisor, journal) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, FIRE, text="三层走道烟感")])
    take_in(journal)
    for language, fire in (("zh", "火警"), ("en", "fire alarm")):
        supervisor.cookies["lang"] = language
        page = supervisor.get(f"/devices/{device.ref}").content.decode()
        assert "三层走道烟感" in page
        assert fire in page
    frame = supervisor.get(f"/devices/{device.ref}/frames/1:0").content.decode()
    assert "40 40 00 00" in frame
    other = DeviceFactory()
    assert supervisor.get(f"/devices/{other.ref}/frames/1:0").status_code == 404
    assert supervisor.get(f"/devices/{device.ref}/frames/9:9").status_code == 404


def test_registering_takes_a_device_out_of_quarantine(supervisor, journal) -> None:
    unit = UnitFactory()
    fill(journal, [state_frame("e90300000000", FIRE)])
    take_in(journal)
    assert "e90300000000" in supervisor.get("/devices/quarantine").content.decode()
    assert supervisor.get("/devices/quarantine/e90300000000").status_code == 200
    form = {"source": "1001", "unit": unit.ref, "profile": "standard", "location": "消控室"}
    answered = supervisor.post("/devices/new", form)
    assert answered.status_code == 303, answered.content.decode()[-3000:]
    device = Device.objects.get()
    assert (device.source, device.unit_id, device.region_code) == ("e90300000000", unit.id, unit.region_code)
    assert not QuarantinedDevice.objects.exists()
    assert supervisor.post("/devices/new", form).status_code == 422


def test_an_engineer_registers_in_the_unit_served_and_nowhere_else(journal) -> None:
    unit, other = UnitFactory(), UnitFactory()
    engineer = client_for(make_user("engineer", "service_engineer", "445281", unit=unit.id))
    QuarantinedDevice.objects.create(
        protocol="gb26875", source="e90300000000", first_seen_at=timezone.now(), last_seen_at=timezone.now()
    )
    given = {"protocol": "gb26875", "profile": "standard", "name": "新装主机"}
    engineer.cookies["lang"] = "en"
    page = engineer.get("/devices/new").content.decode()
    assert 'value="Puning"' in page
    assert "普宁市" not in page
    assert engineer.post("/devices/new", {**given, "source": "e90300000001", "unit": str(other.ref)}).status_code in (
        404,
        422,
    )
    answer = engineer.post("/devices/new", {**given, "source": "e90300000002", "unit": str(unit.ref)})
    assert answer.status_code == 303, answer.content.decode()
    assert Device.objects.get(source="e90300000002").unit_id == unit.id
    assert not Device.objects.filter(source="e90300000001").exists()
    assert "e90300000000" not in engineer.get("/devices/quarantine").content.decode()
    assert engineer.get("/devices/quarantine/e90300000000").status_code == 404
    assert engineer.post("/devices/quarantine/e90300000000/acts/ignore", {"reason": "x"}).status_code == 404


def test_an_unknown_device_can_be_put_aside(supervisor, journal) -> None:
    fill(journal, [state_frame("e90300000000", FIRE)])
    take_in(journal)
    assert supervisor.post("/devices/quarantine/e90300000000/acts/ignore", {"reason": "邻县设备"}).status_code == 303
    assert "e90300000000" not in supervisor.get("/devices/quarantine").content.decode()
    assert "e90300000000" in supervisor.get("/devices/quarantine?ignored=1").content.decode()


def test_acts_move_mute_and_command_a_device(supervisor) -> None:
    device = DeviceFactory(state="ok")
    url = f"/devices/{device.ref}/acts"
    assert supervisor.get(f"{url}/command").status_code == 200
    sent = {"act": "duty_check", "minutes": "5", "reason": "夜间抽查"}
    assert supervisor.post(f"{url}/command", sent).status_code == 303
    assert Command.objects.get().unit_hex == "5b0105"
    assert supervisor.post(f"{url}/command", sent).status_code == 409
    assert supervisor.post(f"{url}/mute", {"hours": "2", "reason": "检修"}).status_code == 303
    assert supervisor.post(f"{url}/maintain", {"reason": "检修"}).status_code == 303
    assert supervisor.post(f"{url}/maintain", {"reason": "检修"}).status_code == 409
    device.refresh_from_db()
    assert device.state == "maintenance"
    assert device.muted_until is not None


def test_a_location_given_by_a_person_stands_against_the_devices_own(supervisor, journal) -> None:
    device = DeviceFactory()
    fill(journal, [state_frame(device.source, FIRE, text="旧文字")])
    take_in(journal)
    part = Component.objects.get()
    assert supervisor.post(f"/devices/{device.ref}/components/{part.key}", {"location": "三层东侧"}).status_code == 303
    fill(journal, [state_frame(device.source, 1, serial=1, text="旧文字")])
    take_in(journal)
    part.refresh_from_db()
    assert part.location == "三层东侧"


def test_whoever_only_sees_devices_may_not_change_them() -> None:
    device = DeviceFactory()
    operator = client_for(make_user("operator", "alarm_operator", "445281"))
    assert operator.get(f"/devices/{device.ref}").status_code == 200
    assert operator.post(f"/devices/{device.ref}/acts/retire", {"reason": "x"}).status_code == 403
    assert operator.get("/devices/new").status_code == 403
    assert operator.get("/devices/quarantine").status_code == 403
    unit_page = operator.get(f"/devices/of/{device.unit.ref}")
    assert device.ref in unit_page.content.decode()


def test_a_command_asks_for_the_second_factor_again(supervisor) -> None:
    device = DeviceFactory()
    session = supervisor.session
    session[FACTOR_AT] -= 11 * 60
    session.save()
    answer = supervisor.get(f"/devices/{device.ref}/acts/command")
    assert (answer.status_code, answer["Location"]) == (
        303,
        f"/account/confirm?next=%2Fdevices%2F{device.ref}%2Facts%2Fcommand",
    )
    assert supervisor.post(f"/devices/{device.ref}/acts/command", {"act": "query"}).status_code == 303
    assert not Command.objects.exists()
