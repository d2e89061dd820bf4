"""Huawei Cloud IoTDA pushes (protocols.md 3.3)."""

from __future__ import annotations

from datetime import UTC, datetime

from wanghuo.engines.codecs.jsontext import load_object, text_of
from wanghuo.engines.codecs.samples import Answer, Report, Sample, Undecodable, flatten

MOST_SERVICES = 200


def event_time_ms(value: object) -> int | None:
    """A time as IoTDA writes it, "20261125T080102Z" or with milliseconds; None for anything else."""
    if not isinstance(value, str) or len(value) > 32:
        return None
    for form in ("%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            return int(datetime.strptime(value, form).replace(tzinfo=UTC).timestamp() * 1000)
        except (ValueError, OverflowError):
            continue
    return None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def decode(raw: bytes) -> list[Report]:
    """The report of a push. Raises Undecodable."""
    message = load_object(raw)
    notify = _object(message.get("notify_data"))
    header, body = _object(notify.get("header")), _object(notify.get("body"))
    address = text_of(header.get("device_id"))
    if not address:
        raise Undecodable("no device_id")
    at_ms = event_time_ms(message.get("event_time_ms")) or event_time_ms(message.get("event_time"))
    others = tuple(filter(None, (text_of(header.get("node_id")),)))
    product, resource = text_of(header.get("product_id")), text_of(message.get("resource"))
    if resource == "device.property":
        return [Report(address, _services(body.get("services"), at_ms), b"", others, product, at_ms=at_ms)]
    if resource == "device.message":
        content = body.get("content")
        inner = content.encode() if isinstance(content, str) else b""
        samples = tuple(flatten(content, at_ms)) if isinstance(content, dict) else ()
        return [Report(address, samples, inner, others, product, at_ms=at_ms)]
    if resource == "device.status":
        status = text_of(body.get("status")).upper()
        online = {"ONLINE": True, "OFFLINE": False}.get(status)
        return [Report(address, (), b"", others, product, online, at_ms)]
    if resource == "device.command.status":
        done = text_of(body.get("status")).upper() in ("SUCCESSFUL", "DELIVERED", "SENT")
        return [
            Report(
                address, (), b"", others, product, at_ms=at_ms, answers=(Answer(text_of(body.get("command_id")), done),)
            )
        ]
    raise Undecodable(f"resource {resource or 'missing'}")


def _services(services: object, at_ms: int | None) -> tuple[Sample, ...]:
    """Properties of every service: by their own name, and by service and name where services share one."""
    if not isinstance(services, list) or len(services) > MOST_SERVICES:
        raise Undecodable("no list of services")
    found: list[Sample] = []
    for each in services:
        service = _object(each)
        properties = service.get("properties")
        if isinstance(properties, dict):
            own_ms = event_time_ms(service.get("event_time")) or at_ms
            found += flatten(properties, own_ms)
    return tuple(found)
