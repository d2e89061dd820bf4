"""The web server's one application: /live is served natively, everything else by Django in threads
(docs/decisions/0050).
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")

from django.core.wsgi import get_wsgi_application

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

THREADS = int(os.environ.get("WANGHUO_WEB_THREADS", "8"))

_django = WSGIMiddleware(get_wsgi_application(), workers=THREADS)  # type: ignore[arg-type]

from wanghuo.entrypoints.web.live import Stream  # noqa: E402 - needs the apps loaded
from wanghuo.kernel.jobs.beats import beating  # noqa: E402

_live = Stream()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request, or the start and end of the process."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1000})
    elif scope["path"] == "/live":
        await _live(scope, receive, send)
    else:
        await _django(scope, _as_coroutine(receive), send)  # type: ignore[arg-type]


def _as_coroutine(receive: Receive) -> Receive:
    """a2wsgi hands `receive()` to another thread, which takes a coroutine; granian gives a future."""

    async def received() -> MutableMapping[str, Any]:
        return await receive()

    return received


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    _end_streams_when_asked_to_stop()
    with beating("web"):
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _live.close()
    await send({"type": "lifespan.shutdown.complete"})


def _end_streams_when_asked_to_stop() -> None:
    """On SIGTERM end the open streams first, then stop.

    granian waits for open requests before it ends the lifespan, and a stream ends by itself only when its browser leaves.
    It stops on SIGINT as on SIGTERM; so SIGTERM is taken for the streams, and SIGINT handed on to it.
    """
    loop = asyncio.get_running_loop()
    closing: list[asyncio.Task[None]] = []

    def stop() -> None:
        if not closing:
            closing.append(asyncio.create_task(_live.close()))
            closing[0].add_done_callback(lambda _: signal.raise_signal(signal.SIGINT))

    loop.add_signal_handler(signal.SIGTERM, stop)
