"""Tables of the log. Entries, seals and checkpoints are only added; triggers of the database refuse the rest."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from wanghuo.kernel.access.scope import Scoped


class AuditEntry(Scoped):
    """One act. `body` is the entry itself, canonical JSON; the other columns repeat parts of it, to find it by."""

    VIEW_RIGHT = "audit.view"

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=24)
    action = models.CharField(max_length=100)
    object = models.CharField(max_length=200)
    result = models.CharField(max_length=8)
    code = models.CharField(max_length=100, blank=True)
    body = models.TextField()

    class Meta:
        db_table = "audit_entry"
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["actor", "at", "id"], name="audit_actor"),
            models.Index(fields=["action", "at", "id"], name="audit_action"),
            models.Index(fields=["object", "at", "id"], name="audit_object"),
            models.Index(fields=["city_code", "at", "id"], name="audit_city"),
            models.Index(fields=["county_code", "at", "id"], name="audit_county"),
            models.Index(fields=["town_code", "at", "id"], name="audit_town"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.object}"

    @property
    def entry(self) -> dict[str, Any]:
        """The entry as data."""
        return json.loads(self.body)


class AuditPrivate(models.Model):
    """Personal data of an entry: changed values, network address. May be deleted; the entry only holds its digest."""

    entry_id = models.UUIDField(primary_key=True)
    salt = models.CharField(max_length=32)
    body = models.TextField()

    class Meta:
        db_table = "audit_private"


class AuditPending(models.Model):
    """Entries not yet sealed. A trigger on `audit_entry` fills it; the sealer empties it."""

    entry_id = models.UUIDField(primary_key=True)

    class Meta:
        db_table = "audit_pending"


class AuditSeal(models.Model):
    """The place of an entry in the log: `leaf` is its hash, `chain` ties it to the seal before. Both hexadecimal."""

    seq = models.BigIntegerField(primary_key=True)
    entry_id = models.UUIDField(unique=True)
    leaf = models.CharField(max_length=64)
    chain = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_seal"


class AuditCheckpoint(models.Model):
    """A signed note over the first `size` entries. `nodes`: its whole subtrees, from which the tree goes on."""

    size = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    note = models.TextField()
    nodes = models.TextField()

    class Meta:
        db_table = "audit_checkpoint"
