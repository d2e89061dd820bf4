"""The shared sample vectors, where they are, and some of our own beside them."""

import json
import os
from pathlib import Path

import pytest

from wanghuo.engines.codecs.gb26875 import Frame, Rejected, StreamDecoder, decode_datagram
from wanghuo.engines.codecs.gb26875.lines import event_to_line, line_to_bytes
from wanghuo.engines.codecs.gb26875.testing import FIRE, HEARTBEAT

REPO = next(p for p in Path(__file__).resolve().parents if (p / "pyproject.toml").exists())
SHARED = Path(os.environ.get("WANGHUO_SHARED", REPO.parent / "shared"))
VECTORS = SHARED / "reference" / "vectors" / "gb26875.jsonl"


def contains(whole, part):
    """Whether every field of `part` stands in `whole` with the same value."""
    if isinstance(part, dict):
        return all(k in whole and contains(whole[k], v) for k, v in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part and type(whole) is type(part)


@pytest.mark.shared
@pytest.mark.skipif(not VECTORS.exists(), reason=f"no shared vectors at {VECTORS}")
def test_the_shared_vectors_decode_as_stated_and_encode_back():
    vectors = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert vectors
    for vector in vectors:
        raw = bytes.fromhex(vector["hex"])
        events = decode_datagram(raw)
        if vector["kind"] == "stream":
            frames = [e.raw.hex() for e in events if isinstance(e, Frame)]
            assert frames == vector["expect"]["frames"], vector["name"]
            assert sum(isinstance(e, Rejected) for e in events) >= vector["expect"].get("rejected_at_least", 0)
        else:
            (line,) = (event_to_line(e) for e in events)
            assert contains(line, vector["expect"]), vector["name"]
            assert line_to_bytes(line) == line_to_bytes({k: v for k, v in line.items() if k != "hex"}) == raw


def test_a_call_point_reports_a_fire():
    (line,) = map(event_to_line, StreamDecoder().feed(FIRE))
    assert line == {
        "ok": True, "offset": 0, "length": 78, "serial": 1, "version": [1, 1],
        "time": "2026-11-21T10:30:05", "time_raw": [5, 30, 10, 21, 11, 26],
        "source": {"int": 1001, "wire_hex": "e90300000000"}, "dest": {"int": 1, "wire_hex": "010000000000"},
        "app_len": 48, "command": 2, "checksum": 0x9D, "type": 2, "count": 1,
        "objects": [
            {
                "system_type": 1, "system_addr": 1, "component_type": 23, "component_addr": 7 << 16 | 2, "status": 3,
                "description": "一层大厅手报", "description_hex": "d2bbb2e3b4f3ccfccad6b1a8" + "00" * 19,
                "time": "2026-11-21T10:30:00", "time_raw": [0, 30, 10, 21, 11, 26],
            }
        ],
        "problems": [], "hex": FIRE.hex(),
    }  # fmt: skip


def test_the_worked_example_of_the_reference():
    raw = bytes.fromhex("4040 0100 0101 001E0A150B1A E90300000000 010000000000 0000 03 55 2323")
    (frame,) = StreamDecoder().feed(raw)
    assert (frame.serial, frame.version, frame.command, frame.checksum, frame.type) == (1, (1, 1), 3, 0x55, None)
    assert frame.time.isoformat() == "2026-11-21T10:30:00+08:00"
    assert frame.problems == ()


def test_an_empty_heartbeat_is_a_frame_without_objects():
    (frame,) = decode_datagram(HEARTBEAT)
    assert (frame.command, frame.objects, frame.problems) == (2, (), ())
