"""The command `wanghuo`: each topic file beside this one adds its own commands."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib import resources

from wanghuo import __version__
from wanghuo.base import AppError, Invalid, Text

BROKEN_OFF = Text("已中断。", "broken off")
DJANGO_COMMANDS = ("migrate", "makemigrations", "collectstatic", "check", "shell", "sqlmigrate")
TOPICS = {"gateway": "sensing", "ingest": "sensing", "worker": "worker", "ways": "ways", "serve": "serve"}
"""Where the processes of a deployment are: whoever starts one waits for no other topic to be loaded."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 (could not be done), 2 (input not valid) or 130 (broken off with Ctrl-C)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in DJANGO_COMMANDS:
        return _django(arguments)
    topic = TOPICS.get(arguments[0]) if arguments else None
    args = (_parser([topic]) if topic else _parser()).parse_args(arguments)
    try:
        return int(args.run(args) or 0)
    except AppError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, Invalid) else 1
    except KeyboardInterrupt:
        print(f"\n{BROKEN_OFF}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output has seen enough; the interpreter must not complain about it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser(topics: Sequence[str] = ()) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wanghuo", description="望火 Wanghuo: fire-safety governance for a region.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for topic in topics or _topics():
        importlib.import_module(f"{__package__}.{topic}").add_parsers(subparsers)
    return parser


def _topics() -> list[str]:
    names = (entry.name for entry in resources.files(__package__).iterdir())
    return sorted(n[:-3] for n in names if n.endswith(".py") and n not in ("__init__.py", "main.py", "django_setup.py"))


def _django(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["wanghuo", *arguments])
    return 0
