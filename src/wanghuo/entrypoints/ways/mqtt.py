"""MQTT: one client for each broker that is set up. Messages are acknowledged when they are on disk; commands go down as rpc.

QoS 1 with a fixed client id and a lasting session: what came while we were away is delivered when we are back, and what was not
on disk is delivered again. The broker's access list is what proves who may publish where (docs/ways-in.md).
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import select
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import aiomqtt
from paho.mqtt.client import Client as PahoClient

from wanghuo.base import AppError
from wanghuo.engines.codecs import mqtt
from wanghuo.entrypoints.ways.hub import TOKEN, Busy, Hub
from wanghuo.kernel.accounts.sealed import digest
from wanghuo.modules.sensing.ways_side import KnownWay, Order

log = logging.getLogger("wanghuo.ways")
LARGEST = 64 << 10
FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S = 0.1, 1.0, 30.0  # a broker that is back is found again within two seconds
IN_FLIGHT, PORT, TLS_PORT = 1000, 1883, 8883
RETRY_S = 0.5
MOST_UNASKED, MOST_UNASKED_BYTES = (
    10_000,
    32 << 20,
)  # of QoS 0 that wait for the disk: no broker waits with those for us
ANSWER_S = 3.0  # a broker that dies while it lets us in says nothing


class Broker:
    """The client of one broker, for as long as its way stays as it is."""

    def __init__(self, hub: Hub, way: KnownWay) -> None:
        self._hub, self.way = hub, way
        self._client: aiomqtt.Client | None = None
        self._sites: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unasked = self._unasked_bytes = 0
        self._held: set[int] = set()  # message ids of this session that wait for the disk

    async def run(self) -> None:
        """Stay connected until cancelled, with pauses that grow while it cannot be."""
        pause, loop = FIRST_PAUSE_S, asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._session()
            except (aiomqtt.MqttError, AppError, OSError, ValueError) as error:
                self._hub.told(self.way.code)["error"] = str(error)[:200] or type(error).__name__
                log.warning("the broker of %s: %s", self.way.code, error)
            if loop.time() - began > STEADY_S:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _session(self) -> None:
        settings = self.way.settings
        tls = str(settings.get("tls", "")) == "1"
        host, port = str(settings["host"]), int(settings.get("port") or (TLS_PORT if tls else PORT))
        address = await asyncio.to_thread(self._hub.reach, host, port)
        client = aiomqtt.Client(
            host if tls else address,  # with TLS the certificate is checked against the name
            port,
            username=str(settings.get("username", "")) or None,
            password=next(iter(self.way.secrets.get("password", ())), None),
            identifier=client_id(self.way.code),
            clean_session=False,
            protocol=aiomqtt.ProtocolVersion.V311,
            max_inflight_messages=IN_FLIGHT,
            keepalive=30,
            timeout=ANSWER_S,
            tls_context=ssl.create_default_context() if tls else None,
        )
        paho: PahoClient = client._client  # the acknowledgement is ours to give: after the disk, not before
        paho.manual_ack_set(True)
        self._held = set()
        async with client:
            await client.subscribe([(topic, 1) for topic in self.topics()])
            self._client = client
            try:
                async for message in client.messages:
                    self._take(paho, message)
            except asyncio.CancelledError:
                for task in self._tasks:
                    task.cancel()
                raise
            finally:  # what came before the broker went is kept all the same: it may not know of it any more
                self._client = None

    def topics(self) -> list[str]:
        """What is subscribed to."""
        own = [topic.strip() for topic in str(self.way.settings.get("topics", "")).split(",")]
        return [topic for topic in own if topic] or list(mqtt.SUBSCRIPTIONS)

    def _take(self, paho: PahoClient, message: aiomqtt.Message) -> None:
        payload = message.payload if isinstance(message.payload, bytes) else str(message.payload or "").encode()
        topic = str(message.topic)
        if len(payload) > LARGEST or len(topic.encode()) > 255:
            self._hub.refused("refused_bad", "", self.way.code, f"{topic[:60]}: {len(payload)} bytes")
            acknowledge(paho, message)
            return
        work = self._keep(paho, message, topic, payload)
        if message.qos:
            self._hold(message.mid, work)
        else:
            self._take_unasked(len(payload), work)

    def _hold(self, mid: int, work: Coroutine[Any, Any, None]) -> None:
        """Work on a message that the broker keeps until we have it, once, though it may send it again meanwhile."""
        held = self._held
        if mid in held:
            work.close()
            return
        held.add(mid)
        self._spawn(work).add_done_callback(lambda _: held.discard(mid))

    def _take_unasked(self, size: int, work: Coroutine[Any, Any, None]) -> None:
        """Work on a message that the broker has forgotten, as long as not too many wait."""
        if self._unasked >= MOST_UNASKED or self._unasked_bytes + size > MOST_UNASKED_BYTES:
            self._hub.count("shed_state")
            work.close()
            return

        def done(_: object) -> None:
            self._unasked, self._unasked_bytes = self._unasked - 1, self._unasked_bytes - size

        self._unasked, self._unasked_bytes = self._unasked + 1, self._unasked_bytes + size
        self._spawn(work).add_done_callback(done)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _keep(self, paho: PahoClient, message: aiomqtt.Message, topic: str, payload: bytes) -> None:
        """Keep one message, however long the disk takes; then acknowledge it."""
        device = mqtt.device_of(topic)
        if device and topic.startswith(mqtt.OWN):
            self._sites[device] = topic.split("/")[2]
        if message.retain:
            acknowledge(paho, message)  # what is retained is old: it must neither happen again nor count as heard
            return
        peer = f"mqtt:{self.way.code}"
        while True:
            try:
                await self._hub.keep("mqtt", device, topic, payload, trust=TOKEN, peer=peer, way=self.way.code)
            except Busy:
                await asyncio.sleep(RETRY_S)
            else:
                acknowledge(paho, message)
                return

    def send(self, order: Order) -> bool:
        """Send a command down, if the broker is there and the device was heard from it."""
        if self._client is None or order.source not in self._sites:
            return False
        topic = mqtt.rpc_topic(self._sites[order.source], order.source, order.id)
        body = json.dumps({"method": order.act, "params": {"minutes": order.minutes, **order.body}}).encode()
        self._spawn(self._publish(self._client, topic, body))
        return True

    async def _publish(self, client: aiomqtt.Client, topic: str, body: bytes) -> None:
        try:
            await client.publish(topic, body, qos=1)
        except aiomqtt.MqttError as error:
            log.warning("a command could not be sent over %s: %s", self.way.code, error)


def client_id(code: str) -> str:
    """Our name at a broker, the same for ever and known to nobody: whoever connects by it would take our session over."""
    return f"wanghuo-{digest('mqtt-client', code)[:24]}"


def acknowledge(paho: PahoClient, message: aiomqtt.Message) -> None:
    """Tell the broker that we have a message, and read before what it has sent by now.

    A killed broker has acknowledged to devices what still lies unread in our socket, and forgets it; to write to it would
    close the socket with all that.
    """
    while (sock := paho.socket()) is not None and readable(sock):
        paho.loop_read()
    paho.ack(message.mid, message.qos)


def readable(sock: Any) -> bool:
    """Whether there is something to read from a socket, or its end."""
    poll = select.poll()  # select() itself knows no more than 1,024 files
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


class Brokers:
    """The clients of all brokers that are set up; a way that changes is begun anew."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._running: dict[str, tuple[Broker, asyncio.Task[None]]] = {}
        hub.senders["mqtt"] = lambda order: any(broker.send(order) for broker, _ in self._running.values())

    async def run(self) -> None:
        """Follow what is set up until cancelled."""
        try:
            await follow(self._hub, "mqtt", self._running, lambda way: Broker(self._hub, way))
        finally:
            for _, task in self._running.values():
                task.cancel()


async def follow(
    hub: Hub, kind: str, running: dict[str, tuple[Any, asyncio.Task[None]]], make: Callable[[KnownWay], Any]
) -> None:
    """Keep a task for each way of a kind: begin those that are new, end those that are gone, both for one that changed."""
    while True:
        wanted = {way.code: way for way in hub.known.ways.values() if way.kind == kind}
        for code in [c for c, (each, _) in running.items() if wanted.get(c) != each.way]:
            running.pop(code)[1].cancel()
        for code, way in wanted.items():
            if code not in running:
                each = make(way)
                running[code] = (each, asyncio.create_task(each.run()))
        await asyncio.sleep(hub.limits.renew_s)
