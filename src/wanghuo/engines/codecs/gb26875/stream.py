"""From a byte stream to frames: partial, glued and corrupted input, in bounded memory.

The rules, all of them independent of how the stream was cut into segments (one exception, at `look_ahead`):

1. A frame may begin at every `@@`. What stands before it is a rejected stretch (`no_marker`).
2. A length above 1024 is never waited for (`too_long`); a whole candidate with a wrong end or checksum is no frame
   (`bad_end`, `bad_checksum`). The search goes on one byte further, not behind the claimed end: the stretch ends at
   the next `@@`, so `@@@` and a good frame inside a bad one both come out.
3. While a candidate waits for its bytes, a later frame that is whole and valid is taken at once (`overrun`): a
   corrupted length must not hold up or swallow what follows it.
4. `timeout()` gives up the oldest waiting candidate, `close()` all of them (`incomplete`).

Frames and rejected stretches together are the stream, without gap or overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zlib import adler32

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.frames import HEADER_SIZE, OVERHEAD, START, Frame, checksum, reply
from wanghuo.engines.codecs.gb26875.tables import MAX_UNIT_SIZE, Command

STRETCH_LIMIT: Final = 4096
"""Bytes without a marker are handed out in stretches of at most this size."""


class Reason(StrEnum):
    """Why a stretch of bytes is no frame."""

    NO_MARKER = "no_marker"
    TOO_LONG = "too_long"
    BAD_END = "bad_end"
    BAD_CHECKSUM = "bad_checksum"
    OVERRUN = "overrun"
    INCOMPLETE = "incomplete"


REASON_TEXTS: Final = {
    Reason.NO_MARKER: Text("没有起始符", "no start marker"),
    Reason.TOO_LONG: Text("长度超过 1024", "the length is above 1024"),
    Reason.BAD_END: Text("结束符错误", "wrong end marker"),
    Reason.BAD_CHECKSUM: Text("校验和错误", "wrong checksum"),
    Reason.OVERRUN: Text("声明的长度越过了后面的完整帧", "the claimed length runs over a later whole frame"),
    Reason.INCOMPLETE: Text("帧不完整", "the frame is not complete"),
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A stretch of the stream that is no frame. `head` is the 27-byte header of the candidate that failed there, which
    may reach beyond the stretch; b"" where there is none."""

    offset: int
    raw: bytes
    reason: Reason
    head: bytes = b""

    @property
    def length(self) -> int:
        """Bytes of the stretch."""
        return len(self.raw)

    @property
    def deniable(self) -> bool:
        """Whether the header is whole enough to echo its serial number and addresses in a deny."""
        return self.reason in (Reason.BAD_END, Reason.BAD_CHECKSUM)

    def deny(self) -> bytes:
        """The deny (command 6) of a `deniable` stretch."""
        return reply(self.head, Command.DENY)


Event = Frame | Rejected


def _verdict(data: bytes, start: int, end: int) -> Reason | None:
    """Why the candidate that fills `data[start:end]` is no frame; None where it is one."""
    if data[end - 2] != 0x23 or data[end - 1] != 0x23:
        return Reason.BAD_END
    return None if checksum(data[start + 2 : end - 3]) == data[end - 3] else Reason.BAD_CHECKSUM


def parse_frame(raw: bytes) -> Frame | None:
    """The frame that `raw` is, whole and alone; None where it is none."""
    if len(raw) < OVERHEAD or raw[:2] != START:
        return None
    size = raw[24] | raw[25] << 8
    if size > MAX_UNIT_SIZE or size + OVERHEAD != len(raw) or _verdict(raw, 0, len(raw)):
        return None
    return Frame(raw)


