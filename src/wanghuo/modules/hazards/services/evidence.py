"""Photographs and papers that prove what was found and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import files_of, store
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.selectors import SUBJECT_KIND, get_hazard, subject_of
from wanghuo.modules.hazards.services.moves import add_step


class Label(StrEnum):
    """What a photograph shows."""

    BEFORE = "before"
    AFTER = "after"
    PAPER = "paper"


LABELS = {
    Label.BEFORE: Text("整改前", "before"),
    Label.AFTER: Text("整改后", "after"),
    Label.PAPER: Text("文书", "paper"),
}


@dataclass(frozen=True, slots=True)
class Photo:
    """An upload and what it shows."""

    upload: UploadedFile
    label: Label


def keep(hazard: Hazard, photos: Sequence[Photo], *, actor: Actor) -> list[str]:
    """Store photographs with a hazard, inside the act's transaction; their digests, for the audit entry."""
    subject = subject_of(hazard)
    return [
        store(p.upload, actor=actor, subject=subject, view_right=Hazard.VIEW_RIGHT, label=str(p.label)).sha256
        for p in photos
    ]


def labels_of(hazard: Hazard, actor: Actor) -> set[str]:
    """What the photographs already kept show."""
    return {file.label for file in files_of(SUBJECT_KIND, hazard.id, actor)}


@transaction.atomic
def add_evidence(ref: str, *, photos: Sequence[Photo], actor: Actor) -> Hazard:
    """Add photographs to a hazard. Whoever may report, rectify or re-inspect it may. Raises NotFound, NotPermitted."""
    hazard = get_hazard(ref, actor=actor, lock=True)
    if not any(actor.can(right, hazard) for right in ("hazards.rectify", "hazards.reinspect", "hazards.verify")):
        actor.require("hazards.report", hazard)
    digests = keep(hazard, photos, actor=actor)
    note = f"{len(digests)} 张照片 / {len(digests)} photographs"
    add_step(hazard, "evidence", actor=actor, at=timezone.now(), source=hazard.state, note=note)
    record(actor, "hazards:hazard:evidence", hazard.ref, region=hazard.region_code, after={"sha256": digests})
    return hazard
