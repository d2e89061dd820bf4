"""The whole way, each protocol through its real front door: set up in the browser, spoken over a socket, seen as an alarm."""

from __future__ import annotations

import asyncio
import socket

import pytest

from wanghuo.engines.codecs import a55a
from wanghuo.entrypoints.simulator import speakers
from wanghuo.entrypoints.ways.coap import Coap
from wanghuo.entrypoints.ways.hub import Hub
from wanghuo.entrypoints.ways.limits import Limits
from wanghuo.entrypoints.ways.modbus import Pollers
from wanghuo.entrypoints.ways.process import bound
from wanghuo.entrypoints.ways.terminals import Terminals
from wanghuo.entrypoints.ways.tests.rig import web_on
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.outbox import drain
from wanghuo.kernel.regions.testing import make_regions
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.places.testing import UnitFactory
from wanghuo.modules.sensing.models import Device, QuarantinedDevice, Reading, Way
from wanghuo.modules.sensing.testing import take_in
from wanghuo.modules.sensing.ways import address_of
from wanghuo.modules.sensing.ways_side import Known, WaysSource

pytestmark = pytest.mark.django_db

DEVICES = (
    ("http", "H-1", "smoke"), ("ctwing", "C-1", "smoke"), ("onenet", "O-1", "hydrant"), ("studio", "S-1", "electrical"),
    ("iotda", "I-1", "gas"), ("coap", "N-1", "water_pressure"), ("a55a", "T-1", "hydrant"), ("modbus", "P-1", "pump_room"),
)  # fmt: skip


@pytest.fixture
def browser(tmp_path, settings):
    make_regions()
    settings.JOURNAL = tmp_path / "journal.sqlite3"
    return client_for(make_user("supervisor", "alarm_supervisor", "445281"))


def test_every_protocol_from_the_browser_to_the_alarm(browser, settings) -> None:
    unit = UnitFactory()
    for protocol, source, profile in DEVICES:
        form = {"protocol": protocol, "source": source, "profile": profile, "unit": unit.ref, "location": "二层走道"}
        assert browser.post("/devices/new", form).status_code == 303, protocol
    modbus_port = free_port()
    ways = {
        "ctwing": {"products": "1503 = smoke"}, "onenet": {"token": "tok1"}, "studio": {"token": "tok2"}, "iotda": {},
        "modbus": {"host": "127.0.0.1", "port": modbus_port, "source": "P-1", "profile": "pump_room"},
    }  # fmt: skip
    for kind, given in ways.items():
        form = {"code": kind, "name": kind, "region": "普宁市", "networks": "127.0.0.0/8"} | given
        assert browser.post(f"/ways/new/{kind}", form).status_code == 303, kind
    ref = Device.objects.get(protocol="http").ref
    token = "wh_" + browser.post(f"/devices/{ref}/acts/token").content.decode().split("wh_", 1)[1].split("<")[0].strip()
    paths = {way.kind: address_of(way) for way in Way.objects.all()}
    known = Known()
    WaysSource()(known)
    asyncio.run(asyncio.wait_for(speak(settings.JOURNAL, known, token, paths, modbus_port), 40))
    take_in(settings.JOURNAL)
    drain()
    seen = set(Alarm.objects.values_list("device_id", "condition"))
    by_source = {device.source: device.id for device in Device.objects.all()}
    for source, condition in {
        "H-1": "fire", "C-1": "fire", "O-1": "pressure_low", "S-1": "residual_current", "I-1": "gas", "N-1": "pressure_low",
        "T-1": "discharge", "P-1": "level_low",
    }.items():  # fmt: skip
        assert (by_source[source], condition) in seen, source
    assert Reading.objects.filter(component__device__source="N-1", unit="MPa").get().value == pytest.approx(0.05)
    assert QuarantinedDevice.objects.get().source == "C-9"
    assert set(Device.objects.values_list("last_seen_at", flat=True)) & {None} == set()
    way = Way.objects.get(code="onenet")
    assert (way.messages, way.refused, way.last_error) == (1, 1, "wrong signature")
    page = browser.get(f"/devices/{ref}").content.decode()
    assert "火警" in page


async def speak(journal, known: Known, token: str, paths: dict[str, str], modbus_port: int) -> None:
    """One message over each protocol."""
    hub = Hub(journal, Limits(), ring=lambda: None)
    hub.known, hub.reach = known, lambda host, port: host
    coap_port, tcp, udp = free_port(), bound("127.0.0.1:0"), bound("127.0.0.1:0", socket.SOCK_DGRAM)
    terminals, ready = Terminals(hub), asyncio.Event()
    jobs = [
        Coap(hub).serve("127.0.0.1", coap_port), terminals.serve_tcp(tcp), terminals.serve_udp(udp), Pollers(hub).run(),
        speakers.serve_modbus("127.0.0.1", modbus_port, [0, 0, 0, 0, 400, 50], [False] * 8, ready),
    ]  # fmt: skip
    tasks = [asyncio.create_task(job) for job in jobs]
    await ready.wait()
    await asyncio.sleep(0.1)
    async with web_on(hub) as port:
        url = f"http://127.0.0.1:{port}"
        assert await speakers.speak_http(url, token, {"smoke_state": 1}) == 200
        bodies = {
            "ctwing": speakers.ctwing_body("C-1", {"smoke_state": 1}),
            "onenet": speakers.onenet_body("O-1", {"3323_0_5700": 0.09}, "tok1"),
            "studio": speakers.studio_body("S-1", {"residual2": 420}, "tok2"),
            "iotda": speakers.iotda_body("I-1", {"lel": 26}),
        }
        for kind, body in bodies.items():
            assert await speakers.post(url + paths[kind], body) == 200, kind
        assert await speakers.post(url + paths["ctwing"], speakers.ctwing_body("C-9", {"smoke_state": 1})) == 200
        assert await speakers.post(url + paths["onenet"], speakers.onenet_body("O-1", {"a": 1}, "forged")) == 403
    assert (await speakers.speak_coap("127.0.0.1", coap_port, "N-1", {"3323/0/5700": 0.05}))[1] == "2.04 Changed"
    report = a55a.build("T-1", 200, kind=34, bits=0b1000_0000, at_s=speakers.now_ms() // 1000)
    assert await speakers.speak_a55a("127.0.0.1", udp.getsockname()[1], report, udp=True)
    while hub.told("modbus")["messages"] < 1:
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await hub.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
