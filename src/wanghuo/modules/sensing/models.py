"""Tables of sensing: the register of devices, what they report now, what changed, and how receiving goes.

Everything but the register, the commands and the decisions of people can be derived again from the journal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import Scoped
from wanghuo.kernel.regions import codes
from wanghuo.modules.sensing.early_models import EarlyWarning
from wanghuo.modules.sensing.states import DEVICE
from wanghuo.modules.sensing.way_models import DeviceCredential, RollCall, Way

LOOK_NOW = datetime(1970, 1, 1, tzinfo=UTC)
"""`Device.check_at` of a device whose state is to be judged as soon as may be."""


class Device(Scoped):
    """A user information transmission device or terminal. `source`: the six bytes of its address as they stand on the
    wire, in hex; with another protocol than gb26875, its name there (IMEI, platform id, MQTT user); unique by protocol.

    `clock_offset_s`: what its clock lags behind ours, learned from its labels. `networks`: address blocks it may
    report from
    (an empty list: any); a frame from one of them has trust `network`. `down_serial`: the next serial of a command to
    it. `slot`: the small number that ingest knows it by, given when ingest first meets it and never again.
    `iccid`: of its SIM; `sim_until`, `battery_until`, `life_until`: the last day its SIM is paid for, its battery lasts,
    it may be in use. `household`: the line of the register of weak people it protects. `check_at`: when its state may next
    change though nothing is heard of it, not later than it really may (supervision.py); None: never.
    """

    VIEW_RIGHT = "sensing.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=32, unique=True)
    source = models.CharField(max_length=64, db_index=True)
    protocol = models.CharField(max_length=16, default="gb26875")
    profile = models.CharField(max_length=32, default="standard")
    maker = models.CharField(max_length=60, blank=True, default="")
    model = models.CharField(max_length=60, blank=True, default="")
    unit = models.ForeignKey("places.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    building = models.ForeignKey("places.Building", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    floor = models.CharField(max_length=20, blank=True, default="")
    location = models.CharField(max_length=120, blank=True, default="")
    lng = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    networks = models.JSONField(default=list, blank=True)
    installer = models.CharField(max_length=60, blank=True, default="")
    installed_on = models.DateField(null=True, blank=True)
    iccid = models.CharField(max_length=20, blank=True, default="")
    sim_until = models.DateField(null=True, blank=True)
    battery_on = models.DateField(null=True, blank=True)
    battery_until = models.DateField(null=True, blank=True)
    life_until = models.DateField(null=True, blank=True)
    household = models.CharField(max_length=32, blank=True, default="")
    state = models.CharField(max_length=12, default=DEVICE.initial)
    muted_until = models.DateTimeField(null=True, blank=True)
    maintenance_from = models.DateTimeField(null=True, blank=True)
    maintenance_until = models.DateTimeField(null=True, blank=True)
    check_at = models.DateTimeField(null=True, blank=True, default=LOOK_NOW)
    faulty = models.BooleanField(default=False)
    standby_low = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    last_frame_ref = models.CharField(max_length=24, blank=True, default="")
    clock_offset_s = models.FloatField(null=True, blank=True)
    down_serial = models.PositiveIntegerField(default=0)
    slot = models.IntegerField(null=True, unique=True)
    registered_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["county_code", "state", "ref"], name="device_county_state"),
            models.Index(fields=["town_code", "state", "ref"], name="device_town_state"),
            models.Index(fields=["city_code", "state", "ref"], name="device_city_state"),
            models.Index(fields=["county_code", "ref"], name="device_county"),
            models.Index(fields=["city_code", "ref"], name="device_city"),
            models.Index(fields=["town_code", "ref"], name="device_town"),
            models.Index(fields=["scope_unit"], name="device_scope_unit"),
            models.Index(fields=["lng", "lat"], name="device_map"),
            models.Index(fields=["state", "ref"], name="device_state"),
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="device_check"),
            models.Index(fields=["household"], condition=~Q(household=""), name="device_household"),
            models.Index(fields=["sim_until"], condition=Q(sim_until__isnull=False), name="device_sim"),
            models.Index(fields=["battery_until"], condition=Q(battery_until__isnull=False), name="device_battery"),
            models.Index(fields=["life_until"], condition=Q(life_until__isnull=False), name="device_life"),
        ]
        constraints = [models.UniqueConstraint(fields=["protocol", "source"], name="device_source")]

    def __str__(self) -> str:
        return self.ref

    @property
    def number(self) -> int | None:
        """A wire address as the little-endian number that makers print."""
        return int.from_bytes(bytes.fromhex(self.source), "little") if self.protocol == "gb26875" else None


class Outage(Scoped):
    """A time in which a device did not do its work: off line (失联) or in fault (故障), from when till when.

    `since`: when it was heard last, or when the fault was reported; `found_at`: when that was noticed. Open until `ended_at`.
    `due_at`: by when it must be mended, None while nobody is asked yet. A device has one of a kind open at most. Very many
    begin at once when a network fails, so each index holds only the rows that are looked for by it.
    """

    VIEW_RIGHT = "sensing.view"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="outages", db_index=False)
    kind = models.CharField(max_length=8)
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["county_code", "-since"], condition=Q(ended_at=None), name="outage_county"),
            models.Index(fields=["city_code", "-since"], condition=Q(ended_at=None), name="outage_city"),
            models.Index(fields=["town_code", "-since"], condition=Q(ended_at=None), name="outage_town"),
            models.Index(
                fields=["scope_unit"], condition=Q(ended_at=None, scope_unit__isnull=False), name="outage_unit"
            ),
            models.Index(fields=["since"], condition=Q(ended_at=None), name="outage_open"),
            models.Index(fields=["device", "-found_at"], condition=Q(ended_at__isnull=False), name="outage_ended"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["device", "kind"], condition=Q(ended_at=None), name="outage_once_open"),
            models.CheckConstraint(condition=Q(kind__in=["offline", "fault"]), name="outage_kind_known"),
        ]


class Component(models.Model):
    """A component (部件) under a device, a facility system as a whole, or the device itself as a reporter of
    conditions.

    `key`: "system type.system address.component type.component address", "system type.system address" for a whole
    system, "uitd"
    for the device itself. `word`: the state word reported last, None when only readings came. `active`: condition →
    {id, since}
    of the signal raised. A location given by people is kept against what the device says.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="components")
    key = models.CharField(max_length=32)
    system_type = models.PositiveSmallIntegerField(null=True)
    system_address = models.PositiveSmallIntegerField(null=True)
    type = models.PositiveSmallIntegerField(null=True)
    address = models.BigIntegerField(null=True)
    location = models.CharField(max_length=120, blank=True, default="")
    location_given = models.BooleanField(default=False)
    word = models.PositiveIntegerField(null=True)
    since = models.DateTimeField(null=True)
    active = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "key"], name="component_key")]

    def __str__(self) -> str:
        return self.key


