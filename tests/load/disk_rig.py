"""R3: the disk fills up, again and again, under load: journal, database, uploads and temporary files share it.

A file system of a few megabytes in memory is filled to a random last few bytes, with foreign bytes, while devices
report states and fires, ingest writes and a person uploads files; then it is emptied. Nothing that was acknowledged
may be lost, fires must go on for as long as the reserve lasts, uploads must be refused in words and taken again
afterwards, and everything must resume by itself. How many fires a slice of the reserve holds is counted, not waited
for.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.load import deployment, wire
from tests.load.crash_rig import check_alarms, said
from tests.load.deployment import Process, Role
from tests.load.fleet import FIRST_SOURCE, Fleet, Load
from tests.load.rig import Result, Rig, Size, broken, is_root

RESUMES_S = 5.0
ALARMS_A_SECOND, MINUTES = 50, 10
FIRES = 6_000_000  # the first address of the devices that report nothing but fires


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of so many megabytes, in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def free(disk: Path) -> int:
    """Bytes that are free."""
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


class Junk:
    """What somebody else keeps on the disk."""

    def __init__(self, disk: Path) -> None:
        self.path, self.disk = disk / "film", disk

    def fill(self, left: int) -> None:
        """Take all but so many bytes."""
        with self.path.open("ab") as file:
            while (more := free(self.disk) - left) >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), more)
                except OSError:  # somebody wrote meanwhile
                    continue

    def remove(self) -> None:
        """Give them back."""
        self.path.unlink(missing_ok=True)


def uploader(home: Path, told: Path) -> Role:
    """A person who attaches a picture again and again; each answer is written down outside the small disk."""

    def run(ready: Callable[[], None]) -> None:
        from django.core.files.uploadedfile import TemporaryUploadedFile

        from wanghuo.kernel.access.actor import system_actor
        from wanghuo.kernel.files.service import store
        from wanghuo.kernel.files.testing import Record, photo
        from wanghuo.kernel.ui.errors import is_full_disk

        bytes_, log = photo().read(), os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        actor = system_actor("rig")
        ready()
        while True:
            try:
                upload = TemporaryUploadedFile("photo.jpg", "image/jpeg", len(bytes_), None)
                upload.write(bytes_)
                upload.seek(0)
                row = store(upload, actor=actor, subject=Record(), view_right="hazards.view")
                word = f"kept {row.pk}"
            except Exception as error:
                word = "refused" if is_full_disk(error) else f"failed {type(error).__name__}: {error}"
            os.write(log, f"{word[:200]}\n".encode())
            time.sleep(0.05)

    return run


def swallowed_error() -> None:
    """A journal that takes a failed write for a written one."""
    from wanghuo.modules.sensing.journal import Writer

    commit = Writer.commit

    def careless(self: Writer, columns: Any, **known: Any) -> int:
        try:
            return commit(self, columns, **known)
        except sqlite3.Error:
            return 0

    Writer.commit = careless  # type: ignore[method-assign]


def wait(condition: Callable[[], bool], at_most_s: float) -> float:
    """Seconds until something is so; the limit when it never was."""
    begun = time.monotonic()
    while not condition() and time.monotonic() - begun < at_most_s:
        time.sleep(0.02)
    return time.monotonic() - begun


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """The whole run."""
    if not is_root():
        return Result(skipped="needs root, to mount a small file system")
    with small_disk(home / "disk", size["megabytes"]) as disk:
        return points(seed, home, disk, size, plant)


def points(seed: int, home: Path, disk: Path, size: Size, plant: str) -> Result:
    """Fill and empty the disk again and again; then compare."""
    (disk / "tmp").mkdir()
    tempfile.tempdir = str(disk / "tmp")
    deployment.open_home(disk)
    if plant == "swallowed-error":
        swallowed_error()
    deployment.add_devices([*range(FIRST_SOURCE, FIRST_SOURCE + 4), *range(FIRES, FIRES + 4)])
    from wanghuo.entrypoints.gateway.server import listening_socket

    rng, journal = random.Random(seed), disk / "journal.sqlite3"
    reserve_bytes = 0 if plant == "no-reserve" else size["reserve"]
    sock = listening_socket("127.0.0.1:0")
    sock.listen(64)
    port = sock.getsockname()[1]
    states = Fleet(port, Load(2, 8, fire_every=1 << 20, pause_s=0.02), home / "states")
    fires = Fleet(port, Load(2, 2, fire_every=1, pause_s=0.1, first_source=FIRES), home / "fires")
    roles = {
        "gateway": deployment.gateway(journal, sock, reserve_bytes=reserve_bytes),
        "ingest": deployment.ingest(journal),
        "worker": deployment.worker,
        "uploader": uploader(disk, home / "uploads"),
    }
    processes = {name: Process(name, role) for name, role in roles.items()}
    silent, resumed, junk = 0, [0.0], Junk(disk)
    try:
        for process in processes.values():
            process.ready_s()
        for _ in range(size["points"]):
            if reserve_bytes:
                wait(lambda: (disk / "journal.reserve").stat().st_size >= reserve_bytes, 5.0)
            time.sleep(rng.uniform(0.0, 0.2))
            junk.fill(rng.randrange(65_536))
            time.sleep(0.3)
            before = fires.confirmed
            time.sleep(rng.uniform(0.5, 0.9))
            silent += fires.confirmed == before
            if not refused(home):  # nobody uploaded in these moments, or it was small enough for what was left
                junk.fill(0)
                wait(lambda: refused(home), 5.0)
            junk.remove()
            so_far = states.confirmed
            resumed.append(wait(lambda: states.confirmed > so_far, RESUMES_S * 2))  # noqa: B023 - used at once
        for fleet in (states, fires):
            fleet.stop()
        done = sum(fleet.ended(30) for fleet in (states, fires)) == 2
        died = [name for name, process in processes.items() if process.gone()]
    finally:
        junk.remove()
        for fleet in (states, fires):
            fleet.kill()
        for name, process in processes.items():
            process.end_in_any_case(gently=name != "uploader")
        sock.close()
    deployment.settle(journal)
    figures, failures = compare(home, disk, (states, fires))
    figures |= {"points": size["points"], "slowest_back_s": round(max(resumed), 2), "left_mb": free(disk) >> 20}
    return Result(
        figures,
        failures
        + broken(
            points_without_a_fire_confirmed=silent,
            did_not_resume_in_time=sum(took > RESUMES_S for took in resumed),
            died=died,
            unconfirmed=0 if done else [fleet.unconfirmed() for fleet in (states, fires)],
        ),
    )


def refused(home: Path) -> bool:
    """Whether an upload was refused so far."""
    told = home / "uploads"
    return told.exists() and "refused" in told.read_text().splitlines()


def compare(home: Path, disk: Path, fleets: tuple[Fleet, ...]) -> tuple[dict[str, object], tuple[str, ...]]:
    """What was acknowledged, against what is there."""
    journal = disk / "journal.sqlite3"
    acked = set().union(*(fleet.acked() for fleet in fleets))
    stored = {wire.key_of(r.data) for r in wire.records(journal) if r.kind == wire.FRAME_KIND}
    told = (home / "uploads").read_text().splitlines()
    kept = {line.split()[1].replace("-", "") for line in told if line.startswith("kept")}
    rows = {row[0] for row in deployment.rows(disk, "SELECT id FROM files_file")}
    failed = [line for line in told if line.startswith("failed")]
    more, failures = check_alarms(disk, {key for key in stored if key[0] >= FIRES or key[1] == 0})
    figures = {"acked": len(acked), "uploads": len(kept), "uploads_refused": told.count("refused")} | more
    return figures, failures + broken(
        lost=len(acked - stored),
        journal=said(wire.integrity(journal)),
        uploads_lost=len(kept - rows),
        uploads_failed=failed[:3],
        no_upload_met_the_full_disk="" if "refused" in told else "none",
    )


def capacity(seed: int, home: Path, size: Size, plant: str) -> Result:
    """How many fires the reserve holds: a disk without a free byte, one fire a commit, until none goes in."""
    if not is_root():
        return Result(skipped="needs root, to mount a small file system")
    from wanghuo.entrypoints.gateway.limits import Limits
    from wanghuo.entrypoints.gateway.server import listening_socket

    deployment.open_home(home, tables=False)
    reserve = 0 if plant else Limits().reserve_bytes
    wanted = ALARMS_A_SECOND * 60 * size["minutes"]
    with small_disk(home / "disk", 2 * Limits().reserve_bytes // (1 << 20)) as disk:
        sock = listening_socket("127.0.0.1:0")
        sock.listen(64)
        gateway = Process("gateway", deployment.bare_gateway(disk / "journal.sqlite3", sock, reserve_bytes=reserve))
        gateway.ready_s()
        Junk(disk).fill(0)
        load = Load(1, 1, fire_every=1, first_source=FIRES)
        fleet = Fleet(sock.getsockname()[1], load, home / "fires")
        last, at = -1, time.monotonic()
        while fleet.confirmed < wanted and (fleet.confirmed != last or time.monotonic() - at < 3):
            if fleet.confirmed != last:
                last, at = fleet.confirmed, time.monotonic()
            time.sleep(0.05)
        count = fleet.confirmed
        left = (disk / "journal.reserve").stat().st_size if reserve else 0
        fleet.kill()
        gateway.end_in_any_case(gently=False)
        sock.close()
    figures = {"fires": count, "minutes": round(count / ALARMS_A_SECOND / 60, 1), "reserve_left_mb": left >> 20}
    return Result(figures, broken(fires_missing=max(0, wanted - count)))


RIGS = {
    "R3": Rig(
        "R3",
        "the disk full under load: journal, database, uploads and temporary files",
        run,
        floor={"points": 50, "megabytes": 192, "reserve": 8 << 20},
        small={"points": 4, "megabytes": 64, "reserve": 8 << 20},
        minutes=2.5,
        plants=("swallowed-error", "no-reserve"),
    ),
    "R3b": Rig(
        "R3b",
        "on a disk without a free byte the reserve holds 10 minutes of 50 alarms a second",
        capacity,
        floor={"minutes": MINUTES},
        small={"minutes": 1},
        minutes=1,
        plants=("no-reserve",),
    ),
}
