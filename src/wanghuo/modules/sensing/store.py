"""Where the fold meets the tables: loads what it needs, stores what it gives. Used by ingest alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from wanghuo.base.ids import new_id
from wanghuo.kernel.outbox import emit
from wanghuo.modules.sensing import contracts, rules
from wanghuo.modules.sensing.contracts import TRUSTS
from wanghuo.modules.sensing.fold import Active, Change, Effects, Fold, Known, Latest, Part
from wanghuo.modules.sensing.journal import Reader
from wanghuo.modules.sensing.models import (
    Command,
    Component,
    Device,
    GatewayCounter,
    GatewayReport,
    IngestPosition,
    QuarantinedDevice,
    Reading,
    SensorEvent,
)
from wanghuo.modules.sensing.observe import DEVICE_KEY, Key, key_text, label_s
from wanghuo.modules.sensing.profiles import profile
from wanghuo.modules.sensing.states import DeviceState, Facts, decide

CHUNK, SEEN_CHUNK = 500, 200  # rows of one transaction: a fire waits for one at most
REPORTS_KEPT = timedelta(days=7)
OVERLAP = timedelta(seconds=5)  # changes are asked for again this far back: a commit may show late
AWAY = (DeviceState.OFFLINE, DeviceState.LATE)
OPEN_COMMANDS = ("queued", "sent", "confirmed")


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
        found[key] = Part(key, row.id, row.word, since_s, row.location, row.location_given, active, stored=True)
    return found


def _component_row(device: Known, part: Part) -> Component:
    system = part.key + (None,) * (4 - len(part.key))
    return Component(
        id=part.id,
        device_id=device.id,
        key=key_text(part.key),
        system_type=system[0],
        system_address=system[1],
        type=system[2],
        address=system[3],
        location=part.location,
        location_given=part.location_given,
        word=part.word,
        since=instant(part.since_s) if part.since_s is not None else None,
        active={c: {"id": str(a.signal_id), "since": a.since_s} for c, a in part.active.items()},
    )


def store_parts(pairs: Iterable[tuple[Known, Part]]) -> None:
    """Insert new parts, update changed ones; the caller marks them stored once its transaction has succeeded.

    A location that people gave meanwhile stays.
    """
    pairs = list(pairs)
    Component.objects.bulk_create([_component_row(d, p) for d, p in pairs if not p.stored], batch_size=CHUNK)
    old = [_component_row(d, p) for d, p in pairs if p.stored]
    if old:
        Component.objects.bulk_update(old, ["word", "since", "active"], batch_size=200)
        for row in old:
            Component.objects.filter(pk=row.pk, location_given=False).exclude(location=row.location).update(
                location=row.location
            )


class Recorder:
    """Records one stretch of the journal: everything it caused, and the position, in one transaction."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def record(self, effects: Effects, through: int) -> None:
        """Store effects and move `events_through` to `through`, all or nothing; may be called again with the same
        effects."""
        with transaction.atomic():
            self._record(effects, through)
        for _, part in effects.parts.values():
            part.stored = True

    def _record(self, effects: Effects, through: int) -> None:
        position = IngestPosition.objects.select_for_update().get(pk=1)
        store_parts(effects.parts.values())
        changes = effects.all_changes()
        self._events(changes)
        self._device_conditions(changes)
        for change in changes:
            self._emit(change)
        self._strangers(effects)
        if effects.duplicates:
            GatewayCounter.add("duplicates", effects.duplicates, timezone.now())
        for writer, received_us, note in effects.notes:
            self._note(position, writer, received_us, note)
        position.events_through = through
        position.save()

    def _events(self, changes: Sequence[Change]) -> None:
        rows = [
            SensorEvent(
                id=c.signal_id if c.what == "raised" else new_id(),
                device_id=c.device.id,
                component_id=c.part.id if c.part else None,
                what=c.what,
                condition=c.condition,
                detail=c.detail | ({"signal": str(c.signal_id)} if c.what == "cleared" else {}),
                at=instant(c.at_s),
                received_at=instant(c.moment.received_s),
                frame_ref=c.moment.ref,
                stale=c.moment.stale,
                trust=TRUSTS[c.moment.trust],
            )
            for c in changes
        ]
        SensorEvent.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)

    def _device_conditions(self, changes: Sequence[Change]) -> None:
        """Whether a device is itself faulty or short of power, after these changes."""
        touched = {c.device.source: c.device for c in changes if c.part and len(c.part.key) <= 2}
        for device in touched.values():
            own = [p for p in (device.parts or {}).values() if len(p.key) <= 2]
            device.row.faulty = any(rules.FAULTS & p.active.keys() for p in own)
            device.row.standby_low = any("standby_fault" in p.active for p in own)
            row = Device.objects.filter(pk=device.id)
            row.update(faulty=device.row.faulty, standby_low=device.row.standby_low)
            kept = [*AWAY, DeviceState.MAINTENANCE, DeviceState.RETIRED]
            row.exclude(state__in=kept).update(state=decide(_facts(device, silent_s=0.0)))

    def _emit(self, change: Change) -> None:
        if change.what == "raised" and not change.silent:
            emit(raised_event(change))
        elif change.what == "cleared":
            emit(cleared_event(change))
        elif change.what == "duty_reply":
            self._duty_reply(change)
        elif change.what == "reply":
            self._command_reply(change)

    def _duty_reply(self, change: Change) -> None:
        row, device = change.device.row, change.device
        open_check = (
            Command.objects.select_for_update()
            .filter(device_id=device.id, act="duty_check", state__in=OPEN_COMMANDS)
            .order_by("asked_at")
            .first()
        )
        if open_check is not None:
            open_check.state, open_check.done_at = "answered", instant(change.moment.received_s)
            open_check.answer_ref = change.moment.ref
            open_check.save(update_fields=["state", "done_at", "answer_ref"])
        emit(
            contracts.DutyReply(
                device_id=device.id,
                device_ref=device.ref,
                region_code=row.region_code,
                unit_id=row.unit_id,
                operator=change.detail["operator"],
                at=instant(change.at_s),
                received_at=instant(change.moment.received_s),
                frame_ref=change.moment.ref,
                command_id=open_check.id if open_check else None,
            )
        )

    def _command_reply(self, change: Change) -> None:
        command = (
            Command.objects.select_for_update()
            .filter(device_id=change.device.id, serial=change.detail["serial"], state__in=("queued", "sent"))
            .first()
        )
        if command is None:
            return
        command.state, command.answer_ref = change.detail["outcome"], change.moment.ref
        if not (command.act == "duty_check" and command.state == "confirmed"):
            command.done_at = instant(change.moment.received_s)
        command.save(update_fields=["state", "answer_ref", "done_at"])
        if command.act == "clock_sync" and command.state == "confirmed":
            change.device.offset_s, change.device.learned_us = None, 0

    def _strangers(self, effects: Effects) -> None:
        for source, seen in effects.strangers.items():
            row, _ = QuarantinedDevice.objects.get_or_create(
                source=source.hex(),
                defaults={"first_seen_at": instant(seen.first_us / 1e6), "last_seen_at": instant(seen.last_us / 1e6)},
            )
            row.frames += seen.frames
            row.last_seen_at = instant(seen.last_us / 1e6)
            row.peer, row.last_frame = self._reader.peer(seen.writer, seen.link), seen.frame.hex()
            row.save(update_fields=["frames", "last_seen_at", "peer", "last_frame"])

    def _note(self, position: IngestPosition, writer: str, received_us: int, note: dict[str, Any]) -> None:
        at = instant(received_us / 1e6)
        if note["what"] == "report":
            self._report(position, writer, at, note)
        elif note["what"] == "command_sent":
            Command.objects.filter(pk=note["id"], state="queued").update(state="sent", sent_at=at)
        elif note["what"] == "duplicate_source":
            self._duplicate_source(at, note)

    def _report(self, position: IngestPosition, writer: str, at: datetime, note: dict[str, Any]) -> None:
        if position.through_at is None or (at - position.through_at).total_seconds() > 30:
            position.listening_since = at  # nobody listened for a while: that silence was ours
        position.through_at = max(at, position.through_at or at)
        for kind, more in note["counters"].items():
            if more:
                GatewayCounter.add(kind, more, at)
        GatewayReport.objects.update_or_create(
            writer=writer,
            defaults={
                "started_at": instant(note["started_us"] / 1e6),
                "reported_at": at,
                "stopped": note["stopped"],
                "links": note["links"],
                "known": note["counters"],
            },
        )
        GatewayReport.objects.filter(reported_at__lt=position.through_at - REPORTS_KEPT).delete()

    def _duplicate_source(self, at: datetime, note: dict[str, Any]) -> None:
        device = Device.objects.filter(source=note["source"]).first()
        if device is None:
            return
        row = SensorEvent.objects.create(
            device=device, what="duplicate_source", detail={"peers": note["peers"]}, at=at, received_at=at
        )
        emit(
            contracts.SignalRaised(
                signal_id=row.id,
                condition="duplicate_source",
                at=at,
                received_at=at,
                frame_ref="",
                trust="none",
                stale=False,
                test=False,
                **_place(device),
                **_reporter(None),
                value=None,
            )
        )


