"""What is known around some signals, read in a few queries whatever their number, and written back in as few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q

from wanghuo.base import Reason
from wanghuo.base.ids import new_id
from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Kind, Policy
from wanghuo.engines.alarm_logic.health import floods
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import Act, record_all
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.outbox import emit
from wanghuo.modules.alarms.contracts import AlarmRaised
from wanghuo.modules.alarms.live import show
from wanghuo.modules.alarms.models import Alarm, AlarmNote, AlarmPoint, MaintenanceWindow, Shelf, Shift
from wanghuo.modules.alarms.policy import bands_at, policy_at
from wanghuo.modules.alarms.services.keeping import MOST_NEAR, outage_head, units_silent
from wanghuo.modules.alarms.states import OPEN, WAITING
from wanghuo.modules.alarms.words import FAMILIES
from wanghuo.modules.places import public as places
from wanghuo.modules.places.contracts import Building, Unit
from wanghuo.modules.sensing import public as sensing
from wanghuo.modules.sensing.contracts import Device

Source = tuple[UUID, str, str]  # device, component, condition
KEPT_RAISES = 4


def kept(reasons: Iterable[Reason]) -> list[list[str]]:
    """Reasons as an alarm keeps them: code, 中文, English, source."""
    return [[r.code, r.message.zh, r.message.en, r.source] for r in reasons]


class Scene:
    """The devices of some signals, their open alarms, their points' past, and what is shelved or under maintenance there."""

    def __init__(self, sources: Sequence[Source], actor: Actor, now: datetime) -> None:
        self.actor, self.now = actor, now
        devices = {source[0] for source in sources}
        self.devices: dict[UUID, Device] = sensing.devices_by_ids(devices)
        units = {d.place.unit_id for d in self.devices.values() if d.place.unit_id}
        buildings = {d.place.building_id for d in self.devices.values() if d.place.building_id}
        self.units: dict[UUID, Unit] = places.units_by_ids(units)
        self.buildings: dict[UUID, Building] = places.buildings_by_ids(buildings)
        near = Q(
            device_id__in=devices, component_key__in={s[1] for s in sources}, condition__in={s[2] for s in sources}
        )
        self.open: dict[Source, Alarm] = {}
        for alarm in Alarm.objects.select_for_update(of=("self",)).filter(near, state__in=OPEN).order_by("id"):
            self.open[_source(alarm)] = alarm
        self._points = {point.key: point for point in AlarmPoint.objects.filter(near)}
        self._shelves: list[Shelf] = []
        self._windows: list[MaintenanceWindow] = []
        if _anything_held_back():
            self._shelves += Shelf.objects.filter(device_id__in=devices, ended_at__isnull=True, until__gt=now)
            at_place = Q(device_id__in=devices) | Q(unit_id__in=units) | Q(building_id__in=buildings)
            running = Q(ended_at__isnull=True, starts_at__lte=now, ends_at__gt=now)
            self._windows += MaintenanceWindow.objects.filter(at_place, running)
        self._new: list[Alarm] = []
        self._changed: dict[UUID, tuple[Alarm, set[str]]] = {}
        self._touched: dict[Source, AlarmPoint] = {}
        self._notes: list[AlarmNote] = []
        self._shown: dict[UUID, tuple[Alarm, str]] = {}
        self._fires: dict[Any, list[Alarm]] = {}
        self._heads: dict[Any, Alarm | None] = {}
        self._joined: dict[UUID, datetime] = {}
        self._outages: dict[tuple[str, str], set[Any]] = {}
        self._floods: dict[str, bool] = {}

    # what is known

    def policy(self, alarm: Alarm) -> Policy:
        """The figures in force where and when the alarm is."""
        return policy_at(alarm.region_code, alarm.received_at)

    def point(self, source: Source) -> AlarmPoint:
        """The past of a point; a new one has none."""
        point = self._points.get(source)
        if point is None:
            device, key, condition = source
            point = self._points[source] = AlarmPoint(device_id=device, component_key=key, condition=condition)
        return point

    def note_raise(self, source: Source, at: datetime) -> AlarmPoint:
        """Remember that the point raised its condition."""
        point = self._touched[source] = self.point(source)
        point.raises = [*point.raises, at.timestamp()][-KEPT_RAISES:]
        return point

    def shelf(self, alarm: Alarm) -> Shelf | None:
        """What shelves the alarm's point."""
        return next(
            (
                s
                for s in self._shelves
                if s.device_id == alarm.device_id
                and s.condition == alarm.condition
                and s.component_key in ("", alarm.component_key)
            ),
            None,
        )

    def window(self, alarm: Alarm) -> MaintenanceWindow | None:
        """The announced maintenance that the alarm falls into; the one that ends last."""
        found = [
            w
            for w in self._windows
            if (w.device_id and w.device_id == alarm.device_id)
            or (not w.device_id and w.building_id and w.building_id == alarm.building_id)
            or (not w.device_id and not w.building_id and w.unit_id == alarm.unit_id)
        ]
        return max(found, key=lambda w: w.ends_at, default=None)

    def fires_near(self, alarm: Alarm) -> list[Alarm]:
        """The open fire alarms of the same unit (the same device where no unit is known), those of this scene among them."""
        key = alarm.unit_id or alarm.device_id
        found = self._fires.get(key)
        if found is None:
            near = Q(unit_id=alarm.unit_id) if alarm.unit_id else Q(device_id=alarm.device_id)
            since = alarm.last_at - timedelta(seconds=self.policy(alarm).window_s)
            rows = Alarm.objects.select_for_update(of=("self",)).filter(near, kind=Kind.FIRE, state__in=OPEN)
            # what is not yet part of a presumed fire first: nothing that must come up is cut off, however many there are
            newest = rows.filter(last_at__gte=since).order_by("presumed", "-id")[:MOST_NEAR]
            found = [self.open.get(_source(row), row) if row.device_id else row for row in newest]
            known = {row.pk for row in found}
            found += [a for a in self._new if a.is_fire and (a.unit_id or a.device_id) == key and a.pk not in known]
            self._fires[key] = found
        building = alarm.building_id
        return [a for a in found if not building or a.building_id in (None, building)]

    def head_of(self, alarm: Alarm) -> tuple[Alarm | None, bool]:
        """The first alarm of the same unit and family that stands before the operator, and whether this one follows within seconds."""
        family = FAMILIES.get(Kind(alarm.kind))
        if family is None:
            return None, False
        key = (alarm.unit_id or alarm.device_id, family)
        if key not in self._heads:
            self._read_heads(family, key[0])
        head = self._heads[key]
        if head is None or head.pk == alarm.pk or head.priority > alarm.priority:
            return None, False
        near_s = self.policy(alarm).head_s
        return head, (alarm.received_at - self._last_join(head)).total_seconds() <= near_s

    def _read_heads(self, family: str, near: Any) -> None:
        """Read the first standing alarms of a family, of `near` (a unit, or a device without one) and of all others in the scene."""
        units = {device.place.unit_id for device in self.devices.values()} - {None}
        alone = {id for id, device in self.devices.items() if device.place.unit_id is None}
        kinds = [kind for kind, name in FAMILIES.items() if name == family]
        rows = Alarm.objects.filter(kind__in=kinds, state__in=WAITING, route="show", ended_at__isnull=True).order_by(
            "id"
        )
        first: dict[Any, UUID] = {}
        for column, keys in (("unit_id", units | {near}), ("device_id", alone | {near})):
            for pk, key in rows.filter(**{f"{column}__in": keys}).values_list("pk", column):
                first.setdefault(key, pk)
        heads = Alarm.objects.in_bulk(set(first.values()))
        for key in {*units, *alone, near}:
            self._heads.setdefault((key, family), heads.get(first[key]) if key in first else None)

    def _last_join(self, head: Alarm) -> datetime:
        if head.pk not in self._joined:
            newest = Alarm.objects.filter(first_out_id=head.pk).aggregate(at=Max("received_at"))["at"]
            self._joined[head.pk] = max(newest or head.received_at, head.shown_at or head.received_at)
        return self._joined[head.pk]

    def outage(self, alarm: Alarm) -> Alarm | None:
        """The first alarm of an outage that takes many units of the town, when there is one."""
        key = (alarm.town_code, alarm.condition)
        if key not in self._outages:
            self._outages[key] = units_silent(alarm)
        self._outages[key] |= {alarm.unit_id} - {None}
        if not alarm.town_code or len(self._outages[key]) < self.policy(alarm).area_units:
            return None
        head_key = ("area", *key)
        if self._heads.get(head_key) is None:
            self._heads[head_key] = outage_head(alarm, self._outages[key])
        head = self._heads[head_key]
        return head if head is not None and head.pk != alarm.pk and head.priority <= alarm.priority else None

    def flood(self, alarm: Alarm) -> bool:
        """Whether the seats of the county are in a flood."""
        county = alarm.county_code
        if county not in self._floods:
            self._floods[county] = in_flood(county, alarm.received_at)
        return self._floods[county]

    # what becomes of it

    def add(self, alarm: Alarm) -> None:
        """A new alarm."""
        alarm.ref = next_ref("BJ", alarm.region_code, local_day(alarm.received_at).year)
        self._new.append(alarm)
        if alarm.device_id is not None:
            self.open[_source(alarm)] = alarm
        if alarm.is_fire and (near := self._fires.get(alarm.unit_id or alarm.device_id)) is not None:
            near.append(alarm)
        family = FAMILIES.get(Kind(alarm.kind))
        if alarm.route == "show" and family is not None:
            for key in ((alarm.unit_id or alarm.device_id, family), ("area", alarm.town_code, alarm.condition)):
                if self._heads.get(key) is None:
                    self._heads[key] = alarm
        if alarm.first_out_id is not None:
            self._joined[alarm.first_out_id] = alarm.received_at
        self.note(alarm, "raise", alarm.received_at)
        self.tell(alarm, "raised")

    def change(self, alarm: Alarm, *fields: str) -> None:
        """Fields of an alarm that changed."""
        if alarm not in self._new:
            self._changed.setdefault(alarm.pk, (alarm, set()))[1].update(fields)

    def note(self, alarm: Alarm, act: str, at: datetime, text: str = "") -> None:
        """A line on the alarm's time line."""
        who = self.actor
        kind = "machine" if who.is_system else "person"
        known = {"by_kind": kind, "by_id": who.id, "by_name": who.name}
        self._notes.append(AlarmNote(id=new_id(), alarm=alarm, act=act, at=at, text=text[:500], **known))

    def tell(self, alarm: Alarm, what: str) -> None:
        """Consoles hear of it once the scene is written, once for each alarm."""
        told = self._shown.get(alarm.pk)
        self._shown[alarm.pk] = (alarm, "raised" if told and told[1] == "raised" else what)

    def write(self) -> None:
        """Write all of it: rows, lines, audit entries, events, and what consoles hear."""
        Alarm.objects.bulk_create(self._new, batch_size=200)
        for alarm, fields in self._changed.values():
            alarm.save(update_fields=sorted(fields))
        AlarmNote.objects.bulk_create(self._notes, batch_size=500)
        AlarmPoint.objects.bulk_create(
            list(self._touched.values()),
            update_conflicts=True,
            unique_fields=["device", "component_key", "condition"],
            update_fields=["raises", "false_at"],
            batch_size=200,
        )
        if self._new:
            record_all(self.actor, "alarms:alarm:raise", [_act(alarm) for alarm in self._new])
            emit(*(_raised(alarm) for alarm in self._new))
        for alarm, what in self._shown.values():
            if alarm.route in ("show", "ask"):
                show(alarm, what)


