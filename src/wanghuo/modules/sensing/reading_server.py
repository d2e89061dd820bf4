"""Readings on a PostgreSQL server, for deployments of several machines.

New readings are rows, in a partition for each day (UTC) with an index by device; they come by COPY, in the transaction that says
how far the journal is kept. A day that is over is packed: one row for each device, reporter and quantity, its times and
values as arrays, about a sixth of the room (`server_days`). The view `reading` shows both alike. No Django here.
"""

# ruff: noqa: S608 — identifiers cannot be parameters; what stands in the statements are numbers and names made here

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import psycopg

from wanghuo.modules.sensing import server_days
from wanghuo.modules.sensing.reading_store import Found, Overtaken, StoreAway, Stored, Wanted, by_time
from wanghuo.modules.sensing.segments import quoted, small_engine
from wanghuo.modules.sensing.server_days import DAY_MS, Connection
from wanghuo.modules.sensing.tally import Rows

T = TypeVar("T")
OPEN_DAYS = 2
"""The newest days stay rows: devices that were away for a while may still report for them."""

_TABLES = """
CREATE TABLE reading_writer (one boolean PRIMARY KEY DEFAULT true CHECK (one), holder uuid, through bigint NOT NULL, rows bigint NOT NULL);
INSERT INTO reading_writer VALUES (true, NULL, 0, 0);
CREATE TABLE reading_key (number integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, key text NOT NULL UNIQUE);
CREATE TABLE reading_row (at_ms bigint NOT NULL, value bigint NOT NULL, slot integer NOT NULL, key integer NOT NULL,
    quantity integer NOT NULL) PARTITION BY RANGE (at_ms);
CREATE INDEX reading_row_slot ON reading_row (slot, at_ms);
CREATE TABLE reading_block (day_ms bigint NOT NULL, slot integer NOT NULL, key integer NOT NULL, quantity integer NOT NULL,
    at integer[] NOT NULL, value bigint[] NOT NULL) PARTITION BY RANGE (day_ms);
CREATE INDEX reading_block_slot ON reading_block (slot);
"""

_WIRE = np.dtype(
    [("fields", ">i2")]
    + [
        field
        for name, kind in (("at_ms", ">i8"), ("value", ">i8"), ("slot", ">i4"), ("key", ">i4"), ("quantity", ">i4"))
        for field in ((f"{name}_size", ">i4"), (name, kind))
    ]
)
"""A row in PostgreSQL's binary COPY: the number of its fields, and each field behind its length."""
_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_AT_ONCE = 200_000  # rows of an export that are taken together


