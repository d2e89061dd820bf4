"""Official papers and letters from templates: numbered, approved, sealed, served with receipt, verified by anyone.

Names are loaded on first use, because the tables can only be imported once Django's app registry is ready.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wanghuo.kernel.papers.documents import Document, Run
    from wanghuo.kernel.papers.events import PaperReceived, PaperReplied, PaperServed, ReplyAccepted
    from wanghuo.kernel.papers.kinds import Field, PaperKind, paper_kind, paper_kinds, register_paper
    from wanghuo.kernel.papers.models import OfficialPaper
    from wanghuo.kernel.papers.selectors import get_paper, papers_about, public_url
    from wanghuo.kernel.papers.services import (
        accept_reply,
        approve,
        attach,
        change,
        close,
        draft,
        file_away,
        receive,
        reply,
        return_,
        return_reply,
        seal,
        serve,
        submit,
        void,
    )
    from wanghuo.kernel.papers.states import COPY, PAPER

_HOME = {
    "documents": ("Document", "Run"),
    "events": ("PaperReceived", "PaperReplied", "PaperServed", "ReplyAccepted"),
    "kinds": ("Field", "PaperKind", "paper_kind", "paper_kinds", "register_paper"),
    "models": ("OfficialPaper",),
    "selectors": ("get_paper", "papers_about", "public_url"),
    "services": (
        *("accept_reply", "approve", "attach", "change", "close", "draft", "file_away", "receive", "reply"),
        *("return_", "return_reply", "seal", "serve", "submit", "void"),
    ),
    "states": ("COPY", "PAPER"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = [
    "COPY",
    "PAPER",
    "Document",
    "Field",
    "OfficialPaper",
    "PaperKind",
    "PaperReceived",
    "PaperReplied",
    "PaperServed",
    "ReplyAccepted",
    "Run",
    "accept_reply",
    "approve",
    "attach",
    "change",
    "close",
    "draft",
    "file_away",
    "get_paper",
    "paper_kind",
    "paper_kinds",
    "papers_about",
    "public_url",
    "receive",
    "register_paper",
    "reply",
    "return_",
    "return_reply",
    "seal",
    "serve",
    "submit",
    "void",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
