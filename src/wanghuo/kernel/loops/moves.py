"""Writing one move of a state table: what is the same for every kind of record that has a life."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanghuo.base import Move
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record


def write_move(
    row: Any,
    move: Move,
    kind: str,
    *,
    actor: Actor,
    changed: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> str:
    """Write a move of a locked row: its new state, the columns `changed` with it, and the audit entry `kind:move`.

    `after`: what else the entry tells. Returns the state left. The caller has asked right and table, and adds what is the record's own:
    the line on its time line, its event, its clocks and duties.
    """
    source = str(row.state)
    for name, value in (changed or {}).items():
        setattr(row, name, value)
    row.state = move.target
    row.save(update_fields=["state", *(changed or {})])
    record(
        actor,
        f"{kind}:{move.name}",
        row.ref,
        region=row.region_code,
        before={"state": source},
        after={"state": str(move.target), **(after or {})},
    )
    return source
