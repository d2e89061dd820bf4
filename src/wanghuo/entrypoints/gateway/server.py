"""The gateway of one process: listens, knows its links, confirms what is durable, reports how it goes."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wanghuo.base import Text
from wanghuo.entrypoints.gateway.committer import Committer
from wanghuo.entrypoints.gateway.datagrams import Datagrams
from wanghuo.entrypoints.gateway.downlink import Downlink, OrderSource
from wanghuo.entrypoints.gateway.intake import Asker, Entry, Gathered
from wanghuo.entrypoints.gateway.lanes import PARTS, Parts
from wanghuo.entrypoints.gateway.limits import Limits, raise_file_limit
from wanghuo.entrypoints.gateway.link import Link
from wanghuo.entrypoints.gateway.ports import Ports, listening_socket
from wanghuo.entrypoints.gateway.register import TLS, Register, RegisterSource
from wanghuo.entrypoints.gateway.replies import Clock
from wanghuo.modules.sensing.journal import NOTE
from wanghuo.modules.sensing.journals import Address, is_stream, open_writer
from wanghuo.modules.sensing.reserve import Reserve

__all__ = ["Ports", "Server", "listening_socket", "run"]

log = logging.getLogger("wanghuo.gateway")
CONTESTED_AGAIN_S = 600.0
MOST_HOSTS = 100_000  # peers whose strangers are counted at a time
RENEW_S = 1.0  # how often the register and the waiting commands are looked at
TURN = 1000  # addresses judged again before others have a turn: some milliseconds
LOOK_S = 0.25  # how often the state of the disk is looked at

DISK_TROUBLE = Text(
    "接收日志无法写入（{error}）：暂不确认任何报文，设备会按标准重发；请腾出磁盘空间，恢复后自动继续。",
    "The journal cannot be written ({error}): nothing is confirmed and devices repeat as the standard says; "
    "free disk space, it resumes by itself.",
)
DISK_SHORT = Text(
    "磁盘空间将满：启用预留空间，只接收火警、故障等紧急报文，其余暂不确认；请腾出磁盘空间。",
    "The disk is nearly full: the reserve is in use, only fires, faults and other urgent frames are taken, the rest is "
    "not confirmed; free disk space.",
)
DISK_ENOUGH = Text("磁盘空间已恢复，照常接收。", "The disk has room again; everything is taken.")
DISK_BACK = Text("接收日志恢复写入。", "The journal can be written again.")


class Server:
    """State shared by the links of one process. Everything here runs in the event loop, except the journal's thread."""

    def __init__(
        self,
        journal: Address,
        limits: Limits,
        *,
        ring: Callable[[], None],
        refresh: RegisterSource | None = None,
        orders: OrderSource | None = None,
        parts: Parts = PARTS,
        reserve: Reserve | None = None,
    ) -> None:
        self.limits, self.register, self.clock = limits, Register(), Clock()
        self.started_us = time.time_ns() // 1000
        self.name = f"{os.getpid()}-{self.started_us:x}"
        self.links: set[Link] = set()
        self.partial: set[Link] = set()
        self.held: set[Link] = set()
        self.stuck: set[Link] = set()
        self.owner: dict[bytes, Link] = {}
        self.centres: dict[bytes, bytes] = {}
        self.downlink = Downlink(self)
        self._ring, self._refresh, self._orders = ring, refresh, orders
        self.register.complete = refresh is None
        self._counters: Counter[str] = Counter()
        self._contested: dict[bytes, float] = {}
        self._strangers: dict[str, tuple[float, int]] = {}
        self._numbers = 0
        self._files, self._most_links = 0, limits.links()
        self._datagrams: Datagrams | None = None
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self.committer = Committer(
            open_writer(journal, self.name, checkpoints=False),
            queue=parts.intake,
            on_durable=self._durable,
            on_trouble=self._trouble,
            linger_s=limits.linger_s,
            retry_s=limits.retry_disk_s,
            reserve=reserve,
        )
        self.short = False  # of room on the disk: only what is urgent is taken
        self.intake = self.committer.intake
        self.parts = parts

    def link(self, kind: type[Link] | None = None) -> Link:
        """A protocol object for a new connection."""
        self._numbers += 1
        return (kind or self.parts.link)(self, self._numbers)

    def admit(self, link: Link) -> bool:
        """Take in a connection, or refuse it when there are too many: those that are here matter more."""
        if link.takes_a_file:
            if self._files >= self._most_links:
                self.count("refused_full")
                return False
            self._files += 1
        self.links.add(link)
        return True

    def forget(self, link: Link) -> None:
        """The connection is gone."""
        if link.takes_a_file and link in self.links:
            self._files -= 1
        for group in (self.links, self.partial, self.held, self.stuck):
            group.discard(link)
        for source in link.sources:
            if self.owner.get(source) is link:
                del self.owner[source]

    def meet(self, link: Link, source: bytes, frame: bytes) -> int | None:
        """A link brings its first frame of an address. Gives the trust; None when the peer brings too many
        strangers."""
        if not self.register.knows(source) and self.register.complete and self._too_strange(link.host):
            self.count("refused_unknown")
            return None
        if not link.sources:
            self.committer.opened(link.opened())
        trust = link.sources[source] = self.trust(link, source)
        if other := self.owner.get(source):
            other.superseded(source)
        self.owner[source] = link
        self.centres[source] = frame[18:24]
        if self.register.knows(source) or not self.register.complete:  # `_look_again` will count it right
            link.widen()
        return trust

    def trust(self, link: Link, source: bytes) -> int:
        """How far the link proves that it speaks for the address: by its certificate, else by its network."""
        return TLS if link.vouches(source) else self.register.trust(source, link.host)

    def _too_strange(self, host: str) -> bool:
        if not self.limits.unknown_per_minute:
            return False
        now = self.now()
        if host not in self._strangers and len(self._strangers) >= MOST_HOSTS:
            return True
        since, met = self._strangers.get(host, (now, 0))
        if now - since >= 60.0:
            since, met = now, 0
        self._strangers[host] = (since, met + 1)
        return met >= self.limits.unknown_per_minute

    def contested(self, link: Link, source: bytes) -> None:
        """A frame of an address came on a link that another one had taken the address from: two live links speak as
        one device.

        A device that reconnected leaves its old link silent, so only a superseded link that still speaks is evidence.
        """
        other = self.owner.get(source)
        if other is not None:
            other.superseded(source)
        self.owner[source] = link
        now = self.now()
        if other is None or now - self._contested.get(source, -CONTESTED_AGAIN_S) < CONTESTED_AGAIN_S:
            return
        self._contested[source] = now
        self.count("duplicate_source")
        peers = [other.peer, link.peer]
        self.note({"what": "duplicate_source", "source": source.hex(), "peers": peers}, urgent=True)

    def count(self, kind: str, more: int = 1) -> None:
        """Count something an operator should see (sensing.GatewayCounter)."""
        self._counters[kind] += more

    def note(self, known: dict[str, Any], *, urgent: bool = False) -> None:
        """Put a note of our own into the journal."""
        data = json.dumps(known, separators=(",", ":")).encode()
        self.intake.put(Entry(None, time.time_ns() // 1000, 0, data, urgent, NOTE))

    def _durable(self, batch: Gathered) -> None:
        if batch.urgent:
            self._ring()
        self.count("frames", batch.answer(self.clock.label(), self._unanswered))
        self.intake.waiting_bytes -= batch.size
        if self.committer.troubled:
            self.committer.troubled = False
            log.warning("%s", DISK_BACK)
        if self.held and self.intake.waiting_bytes < self.limits.backlog_bytes // 2:
            for link in list(self.held):
                link.release()

    def _unanswered(self, asker: Asker) -> None:
        self.count("answer_failed")
        log.exception("could not answer %s", asker.peer)

    def _trouble(self, error: str) -> None:
        self.count("disk_error")
        if not self.committer.troubled:
            self.committer.troubled = True
            log.error("%s", DISK_TROUBLE.filled({"error": error}))

    def look_at_the_disk(self) -> None:
        """Take only what is urgent while the disk is short of room."""
        reserve = self.committer.reserve
        if reserve is not None and reserve.short != self.short:
            self.short = reserve.short
            log.warning("%s", DISK_SHORT if self.short else DISK_ENOUGH)
            for link in self.links:
                link.ration(self.short)

    def sweep(self) -> None:
        """Look for links that are out of time."""
        now, limits = self.now(), self.limits
        for link in [x for x in self.partial if now - x.partial_at > limits.partial_s]:
            link.give_up_partial()
        for link in [x for x in self.stuck if now - x.stuck_at > limits.stuck_s]:
            link.cut("cut_stuck")
        if self._datagrams is not None:
            self._datagrams.sweep(now - limits.peer_idle_s)
        for link in list(self.links):
            if now - link.heard_at > (limits.idle_s if link.sources else limits.silent_s):
                link.cut("cut_idle")
        self._strangers = {host: seen for host, seen in self._strangers.items() if now - seen[0] < 60.0}
        self._contested = {source: at for source, at in self._contested.items() if now - at < CONTESTED_AGAIN_S}

    def report(self, *, stopped: bool = False) -> None:
        """Journal the counts since the last report; the counters become durable with the frames they are about."""
        counters, self._counters = self._counters, Counter()
        self.note(
            {
                "what": "report",
                "started_us": self.started_us,
                "links": len(self.links),
                "counters": dict(counters),
                "stopped": stopped,
                "accelerated": self.parts.compiled,
            }
        )

    async def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            act()

    async def _renew(self) -> None:
        while True:
            await self.renew()
            await asyncio.sleep(RENEW_S)

    async def renew(self) -> None:
        """Bring the register and the waiting commands up to date; without the database, go on with what is known."""
        try:
            if self._refresh is not None:
                await asyncio.to_thread(self._refresh, self.register)
                await self._look_again()
            if self._orders is not None:
                self.downlink.offer(await asyncio.to_thread(lambda: list(self._orders()) if self._orders else []))
        except Exception as error:
            self.count("register_unreachable")
            log.warning("the register cannot be read: %s", error)

    async def _look_again(self) -> None:
        """Judge again the addresses whose registration changed and that are linked now; after the first reading of the
        register, all that came before it was complete.

        With aggregators that can be every device there is: each link is rationed once, and the frames that come in
        meanwhile get their turns.
        """
        first, self.register.complete = not self.register.complete, True
        touched = self.register.pop_touched()
        links = set()
        for number, source in enumerate(list(self.owner) if first else touched):
            if link := self.owner.get(source):
                link.sources[source] = self.trust(link, source)
                links.add(link)
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
        for link in links:
            link.ration(self.short)
            await asyncio.sleep(0)

    async def listen(self, ports: Ports) -> asyncio.Server:
        """Begin to listen."""
        timeout = self.limits.handshake_s if ports.tls else None
        listener = await self._loop.create_server(
            self.link, sock=ports.tcp, backlog=4096, ssl=ports.tls, ssl_handshake_timeout=timeout
        )
        if ports.udp is not None:
            datagrams = self._datagrams = Datagrams(self, self._loop.call_soon)
            await self._loop.create_datagram_endpoint(lambda: datagrams, sock=ports.udp)
        return listener

    async def serve(self, ports: Ports, *, ready: Callable[[], None] | None = None) -> None:
        """Serve `ports` until SIGTERM or SIGINT; then stop reading, commit, answer, and end.

        The register is read beside the first frames: with a million devices that takes seconds, and until then nobody
        is taken for a stranger.
        """
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, stopping.set)
        listener = await self.listen(ports)
        self.report()
        limits = self.limits
        tasks = [
            asyncio.create_task(self._every(LOOK_S, self.look_at_the_disk)),
            asyncio.create_task(self._every(1.0, self.sweep)),
            asyncio.create_task(self._every(1.0, self.downlink.send_due)),
            asyncio.create_task(self._every(limits.report_s, self.report)),
            asyncio.create_task(self._renew()),
        ]
        if ready is not None:
            ready()
        await stopping.wait()
        listener.close()
        for task in tasks:
            task.cancel()
        await self.drain()

    async def drain(self) -> None:
        """Stop reading, commit what came in, answer it, close the links."""
        if self._datagrams is not None:
            self._datagrams.deaf = True
        for link in self.links:
            if not link.transport.is_closing():
                link.transport.pause_reading()
        self.report(stopped=True)
        await self.committer.close()
        await asyncio.sleep(0)  # the thread's last call into the loop
        for link in list(self.links):
            link.transport.close()
        for _ in range(50):
            if not self.links:
                break
            await asyncio.sleep(0.02)
        if self._datagrams is not None:
            self._datagrams.close()


def _reserve(journal: Address, size: int) -> Reserve | None:
    """Room for alarms beside a journal that is a file of this machine."""
    return Reserve(Path(journal).with_suffix(".reserve"), size) if size and not is_stream(journal) else None


def run(
    journal: Address,
    ports: Ports | socket.socket,
    limits: Limits,
    *,
    ring: Callable[[], None],
    refresh: RegisterSource | None = None,
    orders: OrderSource | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Run the gateway in this process until it is told to stop. A socket alone is the TCP port."""
    import uvloop

    raise_file_limit()

    async def main() -> None:
        reserve = _reserve(journal, limits.reserve_bytes)
        server = Server(journal, limits, ring=ring, refresh=refresh, orders=orders, reserve=reserve)
        await server.serve(ports if isinstance(ports, Ports) else Ports(ports), ready=ready)

    uvloop.run(main())
