"""What every record of accountability has: a reference, a state, a place, a page, and a time line."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from wanghuo.base import Machine, Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import Scoped, ScopedQuerySet
from wanghuo.kernel.loops import Subject
from wanghuo.kernel.regions import codes


class Record(Scoped):
    """A record with a life of its own. `by_region`: the region whose office made it; `region_code`: the one it is about.

    `MACHINE`: its state table; `KIND`: its word in duties, clocks and files; `PATH`: where its pages are.
    """

    VIEW_RIGHT = "accountability.view"
    MACHINE: ClassVar[Machine]
    KIND: ClassVar[str]
    PATH: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=12)
    title = models.CharField(max_length=200)
    by_region = models.CharField(max_length=15)
    made_by = models.BigIntegerField(null=True, blank=True)
    made_by_name = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField()
    paper_ref = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.ref

    @property
    def url(self) -> str:
        """The page of this record."""
        return f"{self.PATH}/{self.ref}"

    @property
    def state_name(self) -> Text:
        """The word for the state."""
        return self.MACHINE.name(self.state)

    @property
    def subject(self) -> Subject:
        """The record as duties, clocks, papers and files know it."""
        return Subject.of(self, self.KIND, self.MACHINE.what)


class PublishedQuerySet(ScopedQuerySet):
    """Records that, once published, are also read by whoever lies below the region they are about."""

    def visible_to(self, actor: Actor) -> Self:
        """What the actor may see by place, and what upper regions have published."""
        if actor.is_system:
            return self
        grants = actor.with_right(self.model.VIEW_RIGHT)
        above = {code for grant in grants for code in (*codes.ancestors(grant.region), grant.region)}
        open_states = self.model.OPEN_STATES
        seen = super().visible_to(actor)
        return self.filter(Q(pk__in=seen.values("pk")) | Q(state__in=open_states, region_code__in=above))


class Step(models.Model):
    """A line on the time line of a record."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=64)
    by_kind = models.CharField(max_length=8, default="person")
    move = models.CharField(max_length=32)
    note = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        indexes = (models.Index(fields=["subject_kind", "subject_id", "id"], name="acct_step_of"),)
