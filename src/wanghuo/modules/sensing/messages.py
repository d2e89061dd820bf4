"""Messages of every protocol but GB/T 26875.3, as the journal keeps them: raw as they came, with who sent them and where.

Decoding waits for ingest, which knows the device's profile; so a better mapping can be tried on what was received before.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

GB26875 = "gb26875"
_WIRE = 6  # bytes of a GB/T 26875.3 address: a key of this length is one
LONGEST_NAME = 255  # bytes of protocol, address and topic each


class Message(NamedTuple):
    """One message. `protocol`: a code of `ways.KINDS`; `address`: the device that was proved to speak, "" where only the
    payload names it; `topic`: where it came in (an MQTT topic, the code of a way in, a CoAP path, a map of registers)."""

    protocol: str
    address: str
    topic: str
    payload: bytes


class NotPacked(ValueError):
    """The bytes are no packed message."""


def pack_message(protocol: str, address: str, topic: str, payload: bytes) -> bytes:
    """A message as a record of the journal. Raises ValueError when a name is longer than 255 bytes."""
    names = (protocol.encode("ascii"), address.encode(), topic.encode())
    if any(len(name) > LONGEST_NAME for name in names):
        raise ValueError("a name is longer than 255 bytes")
    return b"".join(bytes((len(name),)) + name for name in names) + payload


def unpack_message(data: bytes) -> Message:
    """The message that a record holds. Raises NotPacked."""
    names, at = [], 0
    for _ in range(3):
        if at >= len(data) or at + 1 + data[at] > len(data):
            raise NotPacked(f"cut off at byte {at} of {len(data)}")
        names.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    try:
        return Message(names[0].decode("ascii"), names[1].decode(), names[2].decode(), data[at:])
    except UnicodeDecodeError as error:
        raise NotPacked(str(error)) from None


def device_key(protocol: str, source: str) -> bytes:
    """What the fold and the gateways know a device by: the six wire bytes of a GB/T 26875.3 address (`source` is their
    hex), "protocol:address" for all others."""
    if protocol == GB26875:
        return bytes.fromhex(source)
    key = f"{protocol}:{source}".encode()
    return key if len(key) != _WIRE else key + b"\0"


def split_key(key: bytes) -> tuple[str, str]:
    """The protocol and the source, as the register keeps them, of a key."""
    if len(key) == _WIRE:
        return GB26875, key.hex()
    protocol, _, source = key.rstrip(b"\0").decode().partition(":")
    return protocol, source


class Repeats:
    """What is remembered of messages: what was taken in lately, by hash, to know a delivery that is made again.

    Only of messages that carry their own time or number: without one, a terminal that says "fire" again may well mean it. What
    is said twice changes nothing in any case, since messages tell levels. `sessions`: by slot, whether a device is connected as its
    operator or broker says; `unread`: by sender, since when (µs) and how often its messages could not be read; `shown`: by
    way in, when a record of it was last named as a sample (µs).
    """

    KEPT_US = 600_000_000  # operators repeat after minutes

    def __init__(self) -> None:
        self._new: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}
        self._turned_us = 0
        self.sessions: dict[int, bool] = {}
        self.unread: dict[tuple[str, str, str], tuple[int, int]] = {}
        self.shown: dict[str, int] = {}

    def seen(self, about: bytes, received_us: int) -> bool:
        """Whether the same was taken in within the last ten minutes; remembers it."""
        if received_us - self._turned_us > self.KEPT_US:
            self._old, self._new, self._turned_us = self._new, {}, received_us
        key = blake2b(about, digest_size=12).digest()
        before = self._new.get(key) or self._old.get(key)
        if before is not None and abs(received_us - before) <= self.KEPT_US:
            return True
        self._new[key] = received_us
        return False
