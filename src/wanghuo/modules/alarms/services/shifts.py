"""Taking over a seat and handing it over (交接班): the newcomer reads what is urgent before the seat is his or hers."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.modules.alarms.models import Shift
from wanghuo.modules.alarms.selectors import queue, shift_of


class UrgentNotRead(Invalid):
    """Every open alarm of the first two classes is opened before a seat is taken over."""

    code = "alarms.urgent_not_read"
    status = 409
    text = Text(
        "还有 {count} 条一、二级报警未查看：{refs}。", "{count} alarms of class 1 or 2 were not opened yet: {refs}."
    )


class SoundNotTested(Invalid):
    """A seat without sound is no seat."""

    code = "alarms.sound_not_tested"
    status = 409
    text = Text("请先试听报警声音。", "Listen to the test tone first.")


SHIFT = Text("值班席位", "Seat")


@transaction.atomic
def start_shift(*, seat: str, read_refs: list[str], sound_tested: bool, actor: Actor) -> Shift:
    """Take a seat. An open shift at the seat is ended by this; the two are linked. Raises UrgentNotRead, SoundNotTested."""
    actor.require("alarms.handle")
    if actor.id is None:
        raise Invalid(Text("席位须由本人接班。", "A person must take the seat."))
    if not seat.strip():
        raise Invalid(Text("请填写席位。", "Name the seat."), field="seat")
    if not sound_tested:
        raise SoundNotTested()
    urgent = {a.ref for a in queue(actor, region=actor.home) if a.priority <= 2}
    if missing := sorted(urgent - set(read_refs)):
        raise UrgentNotRead(count=len(missing), refs="、".join(missing[:5]))
    if shift_of(actor.id) is not None:
        raise Conflict(what=SHIFT)
    now = timezone.now()
    before = Shift.objects.select_for_update().filter(region_code=actor.home, seat=seat, ended_at__isnull=True).first()
    if before is not None:
        before.ended_at = now
        before.save(update_fields=["ended_at"])
    shift = Shift.objects.create(
        region_code=actor.home,
        seat=seat,
        user_id=actor.id,
        user_name=actor.name,
        started_at=now,
        taken_from=before,
        read_refs=sorted(read_refs),
        sound_tested=sound_tested,
    )
    record(actor, "alarms:shift:start", seat, region=actor.home, after={"read": len(read_refs)})
    return shift


@transaction.atomic
def end_shift(*, note: str, actor: Actor) -> Shift:
    """Hand the seat over with a note for whoever comes next."""
    current = shift_of(actor.id)
    if current is None:
        raise Conflict(what=SHIFT)
    shift = Shift.objects.select_for_update().get(pk=current.pk)
    shift.ended_at, shift.note = timezone.now(), note
    shift.save(update_fields=["ended_at", "note"])
    record(actor, "alarms:shift:end", shift.seat, region=shift.region_code)
    return shift


def last_note(region: str, seat: str) -> Shift | None:
    """The shift before: who sat here and what was left to say."""
    return Shift.objects.filter(region_code=region, seat=seat, ended_at__isnull=False).order_by("-ended_at").first()
