"""Reported indicators are defined, by hand or from a preset, and their reports made ready when a period begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.audit import record
from wanghuo.kernel.indicators.models import ReportedIndicator, ReportedValue
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.presets import TOPICS, Preset, preset
from wanghuo.kernel.indicators.registry import WHAT
from wanghuo.kernel.indicators.reported import FREQUENCIES, period_of, reporting_regions
from wanghuo.kernel.indicators.states import REPORT_RIGHT
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.loops import Subject, close_duties, due, next_ref, next_refs, open_duty, start_clock, void_clock
from wanghuo.kernel.loops.refs import COUNTY_WIDTH
from wanghuo.kernel.regions import codes

DEFINE_RIGHT = "indicators.target"
REPORT_RULE, REVIEW_RULE = "indicators.report", "indicators.review"
SUBJECT_KIND = "reported_value"
REPORT = Text("填报", "Report")
KINDS, SIDES = ("count", "rate", "mean"), ("up", "down")
LEVELS = ("province", "city", "county", "town")


class BadDefinition(Invalid):
    """A reported indicator that cannot be reported as it is defined."""

    code = "indicators.bad_definition"
    text = Text("填报指标的定义有误：{what}。", "The definition is not complete: {what}.")


@transaction.atomic
def define_reported(
    *,
    name: Text,
    formula: Text,
    unit: str,
    kind: str,
    region: str,
    actor: Actor,
    better: str = "up",
    frequency: str = "month",
    level: str = "county",
    sector: str = "",
    adds: bool = False,
    climbs: bool = False,
    words: Sequence[str] = (),
    topic: str = "result",
    evidence: Text | None = None,
    source: str = "",
    mark: str = "D",
) -> ReportedIndicator:
    """Define an indicator whose values people report, and ask for it in `region`: each region of `level` in it reports
    for every period of `frequency` (week, half_month, month, quarter, half_year, year). `evidence`: what is to be attached; without it
    none is asked for.

    Raises NotFound (region), NotPermitted, BadDefinition.
    """
    _require(region, sector, actor)
    told = {"name": name.zh.strip(), "name_en": name.en.strip(), "formula": formula.zh.strip()}
    missing = [word for word, value in told.items() if not value]
    lists = ((kind, KINDS), (better, SIDES), (frequency, FREQUENCIES), (level, LEVELS), (topic, TOPICS))
    missing += [value for value, known in lists if value not in known]
    if (kind == "rate" and unit not in ("%", "")) or missing:
        raise BadDefinition(what="、".join(missing) or "unit")
    now = timezone.now()
    code = f"reported.{next_ref('ZB', region, local_day(now).year).lower()}"
    row = ReportedIndicator(
        code=code,
        name_zh=name.zh.strip()[:80],
        name_en=name.en.strip()[:160],
        formula_zh=formula.zh.strip()[:300],
        formula_en=formula.en.strip()[:500],
        unit=unit[:16],
        kind=kind,
        better=better,
        adds=adds,
        climbs=climbs,
        words=list(words),
        topic=topic,
        frequency=frequency,
        level=level,
        regions=[region],
        sector=sector,
        evidence_zh=evidence.zh[:200] if evidence else "",
        evidence_en=evidence.en[:300] if evidence else "",
        source=source[:300] or f"{actor.name} {local_day(now)}",
        mark=mark,
    )
    return _begin(row, region, actor, now)


@transaction.atomic
def adopt(code: str, region: str, actor: Actor) -> None:
    """Take up a preset for `region`; where it is in use elsewhere, it is asked for here as well.

    Raises NotFound (no such preset, region out of reach), NotPermitted.
    """
    found = preset(code.removeprefix("reported."))
    _require(region, found.sector, actor)
    now = timezone.now()
    row = ReportedIndicator.objects.select_for_update().filter(code=found.code).first() or _from_preset(found)
    if row.active and any(codes.contains(place, region) for place in row.regions):
        return
    row.regions = [place for place in row.regions if not codes.contains(region, place)] + [region]
    _begin(row, region, actor, now)


@transaction.atomic
def withdraw(code: str, actor: Actor) -> ReportedIndicator:
    """Ask for it no more: what was reported stays, what is still to be reported is closed.

    Raises NotFound, NotPermitted where the actor may not define for each of its regions.
    """
    row = ReportedIndicator.objects.select_for_update().filter(code=code, active=True).first()
    if row is None:
        raise NotFound(what=WHAT, ref=code)
    for region in row.regions:
        _require(region, row.sector, actor)
    row.active, row.changed_at = False, timezone.now()
    row.save(update_fields=["active", "changed_at"])
    open_rows = ReportedValue.objects.filter(definition=row).exclude(state="accepted")
    for value in open_rows:
        close_duties(SUBJECT_KIND, value.id, by=actor)
        for rule in (REPORT_RULE, REVIEW_RULE):
            void_clock(SUBJECT_KIND, value.id, rule=rule, at=row.changed_at)
    open_rows.filter(state="draft").delete()
    record(actor, "indicators:reported:withdraw", code, region=row.regions[0])
    return row


def _require(region: str, sector: str, actor: Actor) -> None:
    place = ReportedValue(**scope_columns(region, sector=sector))
    if not actor.can("indicators.view", place):
        raise NotFound(what=Text("区划", "Region"), ref=region)
    actor.require(DEFINE_RIGHT, place)


def _from_preset(found: Preset) -> ReportedIndicator:
    return ReportedIndicator(
        code=found.code,
        name_zh=found.name.zh,
        name_en=found.name.en,
        formula_zh=found.formula.zh,
        formula_en=found.formula.en,
        unit=found.unit,
        kind=found.kind,
        better=found.better,
        adds=found.adds,
        climbs=found.climbs,
        words=list(found.words),
        topic=found.topic,
        frequency=found.frequency,
        level=found.level,
        sector=found.sector,
        evidence_zh=found.evidence.zh,
        evidence_en=found.evidence.en,
        source=found.source,
        mark=found.mark,
        preset=found.slug,
    )


def _begin(row: ReportedIndicator, region: str, actor: Actor, now: datetime) -> ReportedIndicator:
    row.active, row.changed_at = True, now
    if row.made_at is None:
        row.made_at, row.made_by = now, actor.id
    row.save()
    after = {"name": row.name_zh, "regions": row.regions, "frequency": row.frequency, "level": row.level}
    record(actor, "indicators:reported:define", row.code, region=region, after=after)
    open_reports_of(row, now)
    return row


def open_reports(now: datetime) -> int:
    """Make the reports of the periods that began; returns how many. The worker does it each hour."""
    return sum(each(ReportedIndicator.objects.filter(active=True), lambda row: open_reports_of(row, now)).done)


@transaction.atomic
def open_reports_of(row: ReportedIndicator, now: datetime) -> int:
    """The reports of the running period, one for each region that has none yet, with its duty and its clock."""
    period = period_of(row.frequency, local_day(now))
    there = set(ReportedValue.objects.filter(definition=row, period=period.key).values_list("region_code", flat=True))
    lacking = [region for region in reporting_regions(row) if region not in there]
    for _, group in groupby(lacking, key=lambda region: region[:COUNTY_WIDTH]):
        regions = list(group)
        refs = next_refs("TB", regions[0], period.first.year, count=len(regions))
        for region, ref in zip(regions, refs, strict=True):
            _open_one(row, period, region, ref)
    return len(lacking)


def _open_one(row: ReportedIndicator, period: Period, region: str, ref: str) -> None:
    value = ReportedValue(
        ref=ref,
        definition=row,
        period=period.key,
        period_first=period.first,
        period_last=period.last,
        due_at=due(REPORT_RULE, region=region, start=period.end).at,
    )
    value.place(region, sector=row.sector)
    value.save()
    ask_to_report(value, start=period.end, by=system_actor("worker"))


def ask_to_report(value: ReportedValue, *, start: datetime, by: Actor) -> None:
    """A duty and a clock for whoever reports: from the end of the period, or from when it was returned."""
    subject = subject_of(value)
    row = value.definition
    label = Period.parse(value.period, value.period_last).label
    title = Text(f"填报：{row.name_zh}（{label.zh}）", f"Report: {row.name_en} ({label.en})")
    clock = start_clock(subject, rule=REPORT_RULE, start=start, move="submit")
    level = codes.level(value.region_code)  # whoever works above is not asked, unless nobody works there
    there = holders(REPORT_RIGHT, value.region_code, sector=value.sector, level=level)
    open_duty(
        subject,
        move="submit",
        title=title,
        right=REPORT_RIGHT,
        asked_by=by,
        due_at=clock.due_at,
        rule=REPORT_RULE,
        at_level=level if there else None,
    )
    if value.due_at != clock.due_at:
        value.due_at = clock.due_at
        value.save(update_fields=["due_at"])


def subject_of(value: ReportedValue) -> Subject:
    """The report as duties, clocks and files know it."""
    return Subject.of(value, SUBJECT_KIND, REPORT)
