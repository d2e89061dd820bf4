"""R4b and R4c: the brokers between devices and ingest are stopped, or killed with SIGKILL, at random moments under load.

R4b: an MQTT broker, with devices of QoS 1 that repeat what it did not acknowledge, and now and then the platform's own
client of it. It is NATS, or with `--broker mosquitto` Mosquitto, which acknowledges from memory: there, what it wrote to its
file before it was killed must arrive, and the rest of what is lost is told, with what its log says of it. R4c: NATS, which
holds the journal (WANGHUO_JOURNAL), under a gateway and an ingest that must both outlive it. What a device was acknowledged is
in the journal; each fire is one signal and one alarm; after each start of a broker the next record is in the journal within
five seconds.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.load import crash_rig, deployment, wire
from tests.load.deployment import Process, Role
from tests.load.fleet import FIRST_SOURCE, SERIALS, Fleet, Load, Wire
from tests.load.rig import Result, Rig, Size, broken

RECOVERY_S = 5.0
KILLED = 0.7  # share of the ends of a broker that are kills
WAYS = 0.15  # share of the moments at which it is the platform's client that is killed
SOURCES = 32  # devices of the fleet and their successors
FIRE_KEY = "1.0.40.0"  # of a stand-alone smoke alarm


ENDED = "ended by"


class Server:
    """A broker of our own on loopback, to be stopped, killed and started. `log`: its own, in which its ends are marked."""

    def __init__(self, command: list[str], port: int, log: Path | None = None) -> None:
        self.port, self._command, self.log, self.name = port, command, log, Path(command[0]).name
        self.started_us: list[int] = []
        self.ended_us: list[int] = []
        self.start()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(self._command, **quiet)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    self.started_us.append(time.time_ns() // 1000)
                    return
            time.sleep(0.005)
        raise RuntimeError(f"{self._command[0]} does not start")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop or kill it, and wait until it is gone."""
        self.ended_us.append(time.time_ns() // 1000)
        self.process.send_signal(how)
        self.process.wait()
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{ENDED} {how.name}\n")


def free_port() -> int:
    """A port nobody has."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


# --- MQTT -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MqttLoad(Load):
    """What devices publish: a temperature now and then, and fires, each of a device of its own."""

    def says(self, source: int, serial: int) -> bytes:
        """The PUBLISH of a serial, QoS 1; its packet id is the serial and one."""
        fire = serial % self.fire_every == 0
        name = device_name(source, serial) if fire else f"D{source}"
        values = {"smoke_state": 1} if fire else {"temp": 20 + serial % 7}
        body = json.dumps({"ts": time.time_ns() // 1_000_000, "seq": f"{source}.{serial}", "values": values}).encode()
        return packet(0x32, text(f"fire/v1/site/{name}/telemetry") + (serial + 1).to_bytes(2, "big") + body)


def device_name(source: int, serial: int) -> str:
    """The device whose fire a serial is."""
    return f"F{source}.{serial}"


def text(value: str) -> bytes:
    """A text as MQTT writes it."""
    return len(value.encode()).to_bytes(2, "big") + value.encode()


def packet(head: int, body: bytes) -> bytes:
    """A packet of MQTT 3.1.1."""
    left, length = len(body), bytearray()
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes((head,)) + bytes(length) + body


class MqttWire(Wire):
    """One connection of a device to the broker: it speaks once it was let in."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        identity = text(f"device-{self.client.source % self.client.load.clients}")
        transport.write(packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + identity))

    def data_received(self, data: bytes) -> None:
        now = self.client.heard_at = time.monotonic()
        data = self.rest + data
        whole = len(data) - len(data) % 4  # CONNACK and PUBACK are four bytes each
        for at in range(0, whole, 4):
            if data[at] == 0x20 and data[at + 3] == 0:
                self.client.transport = self.transport
                self.client.again()
            elif data[at] == 0x40:
                self._acknowledged(int.from_bytes(data[at + 2 : at + 4], "big") - 1, now)
        self.rest = data[whole:]
        self.client.fill(self.stopping.is_set())

    def _acknowledged(self, serial: int, now: float) -> None:
        for source in (self.client.source, self.client.source - self.client.load.clients):
            if self.client.open.pop((source, serial), None) is not None:
                self.client.kept((source, serial), now)
                return


