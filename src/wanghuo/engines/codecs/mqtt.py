"""MQTT topics: our own convention and ThingsBoard's (protocols.md 3.5), and what their payloads say."""

from __future__ import annotations

from wanghuo.engines.codecs.json_points import decode_answer, decode_body, decode_gateway
from wanghuo.engines.codecs.samples import Report, Undecodable

OWN, THINGSBOARD = "fire/v1", "v1"
TELEMETRY = frozenset({"telemetry", "event", "attributes", "raw"})
SUBSCRIPTIONS = (
    *(f"{OWN}/+/+/{last}" for last in ("telemetry", "event", "status", "raw", "rpc/response/+")),
    *(f"{THINGSBOARD}/devices/+/{last}" for last in ("telemetry", "attributes", "rpc/response/+")),
    f"{THINGSBOARD}/gateway/telemetry",
)
"""What to ask a broker for when a way in names no topics of its own."""


def device_of(topic: str) -> str:
    """The device a topic belongs to, which the broker's access list lets nobody else publish on; "" for a gateway's."""
    steps = topic.split("/")
    if topic.startswith(f"{OWN}/") and len(steps) >= 5:
        return steps[3]
    if topic.startswith(f"{THINGSBOARD}/devices/") and len(steps) >= 4 and steps[2] != "me":
        return steps[2]
    return ""


def rpc_topic(site: str, device: str, key: str) -> str:
    """Where a command to a device goes."""
    return f"{OWN}/{site}/{device}/rpc/request/{key}"


def decode(topic: str, address: str, raw: bytes) -> list[Report]:
    """The reports of a message. What is no JSON is the device's own bytes. Raises Undecodable."""
    steps = topic.split("/")
    if topic == f"{THINGSBOARD}/gateway/telemetry":
        return decode_gateway(raw)
    if not address:
        raise Undecodable("the topic names no device")
    if steps[-2:-1] == ["response"] and steps[-3:-2] == ["rpc"]:
        return decode_answer(raw, address, steps[-1])
    if steps[-1] == "raw" or raw.lstrip()[:1] not in (b"{", b"["):
        if not raw.strip():
            raise Undecodable("an empty message")
        return [Report(address, raw=raw)]
    return decode_body(raw, address)
