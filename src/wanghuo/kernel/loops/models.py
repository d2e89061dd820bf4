"""Tables of loops: clocks with their pauses, the rungs climbed, duties, and the counters of references."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.access.roles import rights_of
from wanghuo.kernel.access.scope import Scoped, ScopedQuerySet, grant_q
from wanghuo.kernel.loops.contracts import Subject
from wanghuo.kernel.regions import codes


class About(Scoped):
    """A row about a record of some module."""

    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    subject_ref = models.CharField(max_length=48)
    subject_url = models.CharField(max_length=200)
    what_zh = models.CharField(max_length=60)
    what_en = models.CharField(max_length=60)

    class Meta:
        abstract = True

    @property
    def what(self) -> Text:
        """The word for the kind of record."""
        return Text(self.what_zh, self.what_en)

    @property
    def subject(self) -> Subject:
        """The record itself."""
        return Subject(
            kind=self.subject_kind,
            id=self.subject_id,
            ref=self.subject_ref,
            url=self.subject_url,
            what=self.what,
            region_code=self.region_code,
            sector=self.sector,
            unit=self.scope_unit,
        )


class Clock(About):
    """A period that runs, by one rule, for one record.

    `due_at`: whoever acts later is late. `rung`: how far up the ladder it has gone. `next_step_at`: when the next
    rung is due; None when the clock stands still, has ended, or the ladder is at its top. `outcome`: running, met,
    late or void.
    """

    VIEW_RIGHT = "loops.supervise"

    id = models.UUIDField(primary_key=True, default=new_id)
    rule = models.CharField(max_length=64)
    pack = models.CharField(max_length=48)
    pack_version = models.CharField(max_length=24, blank=True, default="")
    mark = models.CharField(max_length=1)
    move = models.CharField(max_length=40, blank=True, default="")
    start_at = models.DateTimeField()
    due_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    by_hand = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, default="running")
    rung = models.PositiveSmallIntegerField(default=0)
    next_step_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "rule"], condition=Q(ended_at=None), name="one_running_clock"
            ),
        )
        indexes = (
            models.Index(fields=["next_step_at"], condition=Q(next_step_at__isnull=False), name="clock_next_step"),
            models.Index(fields=["due_at", "region_code", "outcome"], name="clock_due"),
            models.Index(fields=["rule"], condition=Q(ended_at=None), name="clock_rule_running"),
            models.Index(fields=["subject_kind", "subject_id"], name="clock_subject"),
        )

    def __str__(self) -> str:
        return f"{self.subject_ref} {self.rule}"

    @property
    def is_running(self) -> bool:
        """Whether the clock has not ended (it may stand still)."""
        return self.ended_at is None


class Pause(models.Model):
    """A span in which a clock stood still: who paused it and why, and who let it go on."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="pauses")
    paused_at = models.DateTimeField()
    paused_by = models.BigIntegerField(null=True)
    paused_by_name = models.CharField(max_length=64)
    reason = models.CharField(max_length=400)
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_by = models.BigIntegerField(null=True)
    moved_from = models.DateTimeField()
    moved_to = models.DateTimeField(null=True, blank=True)


class LadderStep(Scoped):
    """One rung climbed by one clock: a supervision paper with its own reference, for whoever must answer it."""

    VIEW_RIGHT = "loops.supervise"

    id = models.UUIDField(primary_key=True, default=new_id)
    ref = models.CharField(max_length=48, unique=True)
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    rung = models.CharField(max_length=24)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    right = models.CharField(max_length=48)
    at_level = models.CharField(max_length=12, blank=True, default="")
    at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.BigIntegerField(null=True)
    answered_by_name = models.CharField(max_length=64, blank=True, default="")
    answer = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["clock", "number"], name="each_rung_once"),)
        indexes = (
            models.Index(fields=["county_code", "-id"], name="step_county"),
            models.Index(fields=["city_code", "-id"], name="step_city"),
            models.Index(fields=["province_code", "-id"], name="step_province"),
        )

    def __str__(self) -> str:
        return self.ref

    @property
    def name(self) -> Text:
        """提醒, 督办, 约谈 or 挂牌."""
        return Text(self.name_zh, self.name_en)


