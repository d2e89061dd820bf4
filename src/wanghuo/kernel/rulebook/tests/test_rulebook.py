from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from wanghuo.entrypoints.cli import rules as command
from wanghuo.kernel.access.roles import rights
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.rulebook import PackError, RuleMissing, explain, rule
from wanghuo.kernel.rulebook.book import Book, book
from wanghuo.kernel.rulebook.packs import MARKS, read_pack

DAY = date(2026, 11, 25)
HEAD = '[pack]\nid = "t"\ntitle = ["试", "test"]\nregion = "44"\nversion = "1"\n'
GOOD = 'id = "a.b"\ntitle = ["规则", "rule"]\nvalue = { hours = 24 }\n'
GOOD += 'source = "某规定"\nmark = "R"\nvalid_from = 2020-01-01\n'


def pack_of(tmp_path: Path, *rules: str, name: str = "t.toml", head: str = HEAD, own: bool = False):
    file = tmp_path / name
    file.write_text(head + "".join(f"\n[[rule]]\n{each}" for each in rules), "utf-8")
    return read_pack(file, own=own)


@pytest.mark.parametrize(
    ("rule_id", "code", "value", "mark"),
    [
        ("hazards.verify_exits", "H02", {"hours": 24}, "C"),
        ("hazards.verify_complaint", "H03", {"working_days": 3}, "C"),
        ("hazards.notice", "H06", {"working_days": 3}, "C"),
        ("hazards.recheck", "H09", {"working_days": 3}, "C"),
        ("hazards.major_study", "H11", {"working_days": 7}, "C"),
        ("hazards.major_notice", "H12", {"working_days": 3}, "C"),
        ("hazards.expert_review", "H13", {"working_days": 10}, "C"),
        ("hazards.sealing_decision", "H14", {"working_days": 3}, "C"),
        ("hazards.sealing_oral", "H15", {"hours": 24}, "C"),
        ("hazards.sealing_length", "H16", {"days": 30, "roll": False}, "U"),
        ("supervision.opening_inspection", "H18", {"working_days": 10}, "C"),
        ("supervision.event_inspection", "H20", {"working_days": 3}, "C"),
        ("hazards.verify", "", {"working_days": 3}, "D"),
    ],
)
def test_the_clocks_of_the_hazard_loop(rule_id: str, code: str, value: dict, mark: str) -> None:
    found = rule(rule_id, region="445281", on=DAY)
    assert (found.code, dict(found.value), found.mark) == (code, value, mark)


def test_every_packaged_rule_names_its_source_and_its_mark_fits_its_pack() -> None:
    for versions in book().by_id.values():
        for each in versions:
            assert each.source.strip(), each.id
            assert each.title.zh != each.title.en, each.id
            assert each.mark in MARKS, each.id
            if each.region != "0":
                assert each.mark == "R", f"{each.id} of {each.pack}: a regional pack holds what is confirmed there"
            if each.pack == "ours":
                assert each.mark in "DU", each.id
            if each.mark == "C":
                assert each.clause, each.id


def test_the_day_of_the_event_decides_which_version() -> None:
    assert dict(rule("hazards.sealing_length", region="44", on=date(2011, 5, 1)).value) == {"months": 1, "roll": False}
    assert dict(rule("hazards.sealing_length", region="44", on=date(2012, 11, 1)).value) == {"days": 30, "roll": False}
    with pytest.raises(RuleMissing, match=r"hazards\.recheck"):
        rule("hazards.recheck", region="44", on=date(2000, 1, 1))


def test_the_nearest_region_wins_and_the_others_say_why_not() -> None:
    assert rule("hazards.resume_inspection", region="310115", on=DAY).pack == "shanghai"
    assert rule("hazards.resume_inspection", region="445281", on=DAY).pack == "national"
    shanghai = {c.rule.pack: c.reason.zh for c in explain("hazards.resume_inspection", region="310115", on=DAY)}
    assert shanghai["national"] == "被“上海市规定”覆盖"
    puning = {c.rule.pack: c.reason.zh for c in explain("hazards.resume_inspection", region="445281", on=DAY)}
    assert puning["shanghai"] == "不适用于该区划"


