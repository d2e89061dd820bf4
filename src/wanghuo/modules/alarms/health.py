"""The health of alarms in a region: what operators bear, what is kept back and why, who the bad actors are. Reads alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import TruncMinute
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.engines.alarm_logic import PRIORITIES, Kind
from wanghuo.engines.alarm_logic.health import Load, load, percentile
from wanghuo.engines.codecs.gb26875.tables import component_type_name
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import ScopedQuerySet
from wanghuo.modules.alarms import selectors
from wanghuo.modules.alarms.models import Shelf, Shift
from wanghuo.modules.alarms.policy import bands_at, policy_at
from wanghuo.modules.alarms.states import CAUSES, OPEN, AlarmState, FalseCause
from wanghuo.modules.alarms.words import NAMES

MOST_TIMES = 20_000  # judged alarms that percentiles are taken of; the newest
ACTORS = 10
FALSE_OR_FIRE = (AlarmState.FALSE, AlarmState.FIRE, AlarmState.CLOSED)
WHY_NAMES = {
    "again": Text("重复信号归并", "repeats folded in"),
    "first_out": Text("随首发归并", "grouped under the first"),
    "flood": Text("洪泛或片区中断归并", "grouped in a flood or outage"),
    "delay": Text("延时观察", "waited whether it stays"),
    "ask_window": Text("维护时段内先核实", "asked first: maintenance"),
    "ask_chatter": Text("抖动点位先核实", "asked first: chatters"),
    "ask_offender": Text("反复误报点位先核实", "asked first: repeat offender"),
    "ask_echo": Text("刚判误报先核实", "asked first: just judged false"),
    "shelf": Text("搁置", "shelved"),
    "window": Text("维护时段", "maintenance"),
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's load and speed over the time."""

    name: str
    hours: float
    taken: int
    per_hour: float | None
    take_p50: float | None
    take_p95: float | None
    judge_p50: float | None
    judge_p95: float | None


@dataclass(frozen=True, slots=True)
class BadActor:
    """A point that gave many alarms."""

    device_ref: str
    component_key: str
    name: Text
    place: str
    alarms: int
    signals: int
    share: float
    newest: datetime


def alarms_of(actor: Actor, region: str, start: datetime, end: datetime) -> ScopedQuerySet:
    """The alarms received here in the span, past ones from files left out."""
    rows = selectors.visible(actor).in_region(region)
    return rows.filter(received_at__gte=start, received_at__lt=end, imported=False)


