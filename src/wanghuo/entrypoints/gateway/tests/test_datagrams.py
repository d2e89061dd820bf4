"""GB/T 26875.3 over UDP, over real loopback sockets and on hostile input."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.codecs.gb26875.frames import build_frame
from wanghuo.entrypoints.gateway.datagrams import Datagrams
from wanghuo.entrypoints.gateway.downlink import Order
from wanghuo.entrypoints.gateway.lanes import PARTS, PLAIN
from wanghuo.entrypoints.gateway.ports import Ports, listening_socket
from wanghuo.entrypoints.gateway.tests.test_gateway import FIRE_FRAME, SOURCE, gateway
from wanghuo.entrypoints.gateway.tests.test_twins import KNOWN, NOW, limits, pieces, standing
from wanghuo.modules.sensing.testing import unit_frame

OTHER = "ea0300000000"


class Peer(asyncio.DatagramProtocol):
    """A device's end of the wire."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data, peer) -> None:
        self.heard.put_nowait(data)

    async def answer(self) -> bytes:
        return await asyncio.wait_for(self.heard.get(), 5)

    async def silent(self) -> bool:
        await asyncio.sleep(0.1)
        return self.heard.empty()


@asynccontextmanager
async def open_port(tmp_path: Path, **known):
    """A gateway with a UDP port, and how to make a peer of it."""
    loop = asyncio.get_running_loop()
    async with gateway(tmp_path, **known) as gate:
        udp = listening_socket("127.0.0.1:0", kind=socket.SOCK_DGRAM)
        tcp = listening_socket("127.0.0.1:0")
        listener = await gate.server.listen(Ports(tcp, udp))
        made = []

        async def peer(host: str = "127.0.0.1") -> tuple[asyncio.DatagramTransport, Peer]:
            found = await loop.create_datagram_endpoint(Peer, remote_addr=udp.getsockname(), local_addr=(host, 0))
            made.append(found[0])
            return found

        try:
            yield gate, peer
        finally:
            for transport in made:
                transport.close()
            listener.close()


@pytest.mark.asyncio
async def test_frames_of_a_datagram_are_journalled_and_answered_to_where_it_came_from(tmp_path) -> None:
    async with open_port(tmp_path, known=[SOURCE, OTHER]) as (gate, peer):
        (one, first), (two, second) = await peer(), await peer()
        seventh, ninth = unit_frame(SOURCE, b"", serial=7), unit_frame(OTHER, b"", serial=9)  # they bear the second
        one.sendto(FIRE_FRAME + seventh)
        answers = await first.answer()
        assert [answers[2], answers[32], answers[26], answers[56]] == [FIRE_FRAME[2], 7, 3, 3]
        two.sendto(ninth)
        assert (await second.answer())[2] == 9
        assert await first.silent()
        assert gate.stored() == [FIRE_FRAME, seventh, ninth]
        assert gate.rung, "a fire must wake ingest"


@pytest.mark.asyncio
async def test_nothing_is_carried_over_to_the_next_datagram(tmp_path) -> None:
    async with open_port(tmp_path, known=[SOURCE]) as (gate, peer):
        wire, heard = await peer()
        wire.sendto(FIRE_FRAME[:40])
        wire.sendto(FIRE_FRAME[40:])
        wire.sendto(b"x" + FIRE_FRAME + b"@@")
        assert (await heard.answer())[26] == 3
        wire.sendto(FIRE_FRAME[40:])
        assert await heard.silent()
        assert gate.stored() == [FIRE_FRAME]
        assert gate.counters["garbage_bytes"] == 2 * len(FIRE_FRAME) - 40 + 3


@pytest.mark.asyncio
async def test_a_peer_is_bound_limited_and_forgotten(tmp_path) -> None:
    async with open_port(
        tmp_path, known=[SOURCE], networks=["10.0.0.0/8"], unknown_per_minute=2, most_peers=2, peer_idle_s=0.05
    ) as (gate, peer):
        for n in range(5):  # strangers: two are taken, of the others nothing is kept
            wire, heard = await peer()
            wire.sendto(build_frame(serial=n, source=500 + n, dest=1, command=2))
            if n < 2:
                assert (await heard.answer())[26] == 3
            else:
                assert await heard.silent()
        assert gate.counters["refused_unknown"] == 3
        assert len(gate.server.links) == 2
        wire, heard = await peer()
        wire.sendto(FIRE_FRAME)
        await heard.answer()
        assert len(gate.server.links) == 2, "the longest silent one makes room"
        assert [link.sources.get(bytes.fromhex(SOURCE)) for link in gate.server.links].count(0) == 1, "not its network"
        await asyncio.sleep(0.1)
        gate.server.sweep()
        assert not gate.server.links
        assert not gate.server.owner


