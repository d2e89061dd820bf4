"""Where the fold meets the tables: devices and their parts, loaded and stored. Used by ingest alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from wanghuo.base.ids import new_id
from wanghuo.modules.sensing import hours
from wanghuo.modules.sensing.fold import Told
from wanghuo.modules.sensing.known import (
    FAULTY,
    MAINTENANCE,
    STANDBY_LOW,
    Active,
    Devices,
    Entry,
    Known,
    Part,
)
from wanghuo.modules.sensing.messages import device_key, split_key
from wanghuo.modules.sensing.models import Component, Device, IngestPosition
from wanghuo.modules.sensing.observe import DEVICE_KEY, Key, key_text
from wanghuo.modules.sensing.states import DeviceState

LOAD_PAGE = 5_000  # devices read at a time at a start: a fire waits for one page at most
CHUNK, SEEN_CHUNK, SLOT_CHUNK = 500, 500, 20_000  # rows of one transaction: a fire waits for one at most
OVERLAP = timedelta(seconds=5)  # changes are asked for again this far back: a commit may show late
AWAY = (DeviceState.OFFLINE, DeviceState.LATE)


def instant(seconds: float) -> datetime:
    """Seconds since 1970 as an aware instant."""
    return datetime.fromtimestamp(seconds, UTC)


_COLUMNS = (
    "slot",
    "id",
    "protocol",
    "source",
    "profile",
    "region_code",
    "state",
    "faulty",
    "standby_low",
    "muted_until",
    "clock_offset_s",
    "last_seen_at",
)


def load_devices(devices: Devices, since: datetime | None) -> datetime:
    """Bring the fold's devices up to date with the register (changes since `since`); gives the new `since`.

    A device that is retired acts no more: its frames are a stranger's. One that is met for the first time gets its slot.
    """
    now = timezone.now()
    if since is None:
        rows = Device.objects.exclude(state=DeviceState.RETIRED)
    else:
        rows = Device.objects.filter(changed_at__gte=min(since, now - OVERLAP))  # the clock may have been put back
    _give_slots(rows)
    for row in rows.values_list(*_COLUMNS).iterator(10_000):
        entry = _entry(*row)
        if row[6] == DeviceState.RETIRED:
            devices.remove(entry.source)
        else:
            devices.put(entry)
    return now - OVERLAP


class Loading:
    """The register as it is taken in at a start, page by page, while ingest works already: a million devices take ten
    seconds, and no fire may wait for them. Those who speak meanwhile are looked up before their turn.
    """

    def __init__(self, devices: Devices) -> None:
        self._devices, self._after = devices, UUID(int=0)
        self._asked: set[bytes] = set()
        self.since = timezone.now() - OVERLAP
        """What changes from here on is taken in as a change."""

    def page(self) -> bool:
        """Take in the next page, in the order of the ids; whether that was the last."""
        rows = Device.objects.exclude(state=DeviceState.RETIRED).filter(pk__gt=self._after).order_by("pk")
        last = list(rows.values_list("pk", flat=True)[LOAD_PAGE - 1 : LOAD_PAGE])
        self._take(rows.filter(pk__lte=last[0]) if last else rows)
        if last:
            self._after = last[0]
        return not last

    def expect(self, keys: Iterable[bytes]) -> None:
        """These speak in the next round: they are looked up together."""
        self._asked.clear()
        self.look_up(keys)

    def look_up(self, keys: Iterable[bytes]) -> None:
        """Take in those of these who are in the register, and not here yet. A stranger is asked for once a round."""
        wanted = defaultdict[str, list[str]](list)
        for key in {key for key in keys if key not in self._devices} - self._asked:
            self._asked.add(key)
            protocol, source = split_key(key)
            wanted[protocol].append(source)
        for protocol, sources in wanted.items():
            for start in range(0, len(sources), CHUNK):
                some = sources[start : start + CHUNK]
                rows = Device.objects.exclude(state=DeviceState.RETIRED)
                self._take(rows.filter(protocol=protocol, source__in=some))

    def _take(self, rows: QuerySet[Device]) -> None:
        _give_slots(rows)
        for row in rows.values_list(*_COLUMNS).iterator(10_000):
            entry = _entry(*row)
            if entry.source not in self._devices:  # else more is known by now than is stored
                self._devices.put(entry)


def _give_slots(rows: QuerySet[Device]) -> None:
    """Number the devices that have no number yet. Only ingest does so, so that numbers follow one another."""
    new = list(rows.filter(slot=None).order_by("pk").values_list("pk", flat=True))
    if not new:
        return
    first = (Device.objects.aggregate(last=Max("slot"))["last"] or 0) + 1
    key = Device._meta.pk.get_db_prep_value
    for start in range(0, len(new), SLOT_CHUNK):
        some = new[start : start + SLOT_CHUNK]
        values = [(first + start + n, key(pk, connection)) for n, pk in enumerate(some)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany("UPDATE sensing_device SET slot = %s WHERE id = %s AND slot IS NULL", values)


def _entry(
    slot: int,
    id: UUID,
    protocol: str,
    source: str,
    profile: str,
    region: str,
    state: str,
    faulty: bool,
    standby_low: bool,
    muted_until: datetime | None,
    offset_s: float | None,
    last_seen_at: datetime | None,
) -> Entry:
    flags = MAINTENANCE * (state == DeviceState.MAINTENANCE) | FAULTY * faulty | STANDBY_LOW * standby_low
    muted_s = muted_until.timestamp() if muted_until else 0.0
    heard_s = int(last_seen_at.timestamp()) if last_seen_at else 0
    return Entry(device_key(protocol, source), slot, id.bytes, profile, region, flags, muted_s, offset_s, heard_s)


def rows_of(ids: Iterable[UUID]) -> dict[UUID, Device]:
    """The rows of some devices."""
    return Device.objects.in_bulk(list(ids))


def parts_of(device: Known) -> dict[Key, Part]:
    """The stored parts of a device."""
    read_parts([device])
    return device.parts or {}


def read_parts(devices: Iterable[Known]) -> None:
    """Read the stored parts of devices together, where they are not there yet."""
    missing = {device.id: device for device in devices if device.parts is None}
    ids = list(missing)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        found: dict[UUID, dict[Key, Part]] = {id: {} for id in some}
        for row in Component.objects.filter(device_id__in=some):
            part = _part(row)
            found[row.device_id][part.key] = part
        for id, parts in found.items():
            missing[id].parts = parts


def _part(row: Component) -> Part:
    key: Key = DEVICE_KEY if row.key == "uitd" else tuple(map(int, row.key.split(".")))
    active = {c: Active(UUID(a["id"]), a["since"]) for c, a in row.active.items()}
    since_s = row.since.timestamp() if row.since else None
    return Part(key, row.id, row.word, since_s, row.location, row.location_given, active, True, row.location)


def _component_row(told: Told) -> Component:
    key = told.part.key
    system = key + (None,) * (4 - len(key))
    return Component(
        id=told.part.id,
        device_id=told.device.id,
        key=key_text(key),
        system_type=system[0],
        system_address=system[1],
        type=system[2],
        address=system[3],
        location=told.location,
        location_given=told.part.location_given,
        word=told.word,
        since=instant(told.since_s) if told.since_s is not None else None,
        active={c: {"id": str(a.signal_id), "since": a.since_s} for c, a in told.active.items()},
    )


def store_new(pairs: Iterable[tuple[Known, Part]]) -> None:
    """Insert parts that are not in the table yet, with nothing but who they are; then call `mark_stored`.

    What they report belongs to the transaction that moves the position.
    """
    told = [Told(device, part, None, None, part.location, {}) for device, part in pairs if not part.stored]
    Component.objects.bulk_create([_component_row(t) for t in told], batch_size=CHUNK, ignore_conflicts=True)


def store_parts(told: Sequence[Told]) -> None:
    """Insert new parts, update changed ones; then call `mark_stored`. A location that people gave meanwhile stays."""
    new = [_component_row(t) for t in told if not t.part.stored]
    old = [_component_row(t) for t in told if t.part.stored]
    Component.objects.bulk_create(new, batch_size=CHUNK, ignore_conflicts=True)
    if old:
        names = ("word", "since", "active", "id")
        fields = [field for name in names for field in Component._meta.fields if field.name == name]
        values = [[f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields] for row in old]
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE sensing_component SET word = %s, since = %s, active = %s WHERE id = %s", values)
    for t in told:
        if t.part.stored and t.location != t.part.stored_location:
            Component.objects.filter(pk=t.part.id, location_given=False).update(location=t.location)


def mark_stored(parts: Iterable[Part]) -> None:
    """Look which of these parts are in the table now, once the transaction that stored them has succeeded."""
    parts = list(parts)
    new = [part.id for part in parts if not part.stored]
    there = set(Component.objects.filter(pk__in=new).values_list("pk", flat=True)) if new else set()
    for part in parts:
        part.stored = part.stored or part.id in there
        part.stored_location = part.location


class Superseded(Exception):
    """Another run of ingest has taken over; this one must end and write nothing more."""


def position() -> IngestPosition:
    """How far the journal was taken in."""
    return IngestPosition.objects.get_or_create(pk=1)[0]


def taken_in(row: IngestPosition) -> int:
    """The last batch of which anything is recorded."""
    return max(row.events_through, row.state_through)


def take_over() -> IngestPosition:
    """Make this run the one that may move the position; gives it, with the run's name as `holder`."""
    position()
    IngestPosition.objects.filter(pk=1).update(holder=str(new_id()))
    return position()