def minutes(rows: ScopedQuerySet, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """How many alarms operators were called to, minute by minute."""
    shown = rows.filter(shown_at__gte=start, shown_at__lt=end)
    counts = shown.annotate(minute=TruncMinute("shown_at")).values_list("minute").annotate(n=Count("pk"))
    return sorted(counts.order_by())


def load_of(counts: list[tuple[datetime, int]], region: str, start: datetime, end: datetime, seats: int) -> Load:
    """The load of the seats against the bands in force."""
    times = (at.timestamp() for at, n in counts for _ in range(n))
    return load(times, start=start.timestamp(), end=end.timestamp(), bands=bands_at(region, end), seats=seats)


def per_hour(counts: list[tuple[datetime, int]], start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Alarms shown in each hour (each day, from eight days on)."""
    long = end - start > timedelta(days=8)
    found: Counter[datetime] = Counter()
    for at, n in counts:
        local = timezone.localtime(at)
        found[local.replace(hour=0, minute=0) if long else local.replace(minute=0)] += n
    step = timedelta(days=1) if long else timedelta(hours=1)
    first = timezone.localtime(start).replace(minute=0, second=0, microsecond=0)
    at = first.replace(hour=0) if long else first
    line = []
    while at < end:
        line.append((at, found.get(at, 0)))
        at += step
    return line


def kept_by_reason(rows: ScopedQuerySet) -> list[tuple[str, Text, int]]:
    """How often each reason kept an alarm from the operator at first, most often first."""
    counts = dict(
        rows.filter(route_why__in=list(WHY_NAMES)).values_list("route_why").annotate(n=Count("pk")).order_by()
    )
    counts["again"] = rows.aggregate(n=Sum(F("count") - 1))["n"] or 0
    return sorted(((w, WHY_NAMES[w], n) for w, n in counts.items() if n), key=lambda line: -line[2])


def standing(actor: Actor, region: str, now: datetime) -> dict[str, int]:
    """What stands now: before operators, stale, coming and going, shelved."""
    stale = now - timedelta(seconds=policy_at(region, now).stale_s)
    rows = selectors.visible(actor).in_region(region).filter(state__in=OPEN, imported=False)
    found = rows.aggregate(
        standing=Count("pk", filter=Q(route="show")),
        stale=Count("pk", filter=Q(received_at__lt=stale)),
        chattering=Count("pk", filter=Q(comes_and_goes=True)),
    )
    shelves = Shelf.objects.visible_to(actor).in_region(region).filter(ended_at__isnull=True, until__gt=now)
    return {**found, "shelved": shelves.count()}


def by_class(rows: ScopedQuerySet) -> dict[int, int]:
    """How many alarms of each class operators were called to."""
    counts = rows.filter(shown_at__isnull=False).values_list("priority").annotate(n=Count("pk")).order_by()
    return dict.fromkeys(PRIORITIES, 0) | dict(counts)


def bad_actors(rows: ScopedQuerySet) -> list[BadActor]:
    """The points that gave most, with their share of all."""
    whole = rows.count()
    groups = rows.exclude(device_id=None).values("device__ref", "component_key", "condition")
    found = groups.annotate(n=Count("pk"), signals=Sum("count"), newest=Max("received_at"), where=Max("place"))
    return [
        BadActor(
            g["device__ref"],
            g["component_key"],
            NAMES[g["condition"]],
            g["where"],
            g["n"],
            g["signals"],
            g["n"] / whole,
            g["newest"],
        )
        for g in found.order_by("-n", "-newest")[:ACTORS]
    ]


def false_by_cause(rows: ScopedQuerySet) -> list[tuple[str, Text, int]]:
    """False alarms by their cause, most often first."""
    false = rows.filter(kind=Kind.FIRE, state=AlarmState.FALSE).exclude(cause="")
    counts = false.values_list("cause").annotate(n=Count("pk")).order_by("-n")
    return [(cause, CAUSES[FalseCause(cause)], n) for cause, n in counts]


def false_by_type(rows: ScopedQuerySet) -> list[tuple[Text, int, int]]:
    """For each type of component: false ones, and judged ones, among fire alarms; the most judged first."""
    judged = rows.filter(kind=Kind.FIRE, state__in=FALSE_OR_FIRE, component_type__isnull=False)
    counts = judged.values_list("component_type").annotate(
        false=Count("pk", filter=Q(state=AlarmState.FALSE)), n=Count("pk")
    )
    return [(component_type_name(kind), false, n) for kind, false, n in counts.order_by("-n")[:ACTORS]]


def speeds(rows: ScopedQuerySet) -> dict[str, float | None]:
    """Seconds to take and to judge a fire alarm from when the operator was called: median and the 95th percentile."""
    fires = rows.filter(kind=Kind.FIRE, shown_at__isnull=False).order_by("-id")
    return _speeds(fires.values_list("shown_at", "taken_at", "judged_at")[:MOST_TIMES])


def _speeds(rows: Any) -> dict[str, float | None]:
    take, judge = [], []
    for shown, taken, judged in rows:
        if taken is not None:
            take.append(max(0.0, (taken - shown).total_seconds()))
        if judged is not None:
            judge.append(max(0.0, (judged - shown).total_seconds()))
    return {
        "take_p50": percentile(take, 0.5),
        "take_p95": percentile(take, 0.95),
        "judge_p50": percentile(judge, 0.5),
        "judge_p95": percentile(judge, 0.95),
    }


def seats_of(rows: ScopedQuerySet, region: str, start: datetime, end: datetime) -> list[Seat]:
    """Each person who sat at a seat in the span: hours, alarms taken, speed."""
    shifts = Shift.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=start), started_at__lt=end)
    if region != "0":
        shifts = shifts.filter(region_code__startswith=region)
    hours: Counter[int] = Counter()
    names: dict[int, str] = {}
    for shift in shifts:
        spent = min(shift.ended_at or end, end) - max(shift.started_at, start)
        hours[shift.user_id] += max(0, int(spent.total_seconds()))
        names[shift.user_id] = f"{shift.user_name}（{shift.seat}）"
    found = []
    for user, seconds in hours.most_common(50):
        mine = rows.filter(taken_by=user, shown_at__isnull=False).order_by("-id")
        taken = mine.count()
        speed = _speeds(mine.filter(kind=Kind.FIRE).values_list("shown_at", "taken_at", "judged_at")[:MOST_TIMES])
        rate = taken / (seconds / 3600) if seconds >= 600 else None
        found.append(Seat(names[user], seconds / 3600, taken, rate, **speed))
    return found


def seats_meanwhile(region: str, start: datetime, end: datetime) -> int:
    """How many seats were taken in the span, one at least."""
    shifts = Shift.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=start), started_at__lt=end)
    if region != "0":
        shifts = shifts.filter(region_code__startswith=region)
    return max(1, shifts.values("region_code", "seat").distinct().count())


def offenders(actor: Actor, region: str, now: datetime) -> list[dict[str, Any]]:
    """The points that were false so often lately that they are suspect, worst first, with what came of them."""
    policy = policy_at(region, now)
    since = now - timedelta(days=policy.offender_days)
    rows = (
        selectors.visible(actor).in_region(region).filter(kind=Kind.FIRE, state=AlarmState.FALSE, judged_at__gte=since)
    )
    groups = rows.exclude(device_id=None).values("device_id", "device__ref", "component_key", "unit__ref", "unit__name")
    found = groups.annotate(
        n=Count("pk"), newest=Max("judged_at"), where=Max("place"), hazard=Max("hazard_ref"), last=Max("ref")
    )
    lines = list(found.filter(n__gte=policy.offender_false).order_by("-n", "-newest")[:200])
    for line in lines:
        same = rows.filter(device_id=line["device_id"], component_key=line["component_key"])
        cause = same.exclude(cause="").values_list("cause").annotate(n=Count("pk")).order_by("-n").first()
        line["cause"] = CAUSES[FalseCause(cause[0])] if cause else None
    return lines
