"""What ingest could not take in: kept, counted and shown until somebody has looked; everything else goes on."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from wanghuo.modules.sensing.fold import Dead
from wanghuo.modules.sensing.journal import (
    FRAME,
    MESSAGE,
    Columns,
    JournalAway,
    JournalDamaged,
    JournalReader,
    OpenedLink,
    Record,
)
from wanghuo.modules.sensing.journals import Address, open_reader, open_writer
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


def bury(found: Sequence[Dead], reader: JournalReader) -> None:
    """Keep what could not be taken in, each record once, with its bytes where they can still be read."""
    if found:
        _bury(found, reader)


@transaction.atomic
def _bury(found: Iterable[Dead], reader: JournalReader) -> None:
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


def buried(limit: int = 10_000) -> set[str]:
    """The newest records that were buried, whether somebody has looked or not."""
    return set(DeadFrame.objects.order_by("-id").values_list("ref", flat=True)[:limit])


def take_again(journal: Address) -> int:
    """Put what was buried, and can be read, at the end of the journal once more: its cause was removed. Gives how many.

    Received now, from the peer it came from; what a device says of its time stays. Nobody has to look at those any more.
    """
    reader = open_reader(journal)
    columns, opened, rows, now_us = Columns.empty(), list[OpenedLink](), list[UUID](), time.time_ns() // 1000
    for row in DeadFrame.objects.filter(looked_at=None).order_by("id"):
        for record, peer in _found(row.ref, reader):
            rows.append(row.pk)
            opened.append(OpenedLink(len(rows), peer, now_us))
            columns.add(now_us, len(rows), record.trust, record.kind, record.data)
    if rows:
        writer = open_writer(journal, f"again-{os.getpid()}-{now_us:x}", checkpoints=False)
        writer.commit(columns, urgent=True, opened=opened)
        writer.close()
        DeadFrame.objects.filter(pk__in=rows).update(looked_at=timezone.now())
    reader.close()
    return len(rows)


def _found(ref: str, reader: JournalReader) -> Iterator[tuple[Record, str]]:
    """A record that came from outside, and its peer; nothing for a note of ours, and for what can no longer be read."""
    batch, _, index = ref.partition(":")
    try:
        found = reader.after(int(batch) - 1, batches=1)
        record = reader.record(ref) if index else None
    except JournalDamaged:
        return
    if record is not None and record.kind in (FRAME, MESSAGE):
        yield record, reader.peer(found[0].writer, record.link)


def looked() -> int:
    """Somebody has looked at all of it; how many there were."""
    return DeadFrame.objects.filter(looked_at=None).update(looked_at=timezone.now())
