"""The addresses of this app alone, and one view that breaks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from wanghuo.kernel.access.pages import public_page


@public_page
def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


urlpatterns = [path("", include("wanghuo.kernel.ui.urls")), path("breaks", breaks)]
handler404 = "wanghuo.kernel.ui.errors.not_found"
handler403 = "wanghuo.kernel.ui.errors.forbidden"
handler500 = "wanghuo.kernel.ui.errors.broken"
