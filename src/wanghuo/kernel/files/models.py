"""Stored files. The bytes lie in the data folder under the file's id; here is what is known about them."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import rights_of
from wanghuo.kernel.access.scope import Scoped, ScopedQuerySet, grant_q


class FileQuerySet(ScopedQuerySet):
    """Files, each seen with the right it names."""

    def visible_to(self, actor: Actor) -> Self:
        """The files whose right the actor holds over where they belong."""
        if actor.is_system:
            return self.all()
        conditions = [Q(view_right__in=rights_of(g.role)) & grant_q(g) for g in actor.grants if rights_of(g.role)]
        return self.filter(reduce(or_, conditions)) if conditions else self.none()


class StoredFile(Scoped):
    """A file that belongs to a record of some module. Whoever holds `view_right` over that record sees it.

    `taken_at`, `lat`, `lng` are what a picture says of itself (WGS-84), not what is proved. `dhash` is for likeness.
    """

    VIEW_RIGHT: ClassVar[str] = ""  # each row names its own

    id = models.UUIDField(primary_key=True, default=new_id)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    view_right = models.CharField(max_length=48)
    label = models.CharField(max_length=48, blank=True)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=80)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    dhash = models.CharField(max_length=16, blank=True)
    taken_at = models.DateTimeField(null=True)
    lat = models.FloatField(null=True)
    lng = models.FloatField(null=True)
    uploaded_by = models.BigIntegerField(null=True)
    uploaded_at = models.DateTimeField()

    objects = FileQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "files_file"
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="file_subject"),
            models.Index(fields=["sha256"], name="file_sha256"),
            models.Index(fields=["city_code", "id"], name="file_city", condition=~Q(dhash="")),
        ]
        constraints = [models.CheckConstraint(condition=~Q(view_right=""), name="file_has_right")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        """Whether it is shown as a picture."""
        return self.content_type.startswith("image/")

    @property
    def url(self) -> str:
        """Where the file is served."""
        return f"/files/{self.id}"
