"""Slowing guesses down: five failures in 15 minutes pause a pair of account and address, and the pause doubles each time.

A browser the person has used before counts by itself, so that strangers cannot lock a duty officer out (security.md 3.1). An unknown
account is counted like a known one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from wanghuo.base import AppError, Text
from wanghuo.base.time import local
from wanghuo.kernel.accounts.models import SignInCounter
from wanghuo.kernel.accounts.sealed import digest

FAILURES = 5
WINDOW = timedelta(minutes=15)
PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=24)
PER_ADDRESS = 100
ADDRESS_WINDOW = timedelta(hours=1)


class TooManyAttempts(AppError):
    """Signing in is paused for this account from this address."""

    code = "accounts.too_many_attempts"
    status = 429
    text = Text("尝试次数过多，请在 {until} 之后再试。", "Too many attempts; try again after {until}.")

    def __init__(self, until: datetime) -> None:
        super().__init__(until=f"{local(until):%H:%M:%S}")
        self.until = until


def pair_key(username: str, address: str, device: str = "") -> str:
    """The counter of an account at an address, or at a browser known to belong to it."""
    return digest("counter/device", username, device) if device else digest("counter/pair", username, address)


def address_key(address: str) -> str:
    """The counter of everything that comes from an address."""
    return digest("counter/address", address)


def require_open(*keys: str) -> None:
    """Raise TooManyAttempts while one of the counters is paused."""
    now = timezone.now()
    paused = SignInCounter.objects.filter(key__in=keys, paused_until__gt=now).order_by("-paused_until").first()
    if paused is not None:
        raise TooManyAttempts(paused.paused_until)  # type: ignore[arg-type]


def failed(pair: str, address: str) -> None:
    """Count one failure; what reaches its limit is paused."""
    _count(pair, FAILURES, WINDOW, doubling=True)
    _count(address, PER_ADDRESS, ADDRESS_WINDOW, doubling=False)


def succeeded(pair: str) -> None:
    """Forget the failures of a pair."""
    SignInCounter.objects.filter(key=pair).delete()


@transaction.atomic
def _count(key: str, limit: int, window: timedelta, *, doubling: bool) -> None:
    now = timezone.now()
    SignInCounter.objects.bulk_create([SignInCounter(key=key, first_at=now)], ignore_conflicts=True)
    row = SignInCounter.objects.select_for_update().get(key=key)
    if now - row.first_at > window:
        row.failures, row.first_at = 0, now
        if row.paused_until is None or now - row.paused_until > LONGEST_PAUSE:
            row.pauses = 0
    row.failures += 1
    if row.failures >= limit:
        row.paused_until = now + (min(PAUSE * 2**row.pauses, LONGEST_PAUSE) if doubling else window)
        row.pauses = min(row.pauses + 1, 10)
        row.failures, row.first_at = 0, now
    row.save()
