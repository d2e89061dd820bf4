"""Divisions for everyone else: names, what lies below, which one a text means, outlines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.geo import locate
from wanghuo.kernel.regions import codes, loading, outlines
from wanghuo.kernel.regions.models import Region
from wanghuo.kernel.regions.naming import latin

WHAT = Text("区划", "division")
EDIT = "regions.edit"
_REMEMBERED_S = 300.0
_names: dict[str, tuple[float, str, str]] = {}


class UnknownRegion(Invalid):
    """A text that names no division, or more than one."""

    code = "regions.unknown"
    text = Text("找不到区划“{words}”，请选列表中的一个。", "There is no division “{words}”; choose one of the list.")


def get(code: str) -> Region:
    """The division with a kept code. Raises NotFound."""
    found = Region.objects.filter(code=code).first()
    if found is None:
        raise NotFound(what=WHAT, ref=code)
    return found


def forget_names() -> None:
    """Forget the remembered names, after divisions were changed."""
    _names.clear()


def _names_of(code: str) -> tuple[str, str]:
    """The Chinese and English name, remembered for five minutes; the written code stands for a division we don't know."""
    known = _names.get(code)
    now = time.monotonic()
    if known is None or known[0] < now:
        row = Region.objects.filter(code=code).values_list("name", "name_en").first()
        if row is None:
            return (codes.written(code),) * 2
        if len(_names) > 20_000:
            _names.clear()
        known = _names[code] = (now + _REMEMBERED_S, row[0], row[1] or row[0])
    return known[1], known[2]


def name(code: str) -> str:
    """The Chinese name: 普宁市. The written code when the division isn't known."""
    return _names_of(code)[0]


def text(code: str) -> Text:
    """The name in both languages."""
    return Text(*_names_of(code))


def full_name(code: str) -> str:
    """The names from the province down: 广东省揭阳市普宁市赤岗镇. Codes that only fill a level are left out."""
    path = [c for c in (*codes.ancestors(code), code) if c != codes.COUNTRY]
    rows = {r.code: r for r in Region.objects.filter(code__in=path)}
    if not rows:
        return name(code)
    parts = [rows[c].name for c in path if c in rows and not rows[c].placeholder]
    return "".join(parts) or name(code)


def full_text(code: str) -> Text:
    """The full name in both languages: 广东省揭阳市普宁市 / Puning, Jieyang, Guangdong."""
    path = [c for c in (*codes.ancestors(code), code) if c != codes.COUNTRY]
    rows = Region.objects.filter(code__in=path, placeholder=False).values_list("code", "name_en", "name")
    english = [en or zh for _, en, zh in sorted(rows, reverse=True)]
    return Text(full_name(code), ", ".join(english) or codes.written(code))


def children(code: str, *, on: date | None = None) -> list[Region]:
    """The divisions one level down, in the order of their codes, in force on a day (default: now)."""
    return list(Region.objects.in_force(on).filter(parent_id=code).order_by("code"))


def divided(upper: Iterable[str]) -> set[str]:
    """Those of some divisions that have others in force below them."""
    return set(
        Region.objects.in_force().filter(parent_id__in=list(upper)).values_list("parent_id", flat=True).distinct()
    )


def find(words: str, *, within: Iterable[str] = (codes.COUNTRY,), limit: int = 12) -> list[Region]:
    """Divisions by name, pinyin, first letters or code, upper levels first, inside some regions."""
    words = words.strip().lower()
    if not words:
        return []
    if words.isdigit():
        match = Q(code__startswith=words.rstrip("0") if len(words) in (2, 4, 6) else words)
    else:
        match = (
            Q(name__startswith=words) | Q(pinyin__startswith=words) | Q(initials=words) | Q(name_en__istartswith=words)
        )
        if len(words) >= 2:
            match |= Q(name__contains=words)
    inside = Q()
    for region in within:
        if region == codes.COUNTRY:
            inside = Q()
            break
        inside |= Q(code__startswith=region)
    rows = Region.objects.in_force().filter(inside, match, placeholder=False)
    exact = sorted(rows[: limit * 8], key=lambda r: (r.name != words and r.pinyin != words, len(r.code), r.code))
    return exact[:limit]


def resolve(written: str, *, within: str = codes.COUNTRY) -> str | None:
    """The kept code of what people write: a code of any width, a name (普宁市, 普宁; Chigang Town, chigang), or a full name
    (广东省揭阳市普宁市).

    Among divisions of one name the uppermost is meant. None when nothing fits, or when more than one of that level does. An
    ended code gives its successor.
    """
    words = written.split()
    written = "".join(words)
    if not written:
        return None
    if written.isdigit():
        return _resolve_code(written, within)
    named = _latin_is(" ".join(words)) if written.isascii() else _name_is(written)
    rows = Region.objects.in_force().within(within).filter(named, placeholder=False)
    found = sorted(rows.values_list("code", flat=True), key=len)
    if found:
        return str(found[0]) if len(found) == 1 or len(found[0]) < len(found[1]) else None
    return _resolve_path(written, within)


def _resolve_code(written: str, within: str) -> str | None:
    try:
        code = codes.normalise(written)
    except ValueError:
        return None
    row = Region.objects.filter(code=code).first()
    if row is None:
        return None
    code = successor(code, local_day(timezone.now())) if row.valid_to else code
    return code if codes.contains(within, code) else None


