"""Work that takes longer than a page may: `@job(name)` declares it, `enqueue` asks for it, a page shows how far it
is.
"""

from wanghuo.kernel.jobs.asking import enqueue
from wanghuo.kernel.jobs.registry import Cancelled, Progress, job

__all__ = ["Cancelled", "Progress", "enqueue", "job"]
