"""Made-up papers in layouts that lose their lines: all on one line, or a table flattened to a cell a line."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wanghuo.engines.workplan import compile_paper
from wanghuo.engines.workplan.tests.generating import GeneratedPaper, papers
from wanghuo.engines.workplan.tests.test_generated_papers import fits, marks, own_items

often = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
BODIES = ["县水务局", "县住建局", "县教育局", "县城市管理局", "县交通运输局"]
THINGS = [("座", "人行天桥"), ("所", "中心幼儿园"), ("个", "农贸市场"), ("公里", "乡村道路"), ("支", "专职消防队")]


@often
@given(papers(one_line=True))
def test_a_paper_on_one_line_is_taken_apart(generated: GeneratedPaper) -> None:
    paper = compile_paper(generated.text)
    found = [(item.start, marks(item.path)) for item in own_items(generated, paper)]
    assert found == [(item.start, marks(item.path)) for item in generated.items], generated.text


@often
@given(papers(one_line=True))
def test_the_targets_of_a_paper_on_one_line_are_found_and_nothing_else(generated: GeneratedPaper) -> None:
    paper = compile_paper(generated.text)
    left = list(paper.targets)
    for wanted in generated.targets:
        found = next((t for t in left if t.implied == wanted.implied and fits(wanted, t, paper)), None)
        assert found is not None, f"{wanted}\n{generated.text}"
        left.remove(found)
    assert left == [], generated.text


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[str, int, str, list[str], int]]:
    """Rows of a task list: the task, its count and unit, who answers, and the month by whose end it is due."""
    made = []
    for _ in range(draw(st.integers(3, 8))):
        unit, thing = draw(st.sampled_from(THINGS))
        count = draw(st.integers(2, 90))
        bodies = draw(st.lists(st.sampled_from(BODIES), min_size=1, max_size=3, unique=True))
        made.append((f"新建{count}{unit}{thing}。", count, unit, bodies, draw(st.integers(3, 12))))
    return made


@often
@given(rows(), st.sampled_from(["\n", "\n\n", "\r\n"]))
def test_a_table_flattened_to_a_cell_a_line_keeps_its_rows(
    rows: list[tuple[str, int, str, list[str], int]], newline: str
) -> None:
    lines = ["清溪县2024年民生实事任务分解表", "序号", "实事项目", "责任单位", "完成时限"]
    for number, (task, _, _, bodies, month) in enumerate(rows, 1):
        lines += [str(number), task, *bodies, f"{month}月底前"]
    paper = compile_paper(newline.join(lines) + newline)
    items = [item for item in paper.items if "¶" not in item.path]
    assert [item.path for item in items] == [str(number) for number in range(1, len(rows) + 1)]
    for item, (_, count, unit, bodies, month) in zip(items, rows, strict=True):
        assert [owner.name for owner in item.owners] == bodies
        targets = [target for target in paper.targets if target.item == item.no]
        assert [(target.value, target.unit) for target in targets] == [(count, unit)]
        due = targets[0].deadline
        assert due is not None
        assert (due.year, due.month) == (2024, month)
        assert due > date(2024, month, 27)
