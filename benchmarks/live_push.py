"""How long from the commit of a live event to each open page.

    python benchmarks/live_push.py [--clients 200] [--events 200] [--port 8150]

Starts the web server with a folder of its own, signs in one person as often as there are clients, opens the streams,
publishes from this process and measures, on one clock, from the return of the commit to the arrival at each client.
Prints one JSON line.
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
from typing import Any

HOST = "127.0.0.1"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--every-ms", type=float, default=25)
    parser.add_argument("--port", type=int, default=8150)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wanghuo-live-") as home:
        os.environ.update(WANGHUO_HOME=home, WANGHUO_MODE="test")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")
        import django

        django.setup()
        keys = prepare(args.clients)
        server = subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface", "asgi", "--host", HOST, "--port", str(args.port),
             "--no-access-log", "--log-level", "warning", "wanghuo.entrypoints.web.asgi:application"]
        )  # fmt: skip
        try:
            print(json.dumps(asyncio.run(measure(args, keys))))
        finally:
            server.terminate()
            server.wait(15)


def prepare(clients: int) -> list[str]:
    """A fresh database, one person, and the keys of as many sessions."""
    from django.core.management import call_command

    from wanghuo.kernel.accounts.testing import make_user

    call_command("migrate", verbosity=0)
    return sessions_of(make_user("console", "alarm_operator", "445281"), clients)


def sessions_of(user: Any, count: int) -> list[str]:
    """Sign a person in, so many times; the keys of the sessions."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from wanghuo.kernel.accounts import sessions
    from wanghuo.kernel.accounts.models import UserSession

    keys = []
    for _ in range(count):
        session = sessions.store()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "wanghuo.kernel.accounts.backend.PasswordBackend"
        session.save()
        UserSession.objects.create(user=user, session_key=session.session_key)
        keys.append(session.session_key)
    return keys


async def measure(args: argparse.Namespace, keys: list[str]) -> dict[str, float]:
    """Open the streams, publish, collect."""
    await up(args.port)
    arrivals: list[tuple[int, float]] = []
    ready = asyncio.Semaphore(0)
    streams = [asyncio.create_task(listen(args.port, key, ready, arrivals, args.events)) for key in keys]
    for _ in keys:
        await ready.acquire()
    committed: dict[int, float] = {}
    for number in range(args.events):
        committed[number] = await asyncio.to_thread(publish, number)
        await asyncio.sleep(args.every_ms / 1000)
    await asyncio.wait_for(asyncio.gather(*streams), 30)
    delays = sorted((at - committed[number]) * 1000 for number, at in arrivals)
    first = {number: min(at for n, at in arrivals if n == number) for number in committed}
    firsts = sorted((first[n] - committed[n]) * 1000 for n in committed)
    return {
        "clients": len(keys),
        "events": args.events,
        "arrived": len(delays),
        **{f"p{p}_ms": round(delays[min(len(delays) * p // 100, len(delays) - 1)], 2) for p in (50, 95, 99)},
        "max_ms": round(delays[-1], 2),
        "first_p50_ms": round(firsts[len(firsts) // 2], 2),
        "first_p99_ms": round(firsts[len(firsts) * 99 // 100], 2),
    }


def publish(number: int) -> float:
    """Publish one event; when its commit had returned."""
    from django.db import transaction

    from wanghuo.kernel.notify import live

    with transaction.atomic():
        transaction.on_commit(lambda: moments.append(time.perf_counter()))  # before the doorbell's own hook
        live.publish("alarms", "raised", region_code="445281102", view_right="alarms.view", payload={"n": number})
    return moments.pop()


moments: list[float] = []


async def up(port: int) -> None:
    """Wait until the server takes connections, two minutes at most: the machine may be busy."""
    for _ in range(1200):
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise SystemExit("the server did not start")


async def listen(port: int, key: str, ready: asyncio.Semaphore, arrivals: list[tuple[int, float]], events: int) -> None:
    """One client: reads until it has every event."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET /live?channel=alarms HTTP/1.1\r\nHost: {HOST}:{port}\r\nCookie: session={key}\r\n\r\n".encode())
    got = 0
    while got < events:
        line = await reader.readline()
        if not line:
            raise SystemExit("a stream was ended")
        if line.startswith(b"event: hello"):
            ready.release()
        elif line.startswith(b'data: {"seq"') and b'"payload"' in line:
            arrivals.append((json.loads(line[6:])["payload"]["n"], time.perf_counter()))
            got += 1
    writer.close()


if __name__ == "__main__":
    main()
