"""The table of early warnings. `models` takes it in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped


class EarlyWarning(Scoped):
    """A slow quantity of a circuit that stands badly, from when it was first judged so until it no longer is.

    `level`: a Level of engines.early_warning; `reasons` as [code, 中文, English, source]; `latest`: the newest value when it was judged
    last; `due_at`: by when somebody must have looked, None where nobody is asked. `looked_*`: who did, and what was found.
    """

    VIEW_RIGHT = "sensing.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    device = models.ForeignKey("sensing.Device", on_delete=models.CASCADE, related_name="early_warnings")
    key = models.CharField(max_length=32)
    quantity = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=12)
    level = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    latest = models.FloatField()
    begun_at = models.DateTimeField()
    judged_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    looked_by = models.BigIntegerField(null=True, blank=True)
    looked_name = models.CharField(max_length=80, blank=True, default="")
    finding = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["county_code", "-id"], name="early_county"),
            models.Index(fields=["city_code", "-id"], name="early_city"),
            models.Index(fields=["town_code", "-id"], name="early_town"),
            models.Index(fields=["scope_unit", "-id"], name="early_unit"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "key", "quantity"], condition=Q(ended_at=None), name="early_once_open"
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=3), name="early_level_known"),
        ]

    @property
    def url(self) -> str:
        """Its page."""
        return f"/devices/early/{self.ref}"
