"""The process of the ways in: every listener on its port, until told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from wanghuo.entrypoints.ways.coap import Coap
from wanghuo.entrypoints.ways.hub import Hub
from wanghuo.entrypoints.ways.limits import Limits
from wanghuo.entrypoints.ways.modbus import Pollers
from wanghuo.entrypoints.ways.mqtt import Brokers
from wanghuo.entrypoints.ways.pushes import Pushes
from wanghuo.entrypoints.ways.terminals import Terminals
from wanghuo.entrypoints.ways.web import Web
from wanghuo.modules.sensing.journals import Address
from wanghuo.modules.sensing.ways_side import Known, Order, networks_of


@dataclass(frozen=True, slots=True)
class Listen:
    """HOST:PORT of each listener; "" leaves it out. A port of 0 takes any that is free. `proxies`: networks of the reverse
    proxies in front of HTTP, by commas."""

    http: str = ""
    coap: str = ""
    a55a: str = ""
    proxies: str = ""


def bound(address: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """A socket bound to HOST:PORT (or [v6]:PORT)."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "0.0.0.0"  # noqa: S104 - an empty host asks for every interface
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, int(port)))
    if kind == socket.SOCK_STREAM:
        sock.listen(1024)  # whoever comes while we begin waits
    sock.setblocking(False)
    return sock


Job = Callable[[], Coroutine[Any, Any, None]]


def jobs(hub: Hub, listen: Listen) -> list[Job]:
    """What runs: the listeners that are asked for, and the clients of brokers and gateways that are set up."""
    found: list[Job] = [Brokers(hub).run, Pollers(hub).run]
    if listen.http:
        sock = bound(listen.http)
        proxies = networks_of([block.strip() for block in listen.proxies.split(",") if block.strip()])
        found.append(lambda: Web(hub, Pushes(hub), proxies).serve(sock))
    if listen.a55a:
        terminals, tcp, udp = Terminals(hub), bound(listen.a55a), bound(listen.a55a, socket.SOCK_DGRAM)
        found += [lambda: terminals.serve_tcp(tcp), lambda: terminals.serve_udp(udp)]
    if listen.coap:
        host, _, port = listen.coap.rpartition(":")
        found.append(lambda: Coap(hub).serve(host.strip("[]") or "::", int(port)))
    return found


def run(
    journal: Address,
    listen: Listen,
    limits: Limits,
    *,
    ring: Callable[[], None],
    refresh: Callable[[Known], None],
    orders: Callable[[], Iterable[Order]],
    ready: Callable[[], None] | None = None,
) -> None:
    """Run in this process until it is told to stop."""

    async def main() -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        hub = Hub(journal, limits, ring=ring, refresh=refresh, orders=orders)
        await hub.renew()
        listeners = jobs(hub, listen)
        if ready is not None:
            ready()
        await hub.run(stopping, listeners)

    asyncio.run(main())
