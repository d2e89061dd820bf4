"""MQTT, CoAP, Modbus and A5 5A over real sockets, by the simulator's speakers: kept first, answered then."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from wanghuo.engines.codecs import a55a
from wanghuo.entrypoints.simulator import speakers
from wanghuo.entrypoints.ways.coap import STRANGER_BURST, STRANGER_RATE, Coap
from wanghuo.entrypoints.ways.coap_exchanges import Exchanges
from wanghuo.entrypoints.ways.limits import Limits
from wanghuo.entrypoints.ways.modbus import Pollers
from wanghuo.entrypoints.ways.mqtt import Brokers
from wanghuo.entrypoints.ways.process import bound
from wanghuo.entrypoints.ways.terminals import Stream, Terminals
from wanghuo.entrypoints.ways.tests.rig import hub_on, kept, way
from wanghuo.modules.sensing import credentials
from wanghuo.modules.sensing.ways_side import Order, networks_of

REPORT = a55a.build("HYD-1", 215, kind=34, at_s=1_764_060_000)


def run(work) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.sqlite3"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextlib.asynccontextmanager
async def running(*jobs):
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(what) -> None:
    while not what():
        await asyncio.sleep(0.02)


class TestTerminals:
    @pytest.mark.parametrize("udp", [False, True])
    def test_a_report_is_kept_and_answered(self, journal, udp) -> None:
        async def story() -> None:
            async with hub_on(journal) as hub:
                tcp, datagrams = bound("127.0.0.1:0"), bound("127.0.0.1:0", socket.SOCK_DGRAM)
                port = (datagrams if udp else tcp).getsockname()[1]
                terminals = Terminals(hub)
                async with running(terminals.serve_tcp(tcp), terminals.serve_udp(datagrams)):
                    await asyncio.sleep(0.05)
                    assert await speakers.speak_a55a("127.0.0.1", port, REPORT, udp=udp) == a55a.answer(REPORT)
                (message,) = kept(journal)
                assert (message.protocol, message.address, message.payload) == ("a55a", "HYD-1", REPORT)

        run(story())

    def test_garbage_and_broken_reports_do_not_hide_the_next(self) -> None:
        broken = bytearray(REPORT)
        broken[30] ^= 1
        short = REPORT[:20]
        stream, found = Stream(), []
        data = b"\xa5\x00noise" + bytes(broken) + REPORT + short + REPORT + b"\xa5"
        for at in range(0, len(data), 7):
            found += stream.feed(data[at : at + 7])
        assert found == [REPORT, REPORT]

    def test_wrong_sums_are_worked_out_once(self, monkeypatch) -> None:
        summed, crc16 = [], a55a.crc16
        monkeypatch.setattr(a55a, "crc16", lambda data: summed.append(len(data)) or crc16(data))
        step = a55a.START + b"\0" + (1600).to_bytes(2, "big") + bytes(9) + a55a.END
        stream = Stream()
        found = list(stream.feed(step * 1000 + REPORT))
        assert found == [REPORT]
        assert sum(summed) < 40_000

    def test_strangers_are_slowed(self, journal) -> None:
        async def story() -> None:
            async with hub_on(journal) as hub:
                terminals = Terminals(hub)
                kept_ones = [await terminals._keep(REPORT, "127.0.0.1", "127.0.0.1:1") for _ in range(22)]
                assert sum(kept_ones) in (20, 21)
                hub.known.devices["a55a", "HYD-1"] = ()
                assert await terminals._keep(REPORT, "127.0.0.1", "127.0.0.1:1")

        run(story())

    def test_so_many_connections_and_no_more(self, journal) -> None:
        async def story() -> None:
            async with hub_on(journal, limits=Limits(connections=3)) as hub:
                tcp = bound("127.0.0.1:0")
                port, terminals = tcp.getsockname()[1], Terminals(hub)
                async with running(terminals.serve_tcp(tcp)):
                    links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
                    await until(lambda: terminals._open == 3)
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    assert await asyncio.wait_for(reader.read(), 5) == b"", "hung up on"
                    assert hub.counters["refused_full"] == 1
                    writer.close()
                    links.pop()[1].close()
                    await until(lambda: terminals._open == 2)
                    assert await speakers.speak_a55a("127.0.0.1", port, REPORT, udp=False) == a55a.answer(REPORT)
                    for _, link in links:
                        link.close()

        run(story())


def sent(device: str, mid: int) -> bytes:
    """A confirmable Send of LwM2M."""
    import aiocoap

    message = aiocoap.Message(code=aiocoap.POST, uri_path=("dp",), payload=b'[{"n": "3323/0/5700", "v": 1}]')
    message.opt.uri_query, message.opt.content_format = (f"ep={device}",), 110
    message.mtype, message.mid, message.token = aiocoap.CON, mid, mid.to_bytes(2, "big")
    return message.encode()


class Datagrams(asyncio.DatagramProtocol):
    """A device's socket."""

    def connection_made(self, transport) -> None:
        self.send, self.came = transport.sendto, asyncio.Queue()

    def datagram_received(self, data: bytes, address) -> None:
        self.came.put_nowait(data)

    async def ask(self, message: bytes) -> bytes:
        """Send, wait for what answers its token, and repeat as a device does."""
        for _ in range(10):
            self.send(message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    while True:
                        answer = await self.came.get()
                        if answer[1] and answer[4:6] == message[4:6]:
                            return answer
        raise TimeoutError


@contextlib.asynccontextmanager
async def coap_on(hub):
    """The listener, and two sockets that speak to it."""
    port, coap = free_port(), Coap(hub)
    async with running(coap.serve("127.0.0.1", port)):
        await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        at = ("127.0.0.1", port)
        ends = [await loop.create_datagram_endpoint(Datagrams, remote_addr=at) for _ in range(2)]
        yield coap, [link for _, link in ends]
        for transport, _ in ends:
            transport.close()


class TestCoap:
    def test_a_device_registers_and_sends(self, journal) -> None:
        async def story() -> None:
            async with hub_on(journal) as hub:
                hub.known.devices["coap", "N-1"] = ()
                port, coap = free_port(), Coap(hub)
                async with running(coap.serve("127.0.0.1", port)):
                    await asyncio.sleep(0.1)
                    codes = await speakers.speak_coap("127.0.0.1", port, "N-1", {"3323/0/5700": 0.11})
                    assert codes == ("2.01 Created", "2.04 Changed")
                    assert (await speakers.speak_coap("127.0.0.1", port, "N-2", {"3/0/9": 5}))[0] == "4.03 Forbidden"
                    assert [each.name for each in coap.registered.values()] == ["N-1"]
            sent = [m for m in kept(journal) if m.topic.startswith("dp") and m.address == "N-1"]
            assert json.loads(sent[0].payload)[0]["v"] == 0.11

        run(story())

    def test_offered_objects_are_observed(self, journal) -> None:
        import aiocoap
        import aiocoap.resource

        class Pressure(aiocoap.resource.ObservableResource):
            value = b"0.25"

            async def render_get(self, request):
                return aiocoap.Message(payload=self.value, content_format=0)

        async def story() -> None:
            async with hub_on(journal) as hub:
                hub.known.devices["coap", "N-1"] = ()
                port, coap, device_port = free_port(), Coap(hub), free_port()
                pressure, site = Pressure(), aiocoap.resource.Site()
                site.add_resource(["3323", "0"], pressure)
                async with running(coap.serve("127.0.0.1", port)):
                    await asyncio.sleep(0.1)
                    device = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", device_port))
                    hello = aiocoap.Message(
                        code=aiocoap.POST, uri=f"coap://127.0.0.1:{port}/rd?ep=N-1&lt=60", payload=b"</3323/0>,</1/0>"
                    )
                    answer = await device.request(hello).response
                    await until(lambda: any(m.topic == "3323/0;0" for m in kept(journal)))
                    pressure.value = b"0.05"
                    pressure.updated_state()
                    await until(lambda: any(m.payload == b"0.05" for m in kept(journal)))
                    path = "/".join(answer.opt.location_path)
                    gone = aiocoap.Message(code=aiocoap.DELETE, uri=f"coap://127.0.0.1:{port}/{path}")
                    assert (await device.request(gone).response).code == aiocoap.DELETED
                    long = aiocoap.Message(code=aiocoap.POST, uri=f"coap://127.0.0.1:{port}/rd?ep={'𠀀' * 64}")
                    assert (await device.request(long).response).code == aiocoap.BAD_REQUEST
                    nobody = aiocoap.Message(code=aiocoap.POST, uri=f"coap://127.0.0.1:{port}/rd/")
                    assert (await device.request(nobody).response).code == aiocoap.NOT_FOUND
                    again = aiocoap.Message(code=aiocoap.POST, uri=f"coap://127.0.0.1:{port}/{path}")
                    assert (await device.request(again).response).code == aiocoap.NOT_FOUND
                    await device.shutdown()

        run(story())

    def test_a_repetition_gets_the_same_answer_and_is_kept_once(self, journal) -> None:
        async def story() -> None:
            async with hub_on(journal) as hub, coap_on(hub) as (_, (link, _)):
                hub.known.devices["coap", "N-1"] = ()
                first = await link.ask(sent("N-1", 1))
                assert first[1] == 0x44, "2.04 Changed"
                assert await link.ask(sent("N-1", 1)) == first
                assert len(kept(journal)) == 1
                assert await link.ask(sent("N-1", 2)) != first
                assert len(kept(journal)) == 2

        run(story())

    def test_many_strangers_are_dropped_and_a_device_is_served_beside_them(self, journal) -> None:
        async def story() -> None:
            async with hub_on(journal) as hub, coap_on(hub) as (coap, (strange, link)):
                hub.known.devices["coap", "N-1"] = ()
                hub.known.devices["coap", "N-2"] = networks_of(["192.0.2.0/24"])
                for number in range(400):
                    strange.send(sent(("N-9", "N-2")[number % 2], number))
                    if number % 50 == 0:
                        await asyncio.sleep(0.02)
                answer = await link.ask(sent("N-1", 1000))
                assert answer[1] == 0x44
                remembered = coap.messages.exchanges
                assert len(remembered[True]) == 1
                assert len(remembered[False]) <= STRANGER_BURST + 10 * STRANGER_RATE
                assert hub.counters["refused_unknown"] >= 100

        run(story())

    def test_messages_are_remembered_so_many_and_so_long(self) -> None:
        exchanges = Exchanges(3, 10.0)
        for number in range(5):
            assert exchanges.begin(("a", number), float(number)) is None
        exchanges.answered(("a", 4), b"x")
        assert exchanges.begin(("a", 4), 5.0) == b"x"
        assert len(exchanges) <= 3
        assert exchanges.begin(("a", 0), 5.0) is None, "the oldest is forgotten first"
        assert exchanges.begin(("a", 4), 15.1) is None, "after its time it is new"


class TestWayOut:
    def test_only_listed_places_are_reached(self, journal, settings, tmp_path) -> None:
        from wanghuo.kernel.notify import egress

        settings.HOME = tmp_path
        port = free_port()
        given = {"host": "127.0.0.1", "port": port, "source": "PLC-1", "profile": "pump_room"}

        async def story(listed: bool) -> None:
            ready = asyncio.Event()
            gateway = speakers.serve_modbus("127.0.0.1", port, [0] * 10, [False] * 8, ready)
            async with hub_on(journal, way("modbus", **given)) as hub:
                hub.reach = egress.reach
                async with running(gateway, Pollers(hub).run()):
                    await ready.wait()
                    await until(lambda: hub.told("modbus")["messages" if listed else "error"])

        run(story(False))
        assert kept(journal) == []
        listed = f'[[allow]]\nhost = "127.0.0.1"\nport = {port}\nnetworks = ["127.0.0.0/8"]\n'
        (tmp_path / "egress.toml").write_text(listed)
        run(story(True))
        assert len(kept(journal)) == 1


class TestModbus:
    def test_registers_are_asked_for_and_kept_when_they_change(self, journal) -> None:
        async def story() -> None:
            port = free_port()
            holding, discrete, ready = [0, 0, 0, 0, 350, 200, 0], [False] * 8, asyncio.Event()
            settings = {"host": "127.0.0.1", "port": port, "source": "PLC-1", "profile": "pump_room"}
            async with (
                hub_on(journal, way("modbus", **settings)) as hub,
                running(speakers.serve_modbus("127.0.0.1", port, holding, discrete, ready), Pollers(hub).run()),
            ):
                await ready.wait()
                await until(lambda: kept(journal))
            (message,) = kept(journal)
            assert (message.protocol, message.address, message.topic) == ("modbus", "PLC-1", "modbus")
            assert json.loads(message.payload)["blocks"] == [["discrete", 0, [0, 0, 0]], ["holding", 4, [350, 200]]]

        run(story())

    def test_a_gateway_that_is_away_is_told(self, journal) -> None:
        async def story() -> None:
            settings = {"host": "127.0.0.1", "port": free_port(), "source": "PLC-1", "profile": "pump_room"}
            async with hub_on(journal, way("modbus", **settings)) as hub, running(Pollers(hub).run()):
                await until(lambda: hub.told("modbus")["error"])
                assert not kept(journal), "nothing was read, so nothing is kept"

        run(story())


def mosquitto(folder: Path, port: int) -> list[str]:
    """Mosquitto as the files of `wanghuo mqtt credentials` make it; the command."""
    hashed = credentials.broker_hash
    (folder / "passwd").write_text("".join(f"{d}:{hashed('secret')}\n" for d in DEVICES) + f"wanghuo:{hashed('pw')}\n")
    (folder / "acl").write_text("\n".join(credentials.mosquitto_rules("wanghuo")) + "\n")
    (folder / "conf").write_text(
        f"listener {port} 127.0.0.1\npassword_file {folder}/passwd\nacl_file {folder}/acl\nallow_anonymous false\nuser root\n"
    )
    return [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(folder / "conf")]


def nats(folder: Path, port: int) -> list[str]:
    """NATS as they make it, with MQTT; the command."""
    hashed = {device: credentials.nats_hash("secret", 4) for device in DEVICES}
    (folder / "nats.conf").write_text("\n".join(credentials.nats_users(hashed, "wanghuo", "pw")) + "\n")
    storage = f'jetstream {{ store_dir: "{folder}/store", sync_interval: always }}'
    listen = f'listen: "127.0.0.1:{free_port()}"\nmqtt {{ listen: "127.0.0.1:{port}" }}'
    (folder / "conf").write_text(f'server_name: "t"\n{listen}\n{storage}\ninclude "./nats.conf"\n')
    return [str(Path(sys.executable).parent / "nats-server"), "-c", str(folder / "conf")]


DEVICES = ("M-1", "M.3")


@pytest.fixture(params=[mosquitto, nats])
def broker(tmp_path, request):
    """A broker with two devices and ourselves: its port, and how to restart it."""
    port = free_port()
    command = request.param(tmp_path, port)

    def start() -> subprocess.Popen:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                return process
        raise RuntimeError("the broker did not start")

    processes = [start()]

    def restart() -> None:
        processes[-1].terminate()
        processes[-1].wait(5)
        processes.append(start())

    yield port, restart
    processes[-1].terminate()
    processes[-1].wait(5)


class TestMqtt:
    def test_messages_are_kept_and_commands_answered(self, journal, broker) -> None:
        port, _ = broker

        async def story() -> None:
            settings = {"host": "127.0.0.1", "port": port, "username": "wanghuo"}
            async with hub_on(journal, way("mqtt", secrets={"password": ("pw",)}, **settings)) as hub:
                brokers = Brokers(hub)
                async with running(brokers.run()):
                    await until(lambda: any(b._client for b, _ in brokers._running.values()))
                    speaking = asyncio.create_task(
                        speakers.speak_mqtt("127.0.0.1", port, "M-1", "secret", {"smoke_state": 1}, stay_s=2.0)
                    )
                    await until(lambda: any(m.topic.endswith("telemetry") for m in kept(journal)))
                    order = Order("5f0c0e1a-0000-7000-8000-000000000001", "mqtt", "M-1", "duty_check", 5, {})
                    assert hub.senders["mqtt"](order)
                    assert not hub.senders["mqtt"](order._replace(source="M-2"))
                    assert await speaking == ["duty_check"]
                    await until(lambda: any("/rpc/response/5f0c0e1a" in m.topic for m in kept(journal)))
            assert {m.address for m in kept(journal)} == {"M-1"}

        run(story())

    def test_of_qos_0_so_many_wait_for_the_disk_and_the_rest_is_counted(self, journal, broker, monkeypatch) -> None:
        import aiomqtt

        from wanghuo.entrypoints.ways import mqtt

        monkeypatch.setattr(mqtt, "MOST_UNASKED", 5)
        port, _ = broker

        async def story() -> None:
            settings = {"host": "127.0.0.1", "port": port, "username": "wanghuo"}
            async with hub_on(journal, way("mqtt", secrets={"password": ("pw",)}, **settings)) as hub:
                brokers, disk, keep = Brokers(hub), asyncio.Event(), hub.keep

                async def slow(*known, **more) -> None:
                    await disk.wait()
                    await keep(*known, **more)

                monkeypatch.setattr(hub, "keep", slow)
                async with running(brokers.run()):
                    await until(lambda: any(b._client for b, _ in brokers._running.values()))
                    async with aiomqtt.Client("127.0.0.1", port, username="M-1", password="secret") as client:
                        for number in range(40):
                            await client.publish("fire/v1/s/M-1/telemetry", b"%d" % number, qos=0)
                        await client.publish("fire/v1/s/M-1/telemetry", b"sure", qos=1)
                        ((one, _),) = brokers._running.values()
                        await until(lambda: hub.counters["shed_state"] == 35 and one._held)
                    disk.set()
                    await until(lambda: len(kept(journal)) == 6 and not one._unasked)
                    assert one._unasked_bytes == 0
                    assert b"sure" in {m.payload for m in kept(journal)}

        run(story())

    def test_a_message_that_comes_again_while_the_disk_is_slow_is_kept_once(self, journal, monkeypatch) -> None:
        from aiomqtt import Message, Topic

        from wanghuo.entrypoints.ways import mqtt

        monkeypatch.setattr(mqtt, "acknowledge", lambda paho, message: acknowledged.append(message.mid))
        acknowledged: list[int] = []

        async def story() -> None:
            async with hub_on(journal) as hub:
                broker = mqtt.Broker(hub, way("mqtt"))
                for _ in range(3):
                    broker._take(None, Message(Topic("fire/v1/s/M-1/telemetry"), b"1", 1, False, 7, None))
                await until(lambda: acknowledged)
                broker._take(None, Message(Topic("fire/v1/s/M-1/telemetry"), b"2", 1, False, 7, None))
                await until(lambda: len(acknowledged) > 1)
            assert [m.payload for m in kept(journal)] == [b"1", b"2"]
            assert acknowledged == [7, 7]

        run(story())

    def test_a_device_cannot_speak_for_another(self, journal, broker) -> None:
        import aiomqtt

        port, _ = broker

        async def story() -> None:
            settings = {"host": "127.0.0.1", "port": port, "username": "wanghuo"}
            async with hub_on(journal, way("mqtt", secrets={"password": ("pw",)}, **settings)) as hub:
                brokers = Brokers(hub)
                async with running(brokers.run()):
                    await until(lambda: any(b._client for b, _ in brokers._running.values()))
                    for device in DEVICES:
                        for topic in ("M-2", "M.2", "M", device):
                            # NATS hangs up on who publishes where it may not, Mosquitto says nothing
                            with contextlib.suppress(aiomqtt.MqttError):
                                async with aiomqtt.Client(
                                    "127.0.0.1", port, username=device, password="secret"
                                ) as client:
                                    await client.publish(f"fire/v1/s/{topic}/telemetry", b'{"values": {}}', 1)
                    await until(lambda: len(kept(journal)) >= 2)
                    with pytest.raises(aiomqtt.MqttError):
                        async with aiomqtt.Client("127.0.0.1", port, username="M-1", password="wrong"):
                            pass
            assert sorted(m.address for m in kept(journal)) == ["M-1", "M.3"]

        run(story())

    def test_what_was_not_on_disk_comes_again_after_the_broker_restarts(self, journal, broker, monkeypatch) -> None:
        import sqlite3

        port, restart = broker

        async def story() -> None:
            settings = {"host": "127.0.0.1", "port": port, "username": "wanghuo"}
            async with hub_on(journal, way("mqtt", secrets={"password": ("pw",)}, **settings)) as hub:
                brokers, writer, full = Brokers(hub), hub.committer._writer, [True]
                commit = writer.commit

                def refuse(*args, **kwargs):
                    if full[0]:
                        raise sqlite3.OperationalError("database or disk is full")
                    return commit(*args, **kwargs)

                monkeypatch.setattr(writer, "commit", refuse)
                async with running(brokers.run()):
                    await until(lambda: any(b._client for b, _ in brokers._running.values()))
                    await speakers.speak_mqtt("127.0.0.1", port, "M-1", "secret", {"smoke_state": 1})
                    await asyncio.sleep(0.1)
                    assert kept(journal) == []
                    full[0] = False
                    await until(lambda: any(m.topic.endswith("telemetry") for m in kept(journal)))
                    await asyncio.to_thread(restart)
                    await until(lambda: any(b._client for b, _ in brokers._running.values()))
                    await speakers.speak_mqtt("127.0.0.1", port, "M-1", "secret", {"smoke_state": 0})
                    await until(lambda: sum(m.topic.endswith("telemetry") for m in kept(journal)) == 2)

        run(story())
