"""Where the fold meets the tables: devices and their parts, loaded and stored. Used by ingest alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from wanghuo.modules.sensing.fold import Active, Known, Part, Told
from wanghuo.modules.sensing.models import Component, Device, IngestPosition
from wanghuo.modules.sensing.observe import DEVICE_KEY, Key, key_text
from wanghuo.modules.sensing.profiles import profile
from wanghuo.modules.sensing.states import DeviceState, Facts

CHUNK, SEEN_CHUNK = 500, 200  # rows of one transaction: a fire waits for one at most
OVERLAP = timedelta(seconds=5)  # changes are asked for again this far back: a commit may show late
AWAY = (DeviceState.OFFLINE, DeviceState.LATE)


def instant(seconds: float) -> datetime:
    """Seconds since 1970 as an aware instant."""
    return datetime.fromtimestamp(seconds, UTC)


def known_device(row: Device, old: Known | None = None) -> Known:
    """A row of the register as the fold holds it; what it remembers between frames is kept."""
    device = old or Known(row.id, bytes.fromhex(row.source), row.ref, profile(row.profile), row)
    device.ref, device.profile, device.row = row.ref, profile(row.profile), row
    device.muted_until_s = row.muted_until.timestamp() if row.muted_until else 0.0
    device.maintenance = row.state == DeviceState.MAINTENANCE
    if old is None or row.clock_offset_s is None:
        device.offset_s = row.clock_offset_s
    return device


def load_devices(devices: dict[bytes, Known], since: datetime | None) -> datetime:
    """Bring the fold's devices up to date with the register (changes since `since`); gives the new `since`.

    A device that is retired acts no more: its frames are a stranger's.
    """
    now = timezone.now()
    rows = Device.objects.all() if since is None else Device.objects.filter(changed_at__gte=since)
    if since is None:
        rows = rows.exclude(state=DeviceState.RETIRED)
    for row in rows.iterator(2000):
        source = bytes.fromhex(row.source)
        if row.state == DeviceState.RETIRED:
            devices.pop(source, None)
        else:
            old = devices.get(source)
            devices[source] = known_device(row, old if old and old.id == row.id else None)
    return now - OVERLAP


def parts_of(device: Known) -> dict[Key, Part]:
    """The stored parts of a device."""
    found: dict[Key, Part] = {}
    for row in Component.objects.filter(device_id=device.id):
        key = DEVICE_KEY if row.key == "uitd" else tuple(map(int, row.key.split(".")))
        active = {c: Active(UUID(a["id"]), a["since"]) for c, a in row.active.items()}
        since_s = row.since.timestamp() if row.since else None
        found[key] = Part(key, row.id, row.word, since_s, row.location, row.location_given, active, True, row.location)
    return found


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


def facts_of(device: Known, *, silent_s: float | None) -> Facts:
    """What decides how a device is doing."""
    row = device.row
    return Facts(
        retired=False,
        maintenance=device.maintenance,
        silent_s=silent_s,
        heartbeat_s=device.profile.heartbeat_s,
        faulty=row.faulty,
        standby_low=row.standby_low,
        muted=device.muted_until_s > timezone.now().timestamp(),
    )


def position() -> IngestPosition:
    """How far the journal was taken in."""
    return IngestPosition.objects.get_or_create(pk=1)[0]


def store_heard_through(received_us: int) -> None:
    """Who was heard up to this receive time is stored; before that is done, nobody's silence is judged beyond it."""
    if received_us:
        IngestPosition.objects.filter(pk=1).update(heard_through_at=instant(received_us / 1e6))


def store_state_through(through: int) -> None:
    """All readings and times up to this batch are stored; events up to it had no effect that is not recorded."""
    with transaction.atomic():
        row = IngestPosition.objects.select_for_update().get(pk=1)
        row.state_through = max(row.state_through, through)
        row.events_through = max(row.events_through, through)
        row.save(update_fields=["state_through", "events_through"])
