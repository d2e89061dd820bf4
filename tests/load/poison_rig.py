"""R18: messages that poison, a rule that crashes, a system that hangs, a name that does not resolve: the rest goes on.

A whole deployment, as forks that are started again when they die. One device's signal makes its listener raise each time,
another's ends the process that delivers it; one frame makes ingest raise, another ends ingest; a record of the journal is
no message at all; a task by the clock and a job raise. Of three systems told by webhook one is well, one answers nothing
for a minute, and the name of one is asked of a resolver that does not answer (`getaddrinfo` that waits, in the worker's
process: no resolver of this machine is touched).

Meanwhile every other fire must come to the console and every confirmed one to the well system; and the page of the system
must name each thing that failed. Then the causes go, what was put aside is tried once more, and everything is
delivered: each fire one alarm, each message with each system. Times are figures; the floor judges the minute.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.load import deployment, wire
from tests.load.deployment import Process, Role
from tests.load.rig import Result, Rig, Size, broken
from tests.load.wire import CONFIRM, FIRE_WORD, frame, state_unit

FIRST = 9_000_000
SILENT_NAME = "silent.example"
POISONS = ("raises", "kills", "raises_ingest", "kills_ingest")
HANGS_S, AGAIN_S = 60.0, 0.2
SYSTEMS = ("well", "hangs", "nameless")


def one_lane() -> None:
    """Messages that leave one after another, each waited for as long as the other side likes."""
    from wanghuo.kernel.notify import egress, sending
    from wanghuo.kernel.notify.lanes import Lanes

    egress.TIME_S = HANGS_S
    Lanes.step = lambda self: sending.send_waiting(stopped=self._stopped) and None  # type: ignore[method-assign]


def all_or_nothing() -> None:
    """Events whose failure undoes what was delivered with them."""
    from wanghuo.kernel.outbox import delivery

    def failed(*known: Any) -> None:
        raise RuntimeError("this delivery failed")

    delivery._note_failure = failed


def deaths_forgotten() -> None:
    """A platform that does not know what a process had in hand when it died."""
    from wanghuo.kernel.outbox import last_tried
    from wanghuo.modules.sensing.in_hand import InHand

    last_tried.note = lambda *known: None  # type: ignore[assignment]
    InHand._note = lambda *known: None  # type: ignore[method-assign]


PLANTS: dict[str, Callable[[], None]] = {
    "one-lane": one_lane,
    "all-or-nothing": all_or_nothing,
    "deaths-forgotten": deaths_forgotten,
}


class Sign:
    """A sign for all processes, as a file: one that is killed while it waits for it keeps nobody else waiting (whoever sets
    a multiprocessing.Event waits for every sleeper, the dead ones too).
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def set(self) -> None:
        """From now on it is there."""
        self._file.touch()

    def is_set(self) -> bool:
        """Whether it is there."""
        return self._file.exists()

    def wait(self, seconds: float) -> bool:
        """Wait so long for it at most; whether it is there."""
        end = time.monotonic() + seconds
        while not self.is_set() and time.monotonic() < end:
            time.sleep(0.05)
        return self.is_set()


class Receiver:
    """The three systems, in a process of its own: what came is a line of a file. `well`: the causes are gone."""

    def __init__(self, told: Path) -> None:
        self.told = told
        self.well = Sign(told.with_name("well"))
        sockets = {name: socket.create_server(("127.0.0.1", 0), backlog=512) for name in SYSTEMS}
        self.ports = {name: sock.getsockname()[1] for name, sock in sockets.items()}
        self.process = Process("receiver", lambda ready: self._serve(sockets, ready))
        self.process.ready_s()
        for sock in sockets.values():
            sock.close()

    def _serve(self, sockets: dict[str, socket.socket], ready: Callable[[], None]) -> None:
        file, well = os.open(self.told, os.O_WRONLY | os.O_APPEND | os.O_CREAT), self.well

        def handler(name: str) -> type[BaseHTTPRequestHandler]:
            class Handler(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    self.rfile.read(int(self.headers["Content-Length"]))
                    if name == "hangs" and not well.wait(HANGS_S):
                        return
                    os.write(file, f"{name} {self.headers['Wanghuo-Delivery']}\n".encode())
                    self.send_response(204)
                    self.end_headers()

                def log_message(self, *known: object) -> None:
                    pass

            return Handler

        for name, sock in sockets.items():
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler(name), bind_and_activate=False)
            server.socket.close()
            server.socket, server.daemon_threads = sock, True
            threading.Thread(target=server.serve_forever, daemon=True).start()
        ready()
        signal.pause()

    def came(self) -> dict[str, set[str]]:
        """The keys of the messages that came, by system."""
        found: dict[str, set[str]] = {name: set() for name in SYSTEMS}
        for line in self.told.read_text().splitlines() if self.told.exists() else []:
            name, key = line.split()
            found[name].add(key)
        return found


