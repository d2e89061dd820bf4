"""The devices as ingest holds them: columns of plain numbers for all, an object only for those that just said something.

A million devices that merely report in take about 250 bytes each. Each has a slot, a small number of its own that ingest
gave it (`Device.slot`); the columns are indexed by it. A `Known` is a window on its slot, with what only a device that
reports states or readings needs: its parts, its last readings, its row of the register.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from wanghuo.modules.sensing.observe import Key
from wanghuo.modules.sensing.profiles import Profile, profile

MAINTENANCE, FAULTY, STANDBY_LOW = 1, 2, 4
NOBODY = 0xFFFFFFFF
"""The division of a slot that no device has now."""

_GROW = 1 << 16


class Active(NamedTuple):
    """A condition that stands: the signal that raised it, and since when (seconds since 1970 UTC)."""

    signal_id: UUID
    since_s: float


@dataclass(slots=True)
class Part:
    """A reporter under a device: component, system or the device itself."""

    key: Key
    id: UUID
    word: int | None = None
    since_s: float | None = None
    location: str = ""
    location_given: bool = False
    active: dict[str, Active] = field(default_factory=dict)
    stored: bool = False
    stored_location: str = ""


class Latest(NamedTuple):
    """The newest value of one quantity."""

    raw: int
    label: bytes
    received_us: int


class Entry(NamedTuple):
    """What the register says of a device."""

    source: bytes
    slot: int
    id: bytes
    profile: str
    region: str
    flags: int
    muted_until_s: float
    offset_s: float | None
    heard_s: int


class Known:
    """A device of the register, and what is remembered of it between frames."""

    __slots__ = ("_row", "all", "id", "parts", "readings", "slot", "source")

    def __init__(self, all: Devices, slot: int, source: bytes) -> None:
        self.all, self.slot, self.source = all, slot, source
        self.id = all.id_at(slot)
        self.parts: dict[Key, Part] | None = None
        self.readings: dict[tuple[Key, int], Latest] = {}
        self._row: Any = None

    @property
    def row(self) -> Any:
        """Its row of the register, read when it is first asked for."""
        if self._row is None:
            self.all.read_rows([self])
        return self._row

    @row.setter
    def row(self, row: Any) -> None:
        self._row = row

    @property
    def has_row(self) -> bool:
        """Whether the row was read."""
        return self._row is not None

    @property
    def ref(self) -> str:
        """Its reference number."""
        return str(self.row.ref)

    @property
    def profile(self) -> Profile:
        """What kind of device it is."""
        return self.all.profile_at(self.slot)

    @property
    def region(self) -> str:
        """The division it stands in."""
        return self.all.region_codes[self.all.regions[self.slot]]

    @property
    def seen_us(self) -> int:
        """When it was last heard since ingest began (microseconds since 1970 UTC), 0 for not yet."""
        return self.all.seen_us[self.slot]

    @property
    def seen_ref(self) -> tuple[int, int]:
        """The record it was last heard in: batch and index."""
        return self.all.seen_batch[self.slot], self.all.seen_index[self.slot]

    @property
    def offset_s(self) -> float | None:
        """What its clock lags behind ours; None before that is learned."""
        return self.all.offset(self.slot)

    @offset_s.setter
    def offset_s(self, value: float | None) -> None:
        self.all.set_offset(self.slot, value)

    @property
    def learned_us(self) -> int:
        """When its clock was last looked at."""
        return self.all.learned_us[self.slot]

    @learned_us.setter
    def learned_us(self, value: int) -> None:
        self.all.learned_us[self.slot] = value

    @property
    def muted_until_s(self) -> float:
        """Until when its faults raise no signal."""
        return self.all.muted_until_s[self.slot]

    @property
    def maintenance(self) -> bool:
        """Whether it is under maintenance."""
        return bool(self.all.flags[self.slot] & MAINTENANCE)

    def own_conditions(self, *, faulty: bool, standby_low: bool) -> None:
        """Remember whether the device itself is faulty or short of power."""
        flags = self.all.flags[self.slot] & MAINTENANCE
        self.all.flags[self.slot] = flags | FAULTY * faulty | STANDBY_LOW * standby_low


def _no_rows(ids: Iterable[UUID]) -> Mapping[UUID, Any]:
    raise LookupError(f"nobody said where the rows of devices {list(ids)} are")


class Devices:
    """Every device that acts, by its address. `rows_of` reads the rows of some."""

    def __init__(self, rows_of: Callable[[Iterable[UUID]], Mapping[UUID, Any]] = _no_rows) -> None:
        self.slots: dict[bytes, int] = {}
        self._rows_of = rows_of
        self.ids = bytearray()
        self.profiles, self.regions, self.flags = array("H"), array("I"), array("B")
        self.seen_us, self.seen_batch, self.seen_index = array("q"), array("q"), array("I")
        self.learned_us, self.heard_s = array("q"), array("q")
        self.offset_s, self.muted_until_s = array("d"), array("d")
        self.profile_codes: list[str] = []
        self.region_codes: list[str] = []
        self._profile_index: dict[str, int] = {}
        self._region_index: dict[str, int] = {}
        self._live: dict[int, Known] = {}
        self.version = 0  # of what the register says: moves when a device is taken in or removed

    def __len__(self) -> int:
        return len(self.slots)

    def __contains__(self, source: object) -> bool:
        return source in self.slots

    def get(self, source: bytes) -> Known | None:
        """The device that speaks from an address; None when it is in no register, or retired."""
        slot = self.slots.get(source)
        return None if slot is None else self.at(slot, source)

    def __getitem__(self, source: bytes) -> Known:
        return self.at(self.slots[source], source)

    def at(self, slot: int, source: bytes) -> Known:
        """The device in a slot."""
        found = self._live.get(slot)
        if found is None:
            found = self._live[slot] = Known(self, slot, source)
        return found

    def read_rows(self, devices: Iterable[Known]) -> None:
        """Read the rows of these devices together, where they are not there yet. LookupError for one that is gone."""
        missing = {device.id: device for device in devices if not device.has_row}
        if missing:
            rows = self._rows_of(missing)
            for id, device in missing.items():
                device.row = rows[id]

    def id_at(self, slot: int) -> UUID:
        """The id of the device in a slot."""
        return UUID(bytes=bytes(self.ids[slot * 16 : slot * 16 + 16]))

    def values(self) -> Iterable[Known]:
        """Those that are held as objects now."""
        return self._live.values()

    def profile_at(self, slot: int) -> Profile:
        """The profile of the device in a slot."""
        return profile(self.profile_codes[self.profiles[slot]])

    def offset(self, slot: int) -> float | None:
        """What a device's clock lags behind ours."""
        offset = self.offset_s[slot]
        return None if math.isnan(offset) else offset

    def set_offset(self, slot: int, value: float | None) -> None:
        """Remember it."""
        self.offset_s[slot] = math.nan if value is None else value

    def put(self, entry: Entry) -> None:
        """Take in what the register says of a device; what is remembered of it between frames is kept."""
        slot, known = entry.slot, self.slots.get(entry.source)
        self.version += 1
        if slot >= len(self.seen_us):
            self._grow(slot + 1)
        if known != slot:
            if known is not None:
                self._live.pop(known, None)
            self.slots[entry.source] = slot
            self.ids[slot * 16 : slot * 16 + 16] = entry.id
            self.heard_s[slot] = entry.heard_s
        self.profiles[slot] = _index(entry.profile, self.profile_codes, self._profile_index)
        self.regions[slot] = _index(entry.region, self.region_codes, self._region_index)
        self.flags[slot], self.muted_until_s[slot] = entry.flags, entry.muted_until_s
        if known != slot or entry.offset_s is None:
            self.offset_s[slot] = math.nan if entry.offset_s is None else entry.offset_s
        live = self._live.get(slot)
        if live is not None:
            live.row = None

    def remove(self, source: bytes) -> None:
        """Forget a device that was retired."""
        slot = self.slots.pop(source, None)
        if slot is not None:
            self.regions[slot] = NOBODY
            self.version += 1
            self._live.pop(slot, None)

    def let_go(self, through: int, most: int) -> int:
        """Where more than `most` are held, drop the objects of devices that said nothing after batch `through`, up to
        which all is stored: they are read again when they are needed. Gives how many."""
        if len(self._live) <= most:
            return 0
        gone = [slot for slot in self._live if self.seen_batch[slot] <= through]
        for slot in gone:
            del self._live[slot]
        return len(gone)

    def _grow(self, needed: int) -> None:
        more = max(needed, len(self.seen_us) + max(_GROW, len(self.seen_us) // 8)) - len(self.seen_us)
        self.ids.extend(bytes(16 * more))
        self.regions.frombytes(b"\xff" * (self.regions.itemsize * more))
        for whole in (
            self.profiles,
            self.flags,
            self.seen_us,
            self.seen_batch,
            self.seen_index,
            self.learned_us,
            self.heard_s,
        ):
            whole.frombytes(bytes(whole.itemsize * more))
        for parted in (self.muted_until_s, self.offset_s):
            parted.frombytes(bytes(parted.itemsize * more))


def read_rows(devices: Iterable[Known]) -> None:
    """Read the rows of devices together that would be read one by one. All of one `Devices`."""
    found = list({device.id: device for device in devices}.values())
    if found:
        found[0].all.read_rows(found)


def _index(code: str, codes: list[str], index: dict[str, int]) -> int:
    found = index.get(code)
    if found is None:
        found = index[code] = len(codes)
        codes.append(code)
    return found
