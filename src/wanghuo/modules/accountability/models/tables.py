"""Ranking tables (表格), the measures they propose, letters, and situation reports."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped
from wanghuo.modules.accountability.models.base import PublishedQuerySet, Record
from wanghuo.modules.accountability.states import PROPOSAL, REPORT, TABLE


class RankingTable(Record):
    """The regions below one region, ranked for a month. Frozen with its digest when it is approved, published on its day.

    `columns`: code, names, unit, weight, better and digits of each measure, as data. Once published, those ranked read it too.
    """

    MACHINE, KIND, PATH = TABLE, "table", "/tables"
    OPEN_STATES = ("published",)

    month = models.CharField(max_length=7)
    columns = models.JSONField(default=list)
    notes = models.CharField(max_length=2000, blank=True, default="")
    publish_on = models.DateField()
    computed_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.BigIntegerField(null=True, blank=True)
    approved_by_name = models.CharField(max_length=64, blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")

    objects: ClassVar[Any] = PublishedQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["region_code", "month", "-id"], name="table_region_month"),
            models.Index(fields=["state", "publish_on"], name="table_due"),
        )


class TableRow(models.Model):
    """One region of a table. `cells`: code to value, due, completion and the address of the records behind."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    table = models.ForeignKey(RankingTable, on_delete=models.CASCADE, related_name="rows")
    place = models.PositiveSmallIntegerField()
    region = models.CharField(max_length=15)
    cells = models.JSONField(default=dict)
    score = models.FloatField(null=True, blank=True)
    rank = models.PositiveSmallIntegerField(null=True, blank=True)
    rank_before = models.PositiveSmallIntegerField(null=True, blank=True)
    overdue = models.PositiveSmallIntegerField(default=0)
    light = models.CharField(max_length=8, blank=True, default="")
    reasons = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["table", "region"], name="one_table_row"),)

    @property
    def moved(self) -> int | None:
        """How many places it rose (or fell, below zero) since the month before; None when either rank is unknown."""
        return self.rank_before - self.rank if self.rank and self.rank_before else None


class Proposal(Record):
    """A rung of the ladder that a light asks for: proposed by the table, decided by a named person.

    It lies in the upper region (`by_region`); `about` is the region it concerns.
    """

    MACHINE, KIND, PATH = PROPOSAL, "proposal", "/tables/measures"

    row = models.ForeignKey(TableRow, null=True, blank=True, on_delete=models.PROTECT, related_name="proposals")
    about = models.CharField(max_length=15)
    month = models.CharField(max_length=7)
    light = models.CharField(max_length=8)
    measure = models.CharField(max_length=12)
    reasons = models.JSONField(default=list)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.BigIntegerField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=64, blank=True, default="")
    decision = models.CharField(max_length=1000, blank=True, default="")
    paper_id = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["county_code", "state", "-id"], name="proposal_county"),)


class Letter(Scoped):
    """What a letter (通报, 抄告, 督办, 约谈) is about: the record it was written from, and the facts it states with their sources.

    The letter itself, its number, receipt and reply are a paper of the kernel (`paper_id`).
    """

    VIEW_RIGHT = "accountability.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    paper_id = models.UUIDField(unique=True)
    about_kind = models.CharField(max_length=20)
    about_ref = models.CharField(max_length=64)
    about_url = models.CharField(max_length=200)
    facts = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["about_kind", "about_ref"], name="letter_about"),)


class Report(Record):
    """A situation report for a week, half a month or a month. `sections`: heads and paragraphs whose numbers are marks like [[n1]];
    `numbers`: each mark's value and the page it comes from. The clerk edits the words; the numbers stay what they are."""

    MACHINE, KIND, PATH = REPORT, "report", "/reports"

    kind = models.CharField(max_length=8)
    period = models.CharField(max_length=24)
    sections = models.JSONField(default=list)
    numbers = models.JSONField(default=dict)
    drawn_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["county_code", "-id"], name="report_county"),)
