"""The operator's console: by keyboard, under a flood, and through a cut of the stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.console import Console
from tests.journeys.deployment import FAULT, FIRE, Deployment
from tests.journeys.visitor import PHONE
from wanghuo.entrypoints.simulator.world import SMOKE

pytestmark = pytest.mark.browser
FLOOD = 100


def test_a_false_alarm_is_judged_with_its_cause_by_four_keys(visit: Visit, deployment: Deployment) -> None:
    console = Console(visit("operator"))
    device = deployment.device(1)
    console.ready()
    device.tell(device.detectors[0], FIRE)
    row = console.row(device.detectors[0].text)
    expect(row).to_be_visible()
    expect(row).to_have_attribute("data-priority", "2")
    console.choose(row)
    console.press("a")
    console.state("核实中")
    console.press("x")
    expect(console.form).to_be_visible()
    console.page.keyboard.press("2")  # dust; the digit chooses and sends
    expect(console.form).to_have_count(0)
    console.state("误报")
    expect(console.pane.locator(".timeline")).to_contain_text("灰尘")
    expect(row).to_have_count(0)


def test_a_second_detector_makes_a_presumed_fire(visit: Visit, deployment: Deployment) -> None:
    console = Console(visit("operator"))
    device = deployment.device(2)
    first, second = device.detectors[:2]
    console.ready()
    device.tell(first, FIRE)
    expect(console.row(first.text)).to_have_attribute("data-priority", "2")
    device.tell(second, FIRE)
    for detector in (first, second):
        row = console.row(detector.text)
        expect(row).to_have_attribute("data-priority", "1")
        expect(row).to_contain_text("未经人工确认")
    console.choose(console.row(first.text))
    console.press("f")
    console.confirm()
    console.state("确认火警")


def test_a_flood_of_faults_folds_and_a_fire_stays_on_top(visit: Visit, deployment: Deployment) -> None:
    console = Console(visit("operator"))
    flooding, burning = deployment.device(3), deployment.device(4)
    console.ready()
    like = flooding.detectors[0]
    points = [replace(like, address=0x7000 + n, component_type=SMOKE, text=f"洪水{n:03d}") for n in range(FLOOD)]
    flooding.tell_all((point, FAULT) for point in points[: FLOOD // 2])
    burning.tell(burning.detectors[0], FIRE)
    flooding.tell_all((point, FAULT) for point in points[FLOOD // 2 :])

    folded = console.row("洪水")
    expect(folded.first).to_contain_text(f"同类另有 {FLOOD - 1} 条")
    expect(folded).to_have_count(1)
    fire = console.row(burning.detectors[0].text)
    expect(fire).to_be_in_viewport()
    refs = console.rows.evaluate_all("rows => rows.map(row => [row.dataset.alarmRow, Number(row.dataset.priority)])")
    priorities = [priority for _, priority in refs]
    assert priorities == sorted(priorities), "fires stand above faults"
    console.page.keyboard.press("3")  # a filter never hides a fire
    expect(fire).to_be_visible()


def test_a_cut_stream_is_said_and_nothing_is_lost_or_doubled(visit: Visit, deployment: Deployment) -> None:
    operator = visit("operator")
    console = Console(operator)
    # one device each: a second fault of the same device would stand below its first
    first, second, third = (deployment.device(n) for n in (5, 6, 7))
    before, meanwhile, after = (
        replace(device.detectors[0], address=0x6000 + n, text=f"断线{n}")
        for n, device in enumerate((first, second, third))
    )
    console.ready()
    first.tell(before, FAULT)
    expect(console.row(before.text)).to_be_visible()

    operator.unreachable_is_fine = True
    band = operator.page.locator("[data-lost-band]")
    deployment.stop("web")
    try:
        second.tell(meanwhile, FAULT)  # the devices do not mind
        expect(band).to_be_visible(timeout=25_000)
        expect(band).to_contain_text("连接中断")
    finally:
        deployment.start("web")
    expect(band).to_have_count(0, timeout=25_000)
    expect(console.row(meanwhile.text)).to_be_visible()

    third.tell(after, FAULT)
    for point in (before, meanwhile, after):
        expect(console.row(point.text)).to_have_count(1)
    shown = console.rows.evaluate_all("rows => rows.map(row => row.dataset.alarmRow)")
    assert len(shown) == len(set(shown))


def test_an_operator_sees_whom_to_call_once_the_reason_is_given(visit: Visit, deployment: Deployment) -> None:
    console = Console(visit("operator"))
    device = deployment.device(6)
    console.ready()
    device.tell(device.detectors[0], FIRE)
    console.choose(console.row(device.detectors[0].text))
    console.pane.get_by_role("link", name="查看完整号码").first.click()
    form = console.pane.locator("#console-act form")
    form.get_by_role("textbox").first.fill("核实火警")
    form.locator("button[type=submit]").click()
    expect(console.pane.locator("#console-act")).to_contain_text("1700000")


def test_a_fault_is_shelved_listed_and_comes_back(visit: Visit, deployment: Deployment) -> None:
    console = Console(visit("operator"))
    device = deployment.device(1)
    point = replace(device.detectors[0], address=0x5001, text="待修烟感")
    console.ready()
    device.tell(point, FAULT)
    row = console.row(point.text)
    expect(row).to_be_visible()
    console.choose(row)
    console.press("l")
    form = console.pane.locator("#console-act form")
    form.get_by_label("理由").fill("备件明日到")
    form.locator("button[type=submit]").click()
    expect(row).to_have_count(0)

    page = console.page
    page.goto(f"{deployment.url}/alarms/kept")
    shelf = page.locator("tr", has_text="备件明日到")
    expect(shelf).to_contain_text("待修烟感")
    shelf.get_by_role("button", name="解除搁置").click()
    expect(shelf).to_contain_text("已解除")
    page.goto(f"{deployment.url}/alarms/console")
    expect(console.row(point.text)).to_be_visible()


def test_the_unit_confirms_from_a_phone_while_the_operator_has_it(
    visit: Visit, deployment: Deployment, photo: Path
) -> None:
    console = Console(visit("operator"))
    device = deployment.device(0)  # of the demo manager's unit
    console.ready()
    point = replace(device.detectors[0], address=0x5002, text="后厨烟感")
    device.tell(point, FIRE)
    row = console.row(point.text)
    expect(row).to_have_attribute("data-priority", "2")
    ref = row.get_attribute("data-alarm-row")

    manager = visit("manager", size=PHONE)
    line = manager.duty(ref)
    expect(line).to_contain_text("核实")
    manager.goto(f"/alarms/{ref}/answer")
    form = manager.page.locator("main form[data-form]")
    form.get_by_label("确有火情").check()
    form.locator("input[type=file]").set_input_files(photo)
    form.get_by_label("说明").fill("锅内起火")
    assert manager.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "no sideways scroll"
    form.locator("button[type=submit]").click()
    expect(manager.page.locator("main")).to_contain_text("锅内起火")

    expect(row).to_have_attribute("data-priority", "1")
    console.choose(row)
    expect(console.pane).to_contain_text("锅内起火")
    console.press("f")
    console.confirm()
    console.state("确认火警")
