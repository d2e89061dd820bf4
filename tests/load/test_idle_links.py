"""Links at rest, small: they cost little, are all kept, and a fire passes between them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import idle_links
import pytest


@pytest.mark.alone
def test_five_hundred_links_at_rest_cost_little_and_fires_pass(tmp_path) -> None:
    outcome = idle_links.measure(tmp_path, links=500, fires=20)
    assert outcome.whole, outcome
    # so few links weigh less than what the process itself grows by; the script measures the cost of one at 10,000
    assert outcome.bytes_per_link < 200_000, outcome
    assert outcome.open_files > 500
