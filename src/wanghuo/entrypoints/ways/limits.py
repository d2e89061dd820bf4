"""The limits of the ways in, each with its unit and why it has this value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in bytes, rates in messages a second."""

    body: int = 1 << 20
    head: int = 16 << 10
    request_s: float = 10.0  # to send a whole request
    idle_s: float = 75.0  # between two requests of a connection
    durable_s: float = 10.0  # to wait for the disk before giving up; operators wait 15 s
    backlog_bytes: int = 64 << 20  # waiting for the disk; beyond it nobody is served
    connections: int = 4096
    way_rate: float = 2000.0  # of one way in
    way_burst: float = 10_000.0
    device_rate: float = 50.0  # of one device, as at the gateway
    device_burst: float = 500.0
    failures_per_minute: int = 20  # wrong credentials and signatures of one address, then 429
    prompt_rate: float = 100.0  # above this, messages wait up to linger_s for company
    linger_s: float = 0.002
    retry_disk_s: float = 0.5
    report_s: float = 5.0
    renew_s: float = 1.0
