"""What the listeners of one process share: the journal, a snapshot of the register, counts, and the answer after the disk.

No listener asks the database about a message. A message is kept by `keep`, which returns when it is on disk, and only then may
anybody answer. When the disk is full or too slow nothing is answered, and the sender comes again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from wanghuo.entrypoints.gateway.committer import Committer
from wanghuo.entrypoints.gateway.intake import Asker, Entry, Gathered, Intake
from wanghuo.entrypoints.gateway.limits import Bucket
from wanghuo.entrypoints.gateway.replies import Clock
from wanghuo.entrypoints.ways.limits import Limits
from wanghuo.kernel.notify import egress
from wanghuo.modules.sensing.journal import MESSAGE, NOTE, OpenedLink
from wanghuo.modules.sensing.journals import Address, open_writer
from wanghuo.modules.sensing.messages import pack_message
from wanghuo.modules.sensing.ways_side import Known, Order

log = logging.getLogger("wanghuo.ways")

NONE, NETWORK, TOKEN, TLS, SIGNED = range(5)
"""Indices into sensing.contracts.TRUSTS."""

MOST_PEERS = 100_000


class Busy(Exception):
    """The disk does not keep up, or cannot be written: come again later."""


class _Waiting:
    """Somebody who waits for one record to be durable."""

    __slots__ = ("done", "number", "peer")

    def __init__(self, number: int, peer: str, done: asyncio.Future[None]) -> None:
        self.number, self.peer, self.done = number, peer, done

    def confirm(self, data: bytes, now: bytes) -> None:
        """The record is on disk."""
        if not self.done.done():
            self.done.set_result(None)


class Hub:
    """State shared by the listeners. Everything here runs in the event loop, except the journal's thread."""

    def __init__(
        self,
        journal: Address,
        limits: Limits,
        *,
        ring: Callable[[], None],
        refresh: Callable[[Known], None] | None = None,
        orders: Callable[[], Iterable[Order]] | None = None,
    ) -> None:
        self.limits, self.known, self.clock = limits, Known(), Clock()
        self.started_us = time.time_ns() // 1000
        self.name = f"ways-{os.getpid()}-{self.started_us:x}"
        self._ring, self._refresh, self._orders = ring, refresh, orders
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self.counters: Counter[str] = Counter()
        self._ways: dict[str, dict[str, Any]] = {}
        self._peers: dict[str, int] = {}
        self._failures: dict[tuple[str, str], tuple[float, int]] = {}
        self._buckets: dict[str, Bucket] = {}
        self._prompt = Bucket(limits.prompt_rate, limits.prompt_rate, self.now())
        self.reach: Callable[[str, int], str] = egress.reach
        self.senders: dict[str, Callable[[Order], bool]] = {}
        self._offered: dict[str, float] = {}
        self.committer = Committer(
            open_writer(journal, self.name, checkpoints=False),
            queue=Intake,
            on_durable=self._durable,
            on_trouble=self._trouble,
            linger_s=limits.linger_s,
            retry_s=limits.retry_disk_s,
        )

    async def keep(
        self, protocol: str, address: str, topic: str, payload: bytes, *, trust: int, peer: str, way: str = ""
    ) -> None:
        """Put a message into the journal; returns when it is on disk. Raises Busy."""
        if self.committer.waiting_bytes > self.limits.backlog_bytes:
            self.count("held")
            raise Busy
        done: asyncio.Future[None] = self._loop.create_future()
        data = pack_message(protocol, address, topic, payload)
        urgent = self._prompt.take(self.now()) >= 0
        entry = Entry(_Waiting(self._number(peer), peer, done), time.time_ns() // 1000, trust, data, urgent, MESSAGE)
        self.committer.put(entry)
        try:
            await asyncio.wait_for(done, self.limits.durable_s)
        except TimeoutError:
            raise Busy from None
        self.count("messages")
        if way:
            self.told(way)["messages"] += 1

    def _number(self, peer: str) -> int:
        """The journal's number of a peer; its address is remembered with the next commit."""
        number = self._peers.get(peer)
        if number is None:
            if len(self._peers) >= MOST_PEERS:
                self._peers.clear()
            number = self._peers[peer] = len(self._peers) + 1
            self.committer.opened(OpenedLink(number, peer, time.time_ns() // 1000))
        return number

    def count(self, kind: str, more: int = 1) -> None:
        """Count something an operator should see (sensing.contracts.COUNTERS)."""
        self.counters[kind] += more

    def told(self, way: str) -> dict[str, Any]:
        """What is to be reported of a way."""
        return self._ways.setdefault(way, {"messages": 0, "refused": 0, "error": ""})

    def refused(self, kind: str, host: str, way: str = "", error: str = "") -> None:
        """A request was refused: count it, hold it against the address, and tell it on the page of the way."""
        self.count(kind)
        if way in self.known.ways:
            said = self.told(way)
            said["refused"] += 1
            said["error"] = error or said["error"]
        now, who = self.now(), (host, way if way in self.known.ways else "")
        since, failed = self._failures.get(who, (now, 0))
        self._failures[who] = (since, failed + 1) if now - since < 60 else (now, 1)

    def shut_out(self, host: str, way: str = "") -> bool:
        """Whether an address failed too often at a way within the last minute."""
        since, failed = self._failures.get((host, way), (0.0, 0))
        return failed >= self.limits.failures_per_minute and self.now() - since < 60

    def within_rate(self, name: str, rate: float, burst: float) -> bool:
        """Whether one more message of `name` stays within its rate."""
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= MOST_PEERS:
                self._buckets.clear()
            bucket = self._buckets[name] = Bucket(rate, burst, self.now())
        return bucket.take(self.now()) >= 0

    def _durable(self, batch: Gathered) -> None:
        self.committer.intake.waiting_bytes -= batch.size
        batch.answer(self.clock.label(), self._unanswered)
        if batch.urgent:
            self._ring()
        if self.committer.troubled:
            self.committer.troubled = False
            log.warning("the journal can be written again")

    def _unanswered(self, asker: Asker) -> None:
        self.count("answer_failed")

    def _trouble(self, error: str) -> None:
        self.count("disk_error")
        if not self.committer.troubled:
            self.committer.troubled = True
            log.error("the journal cannot be written (%s): nothing is answered until it can", error)

    def note(self, known: dict[str, Any]) -> None:
        """Put a note of our own into the journal."""
        data = json.dumps(known, separators=(",", ":")).encode()
        self.committer.put(Entry(None, time.time_ns() // 1000, NONE, data, False, NOTE))

    def report(self) -> None:
        """Journal the counts since the last report."""
        counters, self.counters = self.counters, Counter()
        ways, self._ways = self._ways, {}
        if counters or ways:
            self.note({"what": "ways", "counters": dict(counters), "ways": ways})
        now = self.now()
        self._failures = {who: seen for who, seen in self._failures.items() if now - seen[0] < 60}

    async def renew(self) -> None:
        """Bring the snapshot and the waiting commands up to date; without the database, go on with what is known."""
        try:
            if self._refresh is not None:
                await asyncio.to_thread(self._refresh, self.known)
            if self._orders is not None:
                orders = await asyncio.to_thread(lambda: list(self._orders()) if self._orders else [])
                self._offer(orders)
        except Exception as error:
            self.count("register_unreachable")
            log.warning("the register cannot be read: %s", error)

    def _offer(self, orders: Iterable[Order]) -> None:
        """Hand new commands to whoever can send them; one that is sent is not sent again while it waits for its answer."""
        still = {}
        for order in orders:
            if order.id in self._offered:
                still[order.id] = self._offered[order.id]
                continue
            sender = self.senders.get(order.protocol)
            if sender is not None and sender(order):
                still[order.id] = self.now()
                self.note({"what": "command_sent", "id": order.id})
        self._offered = still

    async def run(self, stopping: asyncio.Event, jobs: Iterable[Callable[[], Any]]) -> None:
        """Renew, report and run the listeners until told to stop; then commit what came in."""

        async def every(seconds: float, act: Callable[[], Any]) -> None:
            while True:
                await asyncio.sleep(seconds)
                result = act()
                if asyncio.iscoroutine(result):
                    await result

        tasks = [
            asyncio.create_task(every(self.limits.renew_s, self.renew)),
            asyncio.create_task(every(self.limits.report_s, self.report)),
            *(asyncio.create_task(job()) for job in jobs),
        ]
        try:
            await stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        """Commit what came in and end the journal's thread."""
        self.report()
        await self.committer.close()
        await asyncio.sleep(0)
