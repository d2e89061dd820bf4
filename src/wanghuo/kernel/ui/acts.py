"""The buttons of a page, drawn from a state table: what can be done now, and what cannot and why (ux 1.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wanghuo.base import Machine, Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor, Placed

FROM_STATE = Text("现为“{state}”，须先到“{sources}”", "now “{state}”; only possible from “{sources}”")


@dataclass(frozen=True, slots=True)
class Act:
    """One button. `reason` says why it is not possible now; an act that is possible has none.

    `url` answers GET with the form of the act and takes its POST. `main` marks the expected next step.
    """

    name: str
    label: Text
    url: str
    reason: Text | None = None
    main: bool = False
    legal: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the act is possible now."""
        return self.reason is None


def acts_for(
    machine: Machine,
    state: str,
    *,
    actor: Actor,
    row: Placed,
    url: str | Callable[[str], str],
    refusals: Mapping[str, Text] | None = None,
    hidden: frozenset[str] = frozenset(),
) -> list[Act]:
    """The acts of `machine` for a row in `state`: those possible now first (the first is the main one), then the others
    with their reason. An act for which the actor lacks the right over the row is absent.

    `url`: where an act's form is, as a function of its name or as a prefix to which `/acts/NAME` is added.
    `refusals`: reasons
    of guards that forbid a move although the state allows it (the fixer may not close). `hidden`: acts the page
    leaves out.
    """
    if isinstance(url, str):
        prefix = url
        address: Callable[[str], str] = lambda name: f"{prefix}/acts/{name}"
    else:
        address = url
    found: dict[str, Act] = {}
    now_possible = {move.name for move in machine.possible(state)}
    for move in (*machine.possible(state), *machine.moves):  # the order of the state decides which act comes first
        if move.name in found or move.name in hidden or not actor.can(move.right, row):
            continue
        reason = (refusals or {}).get(move.name)
        if move.name not in now_possible:
            reason = _wrong_state(machine, state, move.name)
        found[move.name] = Act(move.name, move.label, address(move.name), reason)
    possible = [act for act in found.values() if act.allowed]
    first = [Act(a.name, a.label, a.url, main=True) for a in possible[:1]]
    return [*first, *possible[1:], *(act for act in found.values() if not act.allowed)]


def _wrong_state(machine: Machine, state: str, name: str) -> Text:
    sources = listing([machine.name(move.source) for move in machine.moves if move.name == name])
    return FROM_STATE.filled({"state": machine.name(state), "sources": sources})
