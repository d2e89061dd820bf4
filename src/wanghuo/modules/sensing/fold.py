"""The fold: frames in, latest state and what changed out. Plain memory; `ingest` loads what it needs and stores what
it gives.

The same frames in the same order always give the same result, whatever the batches, so the journal can be replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from wanghuo.base.ids import new_id
from wanghuo.modules.sensing import rules
from wanghuo.modules.sensing.known import Active, Devices, Known, Latest, Part
from wanghuo.modules.sensing.messages import Repeats
from wanghuo.modules.sensing.observe import (
    DEVICE_KEY,
    OPERATIONS,
    READINGS,
    STATES,
    Key,
    Operation,
    State,
    label_s,
    operations,
    states,
    text_of,
    values,
)
from wanghuo.modules.sensing.tally import Tally

HOUR_US = 3_600_000_000
DUPLICATE_US = 40_000_000  # waiting time × retransmissions of the standard
LEARN_EVERY_US = 60_000_000
RESET, MANUAL_ALARM, CLEARED, DUTY_REPLY = 1, 4, 8, 32
_SEND, _CONFIRM, _ANSWER, _DENY = 2, 3, 5, 6


class Moment(NamedTuple):
    """The circumstances of one frame."""

    ref: str
    received_us: int
    trust: int
    stale: bool

    @property
    def received_s(self) -> float:
        return self.received_us / 1e6


class Change(NamedTuple):
    """One thing that happened: `what` is raised, cleared, operation, duty_reply, or reply (to a command).

    `id`: of the event. That of a fire, and of its end, follows from the frame, so it is recorded once however often the
    frame is read.
    """

    id: UUID
    what: str
    device: Known
    part: Part | None
    condition: str
    signal_id: UUID
    at_s: float
    moment: Moment
    detail: dict[str, Any]
    silent: bool = False


@dataclass(slots=True)
class Stranger:
    """An address in no register; `ref`, `writer`, `link` and `frame`: its last one."""

    frames: int = 0
    first_us: int = 0
    last_us: int = 0
    writer: str = ""
    link: int = 0
    frame: bytes = b""
    ref: str = ""


class Told(NamedTuple):
    """What a part had reported at the end of a stretch: the part itself may be further on when this is stored."""

    device: Known
    part: Part
    word: int | None
    since_s: float | None
    location: str
    active: dict[str, Active]


class Note(NamedTuple):
    """Something the gateway itself has to say."""

    ref: str
    writer: str
    received_us: int
    known: dict[str, Any]


class Dead(NamedTuple):
    """Something that could not be taken in: the record's reference, why, and its bytes where they are known."""

    ref: str
    error: str
    data: bytes = b""


@dataclass(slots=True)
class Effects:
    """What a stretch of the journal caused. `urgent`: fires, raised and cleared; they are recorded before all else."""

    urgent: list[Change] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    parts: dict[UUID, tuple[Known, Part]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    strangers: dict[bytes, Stranger] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    duplicates: int = 0

    def __len__(self) -> int:
        """How many rows it will take, about."""
        return len(self.urgent) + len(self.changes) + len(self.parts) + len(self.strangers) + len(self.notes)

    def __bool__(self) -> bool:
        return bool(len(self) or self.dead or self.duplicates)


class Window:
    """The frames of the last 40 s, to know a retransmission. Two generations, so that forgetting costs nothing."""

    def __init__(self) -> None:
        self._new: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}
        self._turned_us = 0

    def seen(self, frame: bytes, received_us: int) -> bool:
        """Whether the same source sent the same serial with the same unit within the last 40 s; remembers it."""
        if received_us - self._turned_us > DUPLICATE_US:
            self._old, self._new, self._turned_us = self._new, {}, received_us
        key = frame[2:4] + frame[12:18] + frame[26:-3]
        before = self._new.get(key) or self._old.get(key)
        if before is not None and abs(received_us - before) <= DUPLICATE_US:
            return True
        self._new[key] = received_us
        return False