def _name_is(name: str) -> Q:
    return Q(name=name) | Q(name__in=[name + ending for ending in ("省", "市", "县", "区", "镇", "乡", "街道")])


def _latin_is(name: str) -> Q:
    return Q(name_en__iexact=name) | Q(pinyin=name.lower())


def _resolve_path(written: str, within: str) -> str | None:
    """Follow a full name from the top: at each step the longest child name the rest begins with."""
    at, rest = within, written
    while rest:
        below = list(Region.objects.in_force().filter(parent_id=at).values_list("code", "name", "placeholder"))
        fillers = [code for code, _, placeholder in below if placeholder]
        if fillers:
            below += list(
                Region.objects.in_force().filter(parent_id__in=fillers).values_list("code", "name", "placeholder")
            )
        fits = [(len(name), code) for code, name, placeholder in below if not placeholder and rest.startswith(name)]
        if not fits:
            return None
        length, at = max(fits)
        rest = rest[length:]
    return at


def successor(code: str, on: date) -> str:
    """The code in force on a day for what `code` once named: itself, or the one that replaced it, step by step."""
    seen = {code}
    while True:
        row = Region.objects.filter(code=code).only("valid_to", "replaced_by").first()
        if row is None or row.valid_to is None or row.valid_to > on or not row.replaced_by or row.replaced_by in seen:
            return code
        code = row.replaced_by
        seen.add(code)


def load_packaged(progress: loading.Progress | None = None) -> dict[str, int]:
    """Load what the packages bring (`wanghuo regions load`)."""
    counts = loading.load(progress)
    forget()
    return counts


def forget() -> None:
    """Drop what this process remembers of names and outlines, after they were changed."""
    _names.clear()
    outlines.forget()
    locate.forget()


def boundaries(code: str) -> dict[str, Any]:
    """GeoJSON of what lies one level below `code` and has an outline; a county gives its own outline."""
    return outlines.boundaries(code)


@transaction.atomic
def renumber(*, code: str, replaced_by: str, on: date, actor: Actor) -> None:
    """End a division on a day and name the one that takes its place (变更). Records keep the code they were written under.

    Raises NotFound, NotPermitted, Invalid.
    """
    actor.require(EDIT)
    row = Region.objects.select_for_update().filter(code=code).first()
    if row is None or not may_edit(actor, code):
        raise NotFound(what=WHAT, ref=code)
    if replaced_by == code or not Region.objects.filter(code=replaced_by).exists():
        raise UnknownRegion(words=replaced_by)
    before = {"valid_to": row.valid_to.isoformat() if row.valid_to else "", "replaced_by": row.replaced_by}
    row.valid_to, row.replaced_by = on, replaced_by
    row.save(update_fields=["valid_to", "replaced_by"])
    after = {"valid_to": on.isoformat(), "replaced_by": replaced_by}
    audit.record(actor, "regions:region:renumber", code, region=code, before=before, after=after)
    transaction.on_commit(forget)


@transaction.atomic
def import_divisions(rows: Sequence[Mapping[str, Any]], *, source: str, actor: Actor) -> int:
    """Add or correct divisions: villages, grids, populations, points, dates. Returns how many rows were written.

    A row has `code` (kept form) and `name`, and where known `name_en`, `lng`, `lat` (WGS-84), `population`, `population_source`,
    `valid_from`, `valid_to`, `replaced_by`. What a row leaves out stays as it is. Rows are marked with their source, so that
    loading the packaged table again leaves them alone. Raises NotPermitted, UnknownRegion (out of reach, or no upper one).
    """
    actor.require(EDIT)
    for row in rows:
        if not may_edit(actor, row["code"]):
            raise UnknownRegion(words=row["code"])
    known = {r.code: r for r in Region.objects.select_for_update().filter(code__in=[row["code"] for row in rows])}
    uppers = {codes.parent(row["code"]) for row in rows}
    there = set(Region.objects.filter(code__in=uppers).values_list("code", flat=True)) | {row["code"] for row in rows}
    for row in sorted(rows, key=lambda row: len(row["code"])):
        upper = codes.parent(row["code"])
        if upper not in there:
            raise UnknownRegion(words=upper or "")
        _write_division(known.get(row["code"]), row, source)
    audit.record(actor, "regions:region:import", source, region=actor.home, after={"rows": len(rows)})
    transaction.on_commit(forget)
    return len(rows)


def _write_division(region: Region | None, row: Mapping[str, Any], source: str) -> None:
    code = row["code"]
    if region is None:
        region = Region(code=code, level=codes.level(code), parent_id=codes.parent(code), name=row["name"])
    letters = latin(row["name"])
    region.name, region.name_en, region.pinyin, region.initials = (
        row["name"], row.get("name_en") or letters.english, letters.pinyin, letters.initials
    )  # fmt: skip
    for name in ("population", "population_source", "valid_from", "valid_to", "replaced_by"):
        if row.get(name) not in (None, ""):
            setattr(region, name, row[name])
    if row.get("lng") is not None and row.get("lat") is not None:
        region.lng, region.lat, region.made_up = row["lng"], row["lat"], False
    region.source = source[:120]
    region.save()


def may_edit(actor: Actor, code: str) -> bool:
    """Whether the actor keeps the divisions of the tree in which `code` lies."""
    return actor.is_system or any(codes.contains(g.region, code) for g in actor.with_right(EDIT))
