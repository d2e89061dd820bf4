"""The facts of many devices as columns, the state that follows from them, and until when it must."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
States = npt.NDArray[np.uint8]
Which = npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice

OK, LATE, OFFLINE, LOW_BATTERY, FAULT, MUTED, MAINTENANCE, RETIRED = range(8)
CODES = ("ok", "late", "offline", "low_battery", "fault", "muted", "maintenance", "retired")
"""The word of each state, by its number."""

NEVER = -(1 << 62)
"""Not heard yet; a window that never began."""
FOREVER = 1 << 62
"""No end; nothing will change by itself."""
EVERYONE = slice(None)


@dataclass(slots=True)
class Fleet:
    """What is known of devices, one place in each column for one device. Times in microseconds since 1970 UTC.

    `heard_us`: when it was last heard (NEVER). Silent for more than `late_us` it is late, for more than `offline_us` (not
    less) off line. `muted_until_us`: NEVER when it is not. Maintenance lasts from `maintenance_from_us` (FOREVER: none) until just
    before `maintenance_until_us`.
    """

    heard_us: Ints
    late_us: Ints
    offline_us: Ints
    faulty: Flags
    low: Flags
    muted_until_us: Ints
    maintenance_from_us: Ints
    maintenance_until_us: Ints
    retired: Flags

    @classmethod
    def new(cls, late_us: npt.ArrayLike, offline_us: npt.ArrayLike) -> Fleet:
        """Devices that were never heard, with nothing wrong, by their windows."""
        late, offline = np.array(late_us, np.int64), np.array(offline_us, np.int64)
        if late.shape != offline.shape or bool((offline < late).any()):
            raise ValueError("each device needs two windows, and may not be off line before it is late")
        n = len(late)
        flags = [np.zeros(n, np.bool_) for _ in range(3)]
        return cls(
            heard_us=np.full(n, NEVER),
            late_us=late,
            offline_us=offline,
            faulty=flags[0],
            low=flags[1],
            muted_until_us=np.full(n, NEVER),
            maintenance_from_us=np.full(n, FOREVER),
            maintenance_until_us=np.full(n, FOREVER),
            retired=flags[2],
        )

    def __len__(self) -> int:
        return len(self.heard_us)

    def some(self, which: Which) -> Fleet:
        """The columns of some devices."""
        return Fleet(**{each.name: getattr(self, each.name)[which] for each in fields(self)})


def heard_since(heard_us: Ints, since_us: int) -> Ints:
    """From when a device's silence counts: from when it was heard, not before `since_us`, when we began to listen."""
    return np.where(heard_us == NEVER, NEVER, np.maximum(heard_us, since_us))


def decide(fleet: Fleet, at_us: int, since_us: int = NEVER, was: States | None = None) -> States:
    """The state of every device at `at_us`, of which we listened since `since_us`.

    The first that holds: retired, under maintenance, off line (never heard, or silent for longer than its window), late,
    in fault, battery low, muted, in order. `was`: what each was and has not been heard since; that we began to listen anew
    does not make a device late or off line any better, only a frame does. Leave it out for those that were heard.
    """
    heard = heard_since(fleet.heard_us, since_us)
    silent = at_us - heard
    late, offline = silent > fleet.late_us, (silent > fleet.offline_us) | (heard == NEVER)
    if was is not None:
        late |= was == LATE
        offline |= was == OFFLINE
    states = np.zeros(len(fleet), np.uint8)
    states[fleet.muted_until_us > at_us] = MUTED
    states[fleet.low] = LOW_BATTERY
    states[fleet.faulty] = FAULT
    states[late] = LATE
    states[offline] = OFFLINE
    states[(fleet.maintenance_from_us <= at_us) & (at_us < fleet.maintenance_until_us)] = MAINTENANCE
    states[fleet.retired] = RETIRED
    return states


def next_us(fleet: Fleet, at_us: int, since_us: int = NEVER) -> Ints:
    """Until when the state of every device must stay what it is at `at_us` while nothing more is heard or told of it.

    The next moment of those at which a window, a mute or a maintenance runs out or begins; FOREVER when there is none.
    """
    heard = heard_since(fleet.heard_us, since_us)
    found = np.full(len(fleet), FOREVER)
    # NEVER and FOREVER are far enough from the ends of 64 bits to add a window to either
    for moment in (heard + fleet.late_us + 1, heard + fleet.offline_us + 1):
        moment[moment <= at_us] = FOREVER
        np.minimum(found, moment, out=found)
    for told in (fleet.muted_until_us, fleet.maintenance_from_us, fleet.maintenance_until_us):
        np.minimum(found, told, out=found, where=told > at_us)
    found[fleet.retired] = FOREVER
    return found
