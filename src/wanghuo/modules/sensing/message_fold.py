"""Messages into the fold: which device speaks, what its points mean by its profile, what changed. As pure as the fold.

The rules are those of frames: the same records in the same order give the same result; a condition is raised once and cleared
once; a repetition changes nothing. A point governs the conditions its profile names; a message that is silent about a point
leaves them as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from wanghuo.base.ids import new_id
from wanghuo.engines.codecs.envelopes import decode
from wanghuo.engines.codecs.gb26875.labels import encode_time
from wanghuo.engines.codecs.payloads import decode_raw
from wanghuo.engines.codecs.samples import Report, Sample, Undecodable
from wanghuo.modules.sensing import modbus_map, rules
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.fold import Change, Fold, Moment, Note
from wanghuo.modules.sensing.known import Known, Latest
from wanghuo.modules.sensing.messages import Message, device_key, unpack_message
from wanghuo.modules.sensing.observe import DEVICE_KEY, Key
from wanghuo.modules.sensing.points import OF_THE_DEVICE, Point
from wanghuo.modules.sensing.profiles import Profile
from wanghuo.modules.sensing.quantities import codes

MOST_STRANGE_BYTES = 4096  # of the last message of an unknown device that are kept
TELL_AGAIN_US = 600_000_000  # a sender whose messages cannot be read is told about this often
LEARN_EVERY_US = 60_000_000
SAMPLE_EVERY_US = 30_000_000
EVENT = "event."
DUTY_REPLY = "duty_reply"
_OF_ITSELF = frozenset(codes()[name] for name in ("battery", "battery_voltage", "signal", "snr"))
_BIT = {condition: bit for bit, condition in rules.COMMON.items()} | {"power_fault": 8}
_OTHER_BIT = 15


class Heard(NamedTuple):
    """Where a record stands, and how it came. `received_us`: microseconds since 1970 UTC."""

    batch: int
    at: int
    writer: str
    received_us: int
    link: int
    trust: int


def take_message(
    fold: Fold,
    batch: int,
    index: int,
    writer: str,
    received_us: int,
    link: int,
    trust: int,
    data: bytes,
    in_service: Callable[[Known], bool] | None = None,
) -> None:
    """Take in one record of kind MESSAGE. Raises NotPacked for one that is none. `in_service`: asked of each device that
    speaks, by a replay, which must pass over what came before it was registered."""
    message = unpack_message(data)
    heard = Heard(batch, index, writer, received_us, link, trust)
    try:
        reports = decode(message.protocol, message.topic, message.address, message.payload)
    except Undecodable as error:
        _unread(fold, message, heard, str(error))
        return
    _sample(fold, message, heard)
    for number, report in enumerate(reports):
        try:
            _report(fold, message, report, heard, number, data, in_service)
        except Undecodable as error:
            _unread(fold, message._replace(address=report.address), heard, str(error))


def _report(
    fold: Fold,
    message: Message,
    report: Report,
    heard: Heard,
    number: int,
    data: bytes,
    in_service: Callable[[Known], bool] | None,
) -> None:
    batch, index, writer, received_us, link, trust = heard
    names = dict.fromkeys(filter(None, (report.address, *report.others, message.address)))
    found = next(
        ((slot, key) for name in names if (slot := fold.find(key := device_key(message.protocol, name))) is not None),
        None,
    )
    ref = f"{batch}:{index}" if number == 0 else f"{batch}:{index}.{number}"
    if found is None:
        if not fold.quiet and names:
            key = device_key(message.protocol, next(iter(names)))
            fold.meet_stranger(key, writer, received_us, link, data[:MOST_STRANGE_BYTES], ref)
        return
    slot, key = found
    device = fold.devices.at(slot, key)
    if in_service is not None and not in_service(device):
        return
    if report.online is not False:
        fold.hear(slot, batch, index, received_us)
    samples = samples_of(report, device.profile)
    newest_ms = max((s.at_ms for s in samples if s.at_ms is not None), default=report.at_ms)
    about = key + repr((samples, report.online, report.answers, report.key)).encode()
    named = newest_ms is not None or bool(report.key)
    if named and fold.repeats.seen(about, received_us):
        if not fold.quiet:
            fold.effects.duplicates += 1
        return
    newest_s = newest_ms / 1000 if newest_ms is not None else None
    stale = rules.is_stale(newest_s, received_us / 1e6, device.offset_s)
    _take_samples(fold, device, samples, Moment(ref, received_us, trust, stale))
    if not fold.quiet:
        _sessions(fold, device, report, Moment(ref, received_us, trust, stale))
    if received_us - device.learned_us > LEARN_EVERY_US and newest_s is not None:
        device.learned_us = received_us
        device.offset_s = rules.learn_offset(device.offset_s, newest_s, received_us / 1e6)


def samples_of(report: Report, profile: Profile) -> tuple[Sample, ...]:
    """The samples of a report, the device's own bytes read as its profile says. Raises Undecodable."""
    if not report.raw:
        return report.samples
    if profile.modbus:
        return report.samples + modbus_map.samples(profile.modbus, report.raw)
    return report.samples + decode_raw(profile.payload, report.raw, report.at_ms)


