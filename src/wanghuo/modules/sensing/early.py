"""Early warnings of electrical fires: how the slow quantities of circuits stand, judged each hour from the history.

A warning (or worse) becomes a duty of the unit to have the circuit looked at, with the clock of `sensing.early_look`; what was found is
written down by name. It ends when the quantity stands well again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from wanghuo.base import Conflict, NotFound, Text, Verdict
from wanghuo.base.time import local_day
from wanghuo.engines.early_warning import Level, StandingParams, judge
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import SCOPE_FIELDS
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.loops import Subject, close_duties, next_ref, open_duty, start_clock, stop_clock
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.sensing import history
from wanghuo.modules.sensing.early_models import EarlyWarning
from wanghuo.modules.sensing.history import Point
from wanghuo.modules.sensing.models import Device, Reading
from wanghuo.modules.sensing.quantities import codes, quantity_name

SUBJECT, RIGHT, MOVE, LOOK_RULE = "early_warning", "sensing.mend", "look", "sensing.early_look"
WHAT = Text("电气火灾预警", "early warning of an electrical fire")
TITLE = Text("查看电气线路：{quantity}{where}", "look at a circuit: {quantity}{where}")
DAYS, FRESH = timedelta(days=8), timedelta(hours=3)
ELECTRICAL = (16, 17, 18)  # component types of GB/T 26875.3-2011, table 5: monitor, residual current, temperature
KEPT_QUIET = timedelta(days=7)  # after somebody looked, the same level asks nobody again

LEVELS: Mapping[int, tuple[Text, str]] = {
    Level.WATCH: (Text("关注", "watch"), "waiting"),
    Level.WARNING: (Text("预警", "warning"), "late"),
    Level.ALARM: (Text("越限", "above the limit"), "overdue"),
}
"""Word and mark of each level."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """A quantity of one reporter under a device."""

    device_id: UUID
    key: str
    quantity: int
    unit: str


def params_of(quantity: int, unit: str, *, region: str, on: datetime) -> StandingParams | None:
    """What is asked of a quantity; None for those that are not judged."""
    found = {
        (codes()["residual_current"], "mA"): "sensing.early_residual",
        (codes()["current"], "mA"): "sensing.early_residual",  # terminals that send it as a current, by their profile
        (codes()["temperature"], "℃"): "sensing.early_temperature",
    }.get((quantity, unit))
    if found is None:
        return None
    asked = rule(found, region=region, on=local_day(on))
    value = asked.value
    return StandingParams(
        set_point=float(value["set_point"]),
        unit=unit,
        run=int(value["run"]),
        week_rise=float(value["week_rise"]),
        least=float(value["least"]),
        source=asked.source,
    )


def circuits(now: datetime) -> list[Circuit]:
    """The quantities of electrical monitors that reported lately."""
    electrical = Q(component__type__in=ELECTRICAL) | Q(component__device__profile__startswith="electrical")
    rows = Reading.objects.filter(electrical, received_at__gte=now - FRESH).order_by("component__device_id")
    found = rows.values_list("component__device_id", "component__key", "quantity", "unit")
    wanted = {codes()[name] for name in ("residual_current", "current", "temperature")}
    return [Circuit(*row) for row in found if row[2] in wanted]


def judge_all(now: datetime | None = None) -> int:
    """Judge every circuit as of now; gives how many stand badly. Run by the clock."""
    now = now or timezone.now()
    by_device: dict[UUID, list[Circuit]] = {}
    for circuit in circuits(now):
        by_device.setdefault(circuit.device_id, []).append(circuit)
    devices = Device.objects.exclude(state="retired").in_bulk(by_device)

    def judge_device(device: Device) -> int:
        points = history.readings(device.id, now - DAYS, now + timedelta(minutes=5))
        return sum(_judge(device, circuit, points, now) for circuit in by_device[device.id])

    bad = sum(each(devices.values(), judge_device).done)
    _end_unheard(now)
    return bad


def _judge(device: Device, circuit: Circuit, points: Sequence[Point], now: datetime) -> bool:
    params = params_of(circuit.quantity, circuit.unit, region=device.region_code, on=now)
    own = series(points, circuit.key, circuit.quantity)
    if params is None or not own:
        return False
    load = _load(points, own)
    verdict = judge([at.timestamp() for at, _ in own], [v for _, v in own], params, load=load)
    keep(device, circuit, verdict, own[-1][1], now)
    return verdict.value > Level.NONE


def series(points: Iterable[Point], key: str, quantity: int) -> list[tuple[datetime, float]]:
    """The values of one quantity of one reporter, by time."""
    return sorted((p.at, p.value) for p in points if p.key == key and p.quantity == quantity)


def _load(points: Iterable[Point], own: Sequence[tuple[datetime, float]]) -> list[float] | None:
    """The circuit's load at the same moments, where the device reports it: the newest value not later."""
    loads = sorted(
        (p.at.timestamp(), p.value)
        for p in points
        if p.quantity in (codes()["power"], codes()["current"]) and p.unit != "mA"
    )
    if not loads:
        return None
    times, values = np.array([at for at, _ in loads]), np.array([value for _, value in loads])
    place = np.searchsorted(times, [at.timestamp() for at, _ in own], side="right") - 1
    return [float(values[p]) if p >= 0 else float("nan") for p in place]


