"""Who did what, when, to what: written in the transaction of the act, sealed so that no change goes unseen."""

from wanghuo.kernel.audit.recording import record

__all__ = ["record"]