class Reading(models.Model):
    """The latest analog value of a component. `raw`: as sent; `value` and `unit`: scaled by the device's profile."""

    component = models.ForeignKey(Component, on_delete=models.CASCADE, related_name="readings")
    quantity = models.PositiveSmallIntegerField()
    raw = models.IntegerField()
    value = models.FloatField()
    unit = models.CharField(max_length=12)
    in_range = models.BooleanField(default=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["component", "quantity"], name="reading_latest")]


class SensorEvent(models.Model):
    """Something that changed at a device: a condition raised or cleared, an operation, a reply. When it was off line says
    `Outage`.

    The id of a raised condition is the `signal_id` others know it by. Unique by frame, component and condition: a
    frame read twice
    makes one event.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="events", db_index=False)
    component = models.ForeignKey(Component, null=True, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=20)
    condition = models.CharField(max_length=20, blank=True, default="")
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    frame_ref = models.CharField(max_length=24, blank=True, default="")
    stale = models.BooleanField(default=False)
    trust = models.CharField(max_length=8, default="none")

    class Meta:
        indexes = [models.Index(fields=["device", "-id"], name="event_device_latest")]
        constraints = [
            models.UniqueConstraint(
                fields=["frame_ref", "device", "component", "what", "condition"],
                condition=~Q(frame_ref=""),
                name="event_once_per_frame",
            )
        ]


class QuarantineQuerySet(models.QuerySet["QuarantinedDevice"]):
    """Unknown devices."""

    def visible_to(self, actor: Actor) -> Self:
        """An unknown device has no place yet: whoever may register devices in a region, and not for one unit only, may see it."""
        everywhere = actor.is_system or any(grant.unit is None for grant in actor.with_right("sensing.edit"))
        return self if everywhere else self.none()


class QuarantinedDevice(models.Model):
    """An address that reports and is in no register. Its frames are kept in the journal and confirmed, and cause
    nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(max_length=64)
    protocol = models.CharField(max_length=16, default="gb26875")
    frames = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    peer = models.CharField(max_length=64, blank=True, default="")
    last_frame = models.TextField(blank=True, default="")
    ignored = models.BooleanField(default=False)
    ignored_why = models.CharField(max_length=200, blank=True, default="")

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["protocol", "source"], name="quarantined_source")]

    @property
    def key(self) -> str:
        """What its page is called: the address in hex, or "protocol:name"."""
        return self.source if self.protocol == "gb26875" else f"{self.protocol}:{self.source}"

    @property
    def number(self) -> int | None:
        """A wire address as the little-endian number that makers print."""
        return int.from_bytes(bytes.fromhex(self.source), "little") if self.protocol == "gb26875" else None


