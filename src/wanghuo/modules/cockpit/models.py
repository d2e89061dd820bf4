"""What the map shows from afar: how many objects of a kind stand in each cell of a grid, counted beforehand."""

from __future__ import annotations

from django.db import models


class MapCell(models.Model):
    """The objects of one kind and level in one cell, of one town (or county, where no town is known) and sector.

    The place and sector columns carry the names that access is decided by (`Scoped`), so the same condition filters
    cells and rows. `lng_sum` and `lat_sum` give the middle of the objects; `ref` names one of them: the one, when
    there is one.
    """

    kind = models.CharField(max_length=8)
    zoom = models.PositiveSmallIntegerField()
    x = models.IntegerField()
    y = models.IntegerField()
    level = models.PositiveSmallIntegerField()
    province_code = models.CharField(max_length=2)
    city_code = models.CharField(max_length=4)
    county_code = models.CharField(max_length=6)
    town_code = models.CharField(max_length=9)
    sector = models.CharField(max_length=24)
    count = models.PositiveIntegerField()
    lng_sum = models.FloatField()
    lat_sum = models.FloatField()
    ref = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "zoom", "x", "y", "county_code", "town_code", "city_code", "sector", "level"],
                name="cockpit_one_cell",
            )
        ]
        indexes = [models.Index(fields=["kind", "zoom", "county_code"], name="cockpit_cell_county")]


class MapLayer(models.Model):
    """When the cells of a kind were counted last; without a row the map counts the records themselves."""

    kind = models.CharField(max_length=8, primary_key=True)
    counted_at = models.DateTimeField()
    objects_counted = models.PositiveIntegerField()
