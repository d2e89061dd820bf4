"""One closed loop for every hazard, whoever found it: the hazard, who found it, the papers, the checks, the public side."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped
from wanghuo.modules.hazards.states import HAZARD, OPEN, HazardState, ListingState
from wanghuo.modules.hazards.words import CHANNELS, GRADES, LEVELS, NOTICES, SERVICES, Grade


def choices(words: dict[Any, Text]) -> list[tuple[Any, str]]:
    """A list of the field as Django's choices."""
    return [(key, text.zh) for key, text in words.items()]


class Hazard(Scoped):
    """A danger of fire that somebody must put right. All instants are UTC."""

    VIEW_RIGHT = "hazards.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    unit = models.ForeignKey("places.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    building = models.ForeignKey("places.Building", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=200)  # type: ignore[assignment]
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    channel = models.CharField(max_length=16, choices=choices(CHANNELS))
    basis = models.PositiveSmallIntegerField(default=6)
    item = models.CharField(max_length=120, blank=True, default="")
    description = models.CharField(max_length=2000)
    grade = models.CharField(max_length=8, choices=choices(GRADES), default=Grade.GENERAL)
    state = models.CharField(max_length=16, default=HazardState.REPORTED)
    urgency = models.CharField(max_length=10, default="ordinary")
    found_at = models.DateTimeField()
    reported_by = models.BigIntegerField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.BigIntegerField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    ordered_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.BigIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.BigIntegerField(null=True, blank=True)
    extensions = models.PositiveSmallIntegerField(default=0)
    interim_measures = models.CharField(max_length=1000, blank=True, default="")
    source_kind = models.CharField(max_length=16, blank=True, default="")
    source_ref = models.CharField(max_length=64, blank=True, default="")
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    relapses = models.PositiveSmallIntegerField(default=0)
    listed = models.BooleanField(default=False)
    published = models.BooleanField(default=False)
    imported = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            # lists are read by region, newest first; the working lists by state and deadline
            models.Index(fields=["county_code", "-id"], name="hazard_county"),
            models.Index(fields=["town_code", "-id"], name="hazard_town"),
            models.Index(fields=["city_code", "-id"], name="hazard_city"),
            models.Index(fields=["province_code", "-id"], name="hazard_province"),
            models.Index(fields=["county_code", "state", "-id"], name="hazard_county_state"),
            models.Index(fields=["county_code", "due_at", "id"], name="hazard_county_due"),
            models.Index(fields=["county_code", "state", "due_at"], name="hazard_county_state_due"),
            models.Index(fields=["county_code", "grade", "-id"], name="hazard_county_grade"),
            models.Index(fields=["lng", "lat"], name="hazard_map"),
            models.Index(fields=["scope_unit", "-id"], name="hazard_unit"),
            models.Index(fields=["source_kind", "source_ref"], name="hazard_source"),
            # indicators count what was found, what was due and what was closed in a period
            models.Index(fields=["found_at", "closed_at", "state", "region_code"], name="hazard_found"),
            models.Index(fields=["closed_at", "town_code"], name="hazard_closed"),
            models.Index(fields=["due_at", "town_code"], name="hazard_due"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in HazardState]), name="hazard_state_known"),
            models.CheckConstraint(condition=Q(basis__gte=1, basis__lte=6), name="hazard_basis_known"),
            models.CheckConstraint(
                condition=~Q(state=HazardState.CLOSED) | Q(closed_at__isnull=False), name="hazard_closed_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return self.state in OPEN

    @property
    def state_name(self) -> Text:
        """The word for the state."""
        return HAZARD.name(self.state)

    @property
    def url(self) -> str:
        """The page of this hazard."""
        return f"/hazards/{self.ref}"


class Finding(models.Model):
    """One time the hazard was found: a hazard found twice is one record with two findings."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="findings")
    channel = models.CharField(max_length=16, choices=choices(CHANNELS))
    found_at = models.DateTimeField()
    finder = models.BigIntegerField(null=True, blank=True)
    description = models.CharField(max_length=2000)
    source_kind = models.CharField(max_length=16, blank=True, default="")
    source_ref = models.CharField(max_length=64, blank=True, default="")


class Notice(models.Model):
    """An order served on the unit. Numbers are gapless by kind, body and year; a void one keeps its number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=10, choices=choices(NOTICES))
    number = models.CharField(max_length=40, unique=True)
    issued_at = models.DateTimeField()
    issued_by = models.BigIntegerField(null=True, blank=True)
    second_officer = models.CharField(max_length=40)
    service = models.CharField(max_length=16, choices=choices(SERVICES))
    served_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    demands = models.CharField(max_length=2000)
    rule = models.CharField(max_length=60, blank=True, default="")


