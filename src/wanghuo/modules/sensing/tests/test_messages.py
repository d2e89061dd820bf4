"""Messages in the fold: whose they are, what their points mean, what is raised and cleared, and what changes nothing."""

from __future__ import annotations

import contextlib
import json
import math
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.codecs import a55a
from wanghuo.modules.sensing import modbus_map, profiles
from wanghuo.modules.sensing.fold import Fold
from wanghuo.modules.sensing.known import Devices, Entry
from wanghuo.modules.sensing.message_fold import take_message
from wanghuo.modules.sensing.messages import (
    NotPacked,
    Repeats,
    device_key,
    pack_message,
    split_key,
    unpack_message,
)
from wanghuo.modules.sensing.modbus_map import Block
from wanghuo.modules.sensing.points import read_points
from wanghuo.modules.sensing.quantities import codes

AT_US = 1_764_060_000_000_000  # 2025-11-25 08:40 UTC
names = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.sampled_from(["mqtt", "http", "a55a"]), names, names, st.binary(max_size=300))
def test_what_is_packed_is_unpacked(protocol, address, topic, payload) -> None:
    assert unpack_message(pack_message(protocol, address, topic, payload)) == (protocol, address, topic, payload)


@given(st.binary(max_size=60))
def test_whatever_bytes_come_are_unpacked_or_said_to_be_none(data) -> None:
    with contextlib.suppress(NotPacked, UnicodeEncodeError):
        assert pack_message(*unpack_message(data)) == data, "what is let through says all that was there"


@given(st.sampled_from(["http", "coap", "a55a", "ctwing"]), st.text("abc.-_:1", min_size=1, max_size=64))
def test_keys_of_messages_are_never_a_wire_address(protocol, source) -> None:
    key = device_key(protocol, source)
    assert len(key) != 6
    assert split_key(key) == (protocol, source)
    assert split_key(device_key("gb26875", "e90300000000")) == ("gb26875", "e90300000000")


def test_repeats_are_known_for_ten_minutes() -> None:
    repeats = Repeats()
    assert not repeats.seen(b"a", AT_US)
    assert repeats.seen(b"a", AT_US + 599 * 10**6)
    assert not repeats.seen(b"a", AT_US + 601 * 10**6)
    assert not repeats.seen(b"b", AT_US + 601 * 10**6)


class Rig:
    """A fold with one device, D1 of some protocol and profile."""

    def __init__(self, profile: str, protocol: str = "http", *, muted: float = 0.0) -> None:
        self.protocol = protocol
        devices = Devices()
        key = device_key(protocol, "D1")
        devices.put(Entry(key, 1, uuid4().bytes, profile, "445281", 0, muted, math.nan, 0))
        self.fold, self.key = Fold(devices, lambda device: {}), key
        self.at_us, self.batch = AT_US, 0

    def take(
        self, payload: object, *, address: str = "D1", topic: str = "", after_s: float = 60.0
    ) -> list[tuple[str, str]]:
        """Take in one message; what it changed, as (what, condition)."""
        self.batch += 1
        self.at_us += int(after_s * 1e6)
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        data = pack_message(self.protocol, address, topic, raw)
        take_message(self.fold, self.batch, 0, "test", self.at_us, 1, 2, data)
        self.effects = self.fold.pop_effects()
        return [(c.what, c.condition) for c in (*self.effects.urgent, *self.effects.changes)]

    def readings(self) -> dict[int, int]:
        """The newest raw value by quantity."""
        return {quantity: latest.raw for (_, quantity), latest in self.fold.devices[self.key].readings.items()}


def values(**given: object) -> dict:
    return {"values": given}


def test_a_state_is_raised_once_and_cleared_once() -> None:
    rig = Rig("smoke")
    assert rig.take(values(smoke_state=0)) == []
    assert rig.take(values(smoke_state=1)) == [("raised", "fire")]
    assert rig.take(values(smoke_state=1)) == []
    assert rig.take(values(battery=90)) == []  # silent about the state: it stays
    assert rig.take(values(smoke_state=0)) == [("cleared", "fire")]


