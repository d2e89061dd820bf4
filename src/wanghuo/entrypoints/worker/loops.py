"""The worker: outbox, jobs, periodic tasks and outgoing messages, each in a thread of its own so that none waits for
another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections
from django.db.utils import Error as DatabaseError

from wanghuo.kernel import outbox
from wanghuo.kernel.jobs import asking, beats, running
from wanghuo.kernel.jobs.periodic import PROMPT_S, Clockwork
from wanghuo.kernel.notify import sending
from wanghuo.kernel.notify.lanes import Lanes
from wanghuo.kernel.outbox.bus import BELL as OUTBOX
from wanghuo.kernel.outbox.delivery import outbox_health
from wanghuo.kernel.outbox.doorbell import Doorbell

log = logging.getLogger(__name__)

OUTBOX_S, JOBS_S, SENDING_S = 0.2, 1.0, 1.0
CLOCK_S = 1.0
AGAIN_S = 1.0  # after a failure of the database


@dataclass(frozen=True, slots=True)
class Loop:
    """Something to do whenever its bell rings, and at least so often. `step` gives the seconds until it is due
    again.
    """

    name: str
    step: Callable[[], float]
    bell: str = ""


class Worker:
    """Runs until told to stop; then finishes what it has in hand."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.delivered = 0
        self.jobs_run = 0
        prompt = Clockwork(lambda task: task.every_s <= PROMPT_S)
        upkeep = Clockwork(lambda task: task.every_s > PROMPT_S)
        self.lanes = Lanes(self.stopping.is_set)
        self.loops = (
            Loop("outbox", self._outbox, OUTBOX),
            Loop("jobs", self._jobs, asking.BELL),
            Loop("sending", self._sending, sending.BELL),
            Loop("clock", lambda: min(prompt.step(self.stopping.is_set), CLOCK_S)),
            Loop("upkeep", lambda: min(upkeep.step(self.stopping.is_set), CLOCK_S)),
            Loop("beat", self._beat),
        )

    def run(self) -> None:
        """Run every loop until `stop`."""
        threads = [threading.Thread(target=self._follow, args=(loop,), name=loop.name) for loop in self.loops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.lanes.wait()
        beats.rest("worker")
        connections.close_all()

    def stop(self) -> None:
        """Ask every loop to end after what it has in hand."""
        self.stopping.set()

    def once(self) -> None:
        """Do what is due now, in this thread (tests, and `wanghuo worker --once`)."""
        for loop in self.loops:
            loop.step()
        self.lanes.wait()

    def _follow(self, loop: Loop) -> None:
        bell = Doorbell(loop.bell) if loop.bell else None
        while not self.stopping.is_set():
            try:
                pause = loop.step()
            except DatabaseError as error:
                log.warning("%s: the database cannot be used (%s); again in %.0f s", loop.name, error, AGAIN_S)
                connections.close_all()
                pause = AGAIN_S
            except Exception:
                log.exception("%s failed; again in %.0f s", loop.name, AGAIN_S)
                pause = AGAIN_S
            self._wait(bell, pause)
        if bell:
            bell.close()
        connections.close_all()

    def _wait(self, bell: Doorbell | None, pause_s: float) -> None:
        """Until a ring, or the pause is over, or (looking each fifth of a second) it is time to stop."""
        if bell is None:
            self.stopping.wait(pause_s)
            return
        while pause_s > 0 and not self.stopping.is_set() and not bell.wait(min(pause_s, 0.2)):
            pause_s -= 0.2

    def _outbox(self) -> float:
        count = outbox.drain(256)
        self.delivered += count
        return 0.0 if count == 256 else OUTBOX_S

    def _jobs(self) -> float:
        self.jobs_run += running.run_waiting(self.stopping.is_set)
        return JOBS_S

    def _sending(self) -> float:
        self.lanes.step()
        return SENDING_S

    def _beat(self) -> float:
        health = outbox_health()
        beats.beat(
            "worker",
            delivered=self.delivered,
            jobs=self.jobs_run,
            outbox_waiting=health.waiting,
            outbox_dead=health.dead,
        )
        return beats.EVERY_S
