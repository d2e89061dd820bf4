"""The history against a raw scan of the same rows, in one run: one device, a division's hours, silent devices, bytes a row.

    python benchmarks/history.py [--store folder|server] [--quick] [--json] [--devices N] [--days 7] [--a-day 4]

Readings are written as ingest writes them (a million at once) and merged as the worker does: in the folder of one machine
(1,000,000 devices), or on a PostgreSQL server that is started for it (100,000). A query is asked anew each time, for other
devices. The raw scan reads the same rows in the order in which they came: of the folder from Parquet files that were not sorted,
of the server from its tables without their index. Goals: one device at most 1/10 of the scan; hours at
most 1/100; of the folder also at most 8 bytes a row, and silent devices at most 50 ms. Exit code 1 when one was missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

START_S = 1_795_000_000 // 86_400 * 86_400
TOWNS = 30
SIZES = {"folder": 1_000_000, "server": 100_000}
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run and print; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("folder", "server"), default="folder")
    parser.add_argument("--quick", action="store_true", help="20,000 devices, 3 days")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--devices", type=int)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--a-day", type=int, default=4, help="readings of each device")
    args = parser.parse_args()
    if args.quick:
        args.devices, args.days = 20_000, 3
    args.devices = args.devices or SIZES[args.store]
    with tempfile.TemporaryDirectory(prefix="wanghuo-history-") as home:
        os.environ.update(
            WANGHUO_HOME=home, WANGHUO_MODE="test", DJANGO_SETTINGS_MODULE="wanghuo.entrypoints.web.settings"
        )
        Path(home, "static").mkdir()
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        with opened(args.store, Path(home)) as (store, raw, keep):
            row = measure(args, store, raw, keep)
            row |= silent(args, Path(home) / "history") if args.store == "folder" else {}
        row["missed"] = [name for name, met in goals(row) if not met and not args.quick]
    print(json.dumps(row) if args.json else "\n".join(f"{name:>28}  {value}" for name, value in row.items()))
    return 1 if row["missed"] else 0


@contextlib.contextmanager
def opened(kind: str, home: Path) -> Iterator[tuple[Any, Callable[[str], Any], Callable[[Any], None]]]:
    """A store; what asks a select of the raw `{rows}`; and what keeps rows for that as they come."""
    if kind == "folder":
        from wanghuo.modules.sensing import segments

        raw = home / "raw"
        raw.mkdir()
        yield (
            segments.FolderStore(home / "history"),
            lambda select: scan_files(raw, select),
            lambda rows: keep_raw(raw, rows),
        )
        return
    sys.path.insert(0, str(ROOT / "tools"))
    from dev import postgres

    from wanghuo.modules.sensing.reading_server import ServerStore

    with postgres(durable=True) as url:
        url = url.replace("/wanghuo?", "/postgres?")
        store = ServerStore(url)
        try:
            yield store, lambda select: scan_tables(url, select), lambda rows: None
        finally:
            store.close()


def measure(
    args: argparse.Namespace, store: Any, raw: Callable[[str], Any], keep: Callable[[Any], None]
) -> dict[str, Any]:
    """Write, merge, ask."""
    from wanghuo.modules.sensing.reading_store import Wanted

    store.begin()
    count, written_s = write(args, store, keep)
    begun = time.monotonic()
    store.merge(1 << 40)
    merged_s = time.monotonic() - begun
    parts, rows, size, *_ = store.stored()
    assert rows == count
    rng = random.Random(1)
    end_ms = (START_S + args.days * 86_400) * 1000
    whole = lambda slot: Wanted(START_S * 1000, end_ms, slot)
    day = lambda slot: Wanted(end_ms - 86_400_000, end_ms, slot)
    pick = lambda: rng.randrange(1, args.devices + 1)
    assert len(store.rows(whole(pick()), 10_000)) == args.days * args.a_day
    one = timed(40, lambda: store.rows(whole(pick()), 10_000))
    one_day = timed(40, lambda: store.rows(day(pick()), 10_000))
    by_hour = f"SELECT slot % {TOWNS}, at_ms // 3600000, count(*) FROM {{rows}} GROUP BY 1, 2"
    raw_scan = timed(
        3,
        lambda: raw(f"SELECT key, quantity, at_ms, value FROM {{rows}} WHERE slot = {pick()}"),
    )
    raw_hours = timed(3, lambda: raw(by_hour))
    read_hours = hours(args)
    return {
        "store": args.store,
        "rows": count,
        "parts": parts,
        "bytes_a_row": round(size / count, 2),
        "written_rows_per_s": round(count / written_s),
        "merged_s": round(merged_s, 1),
        "one_device_ms": one,
        "one_device_one_day_ms": one_day,
        "raw_scan_ms": raw_scan,
        "one_device_of_scan": round(one / raw_scan, 4),
        "hours_ms": read_hours,
        "raw_hours_ms": raw_hours,
        "hours_of_scan": round(read_hours / raw_hours, 5),
    }


def goals(row: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each goal, and whether it was met."""
    yield "one device", row["one_device_of_scan"] <= 0.1
    yield "hours", row["hours_of_scan"] <= 0.01
    if row["store"] == "folder":
        yield "bytes", row["bytes_a_row"] <= 8
        yield "silent", row["silent_ms"] <= 50


