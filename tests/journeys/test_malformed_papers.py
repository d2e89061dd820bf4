"""Files that are no papers: the page says in the reader's language what is the matter, keeps the form, and waits for none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor
from wanghuo.engines.workplan.tests.malformed import MALFORMED, Malformed

pytestmark = pytest.mark.browser
LARGE = 50_000_000
REASONS = {
    "workplan.empty": (r"空", r"empty"),
    "workplan.binary": (r"不是文字材料", r"is no text"),
    "workplan.broken_file": (r"已损坏", r"damaged"),
    "workplan.no_text": (r"没有可提取的文字", r"no text"),
    "workplan.locked": (r"有密码保护", r"locked"),
    "workplan.old_format": (r"旧版 Word", r"old Word format"),
    "workplan.mixed_encoding": (r"混有两种编码.*第 \d+ 行", r"mixes two encodings.*line \d+"),
    "workplan.wrong_encoding": (r"既不是 UTF-8 也不是 GB18030", r"neither UTF-8 nor GB18030"),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_malformed_file_is_refused_in_the_form(visit: Visit, lang: str) -> None:
    office = visit("office", lang=lang)
    office.expected = (422,)
    office.goto("/programmes/new")
    for bad in MALFORMED:
        send(office, bad)
        told = office.page.locator("[data-summary]")
        expect(told).to_contain_text(re.compile(REASONS[bad.code][lang == "en"]))
        expect(office.page.locator("[name=file]")).to_have_count(1)
        office.page.locator("[data-summary]").evaluate("summary => summary.remove()")
    office.goto("/programmes")
    for bad in MALFORMED:
        expect(office.page.locator("main")).not_to_contain_text(bad.name)


def send(office: Visitor, bad: Malformed) -> None:
    """Choose the file and send the form."""
    payload = {"name": bad.name, "mimeType": "application/octet-stream", "buffer": bad.data}
    office.page.locator("[name=file]").set_input_files(files=[payload])  # type: ignore[list-item]
    office.page.locator("main form[data-form] button[type=submit]").click()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_fifty_megabytes_are_refused_before_they_are_sent(visit: Visit, tmp_path: Path, lang: str) -> None:
    office = visit("office", lang=lang)
    path = tmp_path / "大文件.txt"
    with path.open("wb") as file:
        file.truncate(LARGE)
    office.goto("/programmes/new")
    field = office.page.locator("[name=file]")
    field.set_input_files(path)
    expect(office.page.locator("[data-too-large]")).to_contain_text("50.0 MB")
    assert field.evaluate("field => field.files.length") == 0


def test_fifty_megabytes_sent_all_the_same_come_back_with_the_reason(visit: Visit, tmp_path: Path) -> None:
    office = visit("office")
    path = tmp_path / "大文件.txt"
    with path.open("wb") as file:
        file.truncate(LARGE)
    office.goto("/programmes/new")
    office.expected = (422,)
    field = office.page.locator("[name=file]")
    field.evaluate("field => field.removeAttribute('data-limit-mb')")  # as a browser without our script sends it
    field.set_input_files(path)
    office.page.locator("main form[data-form] button[type=submit]").click()
    expect(office.page.locator("[data-summary]")).to_contain_text("50.0 MB，上限 20 MB")
