"""LwM2M contents: plain text, opaque, TLV, SenML in JSON and CBOR, as samples named "object/instance/resource".

Source: OMA LwM2M 1.1 (TLV, SenML), RFC 8428, RFC 8949; summarised in protocols.md 3.6. No DTLS and no state here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from wanghuo.engines.codecs.jsontext import load_json
from wanghuo.engines.codecs.samples import LONGEST_POINT, MOST_SAMPLES, Plain, Sample, Undecodable, instant_ms, plain

TEXT, OPAQUE, SENML_JSON, SENML_CBOR, TLV, OLD_JSON = 0, 42, 110, 112, 11542, 11543
BINARY_APP_DATA = "19"
MOST_CBOR_DEPTH = 8

STRINGS = frozenset({"3/0", "3/1", "3/2", "3/3", "3/14", "3/15", "3/16", "3/17", "3/18", "3/19"})
"""Resources of the Device object that are text in TLV; others are read as numbers where their length allows."""

_FLOATS = frozenset({"5700", "5601", "5602", "5603", "5604", "6047", "6051", "6052", "5514", "5515", "5805"})
"""Resources that are floating point wherever they occur (IPSO)."""


def decode(path: str, content_format: int, raw: bytes, at_ms: int | None) -> tuple[Sample, ...]:
    """The samples of a content at a path such as "3323/0". Raises Undecodable.

    Opaque bytes, and those of BinaryAppData, are for the profile's own codec: not here.
    """
    base = path.strip("/")
    if content_format == TLV:
        return decode_tlv(raw, base, at_ms)
    if content_format == SENML_JSON:
        return decode_senml_json(raw, at_ms)
    if content_format == SENML_CBOR:
        return decode_senml_cbor(raw, at_ms)
    if content_format == OLD_JSON:
        return _old_json(raw, base, at_ms)
    if content_format == TEXT:
        return (Sample(base, _number(raw.decode("utf-8", "replace").strip()), at_ms),)
    raise Undecodable(f"content format {content_format}")


def _number(text: str) -> Plain:
    try:
        return int(text) if len(text) <= 18 else text[:200]
    except ValueError:
        pass
    try:
        value = float(text) if len(text) <= 32 else math.nan
    except ValueError:
        return text[:200]
    return value if math.isfinite(value) else text[:200]


def decode_tlv(raw: bytes, base: str, at_ms: int | None) -> tuple[Sample, ...]:
    """TLV at `base`: an object, an instance or a resource. Raises Undecodable."""
    return tuple(_tlv(raw, base, at_ms, 0))


def _tlv(raw: bytes, base: str, at_ms: int | None, depth: int) -> Iterator[Sample]:
    at, count = 0, 0
    while at < len(raw):
        kind, ident, value, at = _tlv_item(raw, at)
        count += 1
        if count > MOST_SAMPLES:
            raise Undecodable("too many items")
        path = f"{base}/{ident}".lstrip("/")
        if kind in (0, 2):  # an object instance, or a resource of several
            if depth >= 2:
                raise Undecodable("nested too deep")
            yield from _tlv(value, path, at_ms, depth + 1)
        else:
            found = _tlv_value(path, value)
            if found is not None:
                yield Sample(path, found, at_ms)


def _tlv_item(raw: bytes, at: int) -> tuple[int, int, bytes, int]:
    """(kind, id, value, where the next one begins)."""
    head = raw[at]
    kind, wide, length_size = head >> 6, head >> 5 & 1, head >> 3 & 3
    at += 1
    if at + 1 + wide + length_size > len(raw):
        raise Undecodable("cut off")
    ident = int.from_bytes(raw[at : at + 1 + wide], "big")
    at += 1 + wide
    length = int.from_bytes(raw[at : at + length_size], "big") if length_size else head & 7
    at += length_size
    if at + length > len(raw):
        raise Undecodable("runs past its end")
    return kind, ident, raw[at : at + length], at + length


def _tlv_value(path: str, value: bytes) -> Plain | None:
    """A value by its path and length: TLV says no type."""
    steps = path.split("/")
    resource = steps[2] if len(steps) >= 3 else steps[-1]
    text = len(steps) >= 3 and f"{steps[0]}/{resource}" in STRINGS
    if resource in _FLOATS and len(value) in (4, 8):
        return plain(struct.unpack(">f" if len(value) == 4 else ">d", value)[0])
    if not text and len(value) in (1, 2, 4, 8):
        return int.from_bytes(value, "big", signed=True)
    try:
        return value.decode("utf-8")[:200] if value else None
    except UnicodeDecodeError:
        return value.hex()[:200]


def decode_senml_json(raw: bytes, at_ms: int | None) -> tuple[Sample, ...]:
    """SenML as JSON (RFC 8428). Raises Undecodable."""
    rows = load_json(raw)
    if not isinstance(rows, list):
        raise Undecodable("SenML is an array")
    return tuple(_senml(rows, {name: name for name in ("bn", "bt", "n", "t", "v", "vs", "vb", "vd")}, at_ms))


def decode_senml_cbor(raw: bytes, at_ms: int | None) -> tuple[Sample, ...]:
    """SenML as CBOR: the same with numbers for names. Raises Undecodable."""
    rows, end = _cbor(raw, 0, 0)
    if not isinstance(rows, list) or end != len(raw):
        raise Undecodable("SenML is an array")
    return tuple(_senml(rows, {"bn": -2, "bt": -3, "n": 0, "t": 6, "v": 2, "vs": 3, "vb": 4, "vd": 8}, at_ms))


def _senml(rows: list[object], key: dict[str, object], at_ms: int | None) -> Iterator[Sample]:
    base, base_s = "", 0.0
    if len(rows) > MOST_SAMPLES:
        raise Undecodable("too many records")
    for row in rows:
        if not isinstance(row, dict):
            raise Undecodable("a record is no object")
        base = str(row[key["bn"]]) if key["bn"] in row else base
        base_s = _seconds(row.get(key["bt"], base_s))
        name = f"{base}{row.get(key['n'], '')}".strip("/")
        value = next((plain(row[key[each]]) for each in ("v", "vs", "vb") if key[each] in row), None)
        if value is None or not name or len(name) > LONGEST_POINT:
            continue
        offset_s = _seconds(row.get(key["t"], 0.0)) + base_s
        own = instant_ms(offset_s) if offset_s >= 1 << 28 else None
        relative = at_ms + int(offset_s * 1000) if at_ms is not None and abs(offset_s) < 1 << 28 else at_ms
        yield Sample(name, value, own if own is not None else relative)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e11:
        return 0.0
    return float(value)


def _old_json(raw: bytes, base: str, at_ms: int | None) -> tuple[Sample, ...]:
    """The JSON of LwM2M 1.0: {"bn": "/3323/0/", "e": [{"n": "5700", "v": 0.3}]}."""
    value = load_json(raw)
    entries = value.get("e") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(entries, list) or len(entries) > MOST_SAMPLES:
        raise Undecodable("no list of resources")
    start = str(value.get("bn") or f"{base}/")
    found = []
    for each in entries:
        if isinstance(each, dict):
            leaf = next((plain(each[name]) for name in ("v", "sv", "bv") if name in each), None)
            name = f"{start}{each.get('n', '')}".strip("/")
            if leaf is not None and 0 < len(name) <= LONGEST_POINT:
                found.append(Sample(name, leaf, at_ms))
    return tuple(found)


def _cbor(raw: bytes, at: int, depth: int) -> tuple[object, int]:
    """One CBOR item: integers, bytes, text, arrays, maps, simple values, floats; definite lengths only."""
    if at >= len(raw) or depth > MOST_CBOR_DEPTH:
        raise Undecodable("CBOR cut off or nested too deep")
    major, low = raw[at] >> 5, raw[at] & 31
    if major == 7:
        return _cbor_simple(raw, at, low)
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
    if low > 27 or at + 1 + size > len(raw):
        raise Undecodable("CBOR of unknown length, or cut off")
    number = int.from_bytes(raw[at + 1 : at + 1 + size], "big") if size else low
    at += 1 + size
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        if at + number > len(raw):
            raise Undecodable("CBOR runs past its end")
        part = raw[at : at + number]
        return (part.decode("utf-8", "replace") if major == 3 else part), at + number
    if major == 6:  # a tag: what it marks is read as it is
        return _cbor(raw, at, depth + 1)
    if number > len(raw) - at:
        raise Undecodable("CBOR promises more than there is")
    return _cbor_many(raw, at, depth, major, number)


def _cbor_many(raw: bytes, at: int, depth: int, major: int, number: int) -> tuple[object, int]:
    items: list[object] = []
    pairs: dict[object, object] = {}
    for _ in range(number):
        first, at = _cbor(raw, at, depth + 1)
        if major == 4:
            items.append(first)
            continue
        second, at = _cbor(raw, at, depth + 1)
        if isinstance(first, int | str):
            pairs[first] = second
    return (items if major == 4 else pairs), at


def _cbor_simple(raw: bytes, at: int, low: int) -> tuple[object, int]:
    if low in (20, 21, 22, 23):
        return {20: False, 21: True}.get(low), at + 1
    size = {25: 2, 26: 4, 27: 8}.get(low, 0)
    if not size or at + 1 + size > len(raw):
        raise Undecodable("CBOR of unknown kind")
    return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], raw[at + 1 : at + 1 + size])[0], at + 1 + size
