"""Time labels and text of GB/T 26875.3: six bytes of local clock, and GB 18030 that may be padded, stale or cut."""

from __future__ import annotations

from datetime import datetime

from wanghuo.base import Invalid, Text
from wanghuo.base.time import CHINA

TIME_SIZE = 6
DESCRIPTION_SIZE = 31


class TimeNotEncodable(Invalid):
    """A time label has two digits of year, counted from 2000."""

    code = "gb26875.time_not_encodable"
    text = Text(
        "时间标签只能表示 2000 至 2099 年，不能表示 {at}。", "A time label holds the years 2000 to 2099, not {at}."
    )


class TextTooLong(Invalid):
    """The text does not fit its field."""

    code = "gb26875.text_too_long"
    text = Text(
        "文字按 GB 18030 编码为 {size} 字节，超过 {limit} 字节，请缩短。",
        "The text is {size} bytes in GB 18030, more than the {limit} that fit; shorten it.",
    )


def decode_time(raw: bytes, *, bcd: bool = False) -> datetime | None:
    """The instant a time label means, on China's clock; None where the six bytes are no valid date.

    `raw`: second, minute, hour, day, month, year - 2000, binary, or decimal digits with `bcd`. An invalid date is never
    shifted to another one. Source: GB/T 26875.3-2011, time label; the BCD variant is seen in the field.
    """
    if len(raw) != TIME_SIZE:
        return None
    if bcd:
        if any(b & 0x0F > 9 or b >> 4 > 9 for b in raw):
            return None
        raw = bytes((b >> 4) * 10 + (b & 0x0F) for b in raw)
    second, minute, hour, day, month, year = raw
    if year > 99:
        return None
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=CHINA)
    except ValueError:
        return None


def encode_time(at: datetime, *, bcd: bool = False) -> bytes:
    """The six bytes of `at` on China's clock; a naive `at` counts as China's clock. Raises TimeNotEncodable."""
    here = at.astimezone(CHINA) if at.tzinfo else at
    if not 2000 <= here.year <= 2099:
        raise TimeNotEncodable(at=at.isoformat())
    parts = (here.second, here.minute, here.hour, here.day, here.month, here.year - 2000)
    return bytes(p // 10 << 4 | p % 10 for p in parts) if bcd else bytes(parts)


def decode_text(raw: bytes) -> str:
    """GB 18030 up to the first NUL, without blanks around it; what cannot be read becomes U+FFFD.

    Stale bytes may follow the first NUL and a character may be cut in half, so the raw bytes must be kept beside it.
    """
    return raw.split(b"\0", 1)[0].decode("gb18030", "replace").strip()


def encode_text(text: str, limit: int) -> bytes:
    """`text` in GB 18030, at most `limit` bytes. Raises TextTooLong."""
    raw = text.encode("gb18030", "replace")
    if len(raw) > limit:
        raise TextTooLong(size=len(raw), limit=limit)
    return raw


def encode_description(text: str, size: int = DESCRIPTION_SIZE) -> bytes:
    """`text` as a fixed field of `size` bytes, padded with NUL. Raises TextTooLong."""
    return encode_text(text, size).ljust(size, b"\0")
