"""What a session must still satisfy at every request."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from wanghuo.kernel.accounts import passwords, sessions
from wanghuo.kernel.accounts.actors import actor_of, is_staff
from wanghuo.kernel.accounts.models import User, UserSession

# requests a page makes by itself: they keep a session alive at an alarm seat only, which must not log out in a fire
BY_THEMSELVES = ("/live", "/notifications/", "/jobs/")
SEAT_RIGHT = "alarms.handle"
ALWAYS_OPEN = ("/account", "/logout", "/login", "/static/", "/language")


class SessionRules:
    """Ends sessions that are idle, too old or closed elsewhere; sends people to what they must do first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            away = self._check(request, request.user)  # type: ignore[arg-type]
            if away:
                return away
        return self.get_response(request)

    def _check(self, request: HttpRequest, user: User) -> HttpResponse | None:
        now = timezone.now()
        row = UserSession.objects.filter(session_key=request.session.session_key, user=user).first()
        actor = actor_of(user)
        if row is None or sessions.has_ended(row, actor, now):
            if row is not None:
                row.delete()
            logout(request)
            request.user = AnonymousUser()
            return None
        if not request.path.startswith(BY_THEMSELVES) or actor.can(SEAT_RIGHT):
            sessions.touch(row, now)
        request.current_session = row  # type: ignore[attr-defined]
        request.person = actor  # type: ignore[attr-defined]
        step = first_step(user, staff=is_staff(actor))
        if step and not request.path.startswith(ALWAYS_OPEN):
            return _send(request, step)
        return None


def first_step(user: User, *, staff: bool) -> str:
    """The page a person must pass before any other: a new password, then a second factor; "" when none."""
    if user.must_change_password or passwords.has_run_out(user):
        return "/account/password"
    if staff and settings.SECOND_FACTOR == "staff" and not user.has_second_factor:
        return "/account/second-factor"
    return ""


def _send(request: HttpRequest, path: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": path})
    return HttpResponseRedirect(path)
