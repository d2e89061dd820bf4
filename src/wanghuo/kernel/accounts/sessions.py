"""Sessions of people: how long they last, how many at once, and how they end.

Idle 15 minutes for staff and 30 for units, 12 hours in all, three at once (security.md 3.1; GB/T 22239-2019 8.1.4.1 b asks for
limits, the numbers are ours).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.actors import actor_of, is_staff
from wanghuo.kernel.accounts.models import User, UserSession

IDLE_STAFF = timedelta(minutes=15)
IDLE_UNITS = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
AT_ONCE = 3
FACTOR_LASTS = timedelta(minutes=10)
FACTOR_AT = "factor_at"
_TOUCH_EVERY = timedelta(seconds=30)


def store(key: str | None = None) -> SessionBase:
    """The session under a key, or a new one."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def begin(user: User, session: SessionBase, *, address: str = "", browser: str = "") -> UserSession:
    """Write down a session that has just been given its new key; the oldest one ends when there are too many."""
    if not session.session_key:
        session.save()
    session[FACTOR_AT] = timezone.now().timestamp()
    row = UserSession.objects.create(  # type: ignore[misc]
        user=user, session_key=session.session_key, address=address[:45], browser=browser[:80]
    )
    for extra in UserSession.objects.filter(user=user).order_by("-started_at", "-id")[AT_ONCE:]:
        end(extra)
    return row


def end(row: UserSession) -> None:
    """End one session at once: its data and its line are gone."""
    store(row.session_key).delete()
    row.delete()


def end_all(user: User, *, but: str = "") -> int:
    """End every session of a person except the one with the key `but`; returns how many ended."""
    rows = list(UserSession.objects.filter(user=user).exclude(session_key=but or "-"))
    for row in rows:
        end(row)
    return len(rows)


def has_ended(row: UserSession, actor: Actor, now: datetime) -> bool:
    """Whether a session has run out, by idleness or by age."""
    idle = IDLE_STAFF if is_staff(actor) else IDLE_UNITS
    return now - row.seen_at > idle or now - row.started_at > ABSOLUTE


def touch(row: UserSession, now: datetime) -> None:
    """Note that the person is active; written at most every 30 seconds."""
    if now - row.seen_at > _TOUCH_EVERY:
        UserSession.objects.filter(pk=row.pk).update(seen_at=now)


def actor_of_session(session_key: str, *, address: str = "") -> Actor | None:
    """The actor behind a session cookie, for servers without Django's middleware; None when the session has ended."""
    row = UserSession.objects.select_related("user").filter(session_key=session_key, user__is_active=True).first()
    if row is None or store(session_key).get(SESSION_KEY) != str(row.user_id):
        return None
    actor = actor_of(row.user, address=address)
    return None if has_ended(row, actor, timezone.now()) else actor


def pass_factor(session: SessionBase) -> None:
    """Note that the second factor (or, without one, the password) was just given."""
    session[FACTOR_AT] = timezone.now().timestamp()


def recent_factor(request: Any) -> bool:
    """Whether the second factor is at most ten minutes old: asked before role changes, reveals, downlinks and the like."""
    given = request.session.get(FACTOR_AT, 0)
    return timezone.now().timestamp() - given <= FACTOR_LASTS.total_seconds()
