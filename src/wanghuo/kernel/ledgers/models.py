"""Imports: the file, its mapping, what the check found and what was written, row by row. Registers: what a list
consists of, version by version, and its rows."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import Scoped, ScopedQuerySet, grants_q
from wanghuo.kernel.ledgers.states import ImportState, RegisterState, RowState
from wanghuo.kernel.regions import codes


class ImportRunQuerySet(ScopedQuerySet):
    """Imports are seen by whoever may make such imports there: the right stands in the row."""

    def visible_to(self, actor: Actor) -> Self:
        """The imports the actor may see."""
        if actor.is_system:
            return self.all()
        from wanghuo.kernel.ledgers.importing import import_rights

        condition = Q(pk__in=[])
        for right in import_rights(actor):
            condition |= Q(right=right) & grants_q(actor, right)
        return self.filter(condition)


class ImportRun(Scoped):
    """One file on its way in. `counts` has new, update, duplicate, error, passed_over and total of the last check;
    `done_through` is the last row that a write has dealt with, kept in the transaction of its batch."""

    VIEW_RIGHT = ""  # of each row's own: see ImportRunQuerySet

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=60)
    right = models.CharField(max_length=40)
    state = models.CharField(max_length=12, default=ImportState.UPLOADED)
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.BigIntegerField()
    source = models.CharField(max_length=80, default="", blank=True)
    mapping = models.JSONField(default=dict)
    headings = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    good_rows_only = models.BooleanField(default=False)
    done_through = models.PositiveIntegerField(default=0)
    written_new = models.PositiveIntegerField(default=0)
    written_updates = models.PositiveIntegerField(default=0)
    failure = models.JSONField(default=dict)
    started_by = models.BigIntegerField(null=True)
    started_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)
    job = models.CharField(max_length=64, default="", blank=True)

    objects = ImportRunQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [
            models.Index(fields=["county_code", "-id"], name="ledgers_run_county"),
            models.Index(fields=["kind", "file_sha256"], name="ledgers_run_file"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"

    @property
    def url(self) -> str:
        """Its page."""
        return f"/data/imports/{self.id}"

    @property
    def report(self) -> dict[str, Any]:
        """What the command prints: stable names, documented in docs/modules/ledgers.md."""
        return {
            "import": str(self.id),
            "kind": self.kind,
            "state": self.state,
            "file": self.file_name,
            "sha256": self.file_sha256,
            "rows": self.counts,
            "written": self.written_new,
            "updated": self.written_updates,
            "problems": self.problems,
        }


class ImportedRow(models.Model):
    """A row that was written: which row of which file became which record (kept for tracing, repeats and undoing)."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rows")
    row_no = models.PositiveIntegerField()
    is_new = models.BooleanField()
    ref = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "row_no"], name="ledgers_row_once")]
        indexes = [models.Index(fields=["object_id"], name="ledgers_row_object")]


class LearnedMapping(models.Model):
    """The mapping last used for a source, offered when a file of that source comes again."""

    kind = models.CharField(max_length=60)
    source = models.CharField(max_length=80)
    mapping = models.JSONField()
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "source"], name="ledgers_learned_once")]


class RegisterQuerySet(ScopedQuerySet):
    """Registers. A definition is seen along the path of regions: by those below, who fill it in, and by those above."""

    def visible_to(self, actor: Actor) -> Self:
        """The registers the actor may see; one that was never published only by whoever may set it up."""
        if actor.is_system:
            return self.all()
        seen = grants_q(actor, "ledgers.view")
        above = {code for g in actor.with_right("ledgers.view") for code in (g.region, *codes.ancestors(g.region))}
        own = grants_q(actor, "ledgers.define")
        return self.filter((~Q(state=RegisterState.SETUP) & (seen | Q(region_code__in=above))) | own)

    def in_use(self) -> Self:
        """Those that rows go into."""
        return self.filter(state=RegisterState.IN_USE)


class Register(Scoped):
    """A list that is kept: its place, its published version and the draft of the next one.

    `preset`: it came from params/registers and belongs to the whole deployment. `changed_at`: the last change of its
    definition, which the catalogue of indicators watches.
    """

    VIEW_RIGHT = "ledgers.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=10, default=RegisterState.SETUP)
    version = models.PositiveIntegerField(default=0)
    draft = models.JSONField(null=True, blank=True)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300)
    topic = models.CharField(max_length=24, default="other")
    preset = models.BooleanField(default=False)
    preset_version = models.PositiveIntegerField(default=0)
    created_by = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = RegisterQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [models.Index(fields=["state", "code"], name="ledgers_register_state")]

    def __str__(self) -> str:
        return self.code

    @property
    def title(self) -> Text:
        """Its name."""
        return Text(self.title_zh, self.title_en)

    @property
    def url(self) -> str:
        """Its list."""
        return f"/ledgers/{self.code}"


class RegisterVersion(models.Model):
    """A published definition. Rows name the version they were last written under, so that old ones stay readable."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    published_by = models.BigIntegerField(null=True, blank=True)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "number"], name="ledgers_version_once")]


class RegisterUse(Scoped):
    """A region that keeps a register, since when."""

    VIEW_RIGHT = "ledgers.view"

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="uses")
    since = models.DateTimeField()
    begun_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "region_code"], name="ledgers_use_once")]


class RegisterRow(Scoped):
    """A line of a register. `values` by field key; what lists sort and filter by stands in columns of its own.

    `due_at`: later is late; `met_at`: when it was done. `confirmed_until`: the end of the period it was confirmed for.
    `likeness`: a digest of what tells rows of this register apart, for repeats.
    """

    VIEW_RIGHT = "ledgers.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="rows")
    ref = models.CharField(max_length=32, unique=True)
    version = models.PositiveIntegerField()
    values = models.JSONField(default=dict)
    name = models.CharField(max_length=200, blank=True, default="")
    likeness = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default=RowState.STANDING)
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    met_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.BigIntegerField(null=True, blank=True)
    confirmed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.BigIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.BigIntegerField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # a register is listed newest first within a region; the working lists by deadline and by name
            models.Index(fields=["register", "-id"], name="ledgers_rows"),
            models.Index(fields=["register", "county_code", "-id"], name="ledgers_rows_county"),
            models.Index(fields=["register", "town_code", "-id"], name="ledgers_rows_town"),
            models.Index(fields=["register", "city_code", "-id"], name="ledgers_rows_city"),
            models.Index(fields=["register", "due_at", "id"], name="ledgers_rows_due"),
            models.Index(fields=["register", "name", "id"], name="ledgers_rows_name"),
            models.Index(fields=["register", "changed_at", "id"], name="ledgers_rows_changed"),
            models.Index(fields=["register", "likeness"], name="ledgers_rows_like"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in RowState]), name="ledgers_row_state_known"),
            models.CheckConstraint(
                condition=~Q(state=RowState.RETIRED) | Q(retired_at__isnull=False), name="ledgers_retired_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def url(self) -> str:
        """The page of this line."""
        return f"/ledgers/{self.register.code}/rows/{self.ref}"


class RowChange(models.Model):
    """One thing done to a line: which values it changed, from what to what. Append-only."""

    row = models.ForeignKey(RegisterRow, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    by = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=80, blank=True, default="")
    move = models.CharField(max_length=20)
    changes = models.JSONField(default=dict)
    note = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["row", "-id"], name="ledgers_change_row")]
