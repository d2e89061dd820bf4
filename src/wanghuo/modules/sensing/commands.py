"""Commands down to a device: written here, sent by the gateway, ended by what the journal says.

Reset, silence and initialise are not offered: from afar they would be the dangerous ones (security.md 1.3).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from wanghuo.base import AppError, Invalid, NotFound, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.jobs.periodic import each
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.outbox.doorbell import ring
from wanghuo.modules.sensing import contracts, selectors
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import Command, Device, SensorEvent
from wanghuo.modules.sensing.states import DeviceState

ACTS = {
    "clock_sync": Text("校时", "set the clock"),
    "duty_check": Text("查岗", "check the duty post"),
    "read_state": Text("读取装置状态", "read the device's state"),
}
"""Every act, with its name."""

STATES = {
    "queued": Text("待下发", "waiting to be sent"),
    "sent": Text("已下发", "sent"),
    "confirmed": Text("已确认", "confirmed"),
    "answered": Text("已应答", "answered"),
    "denied": Text("被拒绝", "denied"),
    "expired": Text("超时无应答", "no answer in time"),
}
COMMANDED = (GB26875, "mqtt")
"""Protocols over which commands go down."""

LIMITED = ("clock_sync", "duty_check")
A_MINUTE = timedelta(minutes=1)
DEFAULT_MINUTES, MOST_MINUTES = 5, 10
"""GB 26875.1-2011: the device's prompt lasts until answered, at most 10 min."""

TO_A_LINK = timedelta(seconds=90)
"""A command that no link takes in this time expires."""

LONGEST = TO_A_LINK + timedelta(minutes=MOST_MINUTES)
"""The longest life of a command."""

_UNITS = {"clock_sync": (1, b"\x5a\x01" + bytes(6)), "duty_check": (1, b"\x5b\x01"), "read_state": (4, b"\x51\x01\x00")}


class CommandTooSoon(AppError):
    """Types 89, 90 and 91 are limited for each device."""

    code = "sensing.command_too_soon"
    status = 409
    text = Text(
        "一分钟内已对该设备下发过“{act}”，请稍后再试。",
        "“{act}” went to this device less than a minute ago; try again later.",
    )


class NoWayDown(Invalid):
    """The device's protocol takes no commands from here."""

    code = "sensing.no_way_down"
    text = Text("该设备的接入协议不支持下行指令。", "Nothing can be sent down over this device's protocol.")


@transaction.atomic
def send_command(*, ref: str, act: str, reason: str, actor: Actor, minutes: int = DEFAULT_MINUTES) -> UUID:
    """Ask for a command to a device; gives its key. Raises NotFound, NotPermitted, Invalid, CommandTooSoon.

    `minutes`: how long a duty check waits for its answer (1 to 10). The command expires when no link takes it in 90 s.
    """
    device = selectors.get_device(ref, actor=actor, lock=True)
    actor.require("sensing.command", device)
    if act not in ACTS:
        raise NotFound(what=Text("指令", "command"), ref=act)
    if not reason.strip():
        raise Invalid(Text("请写明下发原因。", "Say why the command is sent."), field="reason")
    if not 1 <= minutes <= MOST_MINUTES:
        raise Invalid(Text("应答时限为 1 至 10 分钟。", "The time to answer is 1 to 10 minutes."), field="minutes")
    if device.state == DeviceState.RETIRED:
        raise Invalid(Text("设备已停用。", "The device is retired."), field="act")
    now = timezone.now()
    if (
        act in LIMITED
        and Command.objects.filter(device=device, act=act, asked_at__range=(now - A_MINUTE, now)).exists()
    ):
        raise CommandTooSoon(act=ACTS[act])
    if device.protocol not in COMMANDED:
        raise NoWayDown(field="act")
    command = new_command(device, act, reason=reason.strip()[:200], minutes=minutes, asked_by=actor.id, now=now)
    command.save(force_insert=True)
    device.down_serial = (device.down_serial + 1) % 65536
    device.save(update_fields=["down_serial"])
    after = {"act": act, "serial": command.serial, "reason": command.reason}
    audit.record(actor, "sensing:device:command", device.ref, region=device.region_code, after=after)
    ring("commands")
    return command.id


def new_command(device: Device, act: str, *, reason: str, minutes: int, asked_by: int | None, now: datetime) -> Command:
    """A command that is not saved yet, with the device's next serial; a device that takes messages gets it as rpc."""
    byte, unit = _UNITS[act]
    duty = act == "duty_check"
    return Command(
        device=device,
        act=act,
        serial=device.down_serial,
        command_byte=byte,
        unit_hex=(unit + bytes((minutes,)) if duty else unit).hex(),
        minutes=minutes if duty else 0,
        body={} if device.protocol == GB26875 else {"rpc": act},
        reason=reason,
        asked_by=asked_by,
        asked_at=now,
        expires_at=now + TO_A_LINK + timedelta(minutes=minutes if duty else 0),
    )


def expire(now: datetime) -> int:
    """End the commands whose time ran out; a duty check that was sent and not answered is told to others.

    What was asked while the clock was ahead would never run out: it ends, too. The clock's own rest (jobs.py) has given it
    its time by then.
    """
    run_out = Q(expires_at__lte=now) | Q(expires_at__gt=now + LONGEST)
    due = list(Command.objects.filter(run_out, state__in=("queued", "sent", "confirmed"), done_at=None)[:500])
    return sum(each([command.id for command in due], lambda id: _expire_one(id, now)).done)


@transaction.atomic
def _expire_one(command_id: UUID, now: datetime) -> int:
    command = Command.objects.select_for_update(of=("self",)).select_related("device").get(pk=command_id)
    if command.done_at is not None or command.state not in ("queued", "sent", "confirmed"):
        return 0
    was, command.state, command.done_at = command.state, "expired", now
    command.save(update_fields=["state", "done_at"])
    device = command.device
    SensorEvent.objects.create(
        device=device, what="command_expired", detail={"act": command.act, "was": was}, at=now, received_at=now
    )
    if command.act == "duty_check" and was != "queued":
        emit(
            contracts.DutyUnanswered(
                device_id=device.id,
                device_ref=device.ref,
                region_code=device.region_code,
                unit_id=device.unit_id,
                command_id=command.id,
                asked_at=command.asked_at,
            )
        )
    return 1
