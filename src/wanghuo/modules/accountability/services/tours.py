"""Tours (巡查): planned for every region, scored on site by a checklist, with a sample of what was reported."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, OrderBy, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import store
from wanghuo.kernel.indicators import Period
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.accountability import cycle
from wanghuo.modules.accountability.contracts import TourScored
from wanghuo.modules.accountability.models import OrderLine, Tour, TourItem, TourSample
from wanghuo.modules.accountability.services import frame, sheets
from wanghuo.modules.accountability.services.orders import month_of
from wanghuo.modules.accountability.states import ANSWER_RIGHT, TOUR_RIGHT, OrderState, TourState
from wanghuo.modules.hazards import public as hazards
from wanghuo.modules.workplans import public as workplans

ANSWER_RULE, SAMPLE_RULE, DIFFERENCE_RULE = (
    "accountability.tour_answer",
    "accountability.tour_sample",
    "accountability.tour_difference",
)
MOST_DRAWN_FROM = 20_000


class SampleOpen(Invalid):
    """A drawn record was not checked."""

    code = "accountability.sample_open"
    text = Text("抽查的 {ref} 还没有核验结果。", "The drawn record {ref} has not been checked.")


class NothingScored(Invalid):
    """A tour without a scored item has no result."""

    code = "accountability.nothing_scored"
    text = Text("还没有打分的项目。", "No item has been scored.")


class BadScore(Invalid):
    """A score outside its item's range."""

    code = "accountability.bad_score"
    text = Text("第 {no} 项的得分须在 0 到 {full:g} 之间。", "The score of item {no} must lie between 0 and {full:g}.")


@dataclass(frozen=True, slots=True)
class Drawable:
    """A reported record that can be drawn: where it comes from, what was reported, and as a number where it is one."""

    source: str
    ref: str
    title: str
    url: str
    reported: str
    number: float | None = None


Sampler = Callable[[str, Period, Actor], Iterable[Drawable]]


def _order_lines(region: str, month: Period, actor: Actor) -> Iterable[Drawable]:
    rows = OrderLine.objects.filter(
        order__region_code=region, order__month=month.key, order__state__in=(OrderState.REPORTED, OrderState.ACCEPTED),
        reported__isnull=False,
    ).select_related("order")  # fmt: skip
    for line in rows:
        said = f"{line.reported:g} {line.unit}".strip()
        yield Drawable("order", f"{line.order.ref}#{line.no}", line.title, line.order.url, said, line.reported)


def _closed_hazards(region: str, month: Period, actor: Actor) -> Iterable[Drawable]:
    rows = hazards.closed_in(region=region, start=month.start, end=month.end, actor=actor).order_by("-id")
    for row in rows.only("id", "ref", "place", "closed_at")[:MOST_DRAWN_FROM]:
        assert row.closed_at is not None  # what was closed has its time
        yield Drawable("hazard", row.ref, row.place, row.url, f"{local_day(row.closed_at):%Y-%m-%d} 销案")


def _done_tasks(region: str, month: Period, actor: Actor) -> Iterable[Drawable]:
    rows = workplans.task_rows(actor).in_region(region).filter(done_at__gte=month.start, done_at__lt=month.end)  # type: ignore[attr-defined]
    for row in rows.order_by("-id")[:MOST_DRAWN_FROM]:
        assert row.done_at is not None
        yield Drawable("task", row.ref, row.title, row.url, f"{local_day(row.done_at):%Y-%m-%d} 办结")


SOURCES: dict[str, tuple[Text, Sampler]] = {
    "order": (Text("派单上报数", "figures reported on orders"), _order_lines),
    "hazard": (Text("本月销案的隐患", "hazards closed in the month"), _closed_hazards),
    "task": (Text("本月办结的任务", "tasks done in the month"), _done_tasks),
}
"""What can be drawn for checking; each list is drawn from on its own, so that none crowds out another."""


