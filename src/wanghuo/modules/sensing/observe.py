"""What a frame says about states, readings and operations, as plain tuples read by offset.

The same layouts as `engines.codecs.gb26875`, without an object for each field: ingest reads ten thousand frames a
second here. The
tests hold both against each other. Nothing raises on hostile input: what does not fit is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from wanghuo.engines.codecs.gb26875.labels import decode_text, decode_time

STATES, READINGS, OPERATIONS = frozenset({1, 2, 21}), 3, frozenset({4, 24})
_SIZES = {1: 10, 2: 46, 3: 16, 4: 10, 21: 7, 24: 8}

Key = tuple[int, ...]
"""Who reports: () the device itself, (system type, address) a system, (…, component type, component address) a
component."""

DEVICE_KEY: Key = ()


class State(NamedTuple):
    """A state word. `kind`: component, system or device; `label`: its six bytes of time, b"" where there are none."""

    key: Key
    kind: str
    word: int
    text: bytes
    label: bytes


class Value(NamedTuple):
    """An analog value as sent."""

    key: Key
    quantity: int
    raw: int
    label: bytes


class Operation(NamedTuple):
    """Buttons pressed at a system or at the device itself."""

    key: Key
    bits: int
    operator: int
    label: bytes


def key_text(key: Key) -> str:
    """A key as the table keeps it: "1.1.23.458754", "1.1", "uitd"."""
    return ".".join(map(str, key)) if key else "uitd"


def _objects(frame: bytes) -> Iterator[bytes]:
    kind, count, unit = frame[27], frame[28], len(frame) - 30
    size = _SIZES[kind]
    if kind == 21 and unit == 3:
        size = 1  # a dialect leaves the time out
    elif kind == 2 and count and (unit - 2) % count == 0 and size < (unit - 2) // count <= 64:
        size = (unit - 2) // count  # a dialect has a longer text
    end = 2 + size * count
    for at in range(29, 27 + min(end, unit) - size + 1, size):
        yield frame[at : at + size]


def states(frame: bytes) -> Iterator[State]:
    """The state words of a frame of type 1, 2 or 21."""
    kind = frame[27]
    for body in _objects(frame):
        if kind == 2:
            key = (body[0], body[1], body[2], int.from_bytes(body[3:7], "little"))
            yield State(key, "component", body[7] | body[8] << 8, body[9:-6], body[-6:])
        elif kind == 1:
            yield State((body[0], body[1]), "system", body[2] | body[3] << 8, b"", body[4:])
        else:
            yield State(DEVICE_KEY, "device", body[0], b"", body[1:])


def values(frame: bytes) -> Iterator[Value]:
    """The analog values of a frame of type 3."""
    for body in _objects(frame):
        key = (body[0], body[1], body[2], int.from_bytes(body[3:7], "little"))
        yield Value(key, body[7], int.from_bytes(body[8:10], "little", signed=True), body[10:])


def operations(frame: bytes) -> Iterator[Operation]:
    """The operation records of a frame of type 4 or 24."""
    device = frame[27] == 24
    for body in _objects(frame):
        if device:
            yield Operation(DEVICE_KEY, body[0], body[1], body[2:])
        else:
            yield Operation((body[0], body[1]), body[2], body[3], body[4:])


@lru_cache(maxsize=65_536)
def label_s(label: bytes, bcd: bool) -> float | None:
    """A time label as seconds since 1970 UTC; None when it is no date. Devices of one second share the work."""
    at = decode_time(label, bcd=bcd)
    return at.timestamp() if at else None


@lru_cache(maxsize=65_536)
def text_of(raw: bytes) -> str:
    """A description field as text."""
    return decode_text(raw)
