"""`wanghuo simulate`: a region's devices over real TCP, seeded and repeatable. The devices are synthetic; the way in is the real one."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path

from wanghuo.base import Invalid, Text
from wanghuo.entrypoints.simulator import world as worlds
from wanghuo.entrypoints.simulator.device import Tally
from wanghuo.entrypoints.simulator.fleet import Fleet, Scene

STORIES = ("fire", "false_alarm", "fault", "test")


class NotAWorld(Invalid):
    """The file holds no world."""

    code = "simulate.not_a_world"
    text = Text("{path} 不是模拟器的世界文件：{why}", "{path} is no world file of the simulator: {why}")


class NotAScene(Invalid):
    """A scene is SOURCE:STORY[:SECONDS]."""

    code = "simulate.not_a_scene"
    text = Text(
        "“{scene}” 应写成 设备地址:故事[:秒]，故事为 {stories}。",
        "“{scene}” must be SOURCE:STORY[:SECONDS], the story one of {stories}.",
    )


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("simulate", help="run synthetic devices against a gateway, over real sockets")
    parser.add_argument("--gateway", default="127.0.0.1:26875", metavar="HOST:PORT")
    parser.add_argument("--world", type=Path, help="world file (default: --devices made-up ones)")
    parser.add_argument("--devices", type=int, default=20, help="how many made-up devices")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--pace", type=float, help="how much faster than the clock daily life runs")
    parser.add_argument("--for", dest="lasts_s", type=float, metavar="SECONDS", help="stop after this long")
    parser.add_argument(
        "--scene", action="append", default=[], metavar="SOURCE:STORY[:SECONDS]", help=", ".join(STORIES)
    )
    parser.add_argument("--quiet-life", action="store_true", help="heartbeats and scenes only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the devices; the counts come as JSON on standard output at the end."""
    world = _world(args)
    host, _, port = args.gateway.rpartition(":")
    fleet = Fleet(world, host or "127.0.0.1", int(port), seed=args.seed, ramp_s=min(5.0, len(world.devices) / 50))
    scenes = tuple(_scene(text) for text in args.scene)
    print(f"{len(world.devices)} 台模拟设备 / synthetic devices → {args.gateway}", file=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(fleet.run(lasts_s=args.lasts_s, scenes=scenes))
    print(json.dumps(summary(fleet.tally)))
    return 0


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def _world(args: argparse.Namespace) -> worlds.World:
    if args.world is None:
        world = worlds.made_up(args.devices, args.seed)
    else:
        try:
            world = worlds.load(args.world)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotAWorld(path=args.world, why=error) from None
    rhythm = world.rhythm
    if args.quiet_life:
        rhythm = worlds.Rhythm(faults=0, false_alarms=0, tests=0, silences=0, fires=0, readings_s=1e12)
    if args.pace:
        rhythm = replace(rhythm, pace=args.pace)
    return replace(world, rhythm=rhythm)


def _scene(text: str) -> Scene:
    source, story, *rest = [*text.split(":"), ""][:3]
    try:
        after_s = float(rest[0] or 0)
    except ValueError:
        after_s = -1.0
    if story not in STORIES or after_s < 0:
        raise NotAScene(scene=text, stories=", ".join(STORIES))
    return Scene(source, story, after_s)


def summary(tally: Tally) -> dict[str, float]:
    """The counts, with the median and 99th percentile of the confirmation time in milliseconds."""
    took = sorted(tally.took_s)

    def at(share: float) -> float:
        return round(took[min(len(took) - 1, int(len(took) * share))] * 1000, 2) if took else 0.0

    return {
        "sent": tally.sent,
        "confirmed": tally.confirmed,
        "repeated": tally.repeated,
        "failed": tally.failed,
        "denied": tally.denied,
        "asked": tally.asked,
        "links_broken": tally.broken,
        "confirm_ms_p50": at(0.5),
        "confirm_ms_p99": at(0.99),
    }
