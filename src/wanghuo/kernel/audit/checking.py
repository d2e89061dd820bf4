"""Check the log as it stands in the database: against itself, against its own checkpoints, and against outside ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from wanghuo.base import Text
from wanghuo.engines.auditlog import (
    BadCheckpoint,
    Checkpoint,
    Finding,
    MerkleTree,
    Sealed,
    private_digest,
    read_checkpoint,
    verify,
    verify_checkpoint,
)
from wanghuo.kernel.audit import guards, witness
from wanghuo.kernel.audit.identity import identity, public_key
from wanghuo.kernel.audit.models import AuditCheckpoint, AuditEntry, AuditPending, AuditPrivate, AuditSeal
from wanghuo.kernel.audit.recording import columns_of, written

CHUNK = 2000
_PLACES = ("region_code", "province_code", "city_code", "county_code", "town_code")
_COLUMNS = (*_PLACES, "actor", "action", "object", "result", "code")
TEXTS = {
    "columns": Text("第 {seq} 条的列与条目不符：{names}", "columns of entry {seq} differ from the entry: {names}"),
    "id": Text("第 {seq} 条封存的是别的条目", "what is sealed as entry {seq} is another entry"),
    "unsealed": Text("条目 {ref} 没有封存，也不在待封存之列", "entry {ref} is neither sealed nor waiting to be"),
    "lost": Text("待封存的条目 {ref} 不在了", "entry {ref} was waiting to be sealed and is gone"),
    "private": Text("条目 {ref} 旁的个人信息被改过", "the personal data beside entry {ref} was changed"),
    "stray": Text("有不属于任何条目的个人信息行 {ref}", "a row of personal data belongs to no entry: {ref}"),
    "signature": Text("{size} 条处的检查点：{why}", "the checkpoint at {size} entries: {why}"),
    "origin": Text("检查点属于另一日志 {origin}", "the checkpoint is of another log, {origin}"),
    "unguarded": Text("数据库触发器缺失：{names}", "triggers of the database are missing: {names}"),
}


@dataclass(slots=True)
class Checked:
    """The outcome of a check. `findings` is empty when the log is whole, earliest entry first."""

    size: int
    root: bytes
    pending: int
    checkpoints: int
    outside: int
    findings: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The finding about the earliest entry; None in a log that is whole."""
        return self.findings[0] if self.findings else None


def check(outside: Iterable[str] = ()) -> Checked:
    """Check every entry, seal, checkpoint and private row. `outside`: notes kept elsewhere; the witness's are added."""
    findings: list[Finding] = []
    kept = [*outside, *witness.notes()]
    own = list(AuditCheckpoint.objects.order_by("size").values_list("note", flat=True))
    checkpoints = [c for note in (*own, *kept) if (c := _trusted(note, findings)) is not None]
    tree = MerkleTree(identity().suite)
    findings += verify(_sealed(findings), checkpoints, suite=identity().suite, tree=tree)
    findings += [*_unsealed(tree.size), *_private(), *_guards()]
    findings.sort(key=lambda f: f.seq)
    return Checked(tree.size, tree.root(), AuditPending.objects.count(), len(own), len(kept), findings)


def entry_at(seq: int) -> AuditEntry | None:
    """The entry at one place of the log, when both seal and entry are there."""
    seal = AuditSeal.objects.filter(seq=seq).first()
    return AuditEntry.objects.filter(pk=seal.entry_id).first() if seal else None


def _trusted(note: str, findings: list[Finding]) -> Checkpoint | None:
    """What a note says. Of another log, or not signed by our key: a finding, and its root is compared all the same."""
    try:
        point = read_checkpoint(note)
    except BadCheckpoint as error:
        findings.append(_finding("signature", 0, size="?", why=error.message))
        return None
    if point.origin != identity().origin:
        findings.append(_finding("origin", point.size, origin=point.origin))
    try:
        verify_checkpoint(note, public_key())
    except BadCheckpoint as error:
        findings.append(_finding("signature", point.size, size=point.size, why=error.message))
    return point


