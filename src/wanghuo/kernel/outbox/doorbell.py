"""A doorbell between the processes of one machine: it says "look now", nothing more. A lost ring costs a little
waiting.

Each waiter binds a datagram socket of its own; a ring goes to all that wait under the name. Readers must look by
themselves from time to time, so nothing depends on it, and nothing is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import connection, transaction

log = logging.getLogger(__name__)


@cache
def folder() -> Path:
    """A folder with a short name (socket paths end at 107 bytes), one for each data folder, closed to other users.

    Raises PermissionError when somebody else made it.
    """
    name = hashlib.sha256(str(settings.HOME).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"wanghuo-{os.getuid()}-{name}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to somebody else")
    return path


def ring(name: str) -> None:
    """Ring once the present transaction is committed, or at once outside of one."""
    if connection.in_atomic_block:
        transaction.on_commit(lambda: ring_now(name))
    else:
        ring_now(name)


def ring_now(name: str) -> None:
    """Ring without waiting for anything; never raises."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for path in folder().glob(f"{name}.*"):
            try:
                sender.sendto(b"\0", str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)  # its waiter is gone
            except OSError:
                continue  # full: it will look anyway


class Doorbell:
    """A place to wait for rings: `with Doorbell("outbox") as bell: bell.wait(0.5)`."""

    def __init__(self, name: str) -> None:
        self._path = folder() / f"{name}.{os.getpid()}.{id(self):x}"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(str(self._path))
        except OSError as error:  # a folder with too long a name, say: then it only waits
            log.warning("no doorbell %s (%s): changes are seen a little later", name, error)

    def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, at most `timeout_s` seconds; whether one came. Rings that came meanwhile count as one."""
        self._socket.settimeout(timeout_s)
        try:
            self._socket.recv(1)
        except (TimeoutError, BlockingIOError):
            return False
        self.clear()
        return True

    def fileno(self) -> int:
        """For event loops: readable when somebody rang; then call `clear`."""
        return self._socket.fileno()

    def clear(self) -> None:
        """Forget the rings that came."""
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(1):
                pass

    def close(self) -> None:
        """Stop waiting."""
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
