"""What moves the indicators of sensing."""

from __future__ import annotations

from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.outbox import listen, listen_many
from wanghuo.modules.sensing.contracts import DeviceChanged, DeviceOffline, DeviceOnline, DevicesOffline


@listen_many(DeviceOffline, DevicesOffline, DeviceOnline)
def on_silences(events: list[DeviceOffline | DevicesOffline | DeviceOnline]) -> None:
    """The online rate fell or rose."""
    mark_dirty("sensing.online_rate")


@listen(DeviceChanged)
def on_changed(event: DeviceChanged) -> None:
    """The register changed: who counts, and which units are connected."""
    mark_dirty("sensing.online_rate")
    mark_dirty("sensing.networking_rate")
