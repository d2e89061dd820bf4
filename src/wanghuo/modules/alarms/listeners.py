"""What sensing tells becomes alarms; what alarms do moves the indicators."""

from __future__ import annotations

from wanghuo.base import Text
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.notify import notify
from wanghuo.kernel.outbox import listen
from wanghuo.modules.alarms import services
from wanghuo.modules.alarms.contracts import AlarmMoved, AlarmRaised, FireConfirmed
from wanghuo.modules.sensing.contracts import DeviceOffline, DeviceOnline, DutyUnanswered, SignalCleared, SignalRaised

INDICATORS = ("alarms.handling_time", "alarms.take_on_time_rate", "alarms.false_share", "alarms.fires")


@listen(SignalRaised, SignalCleared)
def on_signal(event: SignalRaised | SignalCleared) -> None:
    """A condition appeared, or is gone: one listener for both, so that they are heard in their order."""
    if isinstance(event, SignalRaised):
        services.raise_from_signal(event)
    else:
        services.signal_cleared(event)


@listen(DeviceOffline, DeviceOnline)
def on_silence(event: DeviceOffline | DeviceOnline) -> None:
    """A device fell silent, or is heard again."""
    if isinstance(event, DeviceOffline):
        services.device_offline(event)
    else:
        services.device_online(event)


@listen(DutyUnanswered)
def on_unanswered(event: DutyUnanswered) -> None:
    """A control room did not answer."""
    services.duty_unanswered(event)


@listen(AlarmRaised)
def on_raised(event: AlarmRaised) -> None:
    """A new alarm moves the indicators."""
    _dirty()


@listen(AlarmMoved)
def on_moved(event: AlarmMoved) -> None:
    """So does every move."""
    _dirty()


@listen(FireConfirmed)
def on_fire(event: FireConfirmed) -> None:
    """A confirmed fire reaches the people of the unit and the commanders at once."""
    title = Text("确认火警：{place}", "Fire confirmed: {place}").filled({"place": event.place})
    body = Text("请立即按预案处置", "Act on the plan at once")
    people = set(holders("alarms.answer", event.region_code, unit=event.unit_id))
    people |= set(holders("alarms.supervise", event.region_code))
    notify(sorted(people), level="A", title=title, body=body, url=f"/alarms/{event.ref}", about=event.ref)


def _dirty() -> None:
    for code in INDICATORS:
        mark_dirty(code)
