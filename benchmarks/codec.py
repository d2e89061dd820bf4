"""GB/T 26875.3 frames per second, as ratios to a plain eager `struct` decoder measured in the same run.

    python benchmarks/codec.py [--quick] [--json]

Every round runs each contender once, so that a slow moment of the machine meets all of them; the median of the rounds'
ratios counts, with their range. One process, one core, 78-byte frames with one component state.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import time
from collections.abc import Callable
from datetime import datetime

from wanghuo.engines.codecs.gb26875 import Frame, StreamDecoder, build_data, confirm, encode_description, encode_time
from wanghuo.engines.codecs.gb26875.batch import decode_batch
from wanghuo.engines.codecs.gb26875.objects import ComponentState

AT = datetime(2026, 11, 21, 10, 30, 5)
HEADER = struct.Struct("<2sHBB6s6s6sHB")
STATE = struct.Struct("<BBBIH31s6s")


def frames(count: int) -> list[bytes]:
    """`count` different frames of one length."""
    time_raw = encode_time(AT)
    text = encode_description("一层大厅手报")
    return [
        build_data(
            2, [ComponentState(1, 1, 23, n, 3, text, time_raw)], serial=n & 0xFFFF, source=1001 + n % 50, dest=1, at=AT
        )
        for n in range(count)
    ]


def plain(buffer: bytes) -> list[dict[str, object]]:
    """What one writes first: walk the buffer, check each frame, unpack all fields, texts and times at once."""
    found = []
    at = 0
    while at < len(buffer):
        marker, serial, main, user, sent, source, dest, size, command = HEADER.unpack_from(buffer, at)
        end = at + 30 + size
        if marker != b"@@" or buffer[end - 2 : end] != b"##" or sum(buffer[at + 2 : end - 3]) & 0xFF != buffer[end - 3]:
            raise ValueError(at)
        type_, count = buffer[at + 27], buffer[at + 28]
        objects = []
        for n in range(count):
            system, number, kind, address, state, text, event = STATE.unpack_from(buffer, at + 29 + n * STATE.size)
            objects.append(
                {
                    "system_type": system, "system_addr": number, "component_type": kind, "component_addr": address,
                    "state": state, "description": text.split(b"\0", 1)[0].decode("gb18030"), "time": clock(event),
                }
            )  # fmt: skip
        found.append(
            {
                "serial": serial, "version": (main, user), "time": clock(sent), "command": command, "type": type_,
                "source": int.from_bytes(source, "little"), "dest": int.from_bytes(dest, "little"), "objects": objects,
            }
        )  # fmt: skip
        at = end
    return found


def clock(raw: bytes) -> datetime:
    """A time label as a naive datetime."""
    second, minute, hour, day, month, year = raw
    return datetime(2000 + year, month, day, hour, minute, second)


def segments(parts: list[bytes]) -> Callable[[], None]:
    """Framing and checksum of one frame a segment, as the gateway does it."""

    def run() -> None:
        feed = StreamDecoder().feed
        for part in parts:
            feed(part)

    return run


def confirmed(parts: list[bytes]) -> Callable[[], None]:
    """The same, with the bytes of the confirm."""

    def run() -> None:
        feed = StreamDecoder().feed
        for part in parts:
            for event in feed(part):
                if isinstance(event, Frame):
                    confirm(event)

    return run


def objects(parts: list[bytes]) -> Callable[[], None]:
    """The same, with the decoded objects (texts and times stay lazy)."""

    def run() -> None:
        feed = StreamDecoder().feed
        for part in parts:
            for event in feed(part):
                assert isinstance(event, Frame)
                _ = event.unit.objects

    return run


def batches(parts: list[bytes], size: int) -> Callable[[], None]:
    """The numpy decoder on chunks of `size` frames, frames found by itself, checksums checked."""
    chunks = [b"".join(parts[at : at + size]) for at in range(0, len(parts), size)]

    def run() -> None:
        for chunk in chunks:
            decode_batch(chunk)

    return run


def measure(rounds: int, count: int, large: int) -> dict[str, object]:
    """Frames per second and ratio to the plain decoder of each contender."""
    few, many = frames(count), frames(large)
    buffer = b"".join(few)
    contenders: dict[str, tuple[int, Callable[[], object]]] = {
        "plain struct (baseline)": (count, lambda: plain(buffer)),
        "stream: frame + checksum": (count, segments(few)),
        "stream: frame + confirm": (count, confirmed(few)),
        "stream: frame + objects": (count, objects(few)),
        "batch of 64": (count, batches(few, 64)),
        "batch of 1000": (count, batches(few, 1000)),
        f"batch of {large}": (large, batches(many, large)),
    }
    for _, run in contenders.values():
        run()
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (number, run) in contenders.items():
            start = time.perf_counter()
            run()
            speeds[name].append(number / (time.perf_counter() - start))
    base = speeds["plain struct (baseline)"]
    rows = {}
    for name, found in speeds.items():
        ratios = [speed / slow for speed, slow in zip(found, base, strict=True)]
        rows[name] = {
            "frames_per_s": round(statistics.median(found)),
            "ratio": round(statistics.median(ratios), 2),
            "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
        }
    return {"frame_bytes": len(few[0]), "rounds": rounds, "results": rows}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer frames, for a first look")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    args = parser.parse_args()
    found = measure(5, 4_000, 20_000) if args.quick else measure(9, 20_000, 200_000)
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    print(f"{found['frame_bytes']}-byte frames, {found['rounds']} rounds; ratio to the plain decoder: median (range)")
    assert isinstance(found["results"], dict)
    for name, row in found["results"].items():
        low, high = row["ratio_range"]
        print(f"{name:26} {row['frames_per_s']:>12,} frames/s  {row['ratio']:>7.2f}  ({low:.2f} … {high:.2f})")


if __name__ == "__main__":
    main()
