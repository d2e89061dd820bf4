"""Subjects for tests of duties and clocks."""

from __future__ import annotations

from typing import Any

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.loops.contracts import Subject

PUNING, NEXT_COUNTY = "445281", "445222"


def subject(region: str = "445281102", ref: str = "YH-445281-2026-00017", **fields: Any) -> Subject:
    """A hazard of a small restaurant in a street of Puning."""
    known: dict[str, Any] = {"kind": "hazard", "id": new_id(), "url": f"/hazards/{ref}", "what": Text("隐患", "Hazard")}
    return Subject(**{**known, "ref": ref, "region_code": region, **fields})
