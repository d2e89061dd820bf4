"""From messages in the journal to states, readings, signals and pages: the whole way but the sockets."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base.ids import new_id
from wanghuo.engines.codecs import a55a
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.modules.sensing.journal import MESSAGE
from wanghuo.modules.sensing.messages import pack_message
from wanghuo.modules.sensing.models import (
    Command,
    Component,
    DeadFrame,
    GatewayCounter,
    QuarantinedDevice,
    Reading,
    SensorEvent,
    Way,
)
from wanghuo.modules.sensing.replay import replay
from wanghuo.modules.sensing.testing import DeviceFactory, fill, note, take_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def journal(tmp_path, settings):
    settings.JOURNAL = tmp_path / "journal.sqlite3"
    return settings.JOURNAL


def told(kind: str) -> list[dict]:
    return [row.payload for row in OutboxEvent.objects.filter(kind=f"sensing.{kind}").order_by("id")]


def say(journal, *bodies: object, protocol: str = "http", address: str = "D-1", topic: str = "in/http") -> None:
    raws = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
    fill(journal, [pack_message(protocol, address, topic, raw) for raw in raws], kind=MESSAGE, trust=2)


def test_a_message_becomes_state_reading_and_signal(journal) -> None:
    device = DeviceFactory(protocol="http", source="D-1", profile="smoke")
    say(journal, {"values": {"smoke_state": 1, "battery": 15, "temp": 21.5}})
    take_in(journal)
    by_condition = {signal["condition"]: signal for signal in told("signal_raised")}
    assert set(by_condition) == {"fire", "battery_low"}
    fire = by_condition["fire"]
    assert (fire["device_id"], fire["trust"], fire["component_type"]) == (str(device.id), "token", 40)
    assert by_condition["battery_low"]["value"] == 15.0
    assert {(r.unit, r.value) for r in Reading.objects.all()} == {("%", 15.0), ("℃", 21.5)}
    device.refresh_from_db()
    assert (device.state, device.standby_low) == ("low_battery", True)
    assert device.last_frame_ref == "1:0"
    say(journal, {"values": {"smoke_state": 0, "battery": 90}})
    take_in(journal)
    assert {s["condition"] for s in told("signal_cleared")} == {"fire", "battery_low"}
    device.refresh_from_db()
    assert device.state == "ok"
    assert all(row.active == {} for row in Component.objects.all())


def test_ingest_that_begins_again_does_nothing_twice(journal) -> None:
    DeviceFactory(protocol="http", source="D-1", profile="smoke")
    say(journal, *({"seq": n, "values": {"smoke_state": n % 2}} for n in range(1, 6)))
    for _ in range(3):
        take_in(journal)
    assert [s["condition"] for s in told("signal_raised")] == ["fire"] * 3
    assert len(told("signal_cleared")) == 2
    assert SensorEvent.objects.filter(what="raised").count() == 3


def test_the_same_name_in_two_protocols_is_two_devices(journal) -> None:
    one = DeviceFactory(protocol="http", source="X-1", profile="smoke")
    two = DeviceFactory(protocol="mqtt", source="X-1", profile="smoke")
    say(journal, {"values": {"smoke_state": 1}}, address="X-1")
    take_in(journal)
    assert [s["device_ref"] for s in told("signal_raised")] == [one.ref]
    say(journal, {"values": {"smoke_state": 1}}, protocol="mqtt", address="X-1", topic="fire/v1/s/X-1/telemetry")
    take_in(journal)
    assert [s["device_ref"] for s in told("signal_raised")] == [one.ref, two.ref]


def test_an_unknown_device_waits_and_is_offered_with_the_profile_of_its_product(journal) -> None:
    way = Way(code="telecom", kind="ctwing", name="电信", settings={"products": {"1503": "smoke"}})
    way.place("445281")
    way.save(force_insert=True)
    push = {"deviceId": "d-9", "productId": "1503", "messageType": "dataReport", "payload": {"smoke_state": 1}}
    say(journal, push, protocol="ctwing", address="", topic="telecom")
    ingest = take_in(journal)
    row = QuarantinedDevice.objects.get()
    assert (row.protocol, row.source, row.key, row.frames) == ("ctwing", "d-9", "ctwing:d-9", 1)
    client = client_for(make_user("supervisor", "alarm_supervisor", "445281"))
    assert "ctwing:d-9" in client.get("/devices/quarantine").content.decode()
    page = client.get("/devices/quarantine/ctwing:d-9").content.decode()
    assert "smoke_state" in page
    assert "profile=smoke" in page
    form = {"protocol": "ctwing", "source": "d-9", "profile": "smoke", "region": "普宁市"}
    assert client.post("/devices/new", form).status_code == 303
    assert not QuarantinedDevice.objects.exists()
    say(journal, push, protocol="ctwing", address="", topic="telecom")
    ingest.catch_up()
    assert [s["condition"] for s in told("signal_raised")] == ["fire"]


def test_the_page_of_a_message_shows_what_it_became_and_only_of_this_device(journal) -> None:
    device, other = (DeviceFactory(protocol="onenet", source=name, profile="smoke") for name in ("7", "8"))
    items = [{"type": 1, "dev_id": n, "ds_id": "smoke_state", "value": v} for n, v in ((7, 1), (8, 2))]
    say(journal, items, protocol="onenet", address="", topic="mobile")
    take_in(journal)
    client = client_for(make_user("supervisor", "alarm_supervisor", "445281"))
    page = client.get(f"/devices/{device.ref}/frames/1:0").content.decode()
    assert "报：火警" in page
    assert "dev_id" not in page  # the text speaks of others
    assert "报：故障" not in page
    assert "报：故障" in client.get(f"/devices/{other.ref}/frames/1:0.1").content.decode()
    assert client.get(f"/devices/{DeviceFactory().ref}/frames/1:0").status_code == 404
    for language in ("zh", "en"):
        client.cookies["lang"] = language
        assert client.get(f"/devices/{device.ref}").status_code == 200


def test_a_terminals_records_are_readings_of_their_own_time(journal) -> None:
    DeviceFactory(protocol="a55a", source="HYD-1", profile="hydrant")
    at_s = int(timezone.now().timestamp())
    say(
        journal,
        a55a.build("HYD-1", 210, kind=34, at_s=at_s, records=(200, 205, 210)),
        protocol="a55a",
        address="HYD-1",
        topic="",
    )
    take_in(journal)
    reading = Reading.objects.get(unit="MPa")
    assert reading.value == pytest.approx(0.21)
    assert abs(reading.at.timestamp() - at_s) < 2


def test_an_answer_by_rpc_ends_its_command_and_counts_as_a_duty_reply(journal) -> None:
    device = DeviceFactory(protocol="mqtt", source="M-1", profile="smoke")
    now = timezone.now()
    ids = {}
    for act in ("duty_check", "read_state"):
        row = Command.objects.create(
            id=new_id(), device=device, act=act, serial=1, unit_hex="", command_byte=1, minutes=5, body={"rpc": act},
            reason="x", asked_at=now, expires_at=now + timedelta(minutes=6), state="sent",
        )  # fmt: skip
        ids[act] = row.id
    for act, ok in (("duty_check", True), ("read_state", False)):
        say(journal, {"ok": ok}, protocol="mqtt", address="M-1", topic=f"fire/v1/s/M-1/rpc/response/{ids[act]}")
    say(journal, {"ok": True}, protocol="mqtt", address="M-1", topic="fire/v1/s/M-1/rpc/response/nonsense")
    take_in(journal)
    assert Command.objects.get(pk=ids["duty_check"]).state == "answered"
    assert Command.objects.get(pk=ids["read_state"]).state == "denied"
    (reply,) = told("duty_reply")
    assert reply["command_id"] == str(ids["duty_check"])
    assert not DeadFrame.objects.exists()


def test_what_cannot_be_read_is_told_on_the_page_of_the_way(journal) -> None:
    way = Way(code="telecom", kind="ctwing", name="电信")
    way.place("445281")
    way.save(force_insert=True)
    say(journal, {"deviceId": "d"}, {"deviceId": "d"}, protocol="ctwing", address="", topic="telecom")
    take_in(journal)
    way.refresh_from_db()
    assert "messageType missing" in way.last_error
    assert way.last_ref == "1:0"
    assert GatewayCounter.objects.get(kind="undecoded").total == 1
    assert not DeadFrame.objects.exists()
    page = client_for(make_user("supervisor", "alarm_supervisor", "445281")).get("/ways/telecom").content.decode()
    assert "messageType missing" in page


def test_the_counts_of_a_way_come_from_its_notes(journal) -> None:
    way = Way(code="telecom", kind="ctwing", name="电信")
    way.place("445281")
    way.save(force_insert=True)
    known = {
        "what": "ways",
        "counters": {"messages": 7},
        "ways": {"telecom": {"messages": 7, "refused": 2, "error": "wrong"}},
    }
    for _ in range(2):
        note(journal, json.dumps(known | {"ways": known["ways"] | {"gone": {"messages": 1}}}).encode())
    take_in(journal)
    take_in(journal)
    way.refresh_from_db()
    assert (way.messages, way.refused, way.last_error) == (14, 4, "wrong")
    assert GatewayCounter.objects.get(kind="messages").total == 14


def test_a_replay_finds_the_same_states(journal) -> None:
    DeviceFactory(protocol="http", source="D-1", profile="smoke")
    say(journal, {"values": {"smoke_state": 1, "battery": 15}}, b"{", {"values": {"smoke_state": 2}})
    take_in(journal)
    assert replay(journal).different == 0
    Component.objects.filter(key="uitd").update(word=1, active={})
    assert replay(journal).different == 1
    replay(journal, write=True)
    assert replay(journal).different == 0


def test_a_damaged_record_is_buried_and_the_others_go_on(journal) -> None:
    DeviceFactory(protocol="http", source="D-1", profile="smoke")
    fill(journal, [b"\xff\x00", pack_message("http", "D-1", "", b'{"values": {"smoke_state": 1}}')], kind=MESSAGE)
    take_in(journal)
    assert DeadFrame.objects.count() == 1
    assert len(told("signal_raised")) == 1


def test_the_page_of_a_way_shows_its_last_message(journal) -> None:
    way = Way(code="telecom", kind="ctwing", name="电信")
    way.place("445281")
    way.save(force_insert=True)
    DeviceFactory(protocol="ctwing", source="d-9", profile="smoke")
    push = {"deviceId": "d-9", "messageType": "dataReport", "payload": {"smoke_state": 1}}
    say(journal, push, push, protocol="ctwing", address="", topic="telecom")
    take_in(journal)
    way.refresh_from_db()
    assert way.last_ref == "1:0"
    client = client_for(make_user("supervisor", "alarm_supervisor", "445281"))
    assert "报：火警" in client.get("/ways/telecom").content.decode()
