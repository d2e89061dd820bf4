"""Tables of indicators: values kept for speed, which ones are out of date, and targets."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped
from wanghuo.kernel.indicators.states import ReportState


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


class ReportedIndicator(models.Model):
    """An indicator whose values people report (填报指标), period by period and region by region.

    `regions`: where it is asked for; the regions of `level` within them report, each for itself. `sector`: only that
    sector's body reports. `adds`: the values of several periods add up (hydrants built); otherwise the latest stands
    (share of stations to standard). `climbs`, `words`, `topic`: as of `Indicator`. `preset`: the row of
    params/indicators.toml it was made from.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=96, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=160)
    formula_zh = models.CharField(max_length=300)
    formula_en = models.CharField(max_length=500)
    unit = models.CharField(max_length=16, blank=True, default="")
    kind = models.CharField(max_length=8)
    better = models.CharField(max_length=4)
    adds = models.BooleanField(default=False)
    climbs = models.BooleanField(default=False)
    words = models.JSONField(default=list)
    topic = models.CharField(max_length=24, default="result")
    frequency = models.CharField(max_length=10)
    level = models.CharField(max_length=8)
    regions = models.JSONField(default=list)
    sector = models.CharField(max_length=24, blank=True, default="")
    evidence_zh = models.CharField(max_length=200, blank=True, default="")
    evidence_en = models.CharField(max_length=300, blank=True, default="")
    source = models.CharField(max_length=300)
    mark = models.CharField(max_length=1, default="D")
    preset = models.CharField(max_length=48, blank=True, default="")
    active = models.BooleanField(default=True)
    made_by = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class ReportedValue(Scoped):
    """What one region reports of one indicator for one period: a number (and what it is out of), with evidence.

    Made empty when the period begins, so that what is missing is known. `reporting_body`: in whose name it was
    reported, as role, region and sector; nobody of the same body accepts it. Only accepted values count.
    """

    VIEW_RIGHT = "indicators.view"

    id = models.UUIDField(primary_key=True, default=new_id)
    ref = models.CharField(max_length=32, unique=True)
    definition = models.ForeignKey(ReportedIndicator, on_delete=models.PROTECT, related_name="+")
    period = models.CharField(max_length=24)
    period_first = models.DateField()
    period_last = models.DateField()
    num = models.FloatField(null=True)
    den = models.FloatField(null=True)
    note = models.CharField(max_length=1000, blank=True, default="")
    state = models.CharField(max_length=10, default=ReportState.DRAFT)
    due_at = models.DateTimeField()
    reported_by = models.BigIntegerField(null=True)
    reported_name = models.CharField(max_length=64, blank=True, default="")
    reporting_body = models.CharField(max_length=80, blank=True, default="")
    submitted_at = models.DateTimeField(null=True)
    reviewed_by = models.BigIntegerField(null=True)
    reviewed_name = models.CharField(max_length=64, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.CharField(max_length=1000, blank=True, default="")
    imported = models.BooleanField(default=False)

    class Meta:
        indexes = (
            models.Index(fields=["county_code", "state", "due_at"], name="reported_county_state"),
            models.Index(fields=["city_code", "state", "due_at"], name="reported_city_state"),
            models.Index(fields=["town_code", "state", "due_at"], name="reported_town_state"),
            models.Index(fields=["definition", "period_last", "state"], name="reported_definition"),
        )
        constraints = (
            models.UniqueConstraint(fields=["definition", "region_code", "period"], name="one_reported_value"),
            models.CheckConstraint(
                condition=Q(state=ReportState.DRAFT) | Q(num__isnull=False), name="reported_value_has_number"
            ),
        )

    def __str__(self) -> str:
        return self.ref

    @property
    def url(self) -> str:
        """The page of this report."""
        return f"/indicators/reports/{self.ref}"

    @property
    def value(self) -> float | None:
        """The number itself: of a share in per cent. None while nothing was reported."""
        if self.num is None or self.definition.kind == "count":
            return self.num
        if not self.den:
            return None
        return self.num / self.den * (100 if self.definition.unit == "%" else 1)
