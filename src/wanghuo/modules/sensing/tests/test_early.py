"""Early warnings: begun, explained, looked at and ended by what the history says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.loops.models import Duty
from wanghuo.modules.places.testing import UnitFactory
from wanghuo.modules.sensing import early, history
from wanghuo.modules.sensing.history import Point
from wanghuo.modules.sensing.models import Component, EarlyWarning, Reading
from wanghuo.modules.sensing.quantities import codes
from wanghuo.modules.sensing.testing import DeviceFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
RESIDUAL = codes()["residual_current"]


@pytest.fixture
def circuit(monkeypatch):
    """A monitor at a unit, with a week of values that a test may set."""
    device = DeviceFactory(profile="electrical", unit=UnitFactory(name="滨江商贸城"), location="一层配电间")
    part = Component.objects.create(device=device, key="1.1.17.1", system_type=1, system_address=1, type=17, address=1)
    Reading.objects.create(component=part, quantity=RESIDUAL, raw=150, value=150, unit="mA", at=NOW, received_at=NOW)
    values: list[float] = []

    def readings(device_id, start, end, quantity=None, most=50_000):
        assert device_id == device.id
        hours = [NOW - timedelta(hours=len(values) - 1 - n) for n in range(len(values))]
        return [
            Point(at, "1.1.17.1", RESIDUAL, int(v), float(Decimal(str(v))), "mA")
            for at, v in zip(hours, values, strict=True)
        ]

    monkeypatch.setattr(history, "readings", readings)
    return device, values


def week(rise: float) -> list[float]:
    rng = np.random.default_rng(1)
    return [round(120 + rise * n / 192 + rng.normal(0, 2), 1) for n in range(193)]


def test_a_circuit_that_stands_well_is_no_warning(circuit) -> None:
    circuit[1][:] = week(0)
    assert early.judge_all(NOW) == 0
    assert not EarlyWarning.objects.exists()


def test_a_slow_rise_is_a_duty_of_the_unit_and_is_looked_at_by_name(circuit) -> None:
    device, values = circuit
    values[:] = week(80)
    assert early.judge_all(NOW) == 1
    assert early.judge_all(NOW + timedelta(hours=1)) == 1
    row = EarlyWarning.objects.get()
    assert (row.level, row.device_id, row.scope_unit) == (2, device.id, device.unit_id)
    assert row.reasons[0][0] == "early.rising"
    duty = Duty.objects.get()
    assert "剩余电流" in duty.title_zh
    assert "一层配电间" in duty.title_zh
    manager = client_for(make_user("manager", "unit_manager", device.region_code, unit=device.unit_id))
    page = manager.get(row.url).content.decode()
    assert "夜间基线一周上升" in page
    assert "登记查看结果" in page
    assert manager.post(f"{row.url}/acts/looked", {"finding": "插座老化，已更换"}).status_code == 303
    row.refresh_from_db()
    assert (row.looked_name, row.finding, row.due_at) == ("manager", "插座老化，已更换", None)
    assert not Duty.objects.filter(closed_at=None).exists()
    assert early.judge_all(NOW + timedelta(hours=2)) == 1
    assert not Duty.objects.filter(closed_at=None).exists(), "what was just looked at asks nobody again"
    values[-3:] = [350, 360, 355]
    early.judge_all(NOW + timedelta(hours=3))
    assert Duty.objects.filter(closed_at=None).count() == 1, "worse than it was: asked again"


def test_it_ends_when_the_quantity_stands_well_again(circuit) -> None:
    _, values = circuit
    values[:] = week(80)
    early.judge_all(NOW)
    values[:] = week(0)
    early.judge_all(NOW + timedelta(hours=1))
    row = EarlyWarning.objects.get()
    assert row.ended_at == NOW + timedelta(hours=1)
    assert not Duty.objects.filter(closed_at=None).exists()
    values[:] = week(80)
    early.judge_all(NOW + timedelta(hours=2))
    assert EarlyWarning.objects.count() == 2


def test_who_may_see_it_and_who_may_say_what_was_found(circuit) -> None:
    circuit[1][:] = week(80)
    early.judge_all(NOW)
    row = EarlyWarning.objects.get()
    elsewhere = client_for(make_user("elsewhere", "alarm_supervisor", "440103"))
    assert elsewhere.get(row.url).status_code == 404
    assert row.ref not in elsewhere.get("/devices/early").content.decode()
    operator = client_for(make_user("operator", "alarm_operator", "445281"))
    assert row.ref in operator.get("/devices/early?open=1").content.decode()
    assert operator.post(f"{row.url}/acts/looked", {"finding": "x"}).status_code == 403
    early.looked(ref=row.ref, finding="已查看", actor=actor("alarm_supervisor", "445281"))
    with pytest.raises(early.AlreadyLooked):
        early.looked(ref=row.ref, finding="已查看", actor=actor("alarm_supervisor", "445281"))
