"""Commands on their way down: sent to the one right link, repeated as the standard says, ended by the device's answer.

The standard: wait at most 10 s, three retransmissions with the same serial, then the transaction has failed. What
became of a
command is read from the journal by ingest, so it is known also when this process dies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from wanghuo.entrypoints.gateway import replies

if TYPE_CHECKING:
    from wanghuo.entrypoints.gateway.server import Server

WAIT_S, TRIES = 10.0, 4


class Order(NamedTuple):
    """A command as the register asks for it. `source`: the device's six wire bytes; `unit`: the application unit."""

    id: str
    source: bytes
    serial: int
    command: int
    unit: bytes


OrderSource = Callable[[], Iterable[Order]]
"""The commands that wait to be sent; called in a thread."""


@dataclass(slots=True)
class _Open:
    order: Order
    tries: int
    again_at: float


class Downlink:
    """The transactions this process began. Belongs to the event loop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._open: dict[tuple[bytes, int], _Open] = {}
        self._taken: set[str] = set()

    def offer(self, orders: Iterable[Order]) -> None:
        """Begin those whose device is linked here. The others wait for it, or for another process, until they
        expire."""
        still_asked = set()
        for order in orders:
            still_asked.add(order.id)
            link = self._server.owner.get(order.source)
            if order.id in self._taken or link is None:
                continue
            if not self._server.register.may_command(order.source, link.host):
                self._server.count("command_refused")
                continue
            self._taken.add(order.id)
            self._open[order.source, order.serial] = _Open(order, 0, 0.0)
            self._server.note({"what": "command_sent", "id": order.id, "link": link.number})
        self._taken &= still_asked | {entry.order.id for entry in self._open.values()}
        self.send_due()

    def send_due(self) -> None:
        """Send what is new, and again what was not answered in time."""
        now = self._server.now()
        for key, entry in list(self._open.items()):
            if entry.again_at > now:
                continue
            if entry.tries >= TRIES:
                del self._open[key]
                self._server.count("command_unanswered")
                continue
            entry.tries, entry.again_at = entry.tries + 1, now + WAIT_S
            self._send(entry.order)

    def answered(self, source: bytes, frame: bytes) -> None:
        """The device confirmed, answered or denied something: if it was ours, it is done."""
        self._open.pop((source, frame[2] | frame[3] << 8), None)

    def _send(self, order: Order) -> None:
        link = self._server.owner.get(order.source)
        if link is None:
            return
        unit = order.unit
        label = self._server.clock.label()
        if unit[:1] == bytes((replies.TIME_SYNC,)):
            unit = unit[:2] + label  # the time of sending, not of asking
        link.send(
            replies.order(
                serial=order.serial,
                source=self._server.centres.get(order.source, bytes(6)),
                destination=order.source,
                command=order.command,
                unit=unit,
                now=label,
            )
        )
