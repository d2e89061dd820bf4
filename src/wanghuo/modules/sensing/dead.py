"""What ingest could not take in: kept, counted and shown until somebody has looked; everything else goes on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from wanghuo.modules.sensing.fold import Dead
from wanghuo.modules.sensing.journal import JournalAway, JournalDamaged, JournalReader
from wanghuo.modules.sensing.known import Known
from wanghuo.modules.sensing.models import DeadFrame, GatewayCounter

log = logging.getLogger("wanghuo.ingest")
T = TypeVar("T")
AWAY = (OperationalError, InterfaceError, JournalAway)
"""Failures of the database or of the journal's servers themselves: to be tried again, never the fault of a frame."""


def together(act: Callable[[Sequence[T]], None], items: Sequence[T], ref_of: Callable[[T], str]) -> list[Dead]:
    """Do `act` with all items; when that fails, with each alone, so that only what is poisonous fails. Gives these.

    Each try is a transaction (a savepoint within one). Raises what is in `AWAY`.
    """
    if not items:
        return []
    try:
        with transaction.atomic():
            act(items)
    except AWAY:
        raise
    except Exception:
        log.exception("%d items cannot be stored together; each is tried alone", len(items))
    else:
        return []
    return [dead for item in items if (dead := _alone(act, item, ref_of)) is not None]


def _alone(act: Callable[[Sequence[T]], None], item: T, ref_of: Callable[[T], str]) -> Dead | None:
    try:
        with transaction.atomic():
            act([item])
    except AWAY:
        raise
    except Exception as error:
        return Dead(ref_of(item), reason(error))
    return None


def reason(error: Exception) -> str:
    """An error as it is kept."""
    return "".join(traceback.format_exception_only(error)).strip()[-1000:]


def ref_of_device(device: Known) -> str:
    """The last frame of a device: for failures that are of no one frame."""
    return f"{device.seen_ref[0]}:{device.seen_ref[1]}"


@transaction.atomic
def bury(found: Iterable[Dead], reader: JournalReader) -> None:
    """Keep what could not be taken in, each record once, with its bytes where they can still be read."""
    now, more = timezone.now(), 0
    for dead in found:
        log.error("%s of the journal cannot be taken in: %s", dead.ref, dead.error)
        values = {"error": dead.error, "at": now, "frame": (dead.data or _bytes_of(dead.ref, reader)).hex()}
        more += DeadFrame.objects.get_or_create(ref=dead.ref, defaults=values)[1]
    if more:
        GatewayCounter.add("dead", more, now)


def _bytes_of(ref: str, reader: JournalReader) -> bytes:
    try:
        record = reader.record(ref)
    except JournalDamaged:
        return b""
    return record.data if record else b""


def dead_frames(limit: int = 100) -> list[DeadFrame]:
    """What nobody has looked at yet, newest first."""
    return list(DeadFrame.objects.filter(looked_at=None).order_by("-id")[:limit])


def looked() -> int:
    """Somebody has looked at all of it; how many there were."""
    return DeadFrame.objects.filter(looked_at=None).update(looked_at=timezone.now())
