"""`wanghuo workplan compile` and `wanghuo workplan compare`: what a policy paper asks for, and what a lower one leaves out."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wanghuo.base import AppError, Invalid, Text
from wanghuo.engines.workplan import Deadline, Flag, Item, Paper, Target, compare, compile_paper
from wanghuo.engines.workplan.reading import LIMIT, check_size, read_document

_SIGNS = {">=": "≥", "<=": "≤", "==": "=", ">": ">", "<": "<", "between": ""}
_EVERY = {
    "year": "每年", "half_year": "每半年", "quarter": "每季度", "month": "每月", "half_month": "每半月", "week": "每周", "day": "每天",
}  # fmt: skip
_FLAGS = {
    "before_year": Text("“X年前”有两种读法", "“before year X” reads two ways"),
    "growth_basis": Text("增幅的基数不明", "growth over what is unclear"),
    "owner_unknown": Text("责任主体不明", "who answers is unclear"),
    "scope_open": Text("范围不明", "the scope is open"),
    "date_unknown": Text("推不出具体日期", "no day follows from the words"),
    "value_unclear": Text("数值有歧义", "the value is ambiguous"),
    "truncated": Text("正文不完整", "the text is cut off"),
    "site_noise": Text("夹有网站文字", "words of the site are mixed in"),
    "repeated_number": Text("序号重复", "a number comes twice"),
    "skipped_number": Text("序号跳号", "a number is left out"),
    "flattened_table": Text("表格被压成文字行", "a table was run into lines"),
}
_VERDICTS = {
    "covered": Text("已落实", "covered"),
    "missing": Text("缺失", "missing"),
    "weaker": Text("降低要求", "weaker"),
    "contradicting": Text("相互矛盾", "contradicting"),
}


class Unreadable(Invalid):
    """The file cannot be opened."""

    code = "workplan.unreadable"
    text = Text("无法读取 {path}：{why}。", "{path} cannot be read: {why}.")


def add_parsers(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Register `workplan`."""
    told = "政策文件 → 事项、责任、时限、指标 / a policy paper to items, owners, days and targets"
    parser = subparsers.add_parser("workplan", help=told, description=told)
    acts = parser.add_subparsers(metavar="ACT", required=True)
    one = acts.add_parser("compile", help="编译一份文件 / compile one paper")
    one.add_argument("file", help="txt、docx、pdf、html；- 为标准输入 / - for standard input")
    one.set_defaults(run=_run, act=_compile)
    two = acts.add_parser("compare", help="下级文件对照上级 / hold a lower paper against the upper one")
    two.add_argument("upper", help="上级文件 / the upper level's paper")
    two.add_argument("lower", help="下级文件 / the lower level's paper")
    two.set_defaults(run=_run, act=_compare)
    for act in (one, two):
        act.add_argument("--json", action="store_true", help="输出 JSON / print JSON")


def _run(args: argparse.Namespace) -> int:
    """Do the act; an expected error goes to standard error, as JSON with --json, and exits with 2."""
    try:
        args.act(args)
        sys.stdout.flush()
    except AppError as error:
        message = error.message
        told = {"code": error.code, "message": {"zh": message.zh, "en": message.en}}
        print(json.dumps(told, ensure_ascii=False) if args.json else str(message), file=sys.stderr)
        return 2
    return 0


def _read(path: str) -> str:
    try:
        if path != "-":
            check_size(Path(path).stat().st_size, name=Path(path).name)
        data = sys.stdin.buffer.read(LIMIT + 1) if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise Unreadable(path=path, why=error.strerror or error) from None
    return read_document(data, name=Path(path).name)


def _compile(args: argparse.Namespace) -> None:
    paper = compile_paper(_read(args.file))
    if args.json:
        _print_json(paper.as_json())
    else:
        print("\n".join(_told(paper)))


def _compare(args: argparse.Namespace) -> None:
    compared = compare(compile_paper(_read(args.upper)), compile_paper(_read(args.lower)))
    told = compared.as_json()
    if args.json:
        _print_json(told)
    else:
        print("\n".join(_compared(told)))


