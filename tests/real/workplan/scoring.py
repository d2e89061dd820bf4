"""Scores the policy-paper compiler against answer sheets: `python -m tests.real.workplan.scoring [--quiet] [NAME ...]`.

Other papers: `--sheet SHEET.toml TEXT.txt`, as often as needed. Prints recall and precision with every miss and every
false find. What counts as right is said in docs/evaluation/workplan.md.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tests.real.workplan.sheets import Answered, all_sheets, load, readings
from wanghuo.engines.workplan.paper import Item, Paper, Target

FIELDS = ("value", "unit", "op", "item", "deadline")
HEAD = ("title", "issuer", "number", "issued_on", "from", "to", "region")
NEAR = 40  # characters between an expected flag and the one found, or the same item


@dataclass
class Tally:
    """Counts of one kind of thing: expected, found, right, and what went wrong in words."""

    expected: int = 0
    found: int = 0
    right: int = 0
    hit: int = 0  # expected ones that were found at all, whether right in every field or not
    wrong: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the expected that was found and right; 1 where nothing was expected."""
        return self.right / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        """Share of the found that was right; 1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision."""
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0

    def add(self, other: Tally) -> None:
        """Take another paper's counts in."""
        self.expected += other.expected
        self.found += other.found
        self.right += other.right
        self.hit += other.hit

    def line(self) -> str:
        """One line for the report."""
        return (
            f"recall {self.recall:6.1%}  precision {self.precision:6.1%}  F1 {self.f1:6.1%}"
            f"  ({self.right} right of {self.expected} expected, {self.found} found)"
        )


@dataclass
class Score:
    """What one paper, or all together, came to."""

    name: str
    numeric: Tally = field(default_factory=Tally)
    implied: Tally = field(default_factory=Tally)
    items: Tally = field(default_factory=Tally)
    owners: Tally = field(default_factory=Tally)
    deadlines: Tally = field(default_factory=Tally)
    flags: Tally = field(default_factory=Tally)
    head: Tally = field(default_factory=Tally)
    fields: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIELDS, 0))

    def tallies(self) -> dict[str, Tally]:
        """Each kind of thing under its name."""
        kinds = ("numeric", "implied", "items", "owners", "deadlines", "flags", "head")
        return {kind: getattr(self, kind) for kind in kinds}

    @property
    def targets(self) -> Tally:
        """Targets with a written number and implied ones together."""
        both = Tally()
        both.add(self.numeric)
        both.add(self.implied)
        return both

    def add(self, other: Score) -> None:
        """Take another paper's counts in."""
        for kind, tally in self.tallies().items():
            tally.add(other.tallies()[kind])
        for name in FIELDS:
            self.fields[name] += other.fields[name]

    def report(self, *, quiet: bool = False) -> str:
        """The figures, and without `quiet` every miss and false find."""
        lines = [f"== {self.name}"]
        for kind, tally in [("targets", self.targets), *self.tallies().items()]:
            lines.append(f"{kind:10} {tally.line()}")
            if kind == "numeric":
                rates = (f"{name} {self.fields[name]}/{tally.hit}" for name in FIELDS)
                lines.append(f"{'':10} of those found at all, right in: {', '.join(rates)}")
            if not quiet:
                lines += [f"{'':12}{text}" for text in tally.wrong]
        return "\n".join(lines)


def plain_path(path: str) -> str:
    """A path by its marks alone: full and half width, stops, 第 and 章 and the running number of paragraphs do not count."""
    parts = [unicodedata.normalize("NFKC", part) for part in path.split("/")]
    parts = [re.sub(r"[、.,:﹒．\s]|^第|[章节条款]$", "", part) for part in parts]
    return "/".join(re.sub(r"¶\d*", "¶", part) for part in parts)


def plain_unit(unit: str) -> str:
    """A unit without its width and spaces."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", unit))


def plain_name(name: str) -> str:
    """A body's name without what an enumeration leaves at its end."""
    name = re.sub(r"\s|[“”\"']", "", unicodedata.normalize("NFKC", name))
    return re.sub(r"(等)?(相关|有关)?(职能)?(部门|单位)?$", "", name) or name


