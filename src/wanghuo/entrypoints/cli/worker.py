"""Commands of the background: `wanghuo worker`, `wanghuo outbox`, `wanghuo webhooks`."""

from __future__ import annotations

import argparse
import gc
import json
import signal
from typing import Any

from wanghuo.entrypoints.cli.django_setup import setup


def add_parsers(subparsers: Any) -> None:
    """Add the commands."""
    worker = subparsers.add_parser("worker", help="后台：事件、任务、时限、推送 / events, jobs, clocks, messages")
    worker.add_argument("--once", action="store_true", help="do what is due now, then end")
    worker.set_defaults(run=run_worker)

    outbox = subparsers.add_parser("outbox", help="事件投递情况与死信 / deliveries and dead letters")
    outbox.add_argument("--retry", type=int, metavar="ID", help="let a dead letter be tried again")
    outbox.set_defaults(run=run_outbox)

    webhooks = subparsers.add_parser("webhooks", help="推送端点 / systems told by webhook")
    acts = webhooks.add_subparsers(metavar="ACT", required=True)
    add = acts.add_parser("add", help="tell a system from now on; prints its secret, once")
    add.add_argument("name")
    add.add_argument("url", help="its host and port must stand in egress.toml")
    add.add_argument("--levels", default="A", help="classes of message: A life, B duty, C news (default A)")
    add.set_defaults(run=run_add_webhook)
    stop = acts.add_parser("stop", help="tell it no more")
    stop.add_argument("name")
    stop.set_defaults(run=run_stop_webhook)
    acts.add_parser("list", help="print them as JSON lines").set_defaults(run=run_list_webhooks)


def run_worker(args: argparse.Namespace) -> int:
    """Work until told to stop."""
    setup()
    from wanghuo.entrypoints.worker.loops import Worker
    from wanghuo.kernel.outbox.first_turn import letting_first

    worker = Worker()
    if args.once:
        worker.once()
        return 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    gc.freeze()  # what was loaded stays: the collector need not look through it again and again
    with letting_first():
        worker.run()
    return 0


def run_outbox(args: argparse.Namespace) -> int:
    """Print how delivering goes; exit code 1 when there are dead letters."""
    setup()
    from wanghuo.kernel.outbox.delivery import dead_letters, outbox_health, retry_dead

    if args.retry is not None:
        return 0 if retry_dead(args.retry) else 1
    health = outbox_health()
    oldest = health.oldest_at.isoformat() if health.oldest_at else None
    print(json.dumps({"waiting": health.waiting, "oldest_at": oldest, "dead": health.dead}))
    for row in dead_letters():
        told = {"id": row.pk, "listener": row.listener, "event": row.event.kind, "error": row.error}
        print(json.dumps(told, ensure_ascii=False))
    return 1 if health.dead else 0


def run_add_webhook(args: argparse.Namespace) -> int:
    """Add an endpoint."""
    setup()
    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.notify.sending import add_endpoint

    row = add_endpoint(name=args.name, url=args.url, levels=args.levels, actor=system_actor("cli"))
    print(json.dumps({"name": row.name, "secret": row.secret}, ensure_ascii=False))
    return 0


def run_stop_webhook(args: argparse.Namespace) -> int:
    """Stop an endpoint."""
    setup()
    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.notify.sending import stop_endpoint

    stop_endpoint(name=args.name, actor=system_actor("cli"))
    return 0


def run_list_webhooks(args: argparse.Namespace) -> int:
    """Print the endpoints."""
    setup()
    from wanghuo.kernel.notify.models import Endpoint

    for row in Endpoint.objects.order_by("name"):
        shown = {"name": row.name, "url": row.url, "levels": row.levels, "active": row.active}
        print(json.dumps(shown, ensure_ascii=False))
    return 0
