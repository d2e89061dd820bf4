"""Runs the web server and listens to it: `live_rig.py FOLDER PORT CLIENTS`. Prints one JSON line with what was
heard.
"""

# ruff: noqa: E402 - Django is set up first
from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

folder, port, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.environ.update(WANGHUO_HOME=folder, WANGHUO_MODE="test")
os.environ["DJANGO_SETTINGS_MODULE"] = "wanghuo.entrypoints.web.settings"
Path(folder, "static").mkdir()

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import transaction

from wanghuo.entrypoints.supervisor import web
from wanghuo.kernel.accounts import sessions
from wanghuo.kernel.accounts.models import UserSession
from wanghuo.kernel.accounts.testing import make_user
from wanghuo.kernel.notify import live
from wanghuo.kernel.outbox.doorbell import folder as doorbells

HERE, ELSEWHERE = "445281102", "331023108"
EVENTS = 20
HOST = "127.0.0.1"


def sign_in(user) -> str:
    session = sessions.store()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "wanghuo.kernel.accounts.backend.PasswordBackend"
    session.save()
    UserSession.objects.create(user=user, session_key=session.session_key)
    return session.session_key


@transaction.atomic
def publish(region: str, number: int) -> None:
    live.publish("alarms", "raised", region_code=region, view_right="alarms.view", payload={"n": number, "at": region})


class Client:
    """One open stream and what came on it."""

    def __init__(self, key: str = "", after: str = "") -> None:
        self.key, self.after, self.events, self.status = key, after, [], 0
        self.greeted = asyncio.Event()

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(HOST, port)
        cookie = f"Cookie: session={self.key}\r\n" if self.key else ""
        resume = f"Last-Event-ID: {self.after}\r\n" if self.after else ""
        request = f"GET /live?channel=alarms HTTP/1.1\r\nHost: {HOST}:{port}\r\n{cookie}{resume}\r\n"
        self.writer.write(request.encode())
        self.status = int((await self.reader.readline()).split()[1])
        if self.status == 200:
            self.task = asyncio.create_task(self._read())
            await asyncio.wait_for(self.greeted.wait(), 20)
        return self

    async def _read(self) -> None:
        while line := await self.reader.readline():
            if line.startswith(b"event: hello"):
                self.greeted.set()
            elif line.startswith(b"data: ") and b'"payload"' in line:
                self.events.append(json.loads(line[6:]))

    async def until(self, count: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.events) < count and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    def close(self) -> None:
        self.task.cancel()
        self.writer.close()


async def django_status() -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET /notifications HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def up() -> None:
    for _ in range(300):
        try:
            (await asyncio.open_connection(HOST, port))[1].close()
            return
        except OSError:
            await asyncio.sleep(0.1)


async def stopped(server: subprocess.Popen, key: str) -> dict:
    """Whether the server ends by itself while a stream is open, and the stream with it."""
    left = await Client(key).open()
    server.terminate()
    code = await asyncio.to_thread(server.wait, 15)
    await asyncio.wait({left.task}, timeout=5)
    return {"stopped_with": code, "stream_ended": left.task.done(), "said": Path(folder, "web.log").read_text("utf-8")}


async def scenes(keys: list[str], server: subprocess.Popen) -> dict:
    await up()
    opened = [await Client(key).open() for key in keys]
    for number in range(EVENTS):
        await asyncio.to_thread(publish, ELSEWHERE, number)
        await asyncio.to_thread(publish, HERE, number)
    for client in opened:
        await client.until(EVENTS)
    seen = [[e["payload"]["n"] for e in c.events] for c in opened]
    result = {
        "clients": len(opened),
        "complete": sum(sorted(s) == list(range(EVENTS)) for s in seen),
        "out_of_order": sum(s != sorted(s) for s in seen),
        "out_of_scope": sum(e["payload"]["at"] != HERE for c in opened for e in c.events),
    }
    last = opened[0].events[-1]["seq"]
    for client in opened:
        client.close()
    missed = list(range(100, 105))
    for number in missed:
        await asyncio.to_thread(publish, HERE, number)
    again = await Client(keys[0], after=str(last)).open()
    await again.until(5)
    result |= {"missed": missed, "resumed": [e["payload"]["n"] for e in again.events]}
    live.ring = lambda name: None
    began = time.monotonic()
    await asyncio.to_thread(publish, HERE, 200)
    await again.until(6)
    result["without_ring_s"] = time.monotonic() - began if len(again.events) == 6 else 99.0
    again.close()
    await asyncio.to_thread(UserSession.objects.filter(session_key=keys[1]).delete)
    result |= {
        "without_cookie": (await Client().open()).status,
        "wrong_cookie": (await Client("x" * 32).open()).status,
        "ended_session": (await Client(keys[1]).open()).status,
        "django_answers": await django_status(),
    }
    return result | await stopped(server, keys[0])


def main() -> None:
    call_command("migrate", verbosity=0)
    user = make_user("console", "alarm_operator", "445281")
    keys = [sign_in(user) for _ in range(clients)]
    with Path(folder, "web.log").open("wb") as log:
        server = subprocess.Popen(web(HOST, port), stdout=log, stderr=log)
    try:
        print(json.dumps(asyncio.run(scenes(keys, server))))
    finally:
        server.terminate()
        server.wait(15)


try:
    main()
finally:
    shutil.rmtree(doorbells(), ignore_errors=True)
