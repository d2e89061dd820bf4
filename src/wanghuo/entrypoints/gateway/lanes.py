"""Which parts the path of a frame is made of: compiled where they were built, else plain Python. Same outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wanghuo.base.compiled import compiled
from wanghuo.entrypoints.gateway.intake import Intake
from wanghuo.entrypoints.gateway.link import Link

if TYPE_CHECKING:
    from wanghuo.entrypoints.gateway.server import Server


class Parts(NamedTuple):
    """The link and the queue that belong together."""

    link: type[Link]
    intake: type[Intake]
    compiled: bool


PLAIN = Parts(Link, Intake, compiled=False)


def _compiled() -> Parts | None:
    quick = compiled("wanghuo.entrypoints.gateway._lane")
    if quick is None:
        return None
    bucket = quick.Bucket

    class QuickLink(quick.Lane, Link):  # type: ignore[name-defined]
        """A link whose plain frames take the compiled lane."""

        Bucket = bucket

        def __init__(self, server: Server, number: int) -> None:
            super().__init__(server, number)
            self.board(server.intake, server.now, server.limits.backlog_bytes)

    return Parts(QuickLink, quick.Intake, compiled=True)


COMPILED = _compiled()
PARTS = COMPILED or PLAIN
