"""R20: hostile bytes into every decoder and every listener: mutated, spliced, cut, and cut into pieces.

Each target of the table is given generated streams with good messages planted in them. It may not raise, may keep only
so many bytes, may not think for longer than 50 ms about 64 KiB, and good messages that stand behind quiet ground must
come out. listeners_rig.py sends the same streams over real sockets.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.load import deployment, wire
from tests.load.rig import Result, Rig, Size, broken

PIECE = 65_536
STALL_S = 0.05
MOST_KEPT = 8192
QUIET = b"\0" * 1100  # longer than any frame may claim to be
Decoder = Callable[[bytes], int]
"""Takes bytes; how many good messages came out."""


@dataclass(frozen=True)
class Target:
    """Something that is given bytes of strangers. `good`: messages of its own, for mutation. `resync`: it looks for
    the next good message by itself, so planted ones must come out."""

    name: str
    make: Callable[[], Any]
    feed: Callable[[Any, bytes], int]
    good: Callable[[random.Random], bytes]
    kept: Callable[[Any], int] = lambda known: 0
    resync: bool = False
    whole: bool = False  # it is given whole messages, not a stream


def gb26875_good(rng: random.Random) -> bytes:
    """A good frame of any kind."""
    source, serial = rng.randrange(1, 1 << 40), rng.randrange(1 << 16)
    unit = rng.choice(
        (
            b"",
            wire.state_unit(rng.randrange(1 << 32), rng.randrange(1 << 16), kind=rng.randrange(256)),
            wire.value_unit(rng.randrange(1 << 32), rng.randrange(256), rng.randrange(-128, 128)),
            bytes((21, 1, rng.randrange(256))) + wire.LABEL,
            bytes((24, 1, rng.randrange(256), rng.randrange(256))) + wire.LABEL,
        )
    )
    return wire.frame(source, serial, unit, command=rng.choice((1, 2, 2, 2, 3, 4, 5, 6)))


def _stream() -> Any:
    from wanghuo.engines.codecs.gb26875.stream import StreamDecoder

    return StreamDecoder()


def _feed_stream(decoder: Any, data: bytes) -> int:
    from wanghuo.engines.codecs.gb26875.frames import Frame

    found = 0
    for event in decoder.feed(data):
        if isinstance(event, Frame):
            found += 1
            _all_of(event)
    return found


def _all_of(frame: Any) -> None:
    """Ask a frame for everything that is read out of it, here and in ingest."""
    from wanghuo.engines.codecs import gb26875
    from wanghuo.modules.sensing import observe

    raw = frame.raw
    if len(raw) > 32:
        kind = raw[27]
        reads = {
            **dict.fromkeys(observe.STATES, observe.states),
            **dict.fromkeys(observe.OPERATIONS, observe.operations),
        }
        reads[observe.READINGS] = observe.values
        if kind in reads:
            for item in reads[kind](raw):
                observe.label_s(item.label, False)
    observe.label_s(raw[6:12], True)
    getattr(gb26875, "describe", lambda known: None)(frame)


def _none() -> None:
    """A decoder without a state."""


def _feed_datagram(known: Any, data: bytes) -> int:
    from wanghuo.engines.codecs.gb26875.stream import decode_datagram

    return len(decode_datagram(data[:2048]))


def json_good(rng: random.Random) -> bytes:
    """A message in JSON, of one of the shapes that platforms push."""
    at = rng.randrange(1 << 41)
    values = {"smoke": rng.choice((0, 1, True)), "temperature": rng.uniform(-40, 90), "voltage": rng.randrange(4000)}
    shape = rng.choice(
        (
            {"deviceId": "868", "ts": at, "values": values},
            {"Device A": [{"ts": at, "values": values}]},
            {"messageType": "dataReport", "deviceId": "868", "timestamp": at, "payload": {"APPdata": "AQIDBA=="}},
            {"messageType": "deviceOnlineOfflineReport", "deviceId": "868", "timestamp": at, "eventType": 1},
            {"msg": {"type": 1, "dev_id": 9, "ds_id": "3323_0_5700", "at": at, "value": 3.5}, "nonce": "a"},
            {"resource": "device.property", "event": "report", "event_time": "20261121T101010Z"}
            | {"notify_data": {"header": {"device_id": "868"}, "body": {"services": [{"properties": values}]}}},
            [{"bn": "urn:868", "n": "3323/0/5700", "v": 3.5, "bt": at}],
        )
    )
    return json.dumps(shape, ensure_ascii=False).encode()


def binary_good(rng: random.Random) -> bytes:
    """A message in TLV, CBOR or A5 5A, more or less."""
    tlv = bytes((0xC8, 0x00, 0x05)) + rng.randbytes(5) + bytes((0xC1, rng.randrange(256), 1))
    cbor = b"\x81\xa3\x00\x683323/0/5\x02" + bytes((0xFB,)) + rng.randbytes(8) + b"\x22\x1a" + rng.randbytes(4)
    body = bytes((rng.randrange(256), 0, 40)) + rng.randbytes(36)
    return rng.choice((tlv * rng.randrange(1, 5), cbor, b"\xa5\x5a" + body, rng.randbytes(40)))


def message(decode: Callable[[bytes], object]) -> Callable[[Any, bytes], int]:
    """A decoder of whole messages: it may say `Undecodable`, and nothing else."""

    def feed(known: Any, data: bytes) -> int:
        from wanghuo.engines.codecs.samples import Undecodable

        try:
            decode(data)
        except Undecodable:
            return 0
        return 1

    return feed


def of(module: str, name: str, *before: object, after: tuple[object, ...] = ()) -> Callable[[bytes], object]:
    """A function of the codecs, with the message between fixed arguments."""

    def decode(data: bytes) -> object:
        return getattr(importlib.import_module(f"wanghuo.engines.codecs.{module}"), name)(*before, data, *after)

    return decode


TARGETS: dict[str, Target] = {
    "gb26875 stream": Target(
        "gb26875 stream", _stream, _feed_stream, gb26875_good, kept=lambda decoder: decoder.buffered, resync=True
    ),
    "gb26875 datagram": Target("gb26875 datagram", _none, _feed_datagram, gb26875_good, whole=True),
    **{
        name: Target(name, _none, message(decode), good, whole=True)
        for name, decode, good in (
            ("mqtt", of("mqtt", "decode", "v1/devices/868/telemetry", "868"), json_good),
            ("http body", of("json_points", "decode_body", after=("868",)), json_good),
            ("http gateway", of("json_points", "decode_gateway"), json_good),
            ("ctwing", of("ctwing", "decode"), json_good),
            ("onenet", of("onenet", "decode_classic"), json_good),
            ("iotda", of("iotda", "decode"), json_good),
            ("lwm2m tlv", of("lwm2m", "decode_tlv", after=("3323/0", None)), binary_good),
            ("senml json", of("lwm2m", "decode_senml_json", after=(None,)), json_good),
            ("senml cbor", of("lwm2m", "decode_senml_cbor", after=(None,)), binary_good),
            ("a55a", of("a55a", "parse"), binary_good),
        )
    },
}


def hostile(rng: random.Random, target: Target) -> tuple[list[bytes], int]:
    """About 64 KiB of generated bytes, and how many good messages were planted on quiet ground in it."""
    parts: list[bytes] = []
    size = planted = 0
    pool = [target.good(rng) for _ in range(24)]
    while size < PIECE:
        kind, good = rng.random(), rng.choice(pool)
        if kind < 0.3:
            part = good * rng.randrange(1, 4)
        elif kind < 0.55:
            part = mutated(rng, good)
        elif kind < 0.7:
            part = good[: rng.randrange(len(good) + 1)] + rng.choice(pool)[rng.randrange(len(good) + 1) :]
        elif kind < 0.8:
            part = rng.randbytes(rng.randrange(1, 400))
        elif kind < 0.88:
            part = bytes((rng.choice(b'@#\0\xff{}[]"\\'),)) * rng.randrange(1, 2000)
        elif kind < 0.93:
            part = good[:2] * rng.randrange(1, 500) + rng.randbytes(40)
        else:
            part, planted = QUIET + good + QUIET, planted + 1
        parts.append(part)
        size += len(part)
    return parts, planted


def mutated(rng: random.Random, good: bytes) -> bytes:
    """A good message with some of its bytes changed, left out or put in."""
    data = bytearray(good)
    for _ in range(rng.randrange(1, 6)):
        at, kind = rng.randrange(len(data) + 1), rng.random()
        if kind < 0.6 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind < 0.8:
            del data[at : at + rng.randrange(1, 4)]
        else:
            data[at:at] = rng.randbytes(rng.randrange(1, 4))
        if not data:
            break
    return bytes(data)


def pieces(rng: random.Random, data: bytes) -> Iterator[bytes]:
    """The bytes as a network may bring them."""
    if rng.random() < 0.9:
        step = rng.choice((64, 536, 1460, 16_384, PIECE))
        yield from (data[at : at + step] for at in range(0, len(data), step))
        return
    at = 0
    while at < len(data):
        size = rng.randrange(1, 65)
        yield data[at : at + size]
        at += size


def fuzz(task: tuple[int, str, int, str]) -> dict[str, Any]:
    """So many bytes into one target."""
    seed, name, amount, plant = task
    target, rng = TARGETS[name], random.Random(seed)
    found: dict[str, Any] = {
        "bytes": 0,
        "good": 0,
        "stalls": 0,
        "slowest_ms": 0.0,
        "raised": [],
        "kept": 0,
        "missed": 0,
    }
    while found["bytes"] < amount:
        parts, planted = hostile(rng, target)
        data = b"".join(parts)
        decoder, good, took = target.make(), 0, 0.0
        for piece in parts if target.whole else pieces(rng, data):
            begun = time.process_time()
            try:
                if plant == "raises" and piece.startswith(b"@@") and piece[28:29] == b"\xff":
                    raise ValueError("planted")
                good += target.feed(decoder, piece)
            except Exception as error:
                found["raised"].append(f"{type(error).__name__}: {error} on {piece[:64].hex()}")
            took += time.process_time() - begun
            found["kept"] = max(found["kept"], target.kept(decoder))
        took /= max(1.0, len(data) / PIECE)
        found["bytes"] += len(data)
        found["good"] += good
        found["missed"] += max(0, planted - good) if target.resync else 0
        found["stalls"] += took > STALL_S
        found["slowest_ms"] = max(found["slowest_ms"], took * 1000)
    return found


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """Every decoder of the table."""
    deployment.open_home(home, tables=False)
    rng = random.Random(seed)
    figures: dict[str, Any] = {}
    failures: tuple[str, ...] = ()
    tasks = [(rng.randrange(1 << 40), name, size["bytes"] // 2, plant) for name in TARGETS for _ in range(2)]
    with get_context("fork").Pool(2) as pool:
        results = pool.map(fuzz, tasks, chunksize=1)
    for (_, name, _, _), found in zip(tasks, results, strict=True):
        known = figures.setdefault(name, {"bytes": 0, "good": 0, "stalls": 0, "slowest_ms": 0.0})
        for key in ("bytes", "good", "stalls"):
            known[key] += found[key]
        known["slowest_ms"] = round(max(known["slowest_ms"], found["slowest_ms"]), 1)
        failures += broken(
            **{
                f"{name} raised": found["raised"][:2],
                f"{name} keeps": found["kept"] if found["kept"] > MOST_KEPT else 0,
                f"{name} missed planted frames": found["missed"],
            }
        )
    return Result(figures, failures)


# --- a process ----------------------------------------------------------------------------------------------------


def resident(pid: int) -> int:
    """Bytes of memory a process holds."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def files_of(pid: int) -> int:
    """How many files it has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def good_frame_is_answered(port: int, source: int, host: str = "127.0.0.1") -> bool:
    """Whether a fresh link gets its confirm."""
    with socket.create_connection((host, port), timeout=10) as link:
        link.sendall(wire.frame(source, 7))
        try:
            answer = link.recv(64)
        except TimeoutError:
            return False
    return len(answer) == 30 and wire.acked_key(answer) == (source, 7)


RIGS = {
    "R20": Rig(
        "R20",
        "hostile bytes into every decoder",
        run,
        floor={"bytes": 100_000_000},
        small={"bytes": 3_000_000},
        minutes=2.5,
        plants=("raises",),
    ),
}
