"""The gateway over real loopback sockets: what it answers, when, and what it survives."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from wanghuo.engines.codecs.gb26875.frames import build_frame
from wanghuo.entrypoints.gateway.downlink import Order
from wanghuo.entrypoints.gateway.limits import Limits
from wanghuo.entrypoints.gateway.server import Server, listening_socket
from wanghuo.modules.sensing.journal import FRAME, Reader, Writer
from wanghuo.modules.sensing.testing import FIRE, NORMAL, state_frame, unit_frame

SOURCE = "e90300000000"
FIRE_FRAME = state_frame(SOURCE, FIRE)


class Gateway:
    """A server in this loop, with its journal."""

    def __init__(self, server: Server, port: int, journal: Path) -> None:
        self.server, self.port, self.journal, self.rung = server, port, journal, 0
        self.writers: list[asyncio.StreamWriter] = []

    def stored(self) -> list[bytes]:
        reader = Reader(self.journal)
        rows = [
            record.data
            for batch in reader.after(0, batches=10_000, records=10**6)
            for record in batch
            if record.kind == FRAME
        ]
        reader.close()
        return rows

    def notes(self, what: str) -> list[dict]:
        reader = Reader(self.journal)
        rows = [json.loads(r.data) for batch in reader.after(0, batches=10_000) for r in batch if r.kind != FRAME]
        reader.close()
        return [row for row in rows if row["what"] == what]

    @property
    def counters(self) -> Counter:
        return self.server._counters

    async def connect(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer


@asynccontextmanager
async def gateway(tmp_path: Path, *, known=(), networks=(), orders=None, refresh=None, **limits):
    sock = listening_socket("127.0.0.1:0")
    journal = tmp_path / "journal.sqlite3"
    rung = []
    server = Server(journal, Limits(**limits), ring=lambda: rung.append(1), orders=orders, refresh=refresh)
    server.register.update((source, list(networks), "ok") for source in known)
    listener = await asyncio.get_running_loop().create_server(server.link, sock=sock)
    found = Gateway(server, sock.getsockname()[1], journal)
    found.rung = rung
    try:
        yield found
    finally:
        listener.close()
        await server.drain()
        for writer in found.writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def answer(reader, size: int = 30) -> bytes:
    return await asyncio.wait_for(reader.readexactly(size), 5)


async def silence(reader, seconds: float = 0.15) -> bool:
    try:
        return not await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return True


@pytest.mark.asyncio
async def test_a_frame_is_confirmed_once_it_is_in_the_journal(tmp_path) -> None:
    async with gateway(tmp_path) as gate:
        reader, writer = await gate.connect()
        writer.write(FIRE_FRAME)
        ack = await answer(reader)
        assert gate.stored() == [FIRE_FRAME]
        assert ack[26] == 3
        assert ack[2:4] == FIRE_FRAME[2:4]
        assert (ack[12:18], ack[18:24]) == (FIRE_FRAME[18:24], FIRE_FRAME[12:18])
        assert gate.rung, "a fire must wake ingest"


@pytest.mark.asyncio
async def test_nothing_is_confirmed_while_the_disk_refuses_and_everything_once_it_works_again(
    tmp_path, monkeypatch
) -> None:
    full = True
    commit = Writer.commit

    def refuse(self, columns, **known):
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        return commit(self, columns, **known)

    monkeypatch.setattr(Writer, "commit", refuse)
    async with gateway(tmp_path, retry_disk_s=0.01) as gate:
        reader, writer = await gate.connect()
        writer.write(FIRE_FRAME)
        assert await silence(reader)
        assert gate.counters["disk_error"] > 0
        assert gate.server.committer.troubled
        full = False
        assert (await answer(reader))[26] == 3
        assert gate.stored() == [FIRE_FRAME]
        assert not gate.server.committer.troubled


@pytest.mark.asyncio
async def test_a_wrong_checksum_is_denied_counted_and_not_stored(tmp_path) -> None:
    bad = FIRE_FRAME[:-3] + bytes((FIRE_FRAME[-3] ^ 1,)) + FIRE_FRAME[-2:]
    async with gateway(tmp_path) as gate:
        reader, writer = await gate.connect()
        writer.write(bad)
        assert (await answer(reader))[26] == 6
        writer.write(FIRE_FRAME)
        assert (await answer(reader))[26] == 3
        assert gate.stored() == [FIRE_FRAME]
        assert gate.counters["bad_checksum"] == 1


@pytest.mark.asyncio
async def test_garbage_oversized_and_half_frames_never_close_a_link_or_hide_a_good_frame(tmp_path) -> None:
    oversized = b"@@" + bytes(22) + b"\xff\xff" + bytes(100)
    half = FIRE_FRAME[:40]
    async with gateway(tmp_path, partial_s=0.05) as gate:
        reader, writer = await gate.connect()
        writer.write(b"GET / HTTP/1.1\r\n" + oversized + FIRE_FRAME)
        assert (await answer(reader))[26] == 3
        writer.write(half)
        await asyncio.sleep(0.2)
        gate.server.sweep()
        writer.write(FIRE_FRAME)
        assert (await answer(reader))[26] == 3
        assert len(gate.stored()) == 2
        assert gate.counters["too_long"] >= 1
        assert gate.counters["partial_timeout"] == 1
        assert gate.counters["garbage_bytes"] > 100


@pytest.mark.asyncio
async def test_frames_cut_and_glued_anyhow_all_arrive(tmp_path) -> None:
    frames = [state_frame(SOURCE, NORMAL, serial=n) for n in range(40)]
    stream = b"".join(frames)
    async with gateway(tmp_path) as gate:
        reader, writer = await gate.connect()
        for at in range(0, len(stream), 17):
            writer.write(stream[at : at + 17])
            await writer.drain()
            await asyncio.sleep(0)
        acks = await answer(reader, 30 * len(frames))
        assert [acks[at + 2] for at in range(0, len(acks), 30)] == list(range(40))
        assert gate.stored() == frames


@pytest.mark.asyncio
async def test_what_each_kind_of_frame_is_answered_with(tmp_path) -> None:
    ask_time = unit_frame(SOURCE, bytes((90, 1)) + bytes(6), serial=5, command=1)
    async with gateway(tmp_path) as gate:
        reader, writer = await gate.connect()
        writer.write(unit_frame(SOURCE, b"", serial=1))  # heartbeat
        assert (await answer(reader))[26] == 3
        writer.write(unit_frame(SOURCE, bytes((200, 1, 9)), serial=2))  # unknown type
        assert (await answer(reader))[26] == 3
        writer.write(unit_frame(SOURCE, b"", serial=3, command=0x07))  # a dialect's keep-alive
        assert (await answer(reader))[26] == 3
        writer.write(unit_frame(SOURCE, b"", serial=4, command=3))  # a confirm ends a transaction
        assert await silence(reader)
        writer.write(ask_time)
        told = await answer(reader, 38)
        assert (told[26], told[27], told[2]) == (1, 90, 5)
        assert len(gate.stored()) == 5


@pytest.mark.asyncio
async def test_two_links_that_speak_as_one_device_are_both_read_and_told(tmp_path) -> None:
    async with gateway(tmp_path, known=[SOURCE]) as gate:
        a, b = await gate.connect(), await gate.connect()
        for serial, (reader, writer) in enumerate([a, b, a, b]):
            writer.write(unit_frame(SOURCE, b"", serial=serial))
            assert (await answer(reader))[26] == 3
        assert len(gate.stored()) == 4
        gate.server.note({"what": "end"}, urgent=True)
        await gate.server.drain()
        assert len(gate.notes("duplicate_source")) == 1


@pytest.mark.asyncio
async def test_a_device_that_reconnected_is_no_duplicate(tmp_path) -> None:
    async with gateway(tmp_path, known=[SOURCE]) as gate:
        (_, first), (reader, second) = await gate.connect(), await gate.connect()
        first.write(unit_frame(SOURCE, b""))
        await asyncio.sleep(0.05)
        for serial in (1, 2):
            second.write(unit_frame(SOURCE, b"", serial=serial))
            await answer(reader)
        assert gate.counters["duplicate_source"] == 0
        first.close()
        second.close()


@pytest.mark.asyncio
async def test_under_a_flood_analog_values_go_first_then_states_and_fires_never(tmp_path) -> None:
    label = bytes((0, 30, 10, 21, 11, 26))
    analog = bytes((3, 1, 11, 1, 99, 1, 0, 0, 0, 5, 1, 0)) + label
    async with gateway(tmp_path, known=[SOURCE], flood_rate=0.001, flood_burst=300) as gate:
        reader, writer = await gate.connect()
        frames = [unit_frame(SOURCE, b"", serial=n) for n in range(300)]
        frames += [unit_frame(SOURCE, analog, serial=1000 + n) for n in range(20)]
        frames += [state_frame(SOURCE, NORMAL, serial=2000 + n) for n in range(300)]
        fires = [state_frame(SOURCE, FIRE, serial=3000 + n, point=n) for n in range(50)]
        writer.write(b"".join(frames + fires))
        while gate.counters["frames"] < 350:
            await asyncio.sleep(0.01)
        stored = gate.stored()
        assert set(fires) <= set(stored)
        assert gate.counters["shed_analog"] == 20
        assert 0 < gate.counters["shed_state"] < 300


@pytest.mark.asyncio
async def test_a_peer_that_does_not_read_is_cut_and_hurts_nobody(tmp_path) -> None:
    async with gateway(tmp_path, known=[SOURCE], flood_rate=0, write_high=256, stuck_s=0.05) as gate:
        _, deaf = await gate.connect()
        await asyncio.sleep(0.05)
        (link,) = gate.server.links
        link.pause_writing()  # what the loop calls once the peer's window and our buffer are full
        reader, writer = await gate.connect()
        await asyncio.sleep(0.1)
        gate.server.sweep()
        writer.write(FIRE_FRAME)
        assert (await answer(reader))[26] == 3
        assert gate.counters["cut_stuck"] == 1
        assert link not in gate.server.links
        deaf.close()


@pytest.mark.asyncio
async def test_idle_links_are_cut_and_too_many_are_refused(tmp_path) -> None:
    async with gateway(tmp_path, silent_s=0.05, max_links=3) as gate:
        wires = [await gate.connect() for _ in range(4)]
        assert await asyncio.wait_for(wires[3][0].read(), 5) == b""
        assert gate.counters["refused_full"] == 1
        await asyncio.sleep(0.1)
        gate.server.sweep()
        await asyncio.sleep(0.05)
        assert not gate.server.links
        assert gate.counters["cut_idle"] == 3


@pytest.mark.asyncio
async def test_strangers_are_stored_and_confirmed_up_to_a_rate(tmp_path) -> None:
    async with gateway(tmp_path, unknown_per_minute=3) as gate:
        reader, writer = await gate.connect()
        writer.write(b"".join(build_frame(serial=1, source=n, dest=1, command=2) for n in range(1, 6)))
        await answer(reader, 90)
        assert await silence(reader)
        assert len(gate.stored()) == 3
        assert gate.counters["refused_unknown"] == 2


@pytest.mark.asyncio
async def test_trust_follows_the_network_the_device_is_bound_to(tmp_path) -> None:
    for name, networks, trust in (("a", ["127.0.0.0/8"], 1), ("b", ["10.0.0.0/8"], 0), ("c", [], 0)):
        home = tmp_path / name
        async with gateway(home, known=[SOURCE], networks=networks) as gate:
            reader, writer = await gate.connect()
            writer.write(FIRE_FRAME)
            await answer(reader)
            journal = Reader(gate.journal)
            assert next(r.trust for b in journal.after(0) for r in b if r.kind == FRAME) == trust
            journal.close()


@pytest.mark.asyncio
async def test_a_command_goes_to_the_device_and_its_confirm_ends_it(tmp_path) -> None:
    orders = [Order("7", bytes.fromhex(SOURCE), 9, 1, b"\x5b\x01\x05")]
    async with gateway(tmp_path, known=[SOURCE], orders=lambda: orders) as gate:
        reader, writer = await gate.connect()
        writer.write(unit_frame(SOURCE, b""))
        await answer(reader)
        await gate.server.renew()
        asked = await answer(reader, 33)
        assert (asked[26], asked[27:30], asked[2]) == (1, b"\x5b\x01\x05", 9)
        assert asked[18:24].hex() == SOURCE
        writer.write(unit_frame(SOURCE, b"", serial=9, command=3))
        await gate.server.renew()
        assert await silence(reader)
        await gate.server.drain()
        assert [note["id"] for note in gate.notes("command_sent")] == ["7"]


@pytest.mark.asyncio
async def test_a_command_never_goes_to_a_link_outside_the_devices_network(tmp_path) -> None:
    orders = [Order("7", bytes.fromhex(SOURCE), 9, 1, b"\x5b\x01\x05")]
    async with gateway(tmp_path, known=[SOURCE], networks=["10.0.0.0/8"], orders=lambda: orders) as gate:
        reader, writer = await gate.connect()
        writer.write(unit_frame(SOURCE, b""))
        await answer(reader)
        await gate.server.renew()
        assert await silence(reader)
        assert gate.counters["command_refused"] == 1


@pytest.mark.asyncio
async def test_the_end_commits_and_answers_what_came_in(tmp_path) -> None:
    async with gateway(tmp_path, linger_s=0.2) as gate:
        reader, writer = await gate.connect()
        frames = [unit_frame(SOURCE, b"", serial=n) for n in range(50)]
        writer.write(b"".join(frames))
        while gate.server.committer.waiting_bytes < sum(map(len, frames)):
            await asyncio.sleep(0)
        await gate.server.drain()
        acks = await asyncio.wait_for(reader.read(), 5)
        assert len(acks) == 30 * 50
        assert gate.stored() == frames
