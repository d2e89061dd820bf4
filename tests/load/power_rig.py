"""R2: the power fails at every step of the journal's life: what was not synced is lost, reordered or torn.

The journal's own `Writer`, `Checkpointer` and pruning run over a file system that remembers each write, truncation and
sync (an APSW VFS), with the same SQL and settings as in service. From what it remembers, disk images are made: all up
to a file's last sync is there; of what came after, each sector of 512 bytes is there or not, in whatever order, and
space that was taken but not written may hold anything. Each image is opened as after a power cut, by code that shares
nothing with the journal: every acknowledged batch must be there unharmed, no id may be given twice, and the file must
be sound.

Not modelled: a directory entry that is lost (files are taken to exist once they were made), and a disk that lies about
a sync.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import apsw

from tests.load import deployment
from tests.load.rig import Result, Rig, Size, broken

SECTOR = 512
LIFE_LOG_PAGES = 6  # instead of thousands: a short life has many returns to the log's beginning
MAIN, LOG = "journal.sqlite3", "journal.sqlite3-wal"


class Op(NamedTuple):
    """What was done to a file (write, truncate, sync, delete), or an event of the life: `acked` (a commit returned),
    `pruning` (batches up to this one may go from now on)."""

    what: str
    file: str = ""
    at: int = 0
    data: bytes = b""


class RecordedFile(apsw.VFSFile):
    """A file of SQLite; its bytes lie in an ordinary file."""

    def __init__(self, ops: list[Op], name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self.ops, self.name = ops, Path(name.filename() if isinstance(name, apsw.URIFilename) else name).name

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self.ops.append(Op("write", self.name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self.ops.append(Op("truncate", self.name, size))

    def xSync(self, flags: int) -> None:
        self.ops.append(Op("sync", self.name))  # remembered, not done: the files lie in memory


class Recorder(apsw.VFS):
    """The file system of the machine, remembering; APSW's default from now on."""

    def __init__(self, ops: list[Op]) -> None:
        super().__init__("recorder", "unix", makedefault=True)
        self.ops = ops

    def xOpen(self, name: Any, flags: list[int]) -> RecordedFile:
        return RecordedFile(self.ops, name, flags)

    def xDelete(self, path: str, sync: bool) -> None:
        super().xDelete(path, sync)
        self.ops.append(Op("delete", Path(path).name))


class Cursor:
    """The result of a statement, as `sqlite3` gives it."""

    def __init__(self, connection: apsw.Connection, rows: list[Any]) -> None:
        self._rows = rows
        self.lastrowid, self.rowcount = connection.last_insert_rowid(), connection.changes()

    def fetchone(self) -> Any:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


class Connection:
    """APSW with the face of `sqlite3.Connection`, as far as the journal uses it."""

    def __init__(self, address: str, plant: str) -> None:
        self._apsw, self._plant = apsw.Connection(address), plant
        self._apsw.set_busy_timeout(20_000)

    def execute(self, sql: str, values: Any = ()) -> Cursor:
        """Run one statement to its end."""
        if self._plant == "synchronous-normal":
            sql = sql.replace("synchronous = FULL", "synchronous = NORMAL")
        try:
            return Cursor(self._apsw, self._apsw.execute(sql, values).fetchall())
        except (apsw.BusyError, apsw.FullError) as error:
            raise sqlite3.OperationalError(str(error)) from error

    def executescript(self, sql: str) -> None:
        """Run several."""
        self._apsw.execute(sql).fetchall()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._apsw.in_transaction

    def close(self) -> None:
        """Close it."""
        self._apsw.close()


def life(folder: Path, rng: random.Random, commits: int, plant: str) -> tuple[list[Op], dict[int, bytes]]:
    """One life of a journal: two processes commit, the log is copied back, old batches are pruned. Gives what was done
    to the files, and each batch by its id."""
    from wanghuo.modules.sensing import journal

    ops: list[Op] = []
    recorder = Recorder(ops)
    fake = SimpleNamespace(**{**vars(sqlite3), "connect": lambda address, **known: Connection(address, plant)})
    kept = journal.LOG_PAGES
    journal.sqlite3, journal.LOG_PAGES = fake, LIFE_LOG_PAGES  # type: ignore[attr-defined]
    try:
        return ops, _commits(journal, folder / MAIN, rng, commits, ops)
    finally:
        journal.sqlite3, journal.LOG_PAGES = sqlite3, kept  # type: ignore[attr-defined]
        recorder.unregister()


def _commits(journal: Any, path: Path, rng: random.Random, commits: int, ops: list[Op]) -> dict[int, bytes]:
    batches: dict[int, bytes] = {}
    writers = [journal.Writer(path, f"writer-{n}", checkpoints=False) for n in range(2)]
    copier = journal.Checkpointer(writers[0])
    for number in range(1, commits + 1):
        columns = journal.Columns.empty()
        for _ in range(rng.choice((1, 1, 1, 4, 40))):
            columns.add(number * 1000, rng.randrange(9), 0, 0, rng.randbytes(rng.randrange(30, 200)))
        opened = [journal.OpenedLink(number, "10.1.2.3:4", number)] if rng.random() < 0.3 else []
        id = rng.choice(writers).commit(columns, urgent=rng.random() < 0.2, opened=opened)
        batches[id] = columns.pack()
        ops.append(Op("acked", at=id))
        if rng.random() < 0.2:
            copier.run()
        if rng.random() < 0.05:
            through = rng.randrange(id)
            ops.append(Op("pruning", at=through))
            writers[0].prune(before_us=through * 1000, through=through)
    copier.close()
    for writer in writers:
        writer.close()
    return batches


