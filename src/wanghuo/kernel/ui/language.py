"""Which language a person reads, and how a `Text` becomes a string on the page.

The choice is kept for the length of one request in a context variable, because a template filter cannot see the
request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest

from wanghuo.base.text import LANGUAGES, Text

COOKIE = "lang"
DEFAULT = "zh"
HTML_CODES = {"zh": "zh-CN", "en": "en"}
_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def current() -> str:
    """The language of the request being answered: `zh` or `en`."""
    return _current.get()


@contextmanager
def using(language: str) -> Iterator[None]:
    """Answer in `language` inside the block."""
    token = _current.set(language if language in LANGUAGES else DEFAULT)
    try:
        yield
    finally:
        _current.reset(token)


def lang(request: HttpRequest) -> str:
    """The language of `request`: the cookie, then the person's own setting, then what the browser asks for, else
    Chinese."""
    chosen = request.COOKIES.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return user.language if getattr(user, "language", "") in LANGUAGES else DEFAULT
    return "en" if _prefers_english(request.headers.get("Accept-Language", "")) else DEFAULT


def _prefers_english(header: str) -> bool:
    """Whether the first language the browser names that we have is English."""
    for part in header.lower().split(","):
        code = part.split(";")[0].strip()[:2]
        if code in LANGUAGES:
            return code == "en"
    return False


def say(text: Any, language: str = "") -> str:
    """A `Text` in the language of the request (or in `language`); anything else as it writes itself, None as
    nothing."""
    if isinstance(text, Text):
        return text.in_(language or current())
    return "" if text is None else str(text)
