"""R15b: the clock of a running deployment is put wrong and right again, by a second to ten years, under load.

Gateway, ingest, worker and web run as they do elsewhere; Debian's libfaketime gives all of them the clock that a file
names, while the clock that is never set goes on. After each jump everything must be back within seconds: a frame
confirmed, a fire that became an alarm, a person's note answered, the work by the clock done. At the end nothing that was
confirmed is lost or doubled, also not by what deletes old things; each device's frames stand in the journal as it sent
them; no order to a device ended before its time; and nothing that goes by the clock ran more often than it may.
"""

from __future__ import annotations

import json
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from tests.load import crash_rig, deployment, wire
from tests.load.deployment import Process, Role
from tests.load.fleet import FIRST_SOURCE, Fleet, Load
from tests.load.rig import Result, Rig, Size, broken

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
YEARS_S = 10 * 365.25 * 86_400
ORDER_S = 90.0  # how long an order waits for its device
SILENT = 6_000_000  # the first address of the devices that orders are for, which never come
TICKING = "alarms.settle"  # due every two seconds
JUMP = "WANGHUO_RIG_CLOCK"


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """The whole run, in a process that believes the file."""
    if LIBRARY is None:
        return Result(skipped="needs libfaketime (the package `faketime` of Debian)")
    stamp = home / "clock"
    stamp.write_text("+0\n")
    faked = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(stamp), JUMP: str(stamp)}
    faked |= {"FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    faked |= {"NO_FAKE_STAT": "1"}
    task = json.dumps([seed, str(home), dict(size), plant])
    command = [sys.executable, "-m", "tests.load.clock_rig", task]
    done = subprocess.run(command, env=os.environ | faked, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return Result(failures=(f"the faked process ended with {done.returncode}",))
    figures, failures = json.loads(lines[-1])
    return Result(figures, tuple(failures))


def put_clock(ahead_s: float) -> None:
    """From now on the clock is wrong by so much."""
    stamp = Path(os.environ[JUMP])
    new = stamp.with_suffix(".new")
    new.write_text(f"{ahead_s:+.3f}\n")
    new.replace(stamp)


def sleep(seconds: float) -> None:
    """`time.sleep`, which libfaketime 0.9 breaks: it takes an instant of the unfaked clock for one of the faked."""
    select.select([], [], [], max(seconds, 0.0))


def without_rest() -> None:
    """A worker that trusts the clock at once."""
    from wanghuo.kernel.jobs.periodic import Clockwork

    Clockwork._rests = lambda self, task: False  # type: ignore[method-assign]


def by_the_clock_alone() -> None:
    """A worker for which what is due next year is due next year, even if it said so while the clock was ahead."""
    from django.utils import timezone

    from wanghuo.kernel.jobs import periodic

    periodic._waits = lambda row: row.next_at > timezone.now()


PLANTS: dict[str, Callable[[], None]] = {"without-rest": without_rest, "by-the-clock-alone": by_the_clock_alone}


def person(home: Path, user_id: int) -> Role:
    """The web: a person notes things on alarms, signs in again when the session has ended, and asks for orders."""

    def run(ready: Callable[[], None]) -> None:
        from wanghuo.kernel.access.actor import system_actor
        from wanghuo.kernel.accounts.models import User
        from wanghuo.kernel.accounts.testing import client_for
        from wanghuo.modules.alarms.models import Alarm
        from wanghuo.modules.sensing.commands import send_command
        from wanghuo.modules.sensing.models import Device

        user, actor = User.objects.get(pk=user_id), system_actor("rig")
        silent = [key.to_bytes(6, "little").hex() for key in range(SILENT, SILENT + 8)]
        refs = list(Device.objects.filter(source__in=silent).order_by("pk").values_list("ref", flat=True))
        told = os.open(home / "noted", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        asked = os.open(home / "asked", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        turned = os.open(home / "turned", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        client = client_for(user)
        ready()
        for number in count():
            sleep(0.1)
            if number % 4 == 0:
                order = send_command(ref=refs[number // 4 % len(refs)], act="read_state", reason="rig", actor=actor)
                os.write(asked, f"{order.hex} {time.monotonic():.3f}\n".encode())
            ref = Alarm.objects.order_by("-received_at").values_list("ref", flat=True).first()
            if ref is None:
                continue
            text = f"note {os.getpid()}.{number}"
            answer = client.post(f"/alarms/{ref}/acts/note", {"text": text})
            if answer.status_code in (302, 303) and not answer.headers.get("Location", "").startswith("/alarms/"):
                client = client_for(user)  # the session ended, or the password is years old
                os.write(turned, b"away\n")
            elif answer.status_code in (200, 204, 302, 303):
                os.write(told, f"{text}\n".encode())
            else:
                os.write(told, f"refused {answer.status_code}\n".encode())

    return run


class Signs:
    """How far each part of the deployment has come."""

    def __init__(self, home: Path, fleet: Fleet, patience_s: float) -> None:
        self.home, self.fleet, self.patience_s = home, fleet, patience_s
        self.ended: dict[str, float] = {}  # orders that ran out, and when that was seen

    def __call__(self) -> dict[str, int]:
        """Numbers that grow while all is well."""
        answered = [self.home / name for name in ("noted", "turned")]
        for (order,) in deployment.rows(self.home, "SELECT id FROM sensing_command WHERE state = 'expired'"):
            self.ended.setdefault(order, time.monotonic())
        return {
            "confirmed": self.fleet.confirmed,
            "alarms": self._number("SELECT count(*) FROM alarms_alarm"),
            "answers": sum(path.stat().st_size for path in answered if path.exists()),
            "by_the_clock": self._number(f"SELECT sum(runs) FROM jobs_periodicrun WHERE name = '{TICKING}'"),
        }

    def _number(self, sql: str) -> int:
        return int(deployment.rows(self.home, sql)[0][0] or 0)

    def back_s(self) -> dict[str, float]:
        """Seconds until each has gone on; the whole patience for one that did not."""
        begun, before, took = time.monotonic(), self(), dict[str, float]()
        while len(took) < len(before) and time.monotonic() - begun < self.patience_s:
            sleep(0.05)
            now = self()
            for name in before.keys() - took.keys():
                if now[name] > before[name]:
                    took[name] = time.monotonic() - begun
        return {name: round(took.get(name, self.patience_s), 2) for name in before}


def jumps(rng: random.Random, how_many: int) -> list[float]:
    """How wrong the clock is after each jump, in seconds: the farthest ahead first, then every other; after each it is right again."""
    rest = [sign * size for size in (1.0, 60.0, 3600.0, 86_400.0, YEARS_S) for sign in (1.0, -1.0)]
    rest.remove(YEARS_S)
    rng.shuffle(rest)
    found = [ahead for each in (YEARS_S, *rest) for ahead in (each, 0.0)]
    return (found * (how_many // len(found) + 1))[:how_many]


def faked(seed: int, home: Path, size: Size, plant: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The run itself."""
    time.sleep = sleep
    deployment.open_home(home)
    if plant:
        PLANTS[plant]()
    deployment.add_devices([*range(FIRST_SOURCE, FIRST_SOURCE + 16), *range(SILENT, SILENT + 8)])
    from wanghuo.entrypoints.gateway.server import listening_socket
    from wanghuo.kernel.accounts.testing import make_user

    user = make_user("operator", "alarm_operator", "445281")
    deployment.close_connections()
    journal, rng = home / "journal.sqlite3", random.Random(seed)
    sock = listening_socket("127.0.0.1:0")
    sock.listen(64)
    load = Load(4, 4, fire_every=40, pause_s=0.1)
    fleet = Fleet(sock.getsockname()[1], load, home / "acked")
    roles = {
        "gateway": deployment.gateway(journal, sock),
        "ingest": deployment.ingest(journal),
        "worker": deployment.worker,
        "web": person(home, user.pk),
    }
    processes = {name: Process(name, role) for name, role in roles.items()}
    begun, signs, back = time.monotonic(), Signs(home, fleet, 3 * size["back_s"]), dict[str, float]()
    try:
        for process in processes.values():
            process.ready_s()
        signs.back_s()
        for ahead_s in jumps(rng, size["jumps"]):
            sleep(rng.uniform(0.0, size["pause_s"]))
            put_clock(ahead_s)
            for name, took in signs.back_s().items():
                back[name] = max(back.get(name, 0.0), took)
        put_clock(0.0)
        signs.back_s()
        fleet.stop()
        done = fleet.ended(60)
        died = [name for name, process in processes.items() if process.gone()]
    finally:
        fleet.kill()
        for name, process in processes.items():
            process.end_in_any_case(gently=name != "web")
        sock.close()
    elapsed_s = time.monotonic() - begun
    deployment.settle(journal)
    figures, failures = crash_rig.check(home, fleet, load, alarms=True)
    signs()
    more, others = by_the_clock(home, signs, elapsed_s, size["jumps"])
    gap = fleet.longest_gap_s()
    figures |= {"jumps": size["jumps"], "longest_without_confirm_s": gap, "back_s": back} | more
    found = broken(
        not_back_in_time={name: took for name, took in back.items() if took > size["back_s"]},
        gap=gap if gap > size["back_s"] else 0,
        not_in_the_order_sent=out_of_order(journal),
        died=died,
        unconfirmed="" if done else "some",
    )
    return figures, failures + others + found


def out_of_order(journal: Path) -> int:
    """How many frames stand in the journal before one that their device sent earlier; of each frame its first copy."""
    first: dict[int, dict[int, None]] = {}
    for record in wire.records(journal):
        if record.kind == wire.FRAME_KIND:
            source, serial = wire.key_of(record.data)
            first.setdefault(source, {}).setdefault(serial)
    return sum(a > b for serials in first.values() for a, b in pairwise(serials))


def by_the_clock(home: Path, signs: Signs, elapsed_s: float, jumped: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What went by the clock: how often, whether it failed, and what it ended before its time.

    A task may run once more for each jump: ahead, what is due in a moment is due; back, it is due again.
    """
    runs = deployment.rows(home, "SELECT name, every_s, runs, failures FROM jobs_periodicrun")
    storms = {name: times for name, every_s, times, _ in runs if times > elapsed_s / every_s + jumped + 3}
    asked = {line.split()[0]: float(line.split()[1]) for line in (home / "asked").read_text().splitlines()}
    early = [order for order, at in signs.ended.items() if at - asked.get(order, at) < ORDER_S]
    again = deployment.rows(home, "SELECT count(*) FROM alarms_alarm WHERE escalations > 1")[0][0]
    rungs = deployment.rows(home, "SELECT count(*) FROM loops_ladderstep")[0][0]
    figures = {
        "orders": len(asked),
        "orders_ended": len(signs.ended),
        "tasks_run": sum(times for _, _, times, _ in runs),
    }
    return figures, broken(
        tasks_that_stormed=storms,
        tasks_that_failed={name: failures for name, _, _, failures in runs if failures},
        orders_ended_early=len(early),
        orders_lost=len(asked) - deployment.rows(home, "SELECT count(*) FROM sensing_command")[0][0],
        alarms_escalated_twice=again,
        rungs_climbed=rungs,
    )


RIGS = {
    "R15b": Rig(
        "R15b",
        "the clock of gateway, ingest, worker and web jumps by a second to ten years, ahead and back, under load",
        run,
        floor={"jumps": 20, "pause_s": 3.0, "back_s": 5.0},
        small={"jumps": 2, "pause_s": 0.5, "back_s": 20.0},  # on a busy machine
        minutes=1.5,
        plants=("without-rest", "by-the-clock-alone"),
    )
}

if __name__ == "__main__":
    of_run, in_folder, of_size, bug = json.loads(sys.argv[1])
    print(json.dumps(faked(of_run, Path(in_folder), of_size, bug)))
