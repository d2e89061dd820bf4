"""`wanghuo demo`: fill a synthetic region if it is not there yet, then run it with its simulated devices."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from wanghuo.base import Text
from wanghuo.entrypoints.cli.serve import add_ways, prepare, programs, ways_of

if TYPE_CHECKING:
    from wanghuo.entrypoints.supervisor import Supervisor


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("demo", help="fill a synthetic region and run it with simulated devices")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--gateway", default="127.0.0.1:26875", metavar="HOST:PORT")
    add_ways(parser)
    parser.add_argument("--fill-only", action="store_true", help="fill the region and leave")
    parser.add_argument("--small", action="store_true", help="a region of a few units, filled in seconds")
    parser.add_argument("--pace", type=float, default=10.0, help="how much faster than the clock daily life runs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fill, then run until told to stop."""
    os.environ["WANGHUO_MODE"] = "demo"
    os.environ.setdefault("WANGHUO_REGION", "445281")
    os.environ["WANGHUO_HOSTS"] = f"127.0.0.1,localhost,{args.host}"
    os.environ["WANGHUO_GATEWAY"] = args.gateway
    started = time.monotonic()
    _show(Text("准备数据表与静态文件", "preparing tables and static files"), 0.0)
    prepare()
    from wanghuo.entrypoints.demo import filling
    from wanghuo.entrypoints.supervisor import Program, Supervisor, wanghuo

    if filling.is_filled():
        _show(Text("演示数据已在", "the demo data is there"), 1.0)
    filling.fill(_show, filling.SMALL if args.small else filling.FULL)
    if args.fill_only:
        return 0
    simulator = wanghuo(
        *("simulate", "--gateway", args.gateway, "--world", str(filling.world_file()), "--pace", str(args.pace)),
        *(word for scene in filling.opening_scenes() for word in ("--scene", scene)),
    )
    supervisor = Supervisor(
        [*programs(args.host, args.port, args.gateway, ways=ways_of(args)), Program("simulator", simulator)]
    )
    supervisor.start()
    _wait_for(args.host, args.port, supervisor)
    if not supervisor.told_to_stop:
        _greet(args, time.monotonic() - started)
    supervisor.watch()
    return 0


def _show(what: Text, share: float) -> None:
    """One line of progress with a bar; on a terminal it is drawn in place."""
    width = 24
    filled = round(share * width)
    line = f"  [{'█' * filled}{'·' * (width - filled)}] {share * 100:3.0f} %  {what}"
    end = "\n" if share >= 1 or not sys.stderr.isatty() else ""
    start = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def _wait_for(host: str, port: int, supervisor: Supervisor, patience_s: float = 120.0) -> None:
    """Wait until the web answers, so that the address printed works."""
    import socket

    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and not supervisor.told_to_stop:
        try:
            with socket.create_connection((host, port), 1):
                return
        except OSError:
            time.sleep(0.1)


def _greet(args: argparse.Namespace, seconds: float) -> None:
    from wanghuo.entrypoints.demo import filling
    from wanghuo.kernel.access.roles import roles

    print(f"\n望火演示已就绪（{seconds:.0f} 秒）/ The demo is ready ({seconds:.0f} s)", file=sys.stderr)
    print(f"\n  http://{args.host}:{args.port}\n", file=sys.stderr)
    print(f"  账号 / log-ins    密码 / password: {filling.PASSWORD}", file=sys.stderr)
    places = filling.where()
    for person in filling.people("", ""):
        place = places.get(person.username, "")
        print(f"    {person.username:<12} {roles()[person.role].name} · {place}", file=sys.stderr)
    print("\n  从 operator（报警）、leader（态势）、office（工作计划）看起", file=sys.stderr)
    print("  begin as operator (alarms), leader (the situation) or office (work plans)", file=sys.stderr)
    print(f"\n  设备接入 / devices: {args.gateway} (GB/T 26875.3, TCP)", file=sys.stderr)
    print(f"  其他接入 / other ways in: http://{ways_of(args)[1]}/in/ (docs/ways-in.md)", file=sys.stderr)
    print("  全部单位、人员、设备均为虚构 / every unit, person and device is made up", file=sys.stderr)
    print("  Ctrl-C 停止 / stops it\n", file=sys.stderr, flush=True)
