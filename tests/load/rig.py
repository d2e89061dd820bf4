"""What every rig is: a run with a seed that gives figures and the promises it found broken, and planted bugs that it
must find.

A rig whose promise is kept gives no failures. Figures (times, rates) are told, never judged, unless the promise itself
is one: then the rig says so in its failures. `./dev torture` runs the rigs, at their floor or small (torture.py).
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
Size = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What a run showed. `failures`: each promise that did not hold, in a few words; `skipped`: why it could not be
    run here."""

    figures: Figures = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    skipped: str = ""


@dataclass(frozen=True)
class Rig:
    """One rig. `run` is given a seed, an empty folder, a size and the name of a planted bug ("" for none)."""

    code: str
    shows: str
    run: Callable[[int, Path, Size, str], Result]
    floor: Size
    small: Size
    minutes: float  # of the floor, on two quiet cores
    plants: tuple[str, ...] = ()
    plant_size: Size = field(default_factory=dict)  # what differs from `small` where a bug is planted


def broken(**promises: object) -> tuple[str, ...]:
    """The failures: each promise whose count is not zero (or whose text is not empty), with what was counted."""
    return tuple(f"{name}: {value}" for name, value in promises.items() if value)


def machine() -> str:
    """The class of this machine: cores, memory, system; no names."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def is_root() -> bool:
    """Whether file systems can be mounted and networks made here."""
    return os.geteuid() == 0
