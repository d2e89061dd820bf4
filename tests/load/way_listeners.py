"""The listeners of R20b that the process of the ways in serves: HTTP, CoAP, A5 5A, MQTT and Modbus."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.load.bytes_rig import binary_good, json_good, mutated
from tests.load.deployment import Role
from tests.load.listeners import ANSWER_S, Listener, Parts, asked, datagrams, over_link

SECRET, TOKEN = "s" * 43, "wh_k1_secret"
PUSHES = ("http", "ctwing", "onenet", "studio", "iotda")


class Ways(Listener):
    """A listener of the process of the ways in."""

    def __init__(self, home: Path, seed: int) -> None:
        super().__init__(home, seed)
        self.port = free_port()
        self.at = ("127.0.0.1", self.port)

    def listen(self) -> dict[str, str]:
        """Which listener is asked for."""
        return {}

    def ways(self) -> dict[str, tuple[str, dict[str, object], dict[str, tuple[str, ...]]]]:
        """What is set up: code → kind, settings, secrets."""
        return {}

    def prepare(self) -> None:
        """In the process, before it serves."""

    def role(self) -> Role:
        def run(ready: Callable[[], None]) -> None:
            from wanghuo.entrypoints.ways import process
            from wanghuo.entrypoints.ways.limits import Limits

            self.prepare()
            often = {"way_rate": 1e9, "way_burst": 1e9, "device_rate": 1e9, "device_burst": 1e9}
            listen, known = process.Listen(**self.listen()), self.fill
            process.run(self.journal, listen, Limits(**often), ring=int, refresh=known, orders=tuple, ready=ready)

        return run

    def fill(self, known: Any) -> None:
        """What the register says."""
        from wanghuo.modules.sensing.ways_side import Credential, KnownWay, token_digest

        if known.devices:
            return
        for code, (kind, settings, secrets) in self.ways().items():
            known.ways[code] = KnownWay(code, kind, SECRET, secrets, settings, ())
        for key, device in (("k1", "868"), ("k2", "good")):
            known.credentials[key] = Credential(token_digest(key, "secret"), "http", device, (), 0.0)
            for protocol in ("http", "coap", "a55a"):
                known.devices[protocol, device] = ()

    def link(self) -> socket.socket:
        """A fresh link."""
        return socket.create_connection(self.at, timeout=ANSWER_S)

    def sender(self) -> socket.socket:
        """A fresh socket for datagrams."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect(self.at)
        return sock

    def assault(self, rng: random.Random) -> tuple[int, int]:
        return over_link(rng, self.link(), self.parts(rng))