def held_position(holder: str) -> IngestPosition:
    """The position, locked until the transaction ends. Raises Superseded when another run has taken over."""
    row = IngestPosition.objects.select_for_update().get(pk=1)
    if row.holder != holder:
        raise Superseded
    return row


def store_seen(devices: Devices, slots: Sequence[int], hour: int) -> None:
    """Store when these devices were last heard, no later than the end of `hour`, and count those that were not heard in it
    before. For use in a transaction; what is counted follows from the times that are stored in it."""
    end_s = (hour + 1) * 3600 - 1e-6
    adapt = connection.ops.adapt_datetimefield_value
    rows = [
        (
            adapt(at := instant(min(devices.seen_us[slot] / 1e6, end_s))),
            f"{devices.seen_batch[slot]}:{devices.seen_index[slot]}",
            devices.offset(slot),
            slot,
            at,
        )
        for slot in slots
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_SEEN_TOGETHER, [list(column) for column in zip(*rows, strict=True)][:4])
        else:
            cursor.executemany(_SEEN, [(*row[:4], row[0]) for row in rows])
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for slot in slots:
        if devices.heard_s[slot] < hour * 3600:
            counts[devices.region_codes[devices.regions[slot]], hour] += 1
    hours.add({at: hours.Count(devices=count) for at, count in counts.items()})


