"""One TCP link: cuts the stream into frames, queues them for the disk, answers when they are on it.

A valid frame is never answered before it is durable, an invalid one never with a confirm. One bad frame never closes
a link, and
nothing a peer does can hurt another link.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from wanghuo.engines.codecs.gb26875.frames import Frame
from wanghuo.engines.codecs.gb26875.stream import Event, Rejected, StreamDecoder
from wanghuo.entrypoints.gateway import replies
from wanghuo.entrypoints.gateway.classify import ANALOG, STATE, URGENT, importance
from wanghuo.entrypoints.gateway.intake import Entry
from wanghuo.entrypoints.gateway.limits import Bucket
from wanghuo.modules.sensing.journal import OpenedLink

if TYPE_CHECKING:
    from wanghuo.entrypoints.gateway.server import Server

KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""How the kernel finds dead peers: silent for 30 s, then three probes 10 s apart, or 60 s with unread answers."""

SHED_STATES_BELOW = -250.0  # tokens: analog values go first, states only when the flood goes on


class Link(asyncio.Protocol):
    """A connection of a device, or of an aggregator that speaks for many.

    This is the whole of it in plain Python. Where the compiled `Lane` is there, it takes the plain frames before
    `data_received` sees them, and sends their answers (`lanes.py`).
    """

    Bucket: type[Bucket] = Bucket
    takes_a_file = True  # of the open-file limit

    def __init__(self, server: Server, number: int) -> None:
        self.server, self.number = server, number
        self.peer = self.host = ""
        self.opened_at = self.heard_at = self.partial_at = self.stuck_at = 0.0
        self.sources: dict[bytes, int] = {}  # address → trust; ~trust while another link speaks for it
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._decoder = StreamDecoder()
        self._partial = self._ended = False
        self._reading = True
        self._unanswered = 0
        self._certified: str | None = None  # by a client certificate: the one address in it, or "" for any
        limits = server.limits
        self._bucket = self.Bucket(limits.flood_rate, limits.flood_burst, server.now()) if limits.flood_rate else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.host, self.peer = (peer[0], f"{peer[0]}:{peer[1]}") if peer else ("", "")
        self._certified = _certified(transport.get_extra_info("peercert"))
        self.opened_at = self.heard_at = self.server.now()
        if not self.server.admit(self):
            self.transport.abort()
            return
        self.transport.set_write_buffer_limits(high=self.server.limits.write_high)
        _keep_alive(transport.get_extra_info("socket"))
        if self.server.short:
            self.ration(short=True)
        self.connected(self.transport)

    def connected(self, transport: asyncio.Transport) -> None:
        """The link is admitted (for the compiled lane)."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.forget(self)

    def eof_received(self) -> bool:
        """The peer will send no more, but may still read: it gets its answers before the link closes."""
        self._handle(self._decoder.close())
        self._ended = True
        return self._unanswered > 0

    def data_received(self, data: bytes) -> None:
        self.rest(data)

    def rest(self, data: bytes) -> None:
        """Take in what came, frame by frame."""
        decoder = self._decoder
        self._handle(decoder.feed(data))
        if decoder.buffered or self._partial:
            self._note_partial()

    def _handle(self, events: Sequence[Event]) -> None:
        for event in events:
            if type(event) is Frame:
                self._take(event.raw)
            else:
                self._reject(cast(Rejected, event))

    def _reject(self, event: Rejected) -> None:
        if denial := refuse(self.server, event):
            self.answer(denial)

    def _note_partial(self) -> None:
        held = self._decoder.buffered > 0
        if held and not self._partial:
            self.partial_at = self.server.now()
            self.server.partial.add(self)
        elif not held:
            self.server.partial.discard(self)
        self._partial = held

    def give_up_partial(self) -> None:
        """The rest of a started frame did not come in time: search again one byte further on."""
        self.server.count("partial_timeout")
        self.partial_at = self.server.now()
        self._handle(self._decoder.timeout())
        self._note_partial()

    def _take(self, frame: bytes) -> None:
        server = self.server
        weight = importance(frame)
        if self._bucket is not None and weight != URGENT and self._shed(weight):
            return
        source = frame[12:18]
        trust = self.sources.get(source)
        if trust is None:
            trust = server.meet(self, source, frame)
            if trust is None:
                return
        elif trust < 0:
            trust = self.sources[source] = ~trust
            server.contested(self, source)
        self.heard_at = server.now()
        if frame[26] in replies.UNANSWERED:
            server.downlink.answered(source, frame)
        self._unanswered += 1
        server.intake.put(Entry(self, time.time_ns() // 1000, trust, frame, weight == URGENT))
        if server.intake.waiting_bytes > server.limits.backlog_bytes:
            self.hold()

    def vouches(self, source: bytes) -> bool:
        """Whether the peer's certificate speaks for the address: a name of twelve hex digits is that of one device, any
        other name that of an aggregator, which speaks for all it brings."""
        return self._certified is not None and self._certified in ("", source.hex())

    def superseded(self, source: bytes) -> None:
        """Another link speaks for this address now; if this one still does, two live links speak as one device."""
        trust = self.sources[source]
        if trust >= 0:
            self.sources[source] = ~trust

    def ration(self, short: bool) -> None:
        """While the disk is short, only what is urgent is taken: no frame passes the bucket unseen."""
        limits, now = self.server.limits, self.server.now()
        if short:
            self._bucket = self.Bucket(0.0, 0.0, now)
        else:
            known = max(1, sum(map(self.server.register.knows, self.sources)))
            rate, burst = limits.flood_rate * known, limits.flood_burst * known
            self._bucket = self.Bucket(rate, burst, now) if rate else None

    def _shed(self, weight: int) -> bool:
        if self.server.short:
            self.server.count("shed_full")
            return True
        tokens = cast(Bucket, self._bucket).take(self.server.now())
        if tokens >= 0:
            return False
        if weight == ANALOG:
            self.server.count("shed_analog")
            return True
        if weight == STATE and tokens < SHED_STATES_BELOW:
            self.server.count("shed_state")
            return True
        return False

    def widen(self) -> None:
        """Another known device speaks on this link: the flood limit grows with it."""
        if self._bucket is not None and len(self.sources) > 1 and not self.server.short:
            self._bucket.rate += self.server.limits.flood_rate
            self._bucket.burst += self.server.limits.flood_burst

    def confirm(self, frame: bytes, now: bytes) -> None:
        """The frame is on disk: answer it."""
        self._unanswered -= 1
        if not self.transport.is_closing():
            self.transport.write(replies.reply(frame, now))
            if self._ended and not self._unanswered:
                self.transport.close()

    def answer(self, frame: bytes) -> None:
        """Send an answer to something that came."""
        self.send(frame)

    def send(self, frame: bytes) -> None:
        """Send a frame of our own down."""
        if not self.transport.is_closing():
            self.transport.write(frame)

    def hold(self) -> None:
        """Stop reading until the disk has caught up (`release`)."""
        if self._reading and not self.transport.is_closing():
            self._reading = False
            self.transport.pause_reading()
            self.server.held.add(self)
            self.server.count("held")

    def release(self) -> None:
        """Read again."""
        self.server.held.discard(self)
        if not self._reading and not self.stuck_at and not self.transport.is_closing():
            self._reading = True
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.stuck_at = self.server.now()
        self.server.stuck.add(self)
        if self._reading:
            self._reading = False
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.stuck_at = 0.0
        self.server.stuck.discard(self)
        self.release()

    def cut(self, why: str) -> None:
        """Close the link at once, and count why."""
        self.server.count(why)
        self.transport.abort()

    def opened(self) -> OpenedLink:
        """The link as the journal remembers it."""
        return OpenedLink(self.number, self.peer, int((time.time() - (self.server.now() - self.opened_at)) * 1e6))


def refuse(server: Server, event: Rejected) -> bytes:
    """A stretch of bytes is no frame: count it. Gives its denial where its header can be read, else b""."""
    server.count("garbage_bytes", event.length)
    server.count(event.reason)
    if event.deniable and event.head[26] not in replies.UNANSWERED:
        return replies.deny(event.head, server.clock.label())
    return b""


def _certified(certificate: dict[str, Any] | None) -> str | None:
    """What a verified client certificate speaks for: one address in hex, "" for any; None without one."""
    if not certificate:
        return None
    names = [value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"]
    device = names[0].lower() if names else ""
    return device if re.fullmatch("[0-9a-f]{12}", device) else ""


def _keep_alive(sock: socket.socket | None) -> None:
    """Let the kernel find dead peers."""
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in KEEP_ALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
