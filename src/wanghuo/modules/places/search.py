"""Find a unit or building by name, full pinyin, initials, code, or the last six characters of a code.

An index of our own, because SQLite's trigram index finds nothing for two Chinese characters and its extensions cannot
be relied on. Every place where a match may begin gives one key (a name of ten characters has thirty); a search is a
range over the keys, narrowed by what the actor may see. Measured in docs/modules/places.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from pypinyin import lazy_pinyin

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import SCOPE_FIELDS
from wanghuo.kernel.regions import codes as region_codes
from wanghuo.modules.places.models import Building, SearchEntry, SearchKey, Unit
from wanghuo.modules.places.states import UnitState

NAME_UNITS = 4  # characters of a name in one key; what is longer is compared with `text`
KEY_LENGTH = 17
KINDS = {"unit": "u", "building": "b"}  # a key begins with its kind: who looks for one passes over none of the other
ENOUGH = 200  # candidates that are ranked; a query with more matches is too short to rank well anyway
TAIL = 6
_WORDS = re.compile(r"[^\W_]+")


def normal(text: str) -> str:
    """The text as it is compared: full-width forms folded, lower case, letters and digits and characters alone."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def starts(name: str) -> list[str]:
    """What a name may be found by: the rest of it from each Chinese character and from each start of a word."""
    folded = unicodedata.normalize("NFKC", name).lower()
    found, inside = [], False
    for i, char in enumerate(folded):
        word = char.isascii() and char.isalnum()
        if char.isalnum() and not (word and inside):
            found.append(normal(folded[i:]))
        inside = word
    return found


@lru_cache(maxsize=4096)
def syllables(name: str) -> tuple[str, ...]:
    """The pinyin of a name, syllable by syllable, without tones; words and numbers as they stand."""
    folded = unicodedata.normalize("NFKC", name)
    return tuple(s for s in (normal(part) for part in lazy_pinyin(folded, errors=_WORDS.findall)) if s)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Written:
    """All the ways to write one thing."""

    name: str
    codes: tuple[str, ...]

    def beginnings(self) -> Iterator[tuple[str, str]]:
        """(alphabet, text) for every place where a match may begin: n name, p pinyin or initials, c code."""
        for rest in starts(self.name):
            yield "n", rest
        parts = syllables(self.name)
        for i in range(len(parts)):
            yield "p", "".join(parts[i:])
            yield "p", "".join(p[0] for p in parts[i:])
        for code in map(normal, self.codes):
            if code:
                yield "c", code
                yield "c", code[-TAIL:]

    def text(self) -> str:
        """Everything in one line, for comparing what is longer than a key."""
        parts = syllables(self.name)
        return "|".join(
            [normal(self.name), "".join(parts), "".join(p[0] for p in parts), *(normal(c) for c in self.codes)]
        )

    def matches(self, term: str) -> bool:
        """Whether the normalised `term` begins at one of the beginnings: the meaning of the search, in one line."""
        return any(text.startswith(term) for _, text in self.beginnings())


def _key(alphabet: str, text: str) -> str:
    if alphabet == "n":
        # digits and letters sort alike everywhere; Chinese characters do not
        return "n" + text.encode("utf-16-be").hex()[: NAME_UNITS * 4]
    ascii_only = "".join(c for c in text if c.isascii())
    return (alphabet + ascii_only)[: KEY_LENGTH + 1] if ascii_only else ""


def keys_of(written: Written) -> set[str]:
    """The index keys of one thing, without the letter of its kind."""
    return {key for alphabet, text in written.beginnings() if (key := _key(alphabet, text))}


def _after(key: str) -> str:
    """The least key, of digits and small letters, that is beyond everything that begins with `key`."""
    head, last = key[:-1], key[-1]
    if last == "9":
        return head + "a"
    return _after(head) if last == "z" else head + chr(ord(last) + 1)


def entries(term: str, kind: str = "") -> QuerySet[SearchKey, Any]:
    """The entries, some of them twice, with a key that a normalised term begins.

    A union of ranges, because each is read from the index alone; PostgreSQL reads the table for ranges joined by OR.
    """
    letters = KINDS[kind] if kind else "".join(KINDS.values())
    keys = [letter + _key(alphabet, term) for letter in letters for alphabet in ("npc" if term.isascii() else "n")]
    found = [SearchKey.objects.filter(key__gte=key, key__lt=_after(key)).values("entry") for key in keys]
    return found[0].union(*found[1:], all=True) if len(found) > 1 else found[0]