def _take_samples(fold: Fold, device: Known, samples: Iterable[Sample], moment: Moment) -> None:
    standing: dict[Key, _Said] = {}
    newest: dict[Point, Sample] = {}
    for sample in samples:
        for point in device.profile.of(sample.point):
            _keep(fold, device, point, sample, moment)
            before = newest.get(point)
            if before is None or (sample.at_ms or 0) >= (before.at_ms or 0):
                newest[point] = sample
            if not fold.quiet and (point.states is not None or point.bits is not None):
                _say(fold, device, standing, point, sample)
        if not fold.quiet and sample.point.startswith(EVENT) and not device.profile.of(sample.point):
            _event(fold, device, standing, sample, moment)
    if fold.quiet:
        return
    for point, sample in newest.items():
        if point.limits:
            _say(fold, device, standing, point, sample)
    for key, said in standing.items():
        _compare(fold, device, key, said, moment)


class _Said:
    """What the points of one message say of one reporter: conditions they govern, those that hold, and the sample behind."""

    __slots__ = ("at_ms", "governed", "holding", "why")

    def __init__(self) -> None:
        self.governed: set[str] = set()
        self.holding: set[str] = set()
        self.why: dict[str, tuple[str, float | None]] = {}
        self.at_ms: int | None = None

    def add(
        self, governed: Iterable[str], holding: Iterable[str], point: str, value: float | None, at_ms: int | None
    ) -> None:
        """One point said something."""
        self.governed |= set(governed)
        for condition in holding:
            self.holding.add(condition)
            self.why[condition] = (point, value)
        if at_ms is not None:
            self.at_ms = max(at_ms, self.at_ms or 0)


def component_key(device: Known, point: Point) -> Key:
    """The reporter that a point belongs to: a component of the profile's kind, by channel."""
    return (device.profile.system_type, 0, point.component_type, point.channel)


def _keep(fold: Fold, device: Known, point: Point, sample: Sample, moment: Moment) -> None:
    """Keep a sample as a reading, where its point is a quantity."""
    raw = point.raw(sample.value)
    if raw is None or point.quantity is None:
        return
    itself = point.quantity in _OF_ITSELF and not point.of_component
    key = DEVICE_KEY if itself else component_key(device, point)
    fold.keep_reading(device, key, point.quantity, Latest(raw, _label(sample.at_ms), moment.received_us))


def _label(at_ms: int | None) -> bytes:
    """A time as the six bytes that readings keep; none is none."""
    return encode_time(datetime.fromtimestamp(at_ms / 1000, UTC)) if at_ms is not None else b""


def _say(fold: Fold, device: Known, standing: dict[Key, _Said], point: Point, sample: Sample) -> None:
    for governed in (point.governs & OF_THE_DEVICE, point.governs - OF_THE_DEVICE):
        if not governed:
            continue
        key = DEVICE_KEY if governed <= OF_THE_DEVICE and not point.of_component else component_key(device, point)
        active = fold.part(device, key).active.keys()
        holding = point.holding(sample.value, active) & governed
        said = standing.setdefault(key, _Said())
        said.add(governed, holding, point.code, point.number(sample.value), sample.at_ms)


