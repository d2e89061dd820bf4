"""Django's door to our accounts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from wanghuo.kernel.accounts.models import User


class PasswordBackend:
    """Checks a name and a password. An unknown or disabled account costs the same time as a wrong password."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **_: Any
    ) -> User | None:
        """The active person with this name and password, or None. Pauses and second factor are `service.sign_in`'s."""
        user = User.objects.filter(username=username.strip().lower()).first()
        if user is None or not user.has_usable_password():
            make_password(password)
            return None
        return user if check_password(password, user.password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The person of a session; None once the account is disabled, which ends the session at its next request."""
        return User.objects.filter(pk=user_id, is_active=True).first()
