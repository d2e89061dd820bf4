"""Moving the readings of a folder to a database server, and back: day by day, each once, whatever dies in between. No Django here.

What a day holds is counted and summed up for each device where it left and where it arrived, and nothing is deleted before all of it is
there. A file in the folder says that a move is on its way, so that it is taken up again where it stopped.
"""

# ruff: noqa: S608 — DuckDB takes no parameters in COPY; what stands in its statements are numbers and quoted file names

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import duckdb
import numpy as np

from wanghuo.base import AppError, Text
from wanghuo.kernel.files.durable import sync
from wanghuo.modules.sensing import segments, server_days
from wanghuo.modules.sensing.reading_server import ServerStore, numbers_of, taken, wire_of
from wanghuo.modules.sensing.reading_store import Wanted
from wanghuo.modules.sensing.segments import Segment, from_files, small_engine
from wanghuo.modules.sensing.server_days import DAY_MS, Connection, NotTheSame, Part, Sum

AT_ONCE = 500_000  # rows that are taken together
Tell = Callable[[int, int, int], None]
"""Hears of each day that is there: its number since 1970 UTC, how many days are done, of how many."""


class Repeated(AppError):
    """A folder holds batches in two files."""

    code = "sensing.history_repeated"
    status = 409
    text = Text(
        "{folder} 中有重复的批次（{batches}），不能迁移；请先用 wanghuo history check 查明。",
        "{folder} holds batches twice ({batches}) and is not moved; look with `wanghuo history check` first.",
    )


class OtherWay(AppError):
    """A move in the other direction is on its way."""

    code = "sensing.history_other_way"
    status = 409
    text = Text(
        "{folder} 还有一次相反方向的迁移未完成，请先完成它。",
        "A move in the other direction is on its way in {folder}; finish that one first.",
    )


class NotMoved(AppError):
    """What arrived is not what left."""

    code = "sensing.history_not_moved"
    status = 500
    text = Text(
        "迁移后的读数与原处不符（{what}）；原处的读数未删除。",
        "What arrived is not what left ({what}); nothing was deleted where it was.",
    )


class NoRoom(AppError):
    """The folder cannot name files for the days of the server."""

    code = "sensing.history_no_numbers"
    status = 409
    text = Text(
        "服务器上的 {days} 天读数写到日志批次 {through}，而文件夹已写到批次 {last}：无法编号，不能迁回。",
        "The {days} days on the server reach batch {through} of the journal, the folder already batch {last}: their files cannot be numbered.",
    )


class Moved(NamedTuple):
    """What a move has done: days, and readings."""

    days: int
    rows: int


@dataclass(slots=True)
class Move:
    """A move on its way. `leaving`: from the folder. `checked`: all is there, and what is left behind may be deleted. `days`: of the
    server, with the last batch that a file of each is named by."""

    leaving: bool
    id: str = field(default_factory=lambda: str(uuid4()))
    checked: bool = False
    days: list[tuple[int, int, int]] = field(default_factory=list)

    def keep(self, folder: Path) -> None:
        """Write it down."""
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f"{segments.MOVING}.new"
        beside.write_text(json.dumps(asdict(self)), "utf-8")
        sync(beside)
        beside.rename(folder / segments.MOVING)
        sync(folder)


def _under_way(folder: Path, *, leaving: bool) -> Move | None:
    path = folder / segments.MOVING
    if not path.exists():
        return None
    told = json.loads(path.read_text("utf-8"))
    move = Move(**told | {"days": [(day, first, last) for day, first, last in told["days"]]})
    if move.leaving != leaving:
        raise OtherWay(folder=folder)
    return move


