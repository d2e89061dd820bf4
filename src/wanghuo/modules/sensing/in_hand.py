"""Which part of the journal ingest has in hand, written where its death does not undo it.

What raises is buried (`dead`); but a record that ends the process (a fault in a library, no memory) would be read first
again, for ever, and every alarm behind it would wait. A few bytes in a file outlive the process: the next ingest notes the
records of that batch one by one, and one that was in hand at `DEATHS` deaths is buried as well.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

DEATHS = 2  # with it in hand; before that once with its batch
KILLED = "the process died while it took this record in"
_WIDTH, _UNKNOWN = 60, -1


class InHand:
    """Ingest's note of where it is. On a disk that takes no note, everything goes on without."""

    def __init__(self, path: Path) -> None:
        self._file = -1
        self._batch = self._index = self._deaths = 0
        with contextlib.suppress(OSError, ValueError):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            batch, index, deaths = map(int, (os.pread(self._file, _WIDTH, 0) or b"0 0 0").split())
            self._batch, self._index, self._deaths = batch, index, deaths + (index != _UNKNOWN)

    def begins(self, batch: int) -> bool:
        """A batch is begun; whether its records are to be noted one by one, because a process died in it."""
        self._note(batch, _UNKNOWN, 0)
        return batch == self._batch > 0

    def kills(self, batch: int, index: int) -> bool:
        """A record is begun, of a batch in which a process died; whether it is the one that kills."""
        known = self._deaths if index == self._index else 0
        self._note(batch, index, known)
        return known >= DEATHS

    def nothing(self) -> None:
        """All that was read is taken in."""
        self._note(0, 0, 0)

    def _note(self, *known: int) -> None:
        with contextlib.suppress(OSError):
            if self._file >= 0:
                os.pwrite(self._file, " ".join(map(str, known)).ljust(_WIDTH).encode(), 0)

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)
