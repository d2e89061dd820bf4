"""Messages of each protocol against hand-made vectors, and against whatever strangers may send."""

from __future__ import annotations

import base64
import contextlib
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanghuo.engines.codecs import a55a, ctwing, envelopes, iotda, json_points, lwm2m, mqtt, onenet
from wanghuo.engines.codecs.jsontext import MOST_BYTES, load_json
from wanghuo.engines.codecs.payloads import decode_raw
from wanghuo.engines.codecs.samples import Answer, Report, Sample, Undecodable, instant_ms

AT = 1_764_060_000_000  # 2025-11-25 08:40 UTC


def text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


class TestJson:
    def test_values_with_a_time_and_without(self) -> None:
        (timed,) = json_points.decode_body(text({"ts": AT, "seq": 4, "values": {"smoke": 1, "ch": {"t": 20.5}}}), "D1")
        assert timed == Report("D1", (Sample("smoke", 1, AT), Sample("ch.t", 20.5, AT)), at_ms=AT, key="4")
        (flat,) = json_points.decode_body(text({"smoke": True}), "D1")
        assert flat.samples == (Sample("smoke", True, None),)

    def test_an_event_is_a_point_that_ends(self) -> None:
        begun, ended = json_points.decode_body(
            text([{"ts": AT, "event": {"type": "Fire"}}, {"event": {"type": "fire", "state": "end"}}]), "D1"
        )
        assert begun.samples == (Sample("event.fire", True, AT),)
        assert ended.samples == (Sample("event.fire", False, None),)

    def test_one_bad_item_rejects_no_other(self) -> None:
        found = json_points.decode_body(text([{"values": {"a": 1}}, 7, {"values": None}, {"values": {"a": 2}}]), "D1")
        assert [r.samples[0].value for r in found] == [1, 2]
        with pytest.raises(Undecodable):
            json_points.decode_body(text([7, {"values": None}]), "D1")

    def test_a_credential_speaks_for_its_device_alone(self) -> None:
        with pytest.raises(Undecodable, match="speaks for D2"):
            json_points.decode_body(text({"device": "D2", "values": {"a": 1}}), "D1")
        assert json_points.decode_body(text({"device": "D2", "values": {"a": 1}}), "")[0].address == "D2"

    def test_a_gateway_names_its_devices(self) -> None:
        body = {"A": [{"ts": AT, "values": {"x": 1}}, {"values": {"x": 2}}], "B": [{"values": {}}]}
        assert [r.address for r in json_points.decode_gateway(text(body))] == ["A", "A"]

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\xff\xfe",
            b"{",
            b"[" * 40 + b"]" * 40,
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b"1" * 5000,
            b"[" * 100_000,
            b" " * (MOST_BYTES + 1),
        ],
    )
    def test_what_is_no_json_of_ours_is_said_so(self, raw) -> None:
        with pytest.raises(Undecodable):
            load_json(raw)

    def test_brackets_in_texts_are_no_depth(self) -> None:
        assert load_json(text({"a": "[" * 100})) == {"a": "[" * 100}

    def test_times(self) -> None:
        assert instant_ms(AT) == instant_ms(AT // 1000) == instant_ms(str(AT)) == AT
        assert [instant_ms(x) for x in (None, True, -5, 0, "soon", float("inf"), 10**30)] == [None] * 7


class TestMqtt:
    def test_topics_name_the_device(self) -> None:
        assert mqtt.device_of("fire/v1/plant/D7/telemetry") == "D7"
        assert mqtt.device_of("v1/devices/D7/telemetry") == "D7"
        assert mqtt.device_of("v1/devices/me/telemetry") == mqtt.device_of("v1/gateway/telemetry") == ""

    def test_status_and_raw_and_answers(self) -> None:
        assert mqtt.decode("fire/v1/p/D7/status", "D7", b'{"online": false}')[0].online is False
        assert mqtt.decode("fire/v1/p/D7/raw", "D7", b"A55A00")[0].raw == b"A55A00"
        assert mqtt.decode("fire/v1/p/D7/rpc/response/k1", "D7", b'{"ok": false}')[0].answers == (Answer("k1", False),)
        assert mqtt.decode("fire/v1/p/D7/rpc/response/k1", "D7", b"")[0].answers == (Answer("k1", True),)
        with pytest.raises(Undecodable):
            mqtt.decode("something/else", "", b"{}")


class TestCtwing:
    BASE = {"deviceId": "d-9", "productId": 1503, "timestamp": AT, "IMEI": "860000000000017", "IMSI": "undefined"}

    def test_three_shapes_of_a_payload(self) -> None:
        shapes = [
            {"APPdata": base64.b64encode(b"\xa5\x5a\x00").decode()},
            {"smoke_state": 1, "battery": 90},
            {"serviceId": 3, "serviceData": {"smoke_state": 1}},
        ]
        raw, flat, service = (
            ctwing.decode(text({**self.BASE, "messageType": "dataReport", "payload": p}))[0] for p in shapes
        )
        assert (raw.raw, raw.samples) == (b"\xa5\x5a\x00", ())
        assert flat.samples == (Sample("smoke_state", 1, AT), Sample("battery", 90, AT))
        assert service.samples == (Sample("smoke_state", 1, AT),)
        assert (flat.address, flat.others, flat.product) == ("d-9", ("860000000000017",), "1503")

    def test_the_other_messages(self) -> None:
        online = ctwing.decode(text({**self.BASE, "messageType": "deviceOnlineOfflineReport", "eventType": 0}))[0]
        assert online.online is False
        done = ctwing.decode(
            text({**self.BASE, "messageType": "commandResponse", "taskId": 5, "result": {"resultCode": "SUCCESSFUL"}})
        )[0]
        assert done.answers == (Answer("5", True),)
        event = ctwing.decode(
            text({**self.BASE, "messageType": "eventReport", "eventContent": {"alarm": 1}, "eventType": 2})
        )
        assert event[0].samples == (Sample("alarm", 1, AT), Sample("event.level", "2", AT))

    @pytest.mark.parametrize(
        "bad",
        [
            {},
            {"messageType": "dataReport"},
            {"deviceId": "x"},
            {"deviceId": "x", "messageType": "dataReport", "payload": {"APPdata": "%"}},
        ],
    )
    def test_bad_ones(self, bad) -> None:
        with pytest.raises(Undecodable):
            ctwing.decode(text(bad))


class TestOnenet:
    def test_the_signature_is_over_the_text_as_it_stands(self) -> None:
        body = (
            b'{ "nonce":"abcdefgh", "msg": {"type":1,  "dev_id": 7, "ds_id":"a","at":%d,"value":1.50}, "msg_signature":"x"}'
            % AT
        )
        raw = onenet.raw_member(body, "msg")
        assert raw == b'{"type":1,  "dev_id": 7, "ds_id":"a","at":%d,"value":1.50}' % AT
        # made by hand: echo -n 'tokabcdefgh{"a":1}' | openssl md5 -binary | base64
        assert onenet.signature("tok", "abcdefgh", b'{"a":1}') == "4NLyiHbZZo+UyKUZe8Giog=="
        given = onenet.signature("tok", "abcdefgh", raw)
        assert onenet.is_signed("tok", "abcdefgh", raw, given)
        assert onenet.is_signed("tok", "abcdefgh", raw, given.replace("+", " "))
        assert not onenet.is_signed("tok", "abcdefgh", raw + b" ", given)
        assert not onenet.is_signed("", "abcdefgh", raw, onenet.signature("", "abcdefgh", raw))
        with pytest.raises(Undecodable):
            onenet.raw_member(b'{"a": 1}', "msg")

    def test_streams_of_a_classic_push(self) -> None:
        items = [
            {"type": 1, "dev_id": 7, "ds_id": "3323_0_5700", "at": AT, "value": 0.21, "imei": "86"},
            {"type": 2, "dev_id": 7, "status": 0, "at": AT},
            {"type": 7, "dev_id": 7, "cmd_id": "c1", "cmd_type": 2},
            {"type": 1, "dev_id": 7, "ds_id": "19_0_0", "value": "a55a00"},
            {"type": 1},
        ]
        value, offline, done, raw = onenet.decode_classic(text({"msg": items}))
        assert (value.samples, value.others) == ((Sample("3323/0/5700", 0.21, AT),), ("86",))
        assert offline.online is False
        assert done.answers == (Answer("c1", True),)
        assert raw.raw == b"a55a00"

    def test_the_encrypted_mode(self) -> None:
        key = base64.b64encode(bytes(range(32))).decode().rstrip("=")
        sealed = onenet.encrypt(b'{"type":1}', key, bytes(16))
        assert onenet.decrypt(sealed, key) == b'{"type":1}'
        other = base64.b64encode(bytes(range(1, 33))).decode().rstrip("=")
        for wrong in (sealed[:-8], "", "%%%"):
            with pytest.raises(Undecodable):
                onenet.decrypt(wrong, key)
        with pytest.raises(Undecodable):
            onenet.decrypt(sealed, other)

    def test_studio(self) -> None:
        inner = {
            "messageType": "notify", "notifyType": "property", "productId": "p1", "deviceName": "D1", "deviceId": 55,
            "data": {"id": "1", "params": {"smoke": {"value": 1, "time": AT}, "env": {"value": {"t": 20}, "time": AT}}},
        }  # fmt: skip
        (report,) = onenet.decode_studio(text({"msg": json.dumps(inner), "signature": "", "nonce": ""}))
        assert (report.address, report.others, report.product) == ("D1", ("55",), "p1")
        assert report.samples == (Sample("smoke", 1, AT), Sample("env.t", 20, AT))
        life = {"messageType": "lifeCycle", "deviceName": "D1", "data": {"status": "offline", "time": AT}}
        assert onenet.decode_studio(text(life))[0].online is False


class TestIotda:
    def push(self, resource: str, body: dict) -> bytes:
        header = {"device_id": "p_860", "node_id": "860", "product_id": "p"}
        return text(
            {"resource": resource, "event_time": "20251125T084000Z", "notify_data": {"header": header, "body": body}}
        )

    def test_properties_status_and_messages(self) -> None:
        services = [
            {"service_id": "Smoke", "properties": {"alarm": 1}},
            {"properties": {"b": 2}, "event_time": "20251125T084001Z"},
        ]
        (report,) = iotda.decode(self.push("device.property", {"services": services}))
        assert report.samples == (Sample("alarm", 1, AT), Sample("b", 2, AT + 1000))
        assert (report.address, report.others) == ("p_860", ("860",))
        assert iotda.decode(self.push("device.status", {"status": "OFFLINE"}))[0].online is False
        assert iotda.decode(self.push("device.status", {"status": "FROZEN"}))[0].online is None
        assert iotda.decode(self.push("device.message", {"content": "A55A"}))[0].raw == b"A55A"
        with pytest.raises(Undecodable):
            iotda.decode(self.push("product", {}))


class TestLwm2m:
    def test_tlv_by_hand(self) -> None:
        # instance 0 of object 3323: resource 5700 as a float (4 bytes, 16-bit id), 5603 likewise; RFC-like coding by hand
        value = struct.pack(">f", 0.25)
        raw = bytes((0b11_1_00_100,)) + (5700).to_bytes(2, "big") + value
        assert lwm2m.decode("3323/0", lwm2m.TLV, raw, AT) == (Sample("3323/0/5700", 0.25, AT),)
        whole = bytes((0b00_0_00_111, 0)) + raw
        assert lwm2m.decode("3323", lwm2m.TLV, whole, None) == (Sample("3323/0/5700", 0.25, None),)
        assert lwm2m.decode("3/0", lwm2m.TLV, bytes((0b11_0_00_001, 9, 95)), None) == (Sample("3/0/9", 95, None),)
        assert lwm2m.decode("3/0", lwm2m.TLV, bytes((0b11_0_00_010, 1)) + b"AB", None) == (Sample("3/0/1", "AB", None),)
        for cut in range(1, len(raw)):
            with pytest.raises(Undecodable):
                lwm2m.decode("3323/0", lwm2m.TLV, raw[:cut], None)

    def test_senml(self) -> None:
        rows = [{"bn": "/3323/0/", "bt": AT / 1000, "n": "5700", "v": 0.25}, {"n": "5701", "vs": "MPa"}, {"n": "x"}]
        both = (Sample("3323/0/5700", 0.25, AT), Sample("3323/0/5701", "MPa", AT))
        assert lwm2m.decode("", lwm2m.SENML_JSON, text(rows), None) == both
        # [{-2: "/3/0/", 0: "9", 2: 95}] in CBOR
        raw = bytes.fromhex("81a3") + b"\x21\x65/3/0/" + b"\x00\x619" + b"\x02\x18\x5f"
        assert lwm2m.decode("", lwm2m.SENML_CBOR, raw, AT) == (Sample("3/0/9", 95, AT),)
        for bad in (b"", b"\x81", raw[:-1], raw + b"\0", b"\x9b" + b"\xff" * 8, b"\x81" * 50):
            with pytest.raises(Undecodable):
                lwm2m.decode_senml_cbor(bad, None)

    def test_text_and_old_json(self) -> None:
        assert lwm2m.decode("3200/0/5500", lwm2m.TEXT, b"1", None) == (Sample("3200/0/5500", 1, None),)
        old = text({"bn": "/3323/0/", "e": [{"n": "5700", "v": 0.3}, {"n": "1", "sv": "a"}]})
        assert [s.point for s in lwm2m.decode("3323/0", lwm2m.OLD_JSON, old, None)] == ["3323/0/5700", "3323/0/1"]


class TestA55a:
    def test_a_report_by_hand(self) -> None:
        # one sensor, MPa, 0.215 MPa, battery 100 %, -85 dBm, low-pressure bit, no records
        head = bytes.fromhex("a55a00002748594431303030313233340034ab0258000001010000000000d769256e20")
        head = head[:3] + (len(head) + 4).to_bytes(2, "big") + head[5:]
        raw = head + a55a.crc16(head).to_bytes(2, "big") + b"\x55\xaa"
        seen = a55a.parse(raw)
        assert (seen.device, seen.value, seen.alarms, seen.battery) == ("HYD10001234", 0.215, ("low",), 100)
        assert (seen.signal_dbm, seen.at_ms) == (-85, 0x69256E20 * 1000)

    def test_the_checksum_is_modbus(self) -> None:
        assert a55a.crc16(b"123456789") == 0x4B37  # the published check value of CRC-16/MODBUS

    def test_records_come_before_the_newest_value(self) -> None:
        at_s = AT // 1000
        seen = a55a.parse(a55a.build("H1", 300, at_s=at_s, interval_s=60, records=(100, 200, 300)))
        assert seen.records == ((0.1, AT - 120_000), (0.2, AT - 60_000), (0.3, AT))
        values = [s for s in a55a.samples(seen) if s.point == "pressure"]
        assert [(s.value, s.at_ms) for s in values] == [(0.1, AT - 120_000), (0.2, AT - 60_000), (0.3, AT)]

    @given(
        st.integers(-32768, 32767), st.integers(0, 255), st.integers(0, 20), st.lists(st.integers(-9, 99), max_size=9)
    )
    def test_what_is_built_is_read(self, value, bits, battery, records) -> None:
        raw = a55a.build("HYD-1", value, bits=bits, battery=battery, records=tuple(records), at_s=AT // 1000)
        seen = a55a.parse(raw)
        assert (round(seen.value * 1000), seen.battery, len(seen.records)) == (value, battery * 5, len(records))
        assert a55a.length_of(raw) == len(raw)

    def test_every_flipped_bit_is_found(self) -> None:
        raw = a55a.build("HYD-1", 215, at_s=AT // 1000)
        for bit in range(len(raw) * 8):
            broken = bytearray(raw)
            broken[bit // 8] ^= 1 << bit % 8
            with pytest.raises(Undecodable):
                a55a.parse(bytes(broken))

    def test_hex_text_and_json_are_told_apart(self) -> None:
        raw = a55a.build("HYD-1", 215)
        assert decode_raw("auto", raw, None) == decode_raw("auto", raw.hex().upper().encode(), None)
        assert decode_raw("auto", b'{"a": 1}', AT) == (Sample("a", 1, AT),)
        assert decode_raw("auto", b'{"a": 1}'.hex().encode(), AT) == (Sample("a", 1, AT),)
        with pytest.raises(Undecodable):
            decode_raw("auto", b"\x01\x02\x03", None)


jsonish = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "deviceId",
                    "messageType",
                    "payload",
                    "APPdata",
                    "serviceData",
                    "msg",
                    "type",
                    "dev_id",
                    "ds_id",
                    "value",
                    "at",
                    "data",
                ]
                + [
                    "params",
                    "resource",
                    "notify_data",
                    "header",
                    "body",
                    "services",
                    "properties",
                    "ts",
                    "values",
                    "event",
                    "device_id",
                ]
                + ["deviceName", "timestamp", "e", "bn", "n", "v", "result", "eventType", "status", "online", "device"]
            ),
            inner
            | st.sampled_from(
                ["dataReport", "notify", "lifeCycle", "device.property", "device.status", "1", "2", "7", "reply"]
            ),
            max_size=8,
        )
    ),
    max_leaves=25,
)
bodies = st.binary(max_size=80) | jsonish.map(lambda value: json.dumps(value).encode())
topics = st.sampled_from(
    [
        "",
        "fire/v1/p/D/telemetry",
        "fire/v1/p/D/rpc/response/1",
        "v1/gateway/telemetry",
        "3/0;11542",
        "3323/0;112",
        "19/0/0;42",
        "rd;1",
    ]
)


@given(st.sampled_from(sorted(envelopes.DECODERS)), topics, st.sampled_from(["", "D"]), bodies)
@settings(max_examples=600)
def test_no_message_makes_a_decoder_raise_anything_but_its_own_error(protocol, topic, address, raw) -> None:
    try:
        found = envelopes.decode(protocol, topic, address, raw)
    except Undecodable:
        return
    for report in found:
        assert all(isinstance(s.value, int | float | bool | str) and isinstance(s.point, str) for s in report.samples)
        assert all(s.at_ms is None or 0 < s.at_ms < 5e12 for s in report.samples)


@given(st.sampled_from(["auto", "json", "a55a", "tlv", "senml_json", "senml_cbor", "text"]), bodies)
@settings(max_examples=400)
def test_no_payload_does(kind, raw) -> None:
    with contextlib.suppress(Undecodable):
        assert all(s.point for s in decode_raw(kind, raw, AT)), "what is let through has a name"