_SEEN = """UPDATE sensing_device SET last_seen_at = %s, last_frame_ref = %s, clock_offset_s = %s
WHERE slot = %s AND (last_seen_at IS NULL OR last_seen_at < %s)"""

_SEEN_TOGETHER = """UPDATE sensing_device d SET last_seen_at = n.at, last_frame_ref = n.ref, clock_offset_s = n.lag
FROM unnest(%s::timestamptz[], %s::text[], %s::float8[], %s::int[]) AS n(at, ref, lag, slot)
WHERE d.slot = n.slot AND (d.last_seen_at IS NULL OR d.last_seen_at < n.at)"""


def store_heard_through(received_us: int) -> None:
    """Who was heard up to this receive time is stored; before that is done, nobody's silence is judged beyond it."""
    if received_us:
        IngestPosition.objects.filter(pk=1).update(heard_through_at=instant(received_us / 1e6))


def store_state_through(
    holder: str, through: int, counts: Mapping[tuple[int, int], tuple[int, int]], regions: Sequence[str]
) -> None:
    """All readings and times up to this batch are stored; events up to it had no effect that is not recorded.

    `counts`: messages and readings since the position stood last, by (index into `regions`, hour).
    """
    with transaction.atomic():
        row = held_position(holder)
        row.state_through = max(row.state_through, through)
        row.events_through = max(row.events_through, through)
        row.save(update_fields=["state_through", "events_through"])
        hours.add({(regions[region], hour): hours.Count(*more) for (region, hour), more in counts.items()})
