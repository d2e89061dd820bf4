"""Commands of sensing: `wanghuo gateway`, `wanghuo ingest`, `wanghuo journal`."""

from __future__ import annotations

import argparse
import fcntl
import gc
import json
import os
import signal
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wanghuo.base import AppError, Text
from wanghuo.entrypoints.cli.django_setup import settle, setup

if TYPE_CHECKING:
    from wanghuo.entrypoints.gateway.ports import Ports


class AlreadyRunning(AppError):
    """A second ingest for the same home."""

    code = "sensing.ingest_running"
    status = 409
    text = Text(
        "已有一个 ingest 在运行（{path}）；同一数据目录只能运行一个。",
        "An ingest is already running ({path}); one home can have only one.",
    )


TAKEN_OVER = Text("另一个 ingest 已接管，本进程结束。", "Another ingest has taken over; this one ends.")


def add_parsers(subparsers: Any) -> None:
    """Add the commands."""
    gateway = subparsers.add_parser(
        "gateway", help="接收设备报文 / receive device frames (GB/T 26875.3 over TCP, TLS and UDP)"
    )
    gateway.add_argument("--listen", metavar="HOST:PORT", help="TCP address (WANGHUO_GATEWAY, else 127.0.0.1:26875)")
    gateway.add_argument("--udp", metavar="HOST:PORT", help="also receive datagrams there (default: no UDP)")
    _add_tls(gateway)
    gateway.add_argument("--processes", type=int, default=1, help="processes that share the port (default 1)")
    _add_limits(gateway)
    gateway.set_defaults(run=run_gateway)

    ingest = subparsers.add_parser(
        "ingest", help="由接收日志推导状态与报警 / derive states and signals from the journal"
    )
    ingest.add_argument(
        "--standby", action="store_true", help="wait while another ingest of this database runs, then take over"
    )
    ingest.add_argument("--once", action="store_true", help="take in what there is, then end")
    ingest.set_defaults(run=run_ingest)

    journal = subparsers.add_parser(
        "journal", help="接收日志的核验、查看、清理与重放 / check, show, prune, replay the journal"
    )
    acts = journal.add_subparsers(metavar="ACT", required=True)
    check = acts.add_parser("check", help="verify every checksum; exit code 1 when something is damaged")
    check.set_defaults(run=run_check)
    show = acts.add_parser("show", help="print records as JSON lines")
    show.add_argument("--after", type=int, default=0, metavar="BATCH", help="only batches after this one")
    show.add_argument("--limit", type=int, default=100, help="most records to print")
    show.set_defaults(run=run_show)
    dead = acts.add_parser("dead", help="what could not be taken in, as JSON lines; exit code 1 when there is any")
    dead.add_argument("--looked", action="store_true", help="somebody has looked at all of it: show it no more")
    again = "the cause was removed: put them at the end of the journal once more, to be taken in"
    dead.add_argument("--again", action="store_true", help=again)
    dead.set_defaults(run=run_dead)
    prune = acts.add_parser("prune", help="delete what is older than DAYS and has been taken in")
    prune.add_argument("--days", type=float, required=True)
    prune.set_defaults(run=run_prune)
    further = acts.add_parser(
        "continue", help="after a change or loss of the journal: number its batches behind what was taken in"
    )
    further.set_defaults(run=run_continue)
    replay = acts.add_parser("replay", help="rebuild the latest state from the journal and compare it with the tables")
    replay.add_argument("--write", action="store_true", help="put the tables right where they differ")
    replay.set_defaults(run=run_replay)


