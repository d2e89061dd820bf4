"""What the worker does for messages by the clock."""

from __future__ import annotations

from wanghuo.kernel.jobs.periodic import every
from wanghuo.kernel.notify import live, sending


@every(3600, "notify.retention")
def retention() -> None:
    """Old messages and live events are deleted."""
    sending.forget()
    live.forget()
