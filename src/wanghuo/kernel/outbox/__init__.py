"""Facts travel up: a service emits an event in its own transaction, listeners of upper modules hear it afterwards,
exactly once.
"""

from wanghuo.kernel.outbox.bus import emit, listen, listen_many
from wanghuo.kernel.outbox.events import Event

__all__ = ["Event", "drain", "emit", "listen", "listen_many", "overdue"]


def drain(limit: int = 1000, *, urgent: bool = False) -> int:
    """Deliver what is pending, `urgent`: only what may not wait; how many deliveries were tried. See
    `delivery.drain`.
    """
    from wanghuo.kernel.outbox.delivery import drain as deliver  # tables are not ready while apps are being loaded

    return deliver(limit, urgent=urgent)


def overdue(seconds: float) -> bool:
    """Whether something has been due for so long: those who deliver are gone, or cannot keep up."""
    from wanghuo.kernel.outbox.delivery import overdue as found

    return found(seconds)
