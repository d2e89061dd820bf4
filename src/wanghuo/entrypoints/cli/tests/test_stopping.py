"""Ctrl-C at a terminal: the supervisor alone hears it, ends its programs, and says so in two languages."""

from __future__ import annotations

import os
import pty
import select
import sys
import time

from wanghuo.entrypoints import supervisor
from wanghuo.entrypoints.cli import main as cli

PROGRAM = """
import sys
from wanghuo.entrypoints.supervisor import Program, Supervisor
child = "import time; print('begun', flush=True); time.sleep(600)"
kept = Supervisor([Program("one", [sys.executable, "-c", child])])
kept.start()
kept.watch()
"""
PATIENCE_S = 30.0


def heard_until(terminal: int, words: str, so_far: str = "") -> str:
    """What the terminal shows, until `words` are among it or it is closed."""
    deadline = time.monotonic() + PATIENCE_S
    while words not in so_far and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                so_far += os.read(terminal, 4096).decode("utf-8", "replace")
            except OSError:  # closed
                break
    return so_far


def test_ctrl_c_ends_the_programs_quietly():
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM])
    shown = heard_until(terminal, "begun")
    os.write(terminal, b"\x03")
    shown = heard_until(terminal, str(supervisor.STOPPED), shown)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert str(supervisor.STOPPING) in shown
    assert str(supervisor.STOPPED) in shown
    assert "Traceback" not in shown
    assert "KeyboardInterrupt" not in shown


def test_a_command_that_is_broken_off_says_so(monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    parser = cli._parser()
    monkeypatch.setattr(cli, "_parser", lambda: parser)
    monkeypatch.setattr(parser, "parse_args", lambda arguments: type("Args", (), {"run": staticmethod(interrupted)}))
    assert cli.main(["regions"]) == 130
    assert capsys.readouterr().err == f"\n{cli.BROKEN_OFF}\n"
