"""Writing an entry. A service calls `record` in its own transaction: without the entry, the act does not happen either."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.engines.auditlog import canonical, private_digest
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit.identity import identity

if TYPE_CHECKING:
    from wanghuo.kernel.audit.models import AuditEntry

GREATEST_INT = 2**53 - 1  # beyond it, readers in other languages lose digits
RESULTS = ("ok", "refused", "error")
VERSION = 1


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

    action: module:subject:act. object_ref: the human reference of what was acted on. region: where that lies; the actor's own
    region unless given. before, after: what changed, without personal data. private: personal data that belongs to the act;
    it is kept in a row beside the entry, together with the network address, and can be deleted without harm to the log.
    result: ok, refused or error, with the error's `code`. Whatever goes wrong here undoes the caller's transaction.
    """
    if result not in RESULTS:
        raise ValueError(f"no result {result!r}; there are {RESULTS}")
    from wanghuo.kernel.access.scope import scope_columns  # tables can be imported only once the apps are loaded
    from wanghuo.kernel.audit.models import AuditEntry

    entry_id, at, where = new_id(), timezone.now(), region or actor.home
    beside = _private(actor, private)
    body = canonical(_entry(locals()))
    with transaction.atomic(savepoint=False):  # an error marks the caller's transaction, so that it cannot be committed
        if beside is not None:
            beside.entry_id = entry_id
            beside.save(force_insert=True)
        entry = AuditEntry(id=entry_id, at=at, body=body.decode(), **scope_columns(where))
        for name, value in columns_of(actor.as_json(), action, object_ref, result, code).items():
            setattr(entry, name, value)
        entry.save(force_insert=True)
    return entry


def columns_of(actor: Mapping[str, str], action: str, object_ref: str, result: str, code: str) -> dict[str, str]:
    """The columns by which entries are found; the body is what counts, and a check compares the two."""
    return {
        "actor": actor["id"],
        "action": action[:100],
        "object": object_ref[:200],
        "result": result,
        "code": code[:100],
    }


def _entry(known: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of security 4.1; what is unknown is absent."""
    actor, beside = known["actor"], known["beside"]
    entry = {
        "v": VERSION,
        "log": identity().origin,
        "id": str(known["entry_id"]),
        "at": written(known["at"]),
        "actor": actor.as_json(),
        "action": known["action"],
        "object": known["object_ref"],
        "region": known["where"],
        "result": known["result"],
        "code": known["code"],
        "req": actor.request_id,
        "before": plain(known["before"] or {}),
        "after": plain(known["after"] or {}),
        "private": beside.digest if beside is not None else "",
    }
    return {name: value for name, value in entry.items() if value not in ("", {})}


def _private(actor: Actor, private: Mapping[str, Any] | None) -> Any:
    from wanghuo.kernel.audit.models import AuditPrivate

    content = plain(private or {})
    if actor.address:
        content["address"] = actor.address
    if not content:
        return None
    salt, body = secrets.token_bytes(16), canonical(content)
    digest = private_digest(salt, body, identity().suite).hex()
    return AuditPrivate(salt=salt.hex(), body=body.decode(), digest=digest)


def written(at: datetime) -> str:
    """An instant as the log writes it: UTC with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """A value as the log can hold it: fractions, truths, times and ids become text, unknown (None) fields are left out."""
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
    return value if isinstance(value, str) else str(value)
