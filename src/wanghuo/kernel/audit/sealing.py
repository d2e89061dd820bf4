"""Sealing: entries take their place in the chain, at most a second after their act; checkpoints fix what was sealed.

The worker calls `seal_pending` each second. Any number of processes may call it at once: one of them seals.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from wanghuo.engines.auditlog import FIRST_CHAIN, MerkleTree, chain_hash, leaf_hash, read_checkpoint, sign_checkpoint
from wanghuo.kernel.audit import witness
from wanghuo.kernel.audit.identity import identity, private_key
from wanghuo.kernel.audit.models import AuditCheckpoint, AuditEntry, AuditPending, AuditSeal

log = logging.getLogger(__name__)
BATCH = 1000
CHECKPOINT_EVERY = timedelta(minutes=10)  # security 4.2
CHECKPOINT_ENTRIES = 1000
LAG_LIMIT = timedelta(seconds=5)  # beyond it, somebody has to look
_LOCK = 0x57_48_41_55  # "WHAU": the sealer's advisory lock on PostgreSQL


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the sealing is. `waiting_since`: when the oldest unsealed entry was written."""

    sealed: int
    pending: int
    waiting_since: datetime | None
    checkpoint_size: int
    checkpoint_at: datetime | None

    @property
    def lag(self) -> timedelta:
        """How long the oldest unsealed entry has been waiting."""
        return max(timezone.now() - self.waiting_since, timedelta()) if self.waiting_since else timedelta()

    @property
    def lag_s(self) -> int:
        """The same in whole seconds."""
        return int(self.lag.total_seconds())

    @property
    def late(self) -> bool:
        """Whether sealing has fallen behind."""
        return self.lag > LAG_LIMIT


def seal_pending() -> int:
    """Seal everything that waits, make a checkpoint where one is due, and say how many entries were sealed."""
    done = 0
    while AuditPending.objects.exists():
        count = _seal_batch()
        done += count
        if not count:
            break  # another process seals, or what waits has lost its entry (the check tells which)
    if _due(timezone.now()):
        make_checkpoint()
    return done


@transaction.atomic
def _seal_batch() -> int:
    if not _alone():
        return 0
    waiting = AuditEntry.objects.filter(id__in=AuditPending.objects.values("entry_id"))
    entries = list(waiting.order_by("id").values_list("id", "body")[:BATCH])
    head = AuditSeal.objects.order_by("-seq").first()
    seq, chain = (head.seq + 1, bytes.fromhex(head.chain)) if head else (0, FIRST_CHAIN)
    suite, seals = identity().suite, []
    for place, (entry_id, body) in enumerate(entries, seq):
        leaf = leaf_hash(body.encode(), suite)
        chain = chain_hash(chain, leaf, suite)
        seals.append(AuditSeal(seq=place, entry_id=entry_id, leaf=leaf.hex(), chain=chain.hex()))
    AuditSeal.objects.bulk_create(seals, batch_size=BATCH)
    AuditPending.objects.filter(entry_id__in=[entry_id for entry_id, _ in entries]).delete()
    return len(entries)


@transaction.atomic
def make_checkpoint() -> AuditCheckpoint | None:
    """Sign the log as sealed so far, and hand the note to the witness. The last checkpoint, when nothing came since."""
    alone = _alone()  # before looking: what another sealer did until now is seen, and nobody adds to it
    last = AuditCheckpoint.objects.order_by("-size").first()
    if not alone:
        return last
    known = (last.size, [bytes.fromhex(node) for node in last.nodes.split()]) if last else (0, [])
    tree = MerkleTree(identity().suite, size=known[0], peaks=known[1])
    for leaf in AuditSeal.objects.filter(seq__gte=tree.size).order_by("seq").values_list("leaf", flat=True).iterator():
        tree.add(bytes.fromhex(leaf))
    if tree.size == known[0]:
        return last
    note = sign_checkpoint(identity().origin, tree.size, tree.root(), private_key())
    nodes = " ".join(node.hex() for node in tree.peaks)
    made = AuditCheckpoint.objects.create(size=tree.size, at=timezone.now(), note=note, nodes=nodes)
    transaction.on_commit(lambda: witness.keep(note))
    return made


def seal_state() -> SealState:
    """How far the sealing is, for the pages of auditors and administrators."""
    head = AuditSeal.objects.order_by("-seq").first()
    last = AuditCheckpoint.objects.order_by("-size").first()
    oldest = AuditPending.objects.order_by("entry_id").first()
    entry = AuditEntry.objects.filter(pk=oldest.entry_id).first() if oldest else None
    return SealState(
        sealed=head.seq + 1 if head else 0,
        pending=AuditPending.objects.count(),
        waiting_since=entry.at if entry else None,
        checkpoint_size=last.size if last else 0,
        checkpoint_at=last.at if last else None,
    )


def print_mark() -> str:
    """What the foot of a printed document carries, so that every paper is a witness: 日志 <size> · <root>."""
    last = AuditCheckpoint.objects.order_by("-size").first()
    if last is None:
        return ""
    return f"日志 {last.size} · {read_checkpoint(last.note).root[:8].hex()}"


def _due(now: datetime) -> bool:
    last = AuditCheckpoint.objects.order_by("-size").first()
    head = AuditSeal.objects.order_by("-seq").first()
    if head is None:
        return False
    if last is None:
        return True
    fresh = head.seq + 1 - last.size
    return fresh >= CHECKPOINT_ENTRIES or (fresh > 0 and not last.at <= now < last.at + CHECKPOINT_EVERY)


def _alone() -> bool:
    """Whether this transaction is the one sealer. SQLite has one writer at a time anyway (IMMEDIATE)."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])
