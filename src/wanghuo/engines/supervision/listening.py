"""Since when we listen: our own outage, or a clock that was set, is never the devices' silence."""

from __future__ import annotations

from typing import NamedTuple

from wanghuo.engines.supervision.fleet import NEVER

GAP_US = 30_000_000
"""Gateways report every 5 s; a gap longer than this means that nobody listened, or that the clock jumped."""


class Listening(NamedTuple):
    """What the gateways' reports say: we listened from `since_us` to `through_us` (receive times, microseconds)."""

    through_us: int = NEVER
    since_us: int = NEVER

    def report(self, at_us: int, gap_us: int = GAP_US) -> Listening:
        """After a report stamped `at_us`. A gap forward begins a new stretch of listening (an outage, or a clock put
        forward: which of both makes no difference); a gap back is a clock put back. Smaller steps back are the disorder of
        several gateways."""
        if self.through_us == NEVER or abs(at_us - self.through_us) > gap_us:
            return Listening(at_us, at_us)
        return Listening(max(at_us, self.through_us), self.since_us)

    def put_back(self, at_us: int, gap_us: int = GAP_US) -> bool:
        """Whether a report stamped `at_us` shows that the clock was put back: times stored since then lie ahead."""
        return self.through_us != NEVER and self.through_us - at_us > gap_us
