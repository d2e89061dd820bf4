"""What is done with accounts and grants. Every act is in the audit log; nobody changes the own rights."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, MoveRefused, NotFound, Text
from wanghuo.base.text import listing
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import roles, sectors
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts import passwords, second_factor, sessions
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.models import PastPassword, RoleGrant, User
from wanghuo.kernel.accounts.selectors import PERSON
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions

MANAGE = "accounts.manage"
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
_RESERVED = {"new"}
_PHONE = re.compile(r"\+?\d[\d -]{5,20}")
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"

__all__ = [
    "actor_of",
    "change_password",
    "change_profile",
    "create_user",
    "disable_user",
    "enable_user",
    "end_grant",
    "grant_role",
    "remove_second_factor",
    "reset_password",
]


class UsernameTaken(Invalid):
    """The name can't be given; whether another place has it is not told."""

    code = "accounts.username_taken"
    text = Text("这个用户名不能用，请换一个。", "This user name cannot be used; choose another.")


class RolesExclude(Invalid):
    """Two roles one person may not hold together (三员分立)."""

    code = "accounts.roles_exclude"
    text = Text(
        "“{role}”不能与其他角色兼任（三员分立）；现有：{held}。",
        "“{role}” cannot be held together with another role (separated administrators); held now: {held}.",
    )


class OwnAccount(MoveRefused):
    """Nobody manages the own account."""

    code = "accounts.own_account"
    text = Text(
        "不能管理自己的账号，请由另一位安全管理员办理。",
        "Nobody manages the own account; ask another security administrator.",
    )


def one_time_password() -> str:
    """A password for the first sign-in, after which it must be changed; 20 letters are 117 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


@transaction.atomic
def create_user(
    *,
    username: str,
    display_name: str,
    region_code: str,
    actor: Actor,
    phone: str = "",
    language: str = "zh",
    sector: str = "",
    unit: UUID | None = None,
    password: str = "",
    demo: bool = False,
) -> tuple[User, str]:
    """Open an account that belongs to a place; returns it with the password to hand over.

    Without `password` a one-time one is made, which must be changed at the first sign-in. Raises NotPermitted, Invalid.
    """
    _require_reach(actor, region_code)
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username) or username in _RESERVED:
        raise Invalid(_USERNAME_RULE, field="username")
    if not display_name.strip():
        raise Invalid(Text("请填写姓名。", "Please fill in the name."), field="display_name")
    if User.objects.filter(username=username).exists():
        raise UsernameTaken(field="username")
    given = password or one_time_password()
    if password and not demo:
        passwords.check(password, names=(username, display_name))
    user = User(
        username=username,
        display_name=display_name.strip(),
        language=language,
        demo=demo,
        password=make_password(given),
        must_change_password=not password,
        created_by=actor.id,
        **scope_columns(region_code, sector=sector, unit=unit),
    )
    user.phone = _phone(phone)
    user.save()
    audit.record(actor, "accounts:user:create", username, region=region_code)
    return user, given


_USERNAME_RULE = Text(
    "用户名为 3 至 64 个小写字母、数字、点、横线，以字母或数字开头。",
    "A user name has 3 to 64 small letters, digits, dots, dashes, and begins with a letter or digit.",
)


@transaction.atomic
def grant_role(
    *,
    user_id: int,
    role: str,
    region_code: str,
    actor: Actor,
    sector: str = "",
    unit: UUID | None = None,
    reason: str = "",
    expires_at: datetime | None = None,
) -> RoleGrant:
    """Give a person a role in a region subtree, narrowed to a sector or a unit where those are given.

    Raises NotFound, NotPermitted, OwnAccount, RolesExclude, Invalid (unknown role, region or sector, past expiry).
    """
    user = _managed(user_id, actor)
    _require_reach(actor, region_code)
    _check_grant(role, sector, expires_at)
    _check_exclusive(user, role)
    same = {"user": user, "role": role, "region_code": region_code, "sector": sector, "unit": unit}
    if RoleGrant.objects.in_force().filter(**same).exists():
        raise Invalid(Text("此人已有这个角色。", "This person holds this role already."), field="role")
    grant = RoleGrant.objects.create(**same, given_by=actor.id, reason=reason.strip(), expires_at=expires_at)
    audit.record(actor, "accounts:grant:give", user.username, region=region_code, after=_told(grant))
    return grant


@transaction.atomic
def end_grant(*, grant_id: int, actor: Actor, reason: str = "") -> RoleGrant:
    """Take a role away from now on. Raises NotFound, NotPermitted, OwnAccount, Conflict (ended already)."""
    actor.require(MANAGE)
    grant = RoleGrant.objects.select_for_update().filter(pk=grant_id).first()
    if grant is None:
        raise NotFound(what=Text("授权", "grant"), ref=grant_id)
    user = _managed(grant.user_id, actor)
    if grant.ended_at is not None:
        raise Conflict(what=Text("这项授权", "This grant"))
    grant.ended_at, grant.ended_by = timezone.now(), actor.id
    grant.save(update_fields=["ended_at", "ended_by"])
    audit.record(actor, "accounts:grant:end", user.username, region=grant.region_code, before=_told(grant))
    return grant


@transaction.atomic
def disable_user(*, user_id: int, actor: Actor) -> User:
    """Close an account; its sessions end at once. Raises NotFound, NotPermitted, OwnAccount."""
    user = _managed(user_id, actor)
    user.is_active, user.disabled_at = False, timezone.now()
    user.save(update_fields=["is_active", "disabled_at"])
    sessions.end_all(user)
    audit.record(actor, "accounts:user:disable", user.username, region=user.region_code)
    return user


@transaction.atomic
def enable_user(*, user_id: int, actor: Actor) -> User:
    """Open a closed account again, with the grants that are still in force."""
    user = _managed(user_id, actor)
    user.is_active, user.disabled_at = True, None
    user.save(update_fields=["is_active", "disabled_at"])
    audit.record(actor, "accounts:user:enable", user.username, region=user.region_code)
    return user


@transaction.atomic
def reset_password(*, user_id: int, actor: Actor) -> str:
    """Give an account a one-time password and end its sessions; returns the password, shown this once."""
    user = _managed(user_id, actor)
    given = one_time_password()
    _set_password(user, given, must_change=True)
    sessions.end_all(user)
    audit.record(actor, "accounts:password:reset", user.username, region=user.region_code)
    return given


@transaction.atomic
def remove_second_factor(*, user_id: int, actor: Actor) -> None:
    """Take the second factor off a person who lost it; the sessions end."""
    user = _managed(user_id, actor)
    second_factor.remove(user=user, actor=actor)
    sessions.end_all(user)


@transaction.atomic
def change_password(*, user_id: int, current: str, new: str, actor: Actor, keep_session: str = "") -> User:
    """Change the own password; every other session ends. Raises Invalid with the field that is wrong."""
    user = User.objects.select_for_update().get(pk=user_id)
    if not user.check_password(current):
        raise Invalid(Text("现用密码不对。", "The present password is wrong."), field="current")
    passwords.check(new, names=(user.username, user.display_name), user=user)
    _set_password(user, new, must_change=False)
    sessions.end_all(user, but=keep_session)
    audit.record(actor, "accounts:password:change", user.username, region=user.region_code)
    return user


@transaction.atomic
def change_profile(*, user_id: int, actor: Actor, language: str, phone: str | None) -> User:
    """Change the own language and telephone number; `phone` None leaves the number as it is."""
    user = User.objects.select_for_update().get(pk=user_id)
    user.language = "en" if language == "en" else "zh"
    if phone is not None:
        user.phone = _phone(phone)
    user.save(update_fields=["language", "sealed_phone"])
    private = {} if phone is None else {"phone": phone}
    audit.record(actor, "accounts:user:profile", user.username, region=user.region_code, private=private or None)
    return user


def _managed(user_id: int, actor: Actor) -> User:
    """The person, locked, when the actor manages accounts and the person is in scope and somebody else."""
    actor.require(MANAGE)
    user = User.objects.visible_to(actor).select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound(what=PERSON, ref=user_id)
    if user.pk == actor.id:
        raise OwnAccount
    return user


def _require_reach(actor: Actor, region_code: str) -> None:
    """Raise NotPermitted without the right at all, Invalid when it doesn't reach the place: no place is told to exist."""
    actor.require(MANAGE)
    reached = actor.is_system or any(codes.contains(g.region, region_code) for g in actor.with_right(MANAGE))
    if not reached or not _is_region(region_code):
        raise regions.UnknownRegion(field="region", words=region_code)


