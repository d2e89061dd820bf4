"""The frame: 27 bytes of header, the application unit, checksum and end marker; no escaping, the length field rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from struct import Struct
from typing import Any
from zlib import adler32

from wanghuo.base import Invalid, Text
from wanghuo.engines.codecs.gb26875.labels import decode_time, encode_time
from wanghuo.engines.codecs.gb26875.tables import COMMAND_NAMES, MAX_UNIT_SIZE, USER_DEFINED_FROM, Command
from wanghuo.engines.codecs.gb26875.units import Problem, Unit, UnitTooLong, decode_unit, encode_unit

START = b"@@"
END = b"##"
HEADER_SIZE = 27
OVERHEAD = 30
"""Bytes of a frame around its application unit."""
MAX_FRAME_SIZE = OVERHEAD + MAX_UNIT_SIZE
PLAIN_VERSION = (1, 0)
NO_TIME = bytes(6)

_HEADER = Struct("<HBB6s6s6sHB")
_ADLER_EXACT = 256  # adler32 sums modulo 65521, which 256 bytes of 255 do not reach


class BadHeader(Invalid):
    """A header field does not fit its place."""

    code = "gb26875.bad_header"
    text = Text("帧头字段 {name} 无效：{value}。", "The header field {name} cannot be {value}.")


def checksum(covered: bytes | memoryview) -> int:
    """Low 8 bits of the plain sum of the covered bytes (offsets 2 … 26 + n of a frame).

    zlib's adler32 starts with exactly that sum, at C speed.
    """
    if len(covered) <= _ADLER_EXACT:
        return adler32(covered) - 1 & 0xFF
    parts = range(0, len(covered), _ADLER_EXACT)
    return sum(adler32(covered[at : at + _ADLER_EXACT]) - 1 for at in parts) & 0xFF


class Frame:
    """One whole valid frame, read where it lies: `raw` is all its bytes, `offset` its place in the stream.

    Fields are unpacked when asked for, the unit decoded once. Read-only by convention: a frozen dataclass would cost
    more than finding the frame does.
    """

    __slots__ = ("_unit", "offset", "raw")

    def __init__(self, raw: bytes, offset: int = 0) -> None:
        self.raw = raw
        self.offset = offset

    @property
    def serial(self) -> int:
        """业务流水号: the initiator's counter, which answers copy."""
        raw = self.raw
        return raw[2] | raw[3] << 8

    @property
    def version(self) -> tuple[int, int]:
        """Main version (1 by the standard, others occur) and user version."""
        return self.raw[4], self.raw[5]

    @property
    def time_raw(self) -> bytes:
        """The six bytes of the sending time."""
        return self.raw[6:12]

    @property
    def time(self) -> datetime | None:
        """The sending time on China's clock; None where the label is no valid date."""
        return decode_time(self.raw[6:12])

    @property
    def source(self) -> bytes:
        """The sender's six address bytes in wire order: the identity key."""
        return self.raw[12:18]

    @property
    def dest(self) -> bytes:
        """The receiver's six address bytes in wire order."""
        return self.raw[18:24]

    @property
    def source_int(self) -> int:
        """The sender's address as a little-endian number."""
        return int.from_bytes(self.raw[12:18], "little")

    @property
    def dest_int(self) -> int:
        """The receiver's address as a little-endian number."""
        return int.from_bytes(self.raw[18:24], "little")

    @property
    def app_len(self) -> int:
        """Bytes of the application unit."""
        return len(self.raw) - OVERHEAD

    @property
    def command(self) -> int:
        """The command byte; see `Command`."""
        return self.raw[26]

    @property
    def body(self) -> bytes:
        """The bytes of the application unit."""
        return self.raw[27:-3]

    @property
    def checksum(self) -> int:
        """The checksum as sent."""
        return self.raw[-3]

    @property
    def type(self) -> int | None:
        """The type flag; None where the unit is empty or has one byte."""
        raw = self.raw
        return raw[27] if len(raw) > 31 else None

    @property
    def unit(self) -> Unit:
        """The decoded application unit (time labels judged as binary)."""
        try:
            return self._unit
        except AttributeError:
            self._unit: Unit = decode_unit(self.raw[27:-3])
            return self._unit

    @property
    def objects(self) -> tuple[Any, ...]:
        """The objects of the unit."""
        return self.unit.objects

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is not as the standard has it, header first."""
        return header_problems(self) + self.unit.problems

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and self.raw == other.raw and self.offset == other.offset

    def __hash__(self) -> int:
        return hash((self.raw, self.offset))

    def __repr__(self) -> str:
        return f"Frame(serial={self.serial}, command={self.command}, type={self.type}, offset={self.offset})"


def header_problems(frame: Frame, *, bcd_time: bool = False) -> tuple[Problem, ...]:
    """What is not as the standard has it in the header of a valid frame."""
    problems = []
    if frame.command not in COMMAND_NAMES and frame.command < USER_DEFINED_FROM:
        problems.append(Problem.UNKNOWN_COMMAND)
    if decode_time(frame.time_raw, bcd=bcd_time) is None:
        problems.append(Problem.INVALID_TIME)
    return tuple(problems)


def address(number: int) -> bytes:
    """The six wire bytes of an address given as a number. Raises BadHeader outside 48 bits."""
    if not 0 <= number < 1 << 48:
        raise BadHeader(field="address", name="address", value=number)
    return number.to_bytes(6, "little")


def build_frame(
    *,
    serial: int,
    source: bytes | int,
    dest: bytes | int,
    command: int,
    body: bytes = b"",
    at: datetime | None = None,
    time_raw: bytes = NO_TIME,
    version: tuple[int, int] = PLAIN_VERSION,
) -> bytes:
    """The bytes of a frame around the application unit `body`.

    `at` is the sending time; without it the six bytes `time_raw` are sent as they are. Addresses are six wire bytes or
    a number. Raises BadHeader, UnitTooLong, TimeNotEncodable.
    """
    if len(body) > MAX_UNIT_SIZE:
        raise UnitTooLong(size=len(body))
    values = {"serial": (serial, 0xFFFF), "version": (version[0], 0xFF), "user_version": (version[1], 0xFF)}
    for field, (value, limit) in (values | {"command": (command, 0xFF)}).items():
        if not 0 <= value <= limit:
            raise BadHeader(field=field, name=field, value=value)
    label = encode_time(at) if at is not None else time_raw
    sides = [address(side) if isinstance(side, int) else bytes(side) for side in (source, dest)]
    for field, part in (("time", label), ("source", sides[0]), ("dest", sides[1])):
        if len(part) != 6:
            raise BadHeader(field=field, name=field, value=part.hex())
    covered = _HEADER.pack(serial, *version, label, *sides, len(body), command) + body
    return b"%b%b%c##" % (START, covered, checksum(covered))


def build_data(
    type_: int,
    objects: list[Any] | tuple[Any, ...],
    *,
    command: int = Command.SEND,
    count: int | None = None,
    **header: Any,
) -> bytes:
    """A frame that carries `objects` of one type; `header` as for `build_frame`. Raises as it and `encode_unit` do."""
    return build_frame(command=command, body=encode_unit(type_, objects, count=count), **header)


def reply(head: bytes, command: int, body: bytes = b"", at: datetime | None = None) -> bytes:
    """A frame that answers the one beginning with `head` (27 bytes or more): serial and version copied, addresses
    swapped. `at` None repeats the request's time label."""
    label = encode_time(at) if at is not None else head[6:12]
    size = len(body)
    if size > MAX_UNIT_SIZE:
        raise UnitTooLong(size=size)
    covered = b"%b%b%b%b%c%c%c%b" % (
        head[2:6], label, head[18:24], head[12:18], size & 0xFF, size >> 8, command, body
    )  # fmt: skip
    return b"@@%b%c##" % (covered, checksum(covered))


def confirm(frame: Frame, at: datetime | None = None, body: bytes = b"") -> bytes:
    """The confirm (command 3) of a frame; `body` only for dialects whose heartbeat answer carries a byte."""
    return reply(frame.raw, Command.CONFIRM, body, at)


def deny(frame: Frame, at: datetime | None = None) -> bytes:
    """The deny (command 6) of a frame."""
    return reply(frame.raw, Command.DENY, b"", at)


def answer(frame: Frame, type_: int, objects: Sequence[Any], at: datetime | None = None) -> bytes:
    """The answer (command 5) to a request, carrying `objects`. Raises as `encode_unit` does."""
    return reply(frame.raw, Command.ANSWER, encode_unit(type_, objects), at)
