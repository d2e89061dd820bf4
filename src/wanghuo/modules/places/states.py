"""The life of a unit's file."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class UnitState(StrEnum):
    """A closed unit keeps its history; nothing new is begun on it."""

    ACTIVE = "active"
    CLOSED = "closed"


S = UnitState
UNIT = Machine(
    what=Text("单位", "Unit"),
    initial=S.ACTIVE,
    names={S.ACTIVE: Text("在营", "active"), S.CLOSED: Text("已停业", "closed")},
    moves=(
        Move("close", S.ACTIVE, S.CLOSED, "places.edit", Text("停业", "close")),
        Move("reopen", S.CLOSED, S.ACTIVE, "places.edit", Text("恢复营业", "reopen")),
    ),
)
