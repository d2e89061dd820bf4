"""State tables as data: services obey them, pages draw their buttons from them, docs print them, tests walk them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from wanghuo.base.errors import MoveRefused
from wanghuo.base.text import Text, listing


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow of a state table: `name` is the act, `right` who may do it, `label` its word on the button."""

    name: str
    source: StrEnum
    target: StrEnum
    right: str
    label: Text


@dataclass(frozen=True, slots=True)
class Machine:
    """The life of one kind of record. `names` gives every state its word; a state without moves out of it is final."""

    what: Text
    initial: StrEnum
    names: Mapping[StrEnum, Text]
    moves: tuple[Move, ...]

    def __post_init__(self) -> None:
        known = set(self.names)
        assert self.initial in known, f"{self.what}: initial state has no name"
        seen: set[tuple[str, str]] = set()
        for move in self.moves:
            assert {move.source, move.target} <= known, f"{self.what}: {move.name} touches an unnamed state"
            assert (move.source, move.name) not in seen, f"{self.what}: two moves {move.name} from {move.source}"
            seen.add((move.source, move.name))

    def possible(self, state: str) -> tuple[Move, ...]:
        """The moves out of `state`, in the order of the table."""
        return tuple(m for m in self.moves if m.source == state)

    def move(self, state: str, name: str) -> Move:
        """The move called `name` out of `state`. Raises MoveRefused, which names the moves that are possible."""
        for move in self.moves:
            if move.source == state and move.name == name:
                return move
        raise MoveRefused(
            what=self.what,
            state=self.name(state),
            move=self.label(name),
            possible=listing([m.label for m in self.possible(state)]),
        )

    def name(self, state: str) -> Text:
        """The word for `state`."""
        return next((text for key, text in self.names.items() if key == state), Text(state, state))

    def label(self, name: str) -> Text:
        """The word for the act `name`, wherever in the table it stands."""
        return next((m.label for m in self.moves if m.name == name), Text(name, name))

    def is_final(self, state: str) -> bool:
        """Whether nothing leads out of `state`."""
        return not self.possible(state)

    def open_states(self) -> tuple[str, ...]:
        """The states that something leads out of."""
        return tuple(str(s) for s in self.names if self.possible(s))

    def rights(self) -> frozenset[str]:
        """Every right that some move asks for."""
        return frozenset(m.right for m in self.moves)

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram, for the docs."""
        return "\n".join(self._mermaid_lines())

    def _mermaid_lines(self) -> Iterator[str]:
        yield "stateDiagram-v2"
        for state, text in self.names.items():
            yield f'    state "{text.zh} {text.en}" as {state}'
        yield f"    [*] --> {self.initial}"
        for move in self.moves:
            yield f"    {move.source} --> {move.target}: {move.label.zh} {move.label.en}"
        for state in self.names:
            if self.is_final(state):
                yield f"    {state} --> [*]"