def mosquitto(home: Path) -> Server:
    """Mosquitto as docs/ways-in.md wants it."""
    port, folder = free_port(), home / "mosquitto"
    folder.mkdir()
    lines = (
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "user root",
        "max_inflight_messages 1000",
        "max_queued_messages 0",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_on_changes true",
        "autosave_interval 1",
        f"log_dest file {folder}/log",
        "log_type all",
    )
    (folder / "conf").write_text("\n".join(lines) + "\n")
    command = [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(folder / "conf")]
    return Server(command, port, folder / "log")


CAME = re.compile(r"Received PUBLISH from device-\d+ \(d\d, q1, r0, m(\d+), 'fire/v1/site/[DF](\d+)[./]")


@dataclass
class Came:
    """What Mosquitto's log says of a message. `here`: the platform was connected; `sent_on`: it was sent on at once; `saved`:
    it was in the broker's file before the broker ended."""

    here: bool
    sent_on: bool = False
    saved: bool = False


def told_by(log: Path) -> dict[wire.Key, Came]:
    """What Mosquitto's log says of each message, when it last came: a device repeats one until it is acknowledged."""
    found, fresh, saving = dict[wire.Key, Came](), list[Came](), list[Came]()
    here, last = False, None
    for line in log.read_text(errors="replace").splitlines():
        if not line.startswith(ENDED) or "SIGKILL" not in line:  # whatever it says next, it has written its file before
            for each in saving:
                each.saved = True
            saving = []
        if line.startswith(ENDED):
            here, fresh, saving, last = False, [], [], None
        elif known := CAME.search(line):
            last = found[int(known[2]), int(known[1]) - 1] = Came(here)
            fresh.append(last)
        elif "Sending PUBLISH to wanghuo-" in line:
            if last is not None:
                last.sent_on = True
        elif "Saving in-memory database" in line:
            saving, fresh, last = fresh, [], None
        else:
            last = None
            if "Sending CONNACK to wanghuo-" in line or ": Client wanghuo-" in line:
                here = "CONNACK" in line
    return found


def nats_with_mqtt(home: Path) -> Server:
    """NATS as docs/ways-in.md wants it: what it acknowledges was synced before."""
    port, folder = free_port(), home / "nats"
    folder.mkdir()
    lines = (
        'server_name: "broker"',
        f'listen: "127.0.0.1:{free_port()}"',
        f'jetstream {{ store_dir: "{folder}/store", sync_interval: always }}',
        f'mqtt {{ listen: "127.0.0.1:{port}", ack_wait: "3s" }}',
    )
    (folder / "conf").write_text("\n".join(lines) + "\n")
    return Server([str(Path(sys.executable).parent / "nats-server"), "-c", str(folder / "conf")], port)


def clean_session() -> None:
    """A platform that the broker forgets as soon as it is away."""
    import aiomqtt

    begin = aiomqtt.Client.__init__
    aiomqtt.Client.__init__ = lambda self, *a, **known: begin(self, *a, **known | {"clean_session": True})  # type: ignore[method-assign]


PLANTS: dict[str, Callable[[], None]] = {
    "clean-session": clean_session,
    "confirm-before-commit": crash_rig.confirm_before_commit,
}


