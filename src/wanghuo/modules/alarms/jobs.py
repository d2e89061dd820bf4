"""What the clock does to alarms: nobody takes a fire in time, so somebody else is called."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Kind
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.jobs.periodic import each, every
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.services import ask, escalate, expire, settle
from wanghuo.modules.alarms.states import AlarmState

RULE = "alarms.escalate_after"


@every(5, "alarms.escalate")
def escalate_untaken() -> int:
    """Escalate fire alarms that nobody took within the seconds of the rule: once by itself, then a person decides."""
    now = timezone.now()
    seconds = rule(RULE, region="0", on=local_day(now)).value["seconds"]
    since = now - timedelta(seconds=seconds)  # since the operator was called
    late = Q(shown_at__lte=since) | Q(shown_at__isnull=True, received_at__lte=since)
    rows = Alarm.objects.filter(late, kind=Kind.FIRE, state=AlarmState.NEW, escalations=0, route="show")
    refs = list(rows.values_list("ref", flat=True)[:200])
    return len(each(refs, lambda ref: escalate(ref, actor=system_actor("worker"))).done)


@every(2, "alarms.ask")
def ask_on_the_spot() -> int:
    """Ask the unit about new fire alarms, and the grid worker where it did not answer."""
    return ask()


@every(2, "alarms.settle")
def settle_what_is_due() -> int:
    """Show what was waited for in vain, and end what kept quiet."""
    return settle()


@every(10, "alarms.expire")
def end_shelves_and_windows() -> int:
    """Shelving and maintenance end by themselves."""
    return expire()
