"""Application units: every type in both directions, dialects, and what is said of hostile ones."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import Invalid
from wanghuo.engines.codecs.gb26875 import (
    TYPE_FLAGS,
    AnalogReading,
    BadHeader,
    Command,
    ComponentState,
    DeviceState,
    DutyCheck,
    FacilityConfiguration,
    Frame,
    NotEncodable,
    Problem,
    RawObject,
    SystemState,
    TextTooLong,
    TimeNotEncodable,
    TooManyObjects,
    UnitTooLong,
    WrongObject,
    answer,
    build_data,
    build_frame,
    checksum,
    confirm,
    decode_text,
    decode_time,
    decode_unit,
    deny,
    encode_description,
    encode_time,
    encode_unit,
    parse_frame,
    split_objects,
)
from wanghuo.engines.codecs.gb26875.testing import FIRE, random_object
from wanghuo.engines.codecs.gb26875.units import LAYOUTS, MAX_UNIT_SIZE

NOON = bytes((0, 0, 12, 21, 11, 26))
P = Problem


def test_layouts_and_type_table_agree():
    assert set(LAYOUTS) == set(TYPE_FLAGS)
    for type_, layout in LAYOUTS.items():
        flag = TYPE_FLAGS[type_]
        assert (layout.struct.size, layout.text) == (flag.size, flag.variable), type_
        largest = flag.size + (255 if flag.variable else 0)
        assert 2 + flag.max_count * largest <= MAX_UNIT_SIZE, type_


@pytest.mark.parametrize("type_", TYPE_FLAGS)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 127))
def test_every_type_comes_back_as_it_was_sent(type_, seed, count):
    rng = random.Random(seed)
    sent = tuple(random_object(rng, type_) for _ in range(min(count, TYPE_FLAGS[type_].max_count)))
    unit = decode_unit(encode_unit(type_, sent))
    assert (unit.type, unit.count, unit.objects, unit.rest) == (type_, len(sent), sent, b"")
    assert not {P.SHORT, P.LENGTH_MISMATCH, P.COUNT_EXCEEDED, P.COUNT_ZERO} & set(unit.problems)


@given(st.binary(max_size=1100))
def test_no_unit_raises_and_no_byte_is_lost(body):
    unit = decode_unit(body)
    if unit.type in LAYOUTS and unit.count <= TYPE_FLAGS[unit.type].max_count and len(body) <= 1024:
        again = encode_unit(unit.type, unit.objects)[2:]
        assert body[2:] == again + unit.rest
    for given_ in unit.objects:
        for name in ("time", "description", "text", "loop", "point"):
            getattr(given_, name, None)


@pytest.mark.parametrize(
    ("body", "objects", "problems"),
    [
        (b"", 0, ()),
        (b"\x16", 0, (P.SHORT,)),
        (b"\x02\x00", 0, (P.COUNT_ZERO,)),
        (b"\x02\x00" + bytes(46), 0, (P.COUNT_ZERO, P.LENGTH_MISMATCH)),
        (b"\x02\x02" + bytes(40) + NOON, 1, (P.SHORT,)),
        (b"\x02\x01" + bytes(40) + NOON + b"?", 1, (P.LENGTH_MISMATCH,)),
        (b"\x02\x01" + bytes(42) + NOON, 1, (P.LONG_DESCRIPTION,)),
        (b"\x15\x01\x01", 1, (P.TIME_MISSING,)),
        (b"\x15\x01\x01" + NOON, 1, ()),
        (b"\x15\x01\x01" + bytes(6), 1, (P.INVALID_TIME,)),
        (b"\x15\x02\x01" + NOON + b"\x01" + NOON, 2, (P.COUNT_EXCEEDED,)),
        (b"\x06\x02\x01\x01\x02ab\x01\x01\x05abc", 1, (P.SHORT,)),
        (b"\x06\x02\x01\x01\x02ab\x01\x01\x00", 2, ()),
        (b"\x00\x01" + bytes(110), 1, (P.UNKNOWN_TYPE,)),
        (b"\xbe\x01\x07", 1, ()),
        (b"\xff\xff", 0, ()),
        (b"\x51\x01\x01", 1, (P.VALUE_OUT_OF_RANGE,)),
        (b"\x54\x01\x67" + NOON, 1, (P.VALUE_OUT_OF_RANGE,)),
        (b"\x03\x01\x0b\x01\x63\x02\x00\x00\x00\x06\xe9\x03" + NOON, 1, (P.VALUE_OUT_OF_RANGE,)),
        (b"\x03\x01\x0b\x01\x63\x02\x00\x00\x00\x06\xe8\x03" + NOON, 1, ()),
        (b"\x03\x01\x0b\x01\x63\x02\x00\x00\x00\x81\xff\xff" + NOON, 1, ()),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_read(body, objects, problems):
    unit = decode_unit(body)
    assert (len(unit.objects), unit.problems) == (objects, problems)


def test_dialects_encode_back():
    for body in (b"\x15\x01\x01", b"\x02\x01" + bytes(range(42)) + NOON, b"\xbe\x01\x07"):
        unit = decode_unit(body)
        assert encode_unit(unit.type, unit.objects, count=unit.count) == body


def test_component_address_is_loop_and_point():
    (state,) = Frame(FIRE).objects
    assert (state.loop, state.point, state.description) == (2, 7, "一层大厅手报")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xd2\xbb\xb2\xe3\x00stale", "一层"),
        (b"  \xd2\xbb  ", "一"),
        (b"\xd2\xbb\xb2", "一\N{REPLACEMENT CHARACTER}"),
        ("𠮷".encode("gb18030"), "𠮷"),
        (bytes(31), ""),
    ],
)
def test_text_is_cut_at_the_first_nul(raw, text):
    assert decode_text(raw) == text


@pytest.mark.parametrize(
    ("raw", "bcd", "expected"),
    [
        (bytes((5, 30, 10, 21, 11, 26)), False, "2026-11-21T10:30:05+08:00"),
        (bytes.fromhex("053010211126"), True, "2026-11-21T10:30:05+08:00"),
        (bytes.fromhex("05301021112a"), True, None),
        (bytes((0, 0, 0, 31, 2, 26)), False, None),
        (bytes((0, 0, 0, 29, 2, 24)), False, "2024-02-29T00:00:00+08:00"),
        (bytes(6), False, None),
        (bytes((60, 0, 0, 1, 1, 26)), False, None),
        (bytes((0, 0, 0, 1, 1, 100)), False, None),
        (b"\xff" * 6, False, None),
        (b"", False, None),
    ],
)
def test_an_invalid_time_is_unknown_never_shifted(raw, bcd, expected):
    at = decode_time(raw, bcd=bcd)
    assert (at.isoformat() if at else None) == expected


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.booleans())
def test_times_round_trip_to_the_second(at, bcd):
    raw = encode_time(at, bcd=bcd)
    assert decode_time(raw, bcd=bcd).replace(tzinfo=None) == at.replace(microsecond=0)


def test_a_time_is_sent_on_chinas_clock():
    assert encode_time(datetime(2026, 11, 21, 2, 30, 5, tzinfo=UTC)) == bytes((5, 30, 10, 21, 11, 26))


HEADER = {"serial": 7, "source": 1, "dest": b"\xff" * 6}
STATE = SystemState(1, 1, 1, NOON)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda: encode_unit(1, [STATE] * 102), None),
        (lambda: encode_unit(1, [STATE] * 103), TooManyObjects),
        (lambda: encode_unit(2, [STATE]), WrongObject),
        (lambda: encode_unit(1, [SystemState(256, 1, 1, NOON)]), NotEncodable),
        (lambda: encode_unit(1, [SystemState(1, 1, 1, b"")]), NotEncodable),
        (lambda: encode_unit(6, [FacilityConfiguration(1, 1, bytes(256))]), NotEncodable),
        (lambda: encode_unit(2, [ComponentState(1, 1, 1, 1, 1, bytes(30), NOON)]), NotEncodable),
        (lambda: encode_unit(3, [AnalogReading(1, 1, 1, 1, 5, 40000, NOON)]), NotEncodable),
        (lambda: encode_unit(200, [RawObject(bytes(1022))]), None),
        (lambda: encode_unit(200, [RawObject(bytes(1023))]), UnitTooLong),
        (lambda: build_frame(command=2, body=bytes(1025), **HEADER), UnitTooLong),
        (lambda: build_frame(command=2, body=bytes(1024), **HEADER), None),
        (lambda: build_frame(command=256, **HEADER), BadHeader),
        (lambda: build_frame(command=2, **HEADER | {"serial": -1}), BadHeader),
        (lambda: build_frame(command=2, **HEADER | {"source": 1 << 48}), BadHeader),
        (lambda: build_frame(command=2, **HEADER | {"dest": b"12345"}), BadHeader),
        (lambda: build_frame(command=2, at=datetime(1999, 1, 1), **HEADER), TimeNotEncodable),
        (lambda: encode_description("一二三四五六七八九十一二三四五六"), TextTooLong),
        (lambda: encode_description("一二三四五六七八九十一二三四五a"), None),
    ],
)
def test_what_the_wire_has_no_room_for_is_refused(act, error):
    if error is None:
        assert act()
        return
    with pytest.raises(error) as caught:
        act()
    assert isinstance(caught.value, Invalid)
    assert caught.value.message.zh != caught.value.message.en  # both languages, all fields filled


@pytest.mark.parametrize(("type_", "groups"), [(1, [102, 98]), (2, [22] * 9 + [2]), (6, [3] * 66 + [2])])
def test_many_objects_are_split_into_units_that_fit(type_, groups):
    rng = random.Random(type_)
    sent = [random_object(rng, type_) for _ in range(200)]
    parts = split_objects(type_, sent)
    assert [len(p) for p in parts] == groups
    assert [x for part in parts for x in decode_unit(encode_unit(type_, part)).objects] == sent


def test_replies_copy_the_serial_and_swap_the_addresses():
    asked = parse_frame(build_data(81, [], command=Command.REQUEST, serial=0x4040, source=1, dest=b"\xff" * 6))
    now = datetime(2026, 11, 21, 10, 30, 5)
    for raw, command in (
        (confirm(asked), 3),
        (deny(asked, now), 6),
        (answer(asked, 21, [DeviceState(1, NOON)], now), 5),
    ):
        reply = parse_frame(raw)
        assert (reply.serial, reply.source, reply.dest, reply.command) == (0x4040, b"\xff" * 6, asked.source, command)
    assert reply.objects == (DeviceState(1, NOON),)
    assert parse_frame(confirm(asked, body=b"\x17")).body == b"\x17"


def test_a_duty_check_as_it_goes_over_the_wire():
    raw = build_data(
        91, [DutyCheck(5)], command=Command.CONTROL, serial=100, source=1, dest=1001, version=(1, 1),
        at=datetime(2026, 11, 21, 10, 30, 5),
    )  # fmt: skip
    assert raw.hex() == "404064000101051e0a150b1a010000000000e903000000000300015b01051f2323"


@given(st.binary(max_size=1100))
def test_the_checksum_is_the_plain_sum(raw):
    assert checksum(raw) == sum(raw) & 0xFF


def test_the_checksum_of_the_largest_bytes_is_exact():
    for size in range(1100):
        assert checksum(b"\xff" * size) == 255 * size & 0xFF