def test_the_packs_of_the_deployment_win_at_the_same_level(tmp_path: Path) -> None:
    ours = pack_of(tmp_path, GOOD, name="a.toml")
    theirs = pack_of(tmp_path, GOOD.replace("24", "12"), name="b.toml", head=HEAD.replace('"t"', '"own"'), own=True)
    both = Book([ours, theirs])
    assert both.find("a.b", "445281", DAY).value == {"hours": 12}
    assert both.find("a.b", "33", DAY) is None
    with pytest.raises(PackError):
        Book([ours, ours])


@pytest.mark.parametrize(
    ("rules", "faults"),
    [
        ([GOOD.replace("mark", "marc")], ["t.toml:7", "缺少 mark", "mark missing"]),
        ([GOOD, GOOD.replace('"R"', '"X"')], ["t.toml:15", "“X”", "none of C, R, U, D"]),
        ([GOOD.replace("{ hours = 24 }", "24")], ["t.toml:7", "非空的表"]),
        ([GOOD.replace("hours = 24", "hours = 24, days = 1")], ["exactly one of"]),
        ([GOOD.replace("hours = 24", "working_days = 1.5")], ["must be whole"]),
        ([GOOD.replace("2020-01-01", '"2020"')], ["valid_from 须为日期"]),
        ([GOOD + "valid_to = 2019-01-01\n"], ["失效日早于生效日"]),
        ([GOOD, GOOD.replace("2020", "2021")], ["有效期重叠", "overlaps with row 7"]),
        ([GOOD + 'region = "33"\n'], ["“33”不在规则包的区划内"]),
        ([GOOD.replace("a.b", "A b")], ["应形如"]),
        ([GOOD + "extra = 1\n"], ["不认识的字段 extra"]),
        ([GOOD + "broken = \n"], ["不是有效的 TOML", "not valid TOML"]),
    ],
)
def test_a_pack_with_a_fault_is_refused_and_every_fault_named(
    tmp_path: Path, rules: list[str], faults: list[str]
) -> None:
    with pytest.raises(PackError) as refused:
        pack_of(tmp_path, *rules)
    for words in faults:
        assert words in str(refused.value)


def test_ladders_name_rights_that_exist() -> None:
    for step in rule("loops.ladder", region="0", on=DAY).value["steps"]:
        assert step["right"] == "" or step["right"] in rights()


@pytest.mark.django_db
def test_pages_and_command(capsys: pytest.CaptureFixture[str]) -> None:
    client = client_for(make_user("xue", "learner", "445281"))
    shown = client.get("/rules?q=复查&region=445281").content.decode()
    assert "hazards.recheck" in shown
    assert "hazards.verify_exits" not in shown
    assert "hazards.recheck" not in client.get("/rules?mark=U").content.decode()
    detail = client.get("/rules/hazards.resume_inspection?region=310115").content.decode()
    assert "上海市规定" in detail
    assert "覆盖" in detail
    assert client.get("/rules/loops.ladder").status_code == 200
    assert client.get("/rules/no.such").status_code == 404
    assert client.get("/rules?region=zz&on=yesterday&mark=%00").status_code == 200

    from wanghuo.entrypoints.cli.main import main

    assert main(["rules", "show", "hazards.recheck", "--region", "445281", "--on", "2026-11-25"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["value"], told["mark"], told["pack"], told["valid_from"]) == (
        {"working_days": 3},
        "C",
        "national",
        "2012-11-01",
    )
    assert main(["rules", "show", "hazards.recheck", "--on", "1990-01-01"]) == 1
    assert main(["rules", "show", "hazards.recheck", "--region", "zz"]) == 2
    assert main(["rules", "check"]) == 0
    assert command.as_json(rule("hazards.recheck", region="44", on=DAY))["version"]


def test_every_rule_that_a_module_names_exists() -> None:
    source = Path(__file__).parents[3]
    named = {
        rule_id
        for file in source.rglob("*.py")
        if "tests" not in file.parts
        for rule_id in re.findall(r'^[A-Z_]*RULE[A-Z_]* = "([a-z_.]+)"', file.read_text("utf-8"), re.MULTILINE)
    }
    assert {"hazards.recheck", "loops.soon"} <= named
    assert named <= set(book().by_id)
