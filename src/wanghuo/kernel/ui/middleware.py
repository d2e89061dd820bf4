"""Around every request: the headers that keep a page to itself, the language, and errors turned into answers."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from wanghuo.base import AppError
from wanghuo.kernel.ui import errors, language

Answer = Callable[[HttpRequest], HttpResponse]

# Nothing inline and nothing from elsewhere: scripts, styles and workers are files of ours. blob: is for pictures
# that the
# person has just chosen; they are shown before they are sent.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self), screen-wake-lock=(self), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
}


class SecurityHeaders:
    """The headers of security 8 on every answer, and no copy of a page in any cache unless the view says otherwise."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if response.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class Language:
    """Answers in the person's language, and says which in the header."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = language.lang(request)
        with language.using(chosen):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language.HTML_CODES[chosen])
        return response


class AppErrors:
    """An `AppError` that a view lets through becomes its page, message or JSON, with its status."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this when a view raises."""
        error = errors.of_the_server(exception) or exception
        return errors.answer_app_error(request, error) if isinstance(error, AppError) else None
