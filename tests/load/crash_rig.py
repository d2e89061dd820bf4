"""R1: the gateway, ingest, the worker and the web are killed with SIGKILL at random moments under load, over and over.

Everything is loaded once; a role that was killed lives again as a fork of that. Devices push frames and repeat as the
standard says; a person's browser notes things on alarms. A checker that shares no code with the platform then reads
journal and database: a confirmed frame that is not in the journal is lost; a fire among them must be exactly one
signal and one alarm; a note that was answered must be there once, with one entry in the audit log.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.load import deployment, wire
from tests.load.deployment import Process, Role
from tests.load.fleet import FIRST_SOURCE, SERIALS, Fleet, Load
from tests.load.rig import Result, Rig, Size, broken

SHARES = {"gateway": 0.72, "ingest": 0.14, "worker": 0.09, "web": 0.05}
SOONER = 0.1  # share of kills that do not wait until the role is ready
RECOVERY_S = 5.0


def confirm_before_commit() -> None:
    """A journal that says of each batch that it is on disk, and writes it only when the next one comes."""
    from wanghuo.modules.sensing.journal import Writer

    commit = Writer.commit

    class Held:
        def __init__(self, columns: Any) -> None:
            self.blob, self.count, self.last_us = columns.pack(), len(columns), columns.last_us

        def pack(self) -> bytes:
            return self.blob

        def __len__(self) -> int:
            return self.count

    def later(self: Any, columns: Any, *, urgent: bool = False, opened: Any = ()) -> int:
        waiting = self.__dict__.setdefault("waiting", [])
        waiting.append((Held(columns), urgent, opened))
        if len(waiting) > 1:
            columns, urgent, opened = waiting.pop(0)
            commit(self, columns, urgent=urgent, opened=opened)
        return 0

    Writer.commit = later  # type: ignore[method-assign]


def forgetful_ids() -> None:
    """An ingest whose fires have a new id each time they are read."""
    from wanghuo.base.ids import new_id
    from wanghuo.modules.sensing import fold

    fold._event_id = lambda *known: new_id()


PLANTS: dict[str, Callable[[], None]] = {"confirm-before-commit": confirm_before_commit, "forgetful-ids": forgetful_ids}


def browser(home: Path, user_id: int, *, database_may_go: bool = False) -> Role:
    """The web, as one process: requests through the whole stack of middleware and views, each answer written down once
    it came."""

    def run(ready: Callable[[], None]) -> None:
        from django.db.utils import InterfaceError, OperationalError

        from wanghuo.kernel.accounts.models import User
        from wanghuo.kernel.accounts.testing import client_for
        from wanghuo.modules.alarms.models import Alarm

        client = client_for(User.objects.get(pk=user_id))
        told = os.open(home / "noted", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        ready()

        def once(number: int) -> None:
            ref = Alarm.objects.order_by("-id").values_list("ref", flat=True).first()
            if ref is None:
                time.sleep(0.05)
                return
            text = f"note {os.getpid()}.{number}"
            answer = client.post(f"/alarms/{ref}/acts/note", {"text": text})
            if answer.status_code in (200, 204, 302, 303):
                os.write(told, f"{text}\n".encode())
            else:
                os.write(told, f"refused {answer.status_code}\n".encode())

        for number in count():
            try:
                once(number)
            except (OperationalError, InterfaceError):
                if not database_may_go:
                    raise
                deployment.close_connections()
            time.sleep(0.02)

    return run


@dataclass
class Stage:
    """The roles that live now, and how long each took to be back."""

    rng: random.Random
    processes: dict[str, Process]
    back: dict[str, list[float]] = field(default_factory=dict)
    died: Counter[str] = field(default_factory=Counter)

    def kill(self) -> None:
        """Kill one at a random moment of its life, and start it again."""
        names = list(self.processes)
        name = self.rng.choices(names, [SHARES[n] for n in names])[0]
        process = self.processes[name]
        if self.rng.random() > SOONER:
            took = process.ready_s()
            if took is None:
                self.died[name] += 1  # by itself
            else:
                self.back.setdefault(name, []).append(took)
        time.sleep(self.rng.uniform(0.02, 0.12))
        process.end()
        process.start()


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """The whole run."""
    deployment.open_home(home)
    if plant:
        PLANTS[plant]()
    load = Load(size["clients"], size["window"], size["fire_every"])
    deployment.add_devices(range(FIRST_SOURCE, FIRST_SOURCE + size["devices"]))
    from wanghuo.entrypoints.gateway.server import listening_socket
    from wanghuo.kernel.accounts.testing import make_user

    user = make_user("operator", "alarm_operator", "445281")
    deployment.close_connections()
    journal, rng = home / "journal.sqlite3", random.Random(seed)
    sock = listening_socket("127.0.0.1:0")
    sock.listen(512)
    fleet = Fleet(sock.getsockname()[1], load, home / "acked")
    roles: dict[str, Role] = {
        "gateway": deployment.gateway(journal, sock),
        "ingest": deployment.ingest(journal),
        "worker": deployment.worker,
        "web": browser(home, user.pk),
    }
    stage = Stage(rng, {name: Process(name, roles[name]) for name in size["roles"]})
    try:
        for _ in range(size["kills"]):
            stage.kill()
        fleet.stop()
        done = fleet.ended(120)
    finally:
        fleet.kill()
        for name, process in stage.processes.items():
            process.end(signal.SIGKILL if name == "web" else signal.SIGTERM)
        sock.close()
    if done and len(size["roles"]) > 1:
        deployment.settle(journal)
    figures, failures = check(home, fleet, load, alarms=len(size["roles"]) > 1)
    slowest = {f"{name}_back_s": round(max(took), 2) for name, took in stage.back.items()}
    gap = fleet.longest_gap_s()
    figures |= {"kills": size["kills"], "longest_without_confirm_s": gap, **slowest}
    late = {name: took for name, took in slowest.items() if took > RECOVERY_S}
    return Result(figures, failures + broken(recovery=late, died=dict(stage.died), unconfirmed="" if done else "some"))


def check(home: Path, fleet: Fleet, load: Load, *, alarms: bool) -> tuple[dict[str, object], tuple[str, ...]]:
    """Compare what the devices and the browser were told with what the files hold."""
    acked, journal = fleet.acked(), home / "journal.sqlite3"
    frames = [wire.key_of(r.data) for r in wire.records(journal) if r.kind == wire.FRAME_KIND]
    stored = set(frames)
    figures: dict[str, object] = {
        "acked": len(acked),
        "stored": len(stored),
        "recovered": len(stored - acked),
        "repeated": len(frames) - len(stored),
    }
    found = broken(lost=len(acked - stored), journal=said(wire.integrity(journal)))
    if alarms:
        fires = {key for key in stored if key[1] % load.fire_every == 0}
        more, failures = check_alarms(home, fires)
        noted, others = check_notes(home)
        figures |= more | noted
        found += failures + others
    return figures, found


def said(verdict: str) -> str:
    """What is wrong; nothing when it is "ok"."""
    return "" if verdict == "ok" else verdict


def check_alarms(home: Path, fires: set[wire.Key]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Each fire among the frames of the journal is one signal and one alarm, never two."""
    return check_fires(home, {(source.to_bytes(6, "little").hex(), f"1.1.40.{serial}") for source, serial in fires})


