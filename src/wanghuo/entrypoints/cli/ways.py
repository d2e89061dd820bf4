"""Commands of the ways in: `wanghuo ways`, `wanghuo mqtt credentials`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from wanghuo.entrypoints.cli.django_setup import setup

HTTP, COAP, A55A = "127.0.0.1:8001", "127.0.0.1:5683", "127.0.0.1:8002"


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    ways = subparsers.add_parser(
        "ways", help="接收其他协议 / receive what comes over HTTP, MQTT, CoAP, Modbus and A5 5A, beside the gateway"
    )
    ways.add_argument(
        "--http", default=HTTP, metavar="HOST:PORT", help=f"devices and pushes (default {HTTP}; '' for none)"
    )
    ways.add_argument("--coap", default=COAP, metavar="HOST:PORT", help=f"LwM2M over UDP (default {COAP})")
    ways.add_argument("--a55a", default=A55A, metavar="HOST:PORT", help=f"A5 5A over TCP and UDP (default {A55A})")
    proxies = "networks of reverse proxies in front of HTTP, by commas: their X-Forwarded-For is believed"
    ways.add_argument("--proxies", default="", metavar="NETWORKS", help=proxies)
    _add_limits(ways)
    ways.set_defaults(run=run_ways)
    mqtt = subparsers.add_parser("mqtt", help="MQTT 凭据 / credentials of MQTT devices").add_subparsers(
        metavar="ACT", required=True
    )
    credentials = mqtt.add_parser(
        "credentials", help="write the users and access lists of NATS and Mosquitto; make tokens where asked"
    )
    credentials.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where nats.conf, and passwd and acl of Mosquitto, are written",
    )
    credentials.add_argument(
        "--make",
        nargs="*",
        metavar="REF",
        default=None,
        help="make a token for these devices (none named: for all without one); printed once, as CSV",
    )
    credentials.add_argument("--platform", metavar="NAME:PASSWORD", help="the platform's own account at the broker")
    credentials.set_defaults(run=run_credentials)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """Each limit as an option; its default is the limit's own."""
    from wanghuo.entrypoints.ways.limits import Limits

    group = parser.add_argument_group("limits", "times in seconds, sizes in bytes, rates in messages a second")
    for field in fields(Limits):
        group.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            help=f"default {field.default}",
        )


def run_ways(args: argparse.Namespace) -> int:
    """Receive until told to stop."""
    setup()
    from django.conf import settings

    from wanghuo.entrypoints.ways.limits import Limits
    from wanghuo.entrypoints.ways.process import Listen, run
    from wanghuo.kernel.jobs.beats import beating
    from wanghuo.modules.sensing.gateway_side import bell
    from wanghuo.modules.sensing.ways_side import WaysSource, waiting_orders

    limits = Limits(**{field.name: getattr(args, field.name) for field in fields(Limits)})
    listen = Listen(args.http, args.coap, args.a55a, args.proxies)
    told = f"望火其他接入 / ways in: HTTP {listen.http or '-'} · CoAP {listen.coap or '-'} · A5 5A {listen.a55a or '-'}"
    with beating("ways"):
        run(
            settings.JOURNAL, listen, limits, ring=bell(), refresh=WaysSource(), orders=waiting_orders,
            ready=lambda: print(told, file=sys.stderr, flush=True),
        )  # fmt: skip
    return 0


def run_credentials(args: argparse.Namespace) -> int:
    """Write the broker's files."""
    setup()
    from wanghuo.modules.sensing.credentials import make_all, write_broker_files

    if args.make is not None:
        print("ref,user,password")
        for ref, user, token in make_all(args.make):
            print(f"{ref},{user},{token}")
    count, unknown = write_broker_files(args.out, args.platform or "")
    print(f"{args.out}/nats.conf: {count - len(unknown)}; {args.out}/passwd, {args.out}/acl: {count}", file=sys.stderr)
    if unknown:
        told = "NATS 不认识（令牌较旧，或名称含空格、/ + # * >）/ unknown to NATS (an older token, or a name with a space or / + # * >)"
        print(f"{told}: {', '.join(unknown[:20])}{' …' if len(unknown) > 20 else ''}", file=sys.stderr)
    return 0
