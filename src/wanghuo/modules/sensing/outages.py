"""Outages: how long devices did not do their work, and who must mend them by when.

An outage begins when a device goes off line or into fault and ends when it is heard again without the fault. One that outlasts
a grace (rule `sensing.dead_after`) becomes a duty of whoever must mend it, with the clock of `sensing.mend`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.ids import new_ids
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.access.scope import SCOPE_FIELDS
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.loops import Subject, close_duties, open_duty, start_clock, stop_clock, void_clock
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.sensing import bulk, league
from wanghuo.modules.sensing.models import Device, Outage
from wanghuo.modules.sensing.states import DEVICE, DeviceState

S = DeviceState
SUBJECT, RIGHT, MOVE = "device_outage", "sensing.mend", "mend"
GRACE_RULE, MEND_RULE = "sensing.dead_after", "sensing.mend"
AT_ONCE = 200  # duties opened in one run of the clock: a network that is down must not flood the inboxes in a minute
KINDS = {"offline": Text("失联", "off line"), "fault": Text("故障", "in fault")}
"""Why a device does not do its work."""

OPENS = {S.OFFLINE: "offline", S.FAULT: "fault"}
ENDS: dict[str, tuple[str, ...]] = {
    S.OK: ("offline", "fault"),
    S.LOW_BATTERY: ("offline", "fault"),
    S.MUTED: ("offline", "fault"),
    S.RETIRED: ("offline", "fault"),
    S.FAULT: ("offline",),
}
"""What it means for the outages of a device that it comes into a state. Late, off line and maintenance end nothing."""


def follow(moved: Mapping[DeviceState, Sequence[Any]], at: datetime) -> None:
    """Begin and end the outages of devices that came into a state, within the transaction that changed it."""
    for state, ids in moved.items():
        if state in ENDS:
            lasting = Outage.objects.filter(device_id__in=ids, kind__in=ENDS[state], ended_at=None)
            end(lasting, at, void=state == S.RETIRED)
    _begin(moved.get(S.OFFLINE, ()), "offline", "coalesce(last_seen_at, %s)", [at], at)
    _begin(moved.get(S.FAULT, ()), "fault", "%s", [at], at)


def never_came(ids: Sequence[Any], at: datetime) -> None:
    """These devices are off line without having gone: never heard since they were registered."""
    _begin(ids, "offline", "registered_at", [], at)


def returned(device: Device, at: datetime) -> None:
    """This one is off line since it was returned to service, until it is heard."""
    _begin([bulk.key(device.pk)], "offline", "%s", [at], at)


_PLACE = ", ".join(SCOPE_FIELDS)


def _begin(ids: Sequence[Any], kind: str, since: str, moments: Sequence[datetime], at: datetime) -> None:
    """`ids`: as the database takes them. `since`: SQL over the device, and the `moments` in it."""
    if not ids:
        return
    found_at = bulk.prepared(Outage._meta.get_field("found_at"), [*moments, at])
    made = [bulk.key(id) for id in new_ids(len(ids))]
    relation, values = bulk.given({"made": "uuid", "key": "uuid"}, list(zip(made, ids, strict=True)))
    statement = (
        f"INSERT INTO sensing_outage (id, device_id, kind, since, found_at, {_PLACE}) "  # noqa: S608 — names made here
        f"SELECT given.made, id, %s, {since}, %s, {_PLACE} FROM {relation} CROSS JOIN sensing_device "
        "WHERE id = given.key ON CONFLICT DO NOTHING"
    )  # CROSS: SQLite keeps the order, so that it looks up each device once
    with connection.cursor() as cursor:
        cursor.execute(statement, [kind, *found_at, *values])


def end(outages: QuerySet[Outage], at: datetime, *, void: bool = False) -> int:
    """End these outages, and the duties and clocks of those that had some. `void`: the question no longer arises."""
    asked = list(
        outages.exclude(due_at=None).values_list(
            "pk", "since", "device__region_code", "device__maker", "device__installer"
        )
    )
    count = outages.update(ended_at=at)
    by, now = system_actor("sensing"), timezone.now()
    for id, since, region, maker, installer in asked:
        (void_clock if void else stop_clock)(SUBJECT, id, rule=MEND_RULE, at=now)
        close_duties(SUBJECT, id, by=by)
        if not void:
            seconds = max(0, round((at - since).total_seconds()))
            league.add(local_day(at), (region, maker, installer), mended=1, mend_s=seconds)
    return count


def ask_to_mend(now: datetime | None = None) -> int:
    """Open the duties of outages that outlasted the grace; gives how many. Run by the clock, a few hundred at a time."""
    now = now or timezone.now()
    grace = grace_of("0", now)
    waiting = (
        Outage.objects.filter(ended_at=None, due_at=None, found_at__lte=now - grace)
        .exclude(device__state__in=(S.MAINTENANCE, S.RETIRED))
        .order_by("found_at")
    )
    return sum(each(list(waiting.values_list("pk", flat=True)[:AT_ONCE]), lambda id: _ask(id, now)).done)


def grace_of(region: str, on: datetime) -> timedelta:
    """How long an outage may last before somebody is asked to mend it."""
    value = rule(GRACE_RULE, region=region, on=on.date()).value
    return timedelta(minutes=float(value.get("minutes", 0)), hours=float(value.get("hours", 0)))


@transaction.atomic
def _ask(outage_id: UUID, now: datetime) -> int:
    row = Outage.objects.select_for_update(of=("self",)).select_related("device").filter(pk=outage_id).first()
    if row is None or row.ended_at is not None or row.due_at is not None:
        return 0
    if now - row.found_at < grace_of(row.region_code, now):
        return 0
    subject = subject_of(row)
    clock = start_clock(subject, rule=MEND_RULE, start=row.found_at, move=MOVE)
    open_duty(
        subject,
        move=MOVE,
        title=title_of(row),
        right=RIGHT,
        asked_by=system_actor("sensing"),
        rule=MEND_RULE,
        clock=clock,
        at_level="unit" if row.scope_unit else None,
    )
    row.due_at = clock.due_at
    row.save(update_fields=["due_at"])
    return 1


def subject_of(row: Outage) -> Subject:
    """What the duty is about: the device."""
    return Subject.of(row, SUBJECT, DEVICE.what, ref=row.device.ref, url=f"/devices/{row.device.ref}")


def title_of(row: Outage) -> Text:
    """What is to be done, in words."""
    device = row.device
    where = " ".join(filter(None, (device.floor, device.location))) or device.ref
    return Text("修复{kind}设备：{where}", "mend the device that is {kind}: {where}").filled(
        {"kind": KINDS[row.kind], "where": where}
    )


def open_outages(device_ids: Iterable[UUID]) -> dict[UUID, list[Outage]]:
    """The outages that last, of some devices, the oldest first."""
    found: dict[UUID, list[Outage]] = {}
    for row in Outage.objects.filter(device_id__in=list(device_ids), ended_at=None).order_by("since"):
        found.setdefault(row.device_id, []).append(row)
    return found
