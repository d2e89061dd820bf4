"""Writing an entry, in the transaction of the act: without the entry, the act does not happen either."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.engines.auditlog import canonical, private_digest
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit.identity import identity

if TYPE_CHECKING:
    from wanghuo.kernel.audit.models import AuditEntry, AuditPrivate

GREATEST_INT = 2**53 - 1  # beyond it, readers in other languages lose digits
RESULTS = ("ok", "refused", "error")
VERSION = 1


class Act(NamedTuple):
    """One of many acts of a kind, see `record`."""

    object_ref: str
    region: str
    after: Mapping[str, Any]


def record(
    actor: Actor,
    action: str,
    object_ref: str,
    *,
    region: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
    result: str = "ok",
    code: str = "",
) -> AuditEntry:
    """Write one entry into the audit log, in the transaction that is open (or in one of its own).

    action: module:subject:act. object_ref: the human reference of what was acted on. region: where that lies; the
    actor's own region unless given. before, after: what changed, without personal data. private: personal data that
    belongs to the act; it is kept in a row beside the entry, together with the network address, and can be deleted
    without harm to the log. result: ok, refused or error, with the error's `code`. Whatever goes wrong here undoes the
    caller's transaction.
    """
    row, beside = _entry(actor, action, object_ref, region, before, after, private, result, code)
    with transaction.atomic(savepoint=False):  # an error marks the caller's transaction, so that it cannot be committed
        if beside is not None:
            beside.save(force_insert=True)
        row.save(force_insert=True)
    return row


def record_all(actor: Actor, action: str, acts: Iterable[Act]) -> None:
    """Write one entry for each of many acts of a kind, as `record` does, in two statements: for what comes in floods."""
    from wanghuo.kernel.audit.models import AuditEntry, AuditPrivate

    made = [_entry(actor, action, act.object_ref, act.region, None, act.after, None, "ok", "") for act in acts]
    with transaction.atomic(savepoint=False):
        AuditPrivate.objects.bulk_create([beside for _, beside in made if beside is not None], batch_size=200)
        AuditEntry.objects.bulk_create([row for row, _ in made], batch_size=200)


def _entry(
    actor: Actor,
    action: str,
    object_ref: str,
    region: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    private: Mapping[str, Any] | None,
    result: str,
    code: str,
) -> tuple[AuditEntry, AuditPrivate | None]:
    """An entry that is not written yet, and the personal data beside it."""
    if result not in RESULTS:
        raise ValueError(f"no result {result!r}; there are {RESULTS}")
    from wanghuo.kernel.audit.models import AuditEntry  # tables can be imported only once the apps are loaded

    entry_id, at, where = new_id(), timezone.now(), region or actor.home
    beside, digest = _private(entry_id, actor, private)
    entry = {
        "v": VERSION,
        "log": identity().origin,
        "id": str(entry_id),
        "at": written(at),
        "actor": _who(actor),
        "action": action,
        "object": plain(object_ref),
        "region": where,
        "result": result,
        "code": code,
        "req": actor.request_id,
        "before": plain(before or {}),
        "after": plain(after or {}),
        "private": digest,
    }
    known = {name: value for name, value in entry.items() if value not in ("", {})}  # what is unknown is absent
    body = canonical(known).decode()
    return AuditEntry(id=entry_id, at=at, body=body, **columns_of(json.loads(body))), beside


def columns_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The columns by which an entry is found. The entry itself is what counts; a check compares the two."""
    from wanghuo.kernel.access.scope import scope_columns

    return {
        **scope_columns(entry["region"]),
        "actor": entry["actor"]["id"][:24],
        "action": entry["action"][:100],
        "object": entry.get("object", "").replace("\0", "")[:200],  # PostgreSQL keeps no NUL in text
        "result": entry["result"],
        "code": entry.get("code", "")[:100],
    }


def _who(actor: Actor) -> dict[str, Any]:
    """The actor without a name; a visitor who has not signed in is told from our own processes."""
    found = {name: value for name, value in actor.as_json().items() if value}
    return {**found, "id": "anonymous"} if actor.id is None and not actor.is_system else found


def _private(entry_id: UUID, actor: Actor, private: Mapping[str, Any] | None) -> tuple[AuditPrivate | None, str]:
    """The row of personal data beside an entry, and the digest by which the entry stands for it."""
    from wanghuo.kernel.audit.models import AuditPrivate

    content = plain(private or {})
    if actor.address:
        content["address"] = actor.address
    if not content:
        return None, ""
    salt, body = secrets.token_bytes(16), canonical(content)
    row = AuditPrivate(entry_id=entry_id, salt=salt.hex(), body=body.decode())
    return row, private_digest(salt, body, identity().suite).hex()


def written(at: datetime) -> str:
    """An instant as the log writes it: UTC with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """A value as the log can hold it: fractions, truths, times and ids become text, unknown fields are left out."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int):
        return value if abs(value) <= GREATEST_INT else str(value)
    if isinstance(value, datetime):
        return written(value) if timezone.is_aware(value) else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float | Decimal | UUID | Text):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ["" if item is None else plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain({f.name: getattr(value, f.name) for f in fields(value)})
    return (
        str(value).encode("utf-8", "replace").decode()
    )  # half a surrogate pair, as hostile requests bring, is no text
