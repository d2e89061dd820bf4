"""The one search: units, buildings, devices, hazards, alarms, people, pages and acts, as far as the person may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Q

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.audit import record
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import nav
from wanghuo.modules.alarms import public as alarms
from wanghuo.modules.hazards import public as hazards
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import public as sensing

LONGEST = 100
ROWS = 8
PEOPLE = "accounts.manage"


@dataclass(frozen=True, slots=True)
class Hit:
    """One row found: what it is called, its reference, where it lies, its page."""

    label: str | Text
    url: str
    ref: str = ""
    region: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one sort."""

    name: Text
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One sort of thing that can be searched, and the right it takes (none: everybody signed in)."""

    name: Text
    right: str
    find: Callable[[str, Actor, int], list[Hit]]


ACTS = (
    (Text("上报隐患", "Report a hazard"), "/hazards/new", "hazards.report", "sbyh"),
    (Text("登记单位", "Register a unit"), "/units/new", "places.edit", "djdw"),
    (Text("登记建筑", "Register a building"), "/buildings/new", "places.edit", "djjz"),
    (Text("登记设备", "Register a device"), "/devices/new", "sensing.edit", "djsb"),
    (Text("新建账号", "Add a person"), "/admin/people/new", "accounts.manage", "xjzh"),
    (Text("大屏", "Wall board"), "/overview?wall=1", "indicators.view", "dp"),
)


def search(text: str, *, actor: Actor, region: str = "", limit: int = ROWS) -> list[Group]:
    """What is found for a text, by sort; within each the region looked at (else the person's own) comes first."""
    words = " ".join(text.split())[:LONGEST]
    if not words:
        return []
    groups = []
    for source in sources_for(actor):
        hits = source.find(words, actor, limit)
        near = region or actor.home
        hits.sort(key=lambda hit: bool(hit.region) and not codes.contains(near, hit.region))
        if hits:
            groups.append(Group(source.name, tuple(hits[:limit])))
    return groups


def sources_for(actor: Actor) -> list[Source]:
    """What the actor's search looks through."""
    return [source for source in SOURCES if not source.right or actor.can(source.right)]


def _places(kind: str) -> Callable[[str, Actor, int], list[Hit]]:
    def find(words: str, actor: Actor, limit: int) -> list[Hit]:
        found = places.search(actor, words, limit, kind=kind)
        return [Hit(each.name, each.url, each.ref, each.region_code, each.closed) for each in found]

    return find


def _devices(words: str, actor: Actor, limit: int) -> list[Hit]:
    found = sensing.search(words, actor=actor, limit=limit)
    return [Hit(d.place.location or d.source, f"/devices/{d.ref}", d.ref, d.place.region_code) for d in found]


def _hazards(words: str, actor: Actor, limit: int) -> list[Hit]:
    found = hazards.search(words, actor=actor, limit=limit)
    return [Hit(Text("隐患", "Hazard"), h.url, h.ref, h.region_code) for h in found]


def _alarms(words: str, actor: Actor, limit: int) -> list[Hit]:
    found = alarms.search(words, actor=actor, limit=limit)
    return [Hit(a.place, a.url, a.ref, a.region_code) for a in found]


def _people(words: str, actor: Actor, limit: int) -> list[Hit]:
    """Accounts by name or user name; that they were looked up is on record."""
    condition = Q(username__istartswith=words) | Q(display_name__startswith=words)
    rows = list(User.objects.visible_to(actor).filter(condition).order_by("username")[:limit])
    if rows:
        record(actor, "cockpit:search:people", "search", after={"found": len(rows)}, private={"words": words})
    return [Hit(user.display_name, f"/admin/people/{user.username}", user.username, user.region_code) for user in rows]


def _pages(words: str, actor: Actor, limit: int) -> list[Hit]:
    wanted = words.casefold()
    found: dict[str, Hit] = {}
    for label, url, initials in _pages_and_acts(actor):
        if wanted in label.zh or wanted in label.en.casefold() or (initials and initials.startswith(wanted)):
            found.setdefault(url, Hit(label, url))
    return list(found.values())[:limit]


def _pages_and_acts(actor: Actor) -> Iterator[tuple[Text, str, str]]:
    for label, url, right, initials in ACTS:
        if actor.can(right):
            yield label, url, initials
    for group in nav.groups_for(actor):
        for item in group.items:
            yield item.label, item.path, ""


SOURCES = (
    Source(Text("单位", "Units"), "places.view", _places("unit")),
    Source(Text("建筑", "Buildings"), "places.view", _places("building")),
    Source(Text("设备", "Devices"), "sensing.view", _devices),
    Source(Text("隐患", "Hazards"), "hazards.view", _hazards),
    Source(Text("报警", "Alarms"), "alarms.view", _alarms),
    Source(Text("人员", "People"), PEOPLE, _people),
    Source(Text("页面与操作", "Pages and acts"), "", _pages),
)
