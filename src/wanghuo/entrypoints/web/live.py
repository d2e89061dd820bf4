"""Server-sent events: GET /live?channel=alarms&after=SEQ, for people who have signed in.

One hub in each process reads new rows when the doorbell rings (or half a second has passed) and hands each to the
streams whose actor it reaches. A stream that falls behind is ended; its browser comes back with the last number it has
and is caught up from the database, so nothing is lost and nothing waits in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeVar
from urllib.parse import parse_qs

from django.conf import settings
from django.db import connections
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts import sessions
from wanghuo.kernel.accounts.actors import is_staff
from wanghuo.kernel.accounts.middleware import SEAT_RIGHT, first_step
from wanghuo.kernel.accounts.models import User, UserSession
from wanghuo.kernel.notify import live
from wanghuo.kernel.outbox.doorbell import Doorbell

log = logging.getLogger(__name__)
T = TypeVar("T")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT_S = 5.0
RECHECK_S = 60.0
LOOK_S = 0.5  # without a ring
QUEUED = 4 * live.MOST  # events a stream may fall behind: some of the hub's readings, or a flood would end it
MOST_STREAMS = 5000
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream."""

    channel: str
    actor: Actor
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUED))
    overrun: bool = False

    def offer(self, event: live.Heard, frame: bytes) -> None:
        """Take an event that is meant for it; without room, end: the browser comes back and catches up."""
        if event.channel != self.channel or self.overrun or not event.reaches(self.actor):
            return
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.overrun = True

    def end(self) -> None:
        """End it at once: who waits for the next event is woken by an empty one."""
        self.overrun = True
        with contextlib.suppress(asyncio.QueueFull):
            self.queue.put_nowait(b"")