def test_a_signal_says_which_component_and_point() -> None:
    rig = Rig("smoke")
    rig.take(values(Smoke_State="alarm"))
    (fire,) = rig.effects.urgent
    assert fire.part.key == (1, 0, 40, 0)
    assert fire.detail == {"word": 2, "test": False, "point": "state", "value": None}
    assert fire.moment.trust == 2


def test_faults_of_the_device_are_its_own() -> None:
    rig = Rig("smoke")
    assert rig.take(values(smoke_state=2, battery=10, dismantle=1)) == [
        ("raised", "battery_low"), ("raised", "fault"), ("raised", "tamper")
    ]  # fmt: skip
    assert {c.part.key for c in rig.effects.changes} == {()}
    assert rig.take(values(smoke_state=1)) == [("raised", "fire"), ("cleared", "fault")]


def test_a_limit_has_a_band_in_which_nothing_changes() -> None:
    rig = Rig("hydrant")
    told = [rig.take(values(pressure=p)) for p in (0.2, 0.145, 0.139, 0.145, 0.139, 0.15, 0.145)]
    low = ("raised", "pressure_low")
    assert told == [[], [], [low], [], [], [("cleared", "pressure_low")], []]
    assert rig.readings() == {codes()["pressure"]: 145}


def test_units_are_brought_to_the_quantitys_own() -> None:
    rig = Rig("hydrant")
    assert rig.take(values(pressure_kpa=120)) == [("raised", "pressure_low")]
    assert rig.readings() == {codes()["pressure"]: 120}


def test_channels_are_components_of_their_own() -> None:
    rig = Rig("electrical")
    assert rig.take(values(residual1=400, residual2=20, t1=80)) == [
        ("raised", "residual_current"),
        ("raised", "overheat"),
    ]
    assert {c.part.key for c in rig.effects.changes} == {(1, 0, 17, 1), (1, 0, 18, 1)}
    assert rig.take(values(residual2=500)) == [("raised", "residual_current")]
    assert rig.take(values(residual1=100)) == [("cleared", "residual_current")]


