"""How devices come from one state to another: the one place where `Device.state` changes by what is heard of them.

Set by set, under a lock on the rows, so that each transition happens once and is told once, whoever notices it first: ingest,
the clock or a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from wanghuo.engines.supervision import CODES, FOREVER, NEVER, Fleet, decide, next_us
from wanghuo.engines.supervision.fleet import MAINTENANCE, OFFLINE, RETIRED, Ints, States
from wanghuo.kernel.outbox import Event, emit
from wanghuo.modules.sensing import bulk, contracts, outages
from wanghuo.modules.sensing.models import Device, IngestPosition
from wanghuo.modules.sensing.profiles import profiles
from wanghuo.modules.sensing.states import DeviceState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CHUNK = 1000  # devices in one transaction: alarms wait for its end
TOGETHER = (
    64  # devices in one event when very many go off line at once: what a listener does with it is one transaction
)
NUMBERS = {code: number for number, code in enumerate(CODES)}
Ids = Iterable[UUID] | QuerySet[Device, Any]
Flags = npt.NDArray[np.bool_]
_COLUMNS = (
    "id",
    "state",
    "profile",
    "last_seen_at",
    "faulty",
    "standby_low",
    "muted_until",
    "maintenance_from",
    "maintenance_until",
    "check_at",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What deciding takes of some devices, a place in each column for one. `ids`: as the database gives them; `check_us`: when
    they are to be looked at (FOREVER: not)."""

    ids: Sequence[Any]
    fleet: Fleet
    was: States
    never_heard: Flags
    check_us: Ints

    def of(self, which: Flags) -> list[Any]:
        """The ids of some."""
        return [self.ids[int(place)] for place in np.flatnonzero(which)]


def us(at: datetime | None, otherwise: int = NEVER) -> int:
    """An instant in microseconds since 1970 UTC."""
    return otherwise if at is None else (at - EPOCH) // MICROSECOND


def instant(at_us: int) -> datetime:
    """Microseconds since 1970 UTC as an instant."""
    return EPOCH + timedelta(microseconds=at_us)


