"""What the worker does for files."""

from __future__ import annotations

from wanghuo.kernel.files import service
from wanghuo.kernel.jobs.periodic import every


@every(86_400, "files.sweep")
def sweep() -> None:
    """Remove bytes whose act was undone."""
    service.sweep()
