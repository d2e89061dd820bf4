"""An indicator for tests, over parts given by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from wanghuo.base import Text
from wanghuo.kernel.indicators import registry
from wanghuo.kernel.indicators.registry import Indicator, Part


@contextmanager
def declared(parts: Mapping[str, Part], **fields: Any) -> Iterator[Indicator]:
    """The indicator `testing.rate`, in the catalogue for as long as the block lasts; `parts` may be changed
    meanwhile.
    """
    known: dict[str, Any] = {
        "code": "testing.rate",
        "name": Text("合格率", "pass rate"),
        "formula": Text("合格 ÷ 全部", "passed ÷ all"),
        "unit": "%",
        "better": "up",
        "source": "test",
        "mark": "D",
        "kind": "rate",
        "counts": lambda period: parts,
    }
    made = registry.register(Indicator(**{**known, **fields}))
    try:
        yield made
    finally:
        registry._registry.pop(made.code)