def check_fires(home: Path, expected: set[tuple[str, str]]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Each fire, by its device's address in the register and its component, is one signal and one alarm, never two."""
    by_id = dict(deployment.rows(home, "SELECT id, source FROM sensing_device"))
    raised: Counter[tuple[str, str]] = Counter()
    for payload in deployment.rows(home, "SELECT payload FROM outbox_outboxevent WHERE kind = 'sensing.signal_raised'"):
        known = payload[0] if isinstance(payload[0], dict) else json.loads(payload[0])
        raised[by_id[known["device_id"].replace("-", "")], known["component_key"]] += 1
    alarms: Counter[tuple[str, str]] = Counter()
    sql = "SELECT device_id, component_key, count FROM alarms_alarm WHERE condition = 'fire'"
    for device, key, reports in deployment.rows(home, sql):
        alarms[by_id[device], key] += reports
    dead = deployment.rows(home, "SELECT count(*) FROM outbox_delivery WHERE dead")[0][0]
    figures: dict[str, object] = {"fires": len(expected), "alarms": len(alarms)}
    return figures, broken(
        fires_without_signal=len(expected - raised.keys()),
        fires_without_alarm=len(expected - alarms.keys()),
        signals_doubled=sum(n - 1 for n in raised.values()),
        alarms_doubled=sum(n - 1 for n in alarms.values()),
        alarms_of_nothing=len(alarms.keys() - expected),
        dead_letters=dead,
        frames_not_taken_in=deployment.rows(home, "SELECT count(*) FROM sensing_deadframe")[0][0],
        database=said(wire.integrity(home / "wanghuo.sqlite3")) if (home / "wanghuo.sqlite3").exists() else "",
    )


def check_notes(home: Path) -> tuple[dict[str, object], tuple[str, ...]]:
    """What the browser was answered is there once, with one entry in the log."""
    path = home / "noted"
    told = path.read_text().splitlines() if path.exists() else []
    answered = {line for line in told if line.startswith("note ")}
    sql = "SELECT text FROM alarms_alarmnote WHERE text LIKE 'note %'"
    noted = Counter(text for (text,) in deployment.rows(home, sql))
    entries = deployment.rows(home, "SELECT count(*) FROM audit_entry WHERE action = 'alarms:alarm:note'")[0][0]
    return {"notes": len(answered)}, broken(
        notes_lost=len(answered - noted.keys()),
        notes_doubled=sum(n - 1 for n in noted.values()),
        notes_without_entry=abs(entries - sum(noted.values())),
        notes_refused=len(told) - len(answered),
    )


EVERYBODY = tuple(SHARES)
assert SERIALS < 1 << 16

RIGS = {
    "R1": Rig(
        "R1",
        "kill -9 of gateway, ingest, worker and web at random moments under load",
        run,
        floor={"kills": 1000, "clients": 4, "window": 64, "fire_every": 2000, "devices": 128, "roles": EVERYBODY},
        small={"kills": 60, "clients": 4, "window": 8, "fire_every": 200, "devices": 16, "roles": EVERYBODY},
        minutes=7,
        plants=("confirm-before-commit", "forgetful-ids"),
        plant_size={"kills": 60, "window": 32},
    )
}
