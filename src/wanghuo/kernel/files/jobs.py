"""What the worker does for files."""

from __future__ import annotations

from wanghuo.kernel.files import service
from wanghuo.kernel.jobs.periodic import DELETES_AFTER_S, every


@every(86_400, "files.sweep", rests_s=DELETES_AFTER_S)
def sweep() -> None:
    """Remove bytes whose act was undone."""
    service.sweep()
