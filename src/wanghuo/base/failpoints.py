"""Named places where a process can be made to fail on purpose, so that tests see what the rest of it does.

    WANGHUO_FAIL=outbox.after_send:crash@0.01,ingest.record(c1000000):raise@3

Each part is NAME:ACTION, after the name perhaps words in brackets that must all stand in what the place says of its work, and
behind the action perhaps `@` and a probability below 1 (`@0.01`) or how often at most (`@3`; without it: always). Actions:
`crash` (the process is gone, as by kill -9), `raise` (FailedOnPurpose), `delay=SECONDS`. Nothing is armed unless
`arm` was called; a production deployment refuses to (entrypoints/web/settings.py).
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

POINTS: Mapping[str, str] = {
    "ingest.record": "before one record of the journal is taken in; says its sender's address in hex, as on the wire",
    "outbox.before_send": "before a listener hears; says listener, kind of event, stream and what the event carries",
    "outbox.after_send": "after it heard, before that is committed; says the same",
    "jobs.run": "before a job; says its kind",
    "jobs.item": "before one row of a task by the clock; says task and row",
    "sending.before_send": "before a message leaves the platform; says way and address",
    "sending.after_send": "after it left, before that is written down; says the same",
}
"""Every place, and what it is."""

Action = Literal["crash", "raise", "delay"]
_PART = re.compile(
    r"(?P<name>[a-z_.]+)(?:\((?P<about>[^()]+)\))?:(?P<action>crash|raise|delay=(?P<delay_s>\d+(?:\.\d+)?))"
    r"(?:@(?P<share>0?\.\d+)|@(?P<times>[1-9]\d*))?"
)


class FailedOnPurpose(RuntimeError):
    """What the action `raise` raises."""


@dataclass
class _Armed:
    words: list[str]
    action: Action
    delay_s: float
    share: float
    left: int | None


_armed: dict[str, list[_Armed]] = {}
_rng = random.Random()


def arm(line: str, *, seed: int | None = None) -> None:
    """Arm what a line names, and nothing else; "" for nothing. `seed`: of the probabilities. Raises ValueError when it
    cannot be read or names no place there is."""
    found: dict[str, list[_Armed]] = {}
    for part in filter(None, (part.strip() for part in line.split(","))):
        known = _PART.fullmatch(part)
        if known is None or known["name"] not in POINTS:
            raise ValueError(f"{part!r} is no failpoint; NAME:crash|raise|delay=S[@N], NAME one of {', '.join(POINTS)}")
        action = cast(Action, known["action"].partition("=")[0])
        share, times = float(known["share"] or 1.0), int(known["times"]) if known["times"] else None
        armed = _Armed((known["about"] or "").split(), action, float(known["delay_s"] or 0), share, times)
        found.setdefault(known["name"], []).append(armed)
    _rng.seed(seed)
    _armed.clear()
    _armed.update(found)


def at(name: str, *about: object) -> None:
    """This is the place `name`, and `about` says what is in hand. Costs a look into an empty dictionary when nothing is armed."""
    if _armed:
        _fail(name, about)


def _fail(name: str, about: tuple[object, ...]) -> None:
    for armed in _armed.get(name, ()):
        said = " ".join(map(str, about))
        if not all(word in said for word in armed.words):
            continue
        if armed.left == 0 or (armed.share < 1.0 and _rng.random() >= armed.share):
            continue
        if armed.left is not None:
            armed.left -= 1
        if armed.action == "delay":
            time.sleep(armed.delay_s)
        elif armed.action == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise FailedOnPurpose(name)
