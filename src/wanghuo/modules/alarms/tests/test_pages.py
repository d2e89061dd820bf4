"""The console and the other pages of alarms."""

from __future__ import annotations

import pytest

from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.modules.alarms.acts import ACTS
from wanghuo.modules.alarms.models import Alarm, Shift
from wanghuo.modules.alarms.states import ALARM, AlarmState
from wanghuo.modules.alarms.testing import AlarmFactory, signal
from wanghuo.modules.places.testing import UnitFactory
from wanghuo.modules.sensing.testing import DeviceFactory

pytestmark = pytest.mark.django_db
PANE = {"HX-Request": "true", "HX-Target": "console-pane"}
ACT = {"HX-Request": "true", "HX-Target": "console-act"}


@pytest.fixture
def operator():
    return client_for(make_user("operator", "alarm_operator", "445281"))


@pytest.fixture
def alarm():
    from wanghuo.modules.alarms import services

    device = DeviceFactory(unit=UnitFactory(name="滨江商贸城"))
    return services.raise_from_signal(signal(device))


def test_the_console_shows_what_stands(operator, alarm) -> None:
    words = operator.get("/alarms/console").content.decode()
    assert f'data-alarm-row="{alarm.ref}"' in words
    assert "滨江商贸城" in words
    rows = operator.get("/alarms/console/rows", headers={"HX-Request": "true", "HX-Target": "console-rows"})
    assert rows.content.decode().count("data-alarm-row") == 1


def test_many_faults_of_one_unit_fold_and_a_fire_never_does(operator) -> None:
    unit = UnitFactory()
    for _ in range(20):
        AlarmFactory(kind="fault", condition="fault", priority=4, unit=unit)
        AlarmFactory(unit=unit)
    words = operator.get("/alarms/console/rows", headers={"HX-Request": "true"}).content.decode()
    assert words.count('data-priority="2"') == 20
    assert words.count('data-priority="4"') == 1
    assert "19" in words


def test_taking_by_one_press_draws_the_pane_anew(operator, alarm) -> None:
    pane = operator.get(f"{alarm.url}/pane", headers=PANE)
    assert 'data-key="a"' in pane.content.decode()
    answer = operator.post(f"{alarm.url}/acts/take", headers=PANE)
    assert answer["HX-Retarget"] == "#console-pane"
    assert Alarm.objects.get().state == AlarmState.TAKEN


def test_a_false_alarm_with_its_cause_in_the_pane(operator, alarm) -> None:
    form = operator.get(f"{alarm.url}/acts/false", headers=ACT).content.decode()
    assert "data-digits" in form
    refused = operator.post(f"{alarm.url}/acts/false", {"note": ""}, headers=ACT)
    assert refused.status_code == 422
    operator.post(f"{alarm.url}/acts/false", {"cause": "cooking", "note": ""}, headers=ACT)
    assert (Alarm.objects.get().state, Alarm.objects.get().cause) == (AlarmState.FALSE, "cooking")


@pytest.mark.parametrize("state", list(AlarmState))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_alarm_in_every_state_has_its_page(operator, state, language) -> None:
    alarm = AlarmFactory(state=state)
    operator.cookies["lang"] = language
    for path in (
        alarm.url,
        f"{alarm.url}/pane",
        "/alarms",
        "/alarms?open=1&kind=fire",
        "/alarms?received=2026-01-01..2027-01-01",
    ):
        assert operator.get(path).status_code == 200, path


def test_every_move_has_a_form_and_every_key_is_its_own() -> None:
    assert {move.name for move in ALARM.moves} - {"deny"} <= set(ACTS), "a denial comes of an answer from the spot"
    keys = [act.key for act in ACTS.values() if act.key]
    assert len(keys) == len(set(keys))


def test_taking_and_handing_over_a_seat_by_form(operator, alarm) -> None:
    assert alarm.ref in operator.get("/alarms/console/seat?seat=02").content.decode()
    refused = operator.post("/alarms/console/seat", {"seat": "02", "sound_tested": "on", "read": ""})
    assert refused.status_code == 409
    assert (
        operator.post("/alarms/console/seat", {"seat": "02", "sound_tested": "on", "read": alarm.ref}).status_code
        == 303
    )
    assert "02" in operator.get("/alarms/console").content.decode()
    assert operator.get("/alarms/console/hand-over").status_code == 200
    operator.post("/alarms/console/hand-over", {"note": "平安"})
    assert Shift.objects.get().note == "平安"


def test_who_only_sees_has_no_console() -> None:
    viewer = client_for(make_user("inspector", "inspector", "445281"))
    assert viewer.get("/alarms/console").status_code == 403
    assert viewer.get("/alarms").status_code == 200