def _facts(device: Known, *, silent_s: float | None) -> Facts:
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


def _place(row: Device) -> dict[str, Any]:
    return {
        "device_id": row.id,
        "device_ref": row.ref,
        "region_code": row.region_code,
        "sector": row.sector,
        "unit_id": row.unit_id,
        "building_id": row.building_id,
        "floor": row.floor,
        "location": row.location,
    }


def _reporter(part: Part | None) -> dict[str, Any]:
    key: tuple[int | None, ...] = part.key if part else ()
    system_type, system_address, kind, address = (*key, None, None, None, None)[:4]
    return {
        "component_id": part.id if part else None,
        "component_key": key_text(part.key) if part else "",
        "system_type": system_type,
        "system_address": system_address,
        "component_type": kind,
        "component_address": address,
    }


def raised_event(change: Change) -> contracts.SignalRaised:
    """A raised condition as others see it. The component's own location wins over the device's."""
    place = _place(change.device.row)
    if change.part and change.part.location:
        place["location"] = change.part.location
    return contracts.SignalRaised(
        signal_id=change.signal_id,
        condition=change.condition,
        at=instant(change.at_s),
        received_at=instant(change.moment.received_s),
        frame_ref=change.moment.ref,
        trust=TRUSTS[change.moment.trust],
        stale=change.moment.stale,
        test=bool(change.detail.get("test")),
        value=None,
        **place,
        **_reporter(change.part),
    )


