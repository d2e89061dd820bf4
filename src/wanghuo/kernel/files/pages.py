"""Handing files out: pictures as their clean copy, everything else as a download that no browser will run."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from wanghuo.base import NotFound
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.files import storage
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.files.service import FILE, get_file

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=3600",
}


@needs()
def file(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """A file: a picture to look at, anything else to download."""
    found = get_file(file_id, request.actor)  # type: ignore[attr-defined]
    if found.is_image:
        return _picture(found, storage.VIEW)
    path = storage.original(file_id)
    if not path.exists():
        raise NotFound(what=FILE, ref=file_id)
    return _guarded(FileResponse(path.open("rb"), content_type=found.content_type), "attachment", found.name)


@needs()
def thumb(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """The small copy of a picture."""
    found = get_file(file_id, request.actor)  # type: ignore[attr-defined]
    return _picture(found, storage.THUMB)


def _picture(found: StoredFile, copy: str) -> HttpResponseBase:
    try:
        content = (storage.folder_of(found.id) / copy).read_bytes()
    except FileNotFoundError:
        raise NotFound(what=FILE, ref=found.id) from None
    return _guarded(HttpResponse(content, content_type="image/jpeg"), "inline", f"{found.id}.jpg")


def _guarded(response: HttpResponseBase, way: str, name: str) -> HttpResponseBase:
    for header, value in HEADERS.items():
        response[header] = value
    response["Content-Disposition"] = f"{way}; filename*=UTF-8''{quote(name, safe='')}"
    return response