def _add_tls(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("TLS", "PEM files; with a certificate, TLS is spoken on the TCP port")
    group.add_argument("--tls-cert", type=Path, metavar="FILE", help="our certificate, with its chain")
    group.add_argument("--tls-key", type=Path, metavar="FILE", help="its key (default: in the same file)")
    clients = "authority of client certificates: what comes with one has trust “tls”, the others are served too"
    group.add_argument("--tls-clients", type=Path, metavar="FILE", help=clients)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """Each limit of the gateway as an option; its default is the limit's own."""
    from wanghuo.entrypoints.gateway.limits import Limits

    group = parser.add_argument_group(
        "limits", "times in seconds, sizes in bytes, rates in frames a second (0: no limit)"
    )
    for field in fields(Limits):
        kind = type(field.default)
        group.add_argument(
            f"--{field.name.replace('_', '-')}", type=kind, default=field.default, help=f"default {field.default}"
        )


def run_gateway(args: argparse.Namespace) -> int:
    """Receive frames until told to stop."""
    settle()
    from django.conf import settings

    address = args.listen or settings.GATEWAY
    if args.processes <= 1:
        _serve(args, address, shared=False)
        return 0
    setup()  # before they part, so that they share the memory
    return _supervise(args, address)


def _serve(args: argparse.Namespace, address: str, *, shared: bool) -> None:
    from django.conf import settings

    from wanghuo.entrypoints.gateway.lanes import PARTS
    from wanghuo.entrypoints.gateway.limits import Limits
    from wanghuo.entrypoints.gateway.server import run
    from wanghuo.entrypoints.gateway.side import Side

    limits = Limits(**{field.name: getattr(args, field.name) for field in fields(Limits)})
    where = f"{address}{' TLS' if args.tls_cert else ''}{f', UDP {args.udp}' if args.udp else ''}"
    path = "compiled" if PARTS.compiled else "plain Python"
    with ExitStack() as stack:
        side = Side(setup, stack)
        run(
            settings.JOURNAL,
            _ports(args, address, shared=shared),
            limits,
            ring=side.ring,
            refresh=side.refresh,
            orders=side.orders,
            ready=lambda: print(f"望火接收服务 / gateway: {where} ({path})", file=sys.stderr, flush=True),
        )


def _ports(args: argparse.Namespace, address: str, *, shared: bool) -> Ports:
    from wanghuo.entrypoints.gateway.ports import Ports, listening_socket, tls

    context = tls(args.tls_cert, args.tls_key, args.tls_clients) if args.tls_cert else None
    udp = listening_socket(args.udp, shared=shared, kind=socket.SOCK_DGRAM) if args.udp else None
    return Ports(listening_socket(address, shared=shared), udp, context)


def _supervise(args: argparse.Namespace, address: str) -> int:
    """Several processes on one port (SO_REUSEPORT); one that dies is started again."""
    children: set[int] = set()
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            os.kill(child, signal.SIGTERM)

    def start() -> None:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            _serve(args, address, shared=True)
            os._exit(0)
        children.add(child)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for _ in range(args.processes):
        start()
    while children:
        child, _ = os.wait()
        children.discard(child)
        if not stopping:
            time.sleep(0.5)
            start()
    return 0


def _only_one(home: Path) -> IO[str]:
    """Hold the lock of the one ingest of this home for as long as the file is open."""
    path = home / "ingest.lock"
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunning(path=path) from None
    return lock


def run_ingest(args: argparse.Namespace) -> int:
    """Follow the journal until told to stop; 1 when another ingest has taken over."""
    setup()
    from django.conf import settings

    from wanghuo.kernel.jobs.beats import beating
    from wanghuo.modules.sensing.ingest import Ingest
    from wanghuo.modules.sensing.own_connection import ingest_connection, only_ingest
    from wanghuo.modules.sensing.reading_store import Overtaken
    from wanghuo.modules.sensing.store import Superseded

    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with _only_one(settings.HOME), only_ingest(standby=args.standby, stopped=lambda: stopping) as mine:
        if not mine:
            raise AlreadyRunning(path=settings.DATABASES["default"]["NAME"])
        with ingest_connection():
            if stopping:
                return 0
            ingest = Ingest(settings.JOURNAL)
            gc.freeze()  # the register stays: the collector need not look through a million devices while fires wait
            gc.set_threshold(20_000, 20, 20)
            if args.once:
                print(ingest.catch_up())
                return 0
            try:
                with beating("ingest"):
                    ingest.run(lambda: stopping)
            except (Superseded, Overtaken):
                print(TAKEN_OVER, file=sys.stderr)
                return 1
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Verify the journal."""
    setup()
    from django.conf import settings

    from wanghuo.modules.sensing.journals import open_reader

    damaged = 0
    reader = open_reader(settings.JOURNAL)
    for batch, what in reader.check():
        damaged += 1
        print(json.dumps({"batch": batch, "damaged": what}))
    print(json.dumps({"batches_through": reader.last(), "bytes": reader.size_bytes(), "damaged": damaged}))
    return 1 if damaged else 0


def run_continue(args: argparse.Namespace) -> int:
    """Let the journal go on behind the last batch that the records know."""
    setup()
    from django.conf import settings
    from django.db import transaction

    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.audit import record
    from wanghuo.modules.sensing import store
    from wanghuo.modules.sensing.journals import continue_after

    with _only_one(settings.HOME), transaction.atomic():
        through = store.taken_in(store.position())
        if changed := continue_after(settings.JOURNAL, through):
            record(system_actor("cli"), "sensing:journal:continue", str(through))
    print(json.dumps({"taken_in_through": through, "renumbered": changed}))
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print records."""
    setup()
    from django.conf import settings

    from wanghuo.modules.sensing.journal import FRAME, MESSAGE
    from wanghuo.modules.sensing.journals import open_reader

    reader, position, left = open_reader(settings.JOURNAL), args.after, args.limit
    while left > 0 and (batches := reader.after(position, batches=1)):
        batch = batches[0]
        position = batch.id
        for record in list(batch)[:left]:
            shown = {
                "ref": record.ref,
                "received_us": record.received_us,
                "peer": reader.peer(batch.writer, record.link),
            }
            if record.kind == FRAME:
                shown["hex"] = record.data.hex()
            elif record.kind == MESSAGE:
                shown |= _message(record.data)
            else:
                shown["note"] = json.loads(record.data)
            print(json.dumps(shown, ensure_ascii=False))
            left -= 1
    return 0


def _message(data: bytes) -> dict[str, str]:
    """A message of another protocol, its payload as text where it is some."""
    from wanghuo.modules.sensing.messages import NotPacked, unpack_message

    try:
        message = unpack_message(data)
    except NotPacked:
        return {"hex": data.hex()}
    shown = {"protocol": message.protocol, "address": message.address, "topic": message.topic}
    try:
        return shown | {"payload": message.payload.decode("utf-8")}
    except UnicodeDecodeError:
        return shown | {"hex": message.payload.hex()}


def run_dead(args: argparse.Namespace) -> int:
    """Print what ingest could not take in."""
    setup()
    from django.conf import settings

    from wanghuo.modules.sensing.dead import dead_frames, looked, take_again

    found = dead_frames()
    for row in found:
        told = {"ref": row.ref, "at": row.at.isoformat(), "error": row.error, "hex": row.frame}
        print(json.dumps(told, ensure_ascii=False))
    if args.again:
        take_again(settings.JOURNAL)
        return 0
    if args.looked:
        looked()
        return 0
    return 1 if found else 0


def run_prune(args: argparse.Namespace) -> int:
    """Delete what is old and taken in."""
    setup()
    from wanghuo.modules.sensing.retention import prune

    print(json.dumps({"deleted_batches": prune(days=args.days)}))
    return 0


def run_replay(args: argparse.Namespace) -> int:
    """Rebuild the latest state; exit code 1 when the tables differ and were not put right."""
    setup()
    from django.conf import settings

    from wanghuo.modules.sensing.replay import replay

    with _only_one(settings.HOME):
        result = replay(settings.JOURNAL, write=args.write)
    print(json.dumps(asdict(result)))
    return 1 if result.different and not args.write else 0