@transaction.atomic
def plan(
    *, region: str, checklist: str, month: str, planned_on: date, team: str, unannounced: bool = False, actor: Actor
) -> Tour:
    """Plan a tour of a region. An unannounced one (暗访) is not seen by the visited until it begins.

    Raises NotFound, NotPermitted, OutOfReach, Invalid.
    """
    code = frame.region_within(region, TOUR_RIGHT, actor=actor)
    period = month_of(month)
    form = sheets.checklist_for(checklist, code)
    if planned_on < local_day(timezone.now()):
        raise Invalid(Text("计划日期已过。", "The day has passed."), field="planned_on")
    title = f"{regions.name(code)} {period.label.zh}{'暗访' if unannounced else '巡查'}"
    tour = frame.make(
        Tour,
        "XC",
        code,
        place=frame.office(actor, code) if unannounced else "",
        actor=actor,
        title=title,
        visited=code,
        checklist=form.code,
        checklist_version=form.version,
        month=period.key,
        planned_on=planned_on,
        unannounced=unannounced,
        team=team,
    )
    TourItem.objects.bulk_create(
        TourItem(
            tour=tour, place=place, no=item.no, full=item.full, text_zh=item.text.zh, text_en=item.text.en,
            how_zh=item.how.zh, how_en=item.how.en,
        )
        for place, item in enumerate(form.items)
    )  # fmt: skip
    return tour


