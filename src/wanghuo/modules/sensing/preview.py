"""What a message becomes: its devices, their samples, and what a profile makes of each. For people; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from wanghuo.base import Text
from wanghuo.engines.codecs.envelopes import decode
from wanghuo.engines.codecs.samples import Report, Sample, Undecodable
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.message_fold import EVENT, samples_of
from wanghuo.modules.sensing.messages import Message
from wanghuo.modules.sensing.points import Point
from wanghuo.modules.sensing.profiles import Profile
from wanghuo.modules.sensing.quantities import quantity, quantity_name

MOST_LINES, MOST_TEXT, ROW = 300, 20_000, 16
UNUSED = Text("未用：配置中没有这个名称", "not used: the profile has no such name")


@dataclass(frozen=True, slots=True)
class Line:
    """One sample and what becomes of it."""

    point: str
    value: str
    at: datetime | None
    becomes: tuple[Text, ...]
    alarming: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One device of a message. `error`: why its bytes could not be read."""

    address: str
    others: tuple[str, ...]
    product: str
    online: bool | None
    lines: tuple[Line, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as people read it. `text`: its payload where it is text, else "" and `rows` of hexadecimal."""

    message: Message
    text: str
    rows: tuple[tuple[str, str], ...]
    seen: tuple[Seen, ...]
    error: str = ""


def preview(message: Message, profile: Profile) -> Preview:
    """What a message becomes with a profile; what cannot be read says why."""
    text, rows = _shown(message.payload)
    try:
        reports = decode(message.protocol, message.topic, message.address, message.payload)
    except Undecodable as error:
        return Preview(message, text, rows, (), str(error))
    return Preview(message, text, rows, tuple(_seen(report, profile) for report in reports[:50]))


def _shown(payload: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if all(letter.isprintable() or letter in "\r\n\t" for letter in text):
        return text[:MOST_TEXT], ()
    return "", tuple((f"{at:04x}", payload[at : at + ROW].hex(" ")) for at in range(0, min(len(payload), 4096), ROW))


def _seen(report: Report, profile: Profile) -> Seen:
    try:
        samples = samples_of(report, profile)
        error = ""
    except Undecodable as wrong:
        samples, error = report.samples, str(wrong)
    lines = tuple(_line(sample, profile) for sample in samples[:MOST_LINES])
    return Seen(report.address, report.others, report.product, report.online, lines, error)


def _line(sample: Sample, profile: Profile) -> Line:
    at = datetime.fromtimestamp(sample.at_ms / 1000, UTC) if sample.at_ms is not None else None
    becomes = [each for point in profile.of(sample.point) for each in _becomes(point, sample)]
    event = sample.point.removeprefix(EVENT)
    if not becomes and sample.point.startswith(EVENT) and event in CONDITIONS:
        becomes = [(CONDITIONS[event], bool(sample.value))]
    texts = tuple(text for text, _ in becomes) or (UNUSED,)
    return Line(sample.point, str(sample.value)[:80], at, texts, any(alarming for _, alarming in becomes))


def _becomes(point: Point, sample: Sample) -> Iterator[tuple[Text, bool]]:
    """What one point makes of a sample: a reading, conditions that hold, conditions that do not."""
    raw, scale = point.raw(sample.value), quantity(point.quantity) if point.quantity is not None else None
    if raw is not None and scale is not None and point.quantity is not None:
        exact = raw * scale.step
        known = {"name": quantity_name(point.quantity), "value": f"{exact.normalize():f}", "unit": scale.unit}
        yield Text("{name} {value} {unit}", "{name} {value} {unit}").filled(known), False
        if not scale.low <= exact <= scale.high:
            yield Text("超出量程", "out of range"), False
    holding = point.holding(sample.value, frozenset())
    for condition in sorted(holding):
        yield Text("报：{what}", "raises: {what}").filled({"what": CONDITIONS[condition]}), True
    for condition in sorted(point.governs - holding):
        yield Text("不报或解除：{what}", "ends or leaves: {what}").filled({"what": CONDITIONS[condition]}), False
