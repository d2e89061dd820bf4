"""The two marks a view carries: `@needs(...)` or `@public_page`. A view without one fails the access matrix test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase

from wanghuo.base import NotPermitted, Text
from wanghuo.kernel.access.roles import right_name, rights

View = Callable[..., HttpResponseBase]
SIGN_IN_FIRST = Text("请先登录。", "Please sign in first.")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may open a view: anyone (`public`), or a signed-in person with one of `rights` (none named: anyone signed in)."""

    public: bool
    rights: tuple[str, ...] = ()


def needs(*any_of: str) -> Callable[[View], View]:
    """Open a view to people who hold one of the rights anywhere; without a right named, to everyone signed in.

    Whether the right reaches the object at hand is the service's question (`visible_to`, `actor.require`).
    Without a session: the sign-in page (HX-Redirect for htmx, 401 for JSON). Without the right: NotPermitted (403).
    """
    unknown = set(any_of) - set(rights())
    if unknown:
        raise ValueError(f"rights not in roles.toml: {sorted(unknown)}")

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return ask_to_sign_in(request)
            if any_of and not any(request.actor.can(right) for right in any_of):  # type: ignore[attr-defined]
                raise NotPermitted(right=right_name(any_of[0]))
            return view(request, *args, **kwargs)

        guarded.access = Access(public=False, rights=any_of)  # type: ignore[attr-defined]
        return guarded

    return mark


def public_page(view: View) -> View:
    """Open a view to everyone, signed in or not."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    opened.access = Access(public=True)  # type: ignore[attr-defined]
    return opened


def access_of(view: Any) -> Access | None:
    """The mark of a view; None when it carries none."""
    found = getattr(view, "access", None)
    return found if isinstance(found, Access) else None


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: an address under /api/, or JSON asked for and no page."""
    if request.path.startswith("/api/"):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """The answer to a request without a session."""
    back = request.get_full_path() if request.method == "GET" else ""
    if wants_json(request):
        body = {"code": "sign_in_first", "message": {"zh": SIGN_IN_FIRST.zh, "en": SIGN_IN_FIRST.en}}
        return JsonResponse(body, status=401, json_dumps_params={"ensure_ascii": False})
    if request.headers.get("HX-Request"):
        page = request.headers.get("HX-Current-URL", "")
        back = own_path(page[page.find("/", 8) :] if "://" in page else page)
        return HttpResponse(status=401, headers={"HX-Redirect": _login(back)})
    return HttpResponseRedirect(_login(back))


def own_path(text: str) -> str:
    """`text` when it is a path of this site, else "": where to go after signing in never leads elsewhere.

    Backslashes and control characters are refused because browsers read `/\\host` and `/<tab>/host` as another host.
    """
    if not text.startswith("/") or text.startswith("//") or "\\" in text or any(ord(c) < 33 for c in text):
        return ""
    return text


def _login(back: str) -> str:
    return f"{settings.LOGIN_URL}?{urlencode({'next': back})}" if back not in ("", "/") else settings.LOGIN_URL
