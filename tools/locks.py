"""Lock files name no host, hold every hash, and no other kind of lock file is tracked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = re.compile(r"https?://|file:|--(extra-)?index-url|--find-links")


def problems() -> list[str]:
    """What is wrong, a line each."""
    found = []
    for path in sorted(ROOT.glob("requirements*.txt")):
        text = path.read_text("utf-8")
        if match := FORBIDDEN.search(text):
            found.append(f"{path.name}: names a host or a path: {match.group(0)}")
        found += [f"{path.name}: {name} has no hash" for name in re.findall(r"^([\w.-]+)==[^\\\n]*$", text, re.M)]
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text("utf-8"))
    for name, entry in lock["packages"].items():
        if "resolved" in entry:
            found.append(f"package-lock.json: {name} names a host")
        if name and not entry.get("link") and "integrity" not in entry:
            found.append(f"package-lock.json: {name} has no integrity")
        for optional in entry.get("optionalDependencies", {}):
            if not any(key.endswith(f"node_modules/{optional}") for key in lock["packages"]):
                found.append(f"package-lock.json: {optional} (optional, of {name or 'the project'}) is missing")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found += [f"{name} must not be tracked" for name in re.findall(r"^(?:uv\.lock|pylock.*\.toml)$", tracked, re.M)]
    return found


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(1 if lines else 0)
