"""Tables of indicators: values kept for speed, which ones are out of date, and targets."""

from __future__ import annotations

from django.db import models

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped


class IndicatorValue(models.Model):
    """The parts of one indicator in one region and period, as the worker last computed them from the records."""

    code = models.CharField(max_length=96)
    region = models.CharField(max_length=15)
    period = models.CharField(max_length=24)
    num = models.FloatField()
    den = models.FloatField()
    missing = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["code", "period", "region"], name="one_indicator_value"),)

    def __str__(self) -> str:
        return f"{self.code} {self.region} {self.period}"


class IndicatorRefresh(models.Model):
    """When an indicator was last computed for a period: tells "no records there" from "never computed"."""

    code = models.CharField(max_length=96)
    period = models.CharField(max_length=24)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["code", "period"], name="one_refresh"),)


class DirtyIndicator(models.Model):
    """An indicator whose records changed since it was last computed."""

    code = models.CharField(max_length=96, primary_key=True)
    since = models.DateTimeField()


class IndicatorTarget(Scoped):
    """What a region is to reach by the end of a period, and who or which paper said so.

    `op`: how the value is meant; `value_high` is the upper end of `between`. `basis`: "" (the value itself), "yoy_down" or
    "yoy_up" (`value` per cent less or more than in the same period a year before). `path`: how it is reached, "" as the
    indicator says, linear (day by day) or flat (all of it at any time). Several rows of one `plan_ref` that begin on the
    same day are stages. `soft`: the paper says 力争 or 基本, so that it never vetoes.
    """

    VIEW_RIGHT = "indicators.view"

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=96)
    period = models.CharField(max_length=24)
    value = models.FloatField()
    op = models.CharField(max_length=8, default=">=")
    value_high = models.FloatField(null=True)
    deadline = models.DateField()
    basis = models.CharField(max_length=10, blank=True, default="")
    path = models.CharField(max_length=8, blank=True, default="")
    soft = models.BooleanField(default=False)
    source = models.CharField(max_length=300)
    plan_ref = models.CharField(max_length=64, blank=True, default="")
    quote = models.CharField(max_length=600, blank=True, default="")
    mark = models.CharField(max_length=1, default="D")
    set_by = models.BigIntegerField(null=True)
    set_by_name = models.CharField(max_length=64, blank=True, default="")
    set_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["plan_ref"], name="indicator_target_plan"),)
        constraints = (
            models.UniqueConstraint(fields=["code", "region_code", "period", "plan_ref"], name="one_target"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.region_code} {self.period}"