def shown(text: str, start: int, end: int) -> str:
    """The words at a place, short, for the report."""
    return "「" + text[max(0, start - 12) : end + 12].replace("\n", "⏎")[:70] + "」"


class Examination:
    """One compiled paper held against its answers."""

    def __init__(self, answered: Answered, paper: Paper) -> None:
        self.answered, self.paper, self.text = answered, paper, answered.text
        self.score = Score(answered.name)
        self.own = {entry["path"] for entry in answered.entries("items") if entry.get("own")}
        self.gold_item_of = self._match_items()  # number of the compiled item -> place in the sheet's list
        self._targets()
        self._names_and_days()
        self._flags()
        self._head()
        for kind in readings(answered.sheet["head"].get("skip", [])):  # a sheet may leave a kind out
            setattr(self.score, kind, Tally())

    # items

    def _optional(self, entry: dict[str, Any]) -> bool:
        """Whether an item counts neither way: a paragraph under a numbered heading may stand alone or belong to it."""
        return bool(entry.get("maybe")) or ("/¶" in entry["path"] and entry["path"] not in self.own)

    def _home(self, path: str) -> str:
        """The place a thing belongs to, for comparison: a paragraph under a heading counts as that heading's item."""
        return path if path in self.own or path.startswith("¶") else plain_path(path).removesuffix("/¶")

    def _match_items(self) -> dict[int, int]:
        wanted = self.answered.entries("items")
        tally = self.score.items
        at = {self._first_ink(entry["start"]): place for place, entry in enumerate(wanted)}
        found: dict[int, int] = {}
        for item in self.paper.items:
            place = at.get(self._first_ink(item.start))
            if place is not None and place not in found.values():
                found[item.no] = place
        for item in self.paper.items:
            place = found.get(item.no)
            if place is None:
                tally.found += 1
                tally.wrong.append(f"not an item: {item.path} {shown(self.text, item.start, item.start + 20)}")
            elif not self._optional(wanted[place]):
                tally.found += 1
                tally.hit += 1
                if plain_path(item.path) == plain_path(wanted[place]["path"]):
                    tally.right += 1
                else:
                    tally.wrong.append(f"path {item.path}, expected {wanted[place]['path']}")
        tally.expected = sum(not self._optional(entry) for entry in wanted)
        for place, entry in enumerate(wanted):
            if place not in found.values() and not self._optional(entry):
                tally.wrong.append(f"missed: {entry['path']} {shown(self.text, entry['start'], entry['start'] + 20)}")
        return found

    def _first_ink(self, at: int) -> int:
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        return at

    def _path_of(self, no: int) -> str:
        """The sheet's path of a compiled item where it is one of the sheet's, else its own."""
        place = self.gold_item_of.get(no)
        if place is not None:
            return str(self.answered.entries("items")[place]["path"])
        return next((item.path for item in self.paper.items if item.no == no), "")

    # targets

    def _targets(self) -> None:
        wanted = self.answered.entries("targets")
        pairs = sorted(
            (
                (self._likeness(entry, target), place, number)
                for place, entry in enumerate(wanted)
                for number, target in enumerate(self.paper.targets)
                if target.start < entry["start"] + entry["length"] + 2 and entry["start"] - 2 < target.end
            ),
            key=lambda row: (-row[0], row[1], row[2]),
        )
        taken: dict[int, int] = {}
        used: set[int] = set()
        for likeness, place, number in pairs:
            if likeness > 0 and place not in taken and number not in used:
                taken[place] = number
                used.add(number)
        for place, entry in enumerate(wanted):
            self._one_target(entry, self.paper.targets[taken[place]] if place in taken else None)
        for number, target in enumerate(self.paper.targets):
            if number not in used and not self._is_open(target):
                tally = self.score.implied if target.implied else self.score.numeric
                tally.found += 1
                tally.wrong.append(f"not a target: {self._said(target)}")

    def _is_open(self, target: Target) -> bool:
        """An unmatched find over a `maybe` entry says the same thing in other words."""
        return any(
            entry.get("maybe") and target.start <= entry["start"] < target.end and self._agrees(entry, target)["value"]
            for entry in self.answered.entries("targets")
        )

    def _one_target(self, entry: dict[str, Any], target: Target | None) -> None:
        if entry.get("maybe"):
            return
        tally = self.score.implied if entry.get("implied") else self.score.numeric
        tally.expected += 1
        place = f"{entry['item']} {entry['metric']}"
        if target is None:
            quote = shown(self.text, entry["start"], entry["start"] + entry["length"])
            tally.wrong.append(f"missed: {place} {entry['op']} {entry['value']} {entry['unit']} {quote}")
            return
        tally.found += 1
        tally.hit += 1
        agrees = self._agrees(entry, target)
        if not entry.get("implied"):
            for name in FIELDS:
                self.score.fields[name] += agrees[name]
        bad = [name for name in FIELDS if not agrees[name]]
        if not bad:
            tally.right += 1
            return
        answers = ", ".join(f"{name} {entry[name]!r}" for name in bad)
        tally.wrong.append(f"wrong {'+'.join(bad)} of {place}: expected {answers}; {self._said(target)}")

    def _said(self, target: Target) -> str:
        day = target.deadline.isoformat() if target.deadline else "-"
        quote = shown(self.text, target.start, target.end)
        return f"{self._path_of(target.item)} {target.metric} {target.op} {target.value} {target.unit} {day} {quote}"

    def _agrees(self, entry: dict[str, Any], target: Target) -> dict[str, bool]:
        forms = [(readings(entry["op"]), entry["value"], readings(entry["unit"]))]
        forms += [((form["op"],), form["value"], (form["unit"],)) for form in entry.get("also", [])]
        best = max((self._form(form, target) for form in forms), key=lambda form: sum(form.values()))
        day = target.deadline.isoformat() if target.deadline else ""
        items = entry.get("items", [])
        items = items if items == ["*"] else [entry["item"], *items]
        return best | {
            "deadline": day in readings(entry["deadline"]),
            "item": items == ["*"] or self._home(self._path_of(target.item)) in {self._home(path) for path in items},
        }

    @staticmethod
    def _form(form: tuple[tuple[str, ...], Any, tuple[str, ...]], target: Target) -> dict[str, bool]:
        ops, value, units = form
        found = target.value if isinstance(target.value, tuple) else (target.value,)
        wanted = tuple(value) if isinstance(value, list) else (value,)
        return {
            "value": len(found) == len(wanted)
            and all(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a, b in zip(found, wanted, strict=True)),
            "unit": plain_unit(target.unit) in {plain_unit(unit) for unit in units},
            "op": target.op in ops,
        }

    def _likeness(self, entry: dict[str, Any], target: Target) -> float:
        agrees = self._agrees(entry, target)
        weights = {"value": 8.0, "unit": 2.0, "op": 1.0, "deadline": 1.0, "item": 1.0}
        words, named = set(entry["metric"]), set(target.metric + target.scope)
        alike = len(words & named) / len(words) if words else 0.0
        inside = 0.5 if target.start <= entry["start"] < target.end else 0.0
        same_kind = 0.0 if target.implied == bool(entry.get("implied")) else -3.0
        if target.implied and not entry.get("implied") and not agrees["value"]:
            return 0.0
        return sum(weights[name] for name in FIELDS if agrees[name]) + alike + inside + same_kind

    # owners and deadlines

    def _open_homes(self) -> set[str]:
        """Where nothing found is held against it: items that count neither way, such as a covering letter's."""
        entries = self.answered.entries("items")
        return {self._home(e["path"]) for e in entries if e.get("maybe")} - {
            self._home(e["path"]) for e in entries if not e.get("maybe")
        }

    def _names_and_days(self) -> None:
        wanted = self.answered.entries("owners")
        found = {
            (self._home(self._path_of(item.no)), plain_name(owner.name)): (item, owner.start, owner.end)
            for item in self.paper.items
            for owner in item.owners
        }
        keys = [{(self._home(entry["item"]), plain_name(name)) for name in readings(entry["name"])} for entry in wanted]
        self._sets(self.score.owners, wanted, keys, found, lambda entry: str(entry["name"]))
        wanted = self.answered.entries("deadlines")
        days: dict[tuple[str, str], tuple[Item, int, int]] = {}
        for item in self.paper.items:
            for deadline in item.deadlines:
                if deadline.kind != "vague":  # of one that names no day there is nothing to be wrong
                    key = deadline.frequency or _iso(deadline.last)
                    days.setdefault((self._home(self._path_of(item.no)), key), (item, deadline.start, deadline.end))
        keys = [
            {
                (self._home(entry["item"]), key)
                for key in ([f for f in readings(entry["frequency"]) if f] or readings(entry["to"]))
            }
            for entry in wanted
        ]
        keys += [{(home, "")} for home, key in days if not key]
        wanted = [*wanted, *({"maybe": True} for _, key in days if not key)]
        self._sets(self.score.deadlines, wanted, keys, days, lambda e: f"{e['kind']} {e['to']} {e['frequency']}")

    def _sets(
        self,
        tally: Tally,
        wanted: list[dict[str, Any]],
        keys: list[set[tuple[str, str]]],
        found: dict[tuple[str, str], tuple[Item, int, int]],
        says: Any,
    ) -> None:
        known: set[tuple[str, str]] = set()
        for entry, key in zip(wanted, keys, strict=True):
            known |= key
            if entry.get("maybe"):
                continue
            tally.expected += 1
            if key & found.keys():
                tally.right += 1
                tally.hit += 1
            else:
                tally.wrong.append(f"missed: {entry['item']} {says(entry)}")
        open_homes = self._open_homes()
        extra = {key for key in found.keys() - known if key[0] not in open_homes}
        tally.found = tally.right + len(extra)
        for path, name in sorted(extra):
            _, start, end = found[path, name]
            tally.wrong.append(f"not so: {path} {name} {shown(self.text, start, end)}")

    # the rest

    def _flags(self) -> None:
        tally = self.score.flags
        for entry in self.answered.entries("flags"):
            if entry.get("maybe"):
                continue
            tally.expected += 1
            if any(
                flag.kind == entry["kind"]
                and (flag.start - NEAR <= entry["start"] < flag.end + NEAR or self._path_of(flag.item) == entry["item"])
                for flag in self.paper.flags
            ):
                tally.right += 1
                tally.hit += 1
            else:
                tally.wrong.append(f"missed: {entry['kind']} in {entry['item']}")
        tally.found = tally.right  # flags that nobody asked for are not held against it

    def _head(self) -> None:
        tally, paper = self.score.head, self.paper
        said = {
            "title": paper.title,
            "issuer": paper.issuer,
            "number": paper.number,
            "issued_on": _iso(paper.issued_on),
            "from": _iso(paper.period[0]),
            "to": _iso(paper.period[1]),
            "region": paper.region,
        }
        for name in HEAD:
            tally.expected += 1
            tally.found += 1
            answers = [re.sub(r"\s", "", answer) for answer in readings(self.answered.sheet["head"][name])]
            if re.sub(r"\s", "", said[name]) in answers:
                tally.right += 1
                tally.hit += 1
            else:
                tally.wrong.append(f"{name} {said[name]!r}, expected {answers}")


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def examine(answered: Answered) -> Score:
    """Compile the paper and score what comes out."""
    from wanghuo.engines.workplan import compile_paper

    return Examination(answered, compile_paper(answered.text)).score


def together(scores: Iterable[Score], name: str = "together") -> Score:
    """The counts of several papers added up (a large paper weighs more)."""
    whole = Score(name)
    for score in scores:
        whole.add(score)
    return whole


def main(arguments: list[str] | None = None) -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description="score the policy-paper compiler against answer sheets")
    parser.add_argument("names", nargs="*", help="only these of the five papers, e.g. 002")
    parser.add_argument("--sheet", nargs=2, action="append", default=[], metavar=("SHEET", "TEXT"))
    parser.add_argument("--quiet", action="store_true", help="the figures alone")
    args = parser.parse_args(arguments)
    papers = [load(Path(sheet), Path(text)) for sheet, text in args.sheet]
    if not papers or args.names:
        papers += [load(sheet) for sheet in all_sheets() if not args.names or sheet.stem in args.names]
    scores = [examine(answered) for answered in papers]
    for score in scores:
        print(score.report(quiet=args.quiet), end="\n\n")
    if len(scores) > 1:
        print(together(scores).report(quiet=True))


if __name__ == "__main__":
    main()
