"""Tables of the ways in: what is subscribed where, the credentials of devices, and roll-calls. `models` takes them in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped


class Way(Scoped):
    """One way in beside the gateway of GB/T 26875.3: an operator's push, a broker, a wired gateway that is asked.

    `path`: the secret part of its address (sealed); `secrets`: tokens, keys and passwords by name, sealed; the former one of
    each under its name and "_old", good until `old_until`. `settings`: what is no secret (products → profile, host, port,
    topics, unit). `networks`: address blocks it may be called from, an empty list for any. The counts come from the
    journal's notes. `last_ref`: the record of its last message.
    """

    VIEW_RIGHT = "sensing.ways"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(max_length=24, unique=True)
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=80)
    path = models.CharField(max_length=255, blank=True, default="")
    secrets = models.JSONField(default=dict)
    settings = models.JSONField(default=dict)
    networks = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    rotated_at = models.DateTimeField(null=True)
    old_until = models.DateTimeField(null=True)
    messages = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    last_ref = models.CharField(max_length=24, blank=True, default="")
    last_error = models.CharField(max_length=300, blank=True, default="")
    last_error_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.code


class DeviceCredential(models.Model):
    """A token with which a device proves itself over HTTP, and at a broker. Of the secret only keyed hashes are kept.

    Two may be good at a time, so that a device can be given a new one before the old one ends. `key`: the part of the token
    that finds it; `digest`: for us; `broker_hash`: as Mosquitto's password file wants it; `nats_hash`: as NATS does.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey("sensing.Device", on_delete=models.CASCADE, related_name="credentials")
    key = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    broker_hash = models.CharField(max_length=160, blank=True, default="")
    nats_hash = models.CharField(max_length=60, blank=True, default="")
    made_at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    def __str__(self) -> str:
        return self.key


class RollCall(Scoped):
    """Duty checks asked of many devices at once (点名查岗); the commands name it."""

    VIEW_RIGHT = "sensing.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    minutes = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=200)
    asked_by = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    asked = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-asked_at"], name="roll_call_latest")]

    def __str__(self) -> str:
        return self.ref


USABLE = Q(revoked_at=None)
"""Credentials nobody revoked; their `until` is for whoever asks to look at."""
