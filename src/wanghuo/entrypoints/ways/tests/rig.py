"""The ways in on real sockets for tests: a hub on a journal of its own, a snapshot made by hand, a bare HTTP client."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from wanghuo.entrypoints.ways.hub import Hub
from wanghuo.entrypoints.ways.limits import Limits
from wanghuo.entrypoints.ways.process import bound
from wanghuo.entrypoints.ways.pushes import Pushes
from wanghuo.entrypoints.ways.web import Web
from wanghuo.modules.sensing.journal import MESSAGE, Reader
from wanghuo.modules.sensing.messages import Message, unpack_message
from wanghuo.modules.sensing.ways_side import Credential, KnownWay, token_digest

SECRET = "s" * 43
TOKEN = "wh_k1_secret"


def way(
    kind: str, *, secrets: dict[str, tuple[str, ...]] | None = None, networks: tuple = (), **settings: Any
) -> KnownWay:
    """A way in called like its kind."""
    return KnownWay(kind, kind, SECRET, secrets or {}, settings, networks)


@contextlib.asynccontextmanager
async def hub_on(journal: Path, *ways: KnownWay, limits: Limits | None = None) -> AsyncIterator[Hub]:
    """A hub that knows some ways and one device, D1, whose token is TOKEN."""
    hub = Hub(journal, limits or Limits(), ring=lambda: None)
    hub.reach = lambda host, port: host  # loopback is on no list
    hub.known.ways = {each.code: each for each in ways}
    hub.known.credentials["k1"] = Credential(token_digest("k1", "secret"), "http", "D1", (), 0.0)
    hub.known.devices["http", "D1"] = ()
    try:
        yield hub
    finally:
        await hub.close()


@contextlib.asynccontextmanager
async def web_on(hub: Hub, proxies: tuple = ()) -> AsyncIterator[int]:
    """The HTTP listener; gives its port."""
    sock = bound("127.0.0.1:0")
    task = asyncio.create_task(Web(hub, Pushes(hub), proxies).serve(sock))
    try:
        yield sock.getsockname()[1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def http(port: int, raw: bytes, *, end: bool = True) -> tuple[int, bytes]:
    """Send bytes, and read one answer whole: its status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            if end:
                writer.write_eof()
        data = await asyncio.wait_for(reader.read(), 5.0)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


async def post(
    port: int, path: str, body: bytes | dict | list, headers: dict[str, str] | None = None
) -> tuple[int, dict]:
    """POST, as a device or an operator does."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Host": "x", "Content-Length": str(len(raw)), "Content-Type": "application/json", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    status, answer = await http(port, f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + raw)
    return status, json.loads(answer or b"{}")


def kept(journal: Path) -> list[Message]:
    """The messages of a journal."""
    reader = Reader(journal)
    found = [unpack_message(r.data) for batch in reader.after(0) for r in batch if r.kind == MESSAGE]
    reader.close()
    return found
