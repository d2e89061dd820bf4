"""How long personal data stays beside the log. The log itself stays for ever, and stays verifiable without it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.audit.models import AuditPrivate
from wanghuo.kernel.audit.recording import record

PRIVATE_KEPT = timedelta(days=3 * 365 + 1)  # security 6.3


@transaction.atomic
def forget_private(now: datetime) -> int:
    """Delete personal data of entries older than PRIVATE_KEPT, and record how many rows went."""
    limit_ms = int((now - PRIVATE_KEPT).timestamp() * 1000)
    gone, _ = AuditPrivate.objects.filter(entry_id__lt=UUID(int=limit_ms << 80)).delete()  # ids begin with their time
    if gone:
        record(system_actor("worker"), "audit:private:delete", "audit_private", after={"rows": gone})
    return gone
