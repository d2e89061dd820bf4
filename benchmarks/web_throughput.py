"""What serving Django through a2wsgi costs against granian's own WSGI: requests a second for one page.

    python benchmarks/web_throughput.py [--path /login] [--seconds 5] [--connections 16] [--port 8151]

Both with one process and the same number of threads, client and server on the same machine. Prints one JSON line for
each.
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

HOST = "127.0.0.1"
THREADS = 8
SERVERS = {
    "asgi_a2wsgi": ["--interface", "asgi", "wanghuo.entrypoints.web.asgi:application"],
    "wsgi": [
        "--interface",
        "wsgi",
        "--blocking-threads",
        str(THREADS),
        "django.core.wsgi:get_wsgi_application",
        "--factory",
    ],
}


def main() -> None:
    """Run both and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", default="/login")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--port", type=int, default=8151)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wanghuo-web-") as home:
        os.environ.update(WANGHUO_HOME=home, WANGHUO_MODE="test", WANGHUO_WEB_THREADS=str(THREADS))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], check=True)
        for name, options in SERVERS.items():
            server = subprocess.Popen(
                [sys.executable, "-m", "granian", "--host", HOST, "--port", str(args.port), "--no-access-log",
                 "--log-level", "warning", *options]
            )  # fmt: skip
            try:
                print(json.dumps({"server": name, "path": args.path, **asyncio.run(load(args))}))
            finally:
                server.terminate()
                server.wait(15)


async def load(args: argparse.Namespace) -> dict[str, float]:
    """Warm up for a second, then count."""
    for _ in range(200):
        try:
            (await asyncio.open_connection(HOST, args.port))[1].close()
            break
        except OSError:
            await asyncio.sleep(0.1)
    times: list[float] = []
    statuses: set[bytes] = set()
    began = time.perf_counter() + 1.0
    until = began + args.seconds
    await asyncio.gather(*(client(args, began, until, times, statuses) for _ in range(args.connections)))
    times.sort()
    return {
        "statuses": sorted(s.decode() for s in statuses),  # type: ignore[dict-item]
        "requests_per_s": round(len(times) / args.seconds),
        "p50_ms": round(times[len(times) // 2] * 1000, 1),
        "p99_ms": round(times[len(times) * 99 // 100] * 1000, 1),
    }


async def client(
    args: argparse.Namespace, began: float, until: float, times: list[float], statuses: set[bytes]
) -> None:
    """One connection that asks again as soon as it is answered."""
    reader, writer = await asyncio.open_connection(HOST, args.port)
    request = f"GET {args.path} HTTP/1.1\r\nHost: {HOST}:{args.port}\r\n\r\n".encode()
    while (now := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await body(reader, head.lower())
        statuses.add(head[9:12])
        if now >= began:
            times.append(time.perf_counter() - now)
    writer.close()


async def body(reader: asyncio.StreamReader, head: bytes) -> None:
    """Read the body, of known length or in chunks."""
    if b"content-length:" in head:
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    elif b"chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()


if __name__ == "__main__":
    main()
