"""China Telecom CTWing (AEP) pushes: one JSON object for each message (protocols.md 3.1)."""

from __future__ import annotations

import base64
import binascii

from wanghuo.engines.codecs.jsontext import load_object, text_of
from wanghuo.engines.codecs.samples import Answer, Report, Sample, Undecodable, flatten, instant_ms

_DONE = frozenset({"SUCCESSFUL", "DELIVERED", "COMPLETED", "SENT"})


def decode(raw: bytes) -> list[Report]:
    """The reports of a push. Raises Undecodable."""
    message = load_object(raw)
    address = text_of(message.get("deviceId"))
    if not address:
        raise Undecodable("no deviceId")
    kind, at_ms = text_of(message.get("messageType")), instant_ms(message.get("timestamp"))
    others = tuple(filter(None, (text_of(message.get("IMEI")), text_of(message.get("imei")))))
    product = text_of(message.get("productId"))
    if kind in ("dataReport", "dataReportTupUnion"):
        samples, inner = _payload(message.get("payload"), at_ms)
        return [Report(address, samples, inner, others, product, at_ms=at_ms)]
    if kind == "eventReport":
        content = message.get("eventContent")
        samples = tuple(flatten(content, at_ms)) if isinstance(content, dict) else ()
        level = Sample("event.level", text_of(message.get("eventType")), at_ms)
        return [Report(address, (*samples, level), b"", others, product, at_ms=at_ms)]
    if kind == "deviceOnlineOfflineReport":
        online = text_of(message.get("eventType")) == "1"
        return [Report(address, (), b"", others, product, online, at_ms)]
    if kind == "commandResponse":
        result = message.get("result")
        code = text_of(result.get("resultCode")) if isinstance(result, dict) else ""
        answers = (Answer(text_of(message.get("taskId")), code in _DONE),)
        return [Report(address, (), b"", others, product, at_ms=at_ms, answers=answers)]
    raise Undecodable(f"messageType {kind or 'missing'}")


def _payload(payload: object, at_ms: int | None) -> tuple[tuple[Sample, ...], bytes]:
    """The three shapes of a payload: transparent bytes in base64, properties of a service, flat properties."""
    if isinstance(payload, list):
        found: tuple[Sample, ...] = ()
        inner = b""
        for each in payload[:100]:
            samples, raw = _payload(each, at_ms)
            found, inner = found + samples, raw or inner
        return found, inner
    if isinstance(payload, str):
        return (), payload.encode()
    if not isinstance(payload, dict):
        raise Undecodable("no payload")
    opaque = payload.get("APPdata")
    if isinstance(opaque, str):
        try:
            return (), base64.b64decode(opaque, validate=True)
        except (binascii.Error, ValueError):
            raise Undecodable("APPdata is no base64") from None
    data = payload.get("serviceData")
    if isinstance(data, dict):
        return tuple(flatten(data, at_ms)), b""
    return tuple(flatten(payload, at_ms)), b""
