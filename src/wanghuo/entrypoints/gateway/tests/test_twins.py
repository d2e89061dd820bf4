"""The compiled path and the plain one: the same journal, the same answers, the same counts, whatever comes in however
it was cut. Skipped where nothing was compiled."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wanghuo.engines.codecs.gb26875.frames import build_frame
from wanghuo.entrypoints.gateway import server as server_module
from wanghuo.entrypoints.gateway.classify import URGENT, importance
from wanghuo.entrypoints.gateway.intake import MOST_ENTRIES, Entry
from wanghuo.entrypoints.gateway.lanes import COMPILED, PLAIN, Parts
from wanghuo.entrypoints.gateway.limits import Limits
from wanghuo.entrypoints.gateway.server import Server
from wanghuo.modules.sensing.journal import NOTE, Batch
from wanghuo.modules.sensing.testing import FIRE, state_frame

pytestmark = pytest.mark.skipif(COMPILED is None, reason="the compiled parts are not built, or WANGHUO_PURE is set")
NOW = b"\x05\x1e\x0a\x15\x0b\x1a"
KNOWN = [n.to_bytes(6, "little").hex() for n in (1, 2)]


class Still:
    """A committer that commits when the test says so."""

    def __init__(self, writer, *, queue, **_) -> None:
        writer.close()
        self.intake = queue(lambda urgent: self.woken.append(urgent))
        self.woken: list[bool] = []
        self.links: deque = deque()
        self.troubled = False
        self.opened = self.links.append


class Wire:
    """A transport without a socket: what was written on it."""

    def __init__(self, sock: socket.socket | None = None) -> None:
        self.written, self.closed, self.reading, self.sock = bytearray(), False, True, sock

    def get_extra_info(self, name: str):
        return {"peername": ("127.0.0.1", 5), "socket": self.sock}.get(name)

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_write_buffer_limits(self, high: int) -> None:
        pass


@contextmanager
def standing(parts: Parts, **limits):
    """A server in which time stands still and nothing is committed by itself."""

    async def make() -> Server:
        return Server(Path("/dev/shm/none"), Limits(**limits), ring=lambda: None, parts=parts)  # noqa: S108 - never opened

    writer = mock.Mock()
    with (
        mock.patch.object(server_module, "Committer", Still),
        mock.patch.object(server_module, "open_writer", return_value=writer),
        mock.patch("time.time_ns", return_value=1_700_000_000_000_000_000),
        mock.patch("time.time", return_value=1_700_000_000.0),
    ):
        server = asyncio.run(make())
        server.now = lambda: 1000.0
        server.register.update((source, ["127.0.0.0/8"] if source == KNOWN[0] else [], "ok") for source in KNOWN)
        yield server


def play(parts: Parts, acts: list, **limits) -> dict:
    """Let this happen, and tell all that can be seen from outside."""
    blobs, failed = [], []
    with standing(parts, **limits) as server:
        links, wires = [], []
        for _ in range(3):
            links.append(server.link())
            wires.append(Wire())
            links[-1].connection_made(wires[-1])
        for act, number, data in acts:
            link = links[number]
            if act == "data" and not wires[number].closed:
                link.data_received(data)
            elif act == "timeout" and link in server.partial:
                link.give_up_partial()
            elif act == "end" and not wires[number].closed and not link._ended and not link.eof_received():
                wires[number].close()
            elif act == "close":
                wires[number].closed = True
            elif act == "commit":
                while (batch := server.intake.take()) is not None:
                    blobs.append(batch.pack())
                    asked = batch.answer(NOW, failed.append)
                    server.intake.waiting_bytes -= batch.size
                    server.count("frames", asked)
                    blobs.append((batch.urgent, batch.last_us, batch.size, len(batch)))
        return {
            "blobs": blobs,
            "answers": [bytes(wire.written) for wire in wires],
            "closed": [wire.closed for wire in wires],
            "reading": [wire.reading for wire in wires],
            "counters": dict(server._counters),
            "sources": [link.sources for link in links],
            "owners": {source: link.number for source, link in server.owner.items()},
            "partial": [link in server.partial for link in links],
            "unanswered": [link._unanswered for link in links],
            "waiting": server.intake.waiting_bytes,
            "failed": len(failed),
        }


units = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    st.builds(lambda kind, count, body: bytes((kind, count)) + body, st.sampled_from([1, 2, 3, 4, 21, 24, 90]),
              st.integers(0, 3), st.binary(max_size=150)),
    st.binary(min_size=1024, max_size=1024),
)  # fmt: skip
frames = st.builds(
    build_frame, serial=st.integers(0, 65535), source=st.integers(1, 5), dest=st.integers(0, 9),
    command=st.sampled_from([0, 1, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 200]), body=units,
)  # fmt: skip


@st.composite
def broken(draw) -> bytes:
    """A frame in which one byte is another, or that lacks its end or its beginning."""
    raw = bytearray(draw(frames))
    at = draw(st.integers(0, len(raw) - 1))
    match draw(st.sampled_from(["byte", "cut", "behead"])):
        case "byte":
            raw[at] = draw(st.integers(0, 255))
        case "cut":
            del raw[at:]
        case _:
            del raw[:at]
    return bytes(raw)


pieces = st.one_of(frames, frames, frames, frames, broken(), st.binary(max_size=50), st.just(b"@"), st.just(b"@@"))


@st.composite
def histories(draw) -> list:
    """What happens on three links: streams, cut anyhow and spliced together, with commits between."""
    acts = []
    for _ in range(draw(st.integers(1, 12))):
        number = draw(st.integers(0, 2))
        stream = b"".join(draw(st.lists(pieces, max_size=6)))
        cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=4)))
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            if start < end:
                acts.append(("data", number, stream[start:end]))
        acts.append((draw(st.sampled_from(["commit", "commit", "timeout", "end", "close", "none"])), number, b""))
    return [*acts, ("commit", 0, b"")]


limits = st.fixed_dictionaries(
    {
        "flood_rate": st.sampled_from([0, 0.001]),
        "flood_burst": st.sampled_from([2.0, 500.0]),
        "unknown_per_minute": st.sampled_from([0, 2]),
        "backlog_bytes": st.sampled_from([300, 1 << 20]),
    }
)


@given(acts=histories(), limits=limits)
@example(acts=[("data", 0, build_frame(serial=n, source=1, dest=1, command=2)) for n in range(3)] + [("commit", 0, b"")],
         limits={"flood_rate": 0.001, "flood_burst": 2.0, "unknown_per_minute": 0, "backlog_bytes": 300})  # fmt: skip
def test_both_paths_give_the_same_journal_answers_and_counts(acts, limits) -> None:
    assert play(COMPILED, acts, **limits) == play(PLAIN, acts, **limits)


def test_the_compiled_path_takes_the_plain_frames_itself() -> None:
    frame = build_frame(serial=1, source=1, dest=1, command=2)
    with standing(COMPILED) as server:
        link = server.link()
        link.connection_made(Wire())
        link.data_received(frame)  # the first one is Link's
        with mock.patch.object(type(link), "rest", side_effect=AssertionError):
            link.data_received(frame * 3)
            link.data_received(frame)
        assert len(server.intake.take()) == 5


@given(st.binary(min_size=30, max_size=200) | frames)
def test_what_is_urgent_is_urgent_on_both_paths(raw) -> None:
    frame = build_frame(serial=1, source=1, dest=1, command=2, body=raw[27:-3][:1024])
    woken = []
    with standing(COMPILED, unknown_per_minute=0) as server:
        link = server.link()
        link.connection_made(Wire())
        link.data_received(build_frame(serial=1, source=1, dest=1, command=2))
        server.intake.take()
        server.intake.awake = True
        server.committer.woken.clear()
        link.data_received(frame)
        woken = server.committer.woken
        assert server.intake.take().urgent == (importance(frame) == URGENT) == (woken == [True])


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2**50), st.integers(0, 3), st.binary(max_size=90), st.booleans()),
             min_size=1, max_size=40)
)  # fmt: skip
def test_a_batch_is_packed_to_the_same_bytes_and_can_be_read_back(rows) -> None:
    asker = mock.Mock(number=7)
    entries = [
        Entry(asker if asked else None, at, trust, data, urgent, 2 if asked else NOTE)
        for asked, at, trust, data, urgent in rows
    ]
    found = []
    for parts in (COMPILED, PLAIN):
        intake = parts.intake(lambda urgent: None)
        for entry in entries:
            intake.put(entry)
        assert intake.waiting_bytes == sum(len(entry.data) for entry in entries)
        batch = intake.take()
        assert not intake
        told: list = []
        asker.confirm = lambda data, now, told=told: told.append((data, now))
        asked = batch.answer(NOW, told.append)
        found.append((batch.pack(), batch.urgent, batch.last_us, asked, told))
    assert found[0] == found[1]
    batch = Batch(1, "w", False, 0, found[0][0])
    assert [bytes(record.data) for record in batch] == [entry.data for entry in entries]


def test_a_full_batch_ends_and_the_next_one_follows_in_order() -> None:
    for parts in (COMPILED, PLAIN):
        intake = parts.intake(lambda urgent: None)
        for n in range(2 * MOST_ENTRIES + 5):
            intake.put(Entry(None, n, 0, n.to_bytes(4, "little"), False, NOTE))
        batches = [intake.take() for _ in range(4)]
        assert batches[3] is None
        assert [(len(batch), batch.full) for batch in batches[:3]] == [
            (MOST_ENTRIES, True), (MOST_ENTRIES, True), (5, False),
        ]  # fmt: skip
        data = [bytes(r.data) for batch in batches[:3] for r in Batch(1, "w", False, 0, batch.pack())]
        assert data == [n.to_bytes(4, "little") for n in range(2 * MOST_ENTRIES + 5)]


def test_one_asker_that_fails_keeps_no_other_from_its_answer() -> None:
    for parts in (COMPILED, PLAIN):
        with standing(parts) as server:
            wires = [Wire(), Wire(), Wire()]
            for number, wire in enumerate(wires):
                link = server.link()
                link.connection_made(wire)
                link.data_received(build_frame(serial=9, source=number + 1, dest=1, command=2))
            wires[1].write = mock.Mock(side_effect=RuntimeError("broken"))
            failed: list = []
            assert server.intake.take().answer(NOW, failed.append) == 3
            assert [len(wire.written) for wire in wires] == [30, 0, 30]
            assert len(failed) == 1


def test_answers_on_a_socket_keep_their_order_when_it_takes_only_a_part() -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.setblocking(False)
    with standing(COMPILED, flood_rate=0) as server:
        wire = Wire(ours)
        link = server.link()
        link.connection_made(wire)
        for turn in range(4):
            link.data_received(
                b"".join(build_frame(serial=turn * 900 + n, source=1, dest=1, command=2) for n in range(900))
            )
            server.intake.take().answer(NOW, pytest.fail)
            wire.get_write_buffer_size = lambda: len(wire.written)
        theirs.setblocking(False)
        came = bytearray()
        with suppress(BlockingIOError):
            while True:
                came += theirs.recv(1 << 16)
        assert came
        assert wire.written
        stream = bytes(came + wire.written)
        assert [stream[at + 2] | stream[at + 3] << 8 for at in range(0, len(stream), 30)] == list(range(3600))
    ours.close()
    theirs.close()


def test_a_fire_behind_garbage_is_taken_on_both_paths() -> None:
    fire = state_frame(KNOWN[0], FIRE)
    for parts in (COMPILED, PLAIN):
        told = play(parts, [("data", 0, b"\0" + fire[:40]), ("data", 0, fire[40:] + fire), ("commit", 0, b"")])
        assert told["counters"]["frames"] == 2
        assert len(told["answers"][0]) == 60
