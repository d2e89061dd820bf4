"""`wanghuo workplan`: the JSON of the contract, a page for readers, and errors that exit with 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wanghuo.engines.workplan.tests.malformed import MALFORMED, Malformed
from wanghuo.entrypoints.cli.main import main

PAPER = """清溪县2023年消防工作要点
一、夯实基础
1、加强设施建设。6月底前，新增市政消火栓不少于120个。（牵头单位：县水务局；配合单位：县财政局）
2、强化检查。2025年前，重点单位达标率达100%。
"""


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "要点.txt"
    path.write_text(PAPER, "utf-8")
    return path


def test_the_json_has_the_fields_of_the_contract(paper: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["workplan", "compile", str(paper), "--json"]) == 0
    told = json.loads(capsysbinary.readouterr().out)
    assert set(told) == {
        "title", "issuer", "number", "issued_on", "period", "region", "items", "targets", "flags", "noise",
    }  # fmt: skip
    item = told["items"][1]
    assert {key: item[key] for key in ("no", "path", "heading")} == {"no": 2, "path": "一/1", "heading": "加强设施建设"}
    assert PAPER[item["start"] : item["end"]] == item["text"]
    assert [(owner["name"], owner["role"]) for owner in item["owners"]] == [
        ("县水务局", "lead"),
        ("县财政局", "support"),
    ]
    assert [(d["text"], d["kind"], d["from"], d["to"]) for d in item["deadlines"]] == [
        ("6月底前", "by", None, "2023-06-30")
    ]
    target = told["targets"][0]
    assert (target["op"], target["value"], target["unit"], target["deadline"]) == (">=", 120, "个", "2023-06-30")
    assert [flag["kind"] for flag in told["flags"]] == ["before_year"]
    assert len(told["flags"][0]["readings"]) == 2


def test_readers_see_items_owners_days_and_what_to_decide(paper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workplan", "compile", str(paper)]) == 0
    told = capsys.readouterr().out
    for words in (
        "清溪县2023年消防工作要点",
        "加强设施建设",
        "县水务局、县财政局（配合）",
        "6月底前 → 2023-06-30",
        "120 个",
        "读法 1",
    ):
        assert words in told


def test_comparing_names_what_the_lower_paper_leaves_out(
    paper: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    lower = tmp_path / "下级.txt"
    lower.write_text("柳河镇2023年消防工作要点\n一、夯实基础\n1、加强检查。每月检查1次。\n", "utf-8")
    assert main(["workplan", "compare", str(paper), str(lower), "--json"]) == 0
    rows = json.loads(capsysbinary.readouterr().out)["rows"]
    assert "missing" in {row["verdict"] for row in rows}


@pytest.mark.parametrize("bad", MALFORMED, ids=lambda bad: bad.name)
def test_malformed_files_are_refused_in_both_languages(
    bad: Malformed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / bad.name
    path.write_bytes(bad.data)
    assert main(["workplan", "compile", str(path), "--json"]) == 2
    told = json.loads(capsys.readouterr().err)
    assert told["code"] == bad.code
    assert bad.name in told["message"]["zh"]
    assert bad.name in told["message"]["en"]


def test_fifty_megabytes_are_refused_without_reading_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "大.txt"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert main(["workplan", "compile", str(path), "--json"]) == 2
    told = json.loads(capsys.readouterr().err)
    assert told["code"] == "workplan.too_large"
    assert "50.0 MB" in told["message"]["zh"]
    assert "20 MB" in told["message"]["en"]


@pytest.mark.parametrize("flags", [[], ["--json"]])
@pytest.mark.parametrize(
    ("data", "code"), [(None, "workplan.unreadable"), (b"", "workplan.empty"), (b"\x00\x01" * 50, "workplan.binary")]
)
def test_errors_are_one_line_and_exit_with_2(
    data: bytes | None, code: str, flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "文件"
    if data is not None:
        path.write_bytes(data)
    assert main(["workplan", "compile", str(path), *flags]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    if flags:
        assert json.loads(error)["code"] == code
