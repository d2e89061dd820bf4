"""A5 5A terminals over TCP and UDP: whole reports are kept and then answered; whatever else comes is passed over.

These terminals prove nothing but their id, like frames of GB/T 26875.3; trust is `network` where the register binds them to one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import cast

from wanghuo.engines.codecs import a55a
from wanghuo.engines.codecs.samples import Undecodable
from wanghuo.entrypoints.ways.hub import NETWORK, NONE, Busy, Hub
from wanghuo.modules.sensing.ways_side import lies_in

SILENT_S = 300.0
BUFFER = 64 << 10


class Stream:
    """Cuts bytes into reports."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.garbage = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The whole, valid reports there are now."""
        self._buffer += data
        if len(self._buffer) > BUFFER:
            del self._buffer[: -a55a.MOST]
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> bytes | None:
        buffer = self._buffer
        while True:
            at = buffer.find(a55a.START)
            if at < 0:
                kept = 1 if buffer.endswith(a55a.START[:1]) else 0
                self.garbage += len(buffer) - kept
                del buffer[: len(buffer) - kept]
                return None
            self.garbage += at
            del buffer[:at]
            if len(buffer) < 5:
                return None
            length = a55a.length_of(bytes(buffer[:5]))
            if length is not None and len(buffer) < length:
                later = buffer.find(a55a.START, 2)  # a broken length must not swallow the report behind it
                if later < 0 or not _whole(bytes(buffer[later:])):
                    return None
                length = None
            if length is not None:
                message = bytes(buffer[:length])
                with contextlib.suppress(Undecodable):
                    a55a.check(message)
                    del buffer[:length]
                    return message
                if message.endswith(a55a.END):  # one that was damaged: to look for others inside it would sum each byte
                    self.garbage += length  # again and again, for as long as a stranger likes
                    del buffer[:length]
                    continue
            self.garbage += 1
            del buffer[:1]


def _whole(rest: bytes) -> bool:
    length = a55a.length_of(rest[:5]) if len(rest) >= 5 else None
    if length is None or len(rest) < length:
        return False
    with contextlib.suppress(Undecodable):
        a55a.check(rest[:length])
        return True
    return False


class Terminals:
    """Both listeners."""

    def __init__(self, hub: Hub) -> None:
        self._hub, self._open = hub, 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve_tcp(self, sock: socket.socket) -> None:
        """Serve connections until cancelled."""
        server = await asyncio.start_server(self._connection, sock=sock, backlog=1024)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= self._hub.limits.connections:
            self._hub.count("refused_full")
            writer.close()
            return
        self._open += 1
        stream, peername = Stream(), writer.get_extra_info("peername") or ("", 0)
        try:
            while data := await asyncio.wait_for(reader.read(16 << 10), SILENT_S):
                for message in stream.feed(data):
                    if await self._keep(message, str(peername[0]), f"{peername[0]}:{peername[1]}"):
                        writer.write(a55a.answer(message))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # cancelled at the end of the process: asyncio would log a task of a server that ends so as an error
        finally:
            self._open -= 1
            self._hub.count("garbage_bytes", stream.garbage)
            writer.close()

    async def serve_udp(self, sock: socket.socket) -> None:
        """Serve datagrams until cancelled."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=sock)
        try:
            await asyncio.Event().wait()
        finally:
            transport.close()

    def datagram(self, data: bytes, address: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        """A datagram came: whole reports, nothing is carried over to the next."""
        for message in Stream().feed(data):
            task = asyncio.create_task(self._answer(message, address, transport))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: bytes, address: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        if await self._keep(message, address[0], f"{address[0]}:{address[1]}") and not transport.is_closing():
            transport.sendto(a55a.answer(message), address)

    async def _keep(self, message: bytes, host: str, peer: str) -> bool:
        """Keep a report; whether it may be answered. A terminal that gets no answer sends it again."""
        hub = self._hub
        try:
            device = a55a.device_of(message)
        except Undecodable:
            hub.count("refused_bad")
            return False
        bound = hub.known.devices.get(("a55a", device))
        name = f"device:{device}" if bound is not None else f"stranger:{host}"
        rate = (hub.limits.device_rate, hub.limits.device_burst) if bound is not None else (20 / 60, 20.0)
        if not hub.within_rate(name, *rate):
            hub.count("refused_unknown" if bound is None else "refused_rate")
            return False
        trust = NETWORK if bound and lies_in(host, bound) else NONE
        try:
            await hub.keep("a55a", device, "", message, trust=trust, peer=peer)
        except Busy:
            return False
        return True


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, terminals: Terminals) -> None:
        self._terminals = terminals
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._terminals.datagram(data, addr, self._transport)
