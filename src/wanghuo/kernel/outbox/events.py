"""Events as values, and as JSON that gives the same values back."""

from __future__ import annotations

import types
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

_kinds: dict[str, type[Event]] = {}


@dataclass(frozen=True)
class Event:
    """A fact that others may hear of. A subclass is a frozen dataclass with a `kind` such as "hazards.hazard_moved".

    Fields may be str, int, float, bool, None, UUID, datetime, date, Decimal, and lists, tuples, dicts and frozen
    dataclasses of those.
    """

    kind: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        kind = cls.__dict__.get("kind")
        if kind is None:
            raise TypeError(f"{cls.__name__} has no kind")
        known = _kinds.get(kind)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{kind} is the kind of {known.__name__} already")
        _kinds[kind] = cls

    @property
    def stream(self) -> str:
        """What it is about (at most 64 characters): a listener hears the events of one stream in the order told. By
        itself the first id among the fields.
        """
        return next((str(v) for f in fields(self) if isinstance(v := getattr(self, f.name), UUID)), "")

    @property
    def urgent(self) -> bool:
        """Whether it is delivered before everything that is not: for what people must know within a second."""
        return False


def event_class(kind: str) -> type[Event] | None:
    """The class of a kind; None when this version knows no such event any more."""
    return _kinds.get(kind)


def to_json(event: Any) -> dict[str, Any]:
    """The fields of an event (or of a dataclass inside one) as JSON values. Raises TypeError for a value of another
    type.
    """
    return {f.name: _plain(getattr(event, f.name)) for f in fields(event)}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime) and value.tzinfo is None:
        raise TypeError("an event cannot carry a time without its zone")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if is_dataclass(value):
        return to_json(value)
    raise TypeError(f"an event cannot carry {type(value).__name__}")


def from_json(cls: type[Any], raw: dict[str, Any]) -> Any:
    """The event again. A field that this version added must have a default; one that it dropped is passed over."""
    types_of = _types(cls)  # type: ignore[arg-type]  # classes are hashable
    return cls(**{name: _typed(types_of[name], value) for name, value in raw.items() if name in types_of})


@cache
def _types(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls)}


_READERS: dict[Any, Any] = {
    UUID: UUID,
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}
_PLAIN: dict[Any, Any] = {str: str, int: int, float: int | float, bool: bool}


def _typed(kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _typed(next(a for a in arguments if a is not type(None)), value)
    if origin is list:
        return [_typed(arguments[0], v) for v in value]
    if origin is tuple:
        return tuple(_typed(arguments[0], v) for v in value)
    if origin is dict:
        return {k: _typed(arguments[1], v) for k, v in value.items()}
    if kind in _READERS:
        return _READERS[kind](value)
    if kind in _PLAIN and not isinstance(value, _PLAIN[kind]):
        raise TypeError(f"{value!r} is not {kind.__name__}")
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return from_json(kind, value) if isinstance(kind, type) and is_dataclass(kind) else value