class Stage:
    """The deployment: who works in it, and what is wrong with it."""

    def __init__(self, home: Path, size: Size) -> None:
        from wanghuo.entrypoints.gateway.server import listening_socket
        from wanghuo.kernel.access.actor import system_actor
        from wanghuo.kernel.accounts.testing import make_user
        from wanghuo.kernel.notify.sending import add_endpoint

        self.home, self.journal, self.died = home, home / "journal.sqlite3", Counter[str]()
        self.good = [FIRST + len(POISONS) + n for n in range(size["fires"])]
        self.bad = dict(zip(POISONS, range(FIRST, FIRST + len(POISONS)), strict=True))
        deployment.add_devices([*self.bad.values(), *self.good])
        self.ids = {
            int.from_bytes(bytes.fromhex(s), "little"): i for i, s in self.rows("SELECT id, source FROM sensing_device")
        }
        self.admin = make_user("admin", "system_admin", "445281").pk
        self.operator = make_user("chief", "alarm_supervisor", "445281").pk
        deployment.close_connections()
        self.receiver = Receiver(home / "told")
        lines = []
        for name, port in self.receiver.ports.items():
            host = SILENT_NAME if name == "nameless" else "127.0.0.1"
            lines.append(f'[[allow]]\nhost = "{host}"\nport = {port}\nnetworks = ["127.0.0.0/8"]\n')
            add_endpoint(name=name, url=f"http://{host}:{port}/", levels="A", actor=system_actor("cli"))
        (home / "egress.toml").write_text("\n".join(lines))
        self.line = ",".join(
            (
                f"outbox.before_send(on_signals sensing.signal_raised {self.id_of('raises')}):raise",
                f"outbox.after_send(on_signals sensing.signal_raised {self.id_of('kills')}):crash",
                f"ingest.record({self.bad['raises_ingest'].to_bytes(6, 'little').hex()}):raise",
                f"ingest.record({self.bad['kills_ingest'].to_bytes(6, 'little').hex()}):crash",
                "jobs.item(alarms.ask):raise@3",
                "jobs.run(rig.bad):raise",
            )
        )
        self.sock = listening_socket("127.0.0.1:0")
        self.sock.listen(512)
        self.roles: dict[str, Role] = {
            "gateway": deployment.gateway(self.journal, self.sock),
            "ingest": self.failing(deployment.ingest(self.journal)),
            "worker": self.failing(deployment.worker),
            "operator": self.confirming,
        }
        deployment.close_connections()
        self.processes = {name: Process(name, role) for name, role in self.roles.items()}

    def id_of(self, poison: str) -> UUID:
        """The device of a poison."""
        return UUID(self.ids[self.bad[poison]])

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What stands in the database."""
        return deployment.rows(self.home, sql)

    def failing(self, role: Role) -> Role:
        """A role with what is wrong, until the causes are gone."""

        def run(ready: Callable[[], None]) -> None:
            from wanghuo.base import failpoints

            if not self.receiver.well.is_set():
                failpoints.arm(self.line)
            resolve = socket.getaddrinfo

            def asked(host: Any, *known: Any, **more: Any) -> Any:
                if host == SILENT_NAME:
                    self.receiver.well.wait(HANGS_S)
                    return resolve("127.0.0.1", *known, **more)
                return resolve(host, *known, **more)

            socket.getaddrinfo = asked
            role(ready)

        return run

    def confirming(self, ready: Callable[[], None]) -> None:
        """The person at the console: confirms each fire as it comes."""
        from wanghuo.kernel.accounts.actors import actor_of
        from wanghuo.kernel.accounts.models import User
        from wanghuo.modules.alarms.models import Alarm
        from wanghuo.modules.alarms.services import confirm_fire
        from wanghuo.modules.alarms.states import WAITING

        actor = actor_of(User.objects.get(pk=self.operator))
        ready()
        while True:
            for ref in list(Alarm.objects.filter(state__in=WAITING, kind="fire").values_list("ref", flat=True)):
                confirm_fire(ref, actor=actor)
            time.sleep(0.05)

    def tend(self) -> None:
        """Start again who died, as a supervisor would."""
        for name, process in self.processes.items():
            if process.gone():
                self.died[name] += 1
                time.sleep(AGAIN_S)
                process.start()

    def until(self, done: Callable[[], bool], patience_s: float) -> float | None:
        """Seconds until something is so; None when it did not become so in time."""
        began = time.monotonic()
        while time.monotonic() - began < patience_s:
            self.tend()
            if done():
                return round(time.monotonic() - began, 1)
            time.sleep(0.1)
        return None

    def send(self) -> int:
        """Each device reports its fire, the bad ones first; how many were confirmed."""
        confirmed = 0
        with socket.create_connection(self.sock.getsockname(), timeout=60.0) as link:
            for serial, source in enumerate([*self.bad.values(), *self.good]):
                link.sendall(frame(source, serial, state_unit(serial + 1, FIRE_WORD)))
                answer = link.recv(30, socket.MSG_WAITALL)
                confirmed += len(answer) == 30 and answer[26] == CONFIRM
        return confirmed

    def garble(self) -> None:
        """A record that is no message, as no listener writes it."""
        from wanghuo.modules.sensing.journal import MESSAGE
        from wanghuo.modules.sensing.testing import fill

        fill(self.journal, [b"\xff\x00 no message"], kind=MESSAGE)

    def fires(self) -> Counter[str]:
        """Alarms, by the id of the device."""
        return Counter(id for (id,) in self.rows("SELECT device_id FROM alarms_alarm WHERE condition = 'fire'"))

    def on_the_console(self) -> int:
        """Good devices whose fire an open console was told."""
        known = {UUID(self.ids[s]).hex for s in self.good}
        refs = dict(self.rows("SELECT ref, device_id FROM alarms_alarm WHERE condition = 'fire'"))
        told = self.rows("SELECT payload FROM notify_liveevent WHERE channel = 'alarms'")
        return len({refs.get(json.loads(payload)["ref"]) for (payload,) in told} & known)

    def owed(self) -> set[str]:
        """Keys of all messages that were written down for the systems."""
        return {UUID(key).hex for (key,) in self.rows("SELECT key FROM notify_sending WHERE way = 'webhook'")}

    def page(self) -> str:
        """The page of the system, as an administrator sees it now."""
        path = self.home / "page"
        path.unlink(missing_ok=True)

        def look(ready: Callable[[], None]) -> None:
            from wanghuo.kernel.accounts.models import User
            from wanghuo.kernel.accounts.testing import client_for

            answer = client_for(User.objects.get(pk=self.admin)).get("/admin/system")
            path.write_bytes(answer.content)

        Process("page", look).wait()
        return path.read_text() if path.exists() else ""

    def missing_on_the_page(self) -> list[str]:
        """What went wrong and is not named there."""
        page = self.page()
        named = {
            "a listener that raised": "FailedOnPurpose: outbox.before_send",
            "a listener that killed": "the process died while this listener ran",
            "records that were buried": "wanghuo journal dead",
            "a system that hangs": "推送 hangs 没有成功",
            "a name that does not resolve": "推送 nameless 没有成功",
            "a job that failed": "近一天有 1 个任务失败",
        }
        return [what for what, words in named.items() if words not in page]

    def buried(self) -> list[tuple[str, str]]:
        """Frame and error of the records that were put aside."""
        return self.rows("SELECT frame, error FROM sensing_deadframe WHERE looked_at IS NULL")

    def mend(self) -> None:
        """The causes go; whoever works is started anew, and what was put aside is tried once more."""
        self.receiver.well.set()
        for name in ("ingest", "worker"):
            self.processes[name].end_in_any_case(gently=False)
            self.processes[name].start()

        def retry(ready: Callable[[], None]) -> None:
            from wanghuo.kernel.outbox.delivery import dead_letters, retry_dead
            from wanghuo.modules.sensing.dead import take_again

            for letter in dead_letters():
                retry_dead(letter.pk)
            take_again(self.journal)

        Process("retry", retry).wait()

    def end(self) -> None:
        """Everybody ends."""
        for process in [*self.processes.values(), self.receiver.process]:
            process.end_in_any_case(gently=False)
        self.sock.close()


@contextmanager
def stage(home: Path, size: Size) -> Iterator[Stage]:
    """A deployment for as long as it is looked at."""
    made = Stage(home, size)
    try:
        yield made
    finally:
        made.end()


def hurry(pace: float) -> None:
    """Let all pauses be shorter: the order of what happens stays."""
    from wanghuo.kernel.notify import egress, sending
    from wanghuo.kernel.outbox import delivery

    delivery.FIRST_PAUSE *= pace
    sending.FIRST_PAUSE *= pace
    sending.CLAIM *= max(pace, 0.1)  # of a worker that was killed with a message in hand
    egress.TIME_S *= max(pace, 0.2)


def jobs() -> None:
    """A job that the rig lets raise, and one behind it."""
    from wanghuo.kernel.jobs import job

    job("rig.bad")(lambda progress: {})
    job("rig.good")(lambda progress: {"done": 1})


def ask_for_jobs() -> None:
    """The bad one first."""
    from wanghuo.base import Text
    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.jobs import enqueue

    for kind in ("rig.bad", "rig.good"):
        enqueue(kind, actor=system_actor("cli"), title=Text(kind, kind))
    deployment.close_connections()


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """With the causes, and without."""
    deployment.open_home(home)
    jobs()
    hurry(size["pace"])
    if plant:
        PLANTS[plant]()
    ask_for_jobs()
    patience, took = size["patience_s"], dict[str, float | None]()
    with stage(home, size) as here:
        here.garble()
        confirmed = here.send()
        took["fires_on_the_console"] = here.until(lambda: here.on_the_console() == len(here.good), patience)
        took["well_system_told"] = here.until(lambda: len(here.receiver.came()["well"]) >= len(here.good), patience)
        good_job = "SELECT 1 FROM jobs_jobrun WHERE kind = 'rig.good' AND state = 'done'"
        took["job_behind_the_bad_one"] = here.until(lambda: bool(here.rows(good_job)), patience)
        asked = "SELECT count(*) FROM alarms_alarm WHERE condition = 'fire' AND asked_at IS NULL AND state = 'new'"
        took["everyone_asked"] = here.until(lambda: here.rows(asked)[0][0] == 0, patience)
        took["put_aside"] = here.until(lambda: len(here.buried()) >= 3, patience)
        took["all_named_on_the_page"] = here.until(lambda: not here.missing_on_the_page(), patience)
        unseen = here.missing_on_the_page()
        if all(s is not None for s in took.values()):
            here.mend()
            everyone = {*map(here.ids.get, here.bad.values()), *map(here.ids.get, here.good)}
            took["every_fire_an_alarm"] = here.until(lambda: here.fires().keys() >= everyone, patience)
            took["every_system_told"] = here.until(lambda: told_all(here), patience)
        figures, failures = verdict(here, confirmed, unseen)
    late = {name: s for name, s in took.items() if s is None or (size["minute_s"] and s > size["minute_s"])}
    return Result({**took, **figures}, failures + broken(never_or_too_late=late))


def told_all(here: Stage) -> bool:
    """Whether each message is with its system: one an alarm and a system, and more where an alarm was told again."""
    came = set().union(*({UUID(key).hex for key in keys} for keys in here.receiver.came().values()))
    waiting = here.rows("SELECT count(*) FROM notify_sending WHERE state <> 'sent' AND way = 'webhook'")[0][0]
    least = len(SYSTEMS) * (len(here.bad) + len(here.good))
    return waiting == 0 and len(here.owed()) >= least and here.owed() <= came


def verdict(here: Stage, confirmed: int, unseen: list[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What stands in the end."""
    fires, sources = here.fires(), [*here.bad.values(), *here.good]
    stored = {wire.key_of(r.data)[0] for r in wire.records(here.journal) if r.kind == wire.FRAME_KIND}
    figures = {"fires": len(sources), "died": dict(here.died), "messages": len(here.owed())}
    return figures, broken(
        not_confirmed=len(sources) - confirmed,
        not_in_the_journal=len(set(sources) - stored),
        fires_without_alarm=sum(not fires[here.ids[source]] for source in sources),
        alarms_doubled=sum(n - 1 for n in fires.values()),
        not_named_on_the_page=unseen,
        dead_letters_left=here.rows("SELECT count(*) FROM outbox_delivery WHERE dead")[0][0],
    )


RIGS = {
    "R18": Rig(
        "R18",
        "poison messages, crashing rules, a webhook that hangs, a name that does not resolve: the rest goes on",
        run,
        floor={"fires": 100, "pace": 1.0, "patience_s": 120.0, "minute_s": 60.0},
        small={"fires": 6, "pace": 0.05, "patience_s": 90.0, "minute_s": 0.0},
        minutes=2.5,
        plants=tuple(PLANTS),
        plant_size={"patience_s": 12.0},
    )
}
