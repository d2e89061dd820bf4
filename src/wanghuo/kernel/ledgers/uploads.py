"""Stop an upload that is too large while it comes in, before anything else reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from wanghuo.kernel.ledgers.reading import MEBIBYTE, TOO_LARGE, Unreadable

View = Callable[..., HttpResponse]
SLACK = 64 * 1024  # the other fields and the envelope of a form


class _Limited(TemporaryFileUploadHandler):
    """Writes to a temporary file, and hangs up beyond the limit."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.most, self.seen = most, 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.seen += len(raw_data)
        if self.seen > self.most:
            self.request.upload_too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)


def limited_upload(most_bytes: int) -> Callable[[View], View]:
    """A view that takes files of at most `most_bytes`; a larger one is refused with words (422) and not kept.

    The check for forgery comes after the limit is in place, because it reads the form.
    """

    def mark(view: View) -> View:
        inner = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return inner(request, *args, **kwargs)
            declared = int(request.headers.get("Content-Length") or 0)
            if declared > most_bytes + SLACK:
                raise Unreadable(TOO_LARGE, field="file", most=most_bytes // MEBIBYTE)
            request.upload_handlers = [_Limited(request, most_bytes)]
            response = inner(request, *args, **kwargs)
            if getattr(request, "upload_too_large", False):
                raise Unreadable(TOO_LARGE, field="file", most=most_bytes // MEBIBYTE)
            return response

        return guarded

    return mark