def _is_region(code: str) -> bool:
    try:
        regions.get(code)
    except NotFound:
        return False
    return True


def _check_grant(role: str, sector: str, expires_at: datetime | None) -> None:
    if role not in roles():
        raise Invalid(Text("没有这个角色。", "There is no such role."), field="role")
    if sector and sector not in sectors():
        raise Invalid(Text("没有这个行业。", "There is no such sector."), field="sector")
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(
            Text("到期时间已过，请选以后的时间。", "The expiry has passed; choose a later time."), field="expires_at"
        )


def _check_exclusive(user: User, role: str) -> None:
    """Exclusive roles stand alone; the same role in a second place is no second role."""
    held = set(RoleGrant.objects.in_force().filter(user=user).values_list("role", flat=True)) - {role}
    known = roles()
    if held and (known[role].exclusive or any(known[r].exclusive for r in held if r in known)):
        names = listing([known[r].name for r in sorted(held) if r in known])
        raise RolesExclude(field="role", role=known[role].name, held=names)


def _set_password(user: User, password: str, *, must_change: bool) -> None:
    PastPassword.objects.create(user=user, encoded=user.password)
    kept = PastPassword.objects.filter(user=user).order_by("-changed_at", "-id").values_list("pk", flat=True)
    PastPassword.objects.filter(user=user).exclude(pk__in=list(kept[:5])).delete()
    user.password = make_password(password)
    user.password_changed_at, user.must_change_password = timezone.now(), must_change
    user.save(update_fields=["password", "password_changed_at", "must_change_password"])


def _phone(number: str) -> str:
    number = number.strip()
    if number and not _PHONE.fullmatch(number):
        raise Invalid(Text("电话号码不对。", "The telephone number is not valid."), field="phone")
    return number


def _told(grant: RoleGrant) -> dict[str, Any]:
    """A grant as the audit log keeps it."""
    told = {
        "role": grant.role,
        "region": grant.region_code,
        "sector": grant.sector,
        "unit": str(grant.unit or ""),
        "reason": grant.reason,
        "expires_at": grant.expires_at.isoformat() if grant.expires_at else "",
    }
    return {key: value for key, value in told.items() if value}
