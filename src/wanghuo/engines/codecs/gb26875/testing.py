"""Generators and captured-shape frames for tests: of this package, of the gateway and of the simulator."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from wanghuo.engines.codecs.gb26875 import objects as o
from wanghuo.engines.codecs.gb26875.frames import build_frame
from wanghuo.engines.codecs.gb26875.labels import encode_description
from wanghuo.engines.codecs.gb26875.tables import TYPE_FLAGS
from wanghuo.engines.codecs.gb26875.units import LAYOUTS, encode_unit

FIRE = bytes.fromhex(
    "404001000101051e0a150b1ae903000000000100000000003000020201010117020007000300d2bbb2e3b4f3ccfccad6b1a8"
    "00000000000000000000000000000000000000001e0a150b1a9d2323"
)
"""A manual call point reports a fire: 一层大厅手报, loop 2, point 7, from device 1001 to centre 1."""
HEARTBEAT = bytes.fromhex("404003000101051e0a150b1ae903000000000100000000000000025b2323")
"""The empty command-2 frame that many devices send every 20 to 30 seconds."""

PLACES = ("一层大厅手报", "3F-烟感017", "地下一层消防泵房", "屋顶水箱", "B1 配电室 电气火灾", "")


def random_time(rng: random.Random) -> bytes:
    """A time label, valid nine times in ten."""
    if rng.random() < 0.1:
        return rng.randbytes(6)
    return bytes(
        (rng.randrange(60), rng.randrange(60), rng.randrange(24), rng.randrange(1, 29), rng.randrange(1, 13), 26)
    )


_FIELDS: dict[str, Callable[[random.Random], Any]] = {
    "time_raw": random_time,
    "description_raw": lambda rng: encode_description(rng.choice(PLACES)) if rng.random() < 0.8 else rng.randbytes(31),
    "text_raw": lambda rng: (
        rng.choice(PLACES).encode("gb18030") if rng.random() < 0.8 else rng.randbytes(rng.randrange(256))
    ),
    "component_addr": lambda rng: rng.randrange(1 << 32),
    "raw": lambda rng: rng.randrange(-0x8000, 0x8000),
}


def random_object(rng: random.Random, type_: int) -> Any:
    """An object of a known type with random fields."""
    layout = LAYOUTS[type_]
    words = {"status"} if type_ in (1, 2) else set()
    values = (
        _FIELDS[name](rng) if name in _FIELDS else rng.randrange(0x10000 if name in words else 0x100)
        for name in layout.kind.__slots__
    )
    return layout.kind(*values)


def random_unit(rng: random.Random, type_: int | None = None, *, most: int = 4) -> bytes:
    """An application unit: any known type, a user-defined one, or none."""
    kind = type_ if type_ is not None else rng.choice((*TYPE_FLAGS, 0, 41, 128, 190, -1))
    if kind == -1:
        return rng.choice((b"", b"\x16"))
    if kind not in TYPE_FLAGS:
        return encode_unit(kind, [o.RawObject(rng.randbytes(rng.randrange(40)))], count=rng.randrange(3))
    count = rng.randint(1, min(most, TYPE_FLAGS[kind].max_count))
    return encode_unit(kind, [random_object(rng, kind) for _ in range(count)])


def random_frame(rng: random.Random, type_: int | None = None, *, most: int = 4) -> bytes:
    """A valid frame around a random unit."""
    return build_frame(
        serial=rng.randrange(0x10000),
        source=rng.randrange(1 << 48),
        dest=rng.choice((0, 1, (1 << 48) - 1)),
        command=rng.choice((1, 2, 2, 2, 3, 4, 5, 6, 7, 200)),
        body=random_unit(rng, type_, most=most),
        time_raw=random_time(rng),
        version=(rng.choice((1, 1, 2, 16)), rng.randrange(256)),
    )


def random_noise(rng: random.Random) -> bytes:
    """What stands between frames on a bad line: rubbish, runs of markers, pieces of frames."""
    frame = random_frame(rng)
    return rng.choice(
        (
            b"",
            rng.randbytes(rng.randrange(60)),
            b"@" * rng.randrange(1, 5),
            bytes(rng.choices(b"@@##\x00\x02", k=rng.randrange(40))),
            frame[: rng.randrange(len(frame))],
            frame[rng.randrange(len(frame)) :],
            mutated(rng, frame),
        )
    )


def mutated(rng: random.Random, frame: bytes) -> bytes:
    """`frame` with one byte changed, left out or put in."""
    at = rng.randrange(len(frame))
    cut = rng.choice((0, 1, 1))
    return frame[:at] + rng.randbytes(rng.choice((0, 1))) + frame[at + cut :]
