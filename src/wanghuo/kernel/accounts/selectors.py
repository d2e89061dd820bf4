"""Reads of people. A security administrator sees the people of the own region subtree, and nobody else's."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import RoleGrant, User, UserSession

PERSON = Text("人员", "person")


def people(actor: Actor) -> QuerySet[User]:
    """The people the actor manages, each with the grants in force."""
    grants = Prefetch("grants", RoleGrant.objects.in_force(), to_attr="held")
    return User.objects.visible_to(actor).prefetch_related(grants)


def get_person(username: str, *, actor: Actor, lock: bool = False) -> User:
    """A person by user name. Raises NotFound, also outside the actor's scope."""
    rows = User.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows).filter(username=username).first()
    if found is None:
        raise NotFound(what=PERSON, ref=username)
    return found


def grants_of_person(user: User) -> list[RoleGrant]:
    """Every grant, those in force first, then the newest."""
    rows = list(RoleGrant.objects.filter(user=user).order_by("-id"))
    in_force = set(RoleGrant.objects.in_force().filter(user=user).values_list("pk", flat=True))
    for row in rows:
        row.current = row.pk in in_force  # type: ignore[attr-defined]
    return sorted(rows, key=lambda row: not row.current)  # type: ignore[attr-defined]


def sessions_of(user: User) -> list[UserSession]:
    """The open sessions of a person, the last used first."""
    return list(UserSession.objects.filter(user=user))
