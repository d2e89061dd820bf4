"""Uploads for tests: pictures with and without EXIF, office files, and records to keep them with."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from wanghuo.base.ids import new_id


@dataclass(frozen=True)
class Record:
    """A record of some module, as `store` needs it."""

    region_code: str = "445281"
    kind: str = "hazard"
    ref: str = "YH-445281-2026-00001"
    sector: str = ""
    unit: UUID | None = None
    id: UUID = field(default_factory=new_id)


def drawing(seed: int = 0, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture with structure; another seed gives one that looks quite different."""
    picture = Image.new("RGB", size, (40 + seed * 53 % 200, 90, 120))
    pen = ImageDraw.Draw(picture)
    for n in range(12):
        x, y = (seed * 131 + n * 97) % size[0], (seed * 71 + n * n * 53) % size[1]
        pen.rectangle(
            (x, y, x + 60, y + 50), fill=((n * 83 + seed * 19) % 256, (n * 41) % 256, (seed * 7 + n * 29) % 256)
        )
    return picture


def photo(
    seed: int = 0, name: str = "现场.jpg", *, gps: bool = False, size: tuple[int, int] = (320, 240)
) -> ContentFile:
    """An upload of a JPEG; with `gps`, taken in Puning at 10:30 on 21 November 2026."""
    file, exif = io.BytesIO(), Image.Exif()
    if gps:
        exif[0x8769] = {36867: "2026:11:21 10:30:00"}
        exif[0x8825] = {1: "N", 2: (23.0, 17.0, 52.8), 3: "E", 4: (116.0, 9.0, 57.6)}
    drawing(seed, size).save(file, "JPEG", quality=90, exif=exif)
    return ContentFile(file.getvalue(), name=name)


def office(parts: dict[str, bytes], name: str = "台账.xlsx", **options: Any) -> ContentFile:
    """An upload of a zip-based file with these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return ContentFile(file.getvalue(), name=name)


WORKBOOK = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b"<x/>"}