def _print_json(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")


def _told(paper: Paper) -> Iterator[str]:
    """A paper for a reader: head, then each item with what it asks, then what a person must decide."""
    period = " — ".join(day.isoformat() if day else "…" for day in paper.period) if any(paper.period) else ""
    for label, value in (
        ("标题 Title", paper.title),
        ("机关 Issuer", paper.issuer),
        ("文号 Number", paper.number),
        ("日期 Issued", paper.issued_on.isoformat() if paper.issued_on else ""),
        ("期限 Period", period),
        ("地区 Region", paper.region),
    ):
        yield f"{label:<12}{value or '—'}"
    yield f"{'合计 Found':<12}{len(paper.items)} 事项 items · {len(paper.targets)} 指标 targets · {len(paper.flags)} 待判断 flags"
    yield ""
    targets: dict[int, list[Target]] = defaultdict(list)
    for target in paper.targets:
        targets[target.item].append(target)
    for item in paper.items:
        yield from _item(item, targets[item.no])
    if paper.flags:
        yield ""
        yield "待判断 To be decided"
        paths = {item.no: item.path for item in paper.items}
        for flag in paper.flags:
            yield from _flag(flag, paths.get(flag.item, ""))


def _item(item: Item, targets: list[Target]) -> Iterator[str]:
    depth = "  " * item.path.count("/")
    words = item.heading or _short(" ".join(item.text.split()), 48)
    yield f"{depth}{item.path.rsplit('/', 1)[-1]:<4} {words}"
    inner = depth + "       "
    if item.owners:
        yield inner + "责任 " + "、".join(o.name + ("（配合）" if o.role == "support" else "") for o in item.owners)
    if item.deadlines:
        yield inner + "时限 " + "；".join(_deadline(deadline) for deadline in item.deadlines)
    for target in targets:
        yield inner + "指标 " + _target(target)


def _deadline(deadline: Deadline) -> str:
    if deadline.frequency:
        return f"{deadline.text}（{_EVERY.get(deadline.frequency, deadline.frequency)}）"
    days = " 至 ".join(day.isoformat() for day in (deadline.first, deadline.last) if day)
    return f"{deadline.text} → {days}" if days else deadline.text


def _target(target: Target) -> str:
    values = target.value if isinstance(target.value, tuple) else (target.value,)
    value = " – ".join(f"{number:,.10g}" for number in values)
    soft = "（力争）" if target.soft else "（全部）" if target.implied else ""
    when = target.deadline.isoformat() if target.deadline else _EVERY.get(target.frequency, "")
    return " ".join(part for part in (target.metric, _SIGNS[target.op], value, target.unit, when, soft) if part)


def _flag(flag: Flag, path: str) -> Iterator[str]:
    quote = _short(" ".join(flag.quote.split()), 40)
    yield f"  {path or '全文'}  {_FLAGS.get(flag.kind, Text(flag.kind, flag.kind))}：「{quote}」"
    for number, reading in enumerate(flag.readings, 1):
        yield f"      读法 {number}  {reading}"


def _compared(told: dict[str, Any]) -> Iterator[str]:
    rows = told["rows"]
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row["verdict"]] += 1
    yield " · ".join(f"{_VERDICTS[verdict]} {counts[verdict]}" for verdict in _VERDICTS)
    for verdict in ("missing", "contradicting", "weaker", "covered"):
        for row in rows:
            if row["verdict"] == verdict:
                yield ""
                yield f"{_VERDICTS[verdict].zh}  {_words_of(row.get('upper'))}"
                if row.get("lower"):
                    yield f"      下级  {_words_of(row['lower'])}"
                reason = row.get("reason")
                yield f"      {reason.get('zh', '') if isinstance(reason, dict) else reason or ''}"


def _words_of(side: Any) -> str:
    """A side of a compared row in one line, whatever of an item or a target it names."""
    if not isinstance(side, dict):
        return str(side)
    words = side.get("quote") or side.get("heading") or side.get("text") or side.get("metric") or ""
    return f"{side.get('path', '')} {_short(' '.join(str(words).split()), 60)}".strip()


def _short(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 1] + "…"
