"""The kinds of jobs there are, and what a job is given to tell how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from wanghuo.base import AppError, Text
from wanghuo.kernel.access.actor import Actor

Run = Callable[..., Any]
_kinds: dict[str, Run] = {}
WRITE_EVERY_S = 0.5


class Cancelled(AppError):
    """Somebody asked the job to stop; raised inside it by `progress(...)`."""

    code = "jobs.cancelled"
    status = 409
    text = Text("已按要求停止。", "Stopped as asked.")


class Board(Protocol):
    """Where progress is written; whether the job is to go on."""

    def __call__(self, done: int, total: int, note: Text | None) -> bool: ...


class Progress:
    """What a job is called with: `progress(done, total, note)`, often; it is written down twice a second at most.

    `actor` is the person who asked, with the roles held when the job began (or the system). `job_id` is its JobRun.
    Raises Cancelled when the person asked to stop.
    """

    def __init__(self, board: Board, *, actor: Actor, job_id: UUID) -> None:
        self.actor, self.job_id = actor, job_id
        self._board, self._written = board, 0.0

    def __call__(self, done: int, total: int, note: Text | None = None) -> None:
        now = time.monotonic()
        if now - self._written < WRITE_EVERY_S and done < total:
            return
        self._written = now
        if not self._board(done, total, note):
            raise Cancelled


def job(name: str) -> Callable[[Run], Run]:
    """Declare a kind of job, in jobs.py, imported by `AppConfig.ready`: `@job("places.import") def run(progress,
    **params)`.

    What it returns (a dict of JSON values, or None) is kept as its result; "url" in it becomes the link to what was
    made. It writes in batches, each a transaction of its own: inside one transaction its progress cannot be seen.
    """

    def register(run: Run) -> Run:
        known = _kinds.get(name)
        if known is not None and known.__module__ != run.__module__:
            raise ValueError(f"{name} is a job of {known.__module__} already")
        _kinds[name] = run
        return run

    return register


def kind_of(name: str) -> Run:
    """The function of a kind. Raises LookupError."""
    try:
        return _kinds[name]
    except KeyError:
        raise LookupError(f"no job {name!r}; there are {sorted(_kinds)}") from None