class ServerStore:
    """Readings in the tables of a database server. As `ReadingStore`; threads take turns."""

    def __init__(self, address: str, beside: Callable[[], int] = lambda: 0) -> None:
        """`beside`: the last batch whose readings lie elsewhere (in the folder of before): it is not written a second time."""
        self._address, self._holder, self._beside = address, uuid4(), beside
        self._lock = threading.RLock()
        self._open: Connection | None = None

    def begin(self) -> int:
        """Make this the run that writes: whoever wrote before is through or will be refused; gives the last batch there."""
        with self._connected() as connection:
            sign = "UPDATE reading_writer SET holder = %s, through = greatest(through, %s) RETURNING through"
            return int(_one(connection, sign, (self._holder, self._beside()))[0])

    def write(self, rows: Rows, first: int, last: int) -> None:
        """Copy the rows in, unless an earlier attempt was successful after all. Raises StoreAway, Overtaken."""
        if not len(rows):
            return
        columns = _columns(rows)
        days = [int(day) for day in np.unique(columns["at_ms"] // DAY_MS)]
        with self._connected() as connection, connection.transaction():
            holder, through = _one(connection, "SELECT holder, through FROM reading_writer FOR UPDATE")
            if holder != self._holder or first <= through < last:
                raise Overtaken(f"batches {first} to {last}: another run has kept up to {through}")
            if through >= last:
                return
            server_days.make(connection, days)
            numbers = numbers_of(connection, rows.keys)
            columns["key"] = np.array([numbers[key] for key in rows.keys], np.int32)[columns["key"]]
            with connection.cursor().copy("COPY reading_row FROM STDIN (FORMAT binary)") as copy:
                for part in wire_of(columns):
                    copy.write(part)
            kept = (last, len(rows))
            connection.execute("UPDATE reading_writer SET through = %s, rows = rows + %s", kept)

    def rows(self, wanted: Wanted, most: int) -> list[Found]:
        """The rows of one device, by time; the newest `most` of them."""
        select = f"SELECT key, quantity, at_ms, value FROM reading {_where(wanted)} ORDER BY at_ms DESC LIMIT %s"
        told = self._read(lambda connection: connection.execute(select, (most,)).fetchall())
        return sorted(((k, q, at, v) for k, q, at, v in told), key=by_time)

    def count(self, wanted: Wanted) -> int:
        """How many rows there are."""
        return self._read(lambda connection: int(_one(connection, f"SELECT count(*) FROM reading {_where(wanted)}")[0]))

    def export(self, wanted: Wanted, path: Path, tables: Mapping[str, Any], select: str, options: str) -> None:
        """Write what `select` makes of `{rows}` and of `tables` to a file. `options`: of DuckDB's COPY."""
        with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as spill, small_engine() as engine:
            engine.execute(f"SET temp_directory = '{quoted(Path(spill))}'")
            for name, table in tables.items():
                engine.register(name, table)
            engine.execute(
                "CREATE TEMP TABLE found (at_ms BIGINT, value BIGINT, slot INTEGER, number INTEGER, quantity INTEGER)"
            )
            engine.execute("CREATE TEMP TABLE keys (number INTEGER, key VARCHAR)")
            with self._connected() as connection:
                for part in taken(connection, wanted):
                    engine.register("part", part)
                    engine.execute("INSERT INTO found SELECT at_ms, value, slot, key, quantity FROM part")
                    engine.unregister("part")
                if keys := connection.execute("SELECT number, key FROM reading_key").fetchall():
                    engine.executemany("INSERT INTO keys VALUES (?, ?)", keys)
            rows = "(SELECT slot, key, quantity, at_ms, value FROM found JOIN keys USING (number))"
            engine.execute(f"COPY ({select.format(rows=rows)}) TO '{quoted(path)}' ({options})")

    def merge(self, through: int) -> int:
        """Pack the days that are over; gives how many. `through` is of no matter: days do not follow batches. Nobody waits for it."""
        with self.another() as connection:
            return server_days.pack_all(connection, OPEN_DAYS)

    def forget(self, before_s: int) -> int:
        """Drop the days in which everything is older than `before_s`; gives the rows."""
        gone = 0
        packed = ("reading_block", "coalesce(sum(cardinality(at)), 0)")
        with self._connected() as connection:
            for table, size in (("reading_row", "count(*)"), ("reading_aside", "count(*)"), packed):
                for day in server_days.days_of(connection, table):
                    if (day + 1) * DAY_MS <= before_s * 1000:
                        gone += server_days.drop(connection, f"{table}_{day}", size)
        return gone

    def keep_through(self, batch: int) -> None:
        """Readings up to this batch are there, or on their way: ingest need not write them."""
        with self._connected() as connection:
            connection.execute("UPDATE reading_writer SET through = greatest(through, %s)", (batch,))

    def days(self) -> list[int]:
        """The days (since 1970 UTC) of which there are readings."""
        with self._connected() as connection:
            parts = sorted((day, part) for part in _PARTED for day in server_days.days_of(connection, part))
            any_rows = "SELECT EXISTS (SELECT FROM {0}_{1})"
            return sorted({day for day, part in parts if _one(connection, any_rows.format(part, day))[0]})

    def stored(self) -> Stored:
        """What the writer said, and what the tables take."""
        with self._connected() as connection:
            days = {day for table in _PARTED for day in server_days.days_of(connection, table)}
            through, rows = _one(connection, "SELECT through, rows FROM reading_writer")
            (size,) = _one(connection, _SIZE)
            return Stored(len(days), rows, int(size), through, ())

    def close(self) -> None:
        """Leave the server; the next act comes back."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _read(self, act: Callable[[Connection], T]) -> T:
        """Ask; on a fresh connection when the old one turns out to be dead."""
        for last_try in (False, True):
            try:
                with self._connected() as connection:
                    return act(connection)
            except StoreAway:
                if last_try:
                    raise
        raise AssertionError("unreachable")

    @contextlib.contextmanager
    def another(self) -> Iterator[Connection]:
        """A connection of one's own, for what takes long. Raises StoreAway."""
        with self._connected():
            pass  # so that the tables are there
        try:
            with psycopg.connect(self._address, autocommit=True, **_PATIENCE) as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreAway from error

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        with self._lock:
            try:
                if self._open is None or self._open.closed:
                    self._open = psycopg.connect(self._address, autocommit=True, **_PATIENCE)
                    _prepare(self._open)
                yield self._open
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                self.close()
                raise StoreAway from error


_PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""A server that fell silent is given up after half a minute."""
_SIZE = """SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits
WHERE inhparent IN ('reading_row'::regclass, 'reading_aside'::regclass, 'reading_block'::regclass)"""
_PARTED = ("reading_row", "reading_aside", "reading_block")


def _one(connection: Connection, select: str, known: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    row = connection.execute(select, known).fetchone()
    if row is None:
        raise LookupError(select)
    return row


def _prepare(connection: Connection) -> None:
    """Make the tables where they are not there yet."""
    newest = "SELECT to_regclass('reading_moved') IS NOT NULL"
    if _one(connection, newest)[0]:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (server_days.LOCKS,))
        if not _one(connection, "SELECT to_regclass('reading_writer') IS NOT NULL")[0]:
            connection.execute(_TABLES)
        if not _one(connection, newest)[0]:
            connection.execute(server_days.LATER)


def _columns(rows: Rows) -> dict[str, npt.NDArray[Any]]:
    """The readings by device and time: so an index takes them in order."""
    columns = {name: np.asarray(getattr(rows, name)) for name in ("at_ms", "value", "slot", "key", "quantity")}
    order = np.lexsort((columns["at_ms"], columns["slot"]))
    return {name: column[order] for name, column in columns.items()}


def wire_of(columns: Mapping[str, npt.NDArray[Any]]) -> tuple[bytes, bytes, bytes]:
    """Rows as PostgreSQL's binary COPY into `reading_row`."""
    wire = np.empty(len(columns["slot"]), _WIRE)
    wire["fields"] = len(columns)
    for name, column in columns.items():
        wire[name], wire[f"{name}_size"] = column, wire.dtype[name].itemsize
    return _HEAD, wire.tobytes(), _TAIL


def taken(connection: Connection, wanted: Wanted) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """The rows, some at a time, as columns that DuckDB reads."""
    select = f"SELECT at_ms, value, slot, number, quantity FROM reading {_where(wanted)}"
    some: list[bytes] = []
    with connection.cursor().copy(f"COPY ({select}) TO STDOUT (FORMAT binary)") as copy:
        for message in copy:
            row = bytes(message)
            some.append(row[len(_HEAD) :] if row.startswith(_HEAD) else row)
            if len(some) == _AT_ONCE:
                yield _parsed(b"".join(some))
                some.clear()
    yield _parsed(b"".join(some).removesuffix(_TAIL))


def _parsed(wire: bytes) -> dict[str, npt.NDArray[Any]]:
    rows = np.frombuffer(wire, _WIRE)
    names = ("at_ms", "value", "slot", "key", "quantity")
    return {name: rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in names}


def _where(wanted: Wanted) -> str:
    """`day_ms` says the same as `at_ms`, for the days that were packed."""
    from_ms, to_ms = int(wanted.from_ms), int(wanted.to_ms)
    parts = [f"at_ms >= {from_ms}", f"at_ms < {to_ms}", f"day_ms > {from_ms - DAY_MS}", f"day_ms < {to_ms}"]
    if wanted.slot is not None:
        parts.append(f"slot = {int(wanted.slot)}")
    if wanted.quantity is not None:
        parts.append(f"quantity = {int(wanted.quantity)}")
    return "WHERE " + " AND ".join(parts)


def numbers_of(connection: Connection, keys: list[str]) -> dict[str, int]:
    """The number of each reporter's key."""
    select = "SELECT key, number FROM reading_key WHERE key = ANY(%s)"
    known: dict[str, int] = dict(connection.execute(select, (keys,)).fetchall())
    if missing := [key for key in keys if key not in known]:
        connection.execute("INSERT INTO reading_key (key) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", (missing,))
        known |= dict(connection.execute(select, (missing,)).fetchall())
    return known
