"""Who did what, when, to what: written in the transaction of the act, sealed so that no change goes unseen."""

from wanghuo.kernel.audit.recording import Act, record, record_all

__all__ = ["Act", "record", "record_all"]
