"""R4: PostgreSQL is stopped at once and started again, over and over, under load; then it is away for long.

A server of our own, with everything but its files on a real disk's sync. Devices must be confirmed all the while, from
the journal; once the database is back each fire must be one signal and one alarm, and what a person was answered is
there.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.load import crash_rig, deployment
from tests.load.deployment import Process
from tests.load.disk_rig import wait
from tests.load.fleet import FIRST_SOURCE, Fleet, Load
from tests.load.rig import Result, Rig, Size, broken

LONGEST_GAP_S = 5.0
ALARMS_AGAIN_S = 60.0  # a figure, in which the running deployment shows that it goes on by itself


class Server:
    """The PostgreSQL of `tools.dev.postgres`, to be stopped and started."""

    def __init__(self, url: str) -> None:
        self.folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._control = [*as_user, str(programs / "pg_ctl"), "-D", str(self.folder / "data"), "-w", "-m", "immediate"]
        self._options = (self.folder / "data/postmaster.opts").read_text().split(" ", 1)[1].replace('"', "").strip()

    def stop(self) -> None:
        """As after a crash: nothing is written down."""
        self._run("stop")

    def start(self) -> None:
        """Start it, and wait until it has recovered."""
        self._run("-l", str(self.folder / "log"), "-o", self._options, "start")

    def _run(self, *arguments: str) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*self._control, *arguments], cwd=self.folder, check=True, **quiet)


def lazy_commits() -> None:
    """Connections that do not wait for the server's disk: what they committed dies with the server."""
    from django.db.backends.signals import connection_created

    def prepare(sender: object, connection: Any, **known: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")

    connection_created.connect(prepare, weak=False)


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """The whole run."""
    from tools.dev import postgres

    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return Result(skipped="needs PostgreSQL")
    with postgres() as url:
        subprocess.run(["createdb", "-h", str(Server(url).folder), "-U", "wanghuo", "wanghuo"], check=False)
        return under_load(seed, home, size, plant, url)


def alarms() -> int:
    """How many alarms stand in the database; -1 while it is away."""
    try:
        return int(deployment.rows(Path(), "SELECT count(*) FROM alarms_alarm")[0][0])
    except OSError:
        return -1


def under_load(seed: int, home: Path, size: Size, plant: str, url: str) -> Result:
    """Restarts, the long absence, and the comparison."""
    deployment.open_home(home, database=url)
    if plant:
        lazy_commits()
    deployment.add_devices(range(FIRST_SOURCE, FIRST_SOURCE + 16))
    from wanghuo.entrypoints.gateway.server import listening_socket
    from wanghuo.kernel.accounts.testing import make_user

    user = make_user("operator", "alarm_operator", "445281")
    deployment.close_connections()
    journal, rng, server = home / "journal.sqlite3", random.Random(seed), Server(url)
    sock = listening_socket("127.0.0.1:0")
    sock.listen(64)
    load = Load(4, 8, fire_every=400, pause_s=0.02)
    fleet = Fleet(sock.getsockname()[1], load, home / "acked")
    roles = {
        "gateway": deployment.gateway(journal, sock),
        "ingest": deployment.ingest(journal),
        "worker": deployment.worker,
        "web": crash_rig.browser(home, user.pk, database_may_go=True),
    }
    processes = {name: Process(name, role) for name, role in roles.items()}
    took, standstill = [0.0], 0
    try:
        for process in processes.values():
            process.ready_s()
        for _ in range(size["restarts"]):
            time.sleep(rng.uniform(0.05, 0.3))
            begun = time.monotonic()
            server.stop()
            server.start()
            took.append(time.monotonic() - begun)
        before = alarms()
        server.stop()
        for _ in range(size["away_s"]):
            confirmed = fleet.confirmed
            time.sleep(1)
            standstill += fleet.confirmed == confirmed
        server.start()
        back_s = wait(lambda: alarms() > before, ALARMS_AGAIN_S)
        fleet.stop()
        done = fleet.ended(60)
        died = [name for name, process in processes.items() if process.gone()]
    finally:
        fleet.kill()
        for name, process in processes.items():
            process.end_in_any_case(gently=name != "web")
        sock.close()
    deployment.settle(journal)
    figures, failures = crash_rig.check(home, fleet, load, alarms=True)
    figures |= {"first_alarm_after_s": round(back_s, 2)}
    figures |= {"restarts": size["restarts"], "away_s": size["away_s"], "slowest_restart_s": round(max(took), 2)}
    gap = fleet.longest_gap_s()
    figures["longest_without_confirm_s"] = gap
    return Result(
        figures,
        failures
        + broken(
            seconds_without_a_confirm=standstill,
            no_alarm_came_through_by_itself="none" if back_s >= ALARMS_AGAIN_S else "",
            gap=gap if gap > LONGEST_GAP_S else 0,
            died=died,
            unconfirmed="" if done else "some",
        ),
    )


RIGS = {
    "R4": Rig(
        "R4",
        "PostgreSQL stopped at once and started again, over and over, then away for long",
        run,
        floor={"restarts": 100, "away_s": 300},
        small={"restarts": 10, "away_s": 3},
        minutes=8,
        plants=("lazy-commits",),
        plant_size={"restarts": 40},
    )
}