def cleared_event(change: Change) -> contracts.SignalCleared:
    """A cleared condition as others see it."""
    row = change.device.row
    return contracts.SignalCleared(
        signal_id=change.signal_id,
        device_id=row.id,
        device_ref=row.ref,
        condition=change.condition,
        at=instant(change.at_s),
        received_at=instant(change.moment.received_s),
        frame_ref=change.moment.ref,
        why=change.detail["why"],
        region_code=row.region_code,
        unit_id=row.unit_id,
        component_id=change.part.id if change.part else None,
        component_key=key_text(change.part.key) if change.part else "",
    )


class Flusher:
    """Stores what is latest-wins: when devices were last heard, and readings. In chunks, so that a fire never waits
    for it."""

    def __init__(self) -> None:
        self._readings: list[tuple[tuple[bytes, Key, int], Latest]] = []
        self._seen: list[bytes] = []

    def begin(self, fold: Fold, *, readings: bool) -> None:
        """Take over what is dirty now."""
        self._seen += fold.dirty
        fold.dirty.clear()
        if readings:
            self._readings += fold.dirty_readings.items()
            fold.dirty_readings.clear()

    @property
    def pending(self) -> bool:
        """Whether something is left to store."""
        return bool(self._seen or self._readings)

    def step(self, fold: Fold) -> None:
        """Store one chunk in a transaction of its own."""
        if self._seen:
            chunk = self._seen[-SEEN_CHUNK:]
            self._store_seen([fold.devices[s] for s in chunk if s in fold.devices])
            del self._seen[-SEEN_CHUNK:]
        elif self._readings:
            chunk_ = self._readings[-CHUNK:]
            self._store_readings(fold, chunk_)
            del self._readings[-CHUNK:]

    @transaction.atomic
    def _store_seen(self, devices: Sequence[Known]) -> None:
        adapt, key = connection.ops.adapt_datetimefield_value, Device._meta.pk.get_db_prep_value
        rows = [
            (adapt(instant(d.seen_us / 1e6)), f"{d.seen_ref[0]}:{d.seen_ref[1]}", d.offset_s, key(d.id, connection))
            for d in devices
        ]
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE sensing_device SET last_seen_at = %s, last_frame_ref = %s, clock_offset_s = %s WHERE id = %s",
                rows,
            )
        by_id = {d.id: d for d in devices}
        away = list(Device.objects.select_for_update().filter(pk__in=by_id, state__in=AWAY))
        if away:
            self._back([(row, by_id[row.pk]) for row in away])

    def _back(self, pairs: Sequence[tuple[Device, Known]]) -> None:
        """Devices that were late or off line are heard again."""
        returned = []
        by_state: dict[str, list[UUID]] = {}
        for row, device in pairs:
            by_state.setdefault(decide(_facts(device, silent_s=0.0)), []).append(row.pk)
            if row.state == DeviceState.OFFLINE:
                returned.append((row, instant(device.seen_us / 1e6)))
        for state, keys in by_state.items():
            Device.objects.filter(pk__in=keys).update(state=state)
        SensorEvent.objects.bulk_create(
            [SensorEvent(device=row, what="online", at=at, received_at=at) for row, at in returned]
        )
        for row, at in returned:
            emit(contracts.DeviceOnline(row.id, row.ref, row.region_code, row.unit_id, at))

    def _store_readings(self, fold: Fold, items: Sequence[tuple[tuple[bytes, Key, int], Latest]]) -> None:
        new: dict[UUID, tuple[Known, Part]] = {}
        rows = []
        for (source, key, quantity), latest in items:
            device = fold.devices.get(source)
            if device is not None:
                part = fold.part(device, key)
                if not part.stored:
                    new[part.id] = (device, part)
                rows.append(_reading_row(device, part, quantity, latest))
        with transaction.atomic():
            store_parts(new.values())
            Reading.objects.bulk_create(
                rows,
                batch_size=CHUNK,
                update_conflicts=True,
                unique_fields=["component", "quantity"],
                update_fields=["raw", "value", "unit", "in_range", "at", "received_at"],
            )
        for _, part in new.values():
            part.stored = True
            fold.effects.parts.pop(part.id, None)


