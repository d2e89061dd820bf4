"""The listeners of R20b: for each, the process that serves it, what hostile peers say to it, and a good device beside them.

Here what they share, and those of GB/T 26875.3; way_listeners.py has the others.
"""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import struct
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from tests.load import deployment, wire
from tests.load.bytes_rig import TARGETS, hostile, mutated, pieces
from tests.load.deployment import Role
from tests.load.wire import opened

ANSWER_S = 10.0
MESSAGE_KIND = 2
Parts = list[bytes]


class Listener(ABC):
    """One way in. `home`: an empty folder; `journal`: where what it keeps goes."""

    name = ""
    own = 0  # connections it opens itself
    foreseen: tuple[str, ...] = ()  # what a library says of a broken peer, and nobody need act on

    def __init__(self, home: Path, seed: int) -> None:
        self.home, self.journal, self.asked = home, home / "journal.sqlite3", 0
        self.errors = home / "errors"
        self._looked, self.patience_s = 0, ANSWER_S

    @abstractmethod
    def role(self) -> Role:
        """The process."""

    def parts(self, rng: random.Random) -> Parts:
        """About 64 KiB of hostile speech, in messages, for those who are spoken to directly."""
        return []

    @abstractmethod
    def assault(self, rng: random.Random) -> tuple[int, int]:
        """Say it; bytes that were taken, and links that got stuck."""

    @abstractmethod
    def good(self) -> bool:
        """Whether a good device is served now."""

    def all_alive(self) -> int:
        """How many of its own links do not work any more, at the end."""
        return 0

    def close(self) -> None:  # noqa: B027 (most have nothing to leave)
        """Leave nothing behind."""

    def is_kept(self, *needles: bytes) -> bool:
        """Whether each of these came into the journal since it was last looked at, within `patience_s`."""
        left, deadline = set(needles), time.monotonic() + self.patience_s
        while left and time.monotonic() < deadline:
            with opened(self.journal) as connection:
                rows = connection.execute("SELECT id, data FROM batch WHERE id > ? ORDER BY id", (self._looked,))
                for self._looked, blob in rows:
                    left -= {needle for needle in left if needle in blob}
            time.sleep(0.01)
        return not left


# --- over links and datagrams ---------------------------------------------------------------------------------------


def over_link(rng: random.Random, link: socket.socket, parts: Parts) -> tuple[int, int]:
    """Say it over one link, read what comes, hang up in one of several ways; bytes taken, and whether the link got stuck."""
    sent = 0
    try:
        with contextlib.closing(link):
            link.settimeout(ANSWER_S)
            for piece in pieces(rng, b"".join(parts)):
                link.sendall(piece)
                sent += len(piece)
                with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                    link.setblocking(False)
                    link.recv(1 << 20)
                link.settimeout(ANSWER_S)
            end = rng.random()
            if end < 0.5 and not isinstance(link, ssl.SSLSocket):
                link.shutdown(socket.SHUT_WR)
                while link.recv(1 << 20):
                    pass
            elif end < 0.7:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    except TimeoutError:
        return sent, 1
    except OSError:
        pass  # a listener may hang up on a stranger
    return sent, 0


def datagrams(sock: socket.socket, parts: Parts, most: int = 1400) -> int:
    """Each part a datagram; how many bytes."""
    sent = 0
    for part in parts:
        for at in range(0, len(part), most):
            with contextlib.suppress(
                ConnectionRefusedError
            ):  # nobody is there yet, or any more: the good device shows it
                sent += sock.send(part[at : at + most])
    return sent


def asked(sock: socket.socket, question: bytes, fits: Callable[[bytes], bool]) -> bool:
    """Whether an answer that fits comes. Datagrams are asked again, as a device does."""
    tries = 1 if sock.type == socket.SOCK_STREAM else 5
    for _ in range(tries):
        sock.settimeout(ANSWER_S / tries)
        with contextlib.suppress(TimeoutError, ConnectionError):
            sock.send(question)
            while answer := sock.recv(4096):
                if fits(answer):
                    return True
    return False


# --- GB/T 26875.3 ---------------------------------------------------------------------------------------------------


class Frames(Listener):
    """GB/T 26875.3 over TCP."""

    name = "gb26875-tcp"
    device = 1

    def __init__(self, home: Path, seed: int) -> None:
        super().__init__(home, seed)
        from wanghuo.entrypoints.gateway.server import listening_socket

        self.tcp = listening_socket("127.0.0.1:0")
        self.tcp.listen(64)
        self.udp = listening_socket("127.0.0.1:0", kind=socket.SOCK_DGRAM)

    def context(self) -> ssl.SSLContext | None:
        """What the listener speaks TLS with."""
        return None

    def role(self) -> Role:
        from wanghuo.entrypoints.gateway.ports import Ports

        return deployment.bare_gateway(self.journal, Ports(self.tcp, self.udp, self.context()))  # type: ignore[arg-type]

    def parts(self, rng: random.Random) -> Parts:
        return hostile(rng, TARGETS["gb26875 stream"])[0]

    def link(self) -> socket.socket:
        """A fresh link."""
        return socket.create_connection(self.tcp.getsockname(), timeout=ANSWER_S)

    def assault(self, rng: random.Random) -> tuple[int, int]:
        return over_link(rng, self.link(), self.parts(rng))

    def good(self) -> bool:
        self.asked += 1
        source, serial = self.device, self.asked & 0xFFFF
        with contextlib.closing(self.link()) as link:
            fits = lambda answer: len(answer) == 30 and wire.acked_key(answer) == (source, serial)  # noqa: E731
            return asked(link, wire.frame(source, serial), fits)

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()


class FramesInDatagrams(Frames):
    """The same over UDP."""

    name = "gb26875-udp"

    def link(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect(self.udp.getsockname())
        return sock

    def assault(self, rng: random.Random) -> tuple[int, int]:
        with contextlib.closing(self.link()) as sock:
            return datagrams(sock, self.parts(rng)), 0


class FramesInTls(Frames):
    """The same over TLS: hostile bytes within the session, and instead of one."""

    name = "gb26875-tls"

    def context(self) -> ssl.SSLContext:
        from wanghuo.entrypoints.gateway.ports import tls

        made = self.home / "tls.pem"
        if not made.exists():
            command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            command += ["-subj", "/CN=rig", "-days", "3650", "-keyout", str(made), "-out", str(made) + ".crt"]
            subprocess.run(command, check=True, capture_output=True)
            made.write_bytes(Path(f"{made}.crt").read_bytes() + made.read_bytes())
        return tls(made, None, None)

    def link(self) -> socket.socket:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(super().link())

    def assault(self, rng: random.Random) -> tuple[int, int]:
        if rng.random() < 0.8:
            return over_link(rng, self.link(), self.parts(rng))
        hello = b"\x16\x03\x01" + struct.pack(">H", rng.randrange(1 << 14)) + b"\x01" + rng.randbytes(200)
        return over_link(rng, super().link(), [mutated(rng, hello), rng.randbytes(rng.randrange(4000))])
