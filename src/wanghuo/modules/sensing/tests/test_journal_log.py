"""The journal as a stream: the same promises as the file, and what only servers can do (go away, forget, take twice)."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from wanghuo.modules.sensing.journal import Columns, JournalAway, OpenedLink
from wanghuo.modules.sensing.journal_log import JournalNotDurable, StreamAddress, StreamInUse
from wanghuo.modules.sensing.journals import continue_after, open_reader, open_writer

BINARY = Path(sys.executable).parent / "nats-server"
pytestmark = pytest.mark.skipif(
    not BINARY.exists(), reason="nats-server is not installed (it comes with the test packages)"
)


class Servers:
    """One server on loopback, with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._config = folder / "nats.conf"
        self._config.write_text(
            f'host: "127.0.0.1"\nport: {self.port}\nmax_payload: 256KB\n'
            f'jetstream {{ store_dir: "{folder}/store", sync_interval: always }}\n'
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def address(self, stream: str, rest: str = "?sync=always") -> str:
        return f"nats://127.0.0.1:{self.port}/{stream}{rest}"

    def start(self) -> None:
        self._process = subprocess.Popen([BINARY, "-c", self._config], stderr=subprocess.DEVNULL)
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("the server does not start")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("wanghuo.modules.sensing.journal_log.WAIT_S", 1.5)


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    running = Servers(tmp_path_factory.mktemp("nats"))
    yield running
    running.stop()


@pytest.fixture
def address(servers, request):
    return servers.address("".join(c for c in request.node.name.upper() if c.isalnum() or c == "_"))


def columns(*frames: bytes, at: int = 1_000_000) -> Columns:
    made = Columns.empty()
    for n, frame in enumerate(frames):
        made.add(at + n, 7, n % 2, 0, frame)
    return made


def test_records_come_back_as_they_were(address) -> None:
    writer = open_writer(address, "a")
    first = writer.commit(columns(b"one", b"", b"three"), urgent=True, opened=[OpenedLink(7, "10.0.0.9:5000", 1)])
    second = writer.commit(columns(b"four"))
    reader = open_reader(address)
    batches = reader.after(0)
    assert [b.id for b in batches] == [first, second] == [1, 2]
    assert [r.data for b in batches for r in b] == [b"one", b"", b"three", b"four"]
    assert (batches[0].urgent, batches[1].urgent) == (True, False)
    assert (batches[0].writer, batches[0].last_us) == ("a", 1_000_002)
    assert reader.peer("a", 7) == "10.0.0.9:5000"
    assert reader.record(f"{first}:2").data == b"three"
    assert reader.record(f"{first}:3") is None
    assert reader.record("nonsense") is None
    assert reader.record("99:0") is None
    assert reader.after(second) == []
    third = writer.commit(columns(b"five"))
    assert [b.id for b in reader.after(second)] == [third]
    assert [b.id for b in reader.after(0)] == [first, second, third], "a reader may go back"
    assert (reader.last(), reader.lag(first)) == (3, 2)
    assert list(reader.check()) == []
    for each in (writer, reader):
        each.close()


def test_two_writers_share_one_order(address) -> None:
    a, b = open_writer(address, "a"), open_writer(address, "b")
    ids = [writer.commit(columns(b"x")) for writer in (a, b, a, b)]
    reader = open_reader(address)
    assert ids == [1, 2, 3, 4]
    assert [batch.writer for batch in reader.after(0)] == ["a", "b", "a", "b"]
    for each in (a, b, reader):
        each.close()


def test_pruning_keeps_what_was_not_read_and_never_reuses_a_position(address) -> None:
    writer, reader = open_writer(address, "a"), open_reader(address)
    ids = [writer.commit(columns(b"x", at=n * 1_000_000)) for n in range(1, 6)]
    assert reader.first_since(3_000_000) == ids[1]
    assert reader.first_since(0) == 0
    assert reader.first_since(10**12) == ids[-1]
    assert writer.prune(before_us=4_000_000, through=ids[1]) == 2
    assert [b.id for b in reader.after(0)] == ids[2:]
    assert reader.lag(0) == 3
    assert writer.prune(before_us=9_000_000, through=ids[-1]) == 3
    assert (reader.after(0), reader.lag(0)) == ([], 0)
    assert writer.commit(columns(b"y")) == ids[-1] + 1
    for each in (writer, reader):
        each.close()


def test_a_batch_longer_than_a_message_is_stored_in_parts(address) -> None:
    writer, reader = open_writer(address, "a"), open_reader(address)
    frames = [bytes([n]) * 40_000 for n in range(20)]
    last = writer.commit(columns(*frames))
    batches = reader.after(0)
    assert batches[-1].id == last
    assert len(batches) > 1
    assert [r.data for b in batches for r in b] == frames
    assert list(reader.check()) == []
    for each in (writer, reader):
        each.close()


def test_a_batch_that_is_tried_again_is_stored_once(address, monkeypatch) -> None:
    writer, reader = open_writer(address, "a"), open_reader(address)
    writer.commit(columns(b"before"))
    call = writer._client.call

    def lost(act):
        call(act)
        raise JournalAway("the confirmation was lost")

    batch = columns(b"once")
    monkeypatch.setattr(writer._client, "call", lost)
    with pytest.raises(JournalAway):
        writer.commit(batch)
    monkeypatch.undo()
    writer.commit(batch)
    writer.commit(columns(b"once"))  # another batch of the same bytes
    assert [r.data for b in reader.after(0) for r in b] == [b"before", b"once", b"once"]
    for each in (writer, reader):
        each.close()


def test_what_was_confirmed_survives_a_killed_server_and_the_rest_is_refused_in_words(tmp_path) -> None:
    servers = Servers(tmp_path)
    address = servers.address("KILLED")
    writer, reader = open_writer(address, "a"), open_reader(address)
    confirmed: list[bytes] = []
    for turn in range(3):
        for n in range(30):
            frame = f"{turn}/{n}".encode()
            writer.commit(columns(frame))
            confirmed.append(frame)
        servers.stop(signal.SIGKILL)
        waiting = columns(f"{turn}/waiting".encode())
        with pytest.raises(JournalAway):
            writer.commit(waiting)
        servers.start()
        for _ in range(50):
            try:
                writer.commit(waiting)
                break
            except JournalAway:
                time.sleep(0.1)
        confirmed.append(f"{turn}/waiting".encode())
        found, position = [], 0
        while batches := reader.after(position):
            found += [r.data for b in batches for r in b]
            position = batches[-1].id
        assert found == confirmed
    for each in (writer, reader):
        each.close()
    servers.stop()


def test_a_stream_that_may_lose_what_it_confirmed_is_refused(servers) -> None:
    writer = open_writer(servers.address("WEAK", ""), "a")
    with pytest.raises(JournalNotDurable):
        writer.commit(columns(b"x"))
    writer.close()


def test_a_server_that_is_not_there_is_told_and_not_waited_for_ever() -> None:
    writer = open_writer("nats://127.0.0.1:1/NOBODY?sync=always", "a")
    with pytest.raises(JournalAway):
        writer.commit(columns(b"x"))
    writer.close()


@pytest.mark.parametrize("wrong", ["nats://", "nats://h:1", "http://h/S", "nats://h/a.b", "nats://h/S T"])
def test_an_address_that_is_none(wrong) -> None:
    with pytest.raises(ValueError, match="is no journal"):
        StreamAddress.parse(wrong)


def test_an_address_with_several_servers_and_a_password() -> None:
    found = StreamAddress.parse("nats://me:secret@10.0.0.1:4222,10.0.0.2:4222/J?replicas=3")
    assert found.servers == ("nats://me:secret@10.0.0.1:4222", "nats://me:secret@10.0.0.2:4222")
    assert (found.stream, found.synced, found.replicas, found.subject) == ("J", False, 3, "j.batch")


def test_ingest_waits_for_servers_that_are_away_and_buries_nothing(tmp_path, db, settings, monkeypatch) -> None:
    from wanghuo.modules.sensing import ingest as module
    from wanghuo.modules.sensing.models import DeadFrame

    settings.HOME = tmp_path
    servers = Servers(tmp_path)
    address = servers.address("WAITS")
    writer = open_writer(address, "a")
    writer.commit(columns(b"@@no frame##"))
    ingest, pauses = module.Ingest(address), []
    servers.stop(signal.SIGKILL)

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        servers.start()

    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=pause, monotonic=time.monotonic))
    monkeypatch.setattr("wanghuo.modules.sensing.journal_log.WAIT_S", 5.0)
    try:
        assert ingest.step() == 1
    finally:
        monkeypatch.undo()
        for each in (writer, ingest.reader):
            each.close()
        servers.stop()
    assert len(pauses) == 1
    assert "JournalAway" not in str(list(DeadFrame.objects.values_list("error", flat=True)))


def test_an_empty_stream_goes_on_behind_what_was_taken_in_and_one_with_batches_does_not(tmp_path) -> None:
    servers = Servers(tmp_path)
    address = servers.address("LATER")
    try:
        assert continue_after(address, 41)
        assert not continue_after(address, 41)
        writer = open_writer(address, "a")
        assert writer.commit(columns(b"one")) == 42
        writer.close()
        with pytest.raises(StreamInUse):
            continue_after(address, 99)
    finally:
        servers.stop()
