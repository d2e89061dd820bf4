"""The left navigation: modules register their pages, a person sees the groups that their rights open, seven at most.

A long group shows its first pages, those of every day by their order, and folds the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor

MOST_GROUPS = 7
MOST_ITEMS = 10


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the navigation, in the order of the table."""

    code: str
    label: Text
    icon: str


GROUPS = (
    Group("inbox", Text("待办", "Inbox"), "inbox"),
    Group("overview", Text("态势", "Overview"), "overview"),
    Group("alarms", Text("报警", "Alarms"), "bell"),
    Group("hazards", Text("隐患", "Hazards"), "hazard"),
    Group("supervision", Text("监督", "Supervision"), "clipboard"),
    Group("units", Text("单位", "Units"), "building"),
    Group("forces", Text("力量", "Forces"), "truck"),
    Group("command", Text("指挥", "Command"), "command"),
    Group("fires", Text("火灾", "Fires"), "flame"),
    Group("learning", Text("宣教", "Learning"), "book"),
    Group("accountability", Text("责任", "Accountability"), "target"),
    Group("data", Text("数据", "Data"), "database"),
    Group("admin", Text("设置", "Admin"), "gear"),
)
_GROUP_CODES = frozenset(group.code for group in GROUPS)


@dataclass(frozen=True, slots=True)
class Item:
    """One page of the navigation. `rights`: any one of them opens it; none means everybody who has signed in."""

    group: str
    label: Text
    path: str
    rights: tuple[str, ...]
    order: int

    def open_to(self, actor: Actor) -> bool:
        """Whether the actor's rights open the page."""
        return not self.rights or any(actor.can(right) for right in self.rights)


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """A group as one person sees it on one page."""

    code: str
    label: Text
    icon: str
    items: tuple[Item, ...]
    current: str

    @property
    def path(self) -> str:
        """Where the group itself leads: its first page."""
        return self.items[0].path

    @property
    def shown(self) -> tuple[Item, ...]:
        """The pages always seen; one page too many is not worth a fold."""
        return self.items if len(self.items) <= MOST_ITEMS + 1 else self.items[:MOST_ITEMS]

    @property
    def folded(self) -> tuple[Item, ...]:
        """The pages behind 更多."""
        return self.items[len(self.shown) :]

    @property
    def unfold(self) -> bool:
        """Whether the page shown is one of the folded ones."""
        return any(item.path == self.current for item in self.folded)

    @property
    def is_current(self) -> bool:
        """Whether the page shown lies in this group."""
        return any(item.path == self.current for item in self.items)


_items: dict[str, Item] = {}


def add(group: str, label: Text, path: str, right: str | Iterable[str] = (), order: int = 50) -> None:
    """Register a page; called from `AppConfig.ready()`. `group` is a code of `GROUPS`, `path` begins with a slash.

    `right`: one right, or several of which any one opens the page; none for everybody who has signed in.
    """
    if group not in _GROUP_CODES:
        raise ValueError(f"no navigation group {group!r}; there are {sorted(_GROUP_CODES)}")
    rights = ((right,) if right else ()) if isinstance(right, str) else tuple(right)
    _items[path] = Item(group, label, path, rights, order)


def groups_for(actor: Actor, path: str = "") -> tuple[OpenGroup, ...]:
    """The groups the actor sees on the page `path`: those with an open page; what exceeds seven goes under 更多."""
    open_items = sorted((i for i in _items.values() if i.open_to(actor)), key=lambda i: (i.order, i.path))
    current = current_path((i.path for i in open_items), path)
    found = [
        OpenGroup(group.code, group.label, group.icon, items, current)
        for group in GROUPS
        if (items := tuple(i for i in open_items if i.group == group.code))
    ]
    if len(found) <= MOST_GROUPS:
        return tuple(found)
    rest = tuple(item for group in found[MOST_GROUPS - 1 :] for item in group.items)
    more = OpenGroup("more", Text("更多", "More"), "more", rest, current)
    return (*found[: MOST_GROUPS - 1], more)


def current_path(paths: Iterable[str], path: str) -> str:
    """The registered path that the page `path` belongs to: the longest one it begins with, cut at a slash."""
    inside = [p for p in paths if path == p or path.startswith(p.rstrip("/") + "/")]
    return max(inside, key=len, default="")
