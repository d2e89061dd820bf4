"""Where the bytes lie: one folder for each file, under the data folder, never under a path of code or of the web."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings

from wanghuo.kernel.files.durable import sync

ORIGINAL, VIEW, THUMB = "original", "view.jpg", "thumb.jpg"
_STAGING = "staging"


def folder_of(file_id: UUID) -> Path:
    """The folder of a stored file. The last two digits spread them, as ids of one day begin alike."""
    text = str(file_id)
    return Path(settings.MEDIA_ROOT) / text[-2:] / text


def original(file_id: UUID) -> Path:
    """The file as it came. Pictures are never served from here."""
    return folder_of(file_id) / ORIGINAL


@contextmanager
def staging(file_id: UUID) -> Iterator[Path]:
    """A folder to put a file together in; gone afterwards unless `settle` moved it."""
    folder = Path(settings.MEDIA_ROOT) / _STAGING / str(file_id)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle(folder: Path, file_id: UUID) -> None:
    """Make a staged folder the file's own: written through to the disk first, then renamed as a whole."""
    for path in folder.iterdir():
        path.chmod(0o400)
        sync(path)
    sync(folder)
    target = folder_of(file_id)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.rename(target)
    sync(target.parent)


def forget(file_id: UUID) -> None:
    """Remove the bytes of a file."""
    shutil.rmtree(folder_of(file_id), ignore_errors=True)


def leftovers(known: Iterable[UUID], older_than_s: float) -> list[UUID]:
    """Files that no row knows (their act was undone after they were written), once they are old enough to be sure."""
    names, limit = {str(file_id) for file_id in known}, time.time() - older_than_s
    root = Path(settings.MEDIA_ROOT)
    found = (p for shelf in root.glob("[0-9a-f][0-9a-f]") for p in shelf.iterdir() if p.name not in names)
    return [UUID(p.name) for p in found if p.stat().st_mtime < limit]
