"""The days of readings on a PostgreSQL server: made, packed, taken over whole from a folder, and dropped. No Django here.

Packing takes minutes for a day of a million devices, and nobody may wait for it. So a day that is over is set aside first, which takes
a moment (what still comes for it begins a new partition), then packed into a table that nobody sees yet, and shown in another moment. Each step is
a transaction; who dies in between is followed by the next run. A step that would have to wait for somebody else, and others behind it,
gives up and is tried again later.
"""

# ruff: noqa: S608 — identifiers cannot be parameters; what stands in the statements are numbers and names made here

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]
DAY_MS = 86_400_000
LOCKS, DAY, PACKING = 0x77680001, 0x77680002, 0x77680003  # classes of advisory locks
_A_MOMENT = "SET LOCAL lock_timeout = '2s'"

LATER = f"""
CREATE TABLE IF NOT EXISTS reading_aside (LIKE reading_row) PARTITION BY RANGE (at_ms);
CREATE INDEX IF NOT EXISTS reading_aside_slot ON reading_aside (slot, at_ms);
CREATE TABLE IF NOT EXISTS reading_moved (move uuid NOT NULL, day integer NOT NULL, rows bigint NOT NULL, PRIMARY KEY (move, day));
CREATE OR REPLACE VIEW reading AS
SELECT r.day_ms, r.slot, k.key, r.quantity, r.at_ms, r.value, r.key AS number FROM (
    SELECT at_ms / {DAY_MS} * {DAY_MS} AS day_ms, slot, key, quantity, at_ms, value FROM reading_row
    UNION ALL
    SELECT at_ms / {DAY_MS} * {DAY_MS}, slot, key, quantity, at_ms, value FROM reading_aside
    UNION ALL
    SELECT b.day_ms, b.slot, b.key, b.quantity, b.day_ms + u.at, u.value FROM reading_block b, unnest(b.at, b.value) AS u(at, value)
) r JOIN reading_key k ON k.number = r.key;
"""
"""What servers of before did not have."""


class Sum(NamedTuple):
    """What one device said on one day: how many readings, and the sums of their times and values."""

    slot: int
    rows: int
    at_ms: int
    value: int


class Part(NamedTuple):
    """Rows of a day to be copied in: of the devices `first` to `last`, as PostgreSQL's binary COPY, and what they sum up to."""

    first: int
    last: int
    wire: Sequence[bytes]
    sums: Sequence[Sum]


class NotTheSame(Exception):
    """What arrived is not what was sent."""


def days_of(connection: Connection, table: str) -> list[int]:
    """The days (since 1970 UTC) that have a partition, in order."""
    select = (
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass"
    )
    return sorted(int(name.rpartition("_")[2]) for (name,) in connection.execute(select, (table,)).fetchall())


def make(connection: Connection, days: list[int]) -> None:
    """Partitions for these days; none of them is set aside until the transaction ends."""
    for day in days:
        connection.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", (DAY, day))
    for day in sorted(set(days) - set(days_of(connection, "reading_row"))):
        connection.execute(f"CREATE TABLE reading_row_{day} PARTITION OF reading_row {_bounds(day)}")


def pack_all(connection: Connection, open_days: int) -> int:
    """Pack the days that are over, all but the newest `open_days`, unless another worker does; gives how many."""
    if not _one(connection, "SELECT pg_try_advisory_lock(%s, 0)", (PACKING,))[0]:
        return 0
    try:
        days = days_of(connection, "reading_row")
        over = [day for day in days if day < days[-1] - open_days + 1]
        return sum(_pack(connection, day) for day in sorted({*over, *days_of(connection, "reading_aside")}))
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s, 0)", (PACKING,))


def _pack(connection: Connection, day: int) -> int:
    """1 when the day is packed, 0 when it must wait because somebody reads or writes it for long."""
    try:
        if day not in days_of(connection, "reading_aside"):
            _set_aside(connection, day)
        if not _there(connection, f"reading_new_{day}"):
            _build(connection, day, f"reading_aside_{day}")
        with connection.transaction():
            connection.execute(_A_MOMENT)
            _show(connection, day)
            connection.execute(f"DROP TABLE reading_aside_{day}")
    except psycopg.errors.LockNotAvailable:
        return 0
    return 1


def _set_aside(connection: Connection, day: int) -> None:
    begin = day * DAY_MS
    known = f"CHECK (at_ms >= {begin} AND at_ms < {begin + DAY_MS})"  # so that attaching it need not read it
    with connection.transaction():
        connection.execute(_A_MOMENT)
        connection.execute(f"ALTER TABLE reading_row_{day} DROP CONSTRAINT IF EXISTS of_day")
        connection.execute(f"ALTER TABLE reading_row_{day} ADD CONSTRAINT of_day {known} NOT VALID")
    connection.execute(f"ALTER TABLE reading_row_{day} VALIDATE CONSTRAINT of_day")
    with connection.transaction():
        connection.execute(_A_MOMENT)
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (DAY, day))
        connection.execute(f"ALTER TABLE reading_row DETACH PARTITION reading_row_{day}")
        connection.execute(f"ALTER TABLE reading_row_{day} RENAME TO reading_aside_{day}")
        connection.execute(f"ALTER TABLE reading_aside ATTACH PARTITION reading_aside_{day} {_bounds(day)}")


