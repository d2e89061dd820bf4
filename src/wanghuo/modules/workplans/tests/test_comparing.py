"""A lower paper against the upper one, and a new edition against the earlier."""

from __future__ import annotations

import pytest

from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import client_for
from wanghuo.kernel.regions.testing import TOWN
from wanghuo.modules.workplans.comparison import compared
from wanghuo.modules.workplans.testing import PAPER, make_plan

pytestmark = pytest.mark.django_db
LOWER = """赤岗镇2026年消防安全工作要点（示例，虚构）

一、责任落实
（一）强化隐患整改。年内火灾隐患整改率达到80%以上。（牵头单位：镇消安委办）
（二）推进消火栓建设。12月底前新增市政消火栓60个。（牵头单位：镇消安委办）
"""


def named(rows):
    return {row.upper.name: row for row in rows if row.upper is not None}


def test_what_the_lower_paper_leaves_out_or_weakens(office) -> None:
    clerk = actor_of(office)
    upper = make_plan(clerk)
    lower = make_plan(clerk, text=LOWER, region=TOWN, upper=upper)
    rows = named(compared(upper, lower))
    verdicts = {name: row.verdict for name, row in rows.items()}
    assert next(v for name, v in verdicts.items() if "整改率" in name) == "weaker"
    assert next(v for name, v in verdicts.items() if "市政消火栓" in name) == "covered"
    assert next(v for name, v in verdicts.items() if "在线率" in name) == "missing"
    page = client_for(office).get(f"{lower.url}/compare")
    words = page.content.decode()
    assert page.status_code == 200
    assert "打了折扣" in words
    assert "80%以上" in words
    assert "90%以上" in words
    assert f"{upper.url}/judge#line-" in words


def test_a_new_edition_tells_added_changed_and_dropped(office) -> None:
    clerk = actor_of(office)
    earlier = make_plan(clerk)
    text = PAPER.replace("60个", "80个").replace(
        "（一）开展责任约谈。对工作滞后的乡镇（街道）开展约谈，全年不少于2次。（牵头单位：市消安委办）\n", ""
    )
    text += "（四）开展夜查行动。每月组织2次夜间检查。（牵头单位：市消防救援大队）\n"
    later = make_plan(clerk, text=text, earlier=earlier)
    rows = compared(earlier, later, edition=True)
    told = {(row.verdict, (row.upper or row.lower).name) for row in rows}
    assert any(verdict == "changed" and "消火栓" in name for verdict, name in told)
    assert any(verdict == "dropped" and "约谈" in name for verdict, name in told)
    assert any(verdict == "added" and "夜间检查" in name for verdict, name in told)
    assert any(verdict == "unchanged" and "在线率" in name for verdict, name in told)
    assert compared(earlier, earlier, edition=True)
    assert {row.verdict for row in compared(earlier, earlier, edition=True)} == {"unchanged"}
    assert client_for(office).get(f"{later.url}/compare?with={earlier.ref}&as=edition&only=added").status_code == 200
