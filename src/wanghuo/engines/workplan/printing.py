"""A compiled paper as JSON: the stable form of `wanghuo workplan compile --json`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wanghuo.engines.workplan.paper import Deadline, Flag, Item, Paper, Target


def paper_json(paper: Paper) -> dict[str, Any]:
    """The whole paper."""
    return {
        "title": paper.title,
        "issuer": paper.issuer,
        "number": paper.number,
        "issued_on": _day(paper.issued_on),
        "period": {"from": _day(paper.period[0]), "to": _day(paper.period[1])},
        "region": paper.region,
        "items": [_item(item) for item in paper.items],
        "targets": [_target(target) for target in paper.targets],
        "flags": [_flag(flag) for flag in paper.flags],
        "noise": [{"start": start, "end": end} for start, end in paper.noise],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "no": item.no,
        "path": item.path,
        "heading": item.heading,
        "text": item.text,
        "start": item.start,
        "end": item.end,
        "actions": [{"text": a.text, "start": a.start, "end": a.end} for a in item.actions],
        "owners": [{"name": o.name, "role": o.role, "start": o.start, "end": o.end} for o in item.owners],
        "deadlines": [_deadline(deadline) for deadline in item.deadlines],
    }


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {
        "text": deadline.text,
        "kind": deadline.kind,
        "from": _day(deadline.first),
        "to": _day(deadline.last),
        "frequency": deadline.frequency,
        "start": deadline.start,
        "end": deadline.end,
    }


def _target(target: Target) -> dict[str, Any]:
    value = list(target.value) if isinstance(target.value, tuple) else target.value
    return {
        "item": target.item,
        "metric": target.metric,
        "op": target.op,
        "value": value,
        "unit": target.unit,
        "scope": target.scope,
        "region": target.region,
        "deadline": _day(target.deadline),
        "frequency": target.frequency,
        "quote": target.quote,
        "start": target.start,
        "end": target.end,
        "confidence": round(target.confidence, 2),
        "soft": target.soft,
        "implied": target.implied,
    }


def _flag(flag: Flag) -> dict[str, Any]:
    return {
        "item": flag.item,
        "kind": flag.kind,
        "readings": list(flag.readings),
        "quote": flag.quote,
        "start": flag.start,
        "end": flag.end,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
