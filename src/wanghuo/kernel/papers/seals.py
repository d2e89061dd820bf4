"""The picture of a body's seal: the one it uploaded, or a drawn one that says it is only for demonstration."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.html import escape
from PIL import Image, ImageChops

from wanghuo.base import Text
from wanghuo.kernel import files as stored
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import storage
from wanghuo.kernel.loops.contracts import Subject
from wanghuo.kernel.papers.errors import BadSeal
from wanghuo.kernel.papers.models import Seal

RED = "#d40000"
LARGEST = 800


@transaction.atomic
def set_seal(*, body: Body, upload: Any, actor: Actor) -> Seal:
    """Take a picture into use as the seal of a body; the one before is taken out of use.

    Raises NotPermitted, BadSeal, files.Refused.
    """
    actor.require("papers.seal", body)
    if not str(upload.name or "").lower().endswith(".png"):
        raise BadSeal(field="file")
    now = timezone.now()
    subject = Subject("seal", body.pk, body.name, "/papers/seals", Text("印章", "Seal"), body.region_code, body.sector)
    file = stored.store(upload, actor=actor, subject=subject, view_right="papers.seal", label="seal")
    Seal.objects.select_for_update().filter(body=body, retired_at=None).update(retired_at=now)
    seal = Seal.objects.create(
        body=body,
        file=file,
        added_by=actor.id,
        added_at=now,
        **scope_columns(body.region_code, sector=body.sector),
    )
    record(actor, "papers:seal:set", str(body.pk), region=body.region_code, after={"sha256": file.sha256})
    return seal


def seal_of(body: Body) -> Seal | None:
    """The seal a body has in use; None when it uploaded none."""
    return Seal.objects.filter(body=body, retired_at=None).select_related("file").first()


def seal_src(body: Body) -> str:
    """The seal as a data: address, for print and preview."""
    found = seal_of(body)
    if found is None:
        return _data("image/svg+xml", drawn(body.name).encode())
    return _data("image/png", _ink((storage.folder_of(found.file_id) / storage.VIEW).read_bytes()))


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _ink(jpeg: bytes) -> bytes:
    """The clean copy of an uploaded seal as ink on nothing: the whiter a point, the clearer, so that text shows through."""
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    _, green, blue = picture.split()
    alpha = ImageChops.invert(ImageChops.darker(green, blue)).point(lambda v: 0 if v < 24 else v)  # type: ignore[operator]
    picture.putalpha(alpha)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def drawn(name: str) -> str:
    """A round seal with a star and the name along its edge, as SVG. It says 示范 (demonstration): nobody made it official."""
    size, edge, radius = 420, 200.0, 158.0
    letters = name[:26]
    font = 50 if len(letters) <= 12 else 40 if len(letters) <= 18 else 30
    sweep = min(270.0, font * 1.42 / radius * 180 / math.pi * max(len(letters) - 1, 0))
    parts = []
    for number, letter in enumerate(letters):
        angle = -sweep / 2 + (sweep * number / (len(letters) - 1) if len(letters) > 1 else sweep / 2)
        parts.append(
            f'<g transform="rotate({angle:.2f} 210 210)"><text x="210" y="{210 - radius + font * 0.38:.1f}" '
            f'text-anchor="middle" font-size="{font}">{escape(letter)}</text></g>'
        )
    star = " ".join(
        f"{210 + (54 if n % 2 == 0 else 21) * math.sin(n * math.pi / 5):.1f},"
        f"{212 - (54 if n % 2 == 0 else 21) * math.cos(n * math.pi / 5):.1f}"
        for n in range(10)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size}" height="{size}">'
        f'<circle cx="210" cy="210" r="{edge}" fill="none" stroke="{RED}" stroke-width="10"/>'
        f'<g fill="{RED}" font-family="Noto Serif CJK SC, SimSun, serif" font-weight="bold">{"".join(parts)}'
        f'<polygon points="{star}"/>'
        '<text x="210" y="142" text-anchor="middle" font-size="30" letter-spacing="2">示范 DEMO</text></g></svg>'
    )