def to_server(folder: Path, store: ServerStore, tell: Tell = lambda *_: None) -> Moved:
    """Move all readings of a folder to a server. Nobody may write to the folder; who tries is refused until the end, and after it
    begins anew. Raises Repeated, OtherWay, NotMoved, StoreAway."""
    if batches := segments.twice(folder):
        raise Repeated(folder=folder, batches=batches)
    known = segments.segments(folder)
    move = _under_way(folder, leaving=True) or Move(leaving=True)
    if not move.checked:
        if not known:
            return Moved(0, 0)
        move.keep(folder)
        with store.another() as connection:
            store.keep_through(segments.last_batch(folder))
            done = _days_to_server(known, connection, UUID(move.id), tell)
        if (there := sum(done.values())) != (here := sum(s.rows for s in known)):
            raise NotMoved(what=f"{here} → {there}")
        move.checked = True
        move.keep(folder)
    with store.another() as connection:
        done = server_days.moved(connection, UUID(move.id))
    for segment in known:
        segment.path.unlink(missing_ok=True)
    (folder / segments.MOVING).unlink()
    return Moved(len(done), sum(done.values()))


def _days_to_server(known: Sequence[Segment], connection: Connection, move: UUID, tell: Tell) -> dict[int, int]:
    days = sorted({day for s in known for day in range(s.from_s // 86_400, s.to_s // 86_400 + 1)})
    done = server_days.moved(connection, move)
    for place, day in enumerate(days, 1):
        if day not in done:
            files = [s for s in known if s.from_s < (day + 1) * 86_400 and s.to_s >= day * 86_400]
            numbers = numbers_of(connection, _keys(files))
            try:
                done[day] = server_days.receive(connection, move, day, partial(_parts, files, day, numbers))
            except NotTheSame as error:
                raise NotMoved(what=error) from error
        tell(day, place, len(days))
    return done


def _keys(files: Sequence[Segment]) -> list[str]:
    with small_engine() as engine:
        return [key for (key,) in engine.execute(f"SELECT DISTINCT key FROM {from_files(files)}").fetchall()]


def _parts(files: Sequence[Segment], day: int, numbers: Mapping[str, int]) -> Iterator[Part]:
    """The rows of a day, some devices at a time."""
    rows = f"(SELECT * FROM {from_files(files)} WHERE at_ms >= {day * DAY_MS} AND at_ms < {(day + 1) * DAY_MS})"
    with small_engine() as engine:
        sums = _sums(engine, rows)
        while sums:
            count, some = 0, 0
            while some < len(sums) and (some == 0 or count + sums[some].rows <= AT_ONCE):
                count, some = count + sums[some].rows, some + 1
            mine, sums = sums[:some], sums[some:]
            between = f"slot BETWEEN {mine[0].slot} AND {mine[-1].slot}"
            columns = engine.execute(
                f"SELECT at_ms, value, slot, key, quantity FROM {rows} WHERE {between} ORDER BY slot, key, quantity, at_ms"
            ).fetchnumpy()
            names, places = np.unique(np.asarray(columns["key"], str), return_inverse=True)
            columns["key"] = np.array([numbers[str(name)] for name in names], np.int32)[places]
            yield Part(mine[0].slot, mine[-1].slot, wire_of(columns), mine)


def _sums(engine: duckdb.DuckDBPyConnection, rows: str) -> list[Sum]:
    select = f"SELECT slot, count(*), sum(at_ms)::BIGINT, sum(value)::VARCHAR FROM {rows} GROUP BY slot ORDER BY slot"
    return [Sum(slot, count, at, int(value)) for slot, count, at, value in engine.execute(select).fetchall()]


def to_folder(store: ServerStore, folder: Path, tell: Tell = lambda *_: None) -> Moved:
    """Move all readings of a server to a folder, a file for each day. Whoever wrote to the server is refused from now on.

    Raises OtherWay, NoRoom, NotMoved, StoreAway.
    """
    through, rows = store.begin(), 0
    move = _under_way(folder, leaving=False)
    if move is None:
        move = Move(leaving=False, days=_numbered(store.days(), segments.segments(folder), through))
        if not move.days:
            return Moved(0, 0)
        move.keep(folder)
    if not move.checked:
        with store.another() as connection:
            for place, (day, first, last) in enumerate(move.days, 1):
                rows += _day_to_folder(connection, folder, day, first, last)
                tell(day, place, len(move.days))
        if rows != store.stored().rows:
            raise NotMoved(what=f"{store.stored().rows} → {rows}")
        move.checked = True
        move.keep(folder)
    store.forget((max(day for day, _, _ in move.days) + 1) * 86_400)
    (folder / segments.MOVING).unlink()
    return Moved(len(move.days), rows or sum(s.rows for s in _files_of(folder, move.days)))


def _numbered(days: Sequence[int], known: Sequence[Segment], through: int) -> list[tuple[int, int, int]]:
    """Each day with the batches by which its file is named: behind those of the folder, and up to the last that the server kept, so
    that ingest goes on behind them."""
    last = max((s.last for s in known), default=0)
    if days and through - last < len(days):
        raise NoRoom(days=len(days), through=through, last=last)
    firsts = range(last + 1, last + 1 + len(days))
    return [(day, n, through if day == days[-1] else n) for day, n in zip(days, firsts, strict=True)]


def _files_of(folder: Path, days: Sequence[tuple[int, int, int]]) -> list[Segment]:
    named = {(first, last) for _, first, last in days}
    return [s for s in segments.segments(folder) if (s.first, s.last) in named]


def _day_to_folder(connection: Connection, folder: Path, day: int, first: int, last: int) -> int:
    """Write the file of a day unless it is there, and hold it against the server; gives its rows."""
    wanted = Wanted(day * DAY_MS, (day + 1) * DAY_MS)
    there = _files_of(folder, [(day, first, last)])
    with small_engine() as engine:
        if not there:
            there = [_written(engine, connection, wanted, folder, first, last)]
        here = _sums(engine, from_files(there))
    if here != (sent := _sums_there(connection, wanted)):
        there[0].path.unlink()
        different = next((a or b) for a, b in zip([*sent, None], [*here, None], strict=False) if a != b)
        raise NotMoved(what=different)
    return there[0].rows


def _written(
    engine: duckdb.DuckDBPyConnection, connection: Connection, wanted: Wanted, folder: Path, first: int, last: int
) -> Segment:
    engine.execute(f"SET temp_directory = '{segments.quoted(folder)}/.spill'")
    engine.execute("CREATE TABLE found (at_ms BIGINT, value BIGINT, slot INTEGER, number INTEGER, quantity USMALLINT)")
    for part in taken(connection, wanted):
        _append(engine, part)
    engine.execute("CREATE TABLE keys (number INTEGER, key VARCHAR)")
    engine.executemany(
        "INSERT INTO keys VALUES (?, ?)", connection.execute("SELECT number, key FROM reading_key").fetchall()
    )
    rows, begin, end = engine.execute("SELECT count(*), min(at_ms), max(at_ms) FROM found").fetchall()[0]
    segment = segments.named(folder, first, last, begin // 1000, end // 1000, rows)
    select = "SELECT slot, key, quantity, at_ms, value FROM found JOIN keys USING (number) ORDER BY slot, key, quantity, at_ms"
    segments.copy_to(engine, select, segment, ".moving")
    return segment


def _append(engine: duckdb.DuckDBPyConnection, part: Mapping[str, Any]) -> None:
    engine.register("part", part)
    engine.execute("INSERT INTO found SELECT at_ms, value, slot, key, quantity FROM part")
    engine.unregister("part")


def _sums_there(connection: Connection, wanted: Wanted) -> list[Sum]:
    select = "SELECT slot, count(*), sum(at_ms)::bigint, sum(value)::numeric FROM reading WHERE day_ms = %s GROUP BY slot ORDER BY slot"
    rows = connection.execute(select, (wanted.from_ms,)).fetchall()
    return [Sum(slot, count, at, int(value)) for slot, count, at, value in rows]
