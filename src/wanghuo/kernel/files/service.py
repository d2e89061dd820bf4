"""Taking files in, and finding them again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.crypto.digests import Digests
from wanghuo.kernel.files import imaging, kinds, storage
from wanghuo.kernel.files.errors import EmptyFile, Infected, ScannerFailed, TooLarge
from wanghuo.kernel.files.models import StoredFile

FILE = Text("文件", "file")
SWEEP_AFTER_S = 86_400.0
_SCAN_S = 60


class Upload(Protocol):
    """What is taken: Django's uploaded files, and `ContentFile` with a name."""

    name: str | None

    def chunks(self) -> Iterable[bytes]:
        """The content, piece by piece."""


class Subject(Protocol):
    """The record a file belongs to: `kernel.loops.Subject` and its like."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> UUID: ...
    @property
    def ref(self) -> str: ...
    @property
    def region_code(self) -> str: ...
    @property
    def sector(self) -> str: ...
    @property
    def unit(self) -> UUID | None: ...


def store(upload: Any, *, actor: Actor, subject: Subject, view_right: str, label: str = "") -> StoredFile:
    """Keep a file with the record `subject`; whoever holds `view_right` over that record will see it.

    The caller has made sure that the actor may add to the record. The type is judged by extension and content together;
    size limits hold while the bytes arrive. Pictures are written anew without metadata, and only that copy is ever
    served. The bytes are on the disk before the row is; if the caller's transaction is undone, `sweep` removes them.
    Raises errors.Refused.
    """
    name = kinds.clean_name(upload.name or "")
    kind = kinds.kind_of_name(name)
    file_id = new_id()
    with storage.staging(file_id) as folder:
        path = folder / storage.ORIGINAL
        size, sha256, sm3 = _receive(upload, path, kind.limit_mb, name)
        kinds.confirm(path, kind, name)
        _scan(path, name)
        picture = imaging.reencode(path, folder, name) if kind.content == "image" else None
        storage.settle(folder, file_id)
    row = StoredFile(
        id=file_id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        view_right=view_right,
        label=label,
        name=name,
        content_type=kind.media_type,
        size=size,
        sha256=sha256,
        sm3=sm3,
        uploaded_by=actor.id,
        uploaded_at=timezone.now(),
        **scope_columns(subject.region_code, sector=subject.sector, unit=subject.unit),
    )
    if picture is not None:
        row.width, row.height, row.dhash = picture.width, picture.height, picture.dhash
        row.taken_at, row.lat, row.lng = picture.taken_at, picture.lat, picture.lng
    return _keep(row, subject, actor)


def files_of(subject_kind: str, subject_id: UUID, actor: Actor) -> QuerySet[StoredFile]:
    """The files of a record that the actor may see, oldest first."""
    rows = StoredFile.objects.visible_to(actor).filter(subject_kind=subject_kind, subject_id=subject_id)
    return rows.order_by("id")


def get_file(file_id: UUID, actor: Actor) -> StoredFile:
    """One file. Raises NotFound when it is absent or the actor may not see it."""
    found = StoredFile.objects.visible_to(actor).filter(pk=file_id).first()
    if found is None:
        raise NotFound(what=FILE, ref=file_id)
    return found


def sweep(older_than_s: float = SWEEP_AFTER_S) -> int:
    """Remove the bytes whose row was undone, a day later; called once a day. Returns how many files went."""
    gone = storage.leftovers(StoredFile.objects.values_list("id", flat=True).iterator(), older_than_s)
    for file_id in gone:
        storage.forget(file_id)
    return len(gone)


@transaction.atomic
def _keep(row: StoredFile, subject: Subject, actor: Actor) -> StoredFile:
    row.save(force_insert=True)
    after = {"subject": subject.ref, "label": row.label, "type": row.content_type, "size": row.size}
    after |= {"sha256": row.sha256, "sm3": row.sm3}
    record(actor, "files:file:store", str(row.id), region=row.region_code, after=after, private={"name": row.name})
    return row


def _receive(upload: Upload, path: Path, limit_mb: int, name: str) -> tuple[int, str, str]:
    """Write the bytes down while counting them; stop at the limit."""
    digests, size = Digests(), 0
    with path.open("xb") as file:
        for chunk in upload.chunks():
            size += len(chunk)
            if size > limit_mb * kinds.MEGABYTE:
                raise TooLarge(name=name, limit_mb=limit_mb)
            digests.update(chunk)
            file.write(chunk)
    if not size:
        raise EmptyFile(name=name)
    return size, *digests.hex()


def _scan(path: Path, name: str) -> None:
    """Ask the virus scanner, where FILE_SCANNER names a command: 0 clean, 1 infected; anything else refuses too."""
    command = getattr(settings, "FILE_SCANNER", None)
    if not command:
        return
    try:
        done = subprocess.run([*command, str(path)], capture_output=True, timeout=_SCAN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        raise ScannerFailed from None
    if done.returncode == 1:
        raise Infected(name=name)
    if done.returncode:
        raise ScannerFailed
