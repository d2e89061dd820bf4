"""Administrative divisions, from the country down to the grid, each code kept with the days it was in force."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Q

from wanghuo.kernel.regions import codes


class RegionQuerySet(models.QuerySet[Any]):
    """Divisions."""

    def in_force(self, on: date | None = None) -> Self:
        """The divisions in force on a day; without a day, those that have not ended."""
        if on is None:
            return self.filter(valid_to=None)
        return self.filter(Q(valid_from=None) | Q(valid_from__lte=on), Q(valid_to=None) | Q(valid_to__gt=on))

    def within(self, code: str) -> Self:
        """`code` itself and everything below it."""
        return self if code == codes.COUNTRY else self.filter(code__startswith=code)


class Region(models.Model):
    """One division. The code is the key and its own path (`codes`); a renumbered one stays, ended, with its successor.

    `lng`, `lat`: WGS-84 degrees of a point inside the division. `made_up` tells that we chose this point inside the
    upper division because no source has one. `placeholder` marks a code that only fills a level: 省直辖县级, 市辖区.
    """

    code = models.CharField(max_length=15, primary_key=True)
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=120, blank=True, default="")
    pinyin = models.CharField(max_length=160, blank=True, default="")
    initials = models.CharField(max_length=40, blank=True, default="")
    level = models.CharField(max_length=8)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    made_up = models.BooleanField(default=False)
    placeholder = models.BooleanField(default=False)
    population = models.PositiveIntegerField(null=True, blank=True)
    population_source = models.CharField(max_length=120, blank=True, default="")
    source = models.CharField(max_length=120, blank=True, default="")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    replaced_by = models.CharField(max_length=15, blank=True, default="")

    objects = RegionQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        indexes = (
            models.Index(fields=["name"], name="region_name"),
            models.Index(fields=["pinyin"], name="region_pinyin"),
            models.Index(fields=["initials"], name="region_initials"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from=None) | Q(valid_to__gt=models.F("valid_from")),
                name="region_ends_after_it_begins",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {codes.written(self.code)}"


class Shape(models.Model):
    """The outline of a division: a GeoJSON geometry in CGCS2000, which equals WGS-84 at map scale."""

    region = models.OneToOneField(Region, primary_key=True, on_delete=models.CASCADE, related_name="+")
    geometry = models.TextField()
    source = models.CharField(max_length=120, blank=True, default="")


class BoundaryLine(models.Model):
    """A line a map of the whole country must carry (境界线, among them the segments in the South China Sea)."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    geometry = models.TextField()
