"""Which store of readings: the folder of one machine, or the server of several. Whoever opens one opens it here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from wanghuo.modules.sensing.journals import Address, folder_of
from wanghuo.modules.sensing.reading_store import ReadingStore
from wanghuo.modules.sensing.segments import FolderStore, last_batch


def open_store(journal: Address) -> ReadingStore:
    """The readings of this deployment: on the server that `settings.HISTORY` names, else in the folder of the journal at
    `journal`. One for a process and address."""
    return _server(settings.HISTORY) if settings.HISTORY else _folder(folder_of(journal))


@cache
def _folder(folder: Path) -> ReadingStore:
    return FolderStore(folder)


@cache
def _server(address: str) -> ReadingStore:
    from wanghuo.modules.sensing.reading_server import ServerStore

    return ServerStore(address, lambda: last_batch(folder_of(settings.JOURNAL)))
