"""Work by the clock."""

from __future__ import annotations

from wanghuo.kernel.jobs.periodic import every
from wanghuo.modules.accountability.services import tables


@every(300, "accountability.publish_tables")
def publish_tables() -> None:
    """Publish the frozen tables whose day has come."""
    tables.publish_due()
