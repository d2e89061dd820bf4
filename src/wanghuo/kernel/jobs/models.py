"""Jobs as people see them, and the heartbeats of our processes."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.jobs.states import MARKS, JobState


class JobQuerySet(models.QuerySet[Any]):
    """Jobs, each seen by the person who asked for it."""

    def visible_to(self, actor: Actor) -> Self:
        """The actor's own jobs; every job for our processes."""
        if actor.is_system:
            return self
        return self.filter(asked_by=actor.id) if actor.id is not None else self.none()


class JobRun(models.Model):
    """One job that somebody asked for. `asked_by` is None when a process did."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=64)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    params = models.JSONField(default=dict)
    asked_by = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=16, default=JobState.WAITING)
    cancel_asked = models.BooleanField(default=False)
    worker = models.CharField(max_length=80, blank=True, default="")
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    note_zh = models.CharField(max_length=200, blank=True, default="")
    note_en = models.CharField(max_length=200, blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_zh = models.CharField(max_length=1000, blank=True, default="")
    error_en = models.CharField(max_length=1000, blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["asked_by", "-asked_at"], name="job_mine"),
            models.Index(fields=["worker"], condition=models.Q(state="running"), name="job_running"),
            models.Index(fields=["ended_at"], name="job_ended"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def title(self) -> Text:
        """What the job does, in words."""
        return Text(self.title_zh, self.title_en)

    @property
    def note(self) -> Text | None:
        """What it is doing just now."""
        return Text(self.note_zh, self.note_en) if self.note_zh else None

    @property
    def error(self) -> Text:
        """Why it failed."""
        return Text(self.error_zh, self.error_en)

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (JobState.WAITING, JobState.RUNNING)

    @property
    def mark(self) -> str:
        """The mark of its state."""
        return MARKS[JobState(self.state)]

    @property
    def url(self) -> str:
        """Its page."""
        return f"/jobs/{self.id}"

    @property
    def result_url(self) -> str:
        """Where to see what it made; empty without such a place."""
        url = self.result.get("url", "") if isinstance(self.result, dict) else ""
        return url if isinstance(url, str) and url.startswith("/") and not url.startswith("//") else ""


class ProcessBeat(models.Model):
    """When a process of ours was last alive, and what it says of itself."""

    name = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)


class PeriodicRun(models.Model):
    """How a periodic task did when it last ran."""

    name = models.CharField(max_length=80, primary_key=True)
    every_s = models.FloatField()
    next_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True, blank=True)
    took_ms = models.PositiveIntegerField(default=0)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    failures_in_row = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
