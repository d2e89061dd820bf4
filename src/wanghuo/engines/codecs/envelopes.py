"""Every protocol beside GB/T 26875.3 by its code: what a message as received says of which devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from wanghuo.engines.codecs import a55a, ctwing, iotda, json_points, lwm2m, mqtt, onenet
from wanghuo.engines.codecs.samples import Report, Undecodable

Decoder = Callable[[str, str, bytes], list[Report]]


def _coap(topic: str, address: str, raw: bytes) -> list[Report]:
    """`topic`: path and content format, "3323/0;11542"; opaque bytes are for the profile's codec."""
    path, _, form = topic.partition(";")
    content_format = int(form) if form.isdecimal() and len(form) <= 5 else lwm2m.TEXT
    if path == "rd":
        return [Report(address, online=content_format != 1)]  # registered or renewed, and 1: de-registered
    if content_format == lwm2m.OPAQUE or path.split("/")[0] == lwm2m.BINARY_APP_DATA:
        return [Report(address, raw=raw)]
    return [Report(address, lwm2m.decode(path, content_format, raw, None))]


DECODERS: Mapping[str, Decoder] = MappingProxyType(
    {
        "http": lambda topic, address, raw: json_points.decode_body(raw, address),
        "mqtt": mqtt.decode,
        "ctwing": lambda topic, address, raw: ctwing.decode(raw),
        "onenet": lambda topic, address, raw: onenet.decode_classic(raw),
        "studio": lambda topic, address, raw: onenet.decode_studio(raw),
        "iotda": lambda topic, address, raw: iotda.decode(raw),
        "coap": _coap,
        "modbus": lambda topic, address, raw: [Report(address, raw=raw)],
        "a55a": lambda topic, address, raw: a55a.decode(raw),
    }
)
"""Decoders by protocol; each takes topic, address and payload, and raises nothing but Undecodable."""


def decode(protocol: str, topic: str, address: str, raw: bytes) -> list[Report]:
    """What a message says. Raises Undecodable."""
    decoder = DECODERS.get(protocol)
    if decoder is None:
        raise Undecodable(f"no protocol {protocol}")
    return decoder(topic, address, raw)
