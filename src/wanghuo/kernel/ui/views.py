"""The few addresses that belong to every page: the language switch, saved views and the web manifest."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.views.decorators.http import require_GET, require_POST

from wanghuo.base import Invalid, Text
from wanghuo.base.text import LANGUAGES
from wanghuo.kernel.access.pages import needs, own_path, public_page
from wanghuo.kernel.ui import saved_views
from wanghuo.kernel.ui.language import COOKIE, say
from wanghuo.kernel.ui.pages import go

YEAR_S = 365 * 86400


@public_page
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the language chosen, in a cookie and with the person, and come back to the page with its filters."""
    chosen = request.POST.get("language", "")
    if chosen not in LANGUAGES:
        raise Invalid(Text("没有这种语言。", "There is no such language."), field="language")
    if request.user.is_authenticated:
        get_user_model().objects.filter(pk=request.user.pk).update(language=chosen)
    response = go(request, own_path(request.POST.get("next", "")) or "/")
    response.set_cookie(COOKIE, chosen, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


@needs()
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the list as it stands under a name."""
    sent = request.POST
    view = saved_views.save_view(
        path=sent.get("path", ""),
        query=sent.get("query", ""),
        name=sent.get("name", ""),
        shared=bool(sent.get("shared")),
        actor=request.actor,  # type: ignore[attr-defined]
    )
    return go(request, view.url)


@needs()
@require_POST
def delete_view(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Forget a saved view."""
    return go(request, saved_views.delete_view(view_id=view_id, actor=request.actor))  # type: ignore[attr-defined]


@public_page
@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to keep the site among its applications."""
    icon = {"src": static("ui/icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    body = {
        "name": say(Text("望火 消防治理平台", "Wanghuo fire-safety governance")),
        "short_name": say(Text("望火", "Wanghuo")),
        "start_url": "/",
        "display": "standalone",
        "background_color": "#F5F6F8",
        "theme_color": "#1B5AA6",
        "icons": [icon],
    }
    return JsonResponse(body, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})
