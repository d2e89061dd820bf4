"""What was told, and who has still to hear it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models

from wanghuo.base.ids import new_id

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""`Delivery.next_at` of what was not tried yet: due whatever the clock says, also when it is put back."""


class OutboxEvent(models.Model):
    """One fact, as it was told. Kept for a while after everybody heard it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=64)
    payload = models.JSONField()
    at = models.DateTimeField(db_index=True)


class Delivery(models.Model):
    """One listener that has still to hear one event. The row goes in the transaction of what the listener did.

    `stream`: what the event is about; one listener hears the events of one stream in order. `urgent`: it goes before
    all that are not. `dead`: it failed too often and waits for a person; the events after it went on.
    """

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    listener = models.CharField(max_length=160)
    stream = models.CharField(max_length=64, blank=True, default="")
    urgent = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    dead = models.BooleanField(default=False)
    error = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["-urgent", "id"], condition=models.Q(dead=False), name="delivery_due"),
            models.Index(fields=["stream", "id"], condition=models.Q(dead=False), name="delivery_stream"),
            models.Index(fields=["id"], condition=models.Q(dead=True), name="delivery_dead"),
        )
