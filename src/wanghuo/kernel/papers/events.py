"""The facts that papers tell others through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from wanghuo.kernel.outbox import Event


@dataclass(frozen=True)
class PaperServed(Event):
    """A paper was served on all of its addressees. `about_*` is the record it is about; `paper_kind` its kind."""

    kind: ClassVar[str] = "papers.paper_served"

    paper_id: UUID
    ref: str
    number: str
    paper_kind: str
    about_kind: str
    about_id: UUID | None
    region_code: str
    at: datetime


@dataclass(frozen=True)
class PaperReceived(Event):
    """One addressee signed the receipt. `last`: all of them have now. `body_id` is None where a unit signed."""

    kind: ClassVar[str] = "papers.paper_received"

    paper_id: UUID
    ref: str
    paper_kind: str
    about_kind: str
    about_id: UUID | None
    body_id: UUID | None
    last: bool
    at: datetime


@dataclass(frozen=True)
class PaperReplied(Event):
    """One addressee answered. `in_time`: not later than asked for."""

    kind: ClassVar[str] = "papers.paper_replied"

    paper_id: UUID
    ref: str
    paper_kind: str
    about_kind: str
    about_id: UUID | None
    body_id: UUID | None
    in_time: bool
    at: datetime


@dataclass(frozen=True)
class ReplyAccepted(Event):
    """The answer of one addressee was accepted. `closed`: it was the last, and the paper is closed."""

    kind: ClassVar[str] = "papers.reply_accepted"

    paper_id: UUID
    ref: str
    paper_kind: str
    about_kind: str
    about_id: UUID | None
    body_id: UUID | None
    closed: bool
    at: datetime