@pytest.mark.asyncio
async def test_two_peers_that_speak_as_one_device_are_told_and_a_new_port_is_not(tmp_path) -> None:
    async with open_port(tmp_path, known=[SOURCE]) as (gate, peer):
        (one, first), (two, second) = await peer(), await peer()
        for serial, (wire, heard) in enumerate([(one, first), (two, second)]):
            wire.sendto(unit_frame(SOURCE, b"", serial=serial))
            await heard.answer()
        assert not gate.counters["duplicate_source"]
        one.sendto(unit_frame(SOURCE, b"", serial=5))
        await first.answer()
        assert gate.counters["duplicate_source"] == 1


@pytest.mark.asyncio
async def test_a_command_goes_to_the_peer_that_spoke_last(tmp_path) -> None:
    orders = [Order("7", bytes.fromhex(SOURCE), 9, 1, b"\x5b\x01\x05")]
    async with open_port(tmp_path, known=[SOURCE], orders=lambda: orders) as (gate, peer):
        wire, heard = await peer()
        wire.sendto(unit_frame(SOURCE, b""))
        await heard.answer()
        await gate.server.renew()
        asked = await heard.answer()
        assert (asked[26], asked[27:30], asked[2]) == (1, b"\x5b\x01\x05", 9)


@pytest.mark.asyncio
async def test_what_waits_is_answered_at_the_end(tmp_path) -> None:
    async with open_port(tmp_path, known=[SOURCE], linger_s=0.2) as (gate, peer):
        wire, heard = await peer()
        frames = [unit_frame(SOURCE, b"", serial=n) for n in range(90)]
        for frame in frames:
            wire.sendto(frame)
        while gate.server.intake.waiting_bytes < sum(map(len, frames)):
            await asyncio.sleep(0)
        await gate.server.drain()
        answers = b""
        while len(answers) < 90 * 30:
            answers += await heard.answer()
        assert [answers[at + 2] for at in range(0, len(answers), 30)] == list(range(90))
        assert gate.stored() == frames


class Socket:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list = []

    def sendto(self, data, peer) -> None:
        self.sent.append((bytes(data), peer))

    def is_closing(self) -> bool:
        return False


def exchange(parts, datagrams: list, **known) -> dict:
    """What is journalled and sent for these datagrams: (number of the peer, bytes)."""
    with standing(parts, **known) as server:
        turn: list = []
        port, wire = Datagrams(server, turn.append), Socket()
        port.connection_made(wire)
        blobs = []
        for number, data in datagrams:
            port.datagram_received(data, ("127.0.0.1", number))
            while (batch := server.intake.take()) is not None:
                blobs.append(batch.pack())
                batch.answer(NOW, pytest.fail)
                server.intake.waiting_bytes -= batch.size
            while turn:
                turn.pop(0)()
        return {"blobs": blobs, "sent": wire.sent, "counters": dict(server._counters), "peers": list(port.links)}


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(pieces, max_size=5).map(b"".join)), max_size=12), limits)
def test_no_peer_gets_more_than_it_sent_and_both_paths_do_the_same(datagrams, limits) -> None:
    told = exchange(PLAIN, datagrams, most_peers=2, **limits)
    for number in range(4):
        came = sum(len(data) for peer, data in datagrams if peer == number)
        assert sum(len(data) for data, (_, peer) in told["sent"] if peer == number) <= came
    assert len(told["peers"]) <= 2
    if PARTS.compiled:
        assert exchange(PARTS, datagrams, most_peers=2, **limits) == told


def test_overlapping_broken_frames_are_no_amplifier() -> None:
    hostile = b"@" * 1000 + b"#" * 400
    for known in (b"", build_frame(serial=1, source=1, dest=1, command=2)):
        told = exchange(PLAIN, [(1, known)] * bool(known) + [(1, hostile)] * 3)
        assert sum(len(data) for data, _ in told["sent"]) <= len(known) + 3 * len(hostile)


def test_answers_stay_within_a_datagram_that_passes_everywhere() -> None:
    frames = b"".join(unit_frame(KNOWN[0], b"", serial=n) for n in range(100))
    told = exchange(PARTS, [(1, frames)])
    assert sum(len(data) for data, _ in told["sent"]) == 3000
    assert max(len(data) for data, _ in told["sent"]) <= 1200
    assert len(told["sent"]) == 3