def set_up_way(home: Path, port: int, load: Load, most: int) -> None:
    """The broker as a way in, and the devices behind it; `most`: messages of one client."""
    from wanghuo.modules.sensing.models import Device, Way

    way = Way(code="broker", kind="mqtt", name="broker", settings={"host": "127.0.0.1", "port": str(port)})
    way.place(deployment.REGION)
    way.save(force_insert=True)
    listed = f'[[allow]]\nhost = "127.0.0.1"\nport = {port}\nnetworks = ["127.0.0.0/8"]\n'
    (home / "egress.toml").write_text(listed)
    names = []
    for source in range(FIRST_SOURCE, FIRST_SOURCE + load.clients * -(-most // SERIALS)):
        names.append(f"D{source}")
        names += [device_name(source, serial) for serial in range(0, min(most, SERIALS), load.fire_every)]
    rows = []
    for number, name in enumerate(names):
        row = Device(ref=f"SB-445281-2026-{number:06d}", protocol="mqtt", source=name, profile="smoke")
        row.place(deployment.REGION, sector="", unit=None)
        rows.append(row)
    Device.objects.bulk_create(rows, batch_size=1000)
    deployment.close_connections()


def run_mqtt(seed: int, home: Path, size: Size, plant: str) -> Result:
    """R4b."""
    durable = size.get("broker", "nats") == "nats"
    if durable and not has_nats():
        return Result(skipped="needs nats-server")
    if not (durable or shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        return Result(skipped="needs Mosquitto")
    deployment.open_home(home)
    if plant:
        PLANTS[plant]()
    broker, journal = (nats_with_mqtt if durable else mosquitto)(home), home / "journal.sqlite3"
    load = MqttLoad(size["clients"], size["window"], size["fire_every"], pause_s=size["pause_s"])
    set_up_way(home, broker.port, load, size["most"])
    roles = {"ways": deployment.ways(journal), "ingest": deployment.ingest(journal), "worker": deployment.worker}
    done, died = under_load(
        seed,
        broker,
        roles,
        lambda: Fleet(until_subscribed(broker.port, journal), load, home / "acked", MqttWire),
        size,
        killable="ways",
        newest=lambda: newest_batch(journal),
        waits=0.5 if durable else 1.0,
        holds=lambda: len({key for key, _ in stored(journal)}),
    )
    broker.end(signal.SIGKILL)
    deployment.settle(journal)
    found = stored(journal)
    keys = Counter(key for key, _ in found)
    return verdict(home, load, keys, [us for _, us in found], broker, size, (done, died), FIRE_KEY)


def until_subscribed(port: int, journal: Path) -> int:
    """The port of a broker, once the platform has subscribed: what is published before it first did is kept for nobody."""
    hello = packet(0x30, text(f"fire/v1/site/D{FIRST_SOURCE}/status") + b"{}")
    deadline = time.monotonic() + 20
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text("rig")))
        link.recv(4, socket.MSG_WAITALL)
        while not newest_batch(journal):
            if time.monotonic() > deadline:
                raise RuntimeError("the platform does not subscribe")
            link.sendall(hello)
            time.sleep(0.05)
    return port


def newest_batch(journal: Path) -> int:
    """The number of the journal's newest batch."""
    if not journal.exists():
        return 0
    with wire.opened(journal) as connection:
        return int(connection.execute("SELECT coalesce(max(id), 0) FROM batch").fetchone()[0])


def stored(journal: Path) -> list[tuple[wire.Key, int]]:
    """Which messages of the fleet are in the journal, and when each came, in microseconds."""
    if not journal.exists():
        return []
    kept = ((wire.message_of(r.data), r.received_us) for r in wire.records(journal) if r.kind == wire.MESSAGE_KIND)
    return [(key_of(payload), us) for (_, _, topic, payload), us in kept if topic.endswith("telemetry")]


def key_of(payload: bytes) -> wire.Key:
    """Which message of which device of the fleet it is."""
    source, _, serial = json.loads(payload)["seq"].partition(".")
    return int(source), int(serial)


# --- NATS -----------------------------------------------------------------------------------------------------------


def nats_server(home: Path, *, stream: str = "JOURNAL") -> tuple[Server, str]:
    """NATS with JetStream that syncs before it confirms; the address of the journal in it."""
    port, folder = free_port(), home / "nats"
    folder.mkdir()
    storage = f'jetstream {{ store_dir: "{folder}/store", sync_interval: always }}'
    (folder / "conf").write_text(f'host: "127.0.0.1"\nport: {port}\n{storage}\n')
    program = Path(sys.executable).parent / "nats-server"
    return Server([str(program), "-c", str(folder / "conf")], port), f"nats://127.0.0.1:{port}/{stream}?sync=always"


def has_nats() -> bool:
    """Whether a server is installed (it comes with the test packages)."""
    return (Path(sys.executable).parent / "nats-server").exists()


def run_nats(seed: int, home: Path, size: Size, plant: str) -> Result:
    """R4c."""
    if not has_nats():
        return Result(skipped="needs nats-server")
    deployment.open_home(home)
    if plant:
        NATS_PLANTS[plant]()
    deployment.add_devices(range(FIRST_SOURCE, FIRST_SOURCE + SOURCES))
    from wanghuo.entrypoints.gateway.server import listening_socket

    broker, journal = nats_server(home)
    sock = listening_socket("127.0.0.1:0")
    sock.listen(64)
    load = Load(size["clients"], size["window"], size["fire_every"], pause_s=size["pause_s"])
    roles = {
        "gateway": deployment.gateway(journal, sock),
        "ingest": deployment.ingest(journal),
        "worker": deployment.worker,
    }
    port = sock.getsockname()[1]
    done, died = under_load(seed, broker, roles, lambda: Fleet(port, load, home / "acked"), size, killable="gateway")
    sock.close()
    deployment.settle(journal)
    stored = [r for r in wire.records(journal) if r.kind == wire.FRAME_KIND]
    broker.end()
    keys = Counter(wire.key_of(r.data) for r in stored)
    return verdict(home, load, keys, [r.received_us for r in stored], broker, size, (done, died), "")


def confirm_before_publish() -> None:
    """A writer that says of every batch that the servers have it, whether they do or not."""
    from wanghuo.modules.sensing.journal import JournalAway
    from wanghuo.modules.sensing.journal_log import LogWriter

    commit = LogWriter.commit

    def hopeful(self: Any, *known: Any, **more: Any) -> int:
        try:
            return commit(self, *known, **more)
        except JournalAway:
            return 0

    LogWriter.commit = hopeful  # type: ignore[method-assign]


NATS_PLANTS: dict[str, Callable[[], None]] = {"confirm-before-commit": confirm_before_publish}


# --- both -----------------------------------------------------------------------------------------------------------


def under_load(
    seed: int,
    broker: Server,
    roles: dict[str, Role],
    fleet_of: Callable[[], Fleet],
    size: Size,
    *,
    killable: str,
    newest: Callable[[], int] | None = None,
    waits: float = 1.0,
    holds: Callable[[], int] = lambda: 1 << 60,
) -> tuple[bool, list[str]]:
    """Ends and starts of the broker while the fleet speaks; whether all was acknowledged in the end, and who died by itself.
    `newest`: grows when something comes; before a share `waits` of the kills it is waited for. `holds`: how much came; the
    rest is waited for, as long as more comes."""
    rng = random.Random(seed)
    processes = {name: Process(name, role) for name, role in roles.items()}
    for process in processes.values():
        process.ready_s()
    fleet = fleet_of()
    died: list[str] = []
    try:
        time.sleep(0.5)
        for _ in range(size["ends"]):
            time.sleep(rng.uniform(*size["lives_s"]))
            if rng.random() < WAYS:
                processes[killable].end()
                processes[killable].start()
            else:
                kill = rng.random() < KILLED
                if kill and newest is not None and rng.random() < waits:
                    await_more(newest)
                broker.end(signal.SIGKILL if kill else signal.SIGTERM)
                time.sleep(rng.choice((0.0, 0.0, 0.3)))
                broker.start()
        time.sleep(0.5)
        fleet.stop()
        done, before, deadline = fleet.ended(60), -1, time.monotonic() + 2 * RECOVERY_S
        while (now := holds()) < fleet.confirmed and time.monotonic() < deadline:
            if now > before:
                before, deadline = now, time.monotonic() + 2 * RECOVERY_S
            time.sleep(0.5)
        died = [name for name, process in processes.items() if process.gone()]
    finally:
        fleet.kill()
        for process in processes.values():
            process.end_in_any_case(gently=True)
    return done, died


def await_more(newest: Callable[[], int]) -> None:
    """Wait until the platform is back at the broker. Mosquitto acknowledges from memory, so that most of what it takes while
    nobody is there to be given it would be lost, and nothing else be seen."""
    before, deadline = newest(), time.monotonic() + 2 * RECOVERY_S
    while newest() == before and time.monotonic() < deadline:
        time.sleep(0.02)


def verdict(
    home: Path,
    load: Load,
    keys: Counter[wire.Key],
    received_us: Iterable[int],
    broker: Server,
    size: Size,
    ended: tuple[bool, list[str]],
    key: str,
) -> Result:
    """Compare what devices were told with journal and database. A broker with a log acknowledges before it has written: what
    it had not written when it was killed is told, and no promise."""
    acked, times = acked_of(home / "acked"), sorted(received_us)
    back = list(returns(broker, times))
    fires = {k for k in keys if k[1] % load.fire_every == 0}
    if key:
        more, failures = crash_rig.check_fires(home, {(device_name(*k), key) for k in fires})
    else:
        more, failures = crash_rig.check_alarms(home, fires)
    lost, why = acked - keys.keys(), list[Came]()
    if broker.log is not None:
        told = told_by(broker.log)
        why = [told.get(key, Came(here=True, saved=True)) for key in lost]
        more |= {"lost": len(lost), "lost_unsaved": sum(not each.saved for each in why)}
        more |= {
            "lost_while_away": sum(not each.here for each in why),
            "lost_sent_on": sum(each.sent_on for each in why),
        }
    slowest = max(back, default=0) / 1e6
    figures = {"broker": broker.name, "ends": size["ends"], "acked": len(acked), "stored": len(keys)}
    figures |= {"recovered": len(keys.keys() - acked), "repeated": keys.total() - len(keys)}
    figures |= {"slowest_back_s": round(slowest, 2), **more}
    return Result(
        figures,
        failures
        + broken(
            lost=sum(each.saved for each in why) if why else len(lost),
            recovery=round(slowest, 2) if size["timed"] and slowest > RECOVERY_S else 0,
            died=ended[1],
            unconfirmed="" if ended[0] else "some",
        ),
    )


def returns(broker: Server, times: list[int]) -> Iterator[int]:
    """Microseconds from each start of a broker but the first to the next record, unless it was ended again before that was due."""
    ends = [*broker.ended_us[1:], sys.maxsize]
    for started, ended in zip(broker.started_us[1:], ends, strict=False):
        came = _next(times, started)
        if came <= ended or ended - started > RECOVERY_S * 1e6:
            yield came - started


def _next(times: list[int], started: int) -> int:
    at = bisect_left(times, started)
    return times[at] if at < len(times) else started + int(60e6)


def acked_of(path: Path) -> set[wire.Key]:
    """What the fleet wrote down as acknowledged."""
    from array import array

    found = array("Q")
    found.frombytes(path.read_bytes())
    return {(known >> 16, known & 0xFFFF) for known in found}


FLOOR = {
    "ends": 120,
    "timed": True,
    "lives_s": (0.1, 1.5),
    "clients": 4,
    "window": 8,
    "fire_every": 500,
    "pause_s": 0.02,
    "most": 240_000,
}
SMALL = {
    "ends": 3,
    "timed": False,  # the machine is shared with other tests
    "lives_s": (0.1, 0.6),
    "clients": 2,
    "window": 8,
    "fire_every": 50,
    "pause_s": 0.02,
    "most": 5_000,
}
RIGS = {
    "R4b": Rig(
        "R4b",
        "an MQTT broker stopped and killed at random moments, devices of QoS 1",
        run_mqtt,
        floor=FLOOR,
        small=SMALL,
        minutes=3,
        plants=tuple(PLANTS),
        plant_size={"ends": 12},
    ),
    "R4c": Rig(
        "R4c",
        "NATS with the journal in it stopped and killed at random moments",
        run_nats,
        floor=FLOOR,
        small=SMALL,
        minutes=4,
        plants=tuple(NATS_PLANTS),
        plant_size={"ends": 12},
    ),
}