class Hub:
    """Reads what was published and hands it round. `position`: every listener has been offered all up to this
    number.
    """

    def __init__(self) -> None:
        self.position = 0
        self.listeners: set[Listener] = set()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="live-hub")
        self._others = ThreadPoolExecutor(4, thread_name_prefix="live")
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._rung = asyncio.Event()

    async def start(self) -> None:
        """Begin following, once."""
        async with self._starting:
            if self._task is None or self._task.done():
                self.position = await self.ask(live.last_seq)
                self._task = asyncio.create_task(self._follow())

    async def ask(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run something that uses the database, beside the hub's own reading."""
        return await asyncio.get_running_loop().run_in_executor(self._others, _with_database, function, *arguments)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        bell = Doorbell(live.BELL)
        loop.add_reader(bell.fileno(), self._hear, bell)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._rung.wait(), LOOK_S)
                self._rung.clear()
                try:
                    await self._hand_round(loop)
                except Exception:
                    log.exception("live events cannot be read; again in %.1f s", LOOK_S)
                    await asyncio.sleep(LOOK_S)
        finally:
            loop.remove_reader(bell.fileno())
            bell.close()

    def _hear(self, bell: Doorbell) -> None:
        bell.clear()
        self._rung.set()

    async def _hand_round(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            events = await loop.run_in_executor(self._reader, _with_database, live.after, self.position)
            for event in events:
                frame = frame_of(event)
                for listener in self.listeners:
                    listener.offer(event, frame)
                self.position = event.seq
            if len(events) < live.MOST:
                return

    async def close(self) -> None:
        """Stop following and end the streams."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for listener in self.listeners:
            listener.end()
        for pool in (self._reader, self._others):
            pool.shutdown(wait=False, cancel_futures=True)


def frame_of(event: live.Heard) -> bytes:
    """An event as the stream carries it; its number is the id the browser comes back with."""
    body = json.dumps(event.as_json(), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.seq}\ndata: {body}\n\n".encode()


def heartbeat(seq: int, name: str = "heartbeat") -> bytes:
    """A sign of life; all up to `seq` has been sent."""
    return f'id: {seq}\nevent: {name}\ndata: {{"seq":{seq}}}\n\n'.encode()


class Stream:
    """The ASGI application of /live."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self._closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._closed:
            return await _refuse(send, 503)
        if self.hub is None:
            self.hub = Hub()
        request = _Request(scope)
        if problem := request.problem():
            return await _refuse(send, problem)
        await self.hub.start()
        actor = await self.hub.ask(actor_behind, request.session_key, request.address)
        if actor is None:
            return await _refuse(send, 401)
        if len(self.hub.listeners) >= MOST_STREAMS:
            return await _refuse(send, 503)
        listener = Listener(request.channel, actor)
        self.hub.listeners.add(listener)
        gone = asyncio.create_task(_gone(receive))
        try:
            await _serve(self.hub, listener, request, send, gone)
        finally:
            self.hub.listeners.discard(listener)
            gone.cancel()

    async def close(self) -> None:
        """End every stream, and begin no other."""
        self._closed = True
        if self.hub is not None:
            await self.hub.close()


async def _serve(hub: Hub, listener: Listener, request: _Request, send: Send, gone: asyncio.Task[None]) -> None:
    """Catch up to where the hub was when the listener joined, then pass on what it is offered."""
    joined = hub.position
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await _write(send, b"retry: 1000\n\n")
    if request.after is not None:
        await _catch_up(hub, listener, min(request.after, joined), joined, send)
    await _write(send, heartbeat(joined, "hello"))
    checked_at = time.monotonic()
    while not gone.done() and not listener.overrun:
        frames = await _next_frames(listener, gone)
        if gone.done():
            break
        await _write(send, b"".join(frames) if frames else heartbeat(hub.position))
        if time.monotonic() - checked_at >= RECHECK_S:
            checked_at = time.monotonic()
            actor = await hub.ask(actor_behind, request.session_key, request.address)
            if actor is None:
                break
            listener.actor = actor
    if not gone.done():
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _next_frames(listener: Listener, gone: asyncio.Task[None]) -> list[bytes]:
    """All that waits in the queue, or nothing when a heartbeat is due or the browser is gone."""
    if listener.queue.empty():
        first = asyncio.ensure_future(listener.queue.get())
        await asyncio.wait({first, gone}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            first.cancel()
            return []
        frames = [first.result()]
    else:
        frames = []
    while not listener.queue.empty():
        frames.append(listener.queue.get_nowait())
    return frames


async def _catch_up(hub: Hub, listener: Listener, after: int, through: int, send: Send) -> None:
    """Send what was published in (after, through]."""
    while after < through:
        events = await hub.ask(_page_of, listener.channel, after)
        frames = [frame_of(e) for e in events if e.seq <= through and e.reaches(listener.actor)]
        if frames:
            await _write(send, b"".join(frames))
        if len(events) < live.MOST:
            return
        after = events[-1].seq


def _page_of(channel: str, after: int) -> list[live.Heard]:
    return live.after(after, channel=channel)


def actor_behind(session_key: str, address: str) -> Actor | None:
    """Who listens; None when the session has ended or a first step (new password, second factor) is still to be
    done.
    """
    actor = sessions.actor_of_session(session_key, address=address)
    if actor is None or actor.id is None:
        return None
    if first_step(User.objects.get(pk=actor.id), staff=is_staff(actor)):
        return None
    if actor.can(SEAT_RIGHT):  # an alarm seat only listens for long stretches, and must not be logged out in a fire
        sessions.touch(UserSession.objects.get(session_key=session_key), timezone.now())
    return actor


def _with_database(function: Callable[..., T], *arguments: Any) -> T:
    """Run in this thread, whose connection stays open; one that broke is closed so that the next call opens another."""
    try:
        return function(*arguments)
    except Exception:
        connections.close_all()
        raise


class _Request:
    """What matters of a request."""

    def __init__(self, scope: Scope) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        self.method = scope["method"]
        self.host = headers.get("host", "")
        self.channel = query.get("channel", [""])[0]
        self.after = _number(headers.get("last-event-id", "")) or _number(query.get("after", [""])[0])
        self.session_key = _cookie(headers.get("cookie", ""), settings.SESSION_COOKIE_NAME)
        client = scope.get("client")
        self.address = client[0] if client else ""

    def problem(self) -> int:
        """The status to refuse with; 0 when there is nothing wrong."""
        if self.method != "GET":
            return 405
        if not validate_host(split_domain_port(self.host)[0], settings.ALLOWED_HOSTS) or not self.channel:
            return 400
        return 0 if self.session_key else 401


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


async def _gone(receive: Receive) -> None:
    """Ends when the browser is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
