"""The files of the history: readings as Parquet, sorted by device, so that one device's rows lie together.

A file's name is its contents: the batches of the journal it was made from, the first and the last time in it, its rows.

    000000000017-000000000940_1764000000-1764003599_48211.parquet

It appears whole or not at all (written beside, synced, renamed), and holds every reading of its batches. So the rows of a
batch are there once: a file whose batches lie within another's has been merged into it and counts no more. No Django here.
"""

# ruff: noqa: S608 — DuckDB takes no parameters in COPY; what stands in its statements are numbers and quoted file names

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np

from wanghuo.base import AppError, Text
from wanghuo.kernel.files.durable import sync
from wanghuo.modules.sensing.reading_store import Found, Stored, Wanted, by_time
from wanghuo.modules.sensing.tally import Rows

_NAME = re.compile(r"(\d{12})-(\d{12})_(\d+)-(\d+)_(\d+)\.parquet")
_OPTIONS = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440, PARQUET_VERSION v2"
_COLUMNS = "slot, key, quantity, at_ms, value"
_ORDER = "slot, key, quantity, at_ms"
MERGE_FROM, MERGE_ROWS = 8, 20_000_000
"""Merged are as many neighbours of about a size; not beyond so many rows, the readings of a million devices in a day."""


class Segment(NamedTuple):
    """One file. `first` and `last`: batches of the journal; `from_s` and `to_s`: seconds since 1970 UTC, both included."""

    path: Path
    first: int
    last: int
    from_s: int
    to_s: int
    rows: int


def segments(folder: Path) -> list[Segment]:
    """The files that count, in the order of the journal."""
    found = []
    for name in os.listdir(folder) if folder.exists() else ():
        if match := _NAME.fullmatch(name):
            found.append(Segment(folder / name, *map(int, match.groups())))
    kept: list[Segment] = []
    for segment in sorted(found, key=lambda s: (s.first, -s.last)):
        if not kept or segment.last > kept[-1].last:
            kept.append(segment)
    return kept


def last_batch(folder: Path) -> int:
    """The last batch of the journal whose readings are in a file; 0 when there is none."""
    return max((segment.last for segment in segments(folder)), default=0)


def write(folder: Path, rows: Rows, first: int, last: int) -> Segment | None:
    """Write the readings of batches `first` to `last`; none makes no file. Raises OSError and duckdb.Error."""
    if not len(rows):
        return None
    columns = {
        "slot": np.asarray(rows.slot),
        "number": np.asarray(rows.key),
        "quantity": np.asarray(rows.quantity),
        "at_ms": np.asarray(rows.at_ms),
        "value": np.asarray(rows.value),
    }
    at_s = columns["at_ms"] // 1000
    segment = named(folder, first, last, int(at_s.min()), int(at_s.max()), len(rows))
    with small_engine() as engine:
        engine.register("columns", columns)
        engine.execute("CREATE TEMP TABLE keys (number INTEGER, key VARCHAR)")
        engine.executemany("INSERT INTO keys VALUES (?, ?)", list(enumerate(rows.keys)))
        copy_to(engine, f"SELECT {_COLUMNS} FROM columns JOIN keys USING (number) ORDER BY {_ORDER}", segment)
    return segment


def merge(folder: Path, through: int) -> list[Segment]:
    """Merge neighbours of about a size, of batches up to `through`, into one file each; gives the new files.

    Sizes go by powers of `MERGE_FROM`, so a row is written anew a few times in its life. Also takes away what an earlier run
    that was cut off left behind.
    """
    _sweep(folder)
    made = []
    while group := _neighbours([s for s in segments(folder) if s.last <= through]):
        made.append(_merged(folder, group))
    return made


