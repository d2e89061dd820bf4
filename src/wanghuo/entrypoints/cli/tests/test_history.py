"""`wanghuo history move` says what is missing before it touches anything."""

from __future__ import annotations

import argparse

import pytest

from wanghuo.base import Invalid
from wanghuo.entrypoints.cli.history import run_move


@pytest.mark.parametrize(
    ("setting", "back", "words"),
    [("", None, "is not set"), ("postgres:///readings", "postgres:///readings", "still names a server")],
)
def test_a_move_needs_the_setting_of_where_it_goes(settings, setting, back, words) -> None:
    settings.HISTORY = setting
    with pytest.raises(Invalid, match=words) as refused:
        run_move(argparse.Namespace(back=back))
    assert "WANGHUO_HISTORY" in refused.value.message.zh
