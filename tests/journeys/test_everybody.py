"""Each role of the demo: where it lands, what its navigation opens, in English, without errors; and who can't see well."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.deployment import Deployment
from tests.journeys.interface import untranslated
from tests.journeys.visitor import PHONE, Visitor
from wanghuo.entrypoints.demo.filling import people
from wanghuo.kernel.access.roles import roles

pytestmark = pytest.mark.browser
ROLES = {person.username: person.role for person in people("", "") if person.username not in ("inspector2", "city")}
MOST_GROUPS = 7
PIECES = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const box = walker.currentNode.parentElement;
    if (!box.closest("script, style, [lang='zh-CN']:not(html)")) found.push(walker.currentNode.textContent.trim());
  }
  for (const node of document.querySelectorAll("[title], [placeholder], [aria-label], [alt]"))
    if (!node.closest("[lang='zh-CN']:not(html)"))
      for (const name of ["title", "placeholder", "aria-label", "alt"]) found.push((node.getAttribute(name) ?? "").trim());
  return found.filter(Boolean);
}"""
PLAN = f"/programmes/JH-445281-{timezone.localdate().year}-00001"
PAGES = {
    "leader": ("/overview", "/map", "/hazards", "/indicators", "/indicators/hazards.closing_rate", "/rules", "/todo"),
    "operator": ("/alarms/console", "/alarms", "/alarms/console/seat"),
    "clerk": ("/todo", "/units", "/hazards/new", "/data/imports"),
    "supervisor": ("/devices", "/admin/system"),
    "security": ("/admin/people",),
    "auditor": ("/admin/audit",),
    "office": ("/programmes", "/programmes/new", PLAN, f"{PLAN}/judge", "/programmes/tasks"),
}


@pytest.mark.parametrize("username", sorted(ROLES))
def test_a_role_lands_on_its_first_page_and_every_link_of_its_navigation_opens(username: str, visit: Visit) -> None:
    person = visit(username, lang="en")
    first = roles()[ROLES[username]].first_page
    assert person.page.url.removeprefix(person.origin).split("?")[0] == first
    groups = person.page.locator("nav#nav > ul > li")
    assert 1 <= groups.count() <= MOST_GROUPS
    links = person.page.locator("nav#nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for link in dict.fromkeys([first, *links]):
        assert person.goto(link) == 200, link
        expect(person.page.locator("h1")).to_have_count(1)
        assert untranslated(person.page.evaluate(PIECES)) == [], link


def test_an_untranslated_page_would_be_seen(visit: Visit) -> None:
    person = visit("leader", lang="zh")
    assert {"态势", "隐患"} <= set(untranslated(person.page.evaluate(PIECES)))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("username", list(PAGES))
def test_the_main_pages_can_be_used_by_everybody(username: str, lang: str, visit: Visit) -> None:
    person = visit(username, lang=lang)
    for path in PAGES[username]:
        assert person.goto(path) == 200
        assert barriers(person) == [], path


@pytest.mark.parametrize("username", ["grid", "manager", "leader", "clerk"])
def test_on_a_phone_nothing_scrolls_sideways(username: str, visit: Visit, deployment: Deployment) -> None:
    person = visit(username, size=PHONE, lang="en")
    links = person.page.locator("nav#nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for link in dict.fromkeys(links):
        person.goto(link)
        assert person.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], link


def barriers(person: Visitor) -> list[str]:
    """Serious and critical findings of axe-core."""
    found = Axe().run(person.page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found if each["impact"] in ("serious", "critical")
    ]
