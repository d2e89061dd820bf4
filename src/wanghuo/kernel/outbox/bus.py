"""Telling and listening."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from django.db import connection
from django.utils import timezone

from wanghuo.kernel.outbox.doorbell import ring
from wanghuo.kernel.outbox.events import Event, from_json, to_json

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=Event)
Listener = Callable[[Any], None]

BELL = "outbox"
_listeners: dict[str, dict[str, Listener]] = {}
_of_many: set[str] = set()


@overload
def listen(event: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]: ...


@overload
def listen(event: type[E], other: type[D]) -> Callable[[Callable[[E | D], None]], Callable[[E | D], None]]: ...


def listen(event: type[Any], other: type[Any] | None = None) -> Callable[[Listener], Listener]:
    """Register a function that hears an event: `@listen(HazardClosed)`, in listeners.py, imported by `AppConfig.ready`.

    It runs in a transaction of its own, after that of the teller, and hears what is told from then on. It writes to
    the database alone: what reaches outside (a message, a call) is written down as a row and sent by the worker.
    Order is kept for each function: one that hears two kinds (`@listen(Raised, Cleared)`) hears a stream's events of
    both in the order told.
    """

    def register(function: Listener) -> Listener:
        for kind in (event, other):
            if kind is not None:
                _listeners.setdefault(kind.kind, {})[f"{function.__module__}.{function.__qualname__}"] = function
        return function

    return register


def listen_many(event: type[Event], *others: type[Event]) -> Callable[[Callable[[list[Any]], None]], Listener]:
    """Register a function that hears as many events as wait for it, as a list in the order told: for what comes in floods.

    It hears each once, all of the list or none of it; when it raises, they are delivered one by one, so that one bad event holds up
    its own stream alone. In all else it is a listener like others.
    """

    def register(function: Callable[[list[Any]], None]) -> Listener:
        name = f"{function.__module__}.{function.__qualname__}"
        for kind in (event, *others):
            _listeners.setdefault(kind.kind, {})[name] = function
        _of_many.add(name)
        return function

    return register


def hears_many(listener: str) -> bool:
    """Whether the listener of this name takes a list."""
    return listener in _of_many


def listeners_of(kind: str) -> dict[str, Listener]:
    """The listeners of a kind, by name."""
    return _listeners.get(kind, {})


def emit(*events: Event) -> None:
    """Tell facts, in the transaction that made them so: two statements for any number of them.

    Raises RuntimeError outside of a transaction (it could be told and not be so), TypeError when a field holds another
    type than it declares.
    """
    from wanghuo.kernel.outbox.models import AT_ONCE, Delivery, OutboxEvent

    if not connection.in_atomic_block:
        raise RuntimeError(f"{events[0].kind} must be emitted inside the transaction that makes it true")
    now, rows, waiting = timezone.now(), [], []
    for event in events:
        payload = to_json(event)
        from_json(type(event), payload)  # what a listener could not read back fails here, where it was written
        row = OutboxEvent(kind=event.kind, payload=payload, at=now)
        rows.append(row)
        about = {"stream": event.stream, "urgent": event.urgent}
        waiting += [Delivery(event=row, listener=name, next_at=AT_ONCE, **about) for name in listeners_of(event.kind)]
    OutboxEvent.objects.bulk_create(rows)
    if waiting:
        Delivery.objects.bulk_create(waiting)
        ring(BELL)