def free_port() -> int:
    """A port nobody has, for streams and datagrams."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def body(rng: random.Random) -> bytes:
    """A body in JSON: good, mutated, or made to hurt."""
    kind, good = rng.random(), json_good(rng)
    if kind < 0.3:
        return good
    if kind < 0.65:
        return mutated(rng, good)
    return rng.choice(
        (
            b"[" * rng.randrange(1, 60_000),
            b'{"a":' * rng.randrange(1, 3000),
            b'{"values":{"smoke":' + b"9" * rng.randrange(1, 6000) + b"}}",
            b'{"device":"\\ud800","deviceId":"\\udfff","values":{"\\ud83d":1}}',
            b'{"deviceId":"' + b"\xf0\x9f\x94\xa5" * rng.randrange(1, 300) + b'","ts":1e999,"values":{"t":NaN}}',
            b'{"ts":-1e308,"values":{"t":-0.0,"":null,"x":[[]]}}' * rng.randrange(1, 40),
            rng.randbytes(rng.randrange(1, 3000)),
            json.dumps([json.loads(good)] * rng.randrange(1, 300)).encode(),
        )
    )


class Http(Ways):
    """Devices and operators' pushes over HTTP."""

    name = "http"

    def listen(self) -> dict[str, str]:
        return {"http": f"127.0.0.1:{self.port}"}

    def ways(self) -> dict[str, tuple[str, dict[str, object], dict[str, tuple[str, ...]]]]:
        secrets = {"token": ("t",), "aes_key": ("A" * 43,)}
        found: dict[str, Any] = {kind: (kind, {}, secrets) for kind in PUSHES}
        for signing in ("hmac", "sorted_sha1"):
            found[signing] = ("iotda", {"signing": signing}, secrets)
        return found

    def parts(self, rng: random.Random) -> Parts:
        found, size = [], 0
        while size < 65_536:
            found.append(self.request(rng))
            size += len(found[-1])
        return found

    def request(self, rng: random.Random) -> bytes:
        """One request, in one way or another."""
        told, code = body(rng), rng.choice((*PUSHES, "hmac", "sorted_sha1"))
        kind = "iotda" if code in ("hmac", "sorted_sha1") else code
        path = rng.choice(("/in/http", f"/in/{kind}/{code}/{SECRET}", f"/in/{kind}/{code}/{SECRET}", "/in/health"))
        path += rng.choice(("", "", "?msg=a&nonce=b&signature=c%ff", "?" + "a=b&" * rng.randrange(1, 80)))
        stamp = str(int(time.time()))
        head = [
            f"{rng.choice(('POST', 'POST', 'POST', 'GET', 'PUT'))} {path} HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {rng.choice((TOKEN, TOKEN, 'wh_k9_²³', ''))}",
            f"Signature: {hashlib.sha1(''.join(sorted(('t', stamp, 'n'))).encode()).hexdigest()}",
            f"Timestamp: {rng.choice((stamp, '²²²', '-1'))}",
            "Nonce: n",
        ]
        if rng.random() < 0.2:
            head.append("Transfer-Encoding: chunked")
            told = f"{len(told):x}\r\n".encode("latin-1") + told + rng.choice((b"\r\n0\r\n\r\n", b"\r\nzz\r\n"))
        else:
            wrong = rng.choice((0, 0, 0, 0, 0, 1, -1, 1 << 40))
            head.append(f"Content-Length: {max(0, len(told) + wrong)}")
        raw = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
        return (mutated(rng, raw) if rng.random() < 0.2 else raw) + told

    def assault(self, rng: random.Random) -> tuple[int, int]:
        taken = stuck = 0
        for request in self.parts(rng):  # most end their link, so each has its own
            more, held = over_link(rng, self.link(), [request])
            taken, stuck = taken + more, stuck + held
        return taken, stuck

    def good(self) -> bool:
        told = b'{"values":{"smoke_state":0}}'
        head = f"POST /in/http HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wh_k2_secret\r\nContent-Length: {len(told)}\r\n\r\n"
        with contextlib.closing(self.link()) as link:
            return asked(link, head.encode() + told, lambda answer: answer.startswith(b"HTTP/1.1 200"))


def coap(
    rng: random.Random, code: int, path: tuple[str, ...], query: tuple[str, ...], form: int, payload: bytes
) -> bytes:
    """A confirmable CoAP message (RFC 7252)."""
    head = struct.pack(">BBH", 0x40 | 4, code, rng.randrange(1 << 16)) + rng.randbytes(4)
    last, options = 0, b""
    given = [(11, step.encode()) for step in path] + [(12, form.to_bytes(2, "big"))]
    for number, value in given + [(15, each.encode()) for each in query]:
        options += _nibbles(number - last, len(value)) + value
        last = number
    return head + options + b"\xff" + payload


def _nibbles(delta: int, length: int) -> bytes:
    long = length >= 13
    return bytes((delta << 4 | (13 if long else length),)) + (bytes((min(255, length - 13),)) if long else b"")


class Coap(Ways):
    """CoAP and LwM2M."""

    name = "coap"
    foreseen = ("UnicodeDecodeError", "_fatal_error")  # both are logged by the library, and the next datagram is served

    def listen(self) -> dict[str, str]:
        return {"coap": f"127.0.0.1:{self.port}"}

    def parts(self, rng: random.Random) -> Parts:
        found, size = [], 0
        while size < 65_536:
            name = rng.choice(("868", "868", "N-9", "\U00020000" * 64, "x" * 200, ""))
            payload = rng.choice((json_good, binary_good))(rng) * rng.randrange(1, 12)
            path = rng.choice((("dp",), ("dp",), ("rd",), ("rd", "ab"), ("rd", ""), (".well-known", "core")))
            query = (f"ep={name}", f"lt={rng.choice(('60', '0', '9' * 12, '²'))}")
            raw = coap(
                rng, rng.choice((2, 2, 2, 1, 4, 69, 255)), path, query, rng.choice((0, 110, 112, 11542, 65535)), payload
            )
            kind = rng.random()
            part = raw if kind < 0.4 else mutated(rng, raw) if kind < 0.85 else rng.randbytes(rng.randrange(1, 1400))
            found.append(part[:1400])
            size += len(found[-1])
        return found

    def assault(self, rng: random.Random) -> tuple[int, int]:
        with contextlib.closing(self.sender()) as sock:
            return datagrams(sock, self.parts(rng)), 0

    def good(self) -> bool:
        self.asked += 1
        told = json.dumps([{"n": "3323/0/5700", "v": self.asked}]).encode()
        question = coap(random.Random(self.asked), 2, ("dp",), ("ep=good",), 110, told)
        with contextlib.closing(self.sender()) as sock:
            return asked(sock, question, lambda answer: answer[1:2] == b"\x44" and answer[4:8] == question[4:8])


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def report(device: bytes, rest: bytes) -> bytes:
    """A report of A5 5A."""
    message = b"\xa5\x5a\0" + struct.pack(">H", 21 + len(rest)) + device.ljust(12, b"\0") + rest
    return message + struct.pack(">H", crc16(message)) + b"\x55\xaa"