@transaction.atomic
def keep(
    device: Device, circuit: Circuit, verdict: Verdict[Level], latest: float, now: datetime
) -> EarlyWarning | None:
    """Write down how a circuit stands: begin, change or end its warning; gives the one that is open."""
    rows = EarlyWarning.objects.select_for_update().filter(
        device=device, key=circuit.key, quantity=circuit.quantity, ended_at=None
    )
    row = rows.first()
    if verdict.value == Level.NONE:
        if row is not None:
            _end(row, now)
        return None
    reasons = [[r.code, r.message.zh, r.message.en, r.source] for r in verdict.reasons]
    if row is None:
        place = {name: getattr(device, name) for name in SCOPE_FIELDS}
        row = EarlyWarning(device=device, key=circuit.key, quantity=circuit.quantity, begun_at=now, level=0, **place)
        row.ref = next_ref("DQ", device.region_code, local_day(now).year)
    before, row.level, row.reasons = row.level, int(verdict.value), reasons
    row.unit, row.latest, row.judged_at = circuit.unit, latest, now
    row.save()
    if before != row.level:
        known = {"level": row.level, "reasons": [r[0] for r in reasons]}
        audit.record(system_actor("sensing"), "sensing:early:level", row.ref, region=row.region_code, after=known)
    if row.level >= Level.WARNING and row.due_at is None and _may_ask(row, before, now):
        _ask(row, now)
    return row


def _may_ask(row: EarlyWarning, before: int, now: datetime) -> bool:
    """Whether somebody is to be asked (again): not about what was looked at a few days ago, unless it got worse."""
    return row.looked_at is None or row.level > before > 0 or now - row.looked_at > KEPT_QUIET


def _ask(row: EarlyWarning, now: datetime) -> None:
    subject = subject_of(row)
    clock = start_clock(subject, rule=LOOK_RULE, start=now, move=MOVE)
    where = " · ".join(filter(None, (row.device.floor, row.device.location)))
    title = TITLE.filled({"quantity": quantity_name(row.quantity), "where": f"（{where}）" if where else ""})
    level = "unit" if row.scope_unit else None
    open_duty(
        subject,
        move=MOVE,
        title=title,
        right=RIGHT,
        asked_by=system_actor("sensing"),
        rule=LOOK_RULE,
        clock=clock,
        at_level=level,
    )
    row.due_at = clock.due_at
    row.save(update_fields=["due_at"])


def subject_of(row: EarlyWarning) -> Subject:
    """What the duty is about."""
    return Subject.of(row, SUBJECT, WHAT)


def _end(row: EarlyWarning, now: datetime) -> None:
    row.ended_at = now
    row.save(update_fields=["ended_at"])
    _settle(row, now, system_actor("sensing"))
    audit.record(
        system_actor("sensing"), "sensing:early:end", row.ref, region=row.region_code, after={"latest": row.latest}
    )


def _settle(row: EarlyWarning, now: datetime, by: Actor) -> None:
    if row.due_at is not None:
        stop_clock(SUBJECT, row.id, rule=LOOK_RULE, at=now)
        close_duties(SUBJECT, row.id, by=by)
        row.due_at = None
        row.save(update_fields=["due_at"])


def _end_unheard(now: datetime) -> None:
    """What a device no longer reports cannot be judged: after a day its warning ends (that it is silent is told elsewhere)."""
    for id in EarlyWarning.objects.filter(ended_at=None, judged_at__lt=now - timedelta(days=1)).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            row = EarlyWarning.objects.select_for_update().filter(pk=id, ended_at=None).first()
            if row is not None:
                _end(row, now)


def get_warning(ref: str, *, actor: Actor, lock: bool = False) -> EarlyWarning:
    """The warning with this reference. Out of scope and absent look the same: NotFound."""
    rows = EarlyWarning.objects.visible_to(actor)
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = rows.select_related("device", "device__unit").filter(ref=ref).first()
    if found is None:
        raise NotFound(what=WHAT, ref=ref)
    return found  # type: ignore[no-any-return]


class AlreadyLooked(Conflict):
    """Somebody else was quicker."""

    code = "sensing.early_looked"
    text = Text("{name} 已于 {at} 查看。", "{name} looked at {at}.")


@transaction.atomic
def looked(*, ref: str, finding: str, actor: Actor) -> EarlyWarning:
    """Write down who looked at the circuit and what was found. Raises NotFound, NotPermitted, AlreadyLooked."""
    row = get_warning(ref, actor=actor, lock=True)
    actor.require(RIGHT, row)
    now = timezone.now()
    if row.looked_at is not None and row.due_at is None and now - row.looked_at < KEPT_QUIET:
        raise AlreadyLooked(name=row.looked_name, at=f"{timezone.localtime(row.looked_at):%m-%d %H:%M}")
    row.looked_at, row.looked_by, row.looked_name, row.finding = now, actor.id, actor.name, finding
    row.save(update_fields=["looked_at", "looked_by", "looked_name", "finding"])
    _settle(row, now, actor)
    audit.record(actor, "sensing:early:looked", row.ref, region=row.region_code, after={"finding": finding})
    return row
