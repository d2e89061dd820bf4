"""How long from the last byte of a fire frame on the wire to the alarm on an open console, through everything.

    python benchmarks/alarm_latency.py [--alarms 100] [--every-ms 100] [--clients 1] [--port 8152]

Device socket, gateway (decode, journal on disk), ingest, signal, outbox, alarm with its priority, live stream, client.
Each part is the process of a real deployment (`wanghuo gateway`, `wanghuo ingest`, granian), with a folder of its own.
Also the time to the gateway's confirmation. One clock; prints one JSON line, times in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--alarms", type=int, default=100)
    parser.add_argument("--every-ms", type=float, default=100)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--port", type=int, default=8152, help="the web's port; the gateway takes the next one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wanghuo-alarm-") as home:
        os.environ.update(WANGHUO_HOME=home, WANGHUO_MODE="test", WANGHUO_GATEWAY=f"{HOST}:{args.port + 1}")
        os.environ["DJANGO_SETTINGS_MODULE"] = "wanghuo.entrypoints.web.settings"
        Path(home, "static").mkdir()
        import django

        django.setup()
        keys, sources = prepare(args.clients, args.alarms)
        processes = start(args.port)
        try:
            print(json.dumps(asyncio.run(measure(args, keys, sources))))
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(15)


def prepare(clients: int, alarms: int) -> tuple[list[str], list[str]]:
    """A fresh database with one device for each alarm, and sessions of an operator; their keys, the devices'
    sources.
    """
    from django.core.management import call_command
    from live_push import sessions_of

    from wanghuo.kernel.accounts.testing import make_user
    from wanghuo.kernel.regions.models import Region
    from wanghuo.modules.sensing.testing import DeviceFactory

    call_command("migrate", verbosity=0)
    names = {"44": "广东省", "4452": "揭阳市", "445281": "普宁市", "445281102": "洪阳镇"}
    for code, name in names.items():
        Region.objects.get_or_create(code=code, defaults={"name": name, "level": "county"})
    devices = [DeviceFactory() for _ in range(alarms)]
    return sessions_of(make_user("console", "alarm_operator", "445281"), clients), [d.source for d in devices]


def start(port: int) -> list[subprocess.Popen[bytes]]:
    """The processes of the deployment that an alarm passes through."""
    web = ["granian", "--interface", "asgi", "--host", HOST, "--port", str(port), "--no-access-log"]
    web += ["--log-level", "warning", "wanghuo.entrypoints.web.asgi:application"]
    commands = (web, ["wanghuo", "gateway"], ["wanghuo", "ingest"])
    return [subprocess.Popen([sys.executable, "-m", *command]) for command in commands]


async def measure(args: argparse.Namespace, keys: list[str], sources: list[str]) -> dict[str, Any]:
    """Send the fires one by one; when each was confirmed, and when each was heard."""
    from live_push import up

    await up(args.port)
    await up(args.port + 1)
    heard: dict[str, list[float]] = {}
    ready = asyncio.Semaphore(0)
    streams = [asyncio.create_task(listen(args.port, key, ready, heard, args.alarms)) for key in keys]
    for _ in keys:
        await ready.acquire()
    await asyncio.sleep(2)  # ingest reads the register once a second
    sent, confirmed = [], []
    for source in sources:
        at, took = await fire(args.port + 1, source)
        sent.append(at)
        confirmed.append(took * 1000)
        await asyncio.sleep(args.every_ms / 1000)
    await asyncio.wait(streams, timeout=20)
    for stream in streams:
        stream.cancel()
    order = sorted(heard, key=lambda ref: min(heard[ref]))  # the alarms were sent one by one, far apart
    delays = [(at - sent[n]) * 1000 for n, ref in enumerate(order) for at in heard[ref]]
    return {
        "alarms": args.alarms,
        "clients": len(keys),
        "heard": len(delays),
        "confirmed_ms": percentiles(confirmed),
        "on_screen_ms": percentiles(delays),
    }


async def fire(port: int, source: str) -> tuple[float, float]:
    """One device reports a fire; when its frame had been written, and how long until it was confirmed."""
    from wanghuo.modules.sensing.testing import FIRE, state_frame

    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(state_frame(source, FIRE, serial=1))
    at = time.perf_counter()
    await reader.read(100)
    took = time.perf_counter() - at
    writer.close()
    return at, took


async def listen(port: int, key: str, ready: asyncio.Semaphore, heard: dict[str, list[float]], alarms: int) -> None:
    """One console: notes when each alarm first came."""
    reader, writer = await asyncio.open_connection(HOST, port)
    request = f"GET /live?channel=alarms HTTP/1.1\r\nHost: {HOST}:{port}\r\nCookie: session={key}\r\n\r\n"
    writer.write(request.encode())
    mine: set[str] = set()
    while len(mine) < alarms:
        line = await reader.readline()
        if line.startswith(b"event: hello"):
            ready.release()
        elif line.startswith(b'data: {"seq"') and b'"payload"' in line:
            ref = json.loads(line[6:])["payload"]["ref"]
            if ref not in mine:
                mine.add(ref)
                heard.setdefault(ref, []).append(time.perf_counter())
    writer.close()


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the greatest."""
    values = sorted(values)
    found = {f"p{p}": values[min(len(values) * p // 100, len(values) - 1)] for p in (50, 95, 99)} if values else {}
    return {name: round(value, 1) for name, value in {**found, "max": values[-1] if values else 0.0}.items()}


if __name__ == "__main__":
    main()
