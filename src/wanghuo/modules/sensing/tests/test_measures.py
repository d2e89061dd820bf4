"""Devices installed in a period and in fault: the numbers, and the lists behind them."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import time_machine

from wanghuo.base.time import CHINA
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period, compute, indicator
from wanghuo.modules.places.testing import UnitFactory, decide_class
from wanghuo.modules.sensing.models import Component
from wanghuo.modules.sensing.testing import DeviceFactory

NOW = datetime(2026, 7, 20, 12, tzinfo=CHINA)
JULY = Period.month(2026, 7)
COUNTY = "445281"


@pytest.fixture
def devices():
    with time_machine.travel(NOW, tick=False):
        july, june = date(2026, 7, 3), date(2026, 6, 30)
        smoke = DeviceFactory(profile="wireless", installed_on=july)
        Component.objects.create(device=smoke, key="1.1.40.1", system_type=1, type=40)
        DeviceFactory(profile="wireless", installed_on=july)  # sends no smoke reading
        DeviceFactory(profile="electrical_ma", installed_on=None)  # registered now
        DeviceFactory(profile="electrical_ma", installed_on=june, state="fault")
        DeviceFactory(profile="electrical_ma", installed_on=july, state="retired")
        yield


@pytest.mark.django_db
@pytest.mark.usefixtures("devices")
@pytest.mark.parametrize(
    ("code", "value", "rows"),
    [
        ("sensing.installed", 3, 3),
        ("sensing.installed_smoke", 1, 1),
        ("sensing.installed_electrical", 1, 1),
        ("sensing.fault_share", 25, 1),
    ],
)
def test_numbers_and_the_lists_behind_them_agree(code: str, value: float, rows: int) -> None:
    assert compute(code, COUNTY, JULY, now=NOW).value == value
    url = indicator(code).records(actor("inspector", COUNTY), COUNTY, JULY, "num")
    page = client_for(make_user("inspector", "inspector", COUNTY)).get(url).content.decode()
    assert page.count("data-row ") == rows


@pytest.mark.django_db
def test_high_risk_units_must_be_connected() -> None:
    with time_machine.travel(NOW, tick=False):
        for connected in (True, False):
            unit = UnitFactory(has_control_room=True)
            decide_class(unit, "high_risk", at=NOW)
            if connected:
                DeviceFactory(unit=unit)
        DeviceFactory(unit=UnitFactory(has_control_room=True))
        later = datetime(2026, 7, 21, tzinfo=CHINA)
        assert compute("sensing.high_risk_networking_rate", COUNTY, Period.year(2026), now=later).value == 50