def found_by(kind: str) -> Callable[[str], Q]:
    """The condition of units or of buildings that words find, by name, pinyin, initials or code."""

    def condition(words: str) -> Q:
        found = Q()
        for term in filter(None, map(normal, words.split())):
            of_term = SearchEntry.objects.filter(pk__in=entries(term, kind))
            if len(term) > NAME_UNITS:
                of_term = of_term.filter(text__contains=term)
            found &= Q(pk__in=of_term.values("object_id"))
        return found

    return condition


def find(actor: Actor, query: str, limit: int = 8, *, kind: str = "") -> list[SearchEntry]:
    """The best `limit` entries the actor may see for a query; several words must all match.

    Best first: names that begin with the query, then codes, then the rest; open before closed, own region first,
    short names before long ones. An empty query finds nothing.
    """
    terms = [t for t in map(normal, query.split()) if t]
    if not terms:
        return []
    rows = SearchEntry.objects.visible_to(actor)
    if kind:
        rows = rows.filter(kind=kind)
    for place, term in enumerate(sorted(terms, key=len, reverse=True)):
        # a further Chinese word may begin at any character, so the text alone tells; two large sets are slow to intersect
        by_text_alone = place > 0 and not term[0].isascii()
        if not by_text_alone:
            rows = rows.filter(pk__in=entries(term, kind))
        if by_text_alone or len(term) > NAME_UNITS:
            rows = rows.filter(text__contains=term)
    candidates = list(rows[:ENOUGH])
    return sorted(candidates, key=lambda e: _rank(e, terms[0], actor.home))[:limit]


def _rank(entry: SearchEntry, term: str, home: str) -> tuple[Any, ...]:
    name, _, rest = entry.text.partition("|")
    place = 0 if name.startswith(term) else 1 if f"|{term}" in f"|{rest}" else 2
    return (entry.closed, not region_codes.contains(home, entry.region_code), place, len(name), entry.ref)


# --- keeping the index ---------------------------------------------------------------------------------------------


def kind_of(row: Unit | Building) -> str:
    """What is told apart in a search."""
    return "unit" if isinstance(row, Unit) else "building"


def written(row: Unit | Building) -> Written:
    """How a unit or building may be written."""
    if isinstance(row, Unit):
        return Written(row.name, tuple(c for c in (row.ref, row.uscc, row.local_code) if c))
    return Written(row.name, (row.ref,))


@transaction.atomic
def index(rows: Iterable[Unit | Building]) -> None:
    """Put rows into the index, or anew: inside the transaction that wrote them."""
    rows = list(rows)
    known = dict(SearchEntry.objects.filter(object_id__in=[r.pk for r in rows]).values_list("object_id", "pk"))
    SearchKey.objects.filter(entry__in=known.values()).delete()
    entries = [_entry(row, known.get(row.pk)) for row in rows]
    fresh = [e for e in entries if e.pk is None]
    SearchEntry.objects.bulk_update(
        [e for e in entries if e.pk is not None], [*SCOPE_FIELDS, "name", "text", "closed"], batch_size=200
    )
    SearchEntry.objects.bulk_create(fresh)
    ids = {e.object_id: e.pk for e in entries}
    _insert_keys((ids[row.pk], KINDS[kind_of(row)] + key) for row in rows for key in sorted(keys_of(written(row))))


def forget(object_ids: Iterable[UUID]) -> None:
    """Take rows out of the index."""
    SearchEntry.objects.filter(object_id__in=list(object_ids)).delete()


def _entry(row: Unit | Building, pk: int | None) -> SearchEntry:
    return SearchEntry(
        pk=pk,
        kind=kind_of(row),
        object_id=row.pk,
        ref=row.ref,
        name=row.name,
        text=written(row).text()[:1200],
        closed=isinstance(row, Unit) and row.state == UnitState.CLOSED,
        **{field: getattr(row, field) for field in SCOPE_FIELDS},
    )


def _insert_keys(pairs: Iterable[tuple[int, str]]) -> None:
    """Some forty short rows for each entry: past the ORM, the one place where an import spends its time otherwise."""
    table = SearchKey._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} (entry_id, key) FROM STDIN") as copy:
                for pair in pairs:
                    copy.write_row(pair)
        else:
            cursor.executemany(f"INSERT INTO {table} (entry_id, key) VALUES (%s, %s)", list(pairs))  # noqa: S608
