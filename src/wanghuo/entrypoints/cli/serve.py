"""`wanghuo serve`: web, gateway, ingest and worker of an embedded deployment under one supervisor."""

from __future__ import annotations

import argparse
import logging
import sys

from wanghuo.entrypoints.cli.django_setup import settle, setup


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("serve", help="run web, gateway, ingest and worker together")
    parser.add_argument("--host", default="127.0.0.1", help="address the web listens on")
    parser.add_argument("--port", type=int, default=8000, help="port the web listens on")
    parser.add_argument("--gateway", default=None, help="HOST:PORT for device frames (default: WANGHUO_GATEWAY)")
    parser.add_argument("--workers", type=int, default=1, help="web processes")
    add_ways(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Receive frames at once; bring the tables up to date, then run the others too until told to stop.

    The gateway needs the journal alone: nobody waits for the tables with a fire.
    """
    settle()
    from django.conf import settings

    from wanghuo.entrypoints.supervisor import Supervisor

    gateway = args.gateway or settings.GATEWAY
    supervisor = Supervisor(programs(args.host, args.port, gateway, args.workers, ways=ways_of(args)))
    supervisor.start("gateway")
    try:
        prepare()
    except BaseException:
        supervisor.stop()
        raise
    if supervisor.told_to_stop:
        supervisor.stop()
        return 0
    supervisor.start()
    print(f"望火 http://{args.host}:{args.port}", file=sys.stderr)
    supervisor.watch()
    return 0


def add_ways(parser: argparse.ArgumentParser) -> None:
    """The options of the other ways in."""
    help = "devices and pushes over HTTP (default: the web's host and the port after its own; '' for none)"
    parser.add_argument("--ways", metavar="HOST:PORT", help=help)
    parser.add_argument("--proxies", default="", metavar="NETWORKS", help="reverse proxies in front of the ways in")
    parser.add_argument("--coap", default="", metavar="HOST:PORT", help="LwM2M over UDP (default: none)")
    parser.add_argument("--a55a", default="", metavar="HOST:PORT", help="A5 5A over TCP and UDP (default: none)")


def ways_of(args: argparse.Namespace) -> list[str]:
    """The command line of the other ways in, after its name."""
    http = f"{args.host}:{args.port + 1}" if args.ways is None else args.ways
    return ["--http", http, "--coap", args.coap, "--a55a", args.a55a, "--proxies", args.proxies]


def prepare() -> None:
    """Tables and static files as this version needs them."""
    setup()
    from django.core.management import call_command

    logging.captureWarnings(True)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)


def programs(host: str, port: int, gateway: str, workers: int = 1, *, ways: list[str]) -> list:  # type: ignore[type-arg]
    """The processes of an embedded deployment. `ways`: the options of `wanghuo ways`."""
    from wanghuo.entrypoints.supervisor import Program, wanghuo, web

    return [
        Program("gateway", wanghuo("gateway", "--listen", gateway)),
        Program("ways", wanghuo("ways", *ways)),
        Program("ingest", wanghuo("ingest")),
        Program("worker", wanghuo("worker")),
        Program("web", web(host, port, workers)),
    ]
