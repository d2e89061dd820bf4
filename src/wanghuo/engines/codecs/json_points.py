"""JSON of our own convention and of ThingsBoard's, over HTTP or MQTT: telemetry, events, status, gateways.

Accepted bodies, each alone or in an array (source: protocols.md 3.5):

    {"ts": ms, "seq": n, "values": {...}}                     telemetry; `device` names it where a gateway speaks
    {"k": v}                                                  the same, without a time
    {"ts": ms, "event": {"type", "state", "component", "level", "text"}}
    {"online": false}                                         status, on a topic of that name
    {"Device A": [{"ts": ms, "values": {...}}]}               a gateway's telemetry, ThingsBoard style
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wanghuo.engines.codecs.jsontext import load_json, text_of
from wanghuo.engines.codecs.samples import Answer, Report, Sample, Undecodable, flatten, instant_ms, plain

MOST_ITEMS = 1000
_ENDED = frozenset({"end", "ended", "clear", "cleared", "off", "0", "false", "recovered", "normal"})
_ENVELOPE = frozenset({"ts", "seq", "device", "values", "event", "online", "id"})


def decode_body(raw: bytes, address: str) -> list[Report]:
    """The reports of a body; `address`: who was proved to speak, "" for a gateway whose items name their device.

    An item that is wrong is left out as long as another is right. Raises Undecodable when none is.
    """
    value = load_json(raw)
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_ITEMS:
        raise Undecodable(f"{len(items)} items, at most {MOST_ITEMS}")
    return right_ones(items, lambda item: [_item(item, address)])


def right_ones(items: list[object], read: Callable[[object], list[Report]]) -> list[Report]:
    """What `read` makes of each item; wrong ones are passed over. Raises Undecodable, of the first, when all are wrong."""
    found: list[Report] = []
    first: Undecodable | None = None
    for item in items:
        try:
            found += read(item)
        except Undecodable as error:
            first = first or error
    if not found:
        raise first or Undecodable("nothing in it")
    return found


def _item(item: object, address: str) -> Report:
    if not isinstance(item, dict):
        raise Undecodable("an item is no object")
    said = text_of(item.get("device"))
    if address and said and said != address:
        raise Undecodable(f"speaks for {said} with the credential of {address}")
    name = address or said
    if not name:
        raise Undecodable("no device is named")
    at_ms = instant_ms(item.get("ts"))
    samples = list(_samples(item, at_ms))
    online = item.get("online")
    if not samples and not isinstance(online, bool):
        raise Undecodable("neither values nor an event")
    said_online = online if isinstance(online, bool) else None
    return Report(name, tuple(samples), online=said_online, at_ms=at_ms, key=text_of(item.get("seq")))


def _samples(item: dict[str, object], at_ms: int | None) -> Iterator[Sample]:
    values, event = item.get("values"), item.get("event")
    if isinstance(values, dict):
        yield from flatten(values, at_ms)
    elif "values" not in item and event is None:
        yield from flatten({k: v for k, v in item.items() if k not in _ENVELOPE}, at_ms)
    if isinstance(event, dict):
        yield from _event(event, at_ms)


def _event(event: dict[str, object], at_ms: int | None) -> Iterator[Sample]:
    """An event as a point of its own, "event.fire": true while it lasts, false when it is said to have ended."""
    kind = text_of(event.get("type")).lower()
    if not kind:
        raise Undecodable("an event without a type")
    state = plain(event.get("state", True))
    yield Sample(f"event.{kind}", str(state).strip().lower() not in _ENDED, at_ms)


def decode_gateway(raw: bytes) -> list[Report]:
    """A gateway's telemetry, {"Device A": [{"ts", "values"}]}. Raises Undecodable."""
    value = load_json(raw)
    if not isinstance(value, dict):
        raise Undecodable("no JSON object")
    pairs: list[object] = []
    for name, rows in value.items():
        pairs += [(name, row) for row in (rows if isinstance(rows, list) else [rows])]
    if len(pairs) > MOST_ITEMS:
        raise Undecodable(f"{len(pairs)} items, at most {MOST_ITEMS}")
    return right_ones(pairs, lambda pair: [_item(pair[1], text_of(pair[0]))] if isinstance(pair, tuple) else [])


def decode_answer(raw: bytes, address: str, key: str) -> list[Report]:
    """A device's answer to a command; {"ok": false} or {"error": ...} say that it was not done."""
    value = load_json(raw) if raw.strip() else {}
    refused = isinstance(value, dict) and (value.get("ok") is False or bool(value.get("error")))
    return [Report(address, answers=(Answer(key, not refused),))]
