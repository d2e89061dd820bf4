"""Whether a picture has been seen before: the same bytes, or nearly the same picture."""

from __future__ import annotations

from dataclasses import dataclass

from wanghuo.kernel.files.models import StoredFile

MOST_BITS = 10  # of 64: beyond it, two pictures only happen to resemble each other
PLAIN_BITS = 6  # a sky or a dark room has hardly any structure, and would resemble every other
LOOK_BACK = 50_000


@dataclass(frozen=True, slots=True)
class Likeness:
    """An earlier picture, and how many of 64 bits differ: 0 is the same picture."""

    file: StoredFile
    bits: int
    same_bytes: bool


def similar_photos(file: StoredFile, *, most: int = 5) -> list[Likeness]:
    """The earlier pictures of the same city that look like `file`, nearest first; not those of its own upload.

    This compares for the platform, whoever asks; before one of them is shown to a person, ask `visible_to`.
    """
    if not file.dhash:
        return []
    own = int(file.dhash, 16)
    plain = not PLAIN_BITS <= own.bit_count() <= 64 - PLAIN_BITS
    rows = StoredFile.objects.filter(city_code=file.city_code, id__lt=file.id).exclude(dhash="").order_by("-id")
    found = []
    for key, dhash, sha256 in rows.values_list("id", "dhash", "sha256")[:LOOK_BACK].iterator(5000):
        bits = (int(dhash, 16) ^ own).bit_count()
        if sha256 == file.sha256 or (bits <= MOST_BITS and not plain):
            found.append((bits, sha256 != file.sha256, key))
    nearest = sorted(found)[:most]
    files = StoredFile.objects.in_bulk([key for _, _, key in nearest])
    return [Likeness(files[key], bits, not other) for bits, other, key in nearest]