def test_an_old_delivery_changes_nothing_and_is_counted() -> None:
    rig = Rig("smoke")
    fire = {"ts": AT_US // 1000, "values": {"smoke_state": 1}}
    assert rig.take(fire, after_s=1) == [("raised", "fire")]
    assert rig.take({"ts": AT_US // 1000 + 5, "values": {"smoke_state": 0}}, after_s=1) == [("cleared", "fire")]
    assert rig.take(fire, after_s=300) == []
    assert rig.effects.duplicates == 1


def test_a_number_tells_a_repetition_from_a_second_fire() -> None:
    rig = Rig("smoke")
    told = [rig.take({"seq": n, "values": {"smoke_state": s}}, after_s=1) for n, s in ((1, 1), (2, 0), (1, 1), (3, 1))]
    assert told == [[("raised", "fire")], [("cleared", "fire")], [], [("raised", "fire")]]


def test_a_message_from_long_ago_is_marked_stale() -> None:
    rig = Rig("smoke")
    rig.take({"ts": AT_US // 1000, "values": {"smoke_state": 0}}, after_s=1)
    rig.take({"ts": AT_US // 1000 - 3_600_000, "values": {"smoke_state": 1}}, after_s=1)
    assert rig.effects.urgent[0].moment.stale


def test_a_muted_device_is_silent_but_for_fire() -> None:
    rig = Rig("smoke", muted=AT_US / 1e6 + 9999)
    rig.take(values(smoke_state=1, dismantle=1))
    assert {c.condition: c.silent for c in (*rig.effects.urgent, *rig.effects.changes)} == {
        "fire": False,
        "tamper": True,
    }


def test_events_are_conditions_by_their_own_name() -> None:
    rig = Rig("video")
    assert rig.take({"event": {"type": "lane_blocked"}}) == [("raised", "lane_blocked")]
    assert rig.take({"event": {"type": "flame"}}) == [("raised", "fire")]
    assert rig.take({"event": {"type": "flame", "state": "end"}}) == [("cleared", "fire")]
    assert rig.take({"event": {"type": "door_open"}}) == [("raised", "door_open")]  # no point of the profile
    assert rig.take({"event": {"type": "no_such_thing"}}) == []
    assert rig.take({"event": {"type": "duty_reply"}}) == [("duty_reply", "")]


def test_many_reports_in_one_record_are_each_their_own() -> None:
    rig = Rig("smoke")
    items = [values(smoke_state=s) for s in (1, 0, 1)] + [{"bad": None}]
    assert rig.take(items) == [("raised", "fire"), ("cleared", "fire"), ("raised", "fire")]
    rig.take(values(smoke_state=0))
    timed = [{"ts": AT_US // 1000 + n, "values": {"smoke_state": s}} for n, s in enumerate((1, 0, 1))]
    assert rig.take(timed) == [("raised", "fire"), ("cleared", "fire"), ("raised", "fire")]
    assert len({c.id for c in rig.effects.urgent}) == 3
    assert [c.moment.ref for c in rig.effects.urgent] == ["3:0", "3:0.1", "3:0.2"]


def test_the_same_record_gives_the_same_ids() -> None:
    first, second = Rig("smoke"), Rig("smoke")
    second.fold.devices.ids[:] = first.fold.devices.ids
    for rig in (first, second):
        rig.take(values(smoke_state=1))
    assert first.effects.urgent[0].id == second.effects.urgent[0].id


def test_strangers_are_kept_apart_by_their_name() -> None:
    rig = Rig("smoke", "ctwing")
    push = {"deviceId": "unknown", "IMEI": "86", "messageType": "dataReport", "payload": {"smoke_state": 1}}
    assert rig.take(push, address="") == []
    assert list(rig.effects.strangers) == [b"ctwing:unknown"]


def test_a_device_is_found_by_its_imei_too() -> None:
    rig = Rig("smoke", "ctwing")
    push = {"deviceId": "platform-id", "IMEI": "D1", "messageType": "dataReport", "payload": {"smoke_state": 1}}
    assert rig.take(push, address="") == [("raised", "fire")]


def test_device_bytes_are_read_as_the_profile_says() -> None:
    rig = Rig("hydrant", "a55a")
    report = a55a.build("D1", 130, kind=34, bits=0b1000_0001, battery=2, at_s=AT_US // 10**6, records=(200, 130))
    rig.take(report, address="")
    raised = {c.condition for c in rig.effects.changes if c.what == "raised"}
    assert raised == {"pressure_low", "discharge", "battery_low"}
    assert rig.readings()[codes()["pressure"]] == 130
    assert rig.readings()[codes()["battery"]] == 10


def test_what_cannot_be_read_is_told_now_and_then_and_stops_nothing() -> None:
    rig = Rig("smoke")
    assert rig.take(b"{") == []
    (note,) = rig.effects.notes
    assert note.known["what"] == "undecoded"
    assert note.known["count"] == 1
    for _ in range(5):
        rig.take(b"{", after_s=1)
        assert rig.effects.notes == []
    rig.take(b"{", after_s=700)
    assert rig.effects.notes[0].known["count"] == 6
    assert rig.take(values(smoke_state=1)) == [("raised", "fire")]


def test_sessions_are_told_when_they_change() -> None:
    rig = Rig("smoke", "mqtt")
    topic = "fire/v1/s/D1/status"
    assert rig.take({"online": True}, topic=topic) == []
    assert rig.take({"online": False}, topic=topic) == [("session_down", "")]
    seen = rig.fold.devices[rig.key].seen_us
    assert rig.take({"online": False}, topic=topic) == []
    assert rig.fold.devices[rig.key].seen_us == seen  # a will is not the device's own word
    assert rig.take({"online": True}, topic=topic) == [("session_up", "")]


def test_an_answer_to_a_command_carries_its_key() -> None:
    rig = Rig("smoke", "mqtt")
    assert rig.take({"ok": True}, topic="fire/v1/s/D1/rpc/response/K1") == [("reply", "")]
    assert rig.effects.changes[0].detail == {"key": "K1", "outcome": "answered"}


def test_quiet_takes_times_and_readings_only() -> None:
    rig = Rig("smoke")
    rig.fold.quiet = True
    assert rig.take(values(smoke_state=1, battery=50)) == []
    assert rig.readings() == {codes()["battery"]: 50}
    assert not rig.effects


class TestModbus:
    MAP = {
        "points": {
            "p": {"table": "holding", "address": 4, "kind": "int16"},
            "f": {"table": "holding", "address": 6, "kind": "float32", "order": "CDAB"},
            "far": {"table": "holding", "address": 300, "kind": "uint32"},
            "on": {"table": "coil", "address": 2},
        }
    }

    def test_neighbours_are_asked_together(self) -> None:
        assert modbus_map.blocks(self.MAP) == [Block("coil", 2, 1), Block("holding", 4, 4), Block("holding", 300, 2)]

    def test_words_become_points(self) -> None:
        answers = {
            Block("holding", 4, 4): [0xFFFE, 0, 0x0000, 0x3F80],
            Block("coil", 2, 1): [1],
            Block("holding", 300, 2): [1, 0],
        }
        found = modbus_map.samples(self.MAP, modbus_map.pack(answers, 5))
        assert {s.point: s.value for s in found} == {"p": -2, "f": 1.0, "far": 65536, "on": True}
        assert {s.at_ms for s in found} == {5}

    def test_a_cabinet_from_registers_to_conditions(self) -> None:
        rig = Rig("pump_room", "modbus")
        answers = {Block("holding", 4, 2): [250, 300], Block("discrete", 0, 3): [0, 1, 0]}
        told = rig.take(modbus_map.pack(answers, AT_US // 1000))
        assert sorted(told) == [("raised", "fault"), ("raised", "pressure_low")]
        assert {c.part.key for c in rig.effects.changes} == {(12, 0, 95, 0)}

    @pytest.mark.parametrize(
        "wrong",
        [{"table": "x"}, {"kind": "int64"}, {"address": -1}, {"order": "AACC"}, {"table": "coil", "kind": "int16"}],
    )
    def test_a_wrong_map_is_refused(self, wrong) -> None:
        with pytest.raises(ValueError, match="modbus"):
            modbus_map.check({"points": {"a": {"table": "holding", "address": 1} | wrong}})


@given(
    st.dictionaries(st.sampled_from(["smoke_state", "battery", "temp", "pressure", "value", "open"]), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), max_size=5),
    st.sampled_from(sorted(profiles._ours())),
)  # fmt: skip
def test_no_values_break_the_fold(given, profile) -> None:
    rig = Rig(profile)
    text = json.dumps({"values": given}).replace("NaN", "1e999").replace("Infinity", "1e999")
    rig.take(text.encode())
    standing = [c for part in (rig.fold.devices[rig.key].parts or {}).values() for c in part.active]
    rig.take(text.encode(), after_s=1000)
    assert standing == [c for part in (rig.fold.devices[rig.key].parts or {}).values() for c in part.active]


def test_points_say_what_is_wrong_with_them() -> None:
    for row, what in (
        ({"colour": 1}, "unknown field colour"),
        ({"limits": [{"above": 1, "below": 0, "condition": "fire"}]}, "either above or below"),
        ({"limits": [{"below": 1, "clear": 0, "condition": "fire"}]}, "wrong side"),
        ({"bits": {"70": "fire"}}, "bits 0 to 63"),
        ({"part": "nowhere"}, "part must be"),
    ):
        with pytest.raises(ValueError, match=what):
            read_points({"a": row}, 0)