def _sealed(findings: list[Finding]) -> Iterator[Sealed]:
    """The log in order, from one moment; columns that contradict their entry are found on the way."""
    names = ", ".join(f"e.{name}" for name in ("at", *_COLUMNS))
    query = (
        f"SELECT s.seq, s.entry_id, s.leaf, s.chain, e.body, {names} "  # noqa: S608 - names are ours
        "FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id ORDER BY s.seq"
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(CHUNK):
            for seq, entry_id, leaf, chain, body, at, *columns in rows:
                if body is not None:
                    findings += _columns(seq, UUID(str(entry_id)), body, at, columns)
                entry = None if body is None else body.encode()
                yield Sealed(seq, entry, _bytes(leaf), _bytes(chain))


def _columns(seq: int, entry_id: UUID, body: str, at: datetime, columns: list[Any]) -> Iterator[Finding]:
    try:
        entry = json.loads(body)
        wanted = columns_of(entry)
        same_id, same_at = UUID(entry["id"]) == entry_id, entry["at"] == _instant(at)
    except (ValueError, KeyError, TypeError, AttributeError):
        yield _finding("columns", seq, names="body")
        return
    wrong = [name for name, value in zip(_COLUMNS, columns, strict=True) if wanted[name] != value]
    if not same_at:
        wrong.append("at")
    if entry.get("log") != identity().origin:
        wrong.append("log")
    if wrong:
        yield _finding("columns", seq, names=", ".join(wrong))
    if not same_id:
        yield _finding("id", seq)


def _unsealed(size: int) -> Iterator[Finding]:
    """Entries that slipped past the queue, and queued ones that have disappeared; both stand after the sealed log."""
    loose = AuditEntry.objects.exclude(id__in=AuditPending.objects.values("entry_id"))
    loose = loose.exclude(id__in=AuditSeal.objects.values("entry_id")).order_by("id")
    for entry_id in loose.values_list("id", flat=True)[:CHUNK]:
        yield _finding("unsealed", size, ref=entry_id)
    lost = AuditPending.objects.exclude(entry_id__in=AuditEntry.objects.values("id")).order_by("entry_id")
    for entry_id in lost.values_list("entry_id", flat=True)[:CHUNK]:
        yield _finding("lost", size, ref=entry_id)


def _private() -> Iterator[Finding]:
    """Rows of personal data that do not match their entry. Rows that are gone are no finding: they may be deleted."""
    rows = AuditPrivate.objects.order_by("entry_id").values_list("entry_id", "salt", "body").iterator(CHUNK)
    for chunk in _chunks(rows):
        ids = [entry_id for entry_id, _, _ in chunk]
        bodies = dict(AuditEntry.objects.filter(id__in=ids).values_list("id", "body"))
        seqs = dict(AuditSeal.objects.filter(entry_id__in=ids).values_list("entry_id", "seq"))
        for entry_id, salt, body in chunk:
            if entry_id not in bodies:
                yield _finding("stray", 0, ref=entry_id)
            elif not _matches(bodies[entry_id], salt, body):
                yield _finding("private", seqs.get(entry_id, 0), ref=entry_id)


def _matches(entry: str, salt: str, body: str) -> bool:
    try:
        wanted = json.loads(entry).get("private")
        return wanted == private_digest(bytes.fromhex(salt), body.encode(), identity().suite).hex()
    except (ValueError, AttributeError):
        return False


def _guards() -> Iterator[Finding]:
    gone = guards.missing(connection)
    if gone:
        yield _finding("unguarded", 0, names=", ".join(gone))


def _instant(at: datetime) -> str:
    """An instant as a raw query gives it (SQLite: UTC without saying so), as the log writes it."""
    return written(at if at.tzinfo else at.replace(tzinfo=UTC))


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _finding(code: str, seq: int, **known: Any) -> Finding:
    return Finding(code, seq, TEXTS[code].filled({"seq": seq, **known}))
