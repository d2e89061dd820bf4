"""The web server's one application: /live is served natively, everything else by Django in threads
(docs/decisions/0050).
"""

from __future__ import annotations

import os
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
    with beating("web"):
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _live.close()
    await send({"type": "lifespan.shutdown.complete"})
