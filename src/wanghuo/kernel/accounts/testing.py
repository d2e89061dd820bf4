"""People for tests, with real roles in real places."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.test import Client

from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts import sessions
from wanghuo.kernel.accounts.models import Body, RoleGrant, User

PASSWORD = "Wanghuo-Test-2026!"  # noqa: S105 - tests only
_ids = count(1_000_001)


@cache
def _encoded(password: str) -> str:
    return make_password(password)


def make_user(
    username: str,
    role: str,
    region: str,
    sector: str = "",
    unit: UUID | None = None,
    password: str = PASSWORD,
    **fields: Any,
) -> User:
    """A person who holds one role in one place (`role=""`: none)."""
    columns = scope_columns(region, sector=sector, unit=unit)
    fields = {"display_name": username, **columns, **fields}
    user = User.objects.create(username=username, password=_encoded(password), **fields)
    if role:
        RoleGrant.objects.create(user=user, role=role, region_code=region, sector=sector, unit=unit, reason="test")
    return user


def actor(
    role: str, region: str, sector: str = "", unit: UUID | None = None, *, id: int | None = None, via: str = "web"
) -> Actor:
    """An actor with one role in one place, without a row in the database."""
    return Actor(id=id or next(_ids), name=role, grants=(Grant(role, region, sector, unit),), via=via)


def client_for(user: User, **headers: Any) -> Client:
    """A browser in which `user` has signed in, second factor just passed."""
    client = Client(**headers)
    client.force_login(user)
    session = client.session
    sessions.begin(user, session, address="127.0.0.1", browser="test")
    session.save()
    return client


def make_body(name: str, region: str = "445281", sector: str = "", kind: str = "department", **fields: Any) -> Body:
    """An organisation of a region."""
    fields = {"short": name[:40], "aliases": [], **fields}
    return Body.objects.create(name=name, kind=kind, **scope_columns(region, sector=sector), **fields)
