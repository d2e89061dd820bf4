"""Imports: the file, its mapping, what the check found and what was written, row by row."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import Scoped, ScopedQuerySet, grants_q
from wanghuo.kernel.ledgers.states import ImportState


class ImportRunQuerySet(ScopedQuerySet):
    """Imports are seen by whoever may make such imports there: the right stands in the row."""

    def visible_to(self, actor: Actor) -> Self:
        """The imports the actor may see."""
        if actor.is_system:
            return self.all()
        from wanghuo.kernel.ledgers.importing import import_kinds

        condition = Q(pk__in=[])
        for right in sorted({kind.right for kind in import_kinds(actor)}):
            condition |= Q(right=right) & grants_q(actor, right)
        return self.filter(condition)


class ImportRun(Scoped):
    """One file on its way in. `counts` has new, update, duplicate, error, passed_over and total of the last check;
    `done_through` is the last row that a write has dealt with, kept in the transaction of its batch."""

    VIEW_RIGHT = ""  # of each row's own: see ImportRunQuerySet

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=40)
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

    kind = models.CharField(max_length=40)
    source = models.CharField(max_length=80)
    mapping = models.JSONField()
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "source"], name="ledgers_learned_once")]