class Recheck(models.Model):
    """A re-inspection on site by at least two officers, with its conclusion."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="rechecks")
    done_at = models.DateTimeField()
    inspector = models.BigIntegerField(null=True, blank=True)
    second_officer = models.CharField(max_length=40)
    conclusion = models.CharField(max_length=8)
    note = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["done_at"], name="recheck_done")]


class Extension(models.Model):
    """A later deadline, with who granted it and why."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="+")
    old_due_at = models.DateTimeField()
    new_due_at = models.DateTimeField()
    reason = models.CharField(max_length=1000)
    granted_by = models.BigIntegerField(null=True, blank=True)
    granted_at = models.DateTimeField()


class Transfer(models.Model):
    """A hazard handed to another body (移送、抄告), with the day an answer is due and the answer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="transfers")
    to_body = models.CharField(max_length=120)
    reason = models.CharField(max_length=1000)
    sent_at = models.DateTimeField()
    sent_by = models.BigIntegerField(null=True, blank=True)
    reply = models.CharField(max_length=2000, blank=True, default="")
    replied_at = models.DateTimeField(null=True, blank=True)


class Listing(Scoped):
    """A hazard that a government put on its list (挂牌督办), until it is taken off (摘牌)."""

    VIEW_RIGHT = "hazards.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="listings")
    level = models.CharField(max_length=8, choices=choices(LEVELS))
    supervisor = models.CharField(max_length=120)
    demands = models.CharField(max_length=2000)
    listed_at = models.DateTimeField()
    listed_by = models.BigIntegerField(null=True, blank=True)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=ListingState.LISTED)
    delisted_at = models.DateTimeField(null=True, blank=True)
    delisted_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["county_code", "state", "-id"], name="listing_county")]
        constraints = [
            models.UniqueConstraint(
                fields=["hazard"], condition=Q(state=ListingState.LISTED), name="listing_one_at_a_time"
            ),
        ]


class Publication(models.Model):
    """What the public may read about a hazard: only what the law allows, no person's name, and until when.

    `withdrawn_at` takes it off; the record of the withdrawal stays.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="publications")
    region_code = models.CharField(max_length=15)
    county_code = models.CharField(max_length=6, default="")
    unit_name = models.CharField(max_length=200)
    place = models.CharField(max_length=200)
    summary = models.CharField(max_length=600)
    grade = models.CharField(max_length=8)
    progress = models.CharField(max_length=16)
    published_at = models.DateTimeField()
    published_by = models.BigIntegerField(null=True, blank=True)
    until = models.DateField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["county_code", "-published_at"], name="publication_county")]
        constraints = [
            models.UniqueConstraint(
                fields=["hazard"], condition=Q(withdrawn_at__isnull=True), name="publication_one_at_a_time"
            ),
        ]


class Step(models.Model):
    """One line of a hazard's time line: a person, a machine or a clock did something. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="steps")
    at = models.DateTimeField()
    by_kind = models.CharField(max_length=8)  # person, machine, clock
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=80, blank=True, default="")
    move = models.CharField(max_length=20)
    source = models.CharField(max_length=16, blank=True, default="")
    target = models.CharField(max_length=16, blank=True, default="")
    note = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["hazard", "-id"], name="step_hazard")]
