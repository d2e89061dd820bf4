"""What the gateway answers: confirms, denials and the time, built from the frame they answer.

Kept to slices and one sum, since one is built for each frame (benchmarks/gateway.py). The first half of adler32 is
that sum, for up
to 256 bytes (engines.codecs.gb26875.frames.checksum).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zlib import adler32

from wanghuo.engines.codecs.gb26875.labels import encode_time

HEADER_SIZE, EMPTY_FRAME_SIZE = 27, 30
SEND, CONFIRM, ANSWER, DENY, CONTROL = 2, 3, 5, 6, 1
TIME_SYNC = 90
UNANSWERED = frozenset({CONFIRM, ANSWER, DENY})
"""Commands that end a transaction: answering them would never stop."""

_TAIL = [bytes((n,)) + b"##" for n in range(256)]
_CONFIRM, _DENY = b"\0\0" + bytes((CONFIRM,)), b"\0\0" + bytes((DENY,))


class Clock:
    """The six bytes of the present second, worked out once a second."""

    __slots__ = ("_label", "_second")

    def __init__(self) -> None:
        self._second, self._label = 0, b""

    def label(self) -> bytes:
        """Now, as a time label."""
        second = int(time.time())
        if second != self._second:
            self._second, self._label = second, encode_time(datetime.fromtimestamp(second, UTC))
        return self._label


def confirm(frame: bytes, now: bytes) -> bytes:
    """The confirm (command 3) of a frame: same serial and version, addresses swapped, empty unit."""
    body = frame[2:6] + now + frame[18:24] + frame[12:18] + _CONFIRM
    return b"@@" + body + _TAIL[adler32(body) - 1 & 0xFF]


def deny(header: bytes, now: bytes) -> bytes:
    """The denial (command 6) of a frame whose header can be read but whose checksum is wrong."""
    body = header[2:6] + now + header[18:24] + header[12:18] + _DENY
    return b"@@" + body + _TAIL[adler32(body) - 1 & 0xFF]


def tell_time(frame: bytes, now: bytes) -> bytes:
    """The answer to a device that asks for the time: command 1, type 90, same serial. Seen in practice (protocols.md
    1.12)."""
    body = frame[2:6] + now + frame[18:24] + frame[12:18] + b"\x08\0" + bytes((CONTROL, TIME_SYNC, 1)) + now
    return b"@@" + body + _TAIL[adler32(body) - 1 & 0xFF]


def reply(frame: bytes, now: bytes) -> bytes:
    """What a frame is answered with once it is on disk; b"" for frames that end a transaction."""
    command = frame[26]
    if command == SEND:
        body = frame[2:6] + now + frame[18:24] + frame[12:18] + _CONFIRM
        return b"@@" + body + _TAIL[adler32(body) - 1 & 0xFF]
    if command in UNANSWERED:
        return b""
    if command == CONTROL and len(frame) > EMPTY_FRAME_SIZE and frame[27] == TIME_SYNC:
        return tell_time(frame, now)
    return confirm(frame, now)


def order(*, serial: int, source: bytes, destination: bytes, command: int, unit: bytes, now: bytes) -> bytes:
    """A frame of our own going down: a control (1) or a request (4)."""
    head = serial.to_bytes(2, "little") + b"\x01\x00" + now + source + destination + len(unit).to_bytes(2, "little")
    body = head + bytes((command,)) + unit
    return b"@@" + body + _TAIL[adler32(body) - 1 & 0xFF]
