"""Every address of the platform: each app brings its own, with full paths."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

FLOORS = {"modules": settings.MODULES, "kernel": settings.KERNEL}
WITHOUT_PAGES = {"access", "geo"}

urlpatterns = [
    path("", include(f"wanghuo.{floor}.{app}.urls"))
    for floor, apps in FLOORS.items()
    for app in apps
    if app not in WITHOUT_PAGES
]
handler404 = "wanghuo.kernel.ui.errors.not_found"
handler403 = "wanghuo.kernel.ui.errors.forbidden"
handler500 = "wanghuo.kernel.ui.errors.broken"
