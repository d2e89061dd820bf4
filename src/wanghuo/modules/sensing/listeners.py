"""What moves the indicators of sensing."""

from __future__ import annotations

from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.outbox import listen
from wanghuo.modules.sensing.contracts import DeviceChanged, DeviceOffline, DeviceOnline


@listen(DeviceOffline)
def on_offline(event: DeviceOffline) -> None:
    """The online rate fell."""
    mark_dirty("sensing.online_rate")


@listen(DeviceOnline)
def on_online(event: DeviceOnline) -> None:
    """The online rate rose."""
    mark_dirty("sensing.online_rate")


@listen(DeviceChanged)
def on_changed(event: DeviceChanged) -> None:
    """The register changed: who counts, and which units are connected."""
    mark_dirty("sensing.online_rate")
    mark_dirty("sensing.networking_rate")
