"""A small HTTP/1.1 server for devices and pushes: bounded in every direction, with one handler for all requests.

Not Django: a push must never wait for the database or for a page that somebody reads (docs/decisions/0205).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import h11

from wanghuo.entrypoints.ways.hub import Hub
from wanghuo.modules.sensing.ways_side import Network, lies_in

log = logging.getLogger("wanghuo.ways")
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           408: "Request Timeout", 413: "Content Too Large", 422: "Unprocessable Content", 429: "Too Many Requests",
           503: "Service Unavailable"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read whole. `host`: the address of the peer; `headers`: names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    host: str
    peer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `close`: the connection ends with it."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    close: bool = False
    headers: tuple[tuple[str, str], ...] = ()


def said(status: int, **known: object) -> Answer:
    """An answer in JSON."""
    retry = (("Retry-After", "30"),) if status in (429, 503) else ()
    return Answer(
        status, json.dumps(known, ensure_ascii=False).encode(), close=status in (400, 408, 413, 429), headers=retry
    )


Handler = Callable[[Request], Awaitable[Answer]]


class TooLarge(Exception):
    """The body is larger than may be."""


class Web:
    """Serves connections with one handler. `proxies`: networks of reverse proxies, which are believed about who asks."""

    def __init__(self, hub: Hub, handler: Handler, proxies: tuple[Network, ...] = ()) -> None:
        self._hub, self._handler, self._proxies = hub, handler, proxies
        self._open = 0

    async def serve(self, sock: socket.socket) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._connection, sock=sock, limit=64 << 10, backlog=1024)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= self._hub.limits.connections:
            self._hub.count("refused_full")
            writer.close()
            return
        self._open += 1
        try:
            await self._requests(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the peer is gone, or kept silent; or the process ends, which asyncio would log as an error
        except Exception:
            log.exception("a connection failed")
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 5.0)

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests one after the other, until either side wants no more."""
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=self._hub.limits.head)
        peername = writer.get_extra_info("peername") or ("", 0)
        while True:
            try:
                request = await self._request(parser, reader, str(peername[0]), f"{peername[0]}:{peername[1]}")
            except TooLarge:
                answer = said(413, code="too_large", most=self._hub.limits.body)
            except (h11.RemoteProtocolError, ValueError):
                self._hub.refused("refused_bad", str(peername[0]))
                answer = said(400, code="bad_request")
            else:
                if request is None:
                    return
                answer = await self._handler(request)
            await self._send(parser, writer, answer)
            if answer.close or parser.our_state is not h11.DONE or parser.their_state is not h11.DONE:
                return
            parser.start_next_cycle()

    async def _request(
        self, parser: h11.Connection, reader: asyncio.StreamReader, host: str, peer: str
    ) -> Request | None:
        """The next request, None when the peer is done. Raises TooLarge, TimeoutError, h11.RemoteProtocolError."""
        head = await asyncio.wait_for(self._event(parser, reader), self._hub.limits.idle_s)
        if not isinstance(head, h11.Request):
            return None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
        if int(headers.get("content-length", "0")) > self._hub.limits.body:
            raise TooLarge
        body = await asyncio.wait_for(self._body(parser, reader), self._hub.limits.request_s)
        target = urlsplit(head.target.decode("latin-1"))
        query = {name: values[0] for name, values in parse_qs(target.query, max_num_fields=50).items()}
        host = self._asker(host, headers)
        return Request(head.method.decode("latin-1"), target.path, query, headers, body, host, peer)

    def _asker(self, host: str, headers: Mapping[str, str]) -> str:
        """Who asks: the last address a proxy of ours added to X-Forwarded-For, or the peer itself."""
        if not self._proxies or not lies_in(host, self._proxies):
            return host
        return headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or host

    async def _event(self, parser: h11.Connection, reader: asyncio.StreamReader) -> object:
        while (event := parser.next_event()) is h11.NEED_DATA:
            parser.receive_data(await reader.read(64 << 10))
        return event

    async def _body(self, parser: h11.Connection, reader: asyncio.StreamReader) -> bytes:
        parts, size = [], 0
        while isinstance(event := await self._event(parser, reader), h11.Data):
            parts.append(bytes(event.data))
            size += len(parts[-1])
            if size > self._hub.limits.body:
                raise TooLarge
        return b"".join(parts)

    async def _send(self, parser: h11.Connection, writer: asyncio.StreamWriter, answer: Answer) -> None:
        if parser.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        headers = [
            ("Content-Type", answer.kind),
            ("Content-Length", str(len(answer.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *answer.headers,
        ]
        if answer.close:
            headers.append(("Connection", "close"))
        response = h11.Response(status_code=answer.status, headers=headers, reason=REASONS.get(answer.status, ""))
        out = [parser.send(response), parser.send(h11.Data(data=answer.body)), parser.send(h11.EndOfMessage())]
        writer.write(b"".join(part or b"" for part in out))
        await asyncio.wait_for(writer.drain(), self._hub.limits.request_s)
