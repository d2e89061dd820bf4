"""Papers as plans: the paper with its lines and every judgement of them, the tasks that came of it, and its targets."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped
from wanghuo.modules.workplans.states import OWED, PLAN, TASK, PlanState, TaskState, Verdict
from wanghuo.modules.workplans.words import Line


class WorkPlan(Scoped):
    """A paper that was compiled, judged and, once issued, is carried out. Offsets of its lines count characters of
    `text`."""

    VIEW_RIGHT = "workplans.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    title = models.CharField(max_length=300)
    issuer = models.CharField(max_length=200, blank=True, default="")
    number = models.CharField(max_length=80, blank=True, default="")
    issued_on = models.DateField(null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    named_region = models.CharField(max_length=80, blank=True, default="")
    text = models.TextField()
    noise = models.JSONField(default=list)
    paper = models.JSONField(default=dict)
    file_name = models.CharField(max_length=120, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    upper = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    earlier = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, default=PlanState.DRAFTING)
    made_up = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.BigIntegerField(null=True, blank=True)
    created_by_name = models.CharField(max_length=64, blank=True, default="")
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.BigIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["county_code", "-id"], name="plan_county"),
            models.Index(fields=["city_code", "-id"], name="plan_city"),
            models.Index(fields=["province_code", "-id"], name="plan_province"),
            models.Index(fields=["town_code", "-id"], name="plan_town"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in PlanState]), name="plan_state_known")
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def url(self) -> str:
        """The board of this plan."""
        return f"/programmes/{self.ref}"

    @property
    def state_name(self) -> Text:
        """The word for the state."""
        return PLAN.name(self.state)


class PlanLine(models.Model):
    """One thing that was understood: an item, a target or a flag; the machine's version stays beside the person's.

    `version` counts the judgements: who judges names the one they saw. `item_no` is the number of the item it belongs
    to (0: the paper as a whole).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(WorkPlan, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=6)
    item_no = models.PositiveIntegerField(default=0)
    path = models.CharField(max_length=120, blank=True, default="")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    machine = models.JSONField()
    person = models.JSONField(null=True, blank=True)
    verdict = models.CharField(max_length=8, default=Verdict.OPEN)
    version = models.PositiveIntegerField(default=0)
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.BigIntegerField(null=True, blank=True)
    judged_by_name = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "position"], name="line_once"),
            models.CheckConstraint(condition=Q(kind__in=[str(k) for k in Line]), name="line_kind_known"),
            models.CheckConstraint(condition=Q(verdict__in=[str(v) for v in Verdict]), name="line_verdict_known"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.position}"

    @property
    def version_now(self) -> dict[str, Any]:
        """The version that counts: the machine's, with what a person changed laid over it."""
        return {**self.machine, **(self.person or {})}


class Judgement(models.Model):
    """One step of judging, as it can be taken back: several lines judged at one press share `batch`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey(PlanLine, on_delete=models.PROTECT, related_name="judgements")
    batch = models.UUIDField()
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=64, blank=True, default="")
    before = models.JSONField()
    after = models.JSONField()
    version = models.PositiveIntegerField()
    undone = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["line", "-id"], name="judgement_line"),
            models.Index(fields=["batch"], name="judgement_batch"),
        ]


class PlanTask(Scoped):
    """Something a body has to do by a day. It lies where its owner lies; `line` leads to the words it came from."""

    VIEW_RIGHT = "workplans.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    plan = models.ForeignKey(WorkPlan, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")
    line = models.ForeignKey(PlanLine, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    follows = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey("accounts.Body", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    quote = models.TextField(blank=True, default="")
    supports = models.JSONField(default=list)
    evidence_asked = models.CharField(max_length=400, blank=True, default="")
    starts_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    frequency = models.CharField(max_length=12, blank=True, default="")
    occurrence = models.PositiveIntegerField(default=1)
    share = models.FloatField(null=True, blank=True)
    reached = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True, default="")
    soft = models.BooleanField(default=False)
    source_kind = models.CharField(max_length=32, blank=True, default="")
    source_id = models.UUIDField(null=True, blank=True)
    source_ref = models.CharField(max_length=48, blank=True, default="")
    source_url = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=10, default=TaskState.ASSIGNED)
    assigned_at = models.DateTimeField()
    assigned_by = models.BigIntegerField(null=True, blank=True)
    assigned_by_name = models.CharField(max_length=64, blank=True, default="")
    taken_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    reported_by = models.BigIntegerField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.BigIntegerField(null=True, blank=True)
    extensions = models.PositiveSmallIntegerField(default=0)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["county_code", "-id"], name="task_county"),
            models.Index(fields=["town_code", "-id"], name="task_town"),
            models.Index(fields=["city_code", "-id"], name="task_city"),
            models.Index(fields=["province_code", "-id"], name="task_province"),
            models.Index(fields=["county_code", "state", "due_on"], name="task_county_due"),
            models.Index(fields=["source_kind", "source_id"], name="task_source"),
            models.Index(fields=["due_on", "region_code", "state"], name="task_due"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in TaskState]), name="task_state_known"),
            models.CheckConstraint(
                condition=~Q(state=TaskState.DONE) | Q(done_at__isnull=False), name="task_done_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def url(self) -> str:
        """The page of this task."""
        return f"/programmes/tasks/{self.ref}"

    @property
    def state_name(self) -> Text:
        """The word for the state."""
        return TASK.name(self.state)

    @property
    def is_owed(self) -> bool:
        """Whether the owner still owes the work."""
        return self.state in OWED


class TaskStep(models.Model):
    """A line on the time line of a task."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(PlanTask, on_delete=models.PROTECT, related_name="steps")
    at = models.DateTimeField()
    by_kind = models.CharField(max_length=8)
    by_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=64, blank=True, default="")
    move = models.CharField(max_length=24)
    source = models.CharField(max_length=10, blank=True, default="")
    target = models.CharField(max_length=10)
    note = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["task", "-id"], name="task_step")]


class PlanTarget(Scoped):
    """A measurable aim of an issued plan. `indicator`: the code of what measures it, "" while nothing does."""

    VIEW_RIGHT = "workplans.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(WorkPlan, on_delete=models.PROTECT, related_name="targets")
    line = models.ForeignKey(PlanLine, on_delete=models.PROTECT, related_name="+")
    metric = models.CharField(max_length=200)
    of = models.CharField(max_length=200, blank=True, default="")
    quote = models.TextField()
    indicator = models.CharField(max_length=96, blank=True, default="")
    score = models.FloatField(null=True, blank=True)
    op = models.CharField(max_length=8)
    value = models.FloatField()
    value_high = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True, default="")
    deadline = models.DateField(null=True, blank=True)
    frequency = models.CharField(max_length=12, blank=True, default="")
    basis = models.CharField(max_length=10, blank=True, default="")
    soft = models.BooleanField(default=False)
    implied = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["indicator", "region_code"], name="plan_target_indicator")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.metric}"
