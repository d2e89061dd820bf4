"""Yearly assessments (年度考核)."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.indicators import Period
from wanghuo.modules.accountability.models.base import PublishedQuerySet, Record
from wanghuo.modules.accountability.states import ASSESSMENT, SHEET, SheetState


def period_of(kind: str, year: int, part: int) -> Period:
    """The days of a year, or of its half or quarter number `part`."""
    if kind == "quarter" and part:
        return Period.parse(f"{year}-Q{part}", date(year, 12, 31))
    if kind == "half" and part:
        first, last = ("01-01", "06-30") if part == 1 else ("07-01", "12-31")
        return Period.parse(f"{year}-{first}..{year}-{last}", date(year, 12, 31))
    return Period.year(year)


class ScoreSheet(Record):
    """A scheme of assessment or a checklist of tours that people drew up here (params/assessments holds those of the
    package).

    `data`: what was published last, `version` its number; `draft`: what is being worked on, null while nothing is. What
    was scored by an earlier version keeps that version (decision 0152).
    """

    MACHINE, KIND, PATH = SHEET, "score_sheet", "/score-sheets"
    OPEN_STATES = (SheetState.PUBLISHED,)

    kind = models.CharField(max_length=10)
    data = models.JSONField(default=dict)
    draft = models.JSONField(null=True, blank=True)
    version = models.PositiveSmallIntegerField(default=0)
    changed_at = models.DateTimeField()

    objects: ClassVar[Any] = PublishedQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["kind", "state", "by_region"], name="score_sheet_in_force"),)


class SheetVersion(models.Model):
    """A version of a score sheet as it was published; never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sheet = models.ForeignKey(ScoreSheet, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    data = models.JSONField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["sheet", "number"], name="one_sheet_version"),)


class Assessment(Record):
    """One region or body assessed by a scheme, for a year, or for a half or quarter of it (`part`: 1 to 4; 0 for the whole).

    `scheme_sha256`: which text of the scheme it was scored by.
    """

    MACHINE, KIND, PATH = ASSESSMENT, "assessment", "/assessments"

    scheme = models.CharField(max_length=32)
    scheme_data = models.JSONField()
    scheme_sha256 = models.CharField(max_length=64)
    year = models.PositiveSmallIntegerField()
    part = models.PositiveSmallIntegerField(default=0)
    body = models.ForeignKey("accounts.Body", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.BigIntegerField(null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    appeal = models.CharField(max_length=2000, blank=True, default="")
    appealed_at = models.DateTimeField(null=True, blank=True)
    appeal_answer = models.CharField(max_length=2000, blank=True, default="")
    score = models.FloatField(null=True, blank=True)
    grade = models.CharField(max_length=16, blank=True, default="")
    finalised_at = models.DateTimeField(null=True, blank=True)
    finalised_by_name = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["by_region", "scheme", "year"], name="assessment_run"),
            models.Index(fields=["county_code", "-id"], name="assessment_county"),
            models.Index(fields=["town_code", "-id"], name="assessment_town"),
        )

    @property
    def period(self) -> Period:
        """The days that are assessed."""
        return period_of(self.scheme_data.get("period", "year"), self.year, self.part)

    @property
    def grade_name(self) -> Text:
        """The word for the grade, as the scheme it was scored by has it."""
        named = {g["code"]: Text(*g["name"]) for g in self.scheme_data.get("grades", ())}
        return named.get(self.grade, Text(self.grade, self.grade))


class AssessmentItem(models.Model):
    """One item: what the records say, what the assessed say, what the reviewer found; the last one known is scored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="items")
    place = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=32)
    measured = models.FloatField(null=True, blank=True)
    records_url = models.CharField(max_length=500, blank=True, default="")
    self_value = models.FloatField(null=True, blank=True)
    self_note = models.CharField(max_length=1000, blank=True, default="")
    found = models.FloatField(null=True, blank=True)
    found_note = models.CharField(max_length=1000, blank=True, default="")
    reviewed_by = models.BigIntegerField(null=True, blank=True)
    reviewed_by_name = models.CharField(max_length=64, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    points = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["assessment", "code"], name="one_assessment_item"),)

    @property
    def value(self) -> float | None:
        """What is scored: what the reviewer found, else what the records say, else what was reported."""
        return next((v for v in (self.found, self.measured, self.self_value) if v is not None), None)

    @property
    def value_from(self) -> str:
        """Where that comes from: found, measured, self or nothing."""
        named = (("found", self.found), ("measured", self.measured), ("self", self.self_value))
        return next((name for name, value in named if value is not None), "")


class Reviewer(models.Model):
    """A person named to review an assessment; nobody of the assessed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="reviewers")
    user_id = models.BigIntegerField()
    name = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["assessment", "user_id"], name="one_reviewer"),)
