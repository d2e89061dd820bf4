"""The platform's side of the gateway: the register, the waiting commands, the bell of ingest, the sign of life.

To load all of it takes longer than everything else at the start, so it is loaded in the thread that first reads the
register, when the port is open and the first frames are on disk already.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from wanghuo.entrypoints.gateway.downlink import Order
from wanghuo.entrypoints.gateway.lanes import PARTS
from wanghuo.entrypoints.gateway.register import Register


class Side:
    """`refresh` and `orders` are called in one thread after the other, `ring` in the event loop. `prepare` makes the
    platform's models importable; `stack` is closed at the end of the process."""

    def __init__(self, prepare: Callable[[], None], stack: ExitStack) -> None:
        self._prepare, self._stack = prepare, stack
        self._changes: Callable[[], Iterator[tuple[str, tuple[str, ...], str]]] | None = None
        self._bell: Callable[[], None] | None = None

    def refresh(self, register: Register) -> None:
        """Bring the register up to date."""
        register.update(self._loaded()())

    def orders(self) -> Iterator[Order]:
        """The commands that wait to be sent."""
        self._loaded()
        from wanghuo.modules.sensing.gateway_side import waiting_commands

        return (Order(*known) for known in waiting_commands())

    def ring(self) -> None:
        """Wake ingest; in the first moments it looks by itself."""
        if self._bell is not None:
            self._bell()

    def _loaded(self) -> Callable[[], Iterator[tuple[str, tuple[str, ...], str]]]:
        if self._changes is None:
            self._prepare()
            from wanghuo.kernel.jobs.beats import beating
            from wanghuo.modules.sensing.gateway_side import RegisterChanges, bell

            self._stack.enter_context(beating("gateway", lambda: {"compiled": int(PARTS.compiled)}))
            self._bell = bell()
            self._changes = RegisterChanges()
            gc.freeze()  # what was loaded stays: the collector need not look through it while frames wait
        return self._changes
