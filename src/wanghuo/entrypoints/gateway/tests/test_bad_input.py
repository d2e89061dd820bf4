"""What a hostile or broken peer sends: silence or a denial, counted where an operator sees it, and nobody else is hurt."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest
from django.test import override_settings

from wanghuo.entrypoints.gateway.tests.test_gateway import FIRE_FRAME, SOURCE, answer, gateway, silence
from wanghuo.modules.sensing import public
from wanghuo.modules.sensing.testing import FIRE, state_frame, take_in, unit_frame

OTHER = "ea0300000000"


async def garbage(gate, size: int) -> int:
    """Send so many random bytes on one link, then a good frame on it; how many bytes were no frame."""
    rng = random.Random(20261121)
    reader, writer = await gate.connect()
    sent = 0
    while sent < size:
        piece = rng.randbytes(rng.randrange(1, 3000)).replace(b"@@", b"@.") + b"."
        writer.write(piece)
        await writer.drain()
        sent += len(piece)
    writer.write(FIRE_FRAME)
    assert (await answer(reader))[26] == 3, "the link must live on"
    return sent


@pytest.mark.asyncio
async def test_a_garbage_stream_is_counted_keeps_no_memory_and_hurts_no_other_link(tmp_path) -> None:
    async with gateway(tmp_path, known=[SOURCE, OTHER]) as gate:
        noise = asyncio.create_task(garbage(gate, 400_000))
        reader, writer = await gate.connect()
        for n in range(50):
            writer.write(state_frame(OTHER, FIRE, serial=n, point=n))
            assert (await answer(reader))[26] == 3
        sent = await noise
        assert gate.counters["garbage_bytes"] == sent
        assert gate.counters["no_marker"] >= sent // 4096
        assert all(link._decoder.buffered <= 4096 for link in gate.server.links)
        assert len(gate.stored()) == 51


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1025, 30_000, 65_535])
async def test_an_oversized_frame_is_never_waited_for(tmp_path, size) -> None:
    head = (
        bytes.fromhex("40400100010100000000000000000000000000000000000000")[:24] + size.to_bytes(2, "little") + b"\x02"
    )
    async with gateway(tmp_path, known=[SOURCE]) as gate:
        reader, writer = await gate.connect()
        writer.write(head + bytes(3))
        assert await silence(reader)
        assert gate.counters["too_long"] == 1
        writer.write(FIRE_FRAME)
        assert (await answer(reader))[26] == 3
        assert gate.stored() == [FIRE_FRAME]


@pytest.mark.asyncio
async def test_a_peer_that_never_reads_is_held_and_then_cut(tmp_path) -> None:
    async with gateway(tmp_path, known=[SOURCE, OTHER], flood_rate=0, write_high=256, stuck_s=0.05) as gate:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(deaf, ("127.0.0.1", gate.port))
        while not gate.server.links:
            await asyncio.sleep(0.01)
        (link,) = gate.server.links
        link.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        frames = b"".join(unit_frame(SOURCE, b"", serial=n) for n in range(200))
        for _ in range(200):
            if gate.server.stuck:
                break
            await asyncio.wait_for(loop.sock_sendall(deaf, frames), 5)
            await asyncio.sleep(0.02)
        assert link in gate.server.stuck
        stored = gate.counters["frames"]
        await asyncio.sleep(0.1)
        assert gate.counters["frames"] - stored < 2000, "nothing more is read from it"
        gate.server.sweep()
        await asyncio.sleep(0.05)
        assert gate.counters["cut_stuck"] == 1
        assert link not in gate.server.links
        reader, writer = await gate.connect()
        writer.write(state_frame(OTHER, FIRE))
        assert (await answer(reader))[26] == 3
        deaf.close()


@pytest.mark.asyncio
async def test_the_kernel_looks_for_dead_peers(tmp_path) -> None:
    async with gateway(tmp_path) as gate:
        await gate.connect()
        while not gate.server.links:
            await asyncio.sleep(0.01)
        (link,) = gate.server.links
        sock = link.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


@pytest.mark.asyncio
async def test_a_peer_that_sends_byte_by_byte_and_one_that_leaves_halfway_cost_nobody_anything(tmp_path) -> None:
    async with gateway(tmp_path, known=[SOURCE]) as gate:
        reader, writer = await gate.connect()
        _, leaver = await gate.connect()
        leaver.write(FIRE_FRAME[:50])
        await leaver.drain()
        leaver.close()
        for byte in FIRE_FRAME:
            writer.write(bytes((byte,)))
            await writer.drain()
        assert (await answer(reader))[26] == 3
        assert gate.stored() == [FIRE_FRAME]
        assert gate.counters["incomplete"] + gate.counters["no_marker"] >= 1


@pytest.mark.django_db
def test_what_was_wrong_is_counted_where_an_operator_looks(tmp_path) -> None:
    bad = FIRE_FRAME[:-3] + bytes((FIRE_FRAME[-3] ^ 1,)) + FIRE_FRAME[-2:]

    async def meet() -> int:
        async with gateway(tmp_path, known=[SOURCE], max_links=2) as gate:
            sent = await garbage(gate, 10_000)
            reader, writer = await gate.connect()
            writer.write(bad)
            assert (await answer(reader))[26] == 6
            refused, _ = await gate.connect()
            assert await refused.read() == b""
            return sent + len(bad)

    wrong = asyncio.run(meet())
    with override_settings(JOURNAL=tmp_path / "journal.sqlite3"):
        take_in(tmp_path / "journal.sqlite3")
        health = public.gateway_health()
    assert health.counters["garbage_bytes"] == wrong
    assert health.counters["bad_checksum"] == 1
    assert health.counters["refused_full"] == 1
    assert all(name.zh and name.en for name, _ in health.counts)
    assert sum(count for _, count in health.counts) == sum(health.counters.values())
