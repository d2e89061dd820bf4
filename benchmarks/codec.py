"""GB/T 26875.3 frames per second, as ratios to a plain eager `struct` decoder and to one in C, measured in the same run.

    python benchmarks/codec.py [--quick] [--json]

Every round runs each contender once, so that a slow moment of the machine meets all of them; the median of the rounds'
ratios counts, with their range. One process, one core, 78-byte frames with one component state. The C decoder
(reference/decoder.c, the same flags as the compiled parts) fills the same columns, into memory it already has. Goals:
a batch of 1,000 at 30 times plain `struct`, a chunk of 64 frames at 10 % of C; exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np

from wanghuo.engines.codecs.gb26875 import Frame, StreamDecoder, build_data, confirm, encode_description, encode_time
from wanghuo.engines.codecs.gb26875.batch import decode_batch, decode_batch_numpy
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


def batches(parts: list[bytes], size: int, decode: Callable[[bytes], object] = decode_batch) -> Callable[[], None]:
    """The columnar decoder on chunks of `size` frames, frames found by itself, checksums checked."""
    chunks = [b"".join(parts[at : at + size]) for at in range(0, len(parts), size)]

    def run() -> None:
        for chunk in chunks:
            decode(chunk)

    return run


COLUMNS = "qqqqqqqQQiiHhhhhhhhhBB"  # struct columns of reference/decoder.c


def in_c(folder: Path) -> Callable[[list[bytes], int], Callable[[], None]] | None:
    """The C decoder, compiled into `folder`: frames and chunk size in, what to run out. None without a compiler."""
    if shutil.which("cc") is None:
        return None
    library = folder / "decoder.so"
    source = Path(__file__).parent / "reference/decoder.c"
    subprocess.run(["cc", "-O3", "-fPIC", "-shared", str(source), "-o", str(library)], check=True)
    decode = ctypes.CDLL(str(library)).decode_chunks
    decode.restype, decode.argtypes = (
        ctypes.c_ssize_t,
        [ctypes.c_char_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_void_p],
    )

    def prepare(parts: list[bytes], size: int) -> Callable[[], None]:
        buffer, length = b"".join(parts), len(parts[0])
        columns = [np.zeros(size, code) for code in COLUMNS]
        places = (ctypes.c_void_p * len(columns))(*(column.ctypes.data for column in columns))

        def run() -> None:
            if decode(buffer, len(buffer), size * length, places) != len(parts):
                raise ValueError(f"the reference decoder refused one of {len(columns[0])} frames")

        run()
        if len(parts) == size:
            same_columns(columns, buffer)
        return run

    return prepare


def same_columns(columns: list[np.ndarray], buffer: bytes) -> None:
    """The reference must do the same work: its columns are those of `decode_batch`."""
    batch = decode_batch(buffer)
    frames, objects = batch.frames, batch.objects
    expected = [
        frames.offset, frames.length, frames.time, objects.frame, objects.component_addr, objects.time, objects.text_at,
        frames.source, frames.dest, objects.state, objects.raw, frames.serial, frames.type, frames.count, objects.type,
        objects.system_type, objects.system_addr, objects.component_type, objects.operator, objects.analog_type,
        frames.valid, frames.command,
    ]  # fmt: skip
    for mine, theirs in zip(columns, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def contenders(count: int, large: int, folder: Path) -> dict[str, tuple[int, Callable[[], object]]]:
    """What is measured: name → (frames a run, run)."""
    few, many = frames(count), frames(large)
    buffer = b"".join(few)
    found: dict[str, tuple[int, Callable[[], object]]] = {
        PLAIN: (count, lambda: plain(buffer)),
        "stream: frame + checksum": (count, segments(few)),
        "stream: frame + confirm": (count, confirmed(few)),
        "stream: frame + objects": (count, objects(few)),
    }
    for size, parts in ((64, few), (1000, few), (large, many)):
        found[f"batch of {size}"] = (len(parts), batches(parts, size))
        found[f"batch of {size}, numpy"] = (len(parts), batches(parts, size, decode_batch_numpy))
    if (reference := in_c(folder)) is not None:
        for size, parts in ((64, many), (large, many)):
            found[f"C, {size}"] = (len(parts), reference(parts, size))
    return found


PLAIN = "plain struct (baseline)"


def measure(rounds: int, count: int, large: int) -> dict[str, object]:
    """Frames per second of each contender, and its ratios to the plain decoder and to C."""
    with tempfile.TemporaryDirectory() as folder:
        running = contenders(count, large, Path(folder))
        for _, run in running.values():
            run()
        speeds: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(rounds):
            for name, (number, run) in running.items():
                start = time.perf_counter()
                run()
                speeds[name].append(number / (time.perf_counter() - start))
    rows = {name: {"frames_per_s": round(statistics.median(found))} for name, found in speeds.items()}
    for name, row in rows.items():
        row |= compared("plain", speeds[name], speeds[PLAIN])
        size = name.split(",")[0].removeprefix("batch of ")
        if name.startswith("batch") and f"C, {size}" in speeds:
            row |= compared("c", speeds[name], speeds[f"C, {size}"])
    return {"frame_bytes": len(frames(1)[0]), "rounds": rounds, "results": rows, "met": met(rows)}


def compared(what: str, speeds: list[float], base: list[float]) -> dict[str, object]:
    """The ratios of rounds to those of a baseline: their median and range."""
    ratios = [speed / other for speed, other in zip(speeds, base, strict=True)]
    return {
        f"of_{what}": round(statistics.median(ratios), 3),
        f"of_{what}_range": [round(min(ratios), 3), round(max(ratios), 3)],
    }


def met(rows: dict[str, dict]) -> bool:
    """Whether the goals are met; that against C counts where the reference and the compiled part could be built."""
    return rows["batch of 1000"]["of_plain"] >= 30 and rows["batch of 64"].get("of_c", 1) >= 0.1


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer frames, for a first look")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    args = parser.parse_args()
    found = measure(5, 4_000, 20_000) if args.quick else measure(9, 20_000, 200_000)
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0 if found["met"] else 1
    print(f"{found['frame_bytes']}-byte frames, {found['rounds']} rounds; ratios: median (range)")
    assert isinstance(found["results"], dict)
    for name, row in found["results"].items():
        low, high = row["of_plain_range"]
        line = (
            f"{name:26} {row['frames_per_s']:>12,} frames/s  {row['of_plain']:>7.2f} of plain ({low:.2f} … {high:.2f})"
        )
        if "of_c" in row:
            low, high = row["of_c_range"]
            line += f"  {row['of_c']:>6.1%} of C ({low:.1%} … {high:.1%})"
        print(line)
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
