"""People, the roles they hold and where, their second factor, their sessions, and the counters against guessing."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import Scoped, ScopedQuerySet
from wanghuo.kernel.accounts.sealed import seal, unseal
from wanghuo.kernel.regions import codes


class UserManager(BaseUserManager.from_queryset(ScopedQuerySet)):  # type: ignore[misc]
    """People, found by the right to manage them."""


class User(AbstractBaseUser, Scoped):
    """A person who can sign in. `region_code` is where the person belongs, and so who manages the account.

    What a person may do stands in `RoleGrant` alone; there is no superuser.
    """

    VIEW_RIGHT = "accounts.manage"
    USERNAME_FIELD = "username"

    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=64)
    sealed_phone = models.TextField(blank=True, default="")
    language = models.CharField(max_length=2, default="zh")
    is_active = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)
    has_second_factor = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False)
    password_changed_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.BigIntegerField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()  # type: ignore[misc]

    class Meta:
        indexes = (
            models.Index(fields=["county_code", "username"], name="user_county"),
            models.Index(fields=["city_code", "username"], name="user_city"),
            models.Index(fields=["province_code", "username"], name="user_province"),
        )

    def __str__(self) -> str:
        return self.username

    @property
    def phone(self) -> str:
        """The whole number; pages show `masked_phone`."""
        return unseal(self.sealed_phone)

    @phone.setter
    def phone(self, number: str) -> None:
        self.sealed_phone = seal(number)

    @property
    def masked_phone(self) -> str:
        """The number as colleagues see it: 138****5678."""
        number = self.phone
        return f"{number[:3]}****{number[-4:]}" if len(number) >= 11 else "*" * len(number)

    def get_full_name(self) -> str:
        """The name colleagues see."""
        return self.display_name


class GrantQuerySet(models.QuerySet[Any]):
    """Roles given to people."""

    def in_force(self, at: Any = None) -> Self:
        """Neither ended nor run out at an instant (default: now)."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at or timezone.now()), ended_at=None)


class RoleGrant(models.Model):
    """One role held by one person in a region subtree, narrowed to a sector or one unit where those are given."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=32)
    region_code = models.CharField(max_length=15)
    sector = models.CharField(max_length=24, blank=True, default="")
    unit = models.UUIDField(null=True, blank=True)
    given_by = models.BigIntegerField(null=True, blank=True)
    given_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=200, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.BigIntegerField(null=True, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["region_code", "role"], name="grant_place"),)


class PastPassword(models.Model):
    """The hash of a password used before, so that it is not taken again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    encoded = models.CharField(max_length=255)
    changed_at = models.DateTimeField(default=timezone.now)


class SecondFactor(models.Model):
    """A time-based code generator (RFC 6238). `seed` is encrypted; `last_step` is the newest 30 s step with a code taken."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+", primary_key=True)
    seed = models.TextField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0)


class RecoveryCode(models.Model):
    """One of ten codes that stand in for the second factor once; only its keyed hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once"),)


class KnownDevice(models.Model):
    """A browser a person has signed in from: its own failure counter keeps strangers from locking the person out of it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["digest", "user"], name="known_device_once"),)


class SignInCounter(models.Model):
    """Failed sign-ins under one key (a keyed hash: no name or address can be read from it)."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    paused_until = models.DateTimeField(null=True, blank=True)
    pauses = models.PositiveSmallIntegerField(default=0)


class UserSession(models.Model):
    """A session of a person in one browser; the person sees these and can end them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=40, unique=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45, blank=True, default="")
    browser = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ("-seen_at",)
        indexes = (models.Index(fields=["user", "started_at"], name="session_user"),)


class BodyQuerySet(ScopedQuerySet):
    """Organisations."""

    def visible_to(self, actor: Actor) -> Self:
        """The bodies within the regions where the actor holds a role, and those above them, to whom one reports.

        Which bodies there are is no secret, so neither a sector nor a unit narrows it.
        """
        if actor.is_system:
            return self
        condition = Q(pk__in=[])
        for region in {grant.region for grant in actor.grants}:
            if region == codes.COUNTRY:
                return self
            condition |= Q(region_code__startswith=region) | Q(region_code__in=codes.ancestors(region))
        return self.filter(condition)


class Body(Scoped):
    """An organisation that papers name and tasks are given to (机构): 普宁市教育局, 赤岗镇人民政府.

    `short`: the name shown where space is scarce. `aliases`: other names it goes by. `sector`: the industry sector its duties
    are addressed to; "" for those of the whole region. A duty for a body is addressed by its region and sector.
    """

    VIEW_RIGHT = "papers.view"
    KINDS = ("government", "committee_office", "fire_rescue", "department", "township", "village", "other")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80)
    short = models.CharField(max_length=40)
    aliases = models.JSONField(default=list, blank=True)
    kind = models.CharField(max_length=20)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    active = models.BooleanField(default=True)

    objects = BodyQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = (models.UniqueConstraint(fields=["region_code", "name"], name="body_name_once"),)
        indexes = (
            models.Index(fields=["county_code", "name"], name="body_county"),
            models.Index(fields=["name"], name="body_name"),
        )

    def __str__(self) -> str:
        return self.name
