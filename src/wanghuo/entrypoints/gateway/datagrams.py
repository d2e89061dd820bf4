"""GB/T 26875.3 over UDP: each peer address is a link like any other, with the same journal, limits, owners and commands.

A datagram holds one frame or several, whole; nothing is carried over to the next one. Answers go to the address it came
from, and never more bytes than have come from there: whoever forges an address gains nothing. A peer becomes a link,
which costs memory, with its first valid frame of an address that is not refused.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from wanghuo.engines.codecs.gb26875.frames import OVERHEAD, Frame
from wanghuo.engines.codecs.gb26875.stream import Rejected, decode_datagram
from wanghuo.entrypoints.gateway.link import Link, refuse

if TYPE_CHECKING:
    from wanghuo.entrypoints.gateway.server import Server

Peer = tuple[Any, ...]
TOGETHER = 1200  # bytes of answers in one datagram: passes every network whole
MOST_CREDIT = 1 << 16


class Wire(asyncio.Transport):
    """What a link sees of its peer: a transport that writes datagrams. `later`: does something once the loop is done
    with what it does now, so that answers which are given together go together."""

    def __init__(
        self, socket: asyncio.DatagramTransport, peer: Peer, lost: Callable[[], None], later: Callable[..., object]
    ) -> None:
        super().__init__({"peername": peer})
        self._socket, self._peer, self._lost, self._later = socket, peer, lost, later
        self._closing = False
        self._credit, self._answers = 0, b""

    def came(self, size: int) -> None:
        """So many bytes came from the peer, so many may go back."""
        self._credit = min(MOST_CREDIT, self._credit + size)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send answers, several in a datagram; one that would be more than came is left out."""
        at = 0
        while at < len(data):
            size = OVERHEAD + (data[at + 24] | data[at + 25] << 8)
            if size <= self._credit:
                self._credit -= size
                self._add(bytes(data[at : at + size]))
            at += size

    def _add(self, answer: bytes) -> None:
        if len(self._answers) + len(answer) > TOGETHER:
            self.flush()
        if not self._answers:
            self._later(self.flush)
        self._answers += answer

    def flush(self) -> None:
        """Send the answers that wait for company."""
        answers, self._answers = self._answers, b""
        if answers:
            self.push(answers)

    def push(self, data: bytes) -> None:
        """Send what is no answer."""
        if not self._closing and not self._socket.is_closing():
            self._socket.sendto(data, self._peer)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self.flush()
            self._closing = True
            self._lost()

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is kept here."""

    def pause_reading(self) -> None:
        """Nobody can be made to wait: while too much waits for the disk, datagrams are dropped (`Datagrams`)."""

    resume_reading = pause_reading


class Talk(Link):
    """What differs from a TCP link. To be mixed in before the link of the server's parts."""

    takes_a_file = False

    def rest(self, data: bytes) -> None:
        """Take in a datagram, or what is left of it."""
        self._handle(decode_datagram(data))

    def send(self, frame: bytes) -> None:
        """Send a command down: it is registered for this address, so it needs no credit."""
        cast(Wire, self.transport).push(frame)

    def answer(self, frame: bytes) -> None:
        """Send an answer, against the credit of what came."""
        self.transport.write(frame)


class Datagrams(asyncio.DatagramProtocol):
    """The socket, and the links of the peers that are heard on it, longest silent first."""

    def __init__(self, server: Server, later: Callable[..., object]) -> None:
        self._server, self._later = server, later
        self.links: OrderedDict[Peer, Talk] = OrderedDict()
        self._socket: asyncio.DatagramTransport = cast(asyncio.DatagramTransport, None)
        self.deaf = False
        self._kind: type[Talk] = type("DatagramLink", (Talk, server.parts.link), {})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, peer: Peer) -> None:
        server = self._server
        if self.deaf or server.intake.waiting_bytes > server.limits.backlog_bytes:
            server.count("dropped_datagram")
            return
        link = self.links.get(peer)
        if link is not None:
            self.links.move_to_end(peer)
            self._hand(link, data)
            return
        events = decode_datagram(data)
        if any(isinstance(event, Frame) for event in events):
            link = self._meet(peer)
            self._hand(link, data)
            if not link.sources:  # all it brought was refused
                link.transport.close()
            elif len(self.links) > self._server.limits.most_peers:
                next(iter(self.links.values())).transport.close()
        else:
            self._refuse(cast(list[Rejected], events), len(data), peer)

    def error_received(self, exc: Exception) -> None:
        """A peer is not there any more (ICMP); its link ends by silence."""

    def sweep(self, heard_before: float) -> None:
        """Forget the peers that have been silent since then, in the loop's time."""
        while self.links:
            link = next(iter(self.links.values()))
            if link.heard_at >= heard_before:
                break
            link.transport.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    @staticmethod
    def _hand(link: Talk, data: bytes) -> None:
        cast(Wire, link.transport).came(len(data))
        link.data_received(data)

    def _refuse(self, events: list[Rejected], credit: int, peer: Peer) -> None:
        """Bytes without a frame, of a peer that has no link: counted and denied, and nothing is kept of it."""
        for event in events:
            denial = refuse(self._server, event)
            if denial and credit >= len(denial):
                credit -= len(denial)
                self._socket.sendto(denial, peer)

    def _meet(self, peer: Peer) -> Talk:
        """A link for a peer that brings a frame."""
        link = cast(Talk, self._server.link(self._kind))

        def lost() -> None:
            if self.links.get(peer) is link:
                del self.links[peer]
            link.connection_lost(None)

        self.links[peer] = link
        link.connection_made(Wire(self._socket, peer, lost, self._later))
        return link
