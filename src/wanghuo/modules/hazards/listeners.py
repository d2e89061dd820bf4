"""What facts of other parts cause here."""

from __future__ import annotations

from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.loops import ClockMissed, due, open_duty
from wanghuo.kernel.outbox import listen
from wanghuo.modules.hazards import rules
from wanghuo.modules.hazards.contracts import HazardListed, HazardMoved, HazardReported
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.selectors import SUBJECT_KIND, subject_of
from wanghuo.modules.hazards.services.moves import add_step
from wanghuo.modules.hazards.states import HazardState

INDICATORS = (
    "hazards.closing_rate",
    "hazards.backlog_closing_rate",
    "hazards.on_time_rate",
    "hazards.recheck_pass_rate",
    "hazards.open",
    "hazards.major_closing_rate",
    "hazards.listing_rate",
    "hazards.major_open",
    "hazards.found",
    "hazards.closed",
    "hazards.complaint_on_time_rate",
    "hazards.recheck_on_time_rate",
)


@listen(HazardReported)
def on_reported(event: HazardReported) -> None:
    """A new hazard moves the indicators."""
    _dirty()


@listen(HazardMoved)
def on_moved(event: HazardMoved) -> None:
    """So does every move."""
    _dirty()


@listen(HazardListed)
def on_listed(event: HazardListed) -> None:
    """And a listing."""
    _dirty()


def _dirty() -> None:
    mark_dirty(*INDICATORS)


@listen(ClockMissed)
def on_clock_missed(event: ClockMissed) -> None:
    """A deadline that ran out stands on the time line; one for rectification also asks for a re-inspection.

    The re-inspection is due within the working days of 120号令 art 20 after expiry.
    """
    if event.subject_kind != SUBJECT_KIND:
        return
    hazard = Hazard.objects.select_for_update().filter(pk=event.subject_id).first()
    if hazard is None:
        return
    actor = system_actor("worker")
    add_step(hazard, f"clock_{event.rung}", actor=actor, at=event.at, source=hazard.state, note=event.rule)
    if event.rule == rules.RECTIFY_RULE and event.first and hazard.state == HazardState.RECTIFYING:
        recheck = due(rules.RECHECK_RULE, region=hazard.region_code, start=event.at)
        from wanghuo.modules.hazards.services.moves import EXPECTED

        open_duty(
            subject_of(hazard),
            move="recheck",
            title=EXPECTED[HazardState.SUBMITTED].title.filled({"place": hazard.place}),
            right="hazards.reinspect",
            asked_by=actor,
            due_at=recheck.at,
            rule=rules.RECHECK_RULE,
            url=f"{hazard.url}/acts/recheck",
        )
