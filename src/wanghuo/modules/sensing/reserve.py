"""Room on the journal's disk that is kept for alarms: a file of real bytes, given up slice by slice when all else is
full.

While the disk is short the gateway takes only what is urgent, so that nothing else eats what the reserve gives up
(docs/decisions/0225). Once there is room again the file is filled up again, and everything is taken.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

SLICES = 16
LOW, ENOUGH = 2, 3
"""Free slices below which the disk is short, and from which it is not any more."""


class Reserve:
    """The file and how the disk is doing. `tend` and `release` belong to threads beside the event loop; `short` may be
    read anywhere. Several processes may share the file."""

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size, self.slice = path, size, max(4096, size // SLICES)
        self.short = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.tend()

    @property
    def held(self) -> int:
        """Bytes it holds now."""
        return os.fstat(self._file).st_size

    def free(self) -> int:
        """Bytes of the disk that are free beside it."""
        disk = os.fstatvfs(self._file)
        return disk.f_bavail * disk.f_frsize

    def tend(self) -> None:
        """Look at the disk: give up a slice before a commit fails, fill up again when there is room."""
        free = self.free()
        self.short = free < (ENOUGH if self.short else LOW) * self.slice
        if free < self.slice:
            self.release()
        elif not self.short and (missing := self.size - self.held) > 0:
            self._fill(min(missing, (free - LOW * self.slice) // self.slice * self.slice))

    def release(self) -> bool:
        """Give up a slice; whether there was one, and the disk so full that it was needed."""
        held = self.held
        if not held or self.free() >= self.slice:
            return False
        self.short = True
        os.ftruncate(self._file, max(0, held - self.slice))
        return True

    def _fill(self, more: int) -> None:
        if more > 0:
            with contextlib.suppress(OSError):  # somebody else was quicker
                os.posix_fallocate(self._file, self.held, more)

    def close(self) -> None:
        """Close the file; the bytes stay kept."""
        os.close(self._file)
