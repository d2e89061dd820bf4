"""Units, the buildings they use, the people in charge of them, and the index by which they are found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import Scoped
from wanghuo.modules.places.states import UnitState


class Unit(Scoped):
    """A body with duties under the fire law: an enterprise, an institution, a shop, a let house.

    `scope_unit` is its own key. Of a number or a yes-no that nobody has told, None is kept, never 0 or no.
    `classes` repeats the codes of the standing `UnitClass` rows, so that a list can show them without a join;
    `people_named` tells in the same way whether a responsible person and a safety manager stand.
    """

    VIEW_RIGHT = "places.view"

    id = models.UUIDField(primary_key=True, default=new_id)
    ref = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=120)
    pinyin = models.CharField(max_length=600, default="", blank=True)
    initials = models.CharField(max_length=120, default="", blank=True)
    uscc = models.CharField(max_length=18, default="", blank=True)
    local_code = models.CharField(max_length=40, default="", blank=True)
    kind = models.CharField(max_length=24, default="other")
    address = models.CharField(max_length=200, default="", blank=True)
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    area_m2 = models.FloatField(null=True)
    storeys = models.PositiveSmallIntegerField(null=True)
    height_m = models.FloatField(null=True)
    employees = models.PositiveIntegerField(null=True)
    beds = models.PositiveIntegerField(null=True)
    rooms = models.PositiveIntegerField(null=True)
    seats = models.PositiveIntegerField(null=True)
    pupils = models.PositiveIntegerField(null=True)
    mixed_use = models.BooleanField(null=True)
    self_built = models.BooleanField(null=True)
    let_out = models.BooleanField(null=True)
    has_control_room = models.BooleanField(null=True)
    opening_hours = models.CharField(max_length=80, default="", blank=True)
    classes = models.JSONField(default=list)
    people_named = models.BooleanField(default=False)
    key_unit_since = models.DateField(null=True)
    state = models.CharField(max_length=12, default=UnitState.ACTIVE)
    registered_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["uscc"], condition=~Q(uscc=""), name="places_unit_uscc")]
        indexes = [
            models.Index(fields=["county_code", "-id"], name="places_unit_county"),
            models.Index(fields=["town_code", "-id"], name="places_unit_town"),
            models.Index(fields=["city_code", "-id"], name="places_unit_city"),
            models.Index(fields=["province_code", "-id"], name="places_unit_province"),
            models.Index(fields=["scope_unit"], name="places_unit_own"),
            models.Index(fields=["lng", "lat"], name="places_unit_map"),
            models.Index(fields=["county_code", "people_named", "-id"], name="places_unit_people"),
            models.Index(fields=["pinyin", "id"], name="places_unit_pinyin"),
            models.Index(fields=["local_code"], condition=~Q(local_code=""), name="places_unit_local"),
            models.Index(fields=["county_code", "sector", "-id"], name="places_unit_sector"),
            models.Index(fields=["county_code"], condition=Q(has_control_room=True), name="places_unit_must_connect"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"


class UnitClass(models.Model):
    """A class of the field (重点单位, 九小场所, ...) that a named person gave a unit, beside what the rules proposed.

    `proposed` is None where the rules could not tell; `ended_at` closes the row when the class is taken away again.
    """

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="decisions")
    code = models.CharField(max_length=32)
    proposed = models.BooleanField(null=True)
    reasons = models.JSONField(default=list)
    note = models.CharField(max_length=200, default="", blank=True)
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()
    ended_by = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "unit"], condition=Q(ended_at=None), name="places_unitclass_standing"
            )
        ]


class Building(Scoped):
    """A building. `manager` is the unit answerable for shared routes and facilities (消防法 art. 18), if any."""

    VIEW_RIGHT = "places.view"

    id = models.UUIDField(primary_key=True, default=new_id)
    ref = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=120)
    manager = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="buildings")
    address = models.CharField(max_length=200, default="", blank=True)
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    height_m = models.FloatField(null=True)
    floors_above = models.PositiveSmallIntegerField(null=True)
    floors_below = models.PositiveSmallIntegerField(null=True)
    area_m2 = models.FloatField(null=True)
    use = models.CharField(max_length=24, default="other")
    fire_resistance = models.CharField(max_length=8, default="", blank=True)
    built_year = models.PositiveSmallIntegerField(null=True)
    registered_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["county_code", "-id"], name="places_building_county"),
            models.Index(fields=["town_code", "-id"], name="places_building_town"),
            models.Index(fields=["scope_unit"], name="places_building_own"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"


class Tenancy(models.Model):
    """A unit uses part of a building."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="tenancies")
    building = models.ForeignKey(Building, on_delete=models.CASCADE, related_name="tenancies")
    floors = models.CharField(max_length=40, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "building"], name="places_tenancy_once")]


class PersonInCharge(Scoped):
    """Somebody answerable for a unit. The number is kept sealed; `phone_shown` is what a page may show unasked.

    The phone of a duty post belongs to the post, not to a person, so it is shown whole (security: class P1).
    """

    VIEW_RIGHT = "places.view"

    id = models.UUIDField(primary_key=True, default=new_id)
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="people")
    role = models.CharField(max_length=24)
    name = models.CharField(max_length=60, default="", blank=True)
    phone_sealed = models.TextField(default="", blank=True)
    phone_shown = models.CharField(max_length=24, default="", blank=True)
    certificate = models.CharField(max_length=60, default="", blank=True)
    certificate_until = models.DateField(null=True)
    since = models.DateField(null=True)
    ended_on = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["unit", "role", "ended_on"], name="places_person_unit")]


class PlaceNumber(models.Model):
    """The last number given to a unit (DW) or building (JZ) of a county; references are made from it."""

    series = models.CharField(max_length=24, unique=True)
    last = models.PositiveIntegerField(default=0)


class SearchEntry(Scoped):
    """One findable thing: a unit or a building. `text` holds every way to write it: see `search.Written`."""

    VIEW_RIGHT = "places.view"

    kind = models.CharField(max_length=12)
    object_id = models.UUIDField(unique=True)
    ref = models.CharField(max_length=24)
    name = models.CharField(max_length=120)
    text = models.CharField(max_length=1200, default="")
    closed = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["county_code"], name="places_entry_county"),
            models.Index(fields=["town_code"], name="places_entry_town"),
            models.Index(fields=["scope_unit"], name="places_entry_own"),
        ]


class SearchKey(models.Model):
    """One beginning by which an entry is found: see `search.keys_of`. Letters and digits only, so that a range of keys
    means "begins with" under every collation of both databases. The first letter is that of the kind."""

    entry = models.ForeignKey(SearchEntry, on_delete=models.CASCADE, related_name="keys")
    key = models.CharField(max_length=19)

    class Meta:
        indexes = [models.Index(fields=["key", "entry"], name="places_key")]
