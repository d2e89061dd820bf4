"""Alarms, what was noted and said about them, what is shelved or under maintenance, and the shifts of those who watch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.engines.alarm_logic import Kind
from wanghuo.kernel.access.scope import Scoped
from wanghuo.modules.alarms.states import ALARM, KEPT_ROUTES, OPEN, AlarmState


class Alarm(Scoped):
    """One matter for an operator: a condition at one component (or unit), however often it was reported.

    `raised_at`: when it happened by what the device said; `received_at`: when the frame came; `last_at` and `count`: the newest report
    and how many were folded in. `reasons`: why the priority, as [code, 中文, English, source]. `signals`: still standing at the device.
    """

    VIEW_RIGHT = "alarms.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=20)
    condition = models.CharField(max_length=20)
    priority = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=12, default=AlarmState.NEW)
    device = models.ForeignKey("sensing.Device", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    component_key = models.CharField(max_length=32, blank=True, default="")
    component_type = models.PositiveSmallIntegerField(null=True, blank=True)
    unit = models.ForeignKey("places.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    building = models.ForeignKey("places.Building", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=300)  # type: ignore[assignment]
    floor = models.CharField(max_length=20, blank=True, default="")
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    raised_at = models.DateTimeField()
    received_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    standing = models.BooleanField(default=True)
    presumed = models.BooleanField(default=False)
    stale = models.BooleanField(default=False)
    trust = models.CharField(max_length=10, blank=True, default="")
    frame_ref = models.CharField(max_length=24, blank=True, default="")
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.BigIntegerField(null=True, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.BigIntegerField(null=True, blank=True)
    cause = models.CharField(max_length=12, blank=True, default="")
    forwarded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    escalations = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    hazard_ref = models.CharField(max_length=32, blank=True, default="")
    source_ref = models.CharField(max_length=64, blank=True, default="")
    route = models.CharField(max_length=5, default="show")
    route_why = models.CharField(max_length=12, blank=True, default="")
    route_reasons = models.JSONField(default=list)
    route_until = models.DateTimeField(null=True, blank=True)
    first_out = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="below")
    shown_at = models.DateTimeField(null=True, blank=True)
    comes_and_goes = models.BooleanField(default=False)
    asked_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=6, blank=True, default="")
    imported = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # the console: what stands, by priority; the list: newest first, by region
            models.Index(fields=["priority", "id"], name="alarm_open", condition=Q(state__in=[str(s) for s in OPEN])),
            models.Index(fields=["county_code", "-id"], name="alarm_county"),
            models.Index(fields=["town_code", "-id"], name="alarm_town"),
            models.Index(fields=["city_code", "-id"], name="alarm_city"),
            # by state and kind: the page merges one scan for each combination that the filters leave open (ADR 0230). The regions
            # above stand at the end, since a person's scope asks for them and 10,000 rows are counted in the index alone
            models.Index(fields=["state", "kind", "-id", "province_code"], name="alarm_judgement"),
            models.Index(fields=["city_code", "state", "kind", "-id", "province_code"], name="alarm_city_judgement"),
            models.Index(
                fields=["county_code", "state", "kind", "-id", "city_code", "province_code"],
                name="alarm_county_judgement",
            ),
            models.Index(
                fields=["town_code", "state", "kind", "-id", "county_code", "city_code", "province_code"],
                name="alarm_town_judgement",
            ),
            models.Index(fields=["scope_unit", "-id"], name="alarm_unit"),
            models.Index(fields=["device", "component_key", "condition", "-id"], name="alarm_source"),
            models.Index(fields=["source_ref"], condition=~Q(source_ref=""), name="alarm_source_ref"),
            models.Index(fields=["received_at", "town_code"], name="alarm_received"),
            models.Index(fields=["judged_at", "town_code"], name="alarm_judged"),
            models.Index(fields=["shown_at", "town_code"], name="alarm_shown"),
            models.Index(
                fields=["route_until"], condition=Q(route_until__isnull=False, ended_at__isnull=True), name="alarm_due"
            ),
            models.Index(fields=["unit", "kind", "-id"], condition=Q(ended_at__isnull=True), name="alarm_unit_open"),
            models.Index(fields=["first_out"], condition=Q(first_out__isnull=False), name="alarm_below"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in AlarmState]), name="alarm_state_known"),
            models.CheckConstraint(condition=Q(priority__gte=1, priority__lte=4), name="alarm_priority_known"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def is_fire(self) -> bool:
        """Whether it is about fire: such an alarm is never folded away, shelved or ended by itself."""
        return self.kind == Kind.FIRE

    @property
    def state_name(self) -> Text:
        """The word for the state."""
        return ALARM.name(self.state)

    @property
    def is_kept(self) -> bool:
        """Whether it is kept back from the operator."""
        return self.route in KEPT_ROUTES

    @property
    def url(self) -> str:
        """The page of this alarm."""
        return f"/alarms/{self.ref}"

    @property
    def handling_time(self) -> timedelta | None:
        """From the frame to the judgement."""
        return self.judged_at - self.received_at if self.judged_at else None


class AlarmPoint(models.Model):
    """What one condition at one component did lately: by it chatter and repeat offenders are known.

    `raises`: the last times it appeared, `false_at`: when it was judged false, both as seconds since 1970, oldest first; where it
    burnt, `false_at` begins anew.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey("sensing.Device", on_delete=models.PROTECT, related_name="+")
    component_key = models.CharField(max_length=32, blank=True, default="")
    condition = models.CharField(max_length=20)
    raises = models.JSONField(default=list)
    false_at = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "component_key", "condition"], name="alarm_point_once"),
        ]

    @property
    def key(self) -> tuple[Any, str, str]:
        """What tells it apart."""
        return self.device_id, self.component_key, self.condition


