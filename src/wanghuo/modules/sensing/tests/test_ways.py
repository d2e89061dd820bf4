"""Ways in, tokens, profiles and roll-calls: what people set up in the browser, and what is refused."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import bcrypt
import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.testing import actor as actor_of
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory
from wanghuo.modules.sensing import credentials, profile_files, profiles, roll_calls, ways
from wanghuo.modules.sensing.models import Command, DeviceCredential, RollCall, Way
from wanghuo.modules.sensing.testing import DeviceFactory
from wanghuo.modules.sensing.ways_side import Known, WaysSource, waiting_orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisor():
    return client_for(make_user("supervisor", "alarm_supervisor", "445281"))


@pytest.fixture
def home(tmp_path, settings):
    settings.HOME = tmp_path
    settings.JOURNAL = tmp_path / "journal.sqlite3"
    profiles.look_again()
    yield tmp_path
    settings.HOME = tmp_path / "gone"
    profiles.look_again()
    profiles.profiles()


def add(client, kind="onenet", **more):
    data = {"code": "mobile-1", "name": "移动推送", "token": "tok-123", "region": "普宁市", "networks": ""} | more
    return client.post(f"/ways/new/{kind}", data)


def test_a_way_is_set_up_its_secrets_sealed_and_known_to_the_listeners(supervisor, home) -> None:
    assert add(supervisor, products="p1 = smoke").status_code == 303
    way = Way.objects.get()
    assert "tok-123" not in json.dumps(way.secrets)
    known = Known()
    WaysSource()(known)
    seen = known.ways["mobile-1"]
    assert (seen.kind, seen.secrets["token"], seen.settings["products"]) == ("onenet", ("tok-123",), {"p1": "smoke"})
    page = supervisor.get("/ways/mobile-1").content.decode()
    assert f'data-copy="/in/onenet/mobile-1/{seen.path}"' in page
    assert "tok-123" not in page
    assert "mobile-1" in supervisor.get("/ways").content.decode()
    told = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert "sensing:way:add" in told
    assert "tok-123" not in told
    assert seen.path not in told


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("onenet", {"token": ""}, "token"),
        ("onenet", {"products": "p1 = no_such_profile"}, "products"),
        ("onenet", {"networks": "10.0.0.0/99"}, "networks"),
        ("ctwing", {"signing": "rot13"}, "signing"),
        ("ctwing", {"signing": "hmac", "token": ""}, "token"),
        ("mqtt", {"host": ""}, "host"),
        ("mqtt", {"host": "h", "port": "99999"}, "port"),
        ("modbus", {"host": "h", "source": "S1", "profile": "smoke"}, "profile"),
        ("modbus", {"host": "h", "source": "S 1", "profile": "pump_room"}, "source"),
        ("onenet", {"region": "火星"}, "region"),
    ],
)
def test_bad_settings_are_refused_at_their_field(supervisor, home, kind, wrong, field) -> None:
    response = add(supervisor, kind, **wrong)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not Way.objects.exists()


def test_a_code_is_used_once(supervisor, home) -> None:
    add(supervisor)
    assert add(supervisor).status_code == 422


def test_a_changed_secret_leaves_the_old_one_good_for_a_day(supervisor, home) -> None:
    add(supervisor)
    change = {"name": "移动", "networks": "127.0.0.0/8", "enabled": "on", "token": "tok-456"}
    assert supervisor.post("/ways/mobile-1/acts/change", change).status_code == 303
    known = Known()
    WaysSource()(known)
    assert known.ways["mobile-1"].secrets["token"] == ("tok-456", "tok-123")
    Way.objects.update(old_until=timezone.now() - timedelta(seconds=1))
    WaysSource()(known)
    assert known.ways["mobile-1"].secrets["token"] == ("tok-456",)
    supervisor.post("/ways/mobile-1/acts/change", change | {"token": "", "enabled": ""})
    WaysSource()(known)
    assert known.ways == {}


def test_a_new_address_ends_the_old_one(supervisor, home) -> None:
    add(supervisor)
    before = ways.address_of(Way.objects.get())
    assert supervisor.post("/ways/mobile-1/acts/rotate", {}).status_code == 303
    assert ways.address_of(Way.objects.get()) != before
    assert supervisor.post("/ways/mobile-1/acts/remove", {}).status_code == 303
    assert not Way.objects.exists()


def test_ways_of_other_regions_are_not_found(home) -> None:
    add(client_for(make_user("here", "alarm_supervisor", "445281")))
    there = client_for(make_user("there", "alarm_supervisor", "330108"))
    assert there.get("/ways/mobile-1").status_code == 404
    assert "mobile-1" not in there.get("/ways").content.decode()
    assert client_for(make_user("operator", "alarm_operator", "445281")).get("/ways").status_code == 403


def test_a_device_token_is_shown_once_and_two_are_good_at_a_time(supervisor) -> None:
    device = DeviceFactory(protocol="http", source="D-1", profile="smoke")
    pages = [supervisor.post(f"/devices/{device.ref}/acts/token").content.decode() for _ in range(3)]
    tokens = [page.split("wh_", 1)[1].split("<")[0].strip() for page in pages]
    known = Known()
    WaysSource()(known)
    now = timezone.now().timestamp()
    assert [known.credential(f"wh_{t}", now) is not None for t in tokens] == [False, True, True]
    assert known.credential(f"wh_{tokens[1]}", now + 8 * 86_400) is None
    assert known.credential(f"wh_{tokens[2]}", now + 8 * 86_400).source == "D-1"
    assert tokens[2].split("_", 1)[1] not in json.dumps(
        list(DeviceCredential.objects.values_list("digest", "broker_hash", "nats_hash"))
    )
    assert supervisor.post(f"/devices/{device.ref}/acts/revoke").status_code == 303
    WaysSource()(known)
    assert known.credential(f"wh_{tokens[2]}", now) is None


def test_wire_devices_have_no_tokens(supervisor) -> None:
    assert supervisor.post(f"/devices/{DeviceFactory().ref}/acts/token").status_code == 422


def test_the_brokers_files_name_each_device_and_let_it_speak_for_itself_alone(tmp_path) -> None:
    device = DeviceFactory(protocol="mqtt", source="M-1", profile="smoke")
    ((ref, user, token),) = credentials.make_all([])
    assert (ref, user) == (device.ref, "M-1")
    assert list(credentials.make_all([])) == []
    nobody = DeviceFactory(protocol="mqtt", source="M * 2", profile="smoke")
    assert [ref for ref, _, _ in credentials.make_all([])] == [nobody.ref]
    assert credentials.write_broker_files(tmp_path / "broker", "wanghuo:pw") == (2, ["M * 2"])
    lines = (tmp_path / "broker" / "nats.conf").read_text().splitlines()
    (one, ours) = [json.loads(line) for line in lines if line.startswith("    {")]
    assert (one["user"], ours["user"]) == ("M-1", "wanghuo")
    assert bcrypt.checkpw(token.encode(), one["password"].encode())
    assert all(".M-1." in subject for subject in one["permissions"]["publish"])
    assert one["permissions"]["subscribe"] == ["fire.v1.*.M-1.rpc.request.*"]
    lines = (tmp_path / "broker" / "passwd").read_text().splitlines()
    hashed = lines[1].removeprefix("M-1:")
    _, _, rounds, salt, _ = hashed.split("$")
    assert credentials.broker_hash(token, base64.b64decode(salt)) == hashed
    assert rounds == "101"
    assert lines[2].startswith("wanghuo:$7$")
    assert "pattern write fire/v1/+/%u/telemetry" in (tmp_path / "broker" / "acl").read_text()
    assert (tmp_path / "broker" / "passwd").stat().st_mode & 0o077 == 0


def test_a_profile_of_our_own_is_written_tried_and_taken_away(supervisor, home) -> None:
    text = 'name = ["某厂", "some maker"]\nheartbeat_s = 600\npoints.a = { names = ["ALM"], states = { 3 = "fire" } }\n'
    assert supervisor.post("/ways/profiles/new", {"code": "acme", "text": text}).status_code == 303
    assert profiles.profile("acme").of("alm")[0].governs == {"fire"}
    tried = {
        "protocol": "ctwing",
        "payload": json.dumps({"deviceId": "d", "messageType": "dataReport", "payload": {"ALM": 3, "XYZ": 1}}),
    }
    page = supervisor.post("/ways/profiles/acme", tried).content.decode()
    assert "报：火警" in page
    assert "points.xyz" in page
    assert supervisor.post("/ways/profiles/acme/remove", {}).status_code == 303
    assert profiles.profile("acme").code == "standard"
    assert supervisor.get("/ways/profiles/acme").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "name = [",
        'name = ["a", "b"]',
        'name = ["a", "b"]\nheartbeat_s = 60\npoints.a = { states = { 1 = "dragon" } }',
        'name = ["a", "b"]\nheartbeat_s = 60\npoints.a = { quantity = "dragons" }',
        'name = ["a", "b"]\nheartbeat_s = 60\npoints.a = { limits = [{ above = 5, clear = 9, condition = "fire" }] }',
        'name = ["a", "b"]\nheartbeat_s = 60\nunknown = 1',
        'name = ["a", "b"]\nheartbeat_s = 0',
        'name = ["a", "b"]\nheartbeat_s = 60\nmodbus = { points = { a = { table = "coil", address = 99999 } } }',
    ],
)
def test_a_wrong_profile_is_refused_with_the_reason(supervisor, home, text) -> None:
    response = supervisor.post("/ways/profiles/new", {"code": "acme", "text": text})
    assert response.status_code == 422
    assert "text" in response.context["form"].errors
    assert not (profiles.folder() / "acme.toml").exists()


def test_a_profile_cannot_leave_its_folder(supervisor, home) -> None:
    for code in ("../x", "a/b", "A", ""):
        assert (
            supervisor.post("/ways/profiles/new", {"code": code, "text": 'name=["a","b"]\nheartbeat_s=60'}).status_code
            == 422
        )
    with pytest.raises(profile_files.ProfileWrong):
        profile_files.parse("../x", "")


def test_the_pages_of_profiles_show_every_one(supervisor, home) -> None:
    page = supervisor.get("/ways/profiles").content.decode()
    for code in profiles.profiles():
        assert f"/ways/profiles/{code}" in page
        assert supervisor.get(f"/ways/profiles/{code}").status_code == 200, code
    assert supervisor.get("/ways/profiles/smoke/edit").status_code == 200
    assert "最不利点喷头" in supervisor.get("/ways/profiles/sprinkler").content.decode()
    supervisor.cookies["lang"] = "en"
    page = supervisor.get("/ways/profiles/sprinkler").content.decode()
    assert "at the worst sprinkler" in page
    assert supervisor.get("/ways/profiles/nothing/edit").status_code == 404


def asked(client, **more):
    return client.post("/roll-calls/new", {"region": "普宁市", "only": "", "minutes": "5", "reason": "例行查岗"} | more)


def test_a_roll_is_called_of_those_on_line_and_each_has_its_clock(supervisor) -> None:
    wire, message = DeviceFactory(state="ok"), DeviceFactory(state="ok", protocol="mqtt", source="M-1", profile="smoke")
    DeviceFactory(state="offline")
    DeviceFactory(state="ok", protocol="ctwing", source="C-1", profile="smoke")
    DeviceFactory(state="ok", unit=UnitFactory(region_code=NEXT_TOWN))
    response = asked(supervisor)
    assert response.status_code == 303
    call = RollCall.objects.get()
    assert (call.asked, call.skipped, call.ref[:9]) == (2, 1, "CG-445281")
    assert {c.device_id for c in call.commands.all()} == {wire.id, message.id}
    (order,) = waiting_orders()
    assert (order.source, order.act, order.body) == ("M-1", "duty_check", {"rpc": "duty_check"})
    now = timezone.now()
    Command.objects.filter(device=wire).update(state="answered", done_at=now + timedelta(seconds=42), sent_at=now)
    page = supervisor.get(response["Location"]).content.decode()
    assert wire.ref in page
    assert "42 秒" in page
    assert asked(supervisor).status_code == 422  # all were asked within the minute
    Command.objects.update(asked_at=now - timedelta(minutes=2))
    Command.objects.filter(device=wire).first().device.commands.create(
        act="clock_sync", serial=9, unit_hex="", command_byte=1, reason="x", asked_at=now, expires_at=now
    )
    assert asked(supervisor).status_code == 303  # another command within the minute is no roll-call
    assert RollCall.objects.latest("asked_at").asked == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"minutes": "11"}, "minutes"),
        ({"region": "火星"}, "region"),
        ({"only": "DW-9"}, "only"),
    ],
)
def test_a_bad_roll_call_asks_nobody(supervisor, wrong, field) -> None:
    DeviceFactory(state="ok")
    response = asked(supervisor, **wrong)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not Command.objects.exists()


def test_the_league_ranks_by_rate_then_by_time() -> None:
    actor = actor_of("alarm_supervisor", "445281")
    quick, slow, mute = (DeviceFactory(state="ok") for _ in range(3))
    roll_calls.call_roll(region_code="445281", minutes=5, reason="x", actor=actor)
    now = timezone.now()
    for device, seconds in ((quick, 10), (slow, 90)):
        Command.objects.filter(device=device).update(
            state="answered", sent_at=now, asked_at=now, done_at=now + timedelta(seconds=seconds)
        )
    Command.objects.filter(device=mute).update(state="expired", sent_at=now, done_at=now)
    lines = roll_calls.league(actor, days=30, by="unit")
    assert [(line.key, line.rate, line.median_s) for line in lines] == [
        (str(quick.unit_id), 100.0, 10.0),
        (str(slow.unit_id), 100.0, 90.0),
        (str(mute.unit_id), 0.0, None),
    ]
    (region,) = roll_calls.league(actor, days=30, by="region", region="4452")
    assert (region.key, region.asked, region.rate, region.median_s) == ("445281", 3, 66.7, 50.0)


def test_the_league_page_in_both_groups(supervisor) -> None:
    DeviceFactory(state="ok")
    asked(supervisor)
    Command.objects.update(state="sent", sent_at=timezone.now())
    for query in ("", "?by=region", "?by=unit&days=7", "?by=x&days=x"):
        assert supervisor.get(f"/roll-calls/league{query}").status_code == 200
    assert supervisor.get("/roll-calls").status_code == 200
