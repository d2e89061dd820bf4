"""What can be done where an indicator lags: upper parts register their acts, the page of the indicator offers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators.aims import direction
from wanghuo.kernel.indicators.measuring import Measure, light
from wanghuo.kernel.regions import codes


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An act on a region that lags: an order, a letter. `address` takes code, region and period as the address writes
    them; `right` must be held by an office above the region, since nobody sends an order to themselves."""

    label: Text
    right: str
    address: Callable[[str, str, str], str]


_known: list[FollowUp] = []


def follow_up(label: Text, right: str, address: Callable[[str, str, str], str]) -> None:
    """Register an act; called from `AppConfig.ready()`. In the order of the calls; the same label replaces."""
    _known[:] = [each for each in _known if each.label != label] + [FollowUp(label, right, address)]


def lags(found: Measure, under: Measure | None, now: datetime) -> bool:
    """Whether a region is behind what is expected by now, or was to report and did not.

    `under`: the region above. Where a region has no target of its own, what is no growing count is held against the one
    above it, as monthly orders do: a share is asked of everybody as it is.
    """
    of = found.indicator
    if found.value is None:
        return found.missing > 0 and of.told
    if found.target is not None or under is None or under.expected is None or of.accumulates or of.kind == "count":
        return bool(found.level)
    better = direction(of, under.set_by.op) if under.set_by is not None else of.better
    shown = light(of, found.value, under.expected, region=found.region, now=now, better=better)
    return shown is not None and shown.value != "green"


def offered(found: Measure, actor: Actor, now: datetime, under: Measure | None = None) -> list[tuple[Text, str]]:
    """The acts a person may take on a region that lags, as label and address; none where it does not lag."""
    if not lags(found, under, now):
        return []
    period = found.period.key
    return [
        (each.label, each.address(found.indicator.code, found.region, period))
        for each in _known
        if _from_above(actor, each.right, found.region)
    ]


def _from_above(actor: Actor, right: str, region: str) -> bool:
    return any(
        grant.region != region and codes.contains(grant.region, region) and not grant.sector and grant.unit is None
        for grant in actor.with_right(right)
    )
