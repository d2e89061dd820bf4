"""Opens one picture of a stranger, in a process of its own with little memory and little time; run by imaging.py alone.

    python -I imaging_child.py SOURCE TARGET_FOLDER MEGAPIXELS

Writes view.jpg and thumb.jpg without any metadata, and prints one JSON object: width, height, dhash, taken_at, lat,
lng, or {"error": unreadable | too_large | animated | no_room}. Imports nothing of the platform.
"""

from __future__ import annotations

import errno
import io
import json
import math
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

MEMORY_BYTES = 512 << 20  # security 7
CPU_S = 10
OUTPUT_BYTES = 64 << 20
VIEW_PX, THUMB_PX = 2560, (320, 240)
DIRECT = ("L", "RGB", "RGBA", "LA", "CMYK")  # modes that can be made smaller as they are
GPS_IFD, EXIF_IFD = 0x8825, 0x8769
TAKEN, OFFSET = 36867, 36881


class Refused(Exception):
    """The picture is not taken; the argument says why."""


def main(source: str, target: str, megapixels: str) -> dict[str, Any]:
    """Open, judge, read and write anew."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # judged below, with a limit of our own and before anything is decoded
    warnings.simplefilter("ignore")
    with Image.open(source, formats=("JPEG", "PNG", "WEBP")) as picture:
        width, height = picture.size
        if width * height > int(megapixels) * 1_000_000:
            raise Refused("too_large")
        if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:  # MPO: phones put a depth picture behind
            raise Refused("animated")
        told = read_exif(picture)
        picture.draft("RGB", (VIEW_PX, VIEW_PX))
        picture.load()
        small = (
            picture if picture.mode in DIRECT else picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        )
        small.thumbnail((VIEW_PX, VIEW_PX))  # before anything is copied: 50 megapixels three times are too many
    view = flat(ImageOps.exif_transpose(small))
    save(view, Path(target) / "view.jpg", 85)
    thumb = view.copy()
    thumb.thumbnail(THUMB_PX)
    save(thumb, Path(target) / "thumb.jpg", 80)
    return {"width": width, "height": height, "dhash": dhash(view), **told}


def flat(picture: Any) -> Any:
    """The picture in plain RGB, what is transparent on white."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Image.new("RGB", layered.size, "white")
        ground.paste(layered, mask=layered.getchannel("A"))
        return ground
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def save(picture: Any, path: Path, quality: int) -> None:
    """Pixels alone: no EXIF, no comment, no colour profile."""
    from PIL import Image

    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    data = io.BytesIO()  # written at once: a full disk is then no fault of the picture
    clean.save(data, "JPEG", quality=quality, optimize=True)
    path.write_bytes(data.getbuffer())


def dhash(picture: Any) -> str:
    """The difference hash: whether each of 8 x 8 places is brighter than the one to its right; 64 bits, hexadecimal."""
    small = picture.convert("L").resize((9, 8))
    grey = small.tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (grey[row * 9 + column] > grey[row * 9 + column + 1])
    return f"{bits:016x}"


def read_exif(picture: Any) -> dict[str, Any]:
    """When and where the picture says it was taken; what cannot be read is left out."""
    found: dict[str, Any] = {}
    try:
        exif = picture.getexif()
        inner = exif.get_ifd(EXIF_IFD)
        if taken := inner.get(TAKEN):
            found["taken_at"] = f"{str(taken)[:19]} {str(inner.get(OFFSET, ''))[:6]}".strip()
        gps = exif.get_ifd(GPS_IFD)
        if gps:
            found["lat"], found["lng"] = degrees(gps[2], gps[1], "S", 90), degrees(gps[4], gps[3], "W", 180)
    except Exception:  # EXIF is written by anything and anyone
        found.pop("lat", None)
    if "lng" not in found:
        found.pop("lat", None)
    return found


def degrees(parts: Any, side: str, negative: str, most: int) -> float:
    """Degrees, minutes and seconds as one number."""
    whole, minutes, seconds = (float(part) for part in parts)
    value = whole + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= most:
        raise ValueError("no such place")
    return round(-value if str(side).strip().upper() == negative else value, 6)


def limit() -> None:
    """What this process may use; it cannot be raised again."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


if __name__ == "__main__":
    limit()
    try:
        outcome = main(*sys.argv[1:4])
    except Refused as refused:
        outcome = {"error": str(refused)}
    except (Exception, MemoryError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        outcome = {"error": "no_room" if full else "unreadable"}
    print(json.dumps(outcome))
