"""Pictures are never decoded in our own process: a child with limits reads what they tell and writes them anew."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wanghuo.base.time import CHINA
from wanghuo.kernel.files.errors import Animated, ImageTooLarge, ImageUnreadable

MEGAPIXELS = 50
WALL_S = 20
_CHILD = Path(__file__).with_name("imaging_child.py")
_TAKEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)(?: ([+-]\d\d:\d\d))?")


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture tells of itself. `lat`, `lng`: WGS-84 degrees. `dhash`: 64 bits of likeness, hexadecimal."""

    width: int
    height: int
    dhash: str
    taken_at: datetime | None
    lat: float | None
    lng: float | None


def reencode(source: Path, folder: Path, name: str) -> Picture:
    """Write `view.jpg` and `thumb.jpg` of a picture into `folder`. Raises ImageUnreadable, ImageTooLarge, Animated,
    and OSError where the disk is full."""
    command = [sys.executable, "-I", str(_CHILD), str(source), str(folder), str(MEGAPIXELS)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=WALL_S, check=False, env={"OMP_NUM_THREADS": "1"})
        told = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise ImageUnreadable(name=name) from None
    if told.get("error") == "too_large":
        raise ImageTooLarge(name=name, limit=MEGAPIXELS)
    if told.get("error") == "no_room":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if told.get("error") == "animated":
        raise Animated(name=name)
    if "error" in told or not (folder / "thumb.jpg").exists():
        raise ImageUnreadable(name=name)
    return _picture(told)


def _picture(told: dict[str, Any]) -> Picture:
    taken = _instant(str(told.get("taken_at", "")))
    return Picture(told["width"], told["height"], told["dhash"], taken, told.get("lat"), told.get("lng"))


def _instant(text: str) -> datetime | None:
    """The time of a camera; one that does not name its zone is on China's clock."""
    found = _TAKEN.fullmatch(text)
    if found is None:
        return None
    *parts, zone = found.groups()
    try:
        plain = datetime(*(int(part) for part in parts), tzinfo=CHINA)  # type: ignore[arg-type, misc]
        return datetime.fromisoformat(f"{plain:%Y-%m-%dT%H:%M:%S}{zone}") if zone else plain
    except ValueError:
        return None
