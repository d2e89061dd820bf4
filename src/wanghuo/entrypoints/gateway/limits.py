"""The gateway's limits, each with its unit and why it has this value."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in bytes, rates in frames a second; 0 switches a rate limit off."""

    idle_s: float = (
        7800.0  # a link that brought a device: GB 50440 lets polling be two-hourly, and ten minutes of grace
    )
    silent_s: float = 300.0  # a link that never brought a valid frame
    partial_s: float = 5.0  # half a frame: a corrupted length must not swallow what follows
    handshake_s: float = 10.0  # of TLS
    stuck_s: float = 10.0  # a peer that does not read what we answer; the standard's own waiting time
    write_high: int = 64 * 1024
    backlog_bytes: int = 64 * 1024 * 1024  # waiting for the disk; beyond it we stop reading
    reserve_bytes: int = 64 * 1024 * 1024  # of the disk, kept for alarms: 10 minutes of 50 a second; 0: none
    flood_rate: float = 50.0  # for each device of a link
    flood_burst: float = 500.0
    unknown_per_minute: int = 20  # frames' first appearances of unknown addresses, for each peer address
    linger_s: float = 0.002  # how long a batch without urgent frames waits for company
    retry_disk_s: float = 0.5
    report_s: float = 5.0
    max_links: int = 0  # 0: from the open-file limit
    peer_idle_s: float = 900.0  # a peer address of the UDP port; address translators forget sooner
    most_peers: int = 50_000  # peer addresses of the UDP port, some 2 kB each; beyond it the longest silent one goes

    def links(self) -> int:
        """The most links to hold: what the open-file limit allows, less what the process needs itself."""
        return self.max_links or max(16, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 64)


def raise_file_limit() -> None:
    """Take all the open files the system grants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Bucket:
    """A token bucket. `take` is called for each frame, so it looks at the clock only when it runs dry."""

    __slots__ = ("_filled_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst, self._tokens, self._filled_at = rate, burst, burst, now

    def take(self, now: float) -> float:
        """Take one token; give how many are left. Negative: over the limit, by so many frames (at most one burst)."""
        self._tokens -= 1
        if self._tokens < 0:
            self._tokens = min(self.burst, self._tokens + (now - self._filled_at) * self.rate)
            self._filled_at = now
            self._tokens = max(self._tokens, -self.burst)
        return self._tokens
