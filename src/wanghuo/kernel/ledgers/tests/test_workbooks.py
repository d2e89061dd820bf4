"""What we hand out can be read back, and runs nothing."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from wanghuo.kernel.ledgers import mapping as maps
from wanghuo.kernel.ledgers import workbooks
from wanghuo.kernel.ledgers.reading import Limits, read_rows
from wanghuo.kernel.ledgers.tests.test_mapping import KIND

EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "＝1", "＠x", "https://example.invalid"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_maps_itself(tmp_path: Path, language: str) -> None:
    path = tmp_path / "t.xlsx"
    with path.open("wb") as out:
        workbooks.template(KIND, language, out)
    heads = maps.headings(next(iter(read_rows(path))))
    assert {n: s.column for n, s in maps.guess(heads, KIND).items()} == {
        c.name: c.label.in_(language) for c in KIND.columns
    }


def test_a_list_leaves_without_formulas(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with path.open("wb") as out:
        assert workbooks.as_xlsx("单位", ["值"], [[text] for text in EVIL], [("筛选", "全部")], out) == len(EVIL)
    with zipfile.ZipFile(path) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "sheet" in name)
        assert not any(
            "hyperlink" in archive.read(name).decode() for name in archive.namelist() if name.endswith(".rels")
        )
    lines = "".join(workbooks.csv_lines(["值"], [[text] for text in EVIL])).removeprefix("\ufeff")
    read = [row[0] for row in csv.reader(io.StringIO(lines))][1:]
    assert read == [f"'{text}" for text in EVIL[:-1]] + EVIL[-1:]


def test_faulty_rows_go_out_annotated_and_come_in_again(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text("台账\n名称,床位数\n甲,3\n乙,x\n丙,5\n丁,y\n", encoding="utf-8")
    problems = [
        {
            "row": 4,
            "column": "床位数",
            "zh": "不是数字",
            "en": "not a number",
            "fix_zh": "只填数字",
            "fix_en": "digits",
        },
        {"row": 6, "column": "床位数", "zh": "不是数字", "en": "not a number", "fix_zh": "", "fix_en": ""},
    ]
    path = tmp_path / "mend.xlsx"
    with path.open("wb") as out:
        assert workbooks.annotated(table, 2, problems, "zh", out, Limits()) == 2
    rows = list(read_rows(path))
    assert rows[0] == ["名称", "床位数", "导入问题"]
    assert rows[1][:2] == ["乙", "x"]
    assert "只填数字" in rows[1][2]
    assert len(rows) == 3
    with zipfile.ZipFile(path) as archive:
        assert any("comments" in name for name in archive.namelist())
