"""From a person to an actor."""

from __future__ import annotations

from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.access.roles import roles
from wanghuo.kernel.accounts.models import RoleGrant, User


def grants_of(user: User) -> tuple[Grant, ...]:
    """The grants in force now, in the order they were given; the first decides the home region and the first page."""
    rows = RoleGrant.objects.in_force().filter(user=user, user__is_active=True).order_by("id")
    return tuple(Grant(row.role, row.region_code, row.sector, row.unit) for row in rows)


def actor_of(user: User, *, via: str = "web", address: str = "", request_id: str = "") -> Actor:
    """The person as an actor, with the roles held now. A disabled account holds none."""
    name = user.display_name or user.username
    return Actor(id=user.pk, name=name, grants=grants_of(user), via=via, address=address, request_id=request_id)


def is_staff(actor: Actor) -> bool:
    """Whether a role is a member of staff's: shorter sessions, and a second factor where the deployment asks for it."""
    known = roles()
    return any(known[grant.role].staff for grant in actor.grants if grant.role in known)


def first_page(actor: Actor) -> str:
    """The page that opens after signing in: that of the first role; the person's own page without one."""
    known = roles()
    return next((known[g.role].first_page for g in actor.grants if g.role in known), "/account")
