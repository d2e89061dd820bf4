"""JSON lines: what goes out comes back to the same bytes, and what a person writes is checked."""

import json
import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import AppError
from wanghuo.engines.codecs.gb26875 import Frame, StreamDecoder, build_frame, decode_datagram
from wanghuo.engines.codecs.gb26875.lines import BadLine, event_to_line, line_to_bytes
from wanghuo.engines.codecs.gb26875.testing import FIRE, random_frame, random_noise

FIRE_LINE = event_to_line(Frame(FIRE))
BARE = {"serial": 1, "source": 1001, "dest": {"int": 1}, "command": 2}
READING = {"system_type": 11, "system_addr": 1, "component_type": 99, "component_addr": 2, "analog_type": 5}


def through_json(event, **options):
    return json.loads(json.dumps(event_to_line(event, **options)))


@given(st.integers(0, 2**32), st.booleans())
def test_lines_give_the_stream_back(seed, bcd):
    rng = random.Random(seed)
    stream = b"".join(random_noise(rng) + random_frame(rng) for _ in range(5))
    lines = [through_json(e, bcd_time=bcd) for e in decode_datagram(stream)]
    assert b"".join(line_to_bytes(line, bcd_time=bcd) for line in lines) == stream


@given(st.integers(0, 2**32), st.binary(max_size=60))
def test_frames_encode_from_their_fields_alone(seed, body):
    hostile = build_frame(serial=5, source=1, dest=2, command=2, body=body)
    for raw in (hostile, random_frame(random.Random(seed), most=30)):
        line = through_json(Frame(raw))
        for derived in ("hex", "ok", "offset", "length", "checksum", "app_len", "problems"):
            del line[derived]
        assert line_to_bytes(line) == raw


def test_a_line_written_by_hand():
    line = BARE | {
        "version": [1, 1], "time": "2026-11-21T10:30:05", "type": 2, "objects": [
            {
                "system_type": 1, "system_addr": 1, "component_type": 23, "component_addr": 458754, "status": 3,
                "description": "一层大厅手报", "time": "2026-11-21T10:30:00",
            }
        ],
    }  # fmt: skip
    assert line_to_bytes(line) == FIRE
    assert line_to_bytes({"hex": "00 ff"}) == b"\x00\xff"
    assert line_to_bytes(BARE | {"type": 3, "objects": [READING | {"value": 451.2}]})[37:39] == (4512).to_bytes(
        2, "little"
    )
    assert len(line_to_bytes(BARE | {"type": 21, "objects": [{"status": 1}]})) == 33


def edited(**changes):
    return FIRE_LINE | changes


def without_hex(line, **first_object):
    kept = {k: v for k, v in line.items() if k != "hex"}
    return kept | {"objects": [line["objects"][0] | first_object]}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ([], "-"),
        ({}, "serial"),
        ({"ok": False}, "serial"),
        ({"hex": "0g"}, "hex"),
        ({"hex": 7}, "hex"),
        (edited(serial=2), "hex"),
        (edited(serial="1"), "serial"),
        (edited(serial=True), "serial"),
        (edited(version=[1]), "version"),
        (edited(source=None), "source"),
        (edited(source="x"), "source"),
        (edited(source={"int": 2, "wire_hex": "010000000000"}), "source.int"),
        (edited(time="yesterday"), "time"),
        (edited(time="2026-11-21T10:30:06"), "time"),
        (edited(time_raw=[300]), "time_raw"),
        (edited(objects={}), "objects"),
        (edited(objects=[1]), "objects"),
        (edited(count=2), "count"),
        (edited(type=200), "body_hex"),
        (without_hex(FIRE_LINE, description="二层"), "description"),
        (without_hex(FIRE_LINE, description=3), "description"),
        (without_hex(FIRE_LINE, status=None), "status"),
        (BARE | {"type": 3, "objects": [READING]}, "raw"),
        (BARE | {"type": 3, "objects": [READING | {"raw": 1, "value": 5}]}, "value"),
        (BARE | {"type": 3, "objects": [READING | {"value": 451.25}]}, "value"),
        (BARE | {"type": 3, "objects": [READING | {"value": "many"}]}, "value"),
    ],
)
def test_a_line_that_is_not_clear_is_refused(line, field):
    with pytest.raises(BadLine) as caught:
        line_to_bytes(line)
    assert caught.value.field == field
    assert field in str(caught.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["int", "wire_hex"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(
    st.sampled_from([*FIRE_LINE, "app_hex"]), values, st.sampled_from([*FIRE_LINE["objects"][0], "value"]), values,
    st.sampled_from([1, 2, 3, 6, 21, 91, 200]),
)  # fmt: skip
def test_only_clear_errors_come_of_any_json(name, value, inner, inner_value, type_):
    line = without_hex(FIRE_LINE | {"type": type_}, **{inner: inner_value}) | {name: value}
    for tried in (line, line | {"hex": FIRE.hex()}):
        with suppress(AppError):
            assert isinstance(line_to_bytes(tried), bytes)


def test_rejected_stretches_keep_their_bytes_and_reason():
    decoder = StreamDecoder()
    events = decoder.feed(b"x" + FIRE[:-1] + b"!") + decoder.close()
    assert [event_to_line(e) for e in events] == [
        {"ok": False, "offset": 0, "length": 1, "reason": "no_marker", "hex": "78"},
        {"ok": False, "offset": 1, "length": 78, "reason": "bad_end", "hex": FIRE[:-1].hex() + "21"},
    ]
