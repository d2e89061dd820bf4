"""The page of system health."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from wanghuo.base import Text
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui import go, render
from wanghuo.modules.cockpit import system as platform_health


@needs("system.view")
@require_GET
def system(request: HttpRequest) -> HttpResponseBase:
    """Problems first, then each part."""
    found = platform_health.health()
    context = {"title": Text("运行状况", "System health"), "health": found, "tiles": _tiles(found)}
    return render(request, "cockpit/system.html", context)


def _tiles(found: platform_health.Health) -> list[tuple[Text, float, str, str, int]]:
    """Label, value, unit, address and decimals of the figures on top."""
    return [
        (Text("设备连接", "Device links"), found.gateway.links, "", "", 0),
        (Text("未读批次", "Batches to read"), found.gateway.lag, "", "", 0),
        (Text("待投递事件", "Events to deliver"), found.outbox.waiting, "", "", 0),
        (Text("死信", "Dead letters"), found.outbox.dead, "", "#dead", 0),
        (Text("封存滞后", "Seal lag"), found.seal.lag_s, "s", "", 0),
        (Text("剩余磁盘", "Free disk"), found.free_bytes / 1e9, "GB", "", 1),
    ]


@needs("system.view")
@require_POST
@transaction.atomic
def resend(request: HttpRequest) -> HttpResponseBase:
    """Send what was given up on one way out once more."""
    platform_health.resend(name=request.POST.get("name", ""), actor=request.actor)  # type: ignore[attr-defined]
    return go(request, "/admin/system#out")


@needs("system.view")
@require_POST
@transaction.atomic
def retry(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """Deliver a dead letter again."""
    platform_health.retry(delivery_id=delivery_id, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, "/admin/system#dead")
