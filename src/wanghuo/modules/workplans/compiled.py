"""Between the engine's paper and what is kept: a paper as JSON and back, and the lines a person judges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from wanghuo.engines.workplan.paper import Action, Deadline, Flag, Item, Owner, Paper, Target
from wanghuo.modules.workplans.words import Line

UNCOVERED = "uncovered"
LEAST_WORDS = 2  # a gap of one character is a stray mark, not a sentence


@dataclass(frozen=True, slots=True)
class Known:
    """What the register says of a name in the paper: the body it means, or how many it could mean."""

    body: str = ""
    name: str = ""
    several: int = 0


Look = Callable[[str], Known]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line before it is kept."""

    kind: Line
    item_no: int
    path: str
    start: int
    end: int
    machine: dict[str, Any]


def draw_lines(paper: Paper, text: str, look: Look) -> list[Drawn]:
    """Everything to judge, in reading order: for each item itself, its targets, its flags; what concerns the whole paper
    and the words no item covers stand where they come."""
    raw = paper.as_json()
    lines = [*_of_the_whole(raw), *_gaps(paper, text)]
    targets, flags = _by_item(raw["targets"]), _by_item(raw["flags"])
    for item in raw["items"]:
        no, path = item["no"], item["path"]
        owners = [{**owner, **_told(look(owner["name"]))} for owner in item["owners"]]
        asks = is_task(item, raw["items"], has_targets=no in targets)
        machine = {**item, "owners": owners, "as_task": asks}
        lines.append(Drawn(Line.ITEM, no, path, item["start"], item["end"], machine))
        lines += [Drawn(Line.TARGET, no, path, t["start"], t["end"], t) for t in targets.get(no, ())]
        lines += [Drawn(Line.FLAG, no, path, f["start"], f["end"], f) for f in flags.get(no, ())]
    order = {item["no"]: (item["start"], 0) for item in raw["items"]}
    rank = {Line.ITEM: 0, Line.TARGET: 1, Line.FLAG: 2}
    return sorted(lines, key=lambda d: (*order.get(d.item_no, (d.start, -1)), rank[d.kind], d.start))


_ORIENTATION = re.compile(
    r"指导思想|基本原则|总体(?:目标|要求|思路)|工作(?:目标|原则|要求)|主要目标|任务目标|规划目标|形势|现状|意义"
)


def is_task(item: Mapping[str, Any], items: Sequence[Mapping[str, Any]], *, has_targets: bool) -> bool:
    """Whether an item asks somebody for something: it names who leads, or it is innermost and says what to do.

    A chapter that only heads others does not, nor does a paragraph outside of every numbered item, nor what only tells
    the direction (指导思想, 总体目标): targets found there are targets all the same.
    """
    if any(owner["role"] == "lead" for owner in item["owners"]):
        return True
    path = item["path"]
    if any(other["path"].startswith(f"{path}/") for other in items) or path.startswith("¶"):
        return False
    above = (other["heading"] for other in items if path == other["path"] or path.startswith(f"{other['path']}/"))
    if any(_ORIENTATION.search(heading) for heading in above):
        return False
    return bool(item["actions"] or has_targets or item["deadlines"])


def _told(known: Known) -> dict[str, Any]:
    return {"body": known.body, "body_name": known.name, "several": known.several}


def _by_item(rows: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["item"], []).append(row)
    return found


def _of_the_whole(raw: Mapping[str, Any]) -> Iterator[Drawn]:
    known = {item["no"] for item in raw["items"]}
    for flag in raw["flags"]:
        if flag["item"] not in known:
            yield Drawn(Line.FLAG, 0, "", flag["start"], flag["end"], flag)
    for target in raw["targets"]:
        if target["item"] not in known:
            yield Drawn(Line.TARGET, 0, "", target["start"], target["end"], target)


def _gaps(paper: Paper, text: str) -> Iterator[Drawn]:
    """Words after the head that neither an item nor noise covers: a person must see them too."""
    if not paper.items:
        return
    covered = sorted([(i.start, i.end) for i in paper.items] + [(s, e) for s, e in paper.noise])
    at = min(i.start for i in paper.items)
    for start, end in [*covered, (len(text), len(text))]:
        if start > at and len(_words(text[at:start])) >= LEAST_WORDS:
            lead = len(text[at:start]) - len(text[at:start].lstrip())
            tail = len(text[at:start].rstrip())
            flag = {
                "item": 0,
                "kind": UNCOVERED,
                "readings": [],
                "quote": text[at + lead : at + tail],
                "start": at + lead,
                "end": at + tail,
            }
            yield Drawn(Line.FLAG, 0, "", at + lead, at + tail, flag)
        at = max(at, end)


def _words(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def paper_of(raw: Mapping[str, Any]) -> Paper:
    """The paper that was kept as JSON."""
    return Paper(
        title=raw["title"],
        issuer=raw["issuer"],
        number=raw["number"],
        issued_on=day_of(raw["issued_on"]),
        period=(day_of(raw["period"]["from"]), day_of(raw["period"]["to"])),
        region=raw["region"],
        items=tuple(_item(item) for item in raw["items"]),
        targets=tuple(_target(target) for target in raw["targets"]),
        flags=tuple(_flag(flag) for flag in raw["flags"]),
        noise=tuple((span["start"], span["end"]) for span in raw.get("noise", ())),
    )


def _item(raw: Mapping[str, Any]) -> Item:
    return Item(
        no=raw["no"],
        path=raw["path"],
        heading=raw["heading"],
        text=raw["text"],
        start=raw["start"],
        end=raw["end"],
        actions=tuple(Action(a["text"], a["start"], a["end"]) for a in raw["actions"]),
        owners=tuple(Owner(o["name"], o["role"], o["start"], o["end"]) for o in raw["owners"]),
        deadlines=tuple(_deadline(d) for d in raw["deadlines"]),
    )


def _deadline(raw: Mapping[str, Any]) -> Deadline:
    return Deadline(
        text=raw["text"],
        kind=raw["kind"],
        first=day_of(raw["from"]),
        last=day_of(raw["to"]),
        frequency=raw["frequency"],
        start=raw["start"],
        end=raw["end"],
    )


def _target(raw: Mapping[str, Any]) -> Target:
    value: Any = raw["value"]
    names = ("item", "metric", "op", "unit", "scope", "region", "frequency", "quote", "start", "end", "confidence")
    return Target(
        **{name: raw[name] for name in names},
        value=tuple(value) if isinstance(value, list) else value,
        deadline=day_of(raw["deadline"]),
        soft=raw.get("soft", False),
        implied=raw.get("implied", False),
    )


def _flag(raw: Mapping[str, Any]) -> Flag:
    return Flag(raw["item"], raw["kind"], tuple(raw["readings"]), raw["quote"], raw["start"], raw["end"])


def day_of(text: str | None) -> date | None:
    """An ISO day; None for none."""
    return date.fromisoformat(text) if text else None


def bounds(value: float | Sequence[float]) -> tuple[float, float | None]:
    """The value of a target as lower and upper number; the upper is None but for a range."""
    if isinstance(value, int | float):
        return float(value), None
    low, high = value
    return float(low), float(high)
