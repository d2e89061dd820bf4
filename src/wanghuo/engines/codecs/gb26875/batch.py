"""Many frames at once as numpy columns, for replay, history and the segments of an aggregated link.

Gives what the scalar decoder gives (the tests compare them on mixed streams), at some ten nanoseconds a column. Texts
stay where they are: a column holds the offset of each description in the buffer. Where it was built, `_columns.pyx`
takes buffers in which all is plain; it pays nearly nothing for a call, so that chunks of a few frames are quick too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from wanghuo.base.compiled import compiled
from wanghuo.engines.codecs.gb26875.frames import MAX_FRAME_SIZE, OVERHEAD, Frame
from wanghuo.engines.codecs.gb26875.labels import decode_time
from wanghuo.engines.codecs.gb26875.stream import StreamDecoder
from wanghuo.engines.codecs.gb26875.tables import MAX_UNIT_SIZE
from wanghuo.engines.codecs.gb26875.units import LAYOUTS, LONG_STATE, UNTIMED_STATE, Layout, decode_unit

Column = npt.NDArray[Any]

_quick = compiled("wanghuo.engines.codecs.gb26875._columns")

_BLOCK: Final = 1 << 18
"""Bytes searched for frames in one go: small enough to stay in the processor's cache."""
_RESYNC: Final = 1 << 14
"""Bytes handed to the scalar decoder where the chain of frames breaks."""

