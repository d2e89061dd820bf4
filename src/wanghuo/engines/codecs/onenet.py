"""China Mobile OneNET pushes: the classic one and that of Studio (protocols.md 3.2); signatures and the AES mode as well."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from wanghuo.engines.codecs.json_points import right_ones
from wanghuo.engines.codecs.jsontext import load_json, load_object, text_of
from wanghuo.engines.codecs.samples import Answer, Report, Sample, Undecodable, flatten, instant_ms, plain

MOST_ITEMS = 1000


def signature(token: str, nonce: str, text: bytes) -> str:
    """Base64 of the MD5 over token, nonce and message, as OneNET makes it."""
    digest = hashlib.md5(token.encode() + nonce.encode() + text, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def is_signed(token: str, nonce: str, text: bytes, given: str) -> bool:
    """Whether a signature fits; in constant time. A plus sign may have arrived as a blank."""
    return bool(token) and hmac.compare_digest(signature(token, nonce, text).encode(), given.replace(" ", "+").encode())


def raw_member(raw: bytes, name: str) -> bytes:
    """The JSON text of a member exactly as it stands in an object's text, since signatures are over that. Raises
    Undecodable."""
    load_object(raw)  # whole and bounded, so that the scan below cannot run wild
    text = raw.decode("utf-8-sig")
    decoder = json.JSONDecoder()
    at = text.index("{") + 1
    while True:
        at = _blank(text, at)
        if text[at : at + 1] == "}":
            raise Undecodable(f"no {name}")
        key, at = decoder.raw_decode(text, at)
        start = _blank(text, _blank(text, at) + 1)
        _, end = decoder.raw_decode(text, start)
        if key == name:
            return text[start:end].encode()
        at = _blank(text, end)
        at += text[at : at + 1] == ","


def _blank(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n") and at < len(text):
        at += 1
    return at


def decrypt(encrypted: str, encoding_key: str) -> bytes:
    """The JSON text of an encrypted push: 16 random bytes, its length, the text (AES-256-CBC). Raises Undecodable."""
    try:
        key = base64.b64decode(encoding_key + "=", validate=True)
        data = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise Undecodable("no base64") from None
    if len(key) != 32 or not data or len(data) % 16:
        raise Undecodable("key or length does not fit")
    opener = Cipher(AES(key), CBC(key[:16])).decryptor()
    clear = opener.update(data) + opener.finalize()
    pad = clear[-1]
    if not 1 <= pad <= 32 or clear[-pad:] != bytes((pad,)) * pad or len(clear) - pad < 20:
        raise Undecodable("wrong key or padding")
    clear = clear[:-pad]
    length = int.from_bytes(clear[16:20], "big")
    if length > len(clear) - 20:
        raise Undecodable("wrong length inside")
    return clear[20 : 20 + length]


def encrypt(text: bytes, encoding_key: str, salt: bytes) -> str:
    """The other way round, for simulators and tests. `salt`: 16 bytes."""
    key = base64.b64decode(encoding_key + "=")
    clear = salt + len(text).to_bytes(4, "big") + text
    pad = 16 - len(clear) % 16
    sealer = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(sealer.update(clear + bytes((pad,)) * pad) + sealer.finalize()).decode()


def decode_classic(raw: bytes) -> list[Report]:
    """The reports of a classic push, of the clear text of `msg` or of the whole body. Raises Undecodable."""
    value = load_json(raw)
    if isinstance(value, dict) and "msg" in value:
        value = value["msg"]
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_ITEMS:
        raise Undecodable(f"{len(items)} items, at most {MOST_ITEMS}")
    return right_ones(items, _classic)


def _classic(item: object) -> list[Report]:
    if not isinstance(item, dict):
        raise Undecodable("an item is no object")
    address = text_of(item.get("dev_id"))
    if not address:
        raise Undecodable("no dev_id")
    kind, at_ms = text_of(item.get("type")), instant_ms(item.get("at"))
    others = tuple(filter(None, (text_of(item.get("imei")),)))
    if kind == "1":
        samples, inner = _stream(text_of(item.get("ds_id")), item.get("value"), at_ms)
        return [Report(address, samples, inner, others, at_ms=at_ms)]
    if kind == "2":
        return [Report(address, (), b"", others, online=text_of(item.get("status")) == "1", at_ms=at_ms)]
    if kind == "7":
        done = text_of(item.get("cmd_type")) == "2"
        return [Report(address, (), b"", others, at_ms=at_ms, answers=(Answer(text_of(item.get("cmd_id")), done),))]
    raise Undecodable(f"type {kind or 'missing'}")


def _stream(name: str, value: object, at_ms: int | None) -> tuple[tuple[Sample, ...], bytes]:
    """A data stream; 3323_0_5700 is LwM2M's path, and 19_0_0 a device's own bytes in hexadecimal."""
    steps = name.split("_")
    if len(steps) == 3 and all(step.isdecimal() for step in steps):
        if steps[0] == "19" and isinstance(value, str):
            return (), value.encode()
        name = "/".join(steps)
    if isinstance(value, dict):
        return tuple(flatten({name: value} if name else value, at_ms)), b""
    leaf = plain(value)
    if leaf is None or not name:
        raise Undecodable("no value")
    if isinstance(leaf, str) and leaf[:4].lower() == "a55a":
        return (), str(value).encode()
    return (Sample(name, leaf, at_ms),), b""


def decode_studio(raw: bytes) -> list[Report]:
    """The report of a Studio push: the text in `msg`, or that text itself. Raises Undecodable."""
    message = load_object(raw)
    if isinstance(message.get("msg"), str):
        message = load_object(str(message["msg"]).encode())
    address = text_of(message.get("deviceName")) or text_of(message.get("deviceId"))
    if not address:
        raise Undecodable("no deviceName")
    others = tuple(filter(None, (text_of(message.get("deviceId")), text_of(message.get("imei")))))
    product, data = text_of(message.get("productId")), message.get("data")
    kind, data = text_of(message.get("messageType")), data if isinstance(data, dict) else {}
    at_ms = instant_ms(data.get("time"))
    if kind == "lifeCycle":
        return [Report(address, (), b"", others, product, text_of(data.get("status")) == "online", at_ms)]
    if kind == "reply":
        done = text_of(data.get("code")) in ("0", "200")
        return [
            Report(address, (), b"", others, product, at_ms=at_ms, answers=(Answer(text_of(data.get("id")), done),))
        ]
    if kind == "notify":
        params = data.get("params")
        samples = tuple(_params(params)) if isinstance(params, dict) else ()
        return [Report(address, samples, b"", others, product, at_ms=at_ms)]
    raise Undecodable(f"messageType {kind or 'missing'}")


def _params(params: dict[str, object]) -> list[Sample]:
    found: list[Sample] = []
    for name, given in params.items():
        inner = given if isinstance(given, dict) else {"value": given}
        found += flatten({str(name): inner.get("value")}, instant_ms(inner.get("time")))
    return found