class Command(models.Model):
    """A command sent down to a device. The gateway takes queued ones, the journal says what became of them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="commands")
    act = models.CharField(max_length=16)
    serial = models.PositiveIntegerField()
    unit_hex = models.CharField(max_length=64)
    command_byte = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    roll_call = models.ForeignKey(RollCall, null=True, on_delete=models.PROTECT, related_name="commands")
    reason = models.CharField(max_length=200)
    asked_by = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, default="queued")
    sent_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    answer_ref = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["state", "expires_at"], name="command_state"),
            models.Index(fields=["device", "-asked_at"], name="command_device"),
        ]


class IngestPosition(models.Model):
    """How far the journal has been taken in; one row (pk 1).

    `holder`: the run of ingest that may move it: one that was taken for dead and was not finds another name here, and ends.
    `events_through`: the last batch whose events are recorded; it moves in the transaction that records them.
    `state_through`: the
    last batch whose readings and times are stored; these are latest-wins, so they may be taken again. `through_at`:
    the receive
    time up to which all is known; `heard_through_at`: that up to which `last_seen_at` of every device is stored; `listening_since`: when a gateway last began to listen after a silence of its own.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    events_through = models.BigIntegerField(default=0)
    state_through = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=36, blank=True, default="")
    through_at = models.DateTimeField(null=True)
    listening_since = models.DateTimeField(null=True)
    heard_through_at = models.DateTimeField(null=True)


class GatewayCounter(models.Model):
    """One count of the gateways, over all their runs. `kind` stands in gateway counters (docs/modules/sensing.md)."""

    kind = models.CharField(max_length=32, primary_key=True)
    total = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    @classmethod
    def add(cls, kind: str, more: int, at: object) -> None:
        """Add to a count."""
        if not cls.objects.filter(kind=kind).update(total=F("total") + more, changed_at=at):
            cls.objects.create(kind=kind, total=more, changed_at=at)


class GatewayReport(models.Model):
    """The last report of each run of a gateway process."""

    writer = models.CharField(max_length=40, primary_key=True)
    started_at = models.DateTimeField()
    reported_at = models.DateTimeField(db_index=True)
    stopped = models.BooleanField(default=False)
    links = models.PositiveIntegerField(default=0)
    known = models.JSONField(default=dict)


class DeadFrame(models.Model):
    """A record of the journal that ingest could not take in (`ref`: "batch:index", or a whole damaged batch).

    Kept until a person has looked, with its bytes where they could be read; everything else went on.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ref = models.CharField(max_length=24, unique=True)
    error = models.CharField(max_length=1000)
    frame = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-id"], condition=Q(looked_at=None), name="dead_frame_open")]


class DeviceDay(models.Model):
    """How the devices of one lowest region did on one day (China's calendar): sums of hourly looks.

    `expected`: device-hours in service; `reporting`: of these, with the device neither off line nor never heard;
    `looks`: how
    many hours of the day were looked at. One row for each maker and installer. `dead`: device-hours off line or in fault;
    `mended` outages ended that day after `mend_s` seconds together; `false_alarms`: alarms of that day judged false.
    """

    day = models.DateField()
    region_code = models.CharField(max_length=15)
    maker = models.CharField(max_length=60, default="")
    installer = models.CharField(max_length=60, default="")
    expected = models.PositiveBigIntegerField(default=0)
    reporting = models.PositiveBigIntegerField(default=0)
    dead = models.PositiveBigIntegerField(default=0)
    mended = models.PositiveIntegerField(default=0)
    mend_s = models.PositiveBigIntegerField(default=0)
    false_alarms = models.PositiveIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0)
    last_look_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "region_code", "maker", "installer"], name="device_day")]


def figures_q(actor: Actor) -> Q:
    """Where the actor sees figures of devices: they are sums, so a grant narrowed to a sector sees those of its region."""
    if actor.is_system:
        return Q()
    found = Q(pk__in=[])
    for grant in actor.with_right("indicators.view"):
        if grant.region == codes.COUNTRY and grant.unit is None:
            return Q()
        if grant.unit is None:
            found |= Q(region_code__startswith=grant.region)
    return found


class FigureQuerySet(models.QuerySet[Any]):
    """Sums with a region."""

    def visible_to(self, actor: Actor) -> Self:
        """The sums of regions where the actor sees figures."""
        return self.filter(figures_q(actor))


class RegionHour(models.Model):
    """What came from the devices of one division within one hour. There is a row for each division above, too.

    `hour`: hours since 1970 UTC; `devices`: how many different ones were heard; `alarms`: conditions that were raised and
    told (the time they were received counts). Kept by ingest, each message once.
    """

    region_code = models.CharField(max_length=15)
    hour = models.IntegerField()
    messages = models.BigIntegerField(default=0)
    readings = models.BigIntegerField(default=0)
    alarms = models.BigIntegerField(default=0)
    devices = models.BigIntegerField(default=0)

    objects = FigureQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["region_code", "hour"], name="region_hour")]
        indexes = [models.Index(fields=["hour"], name="region_hour_age")]


__all__ = [
    "Command",
    "Component",
    "DeadFrame",
    "Device",
    "DeviceCredential",
    "DeviceDay",
    "EarlyWarning",
    "GatewayCounter",
    "GatewayReport",
    "IngestPosition",
    "Outage",
    "QuarantinedDevice",
    "Reading",
    "RegionHour",
    "RollCall",
    "SensorEvent",
    "Way",
]