def _neighbours(known: Sequence[Segment]) -> Sequence[Segment] | None:
    """The first neighbours worth merging: the smallest first, so that a row is written anew as seldom as can be."""
    for size in sorted(set(map(_size, known))):
        run: list[Segment] = []
        for segment in known:
            run = [*run, segment] if _size(segment) <= size else []
            if len(run) == MERGE_FROM:
                if sum(s.rows for s in run) <= MERGE_ROWS:
                    return run
                run = run[1:]
    return None


def _size(segment: Segment) -> int:
    return max(0, (segment.rows.bit_length() - 10) // 3)


def _merged(folder: Path, group: Sequence[Segment]) -> Segment:
    rows = sum(s.rows for s in group)
    whole = named(
        folder, group[0].first, group[-1].last, min(s.from_s for s in group), max(s.to_s for s in group), rows
    )
    with small_engine() as engine:
        copy_to(engine, f"SELECT {_COLUMNS} FROM {from_files(group)} ORDER BY {_ORDER}", whole, ".merging")
    for segment in group:
        segment.path.unlink(missing_ok=True)
    return whole


def _sweep(folder: Path) -> None:
    """Take away files that were merged into others, and half-written ones."""
    keep = {segment.path.name for segment in segments(folder)}
    for name in os.listdir(folder) if folder.exists() else ():
        if _NAME.fullmatch(name) and name not in keep:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        elif name.endswith(".merging"):
            (folder / name).unlink(missing_ok=True)


def forget(folder: Path, before_s: int) -> int:
    """Delete the files in which everything is older than `before_s`; gives the rows deleted."""
    rows = 0
    for segment in segments(folder):
        if segment.to_s < before_s:
            segment.path.unlink(missing_ok=True)
            rows += segment.rows
    return rows


def twice(folder: Path) -> list[tuple[int, int]]:
    """Batches that lie in two files, as (first, last). Whatever is between two files held no readings."""
    known = segments(folder)
    return [(b.first, a.last) for a, b in pairwise(known) if b.first <= a.last]


def named(folder: Path, first: int, last: int, from_s: int, to_s: int, rows: int) -> Segment:
    """A file by what is in it."""
    name = f"{first:012}-{last:012}_{from_s}-{to_s}_{rows}.parquet"
    return Segment(folder / name, first, last, from_s, to_s, rows)


@contextlib.contextmanager
def small_engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with a core and little memory of its own."""
    engine = duckdb.connect(config={"threads": 1, "memory_limit": "512MB", "preserve_insertion_order": False})
    try:
        yield engine
    finally:
        engine.close()


def copy_to(engine: duckdb.DuckDBPyConnection, select: str, segment: Segment, ending: str = ".writing") -> None:
    """Write what `select` gives as a file, which appears whole or not at all. `ending`: of the half-written one."""
    segment.path.parent.mkdir(parents=True, exist_ok=True)
    beside = segment.path.with_suffix(ending)
    engine.execute(f"SET temp_directory = '{quoted(segment.path.parent)}/.spill'")
    engine.execute(f"COPY ({select}) TO '{quoted(beside)}' ({_OPTIONS})")
    sync(beside)
    beside.rename(segment.path)
    sync(segment.path.parent)


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def from_files(known: Iterable[Segment]) -> str:
    """Some files as what DuckDB selects from."""
    return "read_parquet([" + ", ".join(f"'{quoted(s.path)}'" for s in known) + "])"


MOVING = "moving.json"
"""While this file lies in the folder, its readings are on their way (`moving`): no file is merged or deleted by anyone else."""


def is_leaving(folder: Path) -> bool:
    """Whether the readings of a folder are being moved away, so that nothing may be added."""
    path = folder / MOVING
    return path.exists() and bool(json.loads(path.read_text("utf-8"))["leaving"])


class BeingMoved(AppError):
    """Readings are to be added to a folder whose readings are being moved to a server."""

    code = "sensing.history_being_moved"
    status = 409
    text = Text(
        "{folder} 中的读数正在迁往服务器：请为本进程设置 WANGHUO_HISTORY 并重新启动。",
        "The readings in {folder} are being moved to a server: set WANGHUO_HISTORY for this process and start it again.",
    )


class FolderStore:
    """Readings in the files of a folder. As `ReadingStore`; threads take turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        config: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": "512MB"}
        self._engine = duckdb.connect(config=config)
        self._engine.execute("SET parquet_metadata_cache = true")

    def begin(self) -> int:
        """The last batch whose readings are in a file. Takes away what was half written. Raises BeingMoved."""
        self._stays()
        for left in self.folder.glob("*.writing"):
            left.unlink()
        return last_batch(self.folder)

    def write(self, rows: Rows, first: int, last: int) -> None:
        """Write a file. Raises BeingMoved."""
        self._stays()
        write(self.folder, rows, first, last)

    def merge(self, through: int) -> int:
        """Merge small files; none while they are being moved."""
        return 0 if (self.folder / MOVING).exists() else len(merge(self.folder, through))

    def forget(self, before_s: int) -> int:
        """Delete the files in which everything is older; none while they are being moved."""
        return 0 if (self.folder / MOVING).exists() else forget(self.folder, before_s)

    def _stays(self) -> None:
        if is_leaving(self.folder):
            raise BeingMoved(folder=self.folder)

    def stored(self) -> Stored:
        """The files, by their names."""
        known = segments(self.folder)
        size, rows = sum(s.path.stat().st_size for s in known), sum(s.rows for s in known)
        return Stored(len(known), rows, size, last_batch(self.folder), twice(self.folder))

    def rows(self, wanted: Wanted, most: int) -> list[Found]:
        """The rows of one device, by time; the newest `most` of them."""
        told = self._ask(f"SELECT key, quantity, at_ms, value FROM {{files}} {_where(wanted)}", wanted)
        return sorted(((k, q, at, v) for k, q, at, v in told), key=by_time)[-most:]

    def count(self, wanted: Wanted) -> int:
        """How many rows there are."""
        told = self._ask(f"SELECT count(*) FROM {{files}} {_where(wanted)}", wanted)
        return int(told[0][0]) if told else 0

    def export(self, wanted: Wanted, path: Path, tables: Mapping[str, Any], select: str, options: str) -> None:
        """Write what `select` makes of `{rows}` and of `tables` to a file. `options`: of DuckDB's COPY."""
        known = self._files(wanted)
        rows = (
            f"(SELECT * FROM {from_files(known)} {_where(wanted)})"
            if known
            else "(SELECT NULL::INTEGER slot, '' AS key, 0 AS quantity, 0::BIGINT at_ms, 0::BIGINT AS value WHERE false)"
        )
        with small_engine() as engine:
            for name, table in tables.items():
                engine.register(name, table)
            engine.execute(f"COPY ({select.format(rows=rows)}) TO '{quoted(path)}' ({options})")

    def _files(self, wanted: Wanted) -> list[Segment]:
        return [
            s for s in segments(self.folder) if s.to_s >= wanted.from_ms // 1000 and s.from_s <= wanted.to_ms // 1000
        ]

    def _ask(self, select: str, wanted: Wanted) -> list[tuple[Any, ...]]:
        for last_try in (False, True):
            known = self._files(wanted)
            if not known:
                return []
            try:
                with self._lock:
                    return self._engine.execute(select.format(files=from_files(known))).fetchall()
            except duckdb.IOException:  # merged meanwhile: the next look finds the new file
                if last_try:
                    raise
        return []


def _where(wanted: Wanted) -> str:
    parts = [f"at_ms >= {int(wanted.from_ms)}", f"at_ms < {int(wanted.to_ms)}"]
    if wanted.slot is not None:
        parts.append(f"slot = {int(wanted.slot)}")
    if wanted.quantity is not None:
        parts.append(f"quantity = {int(wanted.quantity)}")
    return "WHERE " + " AND ".join(parts)