@transaction.atomic
def begin(ref: str, *, seed: str = "", actor: Actor) -> Tour:
    """Begin a tour: the sample is drawn by a seed made now (or given), and both are recorded, with the list drawn from.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    tour, move = frame.begin(Tour, ref, "begin", actor=actor)
    now = timezone.now()
    seed = seed or secrets.token_hex(16)
    month = month_of(tour.month)
    count = int(rule(SAMPLE_RULE, region=tour.visited, on=local_day(now)).value["records"])
    everything: list[str] = []
    drawn: list[Drawable] = []
    for _, sampler in SOURCES.values():
        found = {d.ref: d for d in sampler(tour.visited, month, actor)}
        everything += found
        drawn += [found[key] for key in cycle.draw(seed, found, count)]
    TourSample.objects.bulk_create(
        TourSample(
            tour=tour, place=place, source=d.source, ref=d.ref, title=d.title[:300], url=d.url, reported=d.reported,
            number=d.number,
        )
        for place, d in enumerate(drawn)
    )  # fmt: skip
    for name, value in scope_columns(tour.visited, sector=tour.sector).items():
        setattr(tour, name, value)
    tour.save()
    changed = {
        "seed": seed,
        "drawn_from": len(everything),
        "drawn_sha256": cycle.list_digest(everything),
        "begun_at": now,
    }
    told = {
        "seed": seed,
        "drawn_from": len(everything),
        "sha256": changed["drawn_sha256"],
        "drawn": [d.ref for d in drawn],
    }
    return frame.finish(tour, move, actor=actor, changed=changed, after=told)


@transaction.atomic
def score(
    ref: str,
    *,
    items: Mapping[str, tuple[float | None, str]],
    samples: Mapping[str, tuple[str, str]],
    files: Mapping[str, Sequence[Any]] | None = None,
    actor: Actor,
) -> Tour:
    """Write down points and notes by item, results and findings by drawn record, photographs by item; again as often as needed.

    Raises NotFound, NotPermitted, MoveRefused, BadScore.
    """
    tour, _ = frame.begin(Tour, ref, "finish", actor=actor)
    for item in tour.items.select_for_update():
        if item.no not in items:
            continue
        item.got, item.note = items[item.no][0], items[item.no][1][:1000]
        if item.got is not None and not 0 <= item.got <= item.full:
            raise BadScore(no=item.no, full=item.full, field=f"got_{item.no}")
        item.save(update_fields=["got", "note"])
    tolerance = float(_difference(tour)["tolerance_percent"])
    for sample in tour.samples.select_for_update():
        if str(sample.place) in samples:
            sample.result, sample.found = _judged(sample, *samples[str(sample.place)], tolerance=tolerance)
            sample.save(update_fields=["result", "found"])
    kept = [
        store(upload, actor=actor, subject=tour.subject, view_right=tour.VIEW_RIGHT, label=f"item:{no}").sha256
        for no, uploads in (files or {}).items()
        for upload in uploads
    ]
    after = {"scored": sorted(no for no, (got, _) in items.items() if got is not None), "sha256": kept}
    record(actor, "accountability:tour:score", tour.ref, region=tour.region_code, after=after)
    return tour


def _judged(sample: TourSample, result: str, found: str, *, tolerance: float) -> tuple[str, str]:
    """The result given; for a number found on site, what the numbers say."""
    if sample.number is not None and not result and found.strip():
        try:
            same = cycle.agrees(sample.number, float(found), tolerance_percent=tolerance)
        except ValueError:
            return "", found[:300]
        return ("true" if same else "differs"), found[:300]
    return result, found[:300]


def _difference(tour: Tour) -> Mapping[str, Any]:
    return rule(DIFFERENCE_RULE, region=tour.visited, on=local_day(timezone.now())).value


@transaction.atomic
def finish(ref: str, *, summary: str, actor: Actor) -> Tour:
    """Finish scoring: the score follows from the items and the sample, and the visited region is asked to answer.

    Raises NotFound, NotPermitted, MoveRefused, NothingScored, SampleOpen.
    """
    tour, move = frame.begin(Tour, ref, "finish", actor=actor)
    items = [cycle.Scored(item.full, item.got) for item in tour.items.all()]
    if all(item.got is None for item in items):
        raise NothingScored
    samples = list(tour.samples.order_by("place"))
    if unchecked := next((s for s in samples if not s.result), None):
        raise SampleOpen(ref=unchecked.ref)
    found = rule(DIFFERENCE_RULE, region=tour.visited, on=local_day(timezone.now()))
    wrong = sum(s.result != "true" for s in samples)
    verdict = cycle.tour_score(items, len(samples), wrong, points=float(found.value["points"]), source=found.source)
    now = timezone.now()
    changed = {
        "score": verdict.value,
        "reasons": frame.reasons_json(verdict.reasons),
        "summary": summary[:2000],
        "scored_at": now,
        "scored_by": actor.id,
    }
    frame.finish(
        tour,
        move,
        actor=actor,
        changed=changed,
        after={"score": verdict.value, "wrong": wrong, "checked": len(samples)},
    )
    emit(TourScored(tour_id=tour.id, ref=tour.ref, region_code=tour.region_code, score=verdict.value, at=now))
    frame.expect(
        tour,
        move="answer",
        right=ANSWER_RIGHT,
        title=Text(f"确认巡查结果 · {tour.title}", f"Confirm the result of the tour · {tour.title}"),
        rule=ANSWER_RULE,
        at_level=frame.level_of(tour.region_code),
        actor=actor,
    )
    return tour


@transaction.atomic
def answer(ref: str, *, text: str, actor: Actor) -> Tour:
    """Confirm the result of a tour, with what will be done. Raises NotFound, NotPermitted, MoveRefused."""
    tour, move = frame.begin(Tour, ref, "answer", actor=actor)
    frame.met(tour, ANSWER_RULE)
    return frame.finish(tour, move, actor=actor, changed={"answer": text[:2000]}, note=text)


@transaction.atomic
def cancel(ref: str, *, reason: str, actor: Actor) -> Tour:
    """Cancel a planned tour. Raises NotFound, NotPermitted, MoveRefused."""
    tour, move = frame.begin(Tour, ref, "cancel", actor=actor)
    return frame.finish(tour, move, actor=actor, note=reason)


@dataclass(frozen=True, slots=True)
class Visited:
    """A region and its tours of a span: how many were made, the last one, and the next one planned."""

    region: str
    times: int
    last: Tour | None
    planned: Tour | None


def coverage(region: str, first: date, last: date, *, actor: Actor) -> list[Visited]:
    """Every region just below, the ones not yet visited first. A planned tour that the actor may not see does not show.

    The database counts and picks: of ten thousand tours two for each region are read.
    """
    below = [child.code for child in regions.children(region)]
    rows = Tour.objects.visible_to(actor).filter(visited__in=below, planned_on__range=(first, last))
    rows = rows.exclude(state=TourState.CANCELLED)
    made = rows.filter(scored_at__isnull=False)
    times = dict(made.order_by().values_list("visited").annotate(Count("pk")))
    latest = _first_of_each(made, F("planned_on").desc(), F("id").desc())
    ahead = _first_of_each(rows.filter(state__in=(TourState.PLANNED, TourState.BEGUN)), F("planned_on"), F("id"))
    known = Tour.objects.in_bulk([*latest.values(), *ahead.values()])
    found = [
        Visited(code, times.get(code, 0), known.get(latest.get(code)), known.get(ahead.get(code))) for code in below
    ]
    return sorted(found, key=lambda v: (v.times > 0, v.region))


def _first_of_each(rows: QuerySet[Tour], *order: F | OrderBy) -> dict[str, UUID]:
    """The key of the first tour of each region in this order."""
    placed = rows.annotate(nth=Window(RowNumber(), partition_by="visited", order_by=order))
    return dict(placed.filter(nth=1).values_list("visited", "pk"))
