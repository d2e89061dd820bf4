"""A fleet under watch: each device is looked at when its state may have changed, and not otherwise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wanghuo.engines.supervision.fleet import (
    FOREVER,
    NEVER,
    Fleet,
    Ints,
    States,
    Which,
    decide,
    next_us,
)

Places = npt.NDArray[np.intp]


class Changes(NamedTuple):
    """Which devices changed, from which state to which."""

    which: Places
    before: States
    after: States

    def __len__(self) -> int:
        return len(self.which)


class Watch:
    """Keeps the state of a fleet.

    `due_us` of a device is never later than its next change. Being heard again only puts that change off, so a device that
    reports in order costs nothing here: its due moment comes, a later one is found, and no more. A pass is one comparison of
    a column and the work for those that are due.
    """

    def __init__(self, fleet: Fleet, at_us: int, since_us: int = NEVER) -> None:
        self.fleet = fleet
        self.states = decide(fleet, at_us, since_us)
        self.due_us: Ints = next_us(fleet, at_us, since_us)

    def tick(self, at_us: int, since_us: int = NEVER) -> Changes:
        """Judge those whose moment has come."""
        return self.look(np.flatnonzero(self.due_us <= at_us), at_us, since_us)

    def look(self, which: Places, at_us: int, since_us: int = NEVER) -> Changes:
        """Judge these: their moment has come, or somebody said something of them."""
        return self._judge(which, self.states[which], at_us, since_us)

    def heard(self, which: Places, heard_us: npt.ArrayLike, at_us: int, since_us: int = NEVER) -> Changes:
        """These were heard (their last times, the newest counts), some perhaps with a fault or a low battery that they had
        not, or no longer have: those facts must be in the fleet already. Who was silent is back at once."""
        self.fleet.heard_us[which] = np.maximum(self.fleet.heard_us[which], heard_us)
        return self._judge(which, None, at_us, since_us)

    def _judge(self, which: Places, was: States | None, at_us: int, since_us: int) -> Changes:
        some = self.fleet.some(which)
        before, after = self.states[which], decide(some, at_us, since_us, was)
        self.states[which] = after
        self.due_us[which] = next_us(some, at_us, since_us)
        moved = before != after
        return Changes(which[moved], before[moved], after[moved])

    def put_back(self, at_us: int) -> None:
        """The clock was put back to `at_us`: what it wrote while it was ahead is taken for now, and everyone is looked at."""
        ahead = self.fleet.heard_us > at_us
        self.fleet.heard_us[ahead] = at_us
        self.due_us[:] = at_us

    def next_look_us(self, which: Which = slice(None)) -> int:
        """When the next device is due; FOREVER when none ever will be."""
        due = self.due_us[which]
        return int(due.min()) if len(due) else FOREVER