def _reading_row(device: Known, part: Part, quantity: int, latest: Latest) -> Reading:
    scale = device.profile.scale(quantity)
    value, unit, in_range = float(latest.raw), "", True
    if scale is not None:
        exact = latest.raw * scale.step
        value, unit, in_range = float(exact), scale.unit.zh, scale.low <= exact <= scale.high
    seen = label_s(latest.label, device.profile.bcd)
    at = latest.received_us / 1e6 if seen is None else seen + (device.offset_s or 0.0)
    return Reading(
        component_id=part.id,
        quantity=quantity,
        raw=latest.raw,
        value=value,
        unit=unit,
        in_range=in_range,
        at=instant(at),
        received_at=instant(latest.received_us / 1e6),
    )


def position() -> IngestPosition:
    """How far the journal was taken in."""
    return IngestPosition.objects.get_or_create(pk=1)[0]


def store_state_through(through: int) -> None:
    """All readings and times up to this batch are stored; events up to it had no effect that is not recorded."""
    with transaction.atomic():
        row = IngestPosition.objects.select_for_update().get(pk=1)
        row.state_through = max(row.state_through, through)
        row.events_through = max(row.events_through, through)
        row.save(update_fields=["state_through", "events_through"])


def note_of(data: bytes) -> dict[str, Any] | None:
    """A note of the gateway; None when it cannot be read."""
    try:
        known = json.loads(data)
    except ValueError:
        return None
    return known if isinstance(known, dict) and "what" in known else None
