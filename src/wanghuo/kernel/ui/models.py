"""The keys of forms that have been taken, so that a form sent twice is written once; and lists as people saved them."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor


class FormKey(models.Model):
    """One form that was written: its key, who sent it, and the page that answered it. Kept for a week."""

    key = models.UUIDField(primary_key=True)
    user_id = models.BigIntegerField(null=True)
    url = models.CharField(max_length=500)
    at = models.DateTimeField(auto_now_add=True, db_index=True)


class SavedViewQuerySet(models.QuerySet[Any]):
    """Saved views: one's own, and those shared with one's office."""

    def visible_to(self, actor: Actor) -> Self:
        """What the actor saved, and what others share in the actor's region."""
        if actor.id is None:
            return self.none()
        return self.filter(Q(user_id=actor.id) | (Q(region=actor.home) & ~Q(region="")))


class SavedView(models.Model):
    """A list with its filters and order under a name. `region`: the office it is shared with; "" keeps it private."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.BigIntegerField()
    user_name = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    query = models.CharField(max_length=1000, blank=True)
    name = models.CharField(max_length=40)
    region = models.CharField(max_length=15, blank=True, default="")
    at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["path", "user_id"], name="saved_view_mine"),)
        constraints = (models.UniqueConstraint(fields=["user_id", "path", "name"], name="one_saved_view"),)

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """Where it leads: the list with its filters, told which view it shows."""
        kept = f"{self.query}&" if self.query else ""
        return f"{self.path}?{kept}view={self.id}"
