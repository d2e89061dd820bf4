"""`wanghuo serve`: web, gateway, ingest and worker of an embedded deployment under one supervisor."""

from __future__ import annotations

import argparse
import logging
import sys

from wanghuo.entrypoints.cli.django_setup import setup


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("serve", help="run web, gateway, ingest and worker together")
    parser.add_argument("--host", default="127.0.0.1", help="address the web listens on")
    parser.add_argument("--port", type=int, default=8000, help="port the web listens on")
    parser.add_argument("--gateway", default=None, help="HOST:PORT for device frames (default: WANGHUO_GATEWAY)")
    parser.add_argument("--workers", type=int, default=1, help="web processes")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Bring the tables up to date, then run until told to stop."""
    prepare()
    from django.conf import settings

    from wanghuo.entrypoints.supervisor import Supervisor

    supervisor = Supervisor(programs(args.host, args.port, args.gateway or settings.GATEWAY, args.workers))
    supervisor.start()
    print(f"望火 http://{args.host}:{args.port}", file=sys.stderr)
    supervisor.watch()
    return 0


def prepare() -> None:
    """Tables and static files as this version needs them."""
    setup()
    from django.core.management import call_command

    logging.captureWarnings(True)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)


def programs(host: str, port: int, gateway: str, workers: int = 1) -> list:  # type: ignore[type-arg]
    """The processes of an embedded deployment."""
    from wanghuo.entrypoints.supervisor import Program, wanghuo, web

    return [
        Program("gateway", wanghuo("gateway", "--listen", gateway)),
        Program("ingest", wanghuo("ingest")),
        Program("worker", wanghuo("worker")),
        Program("web", web(host, port, workers)),
    ]
