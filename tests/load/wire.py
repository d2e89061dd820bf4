"""The wire and the journal as their documents describe them, in code of the rigs' own: what the rigs judge by shares
nothing with what they judge.
"""

from __future__ import annotations

import asyncio
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

CONFIRM, DENY = 3, 6
FIRE_WORD, NORMAL_WORD = 2, 1
FRAME_KIND, MESSAGE_KIND = 0, 2
LABEL = bytes((0, 0, 10, 21, 11, 26))  # 2026-11-21 10:00:00
Key = tuple[int, int]
"""(source, serial)"""


def frame(source: int, serial: int, unit: bytes = b"", *, command: int = 2, label: bytes = LABEL) -> bytes:
    """A GB/T 26875.3 frame; without a unit it is a heartbeat."""
    head = struct.pack(
        "<HBB6s6s6sHB", serial, 1, 1, label, source.to_bytes(6, "little"), b"\1" + bytes(5), len(unit), command
    )
    return b"@@" + head + unit + bytes((sum(head + unit) & 0xFF,)) + b"##"


def state_unit(address: int, word: int, *, label: bytes = LABEL, kind: int = 40, system: int = 1) -> bytes:
    """An application unit of type 2 about one component."""
    return struct.pack("<BBBBBIH31s6s", 2, 1, system, 1, kind, address, word, b"", label)


def value_unit(address: int, quantity: int, raw: int, *, label: bytes = LABEL) -> bytes:
    """An application unit of type 3: one analog value."""
    return struct.pack("<BBBBBIBh6s", 3, 1, 1, 1, 40, address, quantity, raw, label)


def key_of(raw: bytes) -> Key:
    """Who sent a frame, under which serial."""
    return int.from_bytes(raw[12:18], "little"), raw[2] | raw[3] << 8


def acked_key(ack: bytes) -> Key:
    """Whose frame an answer of the platform answers."""
    return int.from_bytes(ack[18:24], "little"), ack[2] | ack[3] << 8


class Stored(NamedTuple):
    """A record of the journal."""

    batch: int
    index: int
    received_us: int
    kind: int
    data: bytes


@contextmanager
def opened(file: Path | str, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """A file of SQLite, closed at the end. One that is left to the garbage collector may be closed in a child that was forked
    meanwhile: all locks of the child on that file go with it, and others take its log away under it.
    """
    with closing(sqlite3.connect(f"file:{file}?mode={mode}", uri=True)) as connection:
        yield connection


def records(journal: Path | str) -> Iterator[Stored]:
    """All records of a journal, by its documented layout (docs/decisions/0080, 0235)."""
    if str(journal).startswith("nats://"):
        for number, blob in asyncio.run(_messages(str(journal))):
            yield from of_blob(number, blob)
        return
    with opened(journal) as connection:
        for batch, blob in connection.execute("SELECT id, data FROM batch ORDER BY id"):
            yield from of_blob(batch, blob)


async def _messages(address: str) -> list[tuple[int, bytes]]:
    """(number, data) of every message of a stream."""
    import nats
    from nats.js.api import AckPolicy, ConsumerConfig

    parts = urlsplit(address)
    client = await nats.connect(f"nats://{parts.netloc}")
    try:
        js, stream = client.jetstream(), parts.path.strip("/")
        left = (await js.stream_info(stream)).state.messages
        config = ConsumerConfig(ack_policy=AckPolicy.NONE)
        consumer = await js.pull_subscribe(f"{stream.lower()}.batch", stream=stream, config=config)
        found: list[tuple[int, bytes]] = []
        while len(found) < left:
            for message in await consumer.fetch(min(500, left - len(found)), timeout=10):
                found.append((message.metadata.sequence.stream, message.data))
        return found
    finally:
        await client.close()


def message_of(data: bytes) -> tuple[str, str, str, bytes]:
    """Protocol, address, topic and payload of a record of kind MESSAGE."""
    names, at = [], 0
    for _ in range(3):
        names.append(data[at + 1 : at + 1 + data[at]].decode())
        at += 1 + data[at]
    return names[0], names[1], names[2], data[at:]


def of_blob(batch: int, blob: bytes) -> Iterator[Stored]:
    """The records of one batch."""
    magic, rows, _ = struct.unpack_from("<4sII", blob)
    assert magic in (b"WHJ1", b"WHJ2")
    received = struct.unpack_from(f"<{rows}q", blob, 12)
    kinds = blob[12 + 13 * rows : 12 + 14 * rows]
    lengths = struct.unpack_from(f"<{rows}I", blob, 12 + 14 * rows)
    at = 12 + (22 if magic == b"WHJ1" else 18) * rows
    for index, (us, kind, length) in enumerate(zip(received, kinds, lengths, strict=True)):
        yield Stored(batch, index, us, kind, blob[at : at + length])
        at += length


def integrity(database: Path) -> str:
    """What SQLite itself says of a file: "ok", or what is wrong."""
    with opened(database, "rw") as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