class StreamDecoder:
    """One per connection: `feed` its bytes, get the events in the order of the stream.

    Never raises and never keeps more than `STRETCH_LIMIT` bytes. The events of a stream do not depend on how it was
    cut, with one exception that no look-ahead can avoid: a valid frame that carries another whole valid frame in its
    body is one frame when it arrives in one piece, but may be overtaken by the inner one when it arrives in several.
    `look_ahead=False` has no exception, at the price of waiting for `timeout()` after a corrupted length.
    """

    __slots__ = ("_base", "_buffer", "_look_ahead", "_seen")

    def __init__(self, *, look_ahead: bool = True) -> None:
        self._buffer = b""
        self._base = 0
        self._look_ahead = look_ahead
        self._seen = 0  # bytes of the buffer in which no frame ends that overtakes the waiting candidate

    @property
    def buffered(self) -> int:
        """Bytes kept for a frame that is not whole yet; above 0 the idle timer has to run."""
        return len(self._buffer)

    @property
    def waiting(self) -> bytes:
        """The bytes kept for a frame that is not whole yet."""
        return self._buffer

    def drop(self) -> None:
        """Forget `waiting`: somebody else has taken them together with what followed."""
        self._base += len(self._buffer)
        self._buffer, self._seen = b"", 0

    @property
    def offset(self) -> int:
        """Offset in the stream of the first byte that has not come out yet."""
        return self._base

    def feed(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Take the next bytes of the stream and return what became whole or was rejected."""
        if type(data) is not bytes:
            data = bytes(data)
        if self._buffer:
            data = self._buffer + data
            return self._walk(data, 0, [])
        size = len(data)
        events: list[Event] = []
        at = 0
        while size - at >= 30 and data[at] == 0x40 and data[at + 1] == 0x40:
            unit = data[at + 24] | data[at + 25] << 8
            end = at + 30 + unit
            if end > size or unit > 231 or data[end - 2] != 0x23 or data[end - 1] != 0x23:
                break
            # a unit of 231 bytes is as far as one adler32 is the plain sum, see `checksum`
            if adler32(data[at + 2 : end - 3]) - 1 - data[end - 3] & 0xFF:
                break
            events.append(Frame(data if end - at == size else data[at:end], self._base + at))
            at = end
        if at == size:
            self._base += size
            return events
        return self._walk(data, at, events)

    def timeout(self) -> list[Event]:
        """The link has been idle too long: give up the oldest waiting candidate and search on behind it."""
        data = self._buffer
        if not data:
            return []
        reason = Reason.INCOMPLETE if data.startswith(START) else Reason.NO_MARKER
        end = _next_marker(data, 1, len(data)) if reason is Reason.INCOMPLETE else len(data)
        events: list[Event] = [self._reject(data, 0, end, reason)]
        return self._walk(data, end, events)

    def close(self) -> list[Event]:
        """The stream has ended: give up everything that waits."""
        events: list[Event] = []
        while self._buffer:
            events += self.timeout()
        return events

    def _reject(self, data: bytes, start: int, end: int, reason: Reason) -> Rejected:
        whole = reason is not Reason.NO_MARKER and start + HEADER_SIZE <= len(data)
        head = data[start : start + HEADER_SIZE] if whole else b""
        return Rejected(self._base + start, data[start:end], reason, head)

    def _keep(self, data: bytes, at: int, seen: int = 0) -> None:
        self._buffer = data[at:]
        self._base += at
        self._seen = seen

    def _walk(self, data: bytes, at: int, events: list[Event]) -> list[Event]:
        """Work through `data` from `at`, keep what has to wait. `self._base` is the stream offset of `data[0]`."""
        size = len(data)
        fresh = self._seen if at == 0 else 0
        while at < size:
            if not data.startswith(START, at):
                at, waits = self._skip_garbage(data, at, events)
                if waits:
                    break
                continue
            if size - at < OVERHEAD:
                break
            unit = data[at + 24] | data[at + 25] << 8
            end = at + OVERHEAD + unit
            reason = Reason.TOO_LONG if unit > MAX_UNIT_SIZE else None
            if reason is not None:
                end = at + OVERHEAD
            elif end <= size:
                reason = _verdict(data, at, end)
                if reason is None:
                    events.append(Frame(data[at:end], self._base + at))
                    at = end
                    continue
            if reason is not Reason.TOO_LONG and self._look_ahead:
                later = _first_whole(data, at + 1, min(end - 1, size), max(at, fresh))
                if later is not None:
                    start, end = later
                    events.append(self._reject(data, at, start, Reason.OVERRUN))
                    events.append(Frame(data[start:end], self._base + start))
                    at = end
                    continue
            if reason is None:
                self._keep(data, at, size - at)
                return events
            stop = _next_marker(data, at + 1, end)
            events.append(self._reject(data, at, stop, reason))
            at = stop
        self._keep(data, at)
        return events

    def _skip_garbage(self, data: bytes, at: int, events: list[Event]) -> tuple[int, bool]:
        """Hand out the stretch before the next `@@`; (where to go on, whether to wait for more bytes)."""
        stop = data.find(START, at)
        end = stop if stop >= 0 else len(data)
        while end - at > STRETCH_LIMIT or (stop < 0 and end - at == STRETCH_LIMIT and data[end - 1] != 0x40):
            events.append(self._reject(data, at, at + STRETCH_LIMIT, Reason.NO_MARKER))
            at += STRETCH_LIMIT
        if stop < 0:
            return at, True
        if at < stop:
            events.append(self._reject(data, at, stop, Reason.NO_MARKER))
        return stop, False


def _next_marker(data: bytes, start: int, end: int) -> int:
    """Where in `data[start:end]` the next `@@` begins, or a lone `@` that may become one at the end; else `end`."""
    at = data.find(START, start, end)
    if at >= 0:
        return at
    return end - 1 if end > start and data[end - 1] == 0x40 else end


def _first_whole(data: bytes, start: int, stop: int, seen: int) -> tuple[int, int] | None:
    """Of the whole valid frames in `data[start:stop]`, the one that ends first (of two, the longer); None without one.

    No such frame ends at or before `seen`: only ends behind it are looked at, so that a slow stream stays cheap.
    """
    if stop - start < OVERHEAD or data.find(b"##", max(start, seen - 1), stop) < 0:
        return None
    best: tuple[int, int] | None = None
    at = data.find(START, start, stop)
    while 0 <= at <= stop - OVERHEAD:
        end = at + OVERHEAD + (data[at + 24] | data[at + 25] << 8)
        if seen < end <= stop and _verdict(data, at, end) is None:
            best, stop = (at, end), end - 1
        at = data.find(START, at + 1, stop)
    return best


def decode_datagram(data: bytes) -> list[Event]:
    """The events of one UDP datagram, which holds whole frames: nothing is carried over to the next one."""
    decoder = StreamDecoder()
    return decoder.feed(data) + decoder.close()