class Fold:
    """Takes frames in. `parts_of` loads what is stored of a device's parts when it is first needed."""

    def __init__(self, devices: Devices, parts_of: Callable[[Known], dict[Key, Part]]) -> None:
        self.devices, self._parts_of = devices, parts_of
        self.window = Window()
        self.repeats = Repeats()
        self.dirty: dict[int, set[int]] = {}  # by hour since 1970: the slots that were heard in it
        self._hour, self._heard = -1, set[int]()
        self.dirty_readings: dict[tuple[bytes, Key, int], Latest] = {}
        self.tally = Tally()
        self.effects = Effects()
        self.look_again: Callable[[bytes], None] | None = (
            None  # told of an unknown address: it may be registered by now, or not have been read yet
        )
        self.quiet = False  # taking in again what is already recorded: only times and readings count
        self.counting = self.keeping = True  # messages and readings are counted, and kept: not when taken in again

    def find(self, source: bytes) -> int | None:
        """The slot of the device that speaks from an address. An unknown one may have been registered a moment ago."""
        slot = self.devices.slots.get(source)
        if slot is None and self.look_again is not None:
            self.look_again(source)
            slot = self.devices.slots.get(source)
        return slot

    def hear(self, slot: int, batch: int, index: int, received_us: int) -> None:
        """A device said something, whatever it was."""
        devices = self.devices
        devices.seen_us[slot], devices.seen_batch[slot], devices.seen_index[slot] = received_us, batch, index
        hour = received_us // HOUR_US
        if hour != self._hour:
            self._hour, self._heard = hour, self.dirty.setdefault(hour, set())
        self._heard.add(slot)
        if self.counting:
            self.tally.message(devices.regions[slot], hour)

    def pop_dirty(self) -> dict[int, set[int]]:
        """Who was heard since the last call, by hour."""
        dirty, self.dirty, self._hour = self.dirty, {}, -1
        return dirty

    def take(self, batch: int, index: int, writer: str, received_us: int, link: int, trust: int, frame: bytes) -> None:
        """Take in one frame. Frames must come in the order of the journal."""
        source = frame[12:18]
        slot = self.find(source)
        if slot is None:
            if not self.quiet:
                self.meet_stranger(source, writer, received_us, link, frame, f"{batch}:{index}")
            return
        self.hear(slot, batch, index, received_us)
        command, devices = frame[26], self.devices
        if len(frame) > 32 and command in (_SEND, _ANSWER):
            self._unit(devices.at(slot, source), batch, index, received_us, trust, frame)
        elif command in (_CONFIRM, _DENY) and not self.quiet:
            self._reply(devices.at(slot, source), Moment(f"{batch}:{index}", received_us, trust, False), frame)
        if received_us - devices.learned_us[slot] > LEARN_EVERY_US:
            devices.learned_us[slot] = received_us
            label = label_s(frame[6:12], devices.profile_at(slot).bcd)
            devices.set_offset(slot, rules.learn_offset(devices.offset(slot), label, received_us / 1e6))

    def _unit(self, device: Known, batch: int, index: int, received_us: int, trust: int, frame: bytes) -> None:
        kind, command = frame[27], frame[26]
        if command == _SEND and self.window.seen(frame, received_us):
            if not self.quiet:
                self.effects.duplicates += 1
            return
        if kind == READINGS:
            for value in values(frame):
                self.keep_reading(device, value.key, value.quantity, Latest(value.raw, value.label, received_us))
        if self.quiet:
            return
        if command == _ANSWER:
            self._reply(device, Moment(f"{batch}:{index}", received_us, trust, False), frame)
        if kind in STATES or kind in OPERATIONS:
            label = label_s(frame[6:12], device.profile.bcd)
            stale = rules.is_stale(label, received_us / 1e6, device.offset_s)
            moment = Moment(f"{batch}:{index}", received_us, trust, stale)
            if kind in STATES:
                for state in states(frame):
                    self._state(device, state, moment)
            else:
                for operation in operations(frame):
                    self._operation(device, operation, moment)

    def keep_reading(self, device: Known, key: Key, quantity: int, latest: Latest) -> None:
        """A value came: the newest of its quantity, and one more row of the history."""
        device.readings[key, quantity] = latest
        self.dirty_readings[device.source, key, quantity] = latest
        if self.counting:
            self.tally.reading(self.devices.regions[device.slot], latest.received_us // HOUR_US)
        if self.keeping:
            at_ms = round(reading_s(device, latest) * 1000)
            self.tally.rows.add(device.slot, key, quantity, at_ms, latest.raw)

    def part(self, device: Known, key: Key) -> Part:
        """A reporter of the device, made when it reports for the first time."""
        if device.parts is None:
            device.parts = self._parts_of(device)
        found = device.parts.get(key)
        if found is None:
            found = device.parts[key] = Part(key, new_id())
            self.effects.parts[found.id] = (device, found)
        return found

    def _state(self, device: Known, state: State, moment: Moment) -> None:
        part = self.part(device, state.key)
        at_s = self._event_s(device, state.label, moment)
        if state.text and not part.location_given:
            text = text_of(state.text)
            if text and text != part.location:
                part.location = text[:120]
                self.effects.parts[part.id] = (device, part)
        if rules.is_reset(state.word, state.kind):
            self._reset(device, state.key, at_s, moment)
        if state.word != part.word:
            part.word, part.since_s = state.word, at_s
            self.effects.parts[part.id] = (device, part)
        after = rules.conditions(state.word, state.kind, device.profile.code)
        if after or part.active:
            test = rules.is_test(state.word, state.kind, device.profile.code)
            self._compare(device, part, after, at_s, moment, test)

    def _compare(
        self, device: Known, part: Part, after: frozenset[str], at_s: float, moment: Moment, test: bool
    ) -> None:
        raised, cleared = rules.changes(frozenset(part.active), after)
        for condition in raised:
            self.raise_condition(
                device, part, condition, at_s, moment, {"word": part.word, "test": test or device.maintenance}
            )
        for condition in cleared:
            self.clear_condition(device, part, condition, at_s, moment, "state")

    def raise_condition(
        self, device: Known, part: Part, condition: str, at_s: float, moment: Moment, detail: dict[str, Any]
    ) -> None:
        id = _event_id("raised", device, part, moment) if condition == "fire" else new_id()
        part.active[condition] = Active(id, at_s)
        silent = condition != "fire" and device.muted_until_s > moment.received_s
        self._changed(Change(id, "raised", device, part, condition, id, at_s, moment, detail, silent))

    def clear_condition(self, device: Known, part: Part, condition: str, at_s: float, moment: Moment, why: str) -> None:
        active = part.active.pop(condition)
        detail = {"why": why, "word": part.word}
        id = _event_id("cleared", device, part, moment) if condition == "fire" else new_id()
        self._changed(Change(id, "cleared", device, part, condition, active.signal_id, at_s, moment, detail))

    def _changed(self, change: Change) -> None:
        effects, part = self.effects, change.part
        (effects.urgent if change.condition == "fire" else effects.changes).append(change)
        if part is not None:
            effects.parts[part.id] = (change.device, part)

    def _reset(self, device: Known, system: Key, at_s: float, moment: Moment) -> None:
        """A system was reset: whatever its panel latches is gone at each of its components."""
        self.part(device, system)
        for part in list((device.parts or {}).values()):
            if part.key[: len(system)] == system and (system or not part.key):
                for condition in sorted(rules.LATCHING & part.active.keys()):
                    self.clear_condition(device, part, condition, at_s, moment, "reset")

    def _operation(self, device: Known, operation: Operation, moment: Moment) -> None:
        part, at_s = self.part(device, operation.key), self._event_s(device, operation.label, moment)
        detail = {"bits": operation.bits, "operator": operation.operator}
        id = new_id()
        change = Change(id, "operation", device, part, "", id, at_s, moment, detail)
        self.effects.changes.append(change)
        if operation.bits & RESET:
            self._reset(device, operation.key, at_s, moment)
        if operation.bits & CLEARED and "fire" in part.active:
            self.clear_condition(device, part, "fire", at_s, moment, "reset")
        if operation.bits & MANUAL_ALARM and "fire" not in part.active:
            self.raise_condition(device, part, "fire", at_s, moment, {"manual": True, "test": device.maintenance})
        if operation.bits & DUTY_REPLY and operation.key == DEVICE_KEY:
            self.effects.changes.append(change._replace(id=new_id(), what="duty_reply"))

    def _reply(self, device: Known, moment: Moment, frame: bytes) -> None:
        outcome = {_CONFIRM: "confirmed", _DENY: "denied", _ANSWER: "answered"}[frame[26]]
        detail = {"serial": frame[2] | frame[3] << 8, "outcome": outcome}
        id, at_s = new_id(), moment.received_s
        self.effects.changes.append(Change(id, "reply", device, None, "", id, at_s, moment, detail))

    def _event_s(self, device: Known, label: bytes, moment: Moment) -> float:
        """When it happened: the object's own time by the corrected clock, or the receive time where that says nothing
        sane."""
        seen = label_s(label, device.profile.bcd) if len(label) == 6 else None
        if seen is None:
            return moment.received_s
        at_s = seen + (device.offset_s or 0.0)
        return min(at_s, moment.received_s) if abs(at_s - moment.received_s) < 86_400 else moment.received_s

    def meet_stranger(self, source: bytes, writer: str, received_us: int, link: int, frame: bytes, ref: str) -> None:
        stranger = self.effects.strangers.setdefault(source, Stranger(first_us=received_us))
        stranger.frames += 1
        stranger.last_us, stranger.writer, stranger.link, stranger.frame = received_us, writer, link, frame
        stranger.ref = ref

    def note(self, note: Note) -> None:
        """Take in a note of the gateway."""
        if not self.quiet:
            self.effects.notes.append(note)

    def bury(self, dead: Dead) -> None:
        """Remember something that could not be taken in."""
        if not self.quiet:
            self.effects.dead.append(dead)

    def pop_effects(self) -> Effects:
        """What was caused since the last call."""
        effects, self.effects = self.effects, Effects()
        effects.told = [Told(d, p, p.word, p.since_s, p.location, dict(p.active)) for d, p in effects.parts.values()]
        return effects


def reading_s(device: Known, latest: Latest) -> float:
    """When a value was taken: by its own label and the device's corrected clock, or when it came, where the label says
    nothing sane."""
    received_s = latest.received_us / 1e6
    seen = label_s(latest.label, device.profile.bcd) if len(latest.label) == 6 else None
    at_s = received_s if seen is None else seen + (device.offset_s or 0.0)
    return at_s if abs(at_s - received_s) < 86_400 else received_s


def _event_id(what: str, device: Known, part: Part, moment: Moment) -> UUID:
    """The id of a fire's event: a UUID version 7 of the receive time whose other bits follow from frame and component."""
    about = f"{what} {moment.ref} {device.id} {part.key}".encode()
    tail = int.from_bytes(blake2b(about, digest_size=10).digest(), "big")
    ms = moment.received_us // 1000 & 0xFFFFFFFFFFFF
    return UUID(int=ms << 80 | 0x7 << 76 | (tail >> 62 & 0xFFF) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1))
