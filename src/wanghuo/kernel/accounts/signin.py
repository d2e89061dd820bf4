"""Signing in: a name and a password, then the second factor where the person has one; the same answer for every way to be wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import authenticate as django_authenticate
from django.contrib.auth import login as django_login
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import anonymous
from wanghuo.kernel.accounts import lockout, second_factor, sessions
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.models import KnownDevice, User
from wanghuo.kernel.accounts.sealed import digest

HALF_LASTS_S = 300
_HALF = "half_signed_in"
DEVICE_COOKIE = "__Host-device" if settings.PRODUCTION else "device"
_DEVICE_LASTS_S = 180 * 86400


class SignInRefused(Invalid):
    """Name or password wrong, account unknown or closed: not told which."""

    code = "accounts.sign_in_refused"
    text = Text("用户名或密码不对。", "The user name or the password is wrong.")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries to sign in and from where; `device` is the digest of the browser's cookie when it belongs to the account."""

    username: str
    address: str
    device: str = ""

    @property
    def keys(self) -> tuple[str, str]:
        """The counters this attempt falls under."""
        return lockout.pair_key(self.username, self.address, self.device), lockout.address_key(self.address)


def attempt_of(request: HttpRequest, username: str) -> Attempt:
    """The attempt a request makes."""
    name = username.strip().lower()[:64]
    sent = request.COOKIES.get(DEVICE_COOKIE, "")
    device = digest("device", sent) if sent else ""
    known = bool(device) and KnownDevice.objects.filter(digest=device, user__username=name).exists()
    return Attempt(name, request.META.get("REMOTE_ADDR", ""), device if known else "")


def authenticate(attempt: Attempt, password: str) -> User:
    """The person with this name and password. Raises TooManyAttempts while paused, SignInRefused otherwise."""
    lockout.require_open(*attempt.keys)
    user = django_authenticate(None, username=attempt.username, password=password)
    if not isinstance(user, User):
        lockout.failed(*attempt.keys)
        _record_failure(attempt)
        raise SignInRefused
    return user


def check_factor(user: User, code: str, attempt: Attempt) -> None:
    """Take the second factor's code, under the same counters as the password. Raises TooManyAttempts, WrongCode."""
    lockout.require_open(*attempt.keys)
    try:
        second_factor.check(user, code)
    except second_factor.WrongCode:
        lockout.failed(*attempt.keys)
        _record_failure(attempt)
        raise


def hold(request: HttpRequest, user: User, back: str) -> None:
    """Remember for five minutes that the password was right, until the second factor comes."""
    request.session.cycle_key()
    request.session[_HALF] = {"user": user.pk, "at": timezone.now().timestamp(), "next": back}


def held(request: HttpRequest) -> tuple[User, str] | None:
    """The person who gave the password a moment ago, and where the sign-in leads; None when there is none."""
    half = request.session.get(_HALF)
    if not half or timezone.now().timestamp() - half["at"] > HALF_LASTS_S:
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return (user, half["next"]) if user else None


def complete(request: HttpRequest, user: User) -> None:
    """Open the session: a new id, its line in the list of sessions, the audit entry; the counter of failures begins anew."""
    attempt = attempt_of(request, user.username)
    lockout.succeeded(attempt.keys[0])
    request.session.pop(_HALF, None)
    django_login(request, user)
    agent = request.headers.get("User-Agent", "")
    sessions.begin(user, request.session, address=attempt.address, browser=browser_name(agent))
    actor = actor_of(user, address=attempt.address, request_id=getattr(request, "id", ""))
    audit.record(actor, "accounts:session:begin", user.username, region=user.region_code)


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note the browser as one of the person's; a seat shared by several people keeps one cookie for all of them."""
    token = request.COOKIES.get(DEVICE_COOKIE, "")
    if not token or not KnownDevice.objects.filter(digest=digest("device", token)).exists():
        token = secrets.token_urlsafe(32)
    KnownDevice.objects.update_or_create(
        user=user, digest=digest("device", token), defaults={"seen_at": timezone.now()}
    )
    response.set_cookie(
        DEVICE_COOKIE,
        token,
        max_age=_DEVICE_LASTS_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def browser_name(agent: str) -> str:
    """A browser and a system in words, from its User-Agent: "Chrome · Windows"."""
    browsers = (("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Edg", "Edge"), ("Firefox", "Firefox"))
    browsers += (("Chrome", "Chrome"), ("Safari", "Safari"))  # type: ignore[assignment]
    systems = (("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"))
    systems += (("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))  # type: ignore[assignment]
    named = [next((name for mark, name in table if mark in agent), "") for table in (browsers, systems)]
    return " · ".join(name for name in named if name) or "?"


def _record_failure(attempt: Attempt) -> None:
    """A failure goes into the log under the account's name only when the account exists: a password typed as name stays out."""
    user = User.objects.filter(username=attempt.username).first()
    actor = anonymous(address=attempt.address)
    ref, region = (user.username, user.region_code) if user else ("", "")
    audit.record(actor, "accounts:session:begin", ref, region=region, result="refused", code=SignInRefused.code)
