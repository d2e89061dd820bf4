"""What sensing tells becomes alarms; what alarms do moves the indicators."""

from __future__ import annotations

from wanghuo.base import Text
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.notify import notify
from wanghuo.kernel.outbox import listen, listen_many
from wanghuo.modules.alarms import services
from wanghuo.modules.alarms.contracts import AlarmMoved, AlarmRaised, FireConfirmed
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.states import AlarmState
from wanghuo.modules.sensing import public as sensing
from wanghuo.modules.sensing.contracts import (
    DeviceOffline,
    DeviceOnline,
    DevicesOffline,
    DutyUnanswered,
    SignalCleared,
    SignalRaised,
)

INDICATORS = (
    "alarms.handling_time",
    "alarms.take_on_time_rate",
    "alarms.false_share",
    "alarms.fires",
    "alarms.corroborated_share",
    "alarms.per_operator_hour",
)


@listen_many(SignalRaised, SignalCleared)
def on_signals(events: list[SignalRaised | SignalCleared]) -> None:
    """Conditions appeared, or are gone: one listener for both, so that they are heard in their order, and many at once in a flood."""
    services.take_signals(events)


@listen_many(DeviceOffline, DeviceOnline)
def on_silences(events: list[DeviceOffline | DeviceOnline]) -> None:
    """Devices fell silent, or are heard again."""
    services.take_silences(events)


@listen(DevicesOffline)
def on_mass_silence(event: DevicesOffline) -> None:
    """Very many devices fell silent at once."""
    services.take_mass_silence(event)


@listen(DutyUnanswered)
def on_unanswered(event: DutyUnanswered) -> None:
    """A control room did not answer."""
    services.duty_unanswered(event)


@listen_many(AlarmRaised, AlarmMoved)
def on_moved(events: list[AlarmRaised | AlarmMoved]) -> None:
    """A new alarm and every move change the indicators."""
    mark_dirty(*INDICATORS)


@listen(AlarmMoved)
def on_judged_false(event: AlarmMoved) -> None:
    """A false alarm counts against the maker and the installer of its device (the league of sensing)."""
    if event.target != AlarmState.FALSE:
        return
    found = Alarm.objects.filter(pk=event.alarm_id).values_list("device_id", flat=True).first()
    if found is not None:
        sensing.count_false_alarm(found, event.at)


@listen(FireConfirmed)
def on_fire(event: FireConfirmed) -> None:
    """A confirmed fire reaches the people of the unit and the commanders at once."""
    title = Text("确认火警：{place}", "Fire confirmed: {place}").filled({"place": event.place})
    body = Text("请立即按预案处置", "Act on the plan at once")
    people = set(holders("alarms.answer", event.region_code, unit=event.unit_id))
    people |= set(holders("alarms.supervise", event.region_code))
    notify(sorted(people), level="A", title=title, body=body, url=f"/alarms/{event.ref}", about=event.ref)
