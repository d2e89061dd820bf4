"""The floors hold, and each contract was seen to fail on a planted import: a contract without teeth is decoration."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [str(LINT), "--no-cache", str(folder / "pyproject.toml")],
        cwd=folder / "src",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("floors")
    skipped = shutil.ignore_patterns("tests", "static", "__pycache__", "templates")
    shutil.copytree(ROOT / "src", folder / "src", ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_hold(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("kernel/loops/planted.py", "import wanghuo.modules.hazards.public", "Floors"),
        ("modules/places/planted.py", "import wanghuo.modules.sensing.public", "Order of modules"),
        ("modules/alarms/planted.py", "import wanghuo.modules.hazards.models", "Modules meet at the door"),
        ("engines/calendar/planted.py", "import django", "Engines and base are libraries"),
        ("engines/calendar/planted.py", "import wanghuo.engines.codecs", "Engines are independent"),
        ("modules/places/models.py", "import wanghuo.modules.places.services", "Tables know no services and no pages"),
        ("modules/places/services.py", "import wanghuo.modules.places.pages", "Order of files in a module"),
        ("modules/hazards/selectors.py", "import wanghuo.modules.hazards.services", "Order of files in a module"),
    ],
)
def test_a_planted_import_is_found(copy: Path, file: str, line: str, contract: str) -> None:
    path = copy / "src/wanghuo" / file
    before = path.read_text("utf-8") if path.exists() else None
    try:
        path.write_text(f"{before or ''}\n{line}\n", "utf-8")
        done = lint(copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, "utf-8")
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
