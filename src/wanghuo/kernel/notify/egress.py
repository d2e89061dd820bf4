"""The one way out of the platform over HTTP. Nothing is reached that an administrator has not listed (security.md 8).

The list is `egress.toml` in the data folder, one table for each place:

    [[allow]]
    host = "hooks.example.gov.cn"
    port = 443
    networks = ["10.20.0.0/16"]     # optional: where its addresses must lie; without it, public addresses only

A name is resolved once, every address is checked, and the connection goes to the address checked, with the name for
TLS. No redirects, no proxies from the environment, 5 s in all, 1 MiB at most.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from wanghuo.base import AppError, Text

TIME_S = 5.0
MOST_BYTES = 1024 * 1024
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class EgressRefused(AppError):
    """The place is not listed, or its name leads to an address that is not allowed."""

    code = "notify.egress_refused"
    status = 403
    text = Text("不允许访问 {host}:{port}（{why}）。", "{host}:{port} may not be reached ({why}).")


class EgressFailed(AppError):
    """The place was not reached, or did not answer as it should."""

    code = "notify.egress_failed"
    status = 502
    text = Text("{host} 没有正常应答（{why}）。", "{host} did not answer properly ({why}).")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One place that may be reached; without `networks`, at public addresses only."""

    host: str
    port: int
    networks: tuple[Network, ...] = ()

    def takes(self, address: Address) -> bool:
        """Whether the place may be at this address."""
        plain = _unmapped(address)
        if self.networks:
            return any(plain.version == n.version and plain in n for n in self.networks)
        return plain.is_global and not plain.is_multicast


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


def allowed_places(path: Path | None = None) -> tuple[Allowed, ...]:
    """The list of the deployment; empty without a file. Raises ValueError when it cannot be read."""
    path = path or Path(settings.HOME) / "egress.toml"
    if not path.exists():
        return ()
    rows = tomllib.loads(path.read_text("utf-8")).get("allow", [])
    return tuple(
        Allowed(row["host"].lower(), int(row["port"]), tuple(ipaddress.ip_network(n) for n in row.get("networks", [])))
        for row in rows
    )


def post(url: str, body: bytes, headers: Mapping[str, str], *, allowed: Sequence[Allowed] | None = None) -> Answer:
    """Send a POST. Raises EgressRefused, EgressFailed (also for a redirect); any other status is an answer."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme not in ("https", "http") or parts.username is not None:
        raise EgressRefused(host=host, port=port, why=Text("地址无效", "the address is not valid"))
    address = reach(host, port, allowed=allowed)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _exchange(_Pinned(host, port, address, tls=parts.scheme == "https"), path, body, headers)


def reach(host: str, port: int, *, allowed: Sequence[Allowed] | None = None) -> str:
    """The address at which a listed place may be reached, for connections of other protocols too. Raises EgressRefused,
    EgressFailed."""
    places = allowed_places() if allowed is None else allowed
    place = next((a for a in places if (a.host, a.port) == (host.lower(), port)), None)
    if place is None:
        raise EgressRefused(host=host, port=port, why=Text("不在放行名单", "it is not on the list"))
    return _checked_address(place)


def _exchange(connection: _Pinned, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One request, ended from outside when the time is up: a peer that sends a byte a second must not hold us."""
    timer = threading.Timer(TIME_S, connection.cut)
    timer.start()
    try:
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        data = response.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = (
            Text("超过 5 秒", "more than 5 s")
            if connection.is_cut
            else Text(type(error).__name__, type(error).__name__)
        )
        raise EgressFailed(host=connection.host, why=why) from error
    finally:
        timer.cancel()
        connection.close()
    if connection.is_cut:
        raise EgressFailed(host=connection.host, why=Text("超过 5 秒", "more than 5 s"))
    if len(data) > MOST_BYTES:
        raise EgressFailed(host=connection.host, why=Text("应答超过 1 MiB", "the answer is longer than 1 MiB"))
    if 300 <= response.status < 400:
        raise EgressFailed(host=connection.host, why=Text("不接受跳转", "redirects are not followed"))
    return Answer(response.status, data)


def _checked_address(place: Allowed) -> str:
    """The first address of the name, when every one of them is allowed."""
    found = [ipaddress.ip_address(a) for a in _resolve(place.host, place.port)]
    bad = next((a for a in found if not place.takes(a)), None)
    if bad is not None or not found:
        raise EgressRefused(
            host=place.host, port=place.port, why=Text("其地址不在允许的网段", "its address is not allowed")
        )
    return str(found[0])


def _resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, within the time; a dead resolver must not hold us."""
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.set_result([str(row[4][0]).partition("%")[0] for row in rows])
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        return answer.result(TIME_S)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise EgressFailed(host=host, why=Text("域名无法解析", "its name cannot be resolved")) from error


def _unmapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, with the name of the place for Host and TLS."""

    def __init__(self, host: str, port: int, address: str, *, tls: bool) -> None:
        super().__init__(host, port, timeout=TIME_S)
        self._address, self._tls, self.is_cut = address, tls, False
        self.default_port = 443 if tls else 80

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """End it now, from another thread."""
        self.is_cut = True
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
