"""Formula columns: a small language over the fields of one row, read by a parser of its own and never run as code.

Numbers, field keys, + - * / and brackets, comparisons (> >= < <= == !=), `and` `or` `not`, `if(c, a, b)`, `min`, `max`,
`round(x, digits)`, `days(a, b)` (days from date a to date b) and `filled(field)`. Yes is 1, no is 0. An empty field makes
what is computed from it empty; so does a division by zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from wanghuo.base import Invalid, Text

LONGEST = 400
DEEPEST = 30
LARGEST = 1e15
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([a-z][a-z0-9_]*)|(>=|<=|==|!=|[-+*/(),<>]))", re.ASCII)
Number = float | None
Value = float | date | None
Node = Callable[[Mapping[str, Any]], Value]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class BadFormula(Invalid):
    """A formula that cannot be read, with where."""

    code = "ledgers.bad_formula"
    text = Text("公式在“{at}”处看不懂：{why}", "the formula cannot be read at “{at}”: {why}")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as written, the fields it uses, and the way to its value."""

    text: str
    uses: frozenset[str]
    node: Node

    def value(self, values: Mapping[str, Any]) -> Number:
        """The number for one row; None where something it needs is empty or it has no value."""
        found = self.node(values)
        if found is None or isinstance(found, date) or found != found or abs(found) > LARGEST:
            return None
        return round(found, 6)


def parse(text: str, fields: Collection[str]) -> Formula:
    """Read a formula over `fields`. Raises BadFormula, which names the place."""
    if len(text) > LONGEST:
        raise BadFormula(at=text[:12], why=Text("太长", "too long"))
    return _Parser(text, fields).whole()


