"""Tables of papers: the paper, its copies, its time line, the counters of numbers, and the seals."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Self

from django.db import models
from django.db.models import Q

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import rights_of
from wanghuo.kernel.access.scope import Scoped, ScopedQuerySet, grant_q, grants_q
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.papers.states import COPY, PAPER, CopyState, PaperState

TO_READ = ("papers.view", "papers.receive")


class PaperQuerySet(ScopedQuerySet):
    """Papers."""

    def visible_to(self, actor: Actor) -> Self:
        """The papers of the actor's region, and those served on an addressee the actor reads for (its body, or its unit)."""
        if actor.is_system:
            return self.all()
        mine = [grant_q(g) for g in actor.grants if any(right in rights_of(g.role) for right in TO_READ)]
        if not mine:
            return self.none()
        copies = Copy.objects.filter(reduce(or_, mine)).exclude(state=CopyState.WAITING)
        return self.filter(grants_q(actor, "papers.view") | Q(pk__in=copies.values("paper")))


class OfficialPaper(Scoped):
    """A paper: what it says, who issues it, and how far it has come. It lies in the region of its issuer.

    `fields`: the blanks of its kind, as `kinds.clean` keeps them. `serial`, `sequence`: number and running number, given at
    sealing. `dated_on`: the day it was approved (成文日期). `code`: what anyone can verify it by. `file`: the sealed PDF;
    `sha256` its digest. `about_*`: the record of some module that it is about.
    """

    VIEW_RIGHT = "papers.view"

    id = models.UUIDField(primary_key=True, default=new_id)
    ref = models.CharField(max_length=48, unique=True)
    kind = models.CharField(max_length=48)
    title = models.CharField(max_length=160)
    fields = models.JSONField(default=dict)
    cc = models.CharField(max_length=400, blank=True, default="")
    to_text = models.CharField(max_length=400, blank=True, default="")
    issuer = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, default=PaperState.DRAFT)
    asks_reply = models.BooleanField(default=False)
    reply_by = models.DateTimeField(null=True, blank=True)
    reply_rule = models.CharField(max_length=64, blank=True, default="")
    about_kind = models.CharField(max_length=32, blank=True, default="")
    about_id = models.UUIDField(null=True, blank=True)
    about_ref = models.CharField(max_length=48, blank=True, default="")
    about_url = models.CharField(max_length=200, blank=True, default="")
    drafted_by = models.BigIntegerField(null=True)
    drafted_by_name = models.CharField(max_length=64, blank=True, default="")
    drafted_at = models.DateTimeField()
    approved_by = models.BigIntegerField(null=True)
    approved_by_name = models.CharField(max_length=64, blank=True, default="")
    dated_on = models.DateField(null=True, blank=True)
    sealed_by = models.BigIntegerField(null=True)
    sealed_at = models.DateTimeField(null=True, blank=True)
    served_by = models.BigIntegerField(null=True)
    served_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    serial = models.CharField(max_length=80, blank=True, default="")
    series = models.CharField(max_length=80, blank=True, default="")
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    sequence = models.PositiveIntegerField(null=True, blank=True)
    code = models.CharField(max_length=20, unique=True)
    file = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True, default="")

    objects = PaperQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["issuer", "series", "year", "sequence"], condition=~Q(sequence=None), name="paper_number_once"
            ),
        )
        indexes = (
            models.Index(fields=["county_code", "-id"], name="paper_county"),
            models.Index(fields=["city_code", "-id"], name="paper_city"),
            models.Index(fields=["town_code", "-id"], name="paper_town"),
            models.Index(fields=["about_kind", "about_id"], name="paper_about"),
            models.Index(fields=["sha256"], name="paper_sha256", condition=~Q(sha256="")),
        )

    def __str__(self) -> str:
        return self.serial or self.ref

    @property
    def url(self) -> str:
        """The page of the paper."""
        return f"/papers/{self.ref}"

    @property
    def state_name(self) -> Text:
        """The word for where it stands."""
        return PAPER.name(self.state)

    @property
    def is_void(self) -> bool:
        """Whether it was withdrawn."""
        return self.state == PaperState.VOID


class Copy(Scoped):
    """The copy of one addressee: a body, or a unit (`scope_unit`). It lies where the addressee does."""

    VIEW_RIGHT = "papers.view"

    id = models.UUIDField(primary_key=True, default=new_id)
    paper = models.ForeignKey(OfficialPaper, on_delete=models.CASCADE, related_name="copies")
    body = models.ForeignKey(Body, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, default=CopyState.WAITING)
    reply_by = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.BigIntegerField(null=True)
    received_by_name = models.CharField(max_length=64, blank=True, default="")
    replied_at = models.DateTimeField(null=True, blank=True)
    replied_by = models.BigIntegerField(null=True)
    replied_by_name = models.CharField(max_length=64, blank=True, default="")
    reply = models.TextField(blank=True, default="")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "copies"
        constraints = (models.UniqueConstraint(fields=["paper", "position"], name="copy_position_once"),)
        indexes = (
            models.Index(fields=["county_code", "paper"], name="copy_county"),
            models.Index(fields=["town_code", "paper"], name="copy_town"),
            models.Index(fields=["scope_unit"], condition=~Q(scope_unit=None), name="copy_unit"),
        )

    def __str__(self) -> str:
        return f"{self.paper_id} {self.name}"

    @property
    def state_name(self) -> Text:
        """The word for where it stands."""
        return COPY.name(self.state)


class PaperStep(models.Model):
    """A line on the time line of a paper. `copy`: the addressee's copy it was about."""

    paper = models.ForeignKey(OfficialPaper, on_delete=models.CASCADE, related_name="steps")
    copy = models.ForeignKey(Copy, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=64, blank=True, default="")
    move = models.CharField(max_length=24)
    note = models.TextField(blank=True, default="")

    class Meta:
        indexes = (models.Index(fields=["paper", "-id"], name="paper_step"),)


class PaperCounter(models.Model):
    """The last running number given by one issuer in one series and year."""

    issuer = models.CharField(max_length=32)
    series = models.CharField(max_length=80)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["issuer", "series", "year"], name="one_paper_counter"),)


class Seal(Scoped):
    """The picture of a body's seal. Of one body the newest that was not taken out of use is printed."""

    VIEW_RIGHT = "papers.seal"

    id = models.UUIDField(primary_key=True, default=new_id)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    added_by = models.BigIntegerField(null=True)
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["body"], condition=Q(retired_at=None), name="one_seal_in_use"),)
