"""What the process of the ways in asks of the register: ways, credentials, known devices, commands. It writes nothing but the
journal, and goes on with what it knows when the database is away."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from wanghuo.kernel.accounts.sealed import digest, unseal
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import Command, Device, DeviceCredential, Way
from wanghuo.modules.sensing.own_connection import drop_stale_connections
from wanghuo.modules.sensing.states import DeviceState

OVERLAP = timedelta(seconds=5)  # changes are asked for again this far back: a commit may show late
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
OLD = "_old"


class KnownWay(NamedTuple):
    """A way in with its secrets open, for comparing. `secrets`: every value that is good now, by name."""

    code: str
    kind: str
    path: str
    secrets: dict[str, tuple[str, ...]]
    settings: dict[str, Any]
    networks: tuple[Network, ...]


class Credential(NamedTuple):
    """A device's token. `until_s`: seconds since 1970 UTC, 0 for no end."""

    digest: str
    protocol: str
    source: str
    networks: tuple[Network, ...]
    until_s: float


class Order(NamedTuple):
    """A command on its way down to a device that takes messages."""

    id: str
    protocol: str
    source: str
    act: str
    minutes: int
    body: dict[str, Any]


@dataclass(slots=True)
class Known:
    """A snapshot: ways by code, credentials by key, devices that are registered by (protocol, source) → networks."""

    ways: dict[str, KnownWay] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    devices: dict[tuple[str, str], tuple[Network, ...]] = field(default_factory=dict)

    def credential(self, token: str, now_s: float) -> Credential | None:
        """The credential that a token "wh_KEY_SECRET" proves; None for any that does not, in constant time."""
        key, secret = token_parts(token)
        found = self.credentials.get(key)
        expected = found.digest if found else "0" * 64
        fits = hmac.compare_digest(token_digest(key, secret).encode(), expected.encode())
        if not fits or found is None or (found.until_s and now_s > found.until_s):
            return None
        return found


def token_parts(token: str) -> tuple[str, str]:
    """The finding part and the secret part of a token; two empty texts for what is none."""
    steps = token.split("_", 2)
    if len(steps) != 3 or steps[0] != "wh" or not steps[1].isalnum() or len(token) > 128:
        return "", ""
    return steps[1], steps[2]


def token_digest(key: str, secret: str) -> str:
    """What is kept of a token."""
    return digest("device-token", key, secret)


def networks_of(blocks: list[str]) -> tuple[Network, ...]:
    """Address blocks, parsed."""
    return tuple(ipaddress.ip_network(block, strict=False) for block in blocks)


def lies_in(host: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of some blocks; IPv4 within IPv6 counts as what it is."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


class WaysSource:
    """Brings a snapshot up to date; called in a thread of its own, may raise when the database is away."""

    def __init__(self) -> None:
        self._since: datetime | None = None

    def __call__(self, known: Known) -> None:
        drop_stale_connections()
        now = timezone.now()
        if self._since is not None:
            self._since = min(self._since, now - OVERLAP)  # the clock may have been put back
        known.ways = {row.code: _way(row, now) for row in Way.objects.filter(enabled=True)}
        self._credentials(known)
        self._devices(known)
        self._since = now - OVERLAP

    def _credentials(self, known: Known) -> None:
        rows = DeviceCredential.objects.select_related("device")
        if self._since is not None:
            rows = rows.filter(changed_at__gte=self._since)
        for row in rows.iterator(2000):
            if row.revoked_at is not None:
                known.credentials.pop(row.key, None)
            else:
                until_s = row.until.timestamp() if row.until else 0.0
                networks = networks_of(row.device.networks)
                known.credentials[row.key] = Credential(
                    row.digest, row.device.protocol, row.device.source, networks, until_s
                )

    def _devices(self, known: Known) -> None:
        rows = Device.objects.exclude(protocol=GB26875)
        if self._since is not None:
            rows = rows.filter(changed_at__gte=self._since)
        for protocol, source, networks, state in rows.values_list("protocol", "source", "networks", "state").iterator(
            2000
        ):
            if state == DeviceState.RETIRED:
                known.devices.pop((protocol, source), None)
            else:
                known.devices[protocol, source] = networks_of(networks)


def _way(row: Way, now: datetime) -> KnownWay:
    secrets: dict[str, tuple[str, ...]] = {}
    for name, sealed in row.secrets.items():
        if name.endswith(OLD):
            continue
        good = [unseal(sealed)]
        if row.old_until and row.old_until > now:
            good.append(unseal(row.secrets.get(name + OLD, "")))
        secrets[name] = tuple(filter(None, good))
    return KnownWay(row.code, row.kind, unseal(row.path), secrets, row.settings, networks_of(row.networks))


def waiting_orders() -> Iterator[Order]:
    """Commands to devices that take messages, oldest first."""
    drop_stale_connections()
    rows = Command.objects.filter(state="queued", expires_at__gt=timezone.now()).exclude(device__protocol=GB26875)
    names = ("id", "device__protocol", "device__source", "act", "minutes", "body")
    for id, protocol, source, act, minutes, body in rows.order_by("asked_at").values_list(*names)[:500]:
        yield Order(str(id), protocol, source, act, minutes, body)