class Shelf(Scoped):
    """A point that is shelved (搁置): until when, why and by whom. Fire is never shelved. `component_key` "" means the whole device."""

    VIEW_RIGHT = "alarms.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey("sensing.Device", on_delete=models.PROTECT, related_name="+")
    component_key = models.CharField(max_length=32, blank=True, default="")
    condition = models.CharField(max_length=20)
    where = models.CharField(max_length=300)
    alarm_ref = models.CharField(max_length=32, blank=True, default="")
    reason = models.CharField(max_length=300)
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device", "component_key", "condition"], condition=Q(ended_at__isnull=True), name="shelf_once"
            ),
        ]


class MaintenanceWindow(Scoped):
    """Announced maintenance or a test: of a device, a building or a whole unit, from and until when, who is responsible on the spot."""

    VIEW_RIGHT = "alarms.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    unit = models.ForeignKey("places.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    building = models.ForeignKey("places.Building", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey("sensing.Device", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    where = models.CharField(max_length=300)
    reason = models.CharField(max_length=300)
    contact = models.CharField(max_length=120)
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=80)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(ended_at__isnull=True), name="window_running"),
        ]


class Testimony(models.Model):
    """What a person was asked about an alarm, and what he or she said: the unit, the grid worker, a caller, a citizen.

    `due_at`: until when an answer was waited for, None where nobody was asked; `passed_on_at`: when the next level was asked instead.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="testimonies")
    channel = models.CharField(max_length=8)
    asked_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    passed_on_at = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=6, blank=True, default="")
    said_at = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=12, blank=True, default="")
    text = models.CharField(max_length=500, blank=True, default="")
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(said_at__isnull=True, passed_on_at__isnull=True, due_at__isnull=False),
                name="testimony_due",
            ),
            models.Index(fields=["alarm", "id"], name="testimony_alarm"),
        ]


class AlarmNote(models.Model):
    """One line about an alarm: a move, a call, a note, a report folded in. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="notes")
    at = models.DateTimeField()
    by_kind = models.CharField(max_length=8)  # person, machine, clock
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=80, blank=True, default="")
    act = models.CharField(max_length=16)
    text = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["alarm", "-id"], name="alarm_note_alarm")]


class Shift(models.Model):
    """A person at a seat of an alarm centre, from taking over to handing over; every act at a seat has a name."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region_code = models.CharField(max_length=15)
    seat = models.CharField(max_length=20)
    user_id = models.BigIntegerField()
    user_name = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=2000, blank=True, default="")
    taken_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    read_refs = models.JSONField(default=list)
    sound_tested = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region_code", "seat"], condition=Q(ended_at__isnull=True), name="shift_one_at_a_seat"
            ),
        ]
