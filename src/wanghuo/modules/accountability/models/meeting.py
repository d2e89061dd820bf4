"""Meetings with their decisions, and duty lists."""

from __future__ import annotations

from django.db import models

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped
from wanghuo.modules.accountability.models.base import Record
from wanghuo.modules.accountability.states import DUTY_LIST, MEETING


class Meeting(Record):
    """A meeting of a region: agenda, who came, what was decided, minutes."""

    MACHINE, KIND, PATH = MEETING, "meeting", "/meetings"

    kind = models.CharField(max_length=12)
    starts_at = models.DateTimeField()
    place_text = models.CharField(max_length=200)
    chair = models.CharField(max_length=80)
    agenda = models.CharField(max_length=2000)
    held_at = models.DateTimeField(null=True, blank=True)
    discussion = models.CharField(max_length=4000, blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["county_code", "-id"], name="meeting_county"),
            models.Index(fields=["region_code", "kind", "held_at"], name="meeting_held"),
        )


class Attendance(models.Model):
    """A body invited to a meeting, and who came for it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendances")
    body = models.ForeignKey("accounts.Body", on_delete=models.PROTECT, related_name="+")
    person = models.CharField(max_length=80, blank=True, default="")
    status = models.CharField(max_length=8, default="invited")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["meeting", "body"], name="one_attendance"),)


class Decision(models.Model):
    """What a meeting decided: text, owner, day; a decision with an owner becomes a task (`task_ref`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="decisions")
    no = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)
    body = models.ForeignKey("accounts.Body", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(null=True, blank=True)
    task_ref = models.CharField(max_length=32, blank=True, default="")
    task_url = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["meeting", "no"], name="one_decision"),)


class MeetingDuty(Scoped):
    """That a region must meet so often: its clock runs from one meeting to the next."""

    VIEW_RIGHT = "accountability.view"
    KIND = "meeting_duty"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=12)
    months = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=300)
    by_region = models.CharField(max_length=15)
    next_due_on = models.DateField()
    last_held_at = models.DateTimeField(null=True, blank=True)
    last_ref = models.CharField(max_length=32, blank=True, default="")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["region_code", "kind"], condition=models.Q(active=True), name="one_meeting_duty"
            ),
        )


class DutyList(Record):
    """The duties, or the tasks, of one body or one leader for a year; signed by whoever it binds."""

    MACHINE, KIND, PATH = DUTY_LIST, "duty_list", "/duty-lists"

    kind = models.CharField(max_length=8)
    year = models.PositiveSmallIntegerField()
    body = models.ForeignKey("accounts.Body", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    leader = models.CharField(max_length=80, blank=True, default="")
    post = models.CharField(max_length=120, blank=True, default="")
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.BigIntegerField(null=True, blank=True)
    signed_name = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["county_code", "year", "-id"], name="dutylist_county"),
            models.Index(fields=["town_code", "-id"], name="dutylist_town"),
        )


class DutyEntry(models.Model):
    """One duty: what, by which law or paper, how often, proved by what, and when it was last done."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    list = models.ForeignKey(DutyList, on_delete=models.CASCADE, related_name="entries")
    no = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)
    source = models.CharField(max_length=300)
    period = models.CharField(max_length=8)
    evidence = models.CharField(max_length=300, blank=True, default="")
    due_on = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.BigIntegerField(null=True, blank=True)
    done_times = models.PositiveSmallIntegerField(default=0)
    done_note = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["list", "no"], name="one_duty_entry"),)
