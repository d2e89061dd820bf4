"""Orders (派单) and tours (巡查)."""

from __future__ import annotations

from django.db import models

from wanghuo.base.ids import new_id
from wanghuo.modules.accountability.models.base import Record
from wanghuo.modules.accountability.states import ORDER, TOUR


class MonthlyOrder(Record):
    """What one region or body has to do in a month, with the evidence it must bring."""

    MACHINE, KIND, PATH = ORDER, "order", "/programmes/orders"

    month = models.CharField(max_length=7)
    body = models.ForeignKey("accounts.Body", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=1000, blank=True, default="")
    due_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    reported_by = models.BigIntegerField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["county_code", "month", "-id"], name="order_county_month"),
            models.Index(fields=["town_code", "-id"], name="order_town"),
            models.Index(fields=["month", "state", "region_code"], name="order_month"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["by_region", "month", "region_code", "sector"],
                condition=~models.Q(state="withdrawn"),
                name="one_order_a_month",
            ),
        )

    @property
    def progress(self) -> str:
        """How many of its lines were reported (or accepted) in full: 2/3; one query, for lists that prefetch `lines`."""
        lines = [line for line in self.lines.all() if line.target is not None]
        full = [line for line in lines if line.is_full]
        return f"{len(full)}/{len(lines)}" if lines else ""


class OrderLine(models.Model):
    """One thing asked for: how much this month, how that was worked out, what was reported and what was accepted.

    `indicator`: the code that measures it, "" for a task in words. `share`: the region's part of the upper region's
    target (0 to 1). `evidence`: what must be brought.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(MonthlyOrder, on_delete=models.CASCADE, related_name="lines")
    no = models.PositiveSmallIntegerField()
    indicator = models.CharField(max_length=64, blank=True, default="")
    title = models.CharField(max_length=300)
    unit = models.CharField(max_length=16, blank=True, default="")
    better = models.CharField(max_length=4, default="up")
    total = models.FloatField(null=True, blank=True)
    done = models.FloatField(null=True, blank=True)
    left = models.PositiveSmallIntegerField(default=1)
    share = models.FloatField(null=True, blank=True)
    target = models.FloatField(null=True, blank=True)
    source = models.CharField(max_length=300, blank=True, default="")
    evidence = models.CharField(max_length=300, blank=True, default="")
    reported = models.FloatField(null=True, blank=True)
    report_note = models.CharField(max_length=1000, blank=True, default="")
    accepted = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["order", "no"], name="one_order_line"),)

    @property
    def percent(self) -> float | None:
        """The share in per cent."""
        return None if self.share is None else self.share * 100

    @property
    def reached(self) -> float | None:
        """What counts: the accepted figure, else the reported one."""
        return self.accepted if self.accepted is not None else self.reported

    @property
    def is_full(self) -> bool:
        """Whether what was asked for was reached."""
        if self.target is None or self.reached is None:
            return False
        return self.reached >= self.target if self.better == "up" else self.reached <= self.target


class Tour(Record):
    """A visit to a region, scored by a checklist, with a sample of what it reported.

    `visited`: the region visited. An unannounced tour lies in `by_region` until it begins, so that the visited don't see it.
    `seed`, `drawn_from`, `drawn_sha256`: with these anybody can draw the sample again.
    """

    MACHINE, KIND, PATH = TOUR, "tour", "/tours"

    visited = models.CharField(max_length=15)
    checklist = models.CharField(max_length=32)
    checklist_version = models.CharField(max_length=16)
    month = models.CharField(max_length=7)
    planned_on = models.DateField()
    unannounced = models.BooleanField(default=False)
    team = models.CharField(max_length=200)
    seed = models.CharField(max_length=64, blank=True, default="")
    drawn_from = models.PositiveIntegerField(default=0)
    drawn_sha256 = models.CharField(max_length=64, blank=True, default="")
    score = models.FloatField(null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True)
    summary = models.CharField(max_length=2000, blank=True, default="")
    answer = models.CharField(max_length=2000, blank=True, default="")
    begun_at = models.DateTimeField(null=True, blank=True)
    scored_at = models.DateTimeField(null=True, blank=True)
    scored_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["county_code", "-id"], name="tour_county"),
            models.Index(fields=["town_code", "-id"], name="tour_town"),
            models.Index(fields=["visited", "scored_at"], name="tour_visited"),
        )


class TourItem(models.Model):
    """One point of the checklist as it stood when the tour was planned, with its score."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tour = models.ForeignKey(Tour, on_delete=models.CASCADE, related_name="items")
    no = models.CharField(max_length=8)
    place = models.PositiveSmallIntegerField()
    text_zh = models.CharField(max_length=300)
    text_en = models.CharField(max_length=400)
    how_zh = models.CharField(max_length=300, blank=True, default="")
    how_en = models.CharField(max_length=400, blank=True, default="")
    full = models.FloatField()
    got = models.FloatField(null=True, blank=True)
    note = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tour", "no"], name="one_tour_item"),)


class TourSample(models.Model):
    """A reported record drawn for checking on site. `source`: the kind of list it was drawn from."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tour = models.ForeignKey(Tour, on_delete=models.CASCADE, related_name="samples")
    place = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=16)
    ref = models.CharField(max_length=64)
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=200)
    reported = models.CharField(max_length=100)
    number = models.FloatField(null=True, blank=True)
    found = models.CharField(max_length=300, blank=True, default="")
    result = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tour", "ref"], name="one_sample"),)
