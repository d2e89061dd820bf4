"""Where the gateway listens: a TCP port, with TLS or without, and beside it a UDP port."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from wanghuo.base import Invalid, Text

UDP_BUFFER = 4 << 20  # bytes the kernel keeps while the loop is busy: some ten thousand datagrams


class TlsUnusable(Invalid):
    """A certificate, key or authority that cannot be used."""

    code = "gateway.tls_unusable"
    status = 422
    text = Text(
        "TLS 证书或私钥无法使用（{error}）；请检查 --tls-cert、--tls-key、--tls-clients 指向的 PEM 文件。",
        "The TLS certificate or key cannot be used ({error}); look at the PEM files of --tls-cert, --tls-key and "
        "--tls-clients.",
    )


@dataclass(frozen=True, slots=True)
class Ports:
    """Bound sockets; `tls` is spoken on the TCP port."""

    tcp: socket.socket
    udp: socket.socket | None = None
    tls: ssl.SSLContext | None = None


def listening_socket(address: str, *, shared: bool = False, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """A bound socket on HOST:PORT (or [v6]:PORT). `shared`: several processes listen on the same port. `kind`:
    SOCK_STREAM or SOCK_DGRAM."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "0.0.0.0"  # noqa: S104 - an empty host asks for every interface
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, kind)
    if kind == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, int(port)))
    sock.setblocking(False)
    return sock


def tls(certificate: Path, key: Path | None, clients: Path | None) -> ssl.SSLContext:
    """TLS 1.2 and later with our certificate. `clients`: the authority whose client certificates raise the trust of what
    comes to `tls`; a device without one is served all the same. Raises TlsUnusable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if clients is not None:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise TlsUnusable(error=error) from None
    return context
