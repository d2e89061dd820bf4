"""What ingest counts and keeps for the history between two moments at which it is stored."""

from __future__ import annotations

from array import array
from collections import defaultdict

from wanghuo.modules.sensing.observe import Key, key_text

_HOUR_BITS = 24


class Rows:
    """Readings, column by column. `keys`: the reporters that `key` counts through."""

    __slots__ = ("_index", "at_ms", "key", "keys", "quantity", "slot", "value")

    def __init__(self) -> None:
        self.slot, self.key, self.quantity = array("i"), array("i"), array("H")
        self.at_ms, self.value = array("q"), array("q")
        self.keys: list[str] = []
        self._index: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self.slot)

    def add(self, slot: int, key: Key, quantity: int, at_ms: int, value: int) -> None:
        """Append one reading."""
        number = self._index.get(key)
        if number is None:
            number = self._index[key] = len(self.keys)
            self.keys.append(key_text(key))
        self.slot.append(slot)
        self.key.append(number)
        self.quantity.append(quantity)
        self.at_ms.append(at_ms)
        self.value.append(value)


class Tally:
    """Messages and readings by region and hour, and the readings themselves."""

    def __init__(self) -> None:
        self.rows = Rows()
        self._messages: dict[int, int] = defaultdict(int)
        self._readings: dict[int, int] = defaultdict(int)

    def message(self, region: int, hour: int) -> None:
        """A message came. `region`: index into `Devices.region_codes`; `hour`: since 1970, UTC."""
        self._messages[region << _HOUR_BITS | hour] += 1

    def reading(self, region: int, hour: int) -> None:
        """A value came with a message."""
        self._readings[region << _HOUR_BITS | hour] += 1

    def pop_counts(self) -> dict[tuple[int, int], tuple[int, int]]:
        """(region, hour) → messages and readings since the last call."""
        messages, readings = self._messages, self._readings
        self._messages, self._readings = defaultdict(int), defaultdict(int)
        hour = (1 << _HOUR_BITS) - 1
        return {(at >> _HOUR_BITS, at & hour): (count, readings.get(at, 0)) for at, count in messages.items()}

    def pop_rows(self) -> Rows:
        """The readings since the last call."""
        rows, self.rows = self.rows, Rows()
        return rows