def _event(fold: Fold, device: Known, standing: dict[Key, _Said], sample: Sample, moment: Moment) -> None:
    """An event by its own name: "event.fire" is a condition of ours, whatever the profile says of points."""
    what = sample.point.removeprefix(EVENT)
    if what == DUTY_REPLY and sample.value:
        id, at_s = new_id(), event_s(device, sample.at_ms, moment)
        fold.effects.changes.append(
            Change(id, "duty_reply", device, None, "", id, at_s, moment, {"bits": 0, "operator": 0})
        )
    if what in CONDITIONS:
        itself = what in OF_THE_DEVICE
        key: Key = DEVICE_KEY if itself else (device.profile.system_type, 0, device.profile.component_type, 0)
        said = standing.setdefault(key, _Said())
        said.add({what}, {what} if sample.value else (), sample.point, None, sample.at_ms)


def _compare(fold: Fold, device: Known, key: Key, said: _Said, moment: Moment) -> None:
    part = fold.part(device, key)
    after = (frozenset(part.active) - said.governed) | said.holding
    at_s = event_s(device, said.at_ms, moment)
    word = word_of(after)
    if word != part.word:
        part.word, part.since_s = word, at_s
        fold.effects.parts[part.id] = (device, part)
    raised, cleared = rules.changes(frozenset(part.active), after)
    for condition in raised:
        point, value = said.why[condition]
        detail = {"word": word, "test": device.maintenance, "point": point, "value": value}
        fold.raise_condition(device, part, condition, at_s, moment, detail)
    for condition in cleared:
        fold.clear_condition(device, part, condition, at_s, moment, "state")


def word_of(conditions: Iterable[str]) -> int:
    """Conditions as a state word of type 2, for what shows words: 1 is normal, bit 15 stands for those it has no bit for."""
    word = 0
    for condition in conditions:
        word |= 1 << _BIT.get(condition, _OTHER_BIT)
    return word or 1


def event_s(device: Known, at_ms: int | None, moment: Moment) -> float:
    """When it happened: by the message's own time and the corrected clock, or when it came, where that is not sane."""
    if at_ms is None:
        return moment.received_s
    at_s = at_ms / 1000 + (device.offset_s or 0.0)
    return min(at_s, moment.received_s) if abs(at_s - moment.received_s) < 86_400 else moment.received_s


def _sessions(fold: Fold, device: Known, report: Report, moment: Moment) -> None:
    """What the operator or the broker says of the session, once when it changes; and answers to commands."""
    for answer in report.answers:
        id = new_id()
        detail = {"key": answer.key, "outcome": "answered" if answer.done else "denied"}
        fold.effects.changes.append(Change(id, "reply", device, None, "", id, moment.received_s, moment, detail))
    if report.online is not None and fold.repeats.sessions.get(device.slot, True) != report.online:
        fold.repeats.sessions[device.slot] = report.online
        id = new_id()
        what = "session_up" if report.online else "session_down"
        fold.effects.changes.append(
            Change(id, what, device, None, "", id, event_s(device, report.at_ms, moment), moment, {})
        )


def _sample(fold: Fold, message: Message, heard: Heard) -> None:
    """Name a record of each way in now and then, so that its page can show what comes."""
    way = message.topic
    if (
        fold.quiet
        or not way
        or {*way} & {*"/;"}
        or heard.received_us - fold.repeats.shown.get(way, 0) < SAMPLE_EVERY_US
    ):
        return
    fold.repeats.shown[way] = heard.received_us
    known = {"what": "way_sample", "way": way}
    fold.note(Note(f"{heard.batch}:{heard.at}", heard.writer, heard.received_us, known))


def _unread(fold: Fold, message: Message, heard: Heard, error: str) -> None:
    """A message that cannot be read: told with its error, at most every ten minutes for each sender, and counted."""
    if fold.quiet:
        return
    batch, index, writer, received_us, *_ = heard
    sender = (message.protocol, message.topic, message.address)
    since_us, count = fold.repeats.unread.get(sender, (0, 0))
    count += 1
    if received_us - since_us < TELL_AGAIN_US:
        fold.repeats.unread[sender] = (since_us, count)
        return
    if len(fold.repeats.unread) > 10_000:
        fold.repeats.unread.clear()
    fold.repeats.unread[sender] = (received_us, 0)
    known: Mapping[str, object] = {
        "what": "undecoded", "protocol": message.protocol, "topic": message.topic, "address": message.address,
        "error": error[:300], "count": count,
    }  # fmt: skip
    fold.note(Note(f"{batch}:{index}", writer, received_us, dict(known)))
