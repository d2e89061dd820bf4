"""The built scripts and styles: fixed names, and a version in the query so that a browser takes the new one at once."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from django.templatetags.static import static

FOLDER = Path(__file__).parent / "static" / "ui" / "dist"


@cache
def _version(name: str) -> str:
    path = Path(f"{FOLDER}/{name}")
    return sha256(path.read_bytes()).hexdigest()[:10] if path.exists() else ""


def dist(name: str) -> str:
    """The address of a built file: `{% dist "app.js" %}`."""
    version = _version(name)
    return static(f"ui/dist/{name}") + (f"?v={version}" if version else "")
