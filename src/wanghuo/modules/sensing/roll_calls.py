"""Roll-calls (点名查岗): duty checks asked of many posts at once, each with its clock, and the league of those who answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import grants_q
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.outbox.doorbell import ring
from wanghuo.modules.sensing.commands import A_MINUTE, COMMANDED, MOST_MINUTES, new_command
from wanghuo.modules.sensing.models import Command, Device, RollCall
from wanghuo.modules.sensing.states import HEARD

RIGHT, ACT = "sensing.command", "duty_check"
MOST = 2000  # posts of one roll-call
LONGEST_DAYS, MOST_COMMANDS = 366, 200_000
WHAT = Text("查岗", "roll-call")


class NobodyToCall(Invalid):
    """No post that could answer was chosen."""

    code = "sensing.nobody_to_call"
    text = Text(
        "范围内没有在线、且近一分钟未被查岗的设备。",
        "No device there is on line and has not been asked within the last minute.",
    )


def get_roll_call(ref: str, *, actor: Actor) -> RollCall:
    """A roll-call by its reference. Out of the actor's scope and absent look the same: not found."""
    found: RollCall | None = RollCall.objects.visible_to(actor).filter(ref=ref).first()
    if found is None:
        raise NotFound(what=WHAT, ref=ref)
    return found


@transaction.atomic
def call_roll(*, region_code: str, minutes: int, reason: str, actor: Actor, unit_ids: Iterable[UUID] = ()) -> RollCall:
    """Ask every post of a region (or of some units) that is on line; gives the roll-call. Devices off line are counted as
    skipped: nobody can answer there. Raises NotPermitted, Invalid, NobodyToCall; then asks nobody.

    `minutes`: how long each waits for its answer (1 to 10).
    """
    now = timezone.now()
    if not reason.strip():
        raise Invalid(Text("请写明查岗原因。", "Say why."), field="reason")
    if not 1 <= minutes <= MOST_MINUTES:
        raise Invalid(Text("应答时限为 1 至 10 分钟。", "The time to answer is 1 to 10 minutes."), field="minutes")
    call = RollCall(minutes=minutes, reason=reason.strip()[:200], asked_by=actor.id, asked_at=now)
    call.place(region_code or actor.home)
    actor.require(RIGHT, call)
    rows = Device.objects.in_region(call.region_code).filter(grants_q(actor, RIGHT), protocol__in=COMMANDED)
    if units := list(unit_ids):
        rows = rows.filter(unit_id__in=units)
    chosen = rows.filter(unit__isnull=False)
    lately = Command.objects.filter(device=OuterRef("pk"), act=ACT, asked_at__gt=now - A_MINUTE)
    ready = chosen.filter(~Exists(lately), state__in=HEARD)
    devices = list(ready.select_for_update(of=("self",)).order_by("ref")[: MOST + 1])
    if not devices:
        raise NobodyToCall(field="region")
    if len(devices) > MOST:
        raise Invalid(
            Text("一次最多 {n} 个岗位，请缩小范围。", "At most {n} posts at once; choose less.").filled({"n": MOST}),
            field="region",
        )
    call.ref = next_ref("CG", call.region_code, local_day(now).year)
    call.asked, call.skipped = len(devices), chosen.count() - len(devices)
    call.save(force_insert=True)
    _ask(call, devices, now)
    after = {"asked": call.asked, "minutes": minutes, "reason": call.reason}
    audit.record(actor, "sensing:roll_call:ask", call.ref, region=call.region_code, after=after)
    ring("commands")
    return call


def _ask(call: RollCall, devices: list[Device], now: datetime) -> None:
    commands = []
    for device in devices:
        command = new_command(device, ACT, reason=call.reason, minutes=call.minutes, asked_by=call.asked_by, now=now)
        command.roll_call = call
        commands.append(command)
        device.down_serial = (device.down_serial + 1) % 65536
    Command.objects.bulk_create(commands, batch_size=500)
    Device.objects.bulk_update(devices, ["down_serial"], batch_size=500)


@dataclass(frozen=True, slots=True)
class Post:
    """One post of a roll-call. `took_s`: from the question to the answer; `left_s`: what remains of its time."""

    command: Command
    answered: bool
    waiting: bool
    took_s: float | None
    left_s: float


def posts_of(call: RollCall, now: datetime) -> list[Post]:
    """The posts of a roll-call: those that wait first, then those that did not answer, then by the time they took."""
    rows = call.commands.select_related("device", "device__unit")
    posts = [_post(command, now) for command in rows]
    return sorted(posts, key=lambda p: (not p.waiting, p.answered, p.took_s or 0.0, p.command.device.ref))


def _post(command: Command, now: datetime) -> Post:
    answered = command.state == "answered"
    took_s = (command.done_at - command.asked_at).total_seconds() if answered and command.done_at else None
    waiting = command.done_at is None and command.expires_at > now
    return Post(command, answered, waiting, took_s, max(0.0, (command.expires_at - now).total_seconds()))


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the league. `rate`: answered ÷ asked in per cent; `median_s`: of those that answered."""

    key: str
    asked: int
    answered: int
    rate: float
    median_s: float | None


def league(actor: Actor, *, days: int, by: str, region: str = "") -> list[Standing]:
    """Answer rate and median time by unit ("unit"), or by the divisions one level down ("region"); the best first.

    Counted: duty checks the device was sent within so many days. One that never left us counts for nobody.
    """
    since = timezone.now() - timedelta(days=max(1, min(days, LONGEST_DAYS)))
    rows = Command.objects.filter(
        device__in=Device.objects.visible_to(actor).in_region(region or "0"), act=ACT, asked_at__gte=since
    ).exclude(state="queued")
    rows = rows.exclude(state="expired", sent_at=None)
    width = _below(region)
    found: dict[str, list[float | None]] = {}
    names = ("device__unit_id", "device__region_code", "state", "asked_at", "done_at")
    for unit, code, state, asked_at, done_at in rows.order_by("-asked_at").values_list(*names)[:MOST_COMMANDS]:
        key = str(unit or "") if by == "unit" else code[:width]
        if key:
            took = (done_at - asked_at).total_seconds() if state == "answered" and done_at else None
            found.setdefault(key, []).append(took)
    lines = [_standing(key, times) for key, times in found.items()]
    return sorted(lines, key=lambda s: (-s.rate, s.median_s if s.median_s is not None else 1e9, -s.asked, s.key))


def _below(region: str) -> int:
    """How many digits name a division one level below."""
    return {0: 2, 2: 4, 4: 6, 6: 9}.get(len(region.strip("0") and region), 9)


def _standing(key: str, times: list[float | None]) -> Standing:
    answered = [each for each in times if each is not None]
    rate = round(100.0 * len(answered) / len(times), 1)
    return Standing(key, len(times), len(answered), rate, median(answered) if answered else None)
