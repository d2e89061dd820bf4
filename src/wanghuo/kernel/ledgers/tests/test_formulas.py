"""Formula columns: right where they can be read, refused with a place where they cannot, and never a crash."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.kernel.ledgers.registers.formulas import BadFormula, parse

FIELDS = ("a", "b", "day", "to", "word")
VALUES = {"a": 6, "b": 4, "day": "2026-03-01", "to": "2026-03-31", "word": "十个"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", 14),
        ("(a + b) * 2", 20),
        ("-a - -b", -2),
        ("a / b", 1.5),
        ("a / (b - 4)", None),
        ("a - b - 1", 1),
        ("a / b / 2", 0.75),
        ("a > b and b > 5", 0),
        ("a > b or b > 5", 1),
        ("not a == 6", 0),
        ("not (a == 5)", 1),
        ("if(a >= 6, b, 0)", 4),
        ("if(a < 6, missing_is_fine_not, 0)", BadFormula),
        ("min(a, b, 1.5)", 1.5),
        ("max(a, b)", 6),
        ("round(a / 7, 2)", 0.86),
        ("days(day, to)", 30),
        ("day < to", 1),
        ("day + 1", None),
        ("filled(word)", 1),
        ("filled(a) + filled(word)", 2),
        ("word + 1", None),
        ("a +", BadFormula),
        ("a b", BadFormula),
        ("c + 1", BadFormula),
        ("a ** b", BadFormula),
        ("__import__('os')", BadFormula),
        ("a.real", BadFormula),
        ("min()", BadFormula),
        ("eval(a)", BadFormula),
        ("(" * 60 + "a" + ")" * 60, BadFormula),
        ("1" * 500, BadFormula),
        ("", BadFormula),
    ],
)
def test_formulas(text: str, value) -> None:
    if value is BadFormula:
        with pytest.raises(BadFormula):
            parse(text, FIELDS)
    else:
        assert parse(text, FIELDS).value(VALUES) == value


@pytest.mark.parametrize("gone", ["a", "b"])
def test_what_needs_an_empty_field_is_empty(gone: str) -> None:
    values = {k: v for k, v in VALUES.items() if k != gone}
    assert parse("a + b", FIELDS).value(values) is None
    assert parse("filled(a) + filled(b)", FIELDS).value(values) == 1


@given(st.text(alphabet="ab01.+-*/()<>=!, ndotriflmx_'\"\\[]{}中", max_size=60))
def test_no_text_crashes_the_parser(text: str) -> None:
    try:
        found = parse(text, FIELDS)
    except BadFormula:
        return
    value = found.value(VALUES)
    assert value is None or math.isfinite(value)


numbers = st.integers(-50, 50)
trees = st.recursive(
    st.one_of(numbers.map(lambda n: (f"({n})", float(n))), st.sampled_from([("a", 6.0), ("b", 4.0)])),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda t: (
            f"({t[0][0]} {t[1]} {t[2][0]})",
            {"+": t[0][1] + t[2][1], "-": t[0][1] - t[2][1], "*": t[0][1] * t[2][1]}[t[1]],
        )
    ),
    max_leaves=8,
)


@given(trees)
def test_arithmetic_is_arithmetic(tree) -> None:
    text, value = tree
    found = parse(text, FIELDS).value(VALUES)
    assert found is None if abs(value) > 1e15 else found == pytest.approx(value)
