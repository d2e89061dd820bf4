"""Where a rule is used: whoever applies rules tells it here, since the rulebook knows nobody above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wanghuo.base import Text


@dataclass(frozen=True, slots=True)
class Use:
    """One place a rule is applied, with how often, where that is counted."""

    what: Text
    count: int | None = None
    url: str = ""


_tellers: dict[str, Callable[[str], list[Use]]] = {}


def tell_uses(name: str, teller: Callable[[str], list[Use]]) -> None:
    """Register a function that tells, for a rule id, where `name` uses it. Called from `AppConfig.ready()`."""
    _tellers[name] = teller


def uses_of(rule_id: str) -> list[Use]:
    """Every use that is known, in the order of the tellers' names."""
    return [use for name in sorted(_tellers) for use in _tellers[name](rule_id)]