def _anything_held_back() -> bool:
    """Whether anything at all is shelved or under maintenance: mostly nothing is, and a fire waits for each query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM alarms_shelf WHERE ended_at IS NULL)"
            " OR EXISTS (SELECT 1 FROM alarms_maintenancewindow WHERE ended_at IS NULL)"
        )
        return bool(cursor.fetchone()[0])


def in_flood(county: str, at: datetime) -> bool:
    """Whether the seats of a county are in a flood of alarms: from more than so many in ten minutes until fewer than so few."""
    policy = policy_at(county, at)
    seats = max(1, Shift.objects.filter(region_code__startswith=county, ended_at__isnull=True).count())
    shown = Alarm.objects.filter(county_code=county, shown_at__lte=at)
    count = shown.filter(shown_at__gt=at - timedelta(seconds=policy.flood_window_s)).count()
    if count > policy.flood_starts * seats:
        return True
    if count < policy.flood_ends * seats:
        return False
    times = shown.filter(shown_at__gt=at - timedelta(hours=2)).order_by("-shown_at").values_list("shown_at", flat=True)
    seconds = sorted(time.timestamp() for time in times[:2000] if time is not None)
    spans = floods(seconds, bands_at(county or "0", at), seats=seats, end=at.timestamp() + 1)
    return bool(spans) and spans[-1][1] > at.timestamp()


def _act(alarm: Alarm) -> Act:
    after = {
        "state": str(alarm.state),
        "priority": alarm.priority,
        "condition": alarm.condition,
        "route": alarm.route,
    }
    return Act(alarm.ref, alarm.region_code, after)


def _raised(alarm: Alarm) -> AlarmRaised:
    return AlarmRaised(
        alarm_id=alarm.id,
        ref=alarm.ref,
        region_code=alarm.region_code,
        alarm_kind=str(alarm.kind),
        priority=alarm.priority,
    )


def _source(alarm: Alarm) -> Source:
    return alarm.device_id, alarm.component_key, alarm.condition  # type: ignore[return-value]