_HEADER = np.dtype(
    [
        ("marker", "<u2"), ("serial", "<u2"), ("version", "u1"), ("user_version", "u1"), ("time", "<u2", 3),
        ("source", "u1", 6), ("dest", "u1", 6), ("app_len", "<u2"), ("command", "u1"), ("type", "u1"), ("count", "u1"),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frames:
    """One row a frame. `time`: epoch seconds of the sending time, -1 where invalid; `type` and `count`: -1 where the
    unit has none. Rows with `valid` false (wrong markers, length or checksum) have no objects, and their other columns
    mean nothing.
    """

    offset: Column
    length: Column
    valid: Column
    serial: Column
    command: Column
    source: Column
    dest: Column
    time: Column
    type: Column
    count: Column

    def __len__(self) -> int:
        return len(self.offset)


@dataclass(frozen=True, slots=True)
class Objects:
    """One row an object, in the order sent; `frame` is its row in `Frames`.

    Absent values are -1, except `raw`, which is 0 where `analog_type` is -1. `state` is the status word or the
    operation bits. `time`: epoch seconds of the event time. `text_at`: offset in the buffer of the description or text.
    """

    frame: Column
    type: Column
    system_type: Column
    system_addr: Column
    component_type: Column
    component_addr: Column
    state: Column
    operator: Column
    analog_type: Column
    raw: Column
    time: Column
    text_at: Column

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames and the objects in them. Frame columns are taken to the objects with `batch.frames.source[o.frame]`."""

    frames: Frames
    objects: Objects


OBJECT_TYPES = {
    "frame": np.int64, "type": np.int16, "system_type": np.int16, "system_addr": np.int16, "component_type": np.int16,
    "component_addr": np.int64, "state": np.int32, "operator": np.int16, "analog_type": np.int16, "raw": np.int32,
    "time": np.int64, "text_at": np.int64,
}  # fmt: skip
_RENAMED = {"status": "state", "operation": "state"}
_COPIED = ("system_type", "system_addr", "component_type", "component_addr", "state", "operator", "analog_type", "raw")


def decode_batch(
    buffer: bytes | bytearray | memoryview | Column,
    offsets: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
) -> Batch:
    """Decode the frames of `buffer` into columns.

    With `offsets` and `lengths` these are the frames, one row each, valid or not. Without them the frames are searched
    for: the rows are the frames that a `StreamDecoder` fed with the whole buffer and closed would give. Never raises on
    any buffer; offsets outside it give invalid rows. Time labels are read as binary.
    """
    if _quick is not None:
        found = _decode_plain(buffer, offsets, lengths)
        if found is not None:
            return found
    return decode_batch_numpy(buffer, offsets, lengths)


def decode_batch_numpy(
    buffer: bytes | bytearray | memoryview | Column,
    offsets: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
) -> Batch:
    """`decode_batch` without the compiled part."""
    data = np.frombuffer(buffer, np.uint8) if not isinstance(buffer, np.ndarray) else buffer.view(np.uint8)
    if offsets is None or lengths is None:
        alike = _decode_alike(data)
        if alike is not None:
            return alike
        found = list(_find(data))
        at = np.concatenate([f[0] for f in found]) if found else np.empty(0, np.int64)
        size = np.concatenate([f[1] for f in found]) if found else np.empty(0, np.int64)
        valid = np.ones(len(at), bool)
    else:
        at, size = np.asarray(offsets, np.int64), np.asarray(lengths, np.int64)
        valid = _valid(data, at, size)
    frames = _frames(data, at, size, valid)
    return Batch(frames, _objects(data, frames))


# ---- compiled ------------------------------------------------------------------------------------------------------


def _decode_plain(
    buffer: bytes | bytearray | memoryview | Column, offsets: npt.ArrayLike | None, lengths: npt.ArrayLike | None
) -> Batch | None:
    """A buffer of whole valid frames with objects of fixed size, decoded by the compiled part; else None."""
    assert _quick is not None
    if isinstance(buffer, np.ndarray) and not buffer.flags.c_contiguous:
        return None
    if offsets is None or lengths is None:
        return cast("Batch | None", _quick.decode(buffer, Batch, Frames, Objects, None, None))
    at = np.ascontiguousarray(offsets, np.int64)
    size = np.ascontiguousarray(lengths, np.int64)
    return cast("Batch | None", _quick.decode(buffer, Batch, Frames, Objects, at, size))


def _lessons() -> tuple[list[tuple[int, int, tuple[int, ...], bool]], list[tuple[int, int]]]:
    """What `_columns.learn` has to know: where the parts of an object lie, and the months of 2000 to 2099."""
    layouts = []
    for plan in range(258):
        layout = _layout(plan)
        if layout is None or layout.text:
            continue
        dtype = _structure(layout.struct.format, tuple(layout.kind.__slots__))
        assert dtype.fields is not None
        places = (
            _place(dtype, name) if name in dtype.fields else -1 for name in (*_COPIED, "time_raw", "description_raw")
        )
        wide = "state" in dtype.fields and dtype.fields["state"][0].itemsize == 2
        layouts.append((plan, layout.struct.size, tuple(places), wide))
    begins = [(date(2000 + n // 12, n % 12 + 1, 1) - date(1970, 1, 1)).days for n in range(1201)]
    return layouts, [(day, after - day) for day, after in pairwise(begins)]


# ---- frames that are all alike -------------------------------------------------------------------------------------


def _decode_alike(data: Column) -> Batch | None:
    """A buffer of whole valid frames of one length, type and count, read as a table without any index; else None."""
    if len(data) < OVERHEAD + 2:
        return None
    unit = int(data[24]) | int(data[25]) << 8
    length = unit + OVERHEAD
    number, left = divmod(len(data), length)
    if left or not number or not 2 <= unit <= MAX_UNIT_SIZE:
        return None
    head = np.ndarray((number,), _HEADER, data, 0, (length,))
    ends = np.ndarray((number,), "<u2", data, length - 2, (length,))
    expected = ((head["marker"], 0x4040), (head["app_len"], unit), (ends, 0x2323))
    same = ((head["type"], int(data[27])), (head["count"], int(data[28])))
    if not all((column == value).all() for column, value in (*expected, *same)):
        return None
    body = np.ndarray((number, length - 5), np.uint8, data, 2, (length, 1))
    if not (np.einsum("ij->i", body) == data[length - 3 :: length]).all():
        return None
    offset = np.arange(0, number * length, length, dtype=np.int64)
    frames = _frame_columns(head, offset, np.full(number, length, np.int64))
    plan = int(_plans(Frames(*(getattr(frames, f.name)[:1] for f in fields(Frames))))[0][0])
    layout = _layout(plan)
    if layout is None or layout.text:
        return None
    each = min(int(data[28]), (unit - 2) // layout.struct.size)
    dtype = _structure(layout.struct.format, tuple(layout.kind.__slots__))
    record = np.ndarray((number, each), dtype, data, 29, (length, layout.struct.size)) if each else np.empty(0, dtype)
    at = (offset[:, None] + (29 + np.arange(each) * layout.struct.size)).reshape(-1)
    columns = _object_columns(record.reshape(-1) if each == 1 else record, at)
    columns["frame"] = np.arange(number) if each == 1 else np.repeat(np.arange(number), each)
    columns["type"] = np.full(number * each, data[27], np.int16)
    return Batch(frames, Objects(**columns))


def _object_columns(record: Column, at: Column) -> dict[str, Column]:
    """All columns but `frame` and `type` of objects of one plan that begin at `at`."""
    names = record.dtype.names or ()
    columns: dict[str, Column] = {}
    for name in _COPIED:
        if name in names:
            columns[name] = record[name].astype(OBJECT_TYPES[name]).reshape(-1)
        else:
            columns[name] = np.full(len(at), 0 if name == "raw" else -1, OBJECT_TYPES[name])
    timed, described = "time_raw" in names, "description_raw" in names
    columns["time"] = _epoch(record["time_raw"].reshape(-1, 3)) if timed else np.full(len(at), -1, np.int64)
    columns["text_at"] = at + _place(record.dtype, "description_raw") if described else np.full(len(at), -1, np.int64)
    return columns


# ---- finding and judging -------------------------------------------------------------------------------------------


def _find(data: Column) -> Iterator[tuple[Column, Column]]:
    """Offsets and lengths of the frames, block by block; the scalar decoder takes over where a block has no frame in
    place, and hands back at the next one."""
    at, total = 0, len(data)
    while total - at >= OVERHEAD:
        offset, length = _chain(data, at, min(total, at + _BLOCK))
        good = _valid(data, offset, length)
        whole = len(good) if good.all() else int(np.argmin(good))
        if whole:
            yield offset[:whole], length[:whole]
            at = int(offset[whole - 1] + length[whole - 1])
        if whole == len(good) and whole:
            continue
        frames, at = _resync(data, at, total)
        if frames:
            yield np.array([f.offset for f in frames], np.int64), np.array([len(f.raw) for f in frames], np.int64)


def _chain(data: Column, start: int, stop: int) -> tuple[Column, Column]:
    """The frames that stand back to back from `start`, by their markers and lengths alone."""
    block = data[start:stop]
    mark = np.flatnonzero((block[:-1] == 0x40) & (block[1:] == 0x40))
    mark = mark[mark <= len(block) - OVERHEAD]
    if not len(mark) or mark[0] != 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    unit = block[mark + 24].astype(np.int64) | block[mark + 25].astype(np.int64) << 8
    end = mark + unit + OVERHEAD
    if not np.array_equal(end[:-1], mark[1:]):
        after = np.searchsorted(mark, end)
        linked = (after < len(mark)) & (mark[np.minimum(after, len(mark) - 1)] == end)
        following = np.where(linked, after, -1).tolist()
        chosen, link = [], 0
        while link >= 0:
            chosen.append(link)
            link = following[link]
        mark, unit, end = mark[chosen], unit[chosen], end[chosen]
    if end[-1] > len(block):
        mark, unit = mark[:-1], unit[:-1]
    return mark + start, unit + OVERHEAD


def _resync(data: Column, at: int, total: int) -> tuple[list[Frame], int]:
    """What the scalar decoder finds from `at` on in a window, and where the vectorised search goes on.

    What begins too near the window's end is judged again with the bytes that follow it.
    """
    end = min(total, at + _RESYNC)
    decoder = StreamDecoder()
    events = decoder.feed(data[at:end].tobytes())
    if end == total:
        events += decoder.close()
        safe = total
    else:
        safe = end - MAX_FRAME_SIZE
    kept, go_on = [], at + decoder.offset
    for event in events:
        if at + event.offset >= safe:
            go_on = at + event.offset
            break
        if isinstance(event, Frame):
            kept.append(Frame(event.raw, at + event.offset))
    return kept, max(go_on, at + 1)


def _valid(data: Column, offset: Column, length: Column) -> Column:
    """Which of the stretches are whole valid frames: markers, length, checksum."""
    inside = (length >= OVERHEAD) & (length <= MAX_FRAME_SIZE) & (offset >= 0) & (offset + length <= len(data))
    if not inside.all():
        good = np.zeros(len(offset), bool)
        good[inside] = _valid(data, offset[inside], length[inside])
        return good
    if not len(offset):
        return inside
    last = offset + length
    unit = data[offset + 24].astype(np.int64) | data[offset + 25].astype(np.int64) << 8
    good = (unit == length - OVERHEAD) & (unit <= MAX_UNIT_SIZE)
    good &= (data[offset] == 0x40) & (data[offset + 1] == 0x40) & (data[last - 2] == 0x23) & (data[last - 1] == 0x23)
    return np.asarray(good & (_sums(data, offset, length) == data[last - 3]))


def _sums(data: Column, offset: Column, length: Column) -> Column:
    """The checksum each frame should have."""
    size, step = int(length[0]), _step(offset)
    if step > 0 and (length == size).all():
        rows = np.ndarray((len(offset), size - 5), np.uint8, data, int(offset[0]) + 2, (step, 1))
        return np.asarray(np.einsum("ij->i", rows))  # wraps at 256, which is the checksum
    edges = np.empty(2 * len(offset), np.int64)
    edges[0::2], edges[1::2] = offset + 2, offset + length - 3
    return np.add.reduceat(data, edges, dtype=np.uint8)[::2]


def _step(at: Column) -> int:
    """The distance of neighbours where it is the same for all, else 0."""
    if len(at) < 2:
        return 1 if len(at) else 0
    step = int(at[1] - at[0])
    return step if step > 0 and at[-1] - at[0] == step * (len(at) - 1) and (np.diff(at) == step).all() else 0


# ---- reading -------------------------------------------------------------------------------------------------------


def _records(data: Column, at: Column, dtype: np.dtype[Any]) -> Column:
    """The structures at the given offsets: a view where they are evenly spaced, else a copy."""
    if step := _step(at):
        return np.ndarray(at.shape, dtype, data, int(at[0]) if len(at) else 0, (step,))
    raw = np.dtype((np.void, dtype.itemsize))
    windows: Column = np.ndarray((max(0, len(data) - raw.itemsize + 1),), raw, data, 0, (1,))
    return windows[at].view(dtype)


def _frames(data: Column, offset: Column, length: Column, valid: Column) -> Frames:
    count = len(offset)
    if not valid.all():
        # read the good rows, then spread them over all: an invalid row may reach outside the buffer
        good = _frames(data, offset[valid], length[valid], valid[valid])
        spread = {f.name: np.zeros(count, getattr(good, f.name).dtype) for f in fields(Frames)}
        for name, column in spread.items():
            column[valid] = getattr(good, name)
        spread["type"][~valid] = spread["count"][~valid] = spread["time"][~valid] = -1
        return Frames(**spread | {"offset": offset, "length": length, "valid": valid})
    return _frame_columns(_records(data, offset, _HEADER), offset, length)


def _frame_columns(head: Column, offset: Column, length: Column) -> Frames:
    """The columns of valid frames with the given headers; without a unit the bytes of type and count are others'."""
    has_unit = length >= OVERHEAD + 2
    return Frames(
        offset=offset,
        length=length,
        valid=np.ones(len(offset), bool),
        serial=head["serial"].copy(),
        command=head["command"].copy(),
        source=_address(head["source"]),
        dest=_address(head["dest"]),
        time=_epoch(head["time"]),
        type=np.where(has_unit, head["type"], np.int16(-1)),
        count=np.where(has_unit, head["count"], np.int16(-1)),
    )


def _address(raw: Column) -> Column:
    wide = np.zeros((len(raw), 8), np.uint8)
    wide[:, :6] = raw
    return wide.view("<u8")[:, 0]


@cache
def _clock() -> tuple[Column, Column, Column, Column]:
    """Tables over the three 16-bit words of a time label: seconds of (second, minute), of (hour, day), of (month,
    year), and the length of the month. An impossible word is so far back that the sum stays below zero."""
    never = -(1 << 40)
    clock, day, month = (np.full(1 << 16, never, np.int64) for _ in range(3))
    days = np.zeros(1 << 16, np.uint8)
    low, high = np.meshgrid(np.arange(256), np.arange(256))
    word = low | high << 8
    fits = (low < 60) & (high < 60)
    clock[word[fits]] = (low + 60 * high)[fits]
    fits = (low < 24) & (high >= 1) & (high <= 31)
    day[word[fits]] = (3600 * low + 86400 * (high - 1))[fits]
    for year in range(100):
        for number in range(1, 13):
            first = datetime(2000 + year, number, 1, tzinfo=UTC)
            after = datetime(2000 + year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
            month[number | year << 8] = int(first.timestamp()) - 8 * 3600  # China Standard Time, no summer time
            days[number | year << 8] = (after - first).days
    return clock, day, month, days


def _epoch(label: Column) -> Column:
    """Epoch seconds of time labels given as three 16-bit words; -1 where invalid."""
    clock, day, month, days = _clock()
    first, second, third = label[:, 0], label[:, 1], label[:, 2]
    at = clock[first] + day[second] + month[third]
    return np.where((at > 0) & (second >> 8 <= days[third]), at, -1)


@cache
def _structure(form: str, names: tuple[str, ...]) -> np.dtype[Any]:
    kinds = {"B": "u1", "H": "<u2", "I": "<u4", "h": "<i2"}
    parts = [kinds.get(part) or ("V" + part[:-1]) for part in re.findall(r"\d+s|[BHIh]", form)]
    # the untimed dialect has fewer parts than its dataclass has fields
    pairs = [(_RENAMED.get(name, name), part) for name, part in zip(names, parts, strict=False)]
    return np.dtype([(name, "<u2", 3) if name == "time_raw" else (name, part) for name, part in pairs])


_LONG, _UNTIMED = 256, 257
"""Plans beside the type flags: type 2 with a 33-byte description, type 21 without time."""


def _layout(plan: int) -> Layout | None:
    return LONG_STATE if plan == _LONG else UNTIMED_STATE if plan == _UNTIMED else LAYOUTS.get(plan)


@cache
def _sizes() -> Column:
    """Object size of each plan; 0 where the scalar decoder has to read it (texts, user-defined and reserved types)."""
    found = ((plan, _layout(plan)) for plan in range(258))
    return np.array([x.struct.size if x and not x.text else 0 for _, x in found], np.int64)


def _objects(data: Column, frames: Frames) -> Objects:
    plan, per_frame = _plans(frames)
    scalar = np.flatnonzero((plan >= 0) & (_sizes()[plan] == 0))
    units = {int(row): decode_unit(_body(data, frames, int(row))) for row in scalar}
    for row, unit in units.items():
        per_frame[row] = len(unit.objects)
    end = np.cumsum(per_frame)
    total = int(end[-1]) if len(end) else 0
    columns = {name: np.full(total, -1, kind) for name, kind in OBJECT_TYPES.items() if name not in ("frame", "raw")}
    columns["raw"] = np.zeros(total, np.int32)
    columns["frame"] = np.repeat(np.arange(len(frames)), per_frame)
    columns["type"] = frames.type[columns["frame"]]
    for kind in np.flatnonzero(np.bincount(plan[per_frame > 0], minlength=1)):
        if _sizes()[kind]:
            _fill(data, frames, columns, int(kind), plan, per_frame, end)
    for row, unit in units.items():
        _fill_scalar(columns, unit.objects, int(end[row]) - len(unit.objects), int(frames.offset[row]) + 29)
    return Objects(**columns)


def _plans(frames: Frames) -> tuple[Column, Column]:
    """How each frame is read (a type flag or dialect, -1: not at all), and how many whole objects it holds."""
    plan = np.where(frames.valid, frames.type, -1).astype(np.int64)
    body = frames.length - OVERHEAD - 2
    states = plan == 2
    if states.any():
        plan[states & (frames.count > 0) & (body == 48 * frames.count.astype(np.int64))] = _LONG
    plan[(plan == 21) & (body == 1) & (frames.count == 1)] = _UNTIMED
    size = _sizes()[plan]
    whole = np.minimum(frames.count, body // np.maximum(size, 1))
    return plan, np.where((plan >= 0) & (size > 0), whole, 0).astype(np.int64)


def _fill(
    data: Column, frames: Frames, columns: dict[str, Column], kind: int, plan: Column, per_frame: Column, end: Column
) -> None:
    """Read all objects of one plan into their rows."""
    layout = _layout(kind)
    assert layout is not None
    here = np.flatnonzero((plan == kind) & (per_frame > 0))
    alone = len(here) == len(frames)
    number = per_frame[here]
    first, start = end[here] - number, frames.offset[here] + 29
    if (number == 1).all():
        rows, at = first, start
    else:
        within = np.arange(int(number.sum())) - np.repeat(np.cumsum(number) - number, number)
        rows, at = np.repeat(first, number) + within, np.repeat(start, number) + layout.struct.size * within
    target: Any = slice(None) if alone else rows
    record = _records(data, at, _structure(layout.struct.format, tuple(layout.kind.__slots__)))
    for name, column in _object_columns(record, at).items():
        columns[name][target] = column


def _place(dtype: np.dtype[Any], name: str) -> int:
    assert dtype.fields is not None
    return int(dtype.fields[name][1])


def _body(data: Column, frames: Frames, row: int) -> bytes:
    start = int(frames.offset[row])
    return data[start + 27 : start + int(frames.length[row]) - 3].tobytes()


def _fill_scalar(columns: dict[str, Column], found: tuple[Any, ...], row: int, at: int) -> None:
    """Fill the rows of objects that the scalar decoder has read; `at` is where the first one begins."""
    for given in found:
        put_object(columns, row, given)
        text = getattr(given, "text_raw", None)
        if text is not None:
            at += 3 if hasattr(given, "system_type") else 1
            columns["text_at"][row] = at
            at += len(text)
        row += 1


def put_object(columns: dict[str, Column], row: int, given: Any) -> None:
    """Write one scalar object into its row, except `frame`, `type` and `text_at`."""
    for name in given.__slots__:
        column = _RENAMED.get(name, name)
        if column in _COPIED:
            columns[column][row] = getattr(given, name)
        elif name == "time_raw":
            at = decode_time(given.time_raw)
            columns["time"][row] = int(at.timestamp()) if at else -1


if _quick is not None:
    _quick.learn(*_lessons())
