"""A verdict with its reasons: every judgement the product makes can say why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from wanghuo.base.text import Text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a stable `code`, a text with fields, the values for the fields, and the source of the rule."""

    code: str
    text: Text
    known: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def message(self) -> Text:
        """The text with its fields filled in."""
        return self.text.filled(self.known)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[T]):
    """A value and the reasons for it, strongest first."""

    value: T
    reasons: tuple[Reason, ...] = ()
