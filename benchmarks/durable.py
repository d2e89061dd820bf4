"""Durable rows a second through the journal, against raw appends with fdatasync of the same bytes; and the longest commits
while history segments are written beside it.

A row is a frame of 78 bytes with its columns (100 bytes in the blob). Raw: write and fdatasync of ready blobs, one file
growing. Journal: rows gathered, packed, committed and checkpointed as the gateway does it. Rounds are interleaved, the
median of their ratios counts. Goals: at least 50 % of raw in commits of 1,024 rows (the most the gateway takes), and
p99 of a commit at most 200 ms while another process sorts a million rows into Parquet over and over.

    python benchmarks/durable.py [--quick] [--json] [--rounds N] [--seconds S]

WANGHUO_PURE=1 measures the plain path.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from wanghuo.entrypoints.gateway.intake import Entry
from wanghuo.entrypoints.gateway.lanes import PARTS
from wanghuo.modules.sensing.journal import NOTE, Checkpointer, Columns, Writer

SIZES = (256, 1024)  # rows a commit
JUDGED = 1024
GOAL, P99_MS = 0.5, 200.0
SEGMENT_ROWS = 1_000_000
FRAME = bytes(range(78))


def gathered(rows: int):
    """A batch as the gateway's queue gives it. Made of notes, so that nobody is answered."""
    intake = PARTS.intake(lambda urgent: None)
    for n in range(rows):
        intake.put(Entry(None, 1_700_000_000_000_000 + n, 0, FRAME, False, NOTE))
    return intake.take()


def raw_appends(folder: Path, rows: int, seconds: float) -> list[float]:
    """Seconds of each write with fdatasync."""
    columns = Columns([1_700_000_000_000_000 + n for n in range(rows)], *([[0] * rows] * 3), [FRAME] * rows)
    blob = columns.pack()
    file = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def append() -> None:
        os.write(file, blob)
        os.fdatasync(file)

    try:
        return repeated(append, seconds)
    finally:
        os.close(file)


def commits(folder: Path, rows: int, seconds: float) -> list[float]:
    """Seconds of each commit, packing included."""
    writer = Writer(folder / "journal.sqlite3", "benchmark", checkpoints=False)
    batch = gathered(rows)
    done = threading.Event()

    def copy_back() -> None:
        checkpointer = Checkpointer(writer)
        while not done.wait(0.25):
            checkpointer.run()
        checkpointer.close()

    sweeper = threading.Thread(target=copy_back)
    sweeper.start()
    try:
        return repeated(lambda: writer.commit(batch), seconds)
    finally:
        done.set()
        sweeper.join()
        writer.close()


def repeated(act: Callable[[], object], seconds: float) -> list[float]:
    """Do something over and over for so long; how long each took."""
    took, until = [], time.perf_counter() + seconds
    while (begun := time.perf_counter()) < until:
        act()
        took.append(time.perf_counter() - begun)
    return took


def write_segments(folder: str, ready: Connection) -> None:
    """A million rows sorted by device into a Parquet file, again and again, until killed."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    rows = f"""SELECT (hash(range) % 1000000)::INTEGER AS slot, range AS at_us, (range % 7)::SMALLINT AS quantity,
               (range % 4000)::INTEGER AS value FROM range({SEGMENT_ROWS})"""
    ready.send(True)
    while True:
        connection.execute(
            f"COPY (SELECT * FROM ({rows}) ORDER BY slot, at_us) TO '{folder}/s.parquet' (COMPRESSION zstd)"
        )


@contextmanager
def segments_beside(folder: Path):
    """While this is open, segments are written on the same disk."""
    context = multiprocessing.get_context("spawn")
    ready, tell = context.Pipe(duplex=False)
    process = context.Process(target=write_segments, args=(str(folder), tell), daemon=True)
    process.start()
    ready.recv()
    try:
        yield
    finally:
        process.kill()
        process.join()


def compare(rows: int, rounds: int, seconds: float) -> dict[str, object]:
    """Raw and journal, in turns."""
    speeds: dict[str, list[float]] = {"raw": [], "journal": []}
    for number in range(rounds):
        order = [("raw", raw_appends), ("journal", commits)]
        for name, run in order if number % 2 == 0 else reversed(order):
            with tempfile.TemporaryDirectory() as folder:
                took = run(Path(folder), rows, seconds)
            speeds[name].append(rows * len(took) / sum(took))
    ratios = [journal / raw for journal, raw in zip(speeds["journal"], speeds["raw"], strict=True)]
    return {
        "rows_a_commit": rows,
        "raw_rows_per_s": round(statistics.median(speeds["raw"])),
        "journal_rows_per_s": round(statistics.median(speeds["journal"])),
        "ratio_median": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
    }


def latencies(rows: int, seconds: float) -> dict[str, float]:
    """Milliseconds of commits while segments are written."""
    with tempfile.TemporaryDirectory() as folder, segments_beside(Path(folder)):
        took = sorted(commits(Path(folder), rows, seconds))
    at = {"p50_ms": 0.5, "p99_ms": 0.99, "worst_ms": 1.0}
    return {"commits": len(took)} | {
        name: round(1000 * took[min(len(took) - 1, int(len(took) * share))], 2) for name, share in at.items()
    }


def main() -> int:
    """Run and print; exit code 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = 3, 0.7
    rows = [compare(size, args.rounds, args.seconds) for size in SIZES]
    beside = latencies(JUDGED, args.seconds * 3)
    judged = next(row for row in rows if row["rows_a_commit"] == JUDGED)
    met = float(str(judged["ratio_median"])) >= GOAL and beside["p99_ms"] <= P99_MS
    told = {
        "what": "durable rows a second through the journal, of raw appends with fdatasync",
        "accelerated": PARTS.compiled,
        "rounds": args.rounds,
        "sizes": rows,
        "while_segments_are_written": beside,
        "goal": {"ratio": GOAL, "rows_a_commit": JUDGED, "p99_ms": P99_MS},
        "met": met,
    }
    if args.json:
        print(json.dumps(told))
        return 0 if met else 1
    print(f"{told['what']}; {'compiled' if PARTS.compiled else 'plain'} path, {args.rounds} rounds")
    for row in rows:
        low, high = row["ratio_range"]  # type: ignore[misc]
        print(
            f"{row['rows_a_commit']:>5} rows a commit: {row['ratio_median']:.2f} ({low:.2f} … {high:.2f}); "
            f"raw {row['raw_rows_per_s']:,}/s, journal {row['journal_rows_per_s']:,}/s"
        )
    print(f"commits of {JUDGED} while segments are written: {beside}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