class Terminals(Ways):
    """A5 5A over TCP and UDP."""

    name = "a55a"

    def listen(self) -> dict[str, str]:
        return {"a55a": f"127.0.0.1:{self.port}"}

    def parts(self, rng: random.Random) -> Parts:
        found, size = [], 0
        while size < 65_536:
            good = report(rng.choice((b"868", b"\xff", b"", b"N-9")), rng.randbytes(rng.randrange(0, 120)))
            kind = rng.random()
            if kind < 0.3:
                part = good
            elif kind < 0.7:
                part = mutated(rng, good)
            elif kind < 0.8:
                part = b"\xa5\x5a" * rng.randrange(1, 200)
            elif kind < 0.85:  # whole by its length and its end, wrong by its sum, again and again
                step = b"\xa5\x5a\0" + struct.pack(">H", 16 * rng.randrange(2, 400)) + bytes(9) + b"\x55\xaa"
                part = step * rng.randrange(1, 600)
            else:
                part = rng.randbytes(rng.randrange(1, 1400))
            found.append(part)
            size += len(part)
        return found

    def assault(self, rng: random.Random) -> tuple[int, int]:
        if rng.random() < 0.7:
            return super().assault(rng)
        with contextlib.closing(self.sender()) as sock:
            return datagrams(sock, self.parts(rng)), 0

    def good(self) -> bool:
        self.asked += 1
        with contextlib.closing(self.link() if self.asked % 2 else self.sender()) as sock:
            question = report(b"good", struct.pack(">18xI", self.asked))
            return asked(sock, question, lambda answer: answer.startswith(b"\xa5\x5a\x80"))


