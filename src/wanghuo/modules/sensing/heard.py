"""When each device was last heard, as a column on disk that every process of the machine can look at.

Two files beside the history, one number for each slot: seconds since 1970 UTC, and the index of its division. Ingest writes
them as it stores the times; they can be made anew from the table at any moment, so nothing is synced.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wanghuo.kernel.regions import codes
from wanghuo.modules.sensing.known import NOBODY, Devices

log = logging.getLogger("wanghuo.ingest")
_HEARD, _REGION, _CODES = "heard.u32", "region.u32", "regions.json"


class HeardColumn:
    """Ingest's side."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._heard: npt.NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._version = -1

    def follow(self, devices: Devices) -> None:
        """Bring divisions and new devices up to date with the register, where something changed. On a full disk the column stays as it
        was, and is tried again with the next times."""
        if devices.version == self._version:
            return
        try:
            self._make(devices)
        except OSError as error:
            log.warning("the times of devices cannot be put beside the history: %s", error)
        else:
            self._version = devices.version

    def _make(self, devices: Devices) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        regions = np.array(devices.regions, np.uint32)
        heard = np.where(regions == NOBODY, 0, np.array(devices.heard_s)).astype(np.uint32)
        for name, content in ((_HEARD, heard.tobytes()), (_REGION, regions.tobytes())):
            _replace(self._folder / name, content)
        _replace(self._folder / _CODES, json.dumps(devices.region_codes).encode())
        self._heard = np.memmap(self._folder / _HEARD, np.uint32, "r+") if len(heard) else heard

    def put(self, slots: Sequence[int], devices: Devices) -> None:
        """These devices were heard."""
        fitting = [slot for slot in slots if slot < len(self._heard)]
        self._heard[fitting] = [devices.seen_us[slot] // 1_000_000 for slot in fitting]


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.rename(path)


class Silent(NamedTuple):
    """How many devices of how many have been silent for so long, and the slots of those silent the longest."""

    many: int
    of: int
    slots: list[int]


def silent_slots(folder: Path, region: str, before_s: int, most: int) -> Silent | None:
    """The devices of a division that were not heard since `before_s`, or never. None when ingest has not run here."""
    if not (folder / _CODES).exists():
        return None
    known = json.loads((folder / _CODES).read_bytes())
    wanted = np.array([codes.contains(region, code) for code in known] or [False])
    regions = np.fromfile(folder / _REGION, np.uint32)
    heard = np.fromfile(folder / _HEARD, np.uint32)[: len(regions)]
    somebody = regions != NOBODY
    inside = somebody & wanted[np.where(somebody, regions, 0)]
    slots = np.flatnonzero(inside & (heard < before_s))
    if len(slots) > most > 0:
        chosen = slots[np.argpartition(heard[slots], most - 1)[:most]]
    else:
        chosen = slots
    longest = chosen[np.argsort(heard[chosen], kind="stable")]
    return Silent(len(slots), int(inside.sum()), longest.tolist())
