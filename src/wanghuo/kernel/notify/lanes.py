"""Each way out in a thread of its own, so that one that hangs holds up its own messages alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connections
from django.db.utils import Error as DatabaseError

from wanghuo.kernel.notify import sending
from wanghuo.kernel.notify.sending import Lane

log = logging.getLogger(__name__)
MOST = 16  # threads at a time


class Lanes:
    """The lanes of one worker. `stopped`: whether no further message is to be begun."""

    def __init__(self, stopped: Callable[[], bool] = lambda: False) -> None:
        self._stopped = stopped
        self._threads: dict[Lane, threading.Thread] = {}

    def step(self) -> None:
        """Begin with every lane in which something is due and nothing is in hand. Waits for nobody."""
        self._threads = {lane: thread for lane, thread in self._threads.items() if thread.is_alive()}
        for lane in sending.lanes_due():
            if lane not in self._threads and len(self._threads) < MOST and not self._stopped():
                thread = threading.Thread(target=self._follow, args=(lane,), name=f"sending {lane.way}")
                self._threads[lane] = thread
                thread.start()

    def wait(self) -> None:
        """Until what is in hand is done."""
        for thread in list(self._threads.values()):
            thread.join()

    def _follow(self, lane: Lane) -> None:
        try:
            sending.send_waiting(1000, self._stopped, lane)
        except DatabaseError as error:
            log.warning("sending: the database cannot be used (%s)", error)
        except Exception:
            log.exception("sending %s failed", lane)
        finally:
            connections.close_all()
