"""How a view answers: a whole page, or the same content as a fragment when htmx asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as django_render
from django.utils.cache import patch_vary_headers

PAGE, FRAGMENT = "ui/page.html", "ui/fragment.html"


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of a page. A boosted link and a restored history entry want the whole page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def target(request: HttpRequest) -> str:
    """The id of the element htmx will fill; empty for a whole page."""
    return request.headers.get("HX-Target", "") if is_fragment(request) else ""


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Answer with a template. One that extends `layout` comes as a page with header and navigation, or bare for
    htmx."""
    layout = FRAGMENT if is_fragment(request) else PAGE
    response = django_render(request, template, {"layout": layout, **(context or {})}, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to `url` after a write: 303, or htmx's own header when a fragment asked."""
    if is_fragment(request):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    response = HttpResponse(status=303)
    response["Location"] = url
    return response


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: it asks for JSON before HTML, or calls an address under /api/."""
    if request.path.startswith("/api/"):
        return True
    best = request.get_preferred_type(["text/html", "application/json"])
    return cast(Any, best) == "application/json"