class Cut:
    """The disk at a moment, while the steps of a life go by: what is surely there, and what is on its way."""

    def __init__(self) -> None:
        self.durable: dict[str, bytearray] = {}
        self.pending: dict[str, list[Op]] = {}
        self.acked: set[int] = set()
        self.pruned_through = 0

    def step(self, op: Op) -> None:
        """Go on by one step."""
        if op.what == "acked":
            self.acked.add(op.at)
        elif op.what == "pruning":
            self.pruned_through = max(self.pruned_through, op.at)
        elif op.what == "delete":
            self.durable.pop(op.file, None)
            self.pending.pop(op.file, None)
        elif op.what == "sync":
            for earlier in self.pending.pop(op.file, []):
                _apply(self.durable.setdefault(op.file, bytearray()), earlier)
        else:
            self.durable.setdefault(op.file, bytearray())
            self.pending.setdefault(op.file, []).append(op)

    def image(self, rng: random.Random) -> dict[str, bytes]:
        """The files as the power cut may have left them."""
        share, garbage = rng.choice((0.0, 0.5, 0.5, 0.9, 1.0)), rng.random() < 0.2
        found = {}
        for name, durable in self.durable.items():
            data = bytearray(durable)
            for op in self.pending.get(name, ()):
                if op.what == "truncate":
                    if rng.random() < share:
                        _apply(data, op)
                    continue
                for piece in _sectors(op):
                    if rng.random() < share:
                        _apply(data, piece)
                    elif garbage and piece.at + len(piece.data) > len(data):
                        _apply(data, piece._replace(data=rng.randbytes(len(piece.data))))
            found[name] = bytes(data)
        return found


def _apply(data: bytearray, op: Op) -> None:
    if op.what == "truncate":
        del data[op.at :]
        return
    if op.at > len(data):
        data.extend(bytes(op.at - len(data)))
    data[op.at : op.at + len(op.data)] = op.data


def _sectors(op: Op) -> Iterator[Op]:
    at, end = op.at, op.at + len(op.data)
    while at < end:
        stop = min(end, at - at % SECTOR + SECTOR)
        yield op._replace(at=at, data=op.data[at - op.at : stop - op.at])
        at = stop


@dataclass
class Verdicts:
    """What was found in the images."""

    images: int = 0
    with_loss: int = 0
    lost: int = 0
    changed: int = 0
    corrupt: int = 0
    reused: int = 0

    def add(self, other: Verdicts) -> None:
        """Sum up."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def judge(folder: Path, image: dict[str, bytes], cut: Cut, batches: dict[int, bytes], found: Verdicts) -> None:
    """Open an image as after a power cut, and compare it with what was acknowledged."""
    for path in folder.iterdir():
        path.unlink()
    for name, data in image.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(data)
    found.images += 1
    expected = {id for id in cut.acked if id > cut.pruned_through}
    connection = sqlite3.connect(folder / MAIN)
    try:
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        there = bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'batch'").fetchone())
        rows = dict(connection.execute("SELECT id, data FROM batch")) if there else {}
        last = connection.execute("SELECT max(seq) FROM sqlite_sequence").fetchone()[0] if there else 0
    except sqlite3.DatabaseError:
        found.corrupt += 1
        return
    finally:
        connection.close()
    found.corrupt += not sound
    missing = len(expected - rows.keys())
    found.lost += missing
    found.with_loss += missing > 0
    found.changed += sum(data != batches.get(id) for id, data in rows.items())
    found.reused += (last or 0) < max(cut.acked, default=0)


def lives(task: tuple[int, int, int, str]) -> Verdicts:
    """Lives and their images until there are enough: the work of one process."""
    seed, images, commits, plant = task
    rng, found = random.Random(seed), Verdicts()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        while found.images < images:
            alive, dead = Path(folder) / "alive", Path(folder) / "dead"
            for path in (alive, dead):
                path.mkdir(exist_ok=True)
                for old in path.iterdir():
                    old.unlink()
            ops, batches = life(alive, rng, commits, plant)
            cut = Cut()
            for op in ops:
                cut.step(op)
                if op.what not in ("acked", "pruning") or rng.random() < 0.5:
                    judge(dead, cut.image(rng), cut, batches, found)
    return found


def settings_in_service(home: Path) -> tuple[str, ...]:
    """What the journal, and the platform's database (with the audit log in it), really run with."""
    from django.db import connection

    from wanghuo.modules.sensing import journal

    writer = journal.Writer(home / MAIN, "settings", checkpoints=False)
    pairs = {"journal": writer._connection.execute, "database": connection.cursor().execute}
    found = {}
    for name, execute in pairs.items():
        level, mode = (execute(f"PRAGMA {what}").fetchone()[0] for what in ("synchronous", "journal_mode"))
        if (level, mode) != (2, "wal"):
            found[name] = f"synchronous {level}, {mode}"
    writer.close()
    return broken(**found)


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """The whole run."""
    deployment.open_home(home, tables=False)
    failures = settings_in_service(home)
    rng = random.Random(seed)
    tasks = [(rng.randrange(1 << 40), size["images"] // 2, size["commits"], plant) for _ in range(2)]
    total = Verdicts()
    with get_context("spawn").Pool(2) as pool:
        for found in pool.map(lives, tasks):
            total.add(found)
    failures += broken(lost=total.lost, changed=total.changed, corrupt=total.corrupt, ids_given_twice=total.reused)
    return Result(vars(total), failures)


RIGS = {
    "R2": Rig(
        "R2",
        "power cut at every write of the journal: un-synced sectors lost, reordered, torn at 512 B",
        run,
        floor={"images": 100_000, "commits": 60},
        small={"images": 2_000, "commits": 30},
        minutes=4,
        plants=("synchronous-normal",),
    )
}