def locked(ids: Ids) -> Found | None:
    """Some devices, locked, in one order for everyone; past the ORM, whose objects cost more than judging. None: there are none."""
    wanted = ids if isinstance(ids, QuerySet) else list(ids)
    if isinstance(wanted, list) and not wanted:
        return None
    rows = Device.objects.select_for_update().filter(pk__in=wanted).order_by("pk").values_list(*_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(*rows.query.sql_with_params())
        columns = list(zip(*cursor.fetchall(), strict=True))
    return _found(*columns) if columns else None


def _found(
    ids: Sequence[Any],
    states: Sequence[str],
    kinds: Sequence[str],
    heard: Sequence[datetime | None],
    faulty: Sequence[bool],
    low: Sequence[bool],
    muted: Sequence[datetime | None],
    begins: Sequence[datetime | None],
    ends: Sequence[datetime | None],
    checks: Sequence[datetime | None],
) -> Found:
    known = profiles()
    windows = {code: (int(kind.late_s * 1e6), int(kind.offline_s * 1e6)) for code, kind in known.items()}
    pairs = [windows.get(kind, windows["standard"]) for kind in kinds]
    fleet = Fleet.new([late for late, _ in pairs], [offline for _, offline in pairs])
    was = np.array([NUMBERS[state] for state in states], np.uint8)
    fleet.heard_us[:] = _moments(heard, NEVER)
    fleet.faulty[:], fleet.low[:] = faulty, low
    fleet.muted_until_us[:] = _moments(muted, NEVER)
    fleet.maintenance_from_us[:] = _moments(begins, FOREVER)
    # under maintenance without a beginning: a person said so, and nobody said until when
    fleet.maintenance_from_us[(was == MAINTENANCE) & (fleet.maintenance_from_us == FOREVER)] = NEVER
    fleet.maintenance_until_us[:] = _moments(ends, FOREVER)
    fleet.retired[:] = was == RETIRED
    return Found(ids, fleet, was, fleet.heard_us == NEVER, _moments(checks, FOREVER))


def _moments(values: Sequence[datetime | None], otherwise: int) -> Ints:
    """SQLite gives them without a zone, in UTC."""
    epoch = EPOCH if connection.vendor == "postgresql" else EPOCH.replace(tzinfo=None)
    found = [otherwise if at is None else (at - epoch) // MICROSECOND for at in values]
    return np.array(found, np.int64)


@transaction.atomic
def settle(ids: Ids, *, at: datetime, since: datetime | None, heard: Mapping[UUID, datetime] | None = None) -> int:
    """Judge these devices as of `at`, we having listened since `since`; store and tell what changed. Gives how many moved.

    `heard`: when those were heard that were heard just now: their silence is over, whatever `at` is (a clock that jumps
    between two frames must not make the first silent). May be called again with the same facts: then nothing moves.
    """
    found = locked(ids)
    if found is None:
        return 0
    told = {bulk.key(id): us(moment) for id, moment in (heard or {}).items()}
    fresh = np.array([id in told for id in found.ids])
    if told:
        now_heard = np.array([told.get(id, NEVER) for id in found.ids], np.int64)
        np.maximum(found.fleet.heard_us, now_heard, out=found.fleet.heard_us)
    at_us, since_us = us(at), us(since)
    states = decide(found.fleet, at_us, since_us, found.was)
    states[fresh] = decide(found.fleet.some(fresh), at_us, at_us)
    _store(found, states, next_us(found.fleet, at_us, since_us))
    moved = states != found.was
    outages.follow({DeviceState(CODES[n]): found.of(moved & (states == n)) for n in np.unique(states[moved])}, at)
    outages.never_came(found.of((states == OFFLINE) & found.never_heard), at)
    _tell(found, states, moved, at)
    return int(moved.sum())


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


def _store(found: Found, states: States, until: Ints) -> None:
    """Write what changed. Whose state did not is kept out of the indexes over states."""
    moved, later = states != found.was, until != found.check_us
    moments = {
        moment: None if moment == FOREVER else instant(int(moment)) for moment in np.unique(until[moved | later])
    }
    checks = dict(zip(moments, bulk.prepared(Device._meta.get_field("check_at"), list(moments.values())), strict=True))
    kinds = {"key": "uuid", "at": "timestamptz"}
    rows = [(found.ids[int(n)], checks[until[n]]) for n in np.flatnonzero(later & ~moved)]
    _update("check_at = given.at", kinds, rows)
    changed = [(found.ids[int(n)], checks[until[n]], CODES[states[n]]) for n in np.flatnonzero(moved)]
    _update("check_at = given.at, state = given.state", kinds | {"state": "text"}, changed)
    by_clock = [each == MAINTENANCE for each in (states, found.was)] + [each == RETIRED for each in (states, found.was)]
    told = found.of(moved & np.logical_or.reduce(by_clock))
    if told:  # ingest looks at devices that changed: what they report under maintenance is a test
        Device.objects.filter(pk__in=told).update(changed_at=timezone.now())


def _update(what: str, kinds: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        return
    relation, values = bulk.given(kinds, rows)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE sensing_device SET {what} FROM {relation} WHERE id = given.key", values)  # noqa: S608


def _tell(found: Found, states: States, moved: Flags, at: datetime) -> None:
    """One event for each device that went off line or came back; those that went with very many others are told together."""
    gone = found.of(moved & (states == OFFLINE))
    back = found.of(moved & (found.was == OFFLINE) & (states != MAINTENANCE) & (states != RETIRED))
    together = gone if len(gone) > TOGETHER else []
    events: list[Event] = [
        contracts.DevicesOffline([str(id) for id in together[start : start + TOGETHER]], at)
        for start in range(0, len(together), TOGETHER)
    ]
    events += [contracts.DeviceOffline(*of, seen or at, at) for of, seen in _facts([] if together else gone)]
    events += [contracts.DeviceOnline(*of, at) for of, _ in _facts(back)]
    if events:
        emit(*events)


def _facts(ids: Sequence[Any]) -> list[tuple[tuple[UUID, str, str, UUID | None], datetime | None]]:
    """Of some devices what is told of each, and when it was heard last."""
    if not ids:
        return []
    rows = Device.objects.filter(pk__in=ids).order_by("pk")
    told = rows.values_list("pk", "ref", "region_code", "unit_id", "last_seen_at")
    return [((id, ref, region, unit), seen) for id, ref, region, unit, seen in told]
