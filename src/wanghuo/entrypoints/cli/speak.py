"""`wanghuo speak`: one message of a synthetic device, over any protocol but GB/T 26875.3 (for that: `wanghuo simulate`)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from typing import Any

from wanghuo.base import Invalid, Text

PUSHES = ("ctwing", "onenet", "studio", "iotda")


class NotValues(Invalid):
    """The values are no JSON object."""

    code = "speak.not_values"
    text = Text("--values 应为 JSON 对象，如 {example}", "--values must be a JSON object such as {example}")


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "speak", help="send one message as a synthetic device, over HTTP, a push, MQTT, CoAP or A5 5A"
    )
    parser.add_argument("protocol", choices=("http", *PUSHES, "mqtt", "coap", "a55a", "modbus"))
    parser.add_argument(
        "--to", default="127.0.0.1:8001", metavar="HOST:PORT", help="listener or broker; modbus: where to listen"
    )
    parser.add_argument("--device", default="SIM-1", help="name of the device in its protocol")
    parser.add_argument("--token", default="", help="device token (http, mqtt) or the way's token (onenet, studio)")
    parser.add_argument("--path", default="", help="pushes: the address of the way in, /in/…")
    parser.add_argument("--values", default='{"smoke_state": 1, "battery": 90}', metavar="JSON")
    parser.add_argument("--stay", type=float, default=0.0, metavar="SECONDS", help="mqtt: answer commands for so long")
    parser.add_argument("--udp", action="store_true", help="a55a: a datagram instead of a connection")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send, and print what was answered; exit code 1 when it was not taken."""
    try:
        values = json.loads(args.values)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise NotValues(example='{"smoke_state": 1}')
    with contextlib.suppress(KeyboardInterrupt):
        taken, told = asyncio.run(_speak(args, values))
        print(told)
        return 0 if taken else 1
    return 0


async def _speak(args: argparse.Namespace, values: dict[str, Any]) -> tuple[bool, str]:
    from wanghuo.engines.codecs import a55a
    from wanghuo.entrypoints.simulator import speakers

    host, _, port = args.to.rpartition(":")
    url = f"http://{args.to}"
    if args.protocol == "http":
        status = await speakers.speak_http(url, args.token, values)
        return status == 200, f"HTTP {status}"
    if args.protocol in PUSHES:
        status = await speakers.post(url + args.path, _push(args, values))
        return status == 200, f"HTTP {status}"
    if args.protocol == "mqtt":
        acts = await speakers.speak_mqtt(host, int(port), args.device, args.token, values, stay_s=args.stay)
        return True, f"published; commands answered: {', '.join(acts) or '-'}"
    if args.protocol == "coap":
        registered, sent = await speakers.speak_coap(host, int(port), args.device, values)
        return sent.startswith("2."), f"register {registered}, send {sent}"
    if args.protocol == "modbus":
        print(f"Modbus TCP {args.to}, registers {values}", file=sys.stderr)
        await speakers.serve_modbus(
            host, int(port), list(values.get("holding", [0] * 10)), list(values.get("discrete", [False] * 8))
        )
    known: dict[str, Any] = {"at_s": speakers.now_ms() // 1000, "kind": 34}
    known |= {name: int(values[name]) for name in ("kind", "bits", "battery", "at_s") if name in values}
    message = a55a.build(args.device, int(values.get("value", 200)), **known)
    answer = await speakers.speak_a55a(host, int(port), message, udp=args.udp)
    return bool(answer), f"answered {answer.hex() or 'nothing'}"


def _push(args: argparse.Namespace, values: dict[str, Any]) -> bytes:
    from wanghuo.entrypoints.simulator import speakers

    if args.protocol == "ctwing":
        return speakers.ctwing_body(args.device, values)
    if args.protocol == "iotda":
        return speakers.iotda_body(args.device, values)
    make = speakers.onenet_body if args.protocol == "onenet" else speakers.studio_body
    return make(args.device, values, args.token)
