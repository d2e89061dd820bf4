"""The figures of the alarm logic, as values: a deployment's rulebook gives its own; these are the product's."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts as chatter, flood, stale, a repeat offender, and how long anybody is waited for. Seconds unless named.

    `window_s`: two triggers that far apart support each other (ours; GB 50116-2013 4.1.6 asks for two, without a time).
    `chatter_raises` in `chatter_window_s` make a point chatter, until it was quiet for `chatter_quiet_s` (ISA-18.2 names three in a
    minute); `relapses` within `relapse_window_s` make it intermittent, one alarm until it was quiet as long (faults alone). `ask_s`:
    how long the unit and the grid are waited for while the signal stands; `gone_s`: how long in all once it is gone. No fire waits
    longer. `denied_s`: a denial of the unit holds so long while the signal stands, then the operator is called. `offender_false` false
    alarms within `offender_days` make a point suspect, and so does one that a person judged less than `echo_s` ago. `delay_3_s`,
    `delay_4_s`: a fault of class 3 or 4 that is gone by then was none worth a person.
    `head_s`: what follows the first of its unit and cause so soon is its consequence. `flood_starts` new alarms of one seat within
    `flood_window_s` begin a flood, fewer than `flood_ends` end it (ISA-18.2). `area_units`: so many units silent within
    `area_window_s` are one matter (a mast, a carrier). `stale_s`: what stands longer is stale.
    """

    window_s: float = 120.0
    chatter_raises: int = 3
    chatter_window_s: float = 60.0
    chatter_quiet_s: float = 900.0
    relapses: int = 3
    relapse_window_s: float = DAY_S
    ask_s: float = 60.0
    gone_s: float = 1800.0
    denied_s: float = 180.0
    offender_false: int = 3
    offender_days: float = 30.0
    echo_s: float = 1800.0
    delay_3_s: float = 30.0
    delay_4_s: float = 60.0
    head_s: float = 60.0
    flood_starts: int = 10
    flood_ends: int = 5
    flood_window_s: float = 600.0
    area_units: int = 5
    area_window_s: float = 600.0
    stale_s: float = DAY_S

    @property
    def offender_s(self) -> float:
        """The days of the offender rule in seconds."""
        return self.offender_days * DAY_S
