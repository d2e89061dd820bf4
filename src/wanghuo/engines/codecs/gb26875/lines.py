"""Events as JSON lines and back: the stable form in which `wanghuo decode` and `encode` show a byte stream.

Readable fields stand beside the raw ones they were read from (`time` and `time_raw`, `description` and
`description_hex`, `value` and `raw`, the whole frame's `hex`). One of a pair is enough to encode; where both are given
and disagree, the line is refused rather than one of them silently ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.engines.codecs.gb26875 import objects as o
from wanghuo.engines.codecs.gb26875.frames import NO_TIME, Frame, address, build_frame, header_problems
from wanghuo.engines.codecs.gb26875.interpret import analog_value
from wanghuo.engines.codecs.gb26875.labels import (
    DESCRIPTION_SIZE,
    decode_text,
    decode_time,
    encode_description,
    encode_text,
    encode_time,
)
from wanghuo.engines.codecs.gb26875.stream import Event, Rejected
from wanghuo.engines.codecs.gb26875.tables import ANALOG_TYPES
from wanghuo.engines.codecs.gb26875.units import LAYOUTS, Unit, decode_unit, encode_unit

Json = dict[str, Any]


class BadLine(Invalid):
    """A line that does not say which bytes it means."""

    code = "gb26875.bad_line"
    text = Text("字段 {name}：{why}。", "Field {name}: {why}.")


def _bad(name: str, why: Text) -> BadLine:
    return BadLine(field=name, name=name, why=why)


_MISSING = Text("缺少该字段", "it is missing")
_DISAGREES = Text("与 {other} 不一致，请删去其中一个", "it disagrees with {other}; remove one of the two")
_NOT_INT = Text("应为整数", "an integer is needed")
_NOT_HEX = Text("应为十六进制字符串", "a hexadecimal string is needed")
_NOT_BYTES = Text("应为 0 至 255 的整数列表", "a list of integers from 0 to 255 is needed")
_NOT_TEXT = Text("应为字符串", "a string is needed")
_NOT_TIME = Text("应为 ISO 8601 时间", "an ISO 8601 time is needed")
_NOT_NUMBER = Text("应为能按步长表示的数值", "a number that its step can express is needed")
_NOT_OBJECT = Text("应为 JSON 对象", "a JSON object is needed")
_NOT_LIST = Text("应为 JSON 列表", "a JSON list is needed")


# ---- out -----------------------------------------------------------------------------------------------------------


def event_to_line(event: Event, *, bcd_time: bool = False) -> Json:
    """The line of a frame or of a rejected stretch, ready for `json.dumps`."""
    if isinstance(event, Rejected):
        return {
            "ok": False,
            "offset": event.offset,
            "length": event.length,
            "reason": str(event.reason),
            "hex": event.raw.hex(),
        }
    unit = decode_unit(event.body, bcd_time=bcd_time)
    line: Json = {
        "ok": True,
        "offset": event.offset,
        "length": len(event.raw),
        "serial": event.serial,
        "version": list(event.version),
        **_time_fields(event.time_raw, bcd_time),
        "source": _address_fields(event.source),
        "dest": _address_fields(event.dest),
        "app_len": event.app_len,
        "command": event.command,
        "checksum": event.checksum,
    }
    if unit.type is not None:
        line |= {"type": unit.type, "count": unit.count}
        line["objects"] = [_object_fields(x, bcd_time) for x in unit.objects]
    line["problems"] = [str(p) for p in (*header_problems(event, bcd_time=bcd_time), *unit.problems)]
    if not _rebuilds(unit, event.body):
        line["app_hex"] = event.body.hex()
    line["hex"] = event.raw.hex()
    return line


def _rebuilds(unit: Unit, body: bytes) -> bool:
    """Whether the objects alone give the same unit; where not, the line has to carry its bytes."""
    if unit.type is None:
        return not body
    try:
        return encode_unit(unit.type, unit.objects, count=unit.count) == body
    except Invalid:
        return False


def _time_fields(raw: bytes, bcd: bool) -> Json:
    return {"time": _iso(raw, bcd), "time_raw": list(raw)}


def _iso(raw: bytes, bcd: bool) -> str | None:
    at = decode_time(raw, bcd=bcd)
    return at.replace(tzinfo=None).isoformat() if at else None


def _address_fields(raw: bytes) -> Json:
    return {"int": int.from_bytes(raw, "little"), "wire_hex": raw.hex()}


def _object_fields(given: Any, bcd: bool) -> Json:
    fields: Json = {}
    for name in given.__slots__:
        value = getattr(given, name)
        if name == "time_raw":
            fields |= _time_fields(value, bcd)
        elif isinstance(value, bytes):
            stem = name.removesuffix("_raw")
            if stem != "body":
                fields[stem] = decode_text(value)
            fields[f"{stem}_hex"] = value.hex()
        else:
            fields[name] = value
            if name == "raw":
                measured = analog_value(given.analog_type, value)
                fields |= {"value": measured.value, "unit": measured.unit.en}
    return fields


# ---- in ------------------------------------------------------------------------------------------------------------


def line_to_bytes(line: object, *, bcd_time: bool = False) -> bytes:
    """The bytes a line means: those of its `hex`, or a frame built from its fields.

    Raises BadLine, and what `build_frame` and `encode_unit` raise. Length, checksum and count are worked out.
    """
    if not isinstance(line, dict):
        raise _bad("-", _NOT_OBJECT)
    raw = _hex(line, "hex")
    if raw is not None and (line.get("ok") is False or "serial" not in line):
        return raw
    built = _build(line, bcd_time)
    if raw is not None and built != raw:
        raise _bad("hex", _DISAGREES.filled({"other": _first_difference(line, raw, bcd_time)}))
    return built


def _first_difference(line: Json, raw: bytes, bcd: bool) -> str:
    stated = event_to_line(Frame(raw), bcd_time=bcd) if len(raw) >= 30 else {}
    return next((name for name in line if name in stated and line[name] != stated[name]), "serial")


def _build(line: Json, bcd: bool) -> bytes:
    version = line.get("version", [1, 0])
    if not (isinstance(version, list) and len(version) == 2 and all(type(v) is int for v in version)):
        raise _bad("version", _NOT_BYTES)
    return build_frame(
        serial=_int(line, "serial"),
        version=(version[0], version[1]),
        time_raw=_time(line, bcd, default=NO_TIME),
        source=_address(line, "source"),
        dest=_address(line, "dest"),
        command=_int(line, "command"),
        body=_body(line, bcd),
    )


def _body(line: Json, bcd: bool) -> bytes:
    raw = _hex(line, "app_hex")
    if raw is not None:
        return raw
    if line.get("type") is None:
        return b""
    type_, given = _int(line, "type"), line.get("objects", [])
    if not isinstance(given, list):
        raise _bad("objects", _NOT_LIST)
    found = [_object(type_, fields, bcd) for fields in given]
    count = _int(line, "count") if line.get("count") is not None else None
    if type_ in LAYOUTS and count is not None and count != len(found):
        raise _bad("count", _DISAGREES.filled({"other": "objects"}))
    return encode_unit(type_, found, count=count)


def _object(type_: int, fields: object, bcd: bool) -> Any:
    if not isinstance(fields, dict):
        raise _bad("objects", _NOT_OBJECT)
    if type_ not in LAYOUTS:
        body = _hex(fields, "body_hex")
        if body is None:
            raise _bad("body_hex", _MISSING)
        return o.RawObject(body)
    return LAYOUTS[type_].kind(*(_field(type_, name, fields, bcd) for name in LAYOUTS[type_].kind.__slots__))


def _field(type_: int, name: str, fields: Json, bcd: bool) -> Any:
    if name == "time_raw":
        return _time(fields, bcd, default=b"" if type_ == 21 else NO_TIME)
    if name == "description_raw":
        return _text(fields, "description", lambda text: encode_description(text, DESCRIPTION_SIZE))
    if name == "text_raw":
        return _text(fields, "text", lambda text: encode_text(text, 255))
    if name == "raw":
        return _analog_raw(fields)
    if name == "reserved":
        return fields.get(name, 0)
    return _int(fields, name)


def _int(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    if value is None:
        raise _bad(name, _MISSING)
    if type(value) is not int:
        raise _bad(name, _NOT_INT)
    return value


def _hex(fields: Mapping[str, Any], name: str) -> bytes | None:
    value = fields.get(name)
    if value is None:
        return None
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        raise _bad(name, _NOT_HEX) from None


def _address(line: Json, name: str) -> bytes:
    given = line.get(name)
    if type(given) is int:
        given = {"int": given}
    if not isinstance(given, dict):
        raise _bad(name, _NOT_OBJECT if name in line else _MISSING)
    raw = _hex(given, "wire_hex")
    if raw is None:
        return address(_int(given, "int"))
    if given.get("int") is not None and given["int"] != int.from_bytes(raw, "little"):
        raise _bad(f"{name}.int", _DISAGREES.filled({"other": f"{name}.wire_hex"}))
    return raw


def _time(fields: Json, bcd: bool, *, default: bytes) -> bytes:
    written, listed = fields.get("time"), fields.get("time_raw")
    raw: bytes | None = None
    if listed is not None:
        try:
            raw = bytes(listed) if isinstance(listed, list) else None
        except (TypeError, ValueError):
            raw = None
        if raw is None:
            raise _bad("time_raw", _NOT_BYTES)
    if written is None:
        return default if raw is None else raw
    try:
        encoded = encode_time(datetime.fromisoformat(written), bcd=bcd)
    except (TypeError, ValueError):
        raise _bad("time", _NOT_TIME) from None
    if raw is not None and raw != encoded:
        raise _bad("time", _DISAGREES.filled({"other": "time_raw"}))
    return encoded


def _text(fields: Json, name: str, encode: Callable[[str], bytes]) -> bytes:
    written, raw = fields.get(name), _hex(fields, f"{name}_hex")
    if written is not None and not isinstance(written, str):
        raise _bad(name, _NOT_TEXT)
    if raw is None:
        return encode(written or "")
    if written is not None and decode_text(raw) != written:
        raise _bad(name, _DISAGREES.filled({"other": f"{name}_hex"}))
    return raw


def _analog_raw(fields: Json) -> int:
    value = fields.get("value")
    if fields.get("raw") is not None:
        raw = _int(fields, "raw")
        if value is not None and value != analog_value(_int(fields, "analog_type"), raw).value:
            raise _bad("value", _DISAGREES.filled({"other": "raw"}))
        return raw
    scale = ANALOG_TYPES.get(_int(fields, "analog_type"))
    if value is None or scale is None:
        raise _bad("raw", _MISSING)
    try:
        exact = Decimal(str(value)) / scale.step
        whole = exact == exact.to_integral_value()
    except InvalidOperation:
        whole = False
    if not whole:
        raise _bad("value", _NOT_NUMBER)
    return int(exact)
