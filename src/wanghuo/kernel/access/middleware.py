"""Every request gets its actor: the signed-in person with the roles held now, or the anonymous visitor."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import anonymous

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class ActorMiddleware:
    """Sets `request.actor` and `request.id`, and answers with the same `X-Request-ID`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        request.id = sent if _REQUEST_ID.fullmatch(sent) else str(new_id())  # type: ignore[attr-defined]
        where = {"address": request.META.get("REMOTE_ADDR", ""), "request_id": request.id}  # type: ignore[attr-defined]
        person = getattr(request, "person", None)  # read by SessionRules, one middleware above
        request.actor = replace(person, **where) if person else anonymous(**where)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault("X-Request-ID", request.id)  # type: ignore[attr-defined]
        return response