class _Parser:
    def __init__(self, text: str, fields: Collection[str]) -> None:
        self.text, self.fields, self.used, self.depth = text, fields, set[str](), 0
        self.tokens, self.at = list(_tokens(text)), 0

    def whole(self) -> Formula:
        node = self.either()
        if self.at < len(self.tokens):
            self.fail(Text("这里多了东西", "something is left over"))
        return Formula(self.text.strip(), frozenset(self.used), node)

    def fail(self, why: Text) -> None:
        at = self.tokens[self.at][1] if self.at < len(self.tokens) else Text("末尾", "the end")
        raise BadFormula(at=at, why=why)

    def peek(self, *words: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][1] in words

    def take(self, word: str) -> None:
        if not self.peek(word):
            self.fail(Text(f"这里应为 {word}", f"{word} is expected here"))
        self.at += 1

    def either(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(Text("嵌套太深", "nested too deeply"))
        node = self.both()
        while self.peek("or"):
            self.at += 1
            node = _logic(node, self.both(), any)
        self.depth -= 1
        return node

    def both(self) -> Node:
        node = self.compared()
        while self.peek("and"):
            self.at += 1
            node = _logic(node, self.compared(), all)
        return node

    def compared(self) -> Node:
        left = self.sum()
        if not self.peek(*_COMPARE):
            return left
        compare = _COMPARE[self.tokens[self.at][1]]
        self.at += 1
        return _applied(lambda a, b: float(compare(a, b)), left, self.sum(), alike=True)

    def sum(self) -> Node:
        node = self.product()
        while self.peek("+", "-"):
            plus = self.tokens[self.at][1] == "+"
            self.at += 1
            node = _applied((lambda a, b: a + b) if plus else (lambda a, b: a - b), node, self.product())
        return node

    def product(self) -> Node:
        node = self.single()
        while self.peek("*", "/"):
            times = self.tokens[self.at][1] == "*"
            self.at += 1
            node = _applied((lambda a, b: a * b) if times else _divide, node, self.single())
        return node

    def single(self) -> Node:
        signs = 0
        while self.peek("-"):
            self.at += 1
            signs += 1
        node = self.negated() if self.peek("not") else self.atom()
        return _applied(lambda a: -a, node) if signs % 2 else node

    def negated(self) -> Node:
        self.at += 1
        return _applied(lambda a: float(not a), self.atom())

    def atom(self) -> Node:
        if self.at >= len(self.tokens):
            self.fail(Text("公式没有写完", "the formula is not finished"))
        kind, word = self.tokens[self.at]
        if word == "(":
            self.at += 1
            node = self.either()
            self.take(")")
            return node
        if kind == "number":
            self.at += 1
            number = float(word)
            return lambda values: number
        if kind == "word":
            self.at += 1
            return self.call(word) if self.peek("(") else self.field(word)
        self.fail(Text("这里应为数字、字段或括号", "a number, a field or a bracket is expected here"))
        raise AssertionError

    def field(self, word: str) -> Node:
        if word not in self.fields:
            self.at -= 1
            self.fail(Text("没有这个字段", "there is no such field"))
        self.used.add(word)
        return lambda values: _plain(values.get(word))

    def call(self, name: str) -> Node:
        if name not in _FUNCTIONS:
            self.at -= 1
            self.fail(Text("没有这个函数", "there is no such function"))
        counts, make = _FUNCTIONS[name]
        self.take("(")
        given = [self.either()]
        while self.peek(","):
            self.at += 1
            given.append(self.either())
        if len(given) not in counts:
            self.fail(Text(f"{name} 的参数个数不对", f"{name} takes another number of arguments"))
        self.take(")")
        return make(given)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadFormula(at=text[at : at + 8].strip(), why=Text("有不认识的字符", "there is an unknown character"))
        number, word, sign = match.groups()
        found.append(("number", number) if number else ("word", word) if word else ("sign", sign))
        at = match.end()
    return found


def _plain(value: Any) -> Value:
    """What a kept value is worth in a formula: numbers, days, yes and no; words only for `filled`."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return float("nan") if value else None  # there, but no number
    return float("nan") if value else None


def _numbers(values: list[Value], *, alike: bool = False) -> list[Any] | None:
    """The values where each is there and of one kind; None otherwise."""
    if any(v is None or v != v for v in values):
        return None
    days = [isinstance(v, date) for v in values]
    return values if (alike and len(set(days)) == 1) or not any(days) else None


def _applied(function: Callable[..., float | None], *nodes: Node, alike: bool = False) -> Node:
    def node(values: Mapping[str, Any]) -> Value:
        found = _numbers([n(values) for n in nodes], alike=alike)
        return None if found is None else function(*found)

    return node


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


def _logic(left: Node, right: Node, combine: Callable[[list[float]], bool]) -> Node:
    return _applied(lambda a, b: float(combine([a, b])), left, right)


def _if(given: list[Node]) -> Node:
    def node(values: Mapping[str, Any]) -> Value:
        condition = _numbers([given[0](values)])
        return None if condition is None else given[1 if condition[0] else 2](values)

    return node


def _days(given: list[Node]) -> Node:
    def node(values: Mapping[str, Any]) -> Value:
        first, last = (n(values) for n in given)
        return float((last - first).days) if isinstance(first, date) and isinstance(last, date) else None

    return node


def _round(given: list[Node]) -> Node:
    return _applied(lambda x, digits=0.0: round(x, max(0, min(6, int(digits)))), *given)


_FUNCTIONS: dict[str, tuple[range, Callable[[list[Node]], Node]]] = {
    "min": (range(1, 9), lambda given: _applied(lambda *x: min(x), *given)),
    "max": (range(1, 9), lambda given: _applied(lambda *x: max(x), *given)),
    "round": (range(1, 3), _round),
    "if": (range(3, 4), _if),
    "days": (range(2, 3), _days),
    "filled": (range(1, 2), lambda given: lambda values: float(given[0](values) is not None)),
}
WORDS = frozenset({*_FUNCTIONS, "and", "or", "not"})
"""Words of the language, which no field may be called."""
