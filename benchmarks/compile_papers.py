"""How long the compiler reads: each source paper, a clause without an end, and growth with length.

    python benchmarks/compile_papers.py [--json] [--rounds N]

The baseline of the same run is one plain pass of regular expressions over the same text (numerals, dates, bodies, marks of
the outline): the least that anything that reads such a paper must do. The papers are those under ../shared/sources (or
WANGHUO_SHARED); where they are absent, only the made text is read. Process time, the median of the rounds. Goals: the
longest paper within 2 s; four times the clause within eight times the time. Exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from wanghuo.engines.workplan import compile_paper
from wanghuo.engines.workplan.reading import read_document

SOURCES = Path(os.environ.get("WANGHUO_SHARED", Path(__file__).parents[2] / "shared")) / "sources"
CLAUSE = "新建消防站3座和培训人员20名"
LONGEST_S = 2.0
GROWTH = 8.0
PLAIN = [
    re.compile(pattern)
    for pattern in (
        r"[0-9０-９一二三四五六七八九十百千万亿]+(?:[.．][0-9]+)?[%％]?",
        r"(?:20\d\d年)?\d{1,2}月(?:\d{1,2}日)?(?:底|前)?",
        r"[\u4e00-\u9fff]{2,12}(?:局|委|办|部门|政府|支队|大队)",
        r"^[（(]?[一二三四五六七八九十]+[)）、]",
    )
]


def plain(text: str) -> int:
    """The baseline: how many things the plain expressions see."""
    return sum(1 for line in text.splitlines() for pattern in PLAIN for _ in pattern.finditer(line))


def taken(work: Callable[[str], object], text: str, rounds: int) -> float:
    """Median process seconds of `rounds` runs."""
    seconds = []
    for _ in range(rounds):
        begun = time.process_time()
        work(text)
        seconds.append(time.process_time() - begun)
    return statistics.median(seconds)


def measured(name: str, text: str, rounds: int) -> dict[str, object]:
    """Seconds, and the ratio to the plain pass, for one text."""
    ours, least = taken(compile_paper, text, rounds), taken(plain, text, rounds)
    return {"text": name, "characters": len(text), "s": round(ours, 3), "plain_ratio": round(ours / least, 1)}


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON line only")
    args = parser.parse_args()
    papers = {
        path.name[:24]: read_document(path.read_bytes(), name=path.name) for path in sorted(SOURCES.glob("*.txt"))
    }
    rows = [measured(name, text, args.rounds) for name, text in papers.items()]
    rows += [measured(f"clause x {copies}", CLAUSE * copies, args.rounds) for copies in (800, 3200)]
    growth = float(str(rows[-1]["s"])) / max(float(str(rows[-2]["s"])), 0.001)
    longest = max((float(str(row["s"])) for row in rows[: len(papers)]), default=0.0)
    if not args.json:
        for row in rows:
            print(f"{row['characters']:8} characters  {row['s']:7} s  {row['plain_ratio']:7} x plain  {row['text']}")
        print(f"longest paper {longest:.2f} s (goal {LONGEST_S}), growth for four times the length {growth:.1f}")
    print(json.dumps({"rows": rows, "longest_s": longest, "growth": round(growth, 2)}, ensure_ascii=False))
    return 0 if longest <= LONGEST_S and growth <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
