"""One running deployment for the journeys: real processes on loopback, the demo region, a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PASSWORD = "Wanghuo-demo-2026"
CHROMIUM = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM += ["--disable-component-update", "--disable-sync"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Deployment:
    """Where the deployment answers."""

    home: Path
    port: int
    gateway: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            **{k: v for k, v in os.environ.items() if k not in ("WANGHUO_DATABASE", "DJANGO_SETTINGS_MODULE")},
            "WANGHUO_HOME": str(self.home),
            "WANGHUO_MODE": "demo",
            "WANGHUO_REGION": "445281",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wanghuo", *arguments]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    found = Deployment(tmp_path_factory.mktemp("journeys"), free_port(), free_port())
    filled = found.run("demo", "--fill-only")
    assert filled.returncode == 0, filled.stderr
    command = [
        sys.executable,
        "-m",
        "wanghuo",
        "serve",
        "--port",
        str(found.port),
        "--gateway",
        f"127.0.0.1:{found.gateway}",
    ]
    with (found.home / "log").open("w") as log:
        process = subprocess.Popen(command, env=found.environment(), stdout=log, stderr=log)
    try:
        for port in (found.port, found.gateway):
            _wait_for(port)
        yield found
    finally:
        process.terminate()
        process.wait(30)
    assert "Traceback" not in (found.home / "log").read_text()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing answers on {port}"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield started
        started.close()


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(browser: Browser, deployment: Deployment) -> Iterator[SignIn]:
    """Sign a person in, in a browser context of their own; scripts that fail and requests that leave fail the journey."""
    contexts, problems = [], []

    def open_page(username: str, *, width: int = 1440, height: int = 900, language: str = "zh") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=deployment.url)
        contexts.append(context)
        context.add_cookies([{"name": "lang", "value": language, "url": deployment.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if _leaves(request.url, deployment) else None)
        page.goto("/login")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def _leaves(url: str, deployment: Deployment) -> bool:
    return not url.startswith((deployment.url, "data:", "blob:"))
