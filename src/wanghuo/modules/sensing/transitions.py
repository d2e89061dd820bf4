"""How devices come from one state to another: the one place where `Device.state` changes by what is heard of them.

Set by set, under a lock on the rows, so that each transition happens once and is told once, whoever notices it first: ingest,
the clock or a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from wanghuo.engines.supervision import CODES, FOREVER, NEVER, Fleet, decide, next_us
from wanghuo.kernel.outbox import Event, emit
from wanghuo.modules.sensing import bulk, contracts, outages
from wanghuo.modules.sensing.models import Device, IngestPosition, SensorEvent
from wanghuo.modules.sensing.profiles import profiles
from wanghuo.modules.sensing.states import DeviceState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = 2000
TOGETHER = (
    64  # devices in one event when very many go off line at once: what a listener does with it is one transaction
)
NUMBERS = {code: number for number, code in enumerate(CODES)}
S = DeviceState
_MOVED_BY_CLOCK = frozenset({S.MAINTENANCE, S.RETIRED})


class Row(NamedTuple):
    """What deciding takes of a device."""

    id: UUID
    state: str
    profile: str
    last_seen_at: datetime | None
    faulty: bool
    standby_low: bool
    muted_until: datetime | None
    maintenance_from: datetime | None
    maintenance_until: datetime | None
    check_at: datetime | None
    ref: str
    region_code: str
    unit_id: UUID | None
    registered_at: datetime
    province_code: str
    city_code: str
    county_code: str
    town_code: str
    sector: str
    scope_unit: UUID | None


class Moved(NamedTuple):
    """A device that changed its state."""

    row: Row
    after: str


def us(at: datetime | None, otherwise: int = NEVER) -> int:
    """An instant in microseconds since 1970 UTC."""
    return otherwise if at is None else (at - EPOCH) // timedelta(microseconds=1)


def instant(at_us: int) -> datetime:
    """Microseconds since 1970 UTC as an instant."""
    return EPOCH + timedelta(microseconds=at_us)


def fleet_of(rows: Sequence[Row], heard: Mapping[UUID, datetime] | None = None) -> Fleet:
    """Rows as the columns that the engine judges. `heard`: when they were heard, where the rows do not say so yet."""
    known = profiles()
    windows = {code: (int(kind.late_s * 1e6), int(kind.offline_s * 1e6)) for code, kind in known.items()}
    standard = windows["standard"]
    pairs = [windows.get(row.profile, standard) for row in rows]
    fleet = Fleet.new([late for late, _ in pairs], [offline for _, offline in pairs])
    told = heard or {}
    fleet.heard_us[:] = [max(us(row.last_seen_at), us(told.get(row.id))) for row in rows]
    fleet.faulty[:] = [row.faulty for row in rows]
    fleet.low[:] = [row.standby_low for row in rows]
    fleet.muted_until_us[:] = [us(row.muted_until) for row in rows]
    # under maintenance without a beginning: a person said so, and nobody said until when
    begun = [NEVER if row.state == S.MAINTENANCE else FOREVER for row in rows]
    fleet.maintenance_from_us[:] = [us(row.maintenance_from, b) for row, b in zip(rows, begun, strict=True)]
    fleet.maintenance_until_us[:] = [us(row.maintenance_until, FOREVER) for row in rows]
    fleet.retired[:] = [row.state == S.RETIRED for row in rows]
    return fleet


def locked(ids: Iterable[UUID]) -> list[Row]:
    """The rows of some devices, locked, in one order for everyone."""
    found = Device.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk")
    return [Row(*values) for values in found.values_list(*Row._fields)]


@transaction.atomic
def settle(
    ids: Iterable[UUID], *, at: datetime, since: datetime | None, heard: Mapping[UUID, datetime] | None = None
) -> int:
    """Judge these devices as of `at`, we having listened since `since`; store and tell what changed. Gives how many moved.

    `heard`: when those were heard that were heard just now: their silence is over, whatever `at` is (a clock that jumps
    between two frames must not make the first silent). May be called again with the same facts: then nothing moves.
    """
    rows = locked(ids)
    if not rows:
        return 0
    fleet, at_us, since_us = fleet_of(rows, heard), us(at), us(since)
    was = np.array([NUMBERS[row.state] for row in rows], np.uint8)
    fresh = np.array([heard is not None and row.id in heard for row in rows])
    states = decide(fleet, at_us, since_us, was)
    states[fresh] = decide(fleet.some(fresh), at_us, at_us)
    until = next_us(fleet, at_us, since_us)
    moved = [Moved(row, CODES[state]) for row, state in zip(rows, states, strict=True) if CODES[state] != row.state]
    checks = [None if moment == FOREVER else instant(int(moment)) for moment in until]
    _store(rows, [CODES[state] for state in states], checks)
    outages.follow(moved, at)
    silent = [row for row, state in zip(rows, states, strict=True) if _never_came(row, state)]
    outages.off_line_since([(row, row.registered_at) for row in silent], at)
    _tell(moved, at)
    return len(moved)


def listened(position: IngestPosition | None = None) -> tuple[datetime, datetime | None]:
    """As of when states can be judged now, and since when we listened: of the journal as far as it was read, else now."""
    row = position or IngestPosition.objects.filter(pk=1).first()
    if row is None or row.through_at is None:
        return timezone.now(), None
    return min(row.through_at, row.heard_through_at or row.through_at), row.listening_since


def settle_now(ids: Iterable[UUID]) -> int:
    """Judge these devices at once: a person changed what counts (a mute, a maintenance, a profile, a return to service)."""
    at, since = listened()
    return settle(ids, at=at, since=since)


def _never_came(row: Row, state: int) -> bool:
    return CODES[state] == S.OFFLINE and row.last_seen_at is None


def _store(rows: Sequence[Row], states: Sequence[str], checks: Sequence[datetime | None]) -> None:
    changed = [
        (row.id, state, check)
        for row, state, check in zip(rows, states, checks, strict=True)
        if state != row.state or check != row.check_at
    ]
    ids, fields = [id for id, _, _ in changed], Device._meta
    moments = bulk.prepared(fields.get_field("check_at"), [check for _, _, check in changed])
    values = list(zip([state for _, state, _ in changed], moments, bulk.prepared(fields.pk, ids), strict=True))
    if values:
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE sensing_device SET state = %s, check_at = %s WHERE id = %s", values)
    told = [row.id for row, s in zip(rows, states, strict=True) if s != row.state and {s, row.state} & _MOVED_BY_CLOCK]
    if told:  # ingest looks at devices that changed: what they report under maintenance is a test
        Device.objects.filter(pk__in=told).update(changed_at=timezone.now())


def _tell(moved: Sequence[Moved], at: datetime) -> None:
    """One event for each device that went off line or came back; those that went with very many others are told together."""
    gone = [row for row, after in moved if after == S.OFFLINE]
    back = [row for row, after in moved if row.state == S.OFFLINE and after not in _MOVED_BY_CLOCK]
    if not gone and not back:
        return
    events: list[Event] = []
    if len(gone) > TOGETHER:
        events += [
            contracts.DevicesOffline([row.id for row in gone[start : start + TOGETHER]], at)
            for start in range(0, len(gone), TOGETHER)
        ]
    else:
        events += [
            contracts.DeviceOffline(row.id, row.ref, row.region_code, row.unit_id, row.last_seen_at or at, at)
            for row in gone
        ]
    events += [contracts.DeviceOnline(row.id, row.ref, row.region_code, row.unit_id, at) for row in back]
    columns = {"what": ["offline"] * len(gone) + ["online"] * len(back)}
    bulk.insert(SensorEvent, {"device_id": [row.id for row in (*gone, *back)], **columns}, at=at, received_at=at)
    emit(*events)