def write(args: argparse.Namespace, store: Any, keep: Callable[[Any], None]) -> tuple[int, float]:
    """Readings of every device at even times with a little noise, a million rows at once; gives their number and the seconds that
    the store took."""
    from wanghuo.modules.sensing.tally import Rows

    took = 0.0
    rng, batch, total = np.random.default_rng(1), 0, 0
    slots = np.arange(1, args.devices + 1, dtype=np.int32)
    for reading in range(args.days * args.a_day):
        spread = 86_400 // args.a_day
        at = (START_S + reading * spread + rng.integers(0, spread, args.devices)).astype(np.int64) * 1000
        value = (300 + rng.integers(-6, 7, args.devices)).astype(np.int64)
        order = np.argsort(at, kind="stable")
        for first in range(0, args.devices, 1_000_000):
            part = order[first : first + 1_000_000]
            rows = Rows()
            rows.keys.append("11.1.99.2")
            rows.slot.frombytes(slots[part].tobytes())
            rows.key.frombytes(bytes(4 * len(part)))
            rows.quantity.frombytes(np.full(len(part), 4, np.uint16).tobytes())
            rows.at_ms.frombytes(at[part].tobytes())
            rows.value.frombytes(value[part].tobytes())
            batch += 1
            begun = time.monotonic()
            store.write(rows, batch, batch)
            took += time.monotonic() - begun
            keep(rows)
            total += len(part)
    return total, took


def hours(args: argparse.Namespace) -> float:
    """Milliseconds to read the hours of a county's towns from the counts."""
    from datetime import UTC, datetime, timedelta

    from wanghuo.kernel.regions.testing import make_regions
    from wanghuo.modules.sensing import history
    from wanghuo.modules.sensing.models import RegionHour

    make_regions()
    first = START_S // 3600
    rows = [
        RegionHour(region_code=f"445281{town:03}", hour=first + hour, messages=hour, readings=hour)
        for town in range(100, 100 + TOWNS)
        for hour in range(24 * args.days)
    ]
    RegionHour.objects.bulk_create(rows, batch_size=1000)
    start = datetime.fromtimestamp(START_S, UTC)
    return timed(20, lambda: history.region_hours("445281", start, start + timedelta(days=args.days)))


def silent(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Milliseconds to find who has been silent for a day among all devices."""
    from wanghuo.modules.sensing.heard import HeardColumn, silent_slots
    from wanghuo.modules.sensing.known import Devices, Entry

    devices, rng = Devices(), random.Random(2)
    for slot in range(1, args.devices + 1):
        heard = START_S + rng.randrange(172_800)
        source = slot.to_bytes(6, "little")
        devices.put(Entry(source, slot, bytes(16), "wireless", f"445281{100 + slot % TOWNS}", 0, 0.0, None, heard))
    HeardColumn(folder).follow(devices)
    return {"silent_ms": timed(10, lambda: silent_slots(folder, "445281", START_S + 86_400, 50))}


def keep_raw(folder: Path, rows: Any) -> None:
    """A file of rows in the order in which they came."""
    import duckdb

    columns = {name: np.asarray(getattr(rows, name)) for name in ("slot", "quantity", "at_ms", "value")}
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.register("columns", columns)
        select = f"SELECT slot, '{rows.keys[0]}' AS key, quantity, at_ms, value FROM columns"
        engine.execute(
            f"COPY ({select}) TO '{folder}/{len(list(folder.iterdir()))}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )


def scan_files(folder: Path, select: str) -> Any:
    """A query over all rows of the files."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as engine:
        return engine.execute(select.format(rows=f"read_parquet('{folder}/*.parquet')")).fetchall()


def scan_tables(url: str, select: str) -> Any:
    """A query over all rows of the tables."""
    import psycopg

    with psycopg.connect(url) as connection:
        for setting in ("max_parallel_workers_per_gather = 0", "enable_indexscan = off", "enable_bitmapscan = off"):
            connection.execute(f"SET {setting}")
        return connection.execute(select.format(rows="reading").replace("//", "/")).fetchall()


def timed(times: int, act: Callable[[], Any]) -> float:
    """The median of some runs, in milliseconds."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        took.append((time.perf_counter() - begun) * 1000)
    return round(sorted(took)[times // 2], 2)


if __name__ == "__main__":
    sys.exit(main())
