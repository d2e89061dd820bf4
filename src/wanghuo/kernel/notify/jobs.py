"""What the worker does for messages by the clock."""

from __future__ import annotations

from wanghuo.kernel.jobs.periodic import DELETES_AFTER_S, every
from wanghuo.kernel.notify import live, sending


@every(3600, "notify.retention", rests_s=DELETES_AFTER_S)
def retention() -> None:
    """Old messages and live events are deleted."""
    sending.forget()
    live.forget()
