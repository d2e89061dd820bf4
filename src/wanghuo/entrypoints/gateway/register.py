"""What the gateway knows of the register: which addresses are known, and the networks they may report from.

A snapshot in memory, renewed by the changes every second. The gateway never asks the database about a frame, and goes
on with what it knows when the database is away. A million devices take some 12 MB: two sorted columns, and a small
dictionary of what changed since they were sorted. NumPy is loaded with the first rows: the port is open by then.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Column = npt.NDArray[np.integer]

NONE, NETWORK, TLS = 0, 1, 3
"""Indices into sensing.contracts.TRUSTS."""

FRESH = 50_000  # changes kept in the dictionary before they are sorted in, at least
RETIRED = -1

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Register:
    """Known addresses (six wire bytes) and their networks; an empty list binds a device to no network.

    Read by the event loop while another thread runs `update`. `complete`: all of it was read once; until then an
    address that is not here may be known all the same.
    """

    def __init__(self) -> None:
        self.complete = True
        # sorted addresses, and for each the number of its networks; None: none yet
        self._table: tuple[Column, Column] | None = None
        self._fresh: dict[int, int] = {}
        self._networks: list[tuple[Network, ...]] = [()]
        self._numbers: dict[tuple[str, ...], int] = {(): 0}
        self._touched: set[bytes] = set()

    def __len__(self) -> int:
        """About how many are known: what changed lately may be counted twice."""
        return self._sorted + sum(number != RETIRED for number in list(self._fresh.values()))

    def knows(self, source: bytes) -> bool:
        """Whether the address is in the register."""
        return self._number(source) != RETIRED

    def networks(self, source: bytes) -> tuple[Network, ...]:
        """The networks the device is bound to."""
        number = self._number(source)
        return () if number == RETIRED else self._networks[number]

    def trust(self, source: bytes, peer: str) -> int:
        """`network` when the device is bound to networks and the peer lies in one of them, else `none`."""
        bound = self.networks(source)
        if not bound:
            return NONE
        address = ipaddress.ip_address(peer)
        return NETWORK if any(address in network for network in bound) else NONE

    def may_command(self, source: bytes, peer: str) -> bool:
        """Whether a command may go down this link: the peer must match the registration where it names networks."""
        return self.knows(source) and (not self.networks(source) or self.trust(source, peer) == NETWORK)

    def update(self, rows: Iterable[tuple[str, Iterable[str], str]]) -> None:
        """Take in changed rows: (source in hex, networks, state). A retired device is forgotten."""
        most = max(FRESH, self._sorted // 4)
        for source, blocks, state in rows:
            key = bytes.fromhex(source)
            number = RETIRED if state == "retired" else self._number_of(tuple(blocks))
            self._fresh[int.from_bytes(key, "little")] = number
            if self.complete:
                self._touched.add(key)
            if len(self._fresh) >= most:
                self._sort_in()
                most = max(FRESH, self._sorted // 4)

    def pop_touched(self) -> set[bytes]:
        """The addresses that changed since the last call, once the register is complete."""
        touched, self._touched = self._touched, set()
        return touched

    @property
    def _sorted(self) -> int:
        return len(self._table[0]) if self._table else 0

    def _number(self, source: bytes) -> int:
        key = int.from_bytes(source, "little")
        number = self._fresh.get(key)
        if number is not None:
            return number
        if self._table is None:
            return RETIRED
        keys, numbers = self._table
        at = int(keys.searchsorted(keys.dtype.type(key)))
        return int(numbers[at]) if at < len(keys) and int(keys[at]) == key else RETIRED

    def _number_of(self, blocks: tuple[str, ...]) -> int:
        number = self._numbers.get(blocks)
        if number is None:
            self._networks.append(tuple(map(_network, blocks)))
            number = self._numbers[blocks] = len(self._networks) - 1
        return number

    def _sort_in(self) -> None:
        """Make one sorted table of the old one and the changes; each step leaves something that can be read."""
        import numpy as np

        keys, numbers = self._table or (np.empty(0, np.uint64), np.empty(0, np.int32))
        fresh = np.fromiter(self._fresh, np.uint64, len(self._fresh))
        changed = np.fromiter(self._fresh.values(), np.int32, len(self._fresh))
        kept = ~np.isin(keys, fresh)
        keys, numbers = np.concatenate((keys[kept], fresh)), np.concatenate((numbers[kept], changed))
        known = numbers != RETIRED
        keys, numbers = keys[known], numbers[known]
        order = np.argsort(keys)
        self._table = keys[order], numbers[order]
        self._fresh = {}


@cache
def _network(block: str) -> Network:
    return ipaddress.ip_network(block, strict=False)


RegisterSource = Callable[[Register], None]
"""Brings a register up to date; called in a thread of its own, may raise when the database is away."""