class Mqtt(Ways):
    """What a broker hands down."""

    name = "mqtt"

    def __init__(self, home: Path, seed: int) -> None:
        super().__init__(home, seed)
        conf = home / "mosquitto.conf"
        lines = (
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "max_queued_messages 0",
            "max_inflight_messages 1000",
        )
        conf.write_text("\n".join((*lines, "user root", "")))
        (home / "egress.toml").write_text(
            f'[[allow]]\nhost = "127.0.0.1"\nport = {self.port}\nnetworks = ["127.0.0.0/8"]\n'
        )
        self.broker = subprocess.Popen(
            [program(), "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.publisher = self.link()
                break
            time.sleep(0.02)
        self.publisher.sendall(b"\x10\x14\x00\x04MQTT\x04\x02\x00\x00\x00\x08rigspeak")
        self.publisher.recv(4)

    def ways(self) -> dict[str, tuple[str, dict[str, object], dict[str, tuple[str, ...]]]]:
        return {"mqtt": ("mqtt", {"host": "127.0.0.1", "port": self.port}, {})}

    def publish(self, topic: bytes, payload: bytes, qos: int = 1) -> int:
        """Send a PUBLISH; its bytes."""
        self.asked = self.asked % 65_535 + 1
        told = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", self.asked) if qos else b"") + payload
        length, left = b"", len(told)
        while True:
            left, low = left >> 7, left & 127
            length += bytes((low | (128 if left else 0),))
            if not left:
                break
        self.publisher.sendall(bytes((0x30 | qos << 1,)) + length + told)
        with contextlib.suppress(BlockingIOError):
            self.publisher.setblocking(False)
            self.publisher.recv(1 << 20)
        self.publisher.settimeout(ANSWER_S)
        return len(told)

    def assault(self, rng: random.Random) -> tuple[int, int]:
        sent = 0
        while sent < 65_536:
            device = rng.choice(("868", "无名", "x" * 230, "\U0001f525" * 60, "."))
            topic = rng.choice(
                (
                    "v1/devices/{}/telemetry",
                    "fire/v1/s/{}/raw",
                    "fire/v1/s/{}/event",
                    "fire/v1/{}/d/status",
                    "v1/gateway/telemetry",
                )
            )
            payload = body(rng) if rng.random() < 0.7 else binary_good(rng)
            sent += self.publish(topic.format(device).encode(), payload, rng.choice((0, 1)))
        return sent, 0

    def good(self) -> bool:
        mark = f"mark-{self.asked}-{time.monotonic_ns()}".encode()
        self.publish(b"v1/devices/good/telemetry", b'{"' + mark + b'":1}')
        return self.is_kept(mark)

    def close(self) -> None:
        self.publisher.close()
        self.broker.terminate()
        self.broker.wait()


def program() -> str:
    """The broker."""
    return shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Modbus(Ways):
    """What gateways answer that we ask over Modbus TCP."""

    name = "modbus"
    foreseen = ("ModbusIOException",)
    MANY = 12
    own = MANY + 5  # and files that come with them

    def __init__(self, home: Path, seed: int) -> None:
        super().__init__(home, seed)
        self.sent, self.honest, self.stopping = 0, False, False
        self.servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(self.MANY + 1)]
        ports = [server.getsockname()[1] for server in self.servers]
        allow = '[[allow]]\nhost = "127.0.0.1"\nport = {}\nnetworks = ["127.0.0.0/8"]\n'
        (home / "egress.toml").write_text("".join(map(allow.format, ports)))
        self.words = 0
        for number, server in enumerate(self.servers):
            rng = None if number == 0 else random.Random(seed + number)
            threading.Thread(target=self._accept, args=(server, rng), daemon=True).start()

    def ways(self) -> dict[str, tuple[str, dict[str, object], dict[str, tuple[str, ...]]]]:
        ports = [server.getsockname()[1] for server in self.servers]
        return {
            f"plc{n}": ("modbus", {"host": "127.0.0.1", "port": port, "source": f"PLC<{n}>", "profile": "x"}, {})
            for n, port in enumerate(ports)
        }

    def prepare(self) -> None:
        from wanghuo.entrypoints.ways import modbus

        tables = ("holding", "input", "coil", "discrete")
        points = {
            table: {"table": table, "address": 4, "kind": "bool" if table[0] in "cd" else "int16"} for table in tables
        }
        given = SimpleNamespace(modbus={"unit": 1, "every_s": 0.02, "points": points})
        modbus.profile, modbus.TIMEOUT_S = lambda code: given, 0.1  # type: ignore[assignment]

    def _accept(self, server: socket.socket, rng: random.Random | None) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = server.accept()
                threading.Thread(target=self._answer, args=(link, rng), daemon=True).start()

    def _answer(self, link: socket.socket, rng: random.Random | None) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.closing(link):
            while question := link.recv(260):
                if rng is None or self.honest:
                    link.sendall(self._right(question))
                    continue
                told = b"".join(self._wrong(rng, question))
                link.sendall(told)
                self.sent += len(told)
                if rng.random() < 0.1:
                    return

    def _right(self, question: bytes) -> bytes:
        number, function, count = question[:2], question[7], int.from_bytes(question[10:12], "big")
        self.words = (self.words + 1) & 0x7FFF
        data = struct.pack(">H", self.words) * count if function in (3, 4) else bytes((count + 7) // 8)
        told = bytes((question[6], function, len(data))) + data
        return number + struct.pack(">HH", 0, len(told)) + told

    def _wrong(self, rng: random.Random, question: bytes) -> Iterator[bytes]:
        right = self._right(question)
        for _ in range(rng.choice((1, 1, 1, 2, 200))):
            kind = rng.random()
            if kind < 0.6:
                yield mutated(rng, right)
            elif kind < 0.8:
                yield right[:7] + bytes((right[7], rng.randrange(256))) + rng.randbytes(rng.randrange(260))
            else:
                yield rng.randbytes(rng.randrange(1, 8000))

    def assault(self, rng: random.Random) -> tuple[int, int]:
        before, deadline = self.sent, time.monotonic() + ANSWER_S
        while self.sent - before < 65_536 and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.sent - before, int(self.sent == before)

    def good(self) -> bool:
        return self.is_kept(b"PLC<0>")

    def all_alive(self) -> int:
        self.honest = True
        wanted = [f"PLC<{n}>".encode() for n in range(1, self.MANY + 1)]
        return sum(not self.is_kept(each) for each in wanted)

    def close(self) -> None:
        for server in self.servers:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
