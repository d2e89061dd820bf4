"""Pictures of the main pages from a demo region, at phone, desk and wall width, in both languages.

`./dev screenshots [--out DIR] [--readme]`: fills and runs a demo of its own, lets its simulated devices live for a while, and
photographs. `--readme` writes the few pictures of the README to docs/images instead.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import django
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"  # the deployment of the journeys, as they know it
django.setup()

from tests.journeys.deployment import FAULT, FIRE, Deployment  # noqa: E402
from tests.journeys.visitor import CHROMIUM, new_visitor  # noqa: E402

from wanghuo.entrypoints.supervisor import wanghuo  # noqa: E402

WIDTHS = {390: 844, 1440: 900, 1920: 1080}
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Shot:
    """A page: its name in the file name, who looks at it, where it is, and what to press to see it as it is used.

    `path` with `first:` before it: the first row of that list, and `then` is what follows its address.
    """

    name: str
    who: str
    path: str
    press: str = ""
    then: str = ""
    whole: bool = True


SHOTS = (
    Shot("login", "", "/login"),
    Shot("overview", "leader", "/overview"),
    Shot("map", "leader", "/map", whole=False),
    Shot("console", "operator", "/alarms/console", press="j", whole=False),
    Shot("alarms", "operator", "/alarms"),
    Shot("alarm", "operator", "first:/alarms"),
    Shot("health", "operator", "/alarms/health"),
    Shot("hours", "leader", "/alarms/hours?period=90d"),
    Shot("kept", "operator", "/alarms/kept"),
    Shot("todo", "inspector", "/todo"),
    Shot("hazards", "inspector", "/hazards"),
    Shot("hazard", "inspector", "first:/hazards?open=1"),
    Shot("report", "grid", "/hazards/new"),
    Shot("units", "clerk", "/units"),
    Shot("unit", "clerk", "first:/units"),
    Shot("devices", "supervisor", "/devices"),
    Shot("device", "supervisor", "first:/devices"),
    Shot("readings", "supervisor", "first:/devices", then="/readings"),
    Shot("down", "supervisor", "/devices/down"),
    Shot("expiring", "supervisor", "/devices/expiring"),
    Shot("ways", "supervisor", "/ways/profiles"),
    Shot("scan", "supervisor", "/devices/scan"),
    Shot("indicators", "leader", "/indicators"),
    Shot("indicator", "leader", "/indicators/hazards.closing_rate"),
    Shot("reported", "office", "/indicators/reports"),
    Shot("plans", "office", "/programmes"),
    Shot("plan", "leader", "first:/programmes"),
    Shot("judge", "office", "first:/programmes", then="/judge", whole=False),
    Shot("tasks", "office", "/programmes/tasks"),
    Shot("task", "education", "first:/programmes/tasks"),
    Shot("order", "office", "first:/programmes/orders"),
    Shot("tour", "office", "first:/tours"),
    Shot("ranking", "office", "first:/tables"),
    Shot("assessment", "office", "first:/assessments"),
    Shot("scheme", "office", "/assessments/schemes"),
    Shot("monthly", "office", "first:/reports"),
    Shot("paper", "office", "first:/papers"),
    Shot("registers", "steward", "/ledgers"),
    Shot("verify", "", "/p/verify"),
    Shot("imports", "steward", "/data/imports"),
    Shot("rules", "leader", "/rules"),
    Shot("people", "security", "/admin/people"),
    Shot("audit", "auditor", "/admin/audit"),
    Shot("system", "sysadmin", "/admin/system"),
    Shot("published", "", "/p/hazards"),
)
README = {
    ("console", 1440, "zh"),
    ("overview", 1440, "en"),
    ("map", 1440, "zh"),
    ("todo", 390, "zh"),
    ("judge", 1440, "zh"),
}


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="./dev screenshots", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "var/screenshots", help="where the pictures go")
    parser.add_argument("--readme", action="store_true", help="the pictures of the README, small, into docs/images")
    parser.add_argument("--only", default="", metavar="NAME,…", help="only these pages")
    args = parser.parse_args()
    only = set(filter(None, args.only.split(",")))
    out = ROOT / "docs/images" if args.readme else args.out
    out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    with demo() as deployment, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        for width, height in WIDTHS.items():
            for lang in LANGUAGES:
                wanted = [s for s in SHOTS if (not only or s.name in only)]
                if args.readme:
                    wanted = [s for s in wanted if (s.name, width, lang) in README]
                take(browser, deployment, wanted, (width, height), lang, out, small=args.readme)
        browser.close()
    return 0


@contextmanager
def demo() -> Iterator[Deployment]:
    """A full demo region, running, with something happening in it."""
    home = Path(tempfile.mkdtemp(prefix="wanghuo-screenshots-"))
    deployment = Deployment(home)
    deployment.run("demo", "--fill-only")
    try:
        deployment.start()
        with life(deployment):
            yield deployment
    finally:
        deployment.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def life(deployment: Deployment) -> Iterator[None]:
    """The simulated devices on their links, a fire two detectors tell of, a single alarm, and two faults."""
    gateway = f"127.0.0.1:{deployment.gateway_port}"
    world = str(deployment.home / "demo-world.json")
    with (deployment.home / "simulator.log").open("wb") as log:
        command = wanghuo("simulate", "--gateway", gateway, "--world", world, "--quiet-life")
        devices = Popen(command, env=deployment.environment, stdout=log, stderr=log)
    try:
        for number, places, word in ((0, (0, 1), FIRE), (4, (0,), FIRE), (7, (1,), FAULT), (9, (2,), FAULT)):
            device = deployment.device(number)
            device.tell_all((device.detectors[place], word) for place in places)
        yield
    finally:
        devices.terminate()
        devices.wait(10)


def take(
    browser: Browser,
    deployment: Deployment,
    shots: list[Shot],
    size: tuple[int, int],
    lang: str,
    out: Path,
    *,
    small: bool,
) -> None:
    """Photograph pages at one width in one language; each person signs in once."""
    visitors: dict[str, Page] = {}
    for shot in shots:
        if shot.who not in visitors:
            visitor = new_visitor(browser, deployment.url, size, lang)
            visitors[shot.who] = (visitor.sign_in(shot.who) if shot.who else visitor).page
        page = visitors[shot.who]
        open_page(page, deployment.url, shot)
        path = out / f"{shot.name}-{size[0]}-{lang}.png"
        picture = page.screenshot(full_page=shot.whole and not small)
        path.write_bytes(reduced(picture) if small else picture)
        print(f"{path} {path.stat().st_size // 1024} KB", file=sys.stderr)
    for page in visitors.values():
        page.context.close()


def open_page(page: Page, origin: str, shot: Shot) -> None:
    """Open a page, or the first row of a list, and wait until it has come to rest."""
    path = shot.path.removeprefix("first:")
    page.goto(origin + path)
    if shot.path.startswith("first:"):
        page.goto(origin + (page.locator("tr[data-row]").first.get_attribute("data-href") or path) + shot.then)
    if shot.press:
        page.keyboard.press(shot.press)
    page.wait_for_timeout(1500)  # maps and charts draw after the page has loaded


def reduced(picture: bytes) -> bytes:
    """The same picture without transparency, packed as tightly as PNG can."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