def _build(connection: Connection, day: int, rows: str) -> None:
    """Pack rows into a table that nobody sees yet; whole or not at all."""
    begin = day * DAY_MS
    with connection.transaction():
        connection.execute(
            f"CREATE TABLE reading_new_{day} (LIKE reading_block INCLUDING ALL,"
            f" CHECK (day_ms >= {begin} AND day_ms < {begin + DAY_MS}))"
        )
        connection.execute(
            f"INSERT INTO reading_new_{day} SELECT {begin}, slot, key, quantity,"
            f" array_agg((at_ms - {begin})::integer ORDER BY at_ms), array_agg(value ORDER BY at_ms)"
            f" FROM {rows} GROUP BY slot, key, quantity ORDER BY slot"
        )


def _show(connection: Connection, day: int) -> None:
    if day in days_of(connection, "reading_block"):
        connection.execute(f"INSERT INTO reading_block_{day} SELECT * FROM reading_new_{day}")
        connection.execute(f"DROP TABLE reading_new_{day}")
    else:
        connection.execute(f"ALTER TABLE reading_new_{day} RENAME TO reading_block_{day}")
        connection.execute(f"ALTER TABLE reading_block ATTACH PARTITION reading_block_{day} {_bounds(day)}")


def moved(connection: Connection, move: UUID) -> dict[int, int]:
    """The days that a move has brought, with their rows."""
    return dict(connection.execute("SELECT day, rows FROM reading_moved WHERE move = %s", (move,)).fetchall())


def receive(connection: Connection, move: UUID, day: int, parts: Callable[[], Iterator[Part]]) -> int:
    """Take over a day of another store, all or nothing, and note that it is there; gives its rows. What stood here for that day stays.

    Each device's readings are counted and summed up where they arrived. Raises NotTheSame, and then nothing was done.
    """
    connection.execute("SELECT pg_advisory_lock(%s, 0)", (PACKING,))
    try:
        while day in days_of(connection, "reading_aside"):
            _pack(connection, day)  # what an earlier run set aside has its own table of the same name
        with connection.transaction():
            sums = list[tuple[int, int, Sequence[Sum]]]()
            connection.execute("CREATE TEMP TABLE reading_in (LIKE reading_row) ON COMMIT DROP")
            for part in parts():
                with connection.cursor().copy("COPY reading_in FROM STDIN (FORMAT binary)") as copy:
                    for piece in part.wire:
                        copy.write(piece)
                sums.append((part.first, part.last, part.sums))
            _build(connection, day, "reading_in")
            for first, last, sent in sums:
                if sent != (there := sums_of(connection, f"reading_new_{day}", first, last)):
                    different = next((a or b) for a, b in zip([*sent, None], [*there, None], strict=False) if a != b)
                    raise NotTheSame(f"day {day}: {different}")
            rows = sum(each.rows for _, _, sent in sums for each in sent)
            _show(connection, day)
            connection.execute("INSERT INTO reading_moved VALUES (%s, %s, %s)", (move, day, rows))
            connection.execute("UPDATE reading_writer SET rows = rows + %s", (rows,))
        return rows
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s, 0)", (PACKING,))


def sums_of(connection: Connection, blocks: str, first: int, last: int) -> list[Sum]:
    """What each of some devices said, as it lies in packed rows."""
    select = (
        f"SELECT slot, count(*), sum(b.day_ms + u.at)::bigint, sum(u.value)::numeric FROM {blocks} b,"
        f" unnest(b.at, b.value) AS u(at, value) WHERE slot BETWEEN {int(first)} AND {int(last)} GROUP BY slot ORDER BY slot"
    )
    return [Sum(slot, rows, at, int(value)) for slot, rows, at, value in connection.execute(select).fetchall()]


def drop(connection: Connection, table: str, size: str) -> int:
    """Drop a partition; gives the rows that were in it."""
    with connection.transaction():
        rows = int(_one(connection, f"SELECT {size} FROM {table}")[0])
        connection.execute(
            "UPDATE reading_writer SET rows = rows - %s", (rows,)
        )  # first: a writer takes locks in this order
        connection.execute(f"DROP TABLE {table}")
    return rows


def _bounds(day: int) -> str:
    return f"FOR VALUES FROM ({day * DAY_MS}) TO ({(day + 1) * DAY_MS})"


def _there(connection: Connection, table: str) -> bool:
    return bool(_one(connection, "SELECT to_regclass(%s) IS NOT NULL", (table,))[0])


def _one(connection: Connection, select: str, known: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    row = connection.execute(select, known).fetchone()
    if row is None:
        raise LookupError(select)
    return row
