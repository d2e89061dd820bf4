"""What can be done to a paper: one function, one act of the field."""

from wanghuo.kernel.papers.services.answering import accept_reply, close, receive, reply, return_reply
from wanghuo.kernel.papers.services.drafting import approve, attach, change, draft, return_, submit, void
from wanghuo.kernel.papers.services.sealing import file_away, print_ahead, seal, serve

__all__ = [
    "accept_reply",
    "approve",
    "attach",
    "change",
    "close",
    "draft",
    "file_away",
    "print_ahead",
    "receive",
    "reply",
    "return_",
    "return_reply",
    "seal",
    "serve",
    "submit",
    "void",
]
