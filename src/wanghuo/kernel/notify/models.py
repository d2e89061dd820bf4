"""Messages to people, what is to be sent outside, and the rows behind live pages."""

from __future__ import annotations

import secrets
from typing import Any, Self

from django.db import models
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import Scoped

LEVELS = (("A", "life"), ("B", "duty"), ("C", "news"))


class NotificationQuerySet(models.QuerySet[Any]):
    """Messages, each seen by the person it is for."""

    def visible_to(self, actor: Actor) -> Self:
        """The actor's own messages."""
        return self.filter(user_id=actor.id) if actor.id is not None else self.none()


class Notification(models.Model):
    """One message to one person. `merged`: how many more about the same object are in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.BigIntegerField()
    level = models.CharField(max_length=1, choices=LEVELS)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    body_zh = models.CharField(max_length=500, blank=True, default="")
    body_en = models.CharField(max_length=500, blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    about = models.CharField(max_length=80, blank=True, default="")
    merged = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["user_id", "-at"], name="notice_mine"),
            models.Index(fields=["user_id"], condition=models.Q(opened_at=None), name="notice_unread"),
            models.Index(fields=["user_id", "about", "level", "-at"], name="notice_about"),
            models.Index(fields=["at"], name="notice_age"),
        )

    def __str__(self) -> str:
        return f"{self.level} {self.title_zh}"

    @property
    def title(self) -> Text:
        """What it is about."""
        return Text(self.title_zh, self.title_en)

    @property
    def body(self) -> Text:
        """What is asked, until when."""
        return Text(self.body_zh, self.body_en)


class Endpoint(models.Model):
    """An outside system that is told by webhook. `levels`: the classes of message it hears, such as "AB"."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    url = models.URLField(max_length=300)
    secret = models.CharField(max_length=64, default=secrets.token_hex)
    levels = models.CharField(max_length=3, default="A")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Sending(models.Model):
    """One message on its way out of the platform. `key` lets the receiver see that it got the same thing twice."""

    STATES = (("waiting", "waiting"), ("sent", "sent"), ("failed", "failed"))

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    way = models.CharField(max_length=16)
    address = models.CharField(max_length=300)
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField(default=new_id, unique=True)
    payload = models.JSONField()
    state = models.CharField(max_length=8, choices=STATES, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (
            models.Index(fields=["next_at"], condition=models.Q(state="waiting"), name="sending_due"),
            models.Index(fields=["created_at"], name="sending_age"),
        )


class LiveEvent(Scoped):
    """Something an open page is told. `seq` follows the order of commits: who has one has had all before it.

    `seq` is None for the moment between the commit and the numbering (live.py). `view_right`: the right over the place
    that hearing it takes; `only_user`: it is for this person alone.
    """

    VIEW_RIGHT = ""

    id = models.BigAutoField(primary_key=True)
    seq = models.BigIntegerField(null=True, unique=True)
    channel = models.CharField(max_length=32)
    kind = models.CharField(max_length=32)
    view_right = models.CharField(max_length=64, blank=True, default="")
    only_user = models.BigIntegerField(null=True, blank=True)
    payload = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (
            models.Index(fields=["id"], condition=models.Q(seq=None), name="live_unnumbered"),
            models.Index(fields=["at"], name="live_age"),
        )


class LiveCounter(models.Model):
    """The one row that numbers live events."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last = models.BigIntegerField(default=0)
