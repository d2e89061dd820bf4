"""A device's whole story: registered on a phone by its code, alive, silent, down, a duty, and back."""

from __future__ import annotations

import json
import random
import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.deployment import NORMAL, Deployment, Device, until
from tests.journeys.visitor import PHONE, Visitor
from wanghuo.entrypoints.simulator import world as worlds

pytestmark = pytest.mark.browser
NUMBER = 4_260_001
SOURCE = NUMBER.to_bytes(6, "little").hex()

UNIT = """
from wanghuo.entrypoints.cli.django_setup import setup
setup()
import json
import random
from wanghuo.kernel.accounts.models import User
from wanghuo.modules.places.models import Unit
unit = Unit.objects.get(pk=User.objects.get(username="manager").grants.get().unit)
print(json.dumps([unit.ref, unit.name]))
"""
SILENCE = """
from wanghuo.entrypoints.cli.django_setup import setup
setup()
from datetime import timedelta
from django.utils import timezone
from wanghuo.modules.sensing.models import LOOK_NOW, Device, IngestPosition
IngestPosition.objects.update(listening_since=timezone.now() - timedelta(hours=1))  # the deployment has only just begun
Device.objects.filter(source="%s").update(last_seen_at=timezone.now() - timedelta(minutes=10), check_at=LOOK_NOW)
"""
HOURS_LATER = """
from wanghuo.entrypoints.cli.django_setup import setup
setup()
from datetime import timedelta
from wanghuo.modules.sensing import outages
from wanghuo.modules.sensing.models import Outage
row = Outage.objects.get(device__source="%s", ended_at=None)
Outage.objects.filter(pk=row.pk).update(found_at=row.found_at - timedelta(hours=3))
print(outages.ask_to_mend())
"""


def test_a_device_is_registered_by_scan_goes_silent_and_comes_back(visit: Visit, deployment: Deployment) -> None:
    unit_ref, unit_name = json.loads(deployment.python(UNIT))
    supervisor = visit("supervisor", size=PHONE)
    ref = registered_by_scan(supervisor, unit_ref, unit_name)
    device = Device(
        worlds.SimulatedDevice(SOURCE, 30.0, worlds.points_for(random.Random(1), 2)), deployment.gateway_port
    )
    device.tell(device.detectors[0], NORMAL)
    expect(supervisor.page.locator("#signal")).to_contain_text("收到信号")
    supervisor.page.get_by_role("link", name="设备页").click()
    supervisor.state("正常")

    deployment.python(SILENCE % SOURCE)
    supervisor.goto("/devices/down")
    until(lambda: listed(supervisor, ref), "the device is on the list of those that are down")
    assert int(deployment.python(HOURS_LATER % SOURCE)) >= 1
    manager = visit("manager", size=PHONE)
    expect(manager.duty(ref)).to_contain_text("修复失联设备")
    manager.goto("/devices/down")
    expect(manager.page.locator("#list")).to_contain_text("单位消防安全管理人")

    device.tell(device.detectors[0], NORMAL)
    until(lambda: not listed(supervisor, ref), "it is off the list once it is heard again")
    manager.goto("/todo")
    expect(manager.page.locator("main")).not_to_contain_text("修复失联设备")
    supervisor.goto(f"/devices/{ref}")
    supervisor.state("正常")


def registered_by_scan(supervisor: Visitor, unit_ref: str, unit_name: str) -> str:
    """Types the code (a test has no camera), finds the unit on the little map, and registers."""
    page = supervisor.page
    supervisor.goto("/devices/scan")
    page.get_by_label("编码、设备地址或 IMEI").fill(str(NUMBER))
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("找单位").fill(unit_name)
    mark = page.locator(f"[data-near-picture] [data-ref='{unit_ref}']")
    expect(mark).to_be_visible()
    mark.locator("circle").click()
    expect(page.locator("[name=unit]")).to_have_value(unit_ref)
    page.locator("[name=floor]").fill("2F")
    page.locator("[name=location]").fill("楼梯口")
    page.locator("[name=installer]").fill("宏达消防工程")
    page.get_by_role("button", name="登记并测试信号").click()
    expect(page.locator("#signal")).to_contain_text("等待信号")
    found = re.search(r"/devices/scan/(SB-[\d-]+)", page.url)
    assert found, page.url
    return found[1]


def listed(supervisor: Visitor, ref: str) -> bool:
    """Whether the device is on the list of those that are down."""
    supervisor.goto(f"/devices/down?q={ref}")
    return supervisor.page.locator("#list tr[data-row]", has_text=ref).count() > 0
