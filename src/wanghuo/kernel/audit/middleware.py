"""The audit of what was refused: an unsafe request that ends in an error leaves an entry too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from wanghuo.base import AppError
from wanghuo.kernel.audit.recording import record

log = logging.getLogger(__name__)
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
REFUSED = frozenset({400, 403, 404, 409, 413, 422, 429})


class Refusals:
    """Writes down refused (403, 404, 409, 422 …) and failed (5xx) unsafe requests, in a transaction of its own.

    The entry names the person, the view, the path and the error's code, never what was sent. A path that leads to no
    view is left out: nothing was refused, and scanners would fill the log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method not in SAFE and (response.status_code in REFUSED or response.status_code >= 500):
            _note(request, response)
        return response


def _note(request: HttpRequest, response: HttpResponse) -> None:
    match = request.resolver_match
    if match is None:
        return
    error: AppError | None = getattr(response, "app_error", None)
    code = error.code if error is not None else f"http_{response.status_code}"
    result = "error" if response.status_code >= 500 else "refused"
    actor = request.actor  # type: ignore[attr-defined]
    action = (
        f"{_app(match.func)}:{match.url_name or getattr(match.func, '__name__', 'view')}:{str(request.method).lower()}"
    )
    try:
        record(actor, action, request.path[:200], result=result, code=code)
    except Exception:
        # it was refused already; that it could not be written down must not turn into another answer
        log.exception("A refusal could not be recorded.")


def _app(view: Any) -> str:
    """The module of ours that a view belongs to."""
    parts = str(getattr(view, "__module__", "")).split(".")
    return parts[2] if len(parts) > 2 and parts[0] == "wanghuo" else parts[0]
