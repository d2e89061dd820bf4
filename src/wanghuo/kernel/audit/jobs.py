"""What the worker does for the log."""

from __future__ import annotations

from django.utils import timezone

from wanghuo.kernel.audit.retention import forget_private
from wanghuo.kernel.audit.sealing import seal_pending
from wanghuo.kernel.jobs.periodic import DELETES_AFTER_S, every


@every(1, "audit.seal")
def seal() -> None:
    """Seal what waits, and make a checkpoint where one is due."""
    seal_pending()


@every(86_400, "audit.forget_private", rests_s=DELETES_AFTER_S)
def forget() -> None:
    """Delete personal data whose time is over."""
    forget_private(timezone.now())
