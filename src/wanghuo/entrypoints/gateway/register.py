"""What the gateway knows of the register: which addresses are known, and the networks they may report from.

A snapshot in memory, renewed by the changes every few seconds. The gateway never asks the database about a frame, and
goes on
with what it knows when the database is away.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

NONE, NETWORK = 0, 1
"""Indices into sensing.contracts.TRUSTS."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class Register:
    """Known addresses (six wire bytes) and their networks; an empty tuple binds a device to no network."""

    networks: dict[bytes, tuple[Network, ...]] = field(default_factory=dict)

    def knows(self, source: bytes) -> bool:
        """Whether the address is in the register."""
        return source in self.networks

    def trust(self, source: bytes, peer: str) -> int:
        """`network` when the device is bound to networks and the peer lies in one of them, else `none`."""
        bound = self.networks.get(source)
        if not bound:
            return NONE
        address = ipaddress.ip_address(peer)
        return NETWORK if any(address in network for network in bound) else NONE

    def may_command(self, source: bytes, peer: str) -> bool:
        """Whether a command may go down this link: the peer must match the registration where it names networks."""
        return self.knows(source) and (not self.networks[source] or self.trust(source, peer) == NETWORK)

    def update(self, rows: Iterable[tuple[str, list[str], str]]) -> None:
        """Take in changed rows: (source in hex, networks, state). A retired device is forgotten."""
        for source, blocks, state in rows:
            key = bytes.fromhex(source)
            if state == "retired":
                self.networks.pop(key, None)
            else:
                self.networks[key] = tuple(ipaddress.ip_network(block, strict=False) for block in blocks)


RegisterSource = Callable[[Register], None]
"""Brings a register up to date; called in a thread of its own, may raise when the database is away."""