class DutyQuerySet(ScopedQuerySet):
    """Duties: each is seen by whoever holds its own right over it."""

    def visible_to(self, actor: Actor) -> Self:
        """The duties addressed to the actor: by right, place, level, and to nobody else by name."""
        if actor.is_system:
            return self
        seen = Q(pk__in=[])
        for grant in actor.grants:
            seen |= _addressed(grant)
        mine = Q(assignee=None) | Q(assignee=actor.id)
        return self.filter(seen & mine)

    def asked_by(self, actor: Actor) -> Self:
        """The duties that the actor asked of others."""
        return self.filter(asked_by=actor.id) if actor.id is not None else self.none()

    def still_open(self) -> Self:
        """The duties that nobody has done yet."""
        return self.filter(closed_at=None)


def _addressed(grant: Grant) -> Q:
    return grant_q(grant) & Q(right__in=sorted(rights_of(grant.role)), at_level__in=["", level_of(grant)])


def level_of(grant: Grant) -> str:
    """The level a grant stands at: unit, or the level of its region."""
    return "unit" if grant.unit is not None else codes.level(grant.region)


class Duty(About):
    """An expected act: a line of the inbox.

    `kind`: act (to be done), or read (to be taken note of). `clock`: the clock behind it, whose rung is the light of
    the line. `due_at`, `rung`: copied from the clock, because the inbox sorts and filters by them.
    """

    VIEW_RIGHT = "rulebook.view"  # not asked: visible_to goes by the right each duty names

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=4, default="act")
    move = models.CharField(max_length=40)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300)
    url = models.CharField(max_length=240)
    right = models.CharField(max_length=48)
    at_level = models.CharField(max_length=12, blank=True, default="")
    assignee = models.BigIntegerField(null=True, blank=True)
    asked_by = models.BigIntegerField(null=True, blank=True)
    asked_by_name = models.CharField(max_length=64, blank=True, default="")
    due_at = models.DateTimeField(null=True, blank=True)
    rule = models.CharField(max_length=64, blank=True, default="")
    clock = models.ForeignKey(Clock, null=True, blank=True, on_delete=models.PROTECT, related_name="duties")
    rung = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.BigIntegerField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snooze_reason = models.CharField(max_length=200, blank=True, default="")

    objects = DutyQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name_plural = "duties"
        indexes = (
            models.Index(fields=["county_code", "due_at"], condition=Q(closed_at=None), name="duty_open_county"),
            models.Index(fields=["town_code", "due_at"], condition=Q(closed_at=None), name="duty_open_town"),
            models.Index(fields=["city_code", "due_at"], condition=Q(closed_at=None), name="duty_open_city"),
            models.Index(fields=["scope_unit", "due_at"], condition=Q(closed_at=None), name="duty_open_unit"),
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="duty_open_due"),
            models.Index(fields=["asked_by", "due_at"], condition=Q(closed_at=None), name="duty_open_asked"),
            models.Index(fields=["subject_kind", "subject_id"], name="duty_subject"),
        )

    def __str__(self) -> str:
        return f"{self.subject_ref} {self.move}"

    @property
    def title(self) -> Text:
        """What is to be done, with what."""
        return Text(self.title_zh, self.title_en)

    def is_late(self, now: datetime) -> bool:
        """Whether the deadline has passed."""
        return self.due_at is not None and self.due_at < now


class Counter(models.Model):
    """The last number given for one prefix, region and year."""

    prefix = models.CharField(max_length=12)
    region = models.CharField(max_length=6)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["prefix", "region", "year"], name="one_counter"),)


def about(subject: Subject) -> dict[str, Any]:
    """The columns of `About` but for the place, for constructors."""
    return {
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "subject_ref": subject.ref,
        "subject_url": subject.url,
        "what_zh": subject.what.zh,
        "what_en": subject.what.en,
    }
