"""The application unit: type flag, object count and objects, in both directions.

`decode_unit` takes any bytes and never raises; what is wrong with them is said in `Unit.problems`, beside the objects
that could be read and the raw bytes. `encode_unit` refuses what the standard has no room for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct
from struct import error as struct_error
from types import MappingProxyType
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.engines.codecs.gb26875 import objects as o
from wanghuo.engines.codecs.gb26875.labels import decode_time
from wanghuo.engines.codecs.gb26875.tables import ANALOG_TYPES, MAX_UNIT_SIZE, TYPE_FLAGS, USER_DEFINED_FROM

LONG_DESCRIPTION_SIZE = 33
MAX_RECORDS = 102
"""Most operation records a type 64 or 84 query may ask for."""


class Problem(StrEnum):
    """What is not as the standard has it. Only `short` and `length_mismatch` mean that bytes could not be read."""

    SHORT = "short"
    LENGTH_MISMATCH = "length_mismatch"
    COUNT_ZERO = "count_zero"
    COUNT_EXCEEDED = "count_exceeded"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_COMMAND = "unknown_command"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    INVALID_TIME = "invalid_time"
    TIME_MISSING = "time_missing"
    LONG_DESCRIPTION = "long_description"


PROBLEM_TEXTS: Mapping[Problem, Text] = MappingProxyType(
    {
        Problem.SHORT: Text("应用数据单元不完整", "the application unit ends too early"),
        Problem.LENGTH_MISMATCH: Text("信息对象之后还有多余字节", "bytes are left over after the objects"),
        Problem.COUNT_ZERO: Text("信息对象数目为 0", "the object count is 0"),
        Problem.COUNT_EXCEEDED: Text("信息对象数目超过标准上限", "more objects than the standard allows"),
        Problem.UNKNOWN_TYPE: Text("类型标志为预留值", "the type flag is a reserved one"),
        Problem.UNKNOWN_COMMAND: Text("控制命令字节为预留值", "the command byte is a reserved one"),
        Problem.VALUE_OUT_OF_RANGE: Text("数值超出标准规定的范围", "a value is outside the standard's range"),
        Problem.INVALID_TIME: Text("时间标签不是有效时间", "a time label is no valid time"),
        Problem.TIME_MISSING: Text("没有时间标签（方言）", "the time label is left out (dialect)"),
        Problem.LONG_DESCRIPTION: Text("部件说明为 33 字节（方言）", "the description has 33 bytes (dialect)"),
    }
)


class NotEncodable(Invalid):
    """A field does not fit its place on the wire."""

    code = "gb26875.not_encodable"
    text = Text(
        "类型 {type} 的第 {number} 个信息对象无法编码：{why}。",
        "Object {number} of type {type} cannot be encoded: {why}.",
    )


class WrongObject(Invalid):
    """The object is of another kind than the type flag says."""

    code = "gb26875.wrong_object"
    text = Text(
        "类型 {type} 的信息对象应为 {expected}，而不是 {given}。", "Objects of type {type} are {expected}, not {given}."
    )


class TooManyObjects(Invalid):
    """More objects than one application unit may carry."""

    code = "gb26875.too_many_objects"
    text = Text(
        "类型 {type} 每帧最多 {limit} 个信息对象，现有 {count} 个，请分帧发送。",
        "A frame of type {type} carries at most {limit} objects, not {count}; send several frames.",
    )


class UnitTooLong(Invalid):
    """More bytes than one application unit may have."""

    code = "gb26875.unit_too_long"
    text = Text(
        "应用数据单元为 {size} 字节，超过 1024 字节，请分帧发送。",
        "The application unit has {size} bytes, more than 1024; send several frames.",
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """The bytes of one object: `struct` reads the fields of `kind` in order; with `text` the last field is a length and
    that many bytes follow it."""

    kind: type[Any]
    struct: Struct
    text: bool = False


def _layout(kind: type[Any], form: str, *, text: bool = False) -> Layout:
    return Layout(kind, Struct("<" + form), text)


_SYSTEM = _layout(o.ReadSystem, "BB")
_COMPONENT = _layout(o.ReadComponent, "BBI")
_COMMAND = _layout(o.DeviceCommand, "B")
LAYOUTS: Mapping[int, Layout] = MappingProxyType(
    {
        1: _layout(o.SystemState, "BBH6s"),
        2: _layout(o.ComponentState, "BBBIH31s6s"),
        3: _layout(o.AnalogReading, "BBBIBh6s"),
        4: _layout(o.FacilityOperation, "BBBB6s"),
        5: _layout(o.FacilityVersion, "BBBB"),
        6: _layout(o.FacilityConfiguration, "BBB", text=True),
        7: _layout(o.ComponentConfiguration, "BBBI31s"),
        8: _layout(o.FacilityTime, "BB6s"),
        21: _layout(o.DeviceState, "B6s"),
        24: _layout(o.DeviceOperation, "BB6s"),
        25: _layout(o.DeviceVersion, "BB"),
        26: _layout(o.DeviceConfiguration, "B", text=True),
        28: _layout(o.DeviceTime, "6s"),
        61: _SYSTEM,
        62: _COMPONENT,
        63: _COMPONENT,
        64: _layout(o.ReadFacilityOperations, "BBB6s"),
        65: _SYSTEM,
        66: _SYSTEM,
        67: _COMPONENT,
        68: _SYSTEM,
        81: _COMMAND,
        84: _layout(o.ReadDeviceOperations, "B6s"),
        85: _COMMAND,
        86: _COMMAND,
        88: _COMMAND,
        89: _COMMAND,
        90: _layout(o.SetClock, "6s"),
        91: _layout(o.DutyCheck, "B"),
    }
)
LONG_STATE = _layout(o.ComponentState, "BBBIH33s6s")
UNTIMED_STATE = _layout(o.DeviceState, "B")


@dataclass(frozen=True, slots=True)
class Unit:
    """One decoded application unit. `type` and `count` are as sent (None where the unit is too short to have them);
    `objects` are those that could be read; `rest` is what is left over after them."""

    type: int | None
    count: int | None
    objects: tuple[Any, ...] = ()
    problems: tuple[Problem, ...] = ()
    rest: bytes = b""


EMPTY = Unit(None, None)
"""The unit of a confirm, a deny or an empty heartbeat."""


def decode_unit(body: bytes, *, bcd_time: bool = False) -> Unit:
    """Decode an application unit; any bytes are taken and none raise.

    `bcd_time`: judge time labels as decimal digits (a per-device setting). The dialects of type 21 without time and of
    type 2 with a 33-byte description are recognised by their length and noted in `problems`.
    """
    size = len(body)
    if not size:
        return EMPTY
    if size == 1:
        return Unit(None, None, problems=(Problem.SHORT,), rest=body)
    type_, count = body[0], body[1]
    layout = LAYOUTS.get(type_)
    if layout is None:
        problems = () if type_ >= USER_DEFINED_FROM else (Problem.UNKNOWN_TYPE,)
        return Unit(type_, count, (o.RawObject(body[2:]),) if size > 2 else (), problems)
    notes: list[Problem] = []
    if layout.text:
        found, end = _read_texts(layout, body, count)
    else:
        layout = _dialect(layout, type_, count, size, notes)
        found, end = _read_fixed(layout, body, count)
    if count == 0:
        notes.append(Problem.COUNT_ZERO)
    elif count > TYPE_FLAGS[type_].max_count:
        notes.append(Problem.COUNT_EXCEEDED)
    if len(found) < count:
        notes.append(Problem.SHORT)
    elif end < size:
        notes.append(Problem.LENGTH_MISMATCH)
    _judge_values(type_, found, notes, bcd_time)
    return Unit(type_, count, tuple(found), tuple(notes), body[end:])


def _dialect(layout: Layout, type_: int, count: int, size: int, notes: list[Problem]) -> Layout:
    if type_ == 21 and size == 3 and count == 1:
        notes.append(Problem.TIME_MISSING)
        return UNTIMED_STATE
    if type_ == 2 and count and size == 2 + count * LONG_STATE.struct.size:
        notes.append(Problem.LONG_DESCRIPTION)
        return LONG_STATE
    return layout


def _read_fixed(layout: Layout, body: bytes, count: int) -> tuple[list[Any], int]:
    kind, struct = layout.kind, layout.struct
    step = struct.size
    count = min(count, (len(body) - 2) // step)
    end = 2 + count * step
    return [kind(*fields) for fields in struct.iter_unpack(body[2:end])], end


def _read_texts(layout: Layout, body: bytes, count: int) -> tuple[list[Any], int]:
    kind, struct = layout.kind, layout.struct
    found: list[Any] = []
    at, size = 2, len(body)
    while len(found) < count and at + struct.size <= size:
        *fields, length = struct.unpack_from(body, at)
        end = at + struct.size + length
        if end > size:
            break
        found.append(kind(*fields, body[end - length : end]))
        at = end
    return found, at


_RAW_RANGES = {code: analog.raw_range for code, analog in ANALOG_TYPES.items()}
_TIMED = frozenset(code for code, layout in LAYOUTS.items() if "time_raw" in layout.kind.__slots__)
_RECORD_QUERIES = frozenset((64, 84))
_RESERVED_ZERO = frozenset((81, 85, 86, 88, 89))


def _judge_values(type_: int, found: list[Any], notes: list[Problem], bcd: bool) -> None:
    if type_ == 3:
        wild = any(not _in_range(x.analog_type, x.raw) for x in found)
    elif type_ in _RECORD_QUERIES:
        wild = any(x.records > MAX_RECORDS for x in found)
    else:
        wild = type_ in _RESERVED_ZERO and any(x.reserved for x in found)
    if wild:
        notes.append(Problem.VALUE_OUT_OF_RANGE)
    if type_ in _TIMED and any(x.time_raw and decode_time(x.time_raw, bcd=bcd) is None for x in found):
        notes.append(Problem.INVALID_TIME)


def _in_range(analog_type: int, raw: int) -> bool:
    limits = _RAW_RANGES.get(analog_type)
    return limits is None or limits[0] <= raw <= limits[1]


def encode_unit(type_: int, objects: Sequence[Any], *, count: int | None = None) -> bytes:
    """The bytes of an application unit.

    `objects` are of the dataclass of `type_`, or one `RawObject` for a user-defined or reserved type, whose object
    `count` (default 1) has to be told. Raises WrongObject, NotEncodable, TooManyObjects, UnitTooLong.
    """
    flag = TYPE_FLAGS.get(type_)
    if flag is None:
        parts = [_raw_body(type_, x) for x in objects]
        total = count if count is not None else min(len(parts), 1)
    else:
        if len(objects) > flag.max_count:
            raise TooManyObjects(type=type_, limit=flag.max_count, count=len(objects))
        parts = [encode_object(type_, x, number) for number, x in enumerate(objects, 1)]
        total = len(parts)
    if not (0 <= type_ <= 255 and 0 <= total <= 255):
        raise NotEncodable(type=type_, number=0, why=_BYTE_RANGE)
    unit = bytes((type_, total)) + b"".join(parts)
    if len(unit) > MAX_UNIT_SIZE:
        raise UnitTooLong(size=len(unit))
    return unit


_BYTE_RANGE = Text("类型标志和数目须在 0 至 255", "type flag and count lie in 0 to 255")
_FIELD_RANGE = Text("有字段超出范围（{fields}）", "a field is out of range ({fields})")
_FIELD_SIZE = Text("{field} 须为 {size} 字节，现为 {given}", "{field} takes {size} bytes, not {given}")


def _raw_body(type_: int, given: Any) -> bytes:
    if not isinstance(given, o.RawObject):
        raise WrongObject(type=type_, expected=o.RawObject.__name__, given=type(given).__name__)
    return bytes(given.body)


def encode_object(type_: int, given: Any, number: int = 1) -> bytes:
    """The bytes of one object of a known type; `number` is its place, for the error. Raises as `encode_unit`."""
    layout = LAYOUTS[type_]
    if not isinstance(given, layout.kind):
        raise WrongObject(type=type_, expected=layout.kind.__name__, given=type(given).__name__)
    values = [getattr(given, name) for name in given.__slots__]
    if layout.text:
        text = values.pop()
        _check_size(type_, number, "text", text, range(256))
        return _pack(layout, [*values, len(text)], type_, number) + text
    if type_ == 21 and not given.time_raw:
        layout, values = UNTIMED_STATE, values[:1]
    elif type_ == 2 and len(given.description_raw) == LONG_DESCRIPTION_SIZE:
        layout = LONG_STATE
    elif hasattr(given, "description_raw"):
        _check_size(type_, number, "description", given.description_raw, (31,))
    if layout is not UNTIMED_STATE and hasattr(given, "time_raw"):
        _check_size(type_, number, "time", given.time_raw, (6,))
    return _pack(layout, values, type_, number)


def _check_size(type_: int, number: int, field: str, value: bytes, sizes: Sequence[int]) -> None:
    if len(value) not in sizes:
        why = _FIELD_SIZE.filled({"field": field, "size": sizes[-1], "given": len(value)})
        raise NotEncodable(type=type_, number=number, why=why)


def _pack(layout: Layout, values: list[Any], type_: int, number: int) -> bytes:
    try:
        return layout.struct.pack(*values)
    except struct_error:
        fields = ", ".join(
            f"{n}={v}" for n, v in zip(layout.kind.__slots__, values, strict=False) if isinstance(v, int)
        )
        raise NotEncodable(type=type_, number=number, why=_FIELD_RANGE.filled({"fields": fields})) from None


def split_objects(type_: int, objects: Sequence[Any]) -> list[list[Any]]:
    """`objects` in groups that each fit one application unit, in order. Raises as `encode_unit` for a bad object."""
    limit = TYPE_FLAGS[type_].max_count if type_ in TYPE_FLAGS else 1
    groups: list[list[Any]] = []
    room = 0
    for number, given in enumerate(objects, 1):
        size = len(encode_object(type_, given, number) if type_ in LAYOUTS else _raw_body(type_, given))
        if not groups or len(groups[-1]) == limit or size > room:
            groups.append([])
            room = MAX_UNIT_SIZE - 2
        groups[-1].append(given)
        room -= size
    return groups
