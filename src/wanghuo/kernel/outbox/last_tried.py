"""Which delivery (or list of them) a process has in hand, written where its death does not undo it.

A listener that kills its process would roll back its own count of failures and be tried for ever. A few bytes in a
file outlive the process (not the machine, which is enough): the next drainer reads them and counts the death as a
failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from wanghuo.kernel.outbox.doorbell import folder

_WIDTH = 20
_mine: tuple[int, int] = (0, -1)  # process, descriptor: a forked child needs its own


def note(first: int, last: int = 0) -> None:
    """This process begins with a delivery, or with those of one listener from `first` to `last`; 0: it has none in hand."""
    global _mine
    if _mine[0] != os.getpid():
        if first == 0:
            return
        _mine = (os.getpid(), os.open(_path(os.getpid()), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    os.pwrite(_mine[1], f"{first:0{_WIDTH}d}{last or first:0{_WIDTH}d}".encode(), 0)


def of_the_dead() -> Iterator[tuple[int, int]]:
    """The deliveries that processes had in hand when they died, each once: the first and the last of them."""
    for path in folder().glob("trying.*"):
        process = int(path.suffix[1:])
        if (process == os.getpid() and _mine[0] == process) or (_lives(process) and process != os.getpid()):
            continue
        try:
            mine = path.with_name(f"tried.{os.getpid()}")
            path.rename(mine)  # of several drainers one takes it
            told = mine.read_bytes()
            mine.unlink()
        except FileNotFoundError:
            continue
        first, last = int(told[:_WIDTH] or b"0"), int(told[_WIDTH:] or b"0")
        if first:
            yield first, last or first


def _path(process: int) -> Path:
    return folder() / f"trying.{process}"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
