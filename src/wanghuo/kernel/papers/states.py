"""The life of a paper, and of each copy of it that somebody must sign for, as data."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class PaperState(StrEnum):
    """Where a paper stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SEALED = "sealed"
    SERVED = "served"
    RECEIVED = "received"
    REPLIED = "replied"
    CLOSED = "closed"
    VOID = "void"


S = PaperState
_RETURN = Text("退回修改", "send back")
_VOID = Text("作废", "make void")

PAPER = Machine(
    what=Text("文书", "Paper"),
    initial=S.DRAFT,
    names={
        S.DRAFT: Text("起草中", "draft"),
        S.SUBMITTED: Text("待签批", "awaiting approval"),
        S.APPROVED: Text("待用印", "awaiting the seal"),
        S.SEALED: Text("已用印，待送达", "sealed, to be served"),
        S.SERVED: Text("已送达，待签收", "served, awaiting receipts"),
        S.RECEIVED: Text("已签收", "received by all"),
        S.REPLIED: Text("已回复，待审核", "answered, to be looked at"),
        S.CLOSED: Text("已办结", "closed"),
        S.VOID: Text("已作废", "void"),
    },
    moves=(
        Move("submit", S.DRAFT, S.SUBMITTED, "papers.draft", Text("送签", "submit for approval")),
        Move("void", S.DRAFT, S.VOID, "papers.draft", _VOID),
        Move("approve", S.SUBMITTED, S.APPROVED, "papers.approve", Text("签发", "approve")),
        Move("return", S.SUBMITTED, S.DRAFT, "papers.approve", _RETURN),
        Move("seal", S.APPROVED, S.SEALED, "papers.seal", Text("编号用印", "number and seal")),
        Move("return", S.APPROVED, S.DRAFT, "papers.approve", _RETURN),
        Move("serve", S.SEALED, S.SERVED, "papers.draft", Text("送达", "serve")),
        Move("file", S.SEALED, S.CLOSED, "papers.draft", Text("存档办结", "file and close")),
        Move("void", S.SEALED, S.VOID, "papers.seal", _VOID),
        Move("receive", S.SERVED, S.RECEIVED, "papers.receive", Text("签收", "sign the receipt")),
        Move("void", S.SERVED, S.VOID, "papers.seal", _VOID),
        Move("reply", S.RECEIVED, S.REPLIED, "papers.receive", Text("回复", "answer")),
        Move("close", S.RECEIVED, S.CLOSED, "papers.draft", Text("办结", "close")),
        Move("void", S.RECEIVED, S.VOID, "papers.seal", _VOID),
        Move("accept_reply", S.REPLIED, S.CLOSED, "papers.draft", Text("采纳回复", "accept the answer")),
        Move("return_reply", S.REPLIED, S.RECEIVED, "papers.draft", Text("退回回复", "send the answer back")),
        Move("void", S.REPLIED, S.VOID, "papers.seal", _VOID),
        Move("void", S.CLOSED, S.VOID, "papers.seal", _VOID),
    ),
)


class CopyState(StrEnum):
    """Where the copy of one addressee stands."""

    WAITING = "waiting"
    SERVED = "served"
    RECEIVED = "received"
    REPLIED = "replied"
    ACCEPTED = "accepted"


C = CopyState

COPY = Machine(
    what=Text("送达件", "Copy"),
    initial=C.WAITING,
    names={
        C.WAITING: Text("未送达", "not served"),
        C.SERVED: Text("待签收", "awaiting the receipt"),
        C.RECEIVED: Text("已签收", "received"),
        C.REPLIED: Text("已回复", "answered"),
        C.ACCEPTED: Text("回复已采纳", "answer accepted"),
    },
    moves=(
        Move("serve", C.WAITING, C.SERVED, "papers.draft", PAPER.label("serve")),
        Move("receive", C.SERVED, C.RECEIVED, "papers.receive", PAPER.label("receive")),
        Move("reply", C.RECEIVED, C.REPLIED, "papers.receive", PAPER.label("reply")),
        Move("accept_reply", C.REPLIED, C.ACCEPTED, "papers.draft", PAPER.label("accept_reply")),
        Move("return_reply", C.REPLIED, C.RECEIVED, "papers.draft", PAPER.label("return_reply")),
    ),
)  # the paper itself stands where the slowest of its copies does

AS_PAPER = {C.SERVED: S.SERVED, C.RECEIVED: S.RECEIVED, C.REPLIED: S.REPLIED, C.ACCEPTED: S.CLOSED}
NUMBERED = (S.SEALED, S.SERVED, S.RECEIVED, S.REPLIED, S.CLOSED)
MARKS = {S.SUBMITTED: "waiting", S.APPROVED: "waiting", S.SERVED: "waiting", S.REPLIED: "waiting", S.VOID: "void"}
