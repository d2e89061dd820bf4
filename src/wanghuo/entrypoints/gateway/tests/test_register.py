"""The register in memory: what it knows, how it changes, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from contextlib import ExitStack, nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.entrypoints.gateway import register as register_module
from wanghuo.entrypoints.gateway.link import Link
from wanghuo.entrypoints.gateway.register import NETWORK, NONE, Register
from wanghuo.entrypoints.gateway.side import Side
from wanghuo.entrypoints.gateway.tests.test_gateway import FIRE_FRAME, SOURCE, answer, gateway
from wanghuo.modules.sensing.journal import FRAME, Reader
from wanghuo.modules.sensing.testing import DeviceFactory, unit_frame


def raw(n: int) -> bytes:
    return n.to_bytes(6, "little")


rows = st.tuples(
    st.integers(0, 30), st.sampled_from([(), ("10.0.0.0/8",), ("127.0.0.1/32", "::1/128")]),
    st.sampled_from(["ok", "offline", "retired"]),
)  # fmt: skip


@given(st.lists(st.lists(rows, max_size=30), max_size=8), st.integers(1, 20))
def test_it_knows_what_the_last_rows_say_however_they_are_sorted_in(batches, fresh) -> None:
    usual, register_module.FRESH = register_module.FRESH, fresh
    try:
        register, expected = Register(), {}
        for batch in batches:
            register.update((raw(n).hex(), networks, state) for n, networks, state in batch)
            for n, networks, state in batch:
                expected[n] = None if state == "retired" else networks
        for n in range(31):
            known = expected.get(n)
            assert register.knows(raw(n)) == (known is not None)
            assert [str(network) for network in register.networks(raw(n))] == list(known or ())
            assert register.trust(raw(n), "10.1.2.3") == (NETWORK if known == ("10.0.0.0/8",) else NONE)
            bound_elsewhere = known is None or known == ("127.0.0.1/32", "::1/128")
            assert register.may_command(raw(n), "10.1.2.3") == (not bound_elsewhere)
        assert register.pop_touched() == {raw(n) for n in expected}
        assert not register.pop_touched()
    finally:
        register_module.FRESH = usual


def test_a_million_devices_take_little_memory() -> None:
    tracemalloc.start()
    register = Register()
    register.complete = False
    register.update((raw(n).hex(), ("10.0.0.0/8",) if n % 3 else (), "ok") for n in range(0, 600_000, 2))
    used, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(register) == 300_000
    assert register.knows(raw(599_998))
    assert not register.knows(raw(599_997))
    assert used < 12_000_000  # 40 bytes each, most of it in the dictionary of what came last
    assert peak < 60_000_000


@pytest.mark.asyncio
async def test_frames_are_taken_before_the_register_is_read_and_judged_again_after_it(tmp_path) -> None:
    may_read = threading.Event()

    def slow(register: Register) -> None:
        may_read.wait(10)
        register.update([(SOURCE, ("127.0.0.0/8",), "ok")])

    async with gateway(tmp_path, refresh=slow, unknown_per_minute=1) as gate:
        reading = asyncio.create_task(gate.server.renew())
        reader, writer = await gate.connect()
        writer.write(b"".join(unit_frame(raw(n).hex(), b"", serial=n) for n in range(50, 55)) + FIRE_FRAME)
        await answer(reader, 180)
        assert not gate.counters["refused_unknown"]
        may_read.set()
        await reading
        writer.write(FIRE_FRAME)
        await answer(reader)
        writer.write(unit_frame(raw(60).hex(), b"") + unit_frame(raw(61).hex(), b"") + unit_frame(SOURCE, b""))
        await answer(reader, 60)
        assert gate.counters["refused_unknown"] == 1, "now strangers are limited"
        journal = Reader(gate.journal)
        trusts = [r.trust for b in journal.after(0) for r in b if r.kind == FRAME and r.data == FIRE_FRAME]
        journal.close()
        assert trusts == [NONE, NETWORK]


@pytest.mark.asyncio
async def test_after_the_register_is_read_an_aggregator_is_rationed_once_for_all_it_brought(
    tmp_path, monkeypatch
) -> None:
    rationed = []
    ration = Link.ration
    monkeypatch.setattr(Link, "ration", lambda self, short: (rationed.append(self), ration(self, short)))
    brought = [raw(n).hex() for n in range(100, 140)]
    known = brought[:30]

    def read(register: Register) -> None:
        register.update((source, (), "ok") for source in known)
        known.clear()

    async with gateway(tmp_path, refresh=read, flood_rate=50.0, flood_burst=500.0) as gate:
        reader, writer = await gate.connect()
        writer.write(b"".join(unit_frame(source, b"", serial=n) for n, source in enumerate(brought)))
        await answer(reader, 30 * len(brought))
        (link,) = gate.server.links
        assert link._bucket.rate == 50.0 * 40, "nobody is taken for a stranger before the register is read"
        await gate.server.renew()
        assert rationed == [link], "once, however many addresses it brought"
        assert (link._bucket.rate, link._bucket.burst) == (50.0 * 30, 500.0 * 30)
        await gate.server.renew()
        assert rationed == [link], "nothing changed"


@pytest.mark.asyncio
async def test_a_device_registered_while_it_is_linked_is_known_from_then_on(tmp_path) -> None:
    rows: list = []
    async with gateway(tmp_path, refresh=lambda register: register.update(rows)) as gate:
        await gate.server.renew()
        reader, writer = await gate.connect()
        for n, trust in ((0, NONE), (1, NETWORK), (2, NONE)):
            writer.write(unit_frame(SOURCE, b"", serial=n))
            await answer(reader)
            (link,) = gate.server.links
            assert link.sources[bytes.fromhex(SOURCE)] == trust
            rows[:] = [(SOURCE, ("127.0.0.1/32",) if n == 0 else ("10.0.0.0/8",), "ok")]
            await gate.server.renew()
            if n == 1:
                assert not gate.server.register.may_command(bytes.fromhex(SOURCE), "127.0.0.1")


@pytest.mark.django_db
def test_the_platform_is_loaded_when_the_register_is_first_read(monkeypatch) -> None:
    monkeypatch.setattr("gc.freeze", lambda: None)
    monkeypatch.setattr("wanghuo.kernel.jobs.beats.beating", lambda kind, facts: nullcontext(told.append(kind)))
    device = DeviceFactory(networks=["10.0.0.0/8"])
    retired = DeviceFactory(state="retired")
    told: list[str] = []
    with ExitStack() as stack:
        side = Side(lambda: told.append("prepared"), stack)
        side.ring()
        assert not told
        register = Register()
        side.refresh(register)
        side.refresh(register)
        assert list(side.orders()) == []
        assert told == ["prepared", "gateway"]
    assert [str(network) for network in register.networks(bytes.fromhex(device.source))] == ["10.0.0.0/8"]
    assert not register.knows(bytes.fromhex(retired.source))
