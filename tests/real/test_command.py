"""The command as somebody types it, with a data folder of its own: dry run, import, the same again, the indicator."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.real.conftest import CITY, LONDON, ROOT
from tests.real.recount import MAPPINGS

REGIONS = "from tests.real.conftest import make_regions; make_regions()"


@pytest.fixture(scope="module")
def wanghuo(tmp_path_factory):
    """Runs `wanghuo ...` in a fresh data folder."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WANGHUO_", "DJANGO_"))}
    env |= {"WANGHUO_HOME": str(tmp_path_factory.mktemp("home")), "WANGHUO_MODE": "test", "PYTHONPATH": str(ROOT)}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wanghuo", *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)

    assert run("migrate", "-v", "0").returncode == 0
    made = run("shell", "-v", "0", "-c", REGIONS)
    assert made.returncode == 0, made.stderr
    return run


def test_an_import_from_the_command_line(wanghuo) -> None:
    order = ("import", "alarms", LONDON, "--mapping", MAPPINGS / "london_automatic_alarms.toml", "--region", CITY)
    dry = wanghuo(*order, "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    assert "检查 / checking 32247" in dry.stderr
    report = json.loads(dry.stdout)
    assert (report["state"], report["written"], report["rows"]["new"]) == ("checked", 0, 11_811)
    shown = wanghuo("indicators", "show", "alarms.false_share", "--region", CITY, "--period", "2017-03")
    assert json.loads(shown.stdout)["value"] is None

    wet = wanghuo(*order, "--json")
    assert wet.returncode == 0, wet.stderr
    assert "写入 / writing 32244/32247" in wet.stderr
    report = json.loads(wet.stdout)
    assert (report["state"], report["written"], report["rows"]["passed_over"]) == ("written", 11_811, 20_436)
    shown = wanghuo("indicators", "show", "alarms.false_share", "--region", CITY, "--period", "2017-03")
    assert json.loads(shown.stdout)["numerator"] == 2_896

    again = wanghuo(*order, "--json")
    assert again.returncode == 0, again.stderr
    report = json.loads(again.stdout)
    assert (report["state"], report["written"], report["rows"]["duplicate"]) == ("checked", 0, 11_811)


def test_a_file_that_is_not_the_one_the_mapping_is_for(wanghuo, tmp_path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    refused = wanghuo("import", "hazards", path, "--mapping", MAPPINGS / "toronto_hazards.toml", "--region", CITY)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "文件里没有“id”这一列 / the file has no column “id”" in refused.stderr
