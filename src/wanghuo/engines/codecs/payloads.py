"""A device's own bytes, inside whatever brought them: which codec reads them is said by the device's profile."""

from __future__ import annotations

import binascii

from wanghuo.engines.codecs import a55a, lwm2m
from wanghuo.engines.codecs.jsontext import load_json
from wanghuo.engines.codecs.samples import LONGEST_TEXT, Sample, Undecodable, flatten

_HEX = frozenset(b"0123456789abcdefABCDEF")


def unhex(raw: bytes) -> bytes:
    """Bytes written as hexadecimal text, as bytes; anything else as it is."""
    text = raw.strip()
    if len(text) >= 4 and len(text) % 2 == 0 and set(text) <= _HEX:
        return binascii.unhexlify(text)
    return raw


def decode_raw(kind: str, raw: bytes, at_ms: int | None) -> tuple[Sample, ...]:
    """The samples in a device's bytes. `kind`: one of profiles.PAYLOADS. Raises Undecodable."""
    if kind == "a55a":
        return a55a.samples(a55a.parse(unhex(raw)))
    if kind == "json":
        return _json(raw, at_ms)
    if kind == "tlv":
        return lwm2m.decode_tlv(unhex(raw), "", at_ms)
    if kind == "senml_json":
        return lwm2m.decode_senml_json(raw, at_ms)
    if kind == "senml_cbor":
        return lwm2m.decode_senml_cbor(unhex(raw), at_ms)
    if kind == "text":
        return (Sample("text", raw.decode("utf-8", "replace")[:LONGEST_TEXT], at_ms),)
    return _auto(raw, at_ms)


def _json(raw: bytes, at_ms: int | None) -> tuple[Sample, ...]:
    value = load_json(raw)
    if isinstance(value, dict):
        return tuple(flatten(value, at_ms))
    return tuple(flatten({"value": value}, at_ms))


def _auto(raw: bytes, at_ms: int | None) -> tuple[Sample, ...]:
    """By what the bytes begin with, hexadecimal text undone."""
    plain = unhex(raw)
    if plain[:2] == a55a.START:
        return a55a.samples(a55a.parse(plain))
    for each in (plain, raw):
        if each.lstrip()[:1] in (b"{", b"["):
            return _json(each, at_ms)
    raise Undecodable("bytes of no known kind; the profile must name how they are read")
