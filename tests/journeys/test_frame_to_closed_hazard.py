"""From a TCP frame to a closed hazard and the moved indicator, through the pages, with six people."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Deployment, SignIn
from wanghuo.engines.codecs import gb26875 as gb

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys")]
FAULT = 0b101
FIRST_SOURCE = 1_000_001
SMOKE = 42


def send(deployment: Deployment, word: int, *, source: int = FIRST_SOURCE, serial: int = 1, point: int = 7) -> bytes:
    """Send one component state over TCP as a device does; the confirmation that came back."""
    now = datetime.now(UTC)
    label = gb.encode_time(now)
    state = gb.ComponentState(1, 1, SMOKE, point << 16 | 1, word, gb.encode_description("三层走廊烟感"), label)
    frame = gb.build_data(2, [state], serial=serial, source=source, dest=1, at=now)
    with socket.create_connection(("127.0.0.1", deployment.gateway), 5) as link:
        link.sendall(frame)
        link.settimeout(10)
        return link.recv(100)


def picture() -> dict[str, object]:
    buffer = BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(buffer, "JPEG")
    return {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def do(page: Page, act: str) -> None:
    """Open the form of an act on a detail page."""
    page.locator(f'[data-act="{act}"]').first.click()
    expect(page.locator("#act-panel form")).to_be_visible()


def send_form(page: Page) -> None:
    page.locator("#act-panel form button[type=submit]").click()
    expect(page.locator("#act-panel form")).to_have_count(0)


def press(page: Page, key: str, until: Callable[[], None]) -> None:
    """Press a console key until it is heard: right after a pane was put in, its buttons are not yet wired."""
    for _ in range(5):
        page.keyboard.press(key)
        try:
            return until()
        except AssertionError:
            continue
    until()


def closing(deployment: Deployment) -> dict[str, float]:
    year = str(datetime.now(UTC).year)
    shown = deployment.run("indicators", "show", "hazards.closing_rate", "--region", "445281", "--period", year)
    return json.loads(shown.stdout)


def test_from_a_frame_to_a_closed_hazard(deployment: Deployment, sign_in: SignIn) -> None:
    before = closing(deployment)

    operator = sign_in("operator")
    expect(operator.locator("[data-console-rows]")).to_be_visible()
    known = operator.locator("[data-alarm-row]").count()
    confirmed = send(deployment, FAULT)
    assert gb.StreamDecoder().feed(confirmed)[0].command == gb.Command.CONFIRM
    row = operator.locator("[data-alarm-row]", has_text="三层走廊烟感")
    expect(row).to_have_count(1, timeout=10_000)
    assert operator.locator("[data-alarm-row]").count() >= known
    alarm = row.get_attribute("data-alarm-row")

    row.click()
    pane = operator.locator("#console-pane")
    expect(pane.locator("h2")).to_contain_text("三层走廊烟感")
    press(operator, "a", lambda: expect(pane).to_contain_text("核实中", timeout=2000))
    press(operator, "g", lambda: expect(pane.locator("form")).to_be_visible(timeout=2000))
    pane.locator("form button[type=submit]").click()
    expect(pane).to_contain_text("故障属实")
    press(operator, "h", lambda: expect(pane.locator("form")).to_be_visible(timeout=2000))
    pane.locator("form button[type=submit]").click()
    link = pane.locator('a[href^="/hazards/YH-"]')
    expect(link).to_be_visible()
    hazard = link.get_attribute("href")

    inspector = sign_in("inspector")
    inspector.goto(hazard)
    expect(inspector.locator("main")).to_contain_text(alarm)
    do(inspector, "verify")
    send_form(inspector)
    expect(inspector.locator("main")).to_contain_text("已核实")
    do(inspector, "order")
    due = datetime.now().astimezone() + timedelta(days=7)
    inspector.fill("[name=due_at]", f"{due:%Y-%m-%dT%H:%M}")
    inspector.fill("[name=demands]", "更换探测器")
    inspector.fill("[name=second_officer]", "刘洋")
    inspector.select_option("[name=service]", "signed")
    send_form(inspector)
    expect(inspector.locator("main")).to_contain_text("整改中")

    manager = sign_in("manager", width=390, height=780)
    manager.goto(hazard)
    do(manager, "submit")
    manager.set_input_files("[name=photos]", picture())
    manager.fill("[name=note]", "已更换")
    send_form(manager)
    expect(manager.locator("main")).to_contain_text("待复查")

    second = sign_in("inspector2", language="en")
    second.goto(hazard)
    do(second, "pass")
    second.fill("[name=second_officer]", "张伟")
    second.fill("[name=note]", "works again")
    send_form(second)
    expect(second.locator("main")).to_contain_text("closed")

    after = closing(deployment)
    assert (after["numerator"], after["denominator"]) == (before["numerator"] + 1, before["denominator"] + 1)
    leader = sign_in("leader")
    leader.goto(f"/indicators/hazards.closing_rate?region=445281&period={datetime.now(UTC).year}")
    expect(leader.locator("main")).to_contain_text(re.compile(r"\d"))
    leader.goto(f"/hazards?q={hazard.rsplit('/', 1)[1]}")
    expect(leader.locator("main")).to_contain_text("已销案")

    checked = deployment.run("audit", "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    "username",
    [
        "operator",
        "inspector",
        "brigade",
        "clerk",
        "grid",
        "manager",
        "leader",
        "steward",
        "sysadmin",
        "security",
        "auditor",
    ],
)
def test_everybody_finds_their_way(username: str, sign_in: SignIn) -> None:
    """The first page opens, at most seven groups stand in the navigation, and none of its links leads nowhere."""
    page = sign_in(username, width=1366, height=768)
    links = {a.get_attribute("href") for a in page.locator("nav a[href^='/']").all()}
    assert links
    for link in sorted(links):
        answer = page.goto(link)
        assert answer is not None
        assert answer.status == 200, link


def test_a_second_detector_makes_a_presumed_fire(deployment: Deployment, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    send(deployment, 0b11, source=FIRST_SOURCE + 1, serial=1, point=11)
    send(deployment, 0b11, source=FIRST_SOURCE + 1, serial=2, point=12)
    first_class = operator.locator('[data-alarm-row][data-priority="1"]')
    expect(first_class).to_have_count(2, timeout=10_000)
    expect(first_class.first).to_contain_text("未经人工确认")
