"""HTTP: who is let in, what is refused and how, and that nothing is answered before it is on disk."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import ipaddress
import json
import random
import sqlite3
import time

import pytest

from wanghuo.engines.codecs import onenet
from wanghuo.entrypoints.ways.limits import Limits
from wanghuo.entrypoints.ways.tests.rig import SECRET, TOKEN, http, hub_on, kept, post, way, web_on

BEARER = {"Authorization": f"Bearer {TOKEN}"}
VALUES = {"ts": 1_764_060_000_000, "values": {"smoke_state": 1}}


def run(work) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.sqlite3"


def test_a_device_with_its_token_is_answered_when_its_message_is_on_disk(journal) -> None:
    async def story() -> None:
        async with hub_on(journal) as hub, web_on(hub) as port:
            status, _ = await post(port, "/in/http", VALUES, BEARER)
            assert status == 200
            (message,) = kept(journal)
            assert (message.protocol, message.address, json.loads(message.payload)) == ("http", "D1", VALUES)

    run(story())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wh_k1_wrong"}, 401),
        ({"Authorization": "Bearer wh_nobody_secret"}, 401),
        ({"Authorization": "Basic d2g6eA=="}, 401),
        (BEARER, 200),
    ],
)
def test_a_wrong_token_is_refused(journal, headers, status) -> None:
    async def story() -> None:
        async with hub_on(journal) as hub, web_on(hub) as port:
            assert (await post(port, "/in/http", VALUES, headers))[0] == status
            assert hub.counters["refused_signature"] == (status == 401)
        assert len(kept(journal)) == (status == 200)

    run(story())


def test_a_token_that_ended_or_is_revoked_is_wrong(journal) -> None:
    async def story() -> None:
        async with hub_on(journal) as hub, web_on(hub) as port:
            hub.known.credentials["k1"] = hub.known.credentials["k1"]._replace(until_s=time.time() - 1)
            assert (await post(port, "/in/http", VALUES, BEARER))[0] == 401
            hub.known.credentials.clear()
            assert (await post(port, "/in/http", VALUES, BEARER))[0] == 401

    run(story())


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 422), (b"", 422), (b"[" * 50 + b"]" * 50, 422), (b'{"a":1e999}', 200), (b"\xff", 422)]
)
def test_malformed_json_is_said_so(journal, body, status) -> None:
    async def story() -> None:
        async with hub_on(journal) as hub, web_on(hub) as port:
            assert (await post(port, "/in/http", body, BEARER))[0] == status

    run(story())


def test_a_huge_body_is_refused_before_it_is_read(journal) -> None:
    async def story() -> None:
        async with hub_on(journal) as hub, web_on(hub) as port:
            announced = b"POST /in/http HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
            assert (await http(port, announced, end=False))[0] == 413
            chunks = b"".join(b"10000\r\n" + b" " * 65536 + b"\r\n" for _ in range(17))
            begun = b"POST /in/http HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert (await http(port, begun + chunks, end=False))[0] == 413

    run(story())


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /in/http HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /in/http HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n",
        b"POST /in/http HTTP/1.1\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_400_and_ends(journal, raw) -> None:
    async def story() -> None:
        async with hub_on(journal) as hub, web_on(hub) as port:
            assert (await http(port, raw))[0] == 400

    run(story())


def test_a_connection_serves_many_requests(journal) -> None:
    async def story() -> None:
        async with hub_on(journal) as hub, web_on(hub) as port:
            body = json.dumps(VALUES).encode()
            head = f"POST /in/http HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                writer.write(head.encode() + body)
                line = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
                assert line.startswith(b"HTTP/1.1 200")
                await reader.readexactly(len(b'{"ok": true}'))
            writer.close()
            await writer.wait_closed()
        assert len(kept(journal)) == 3

    run(story())


def test_after_many_failures_an_address_must_prove_itself_to_be_heard(journal) -> None:
    async def story() -> None:
        limits = Limits(failures_per_minute=3)
        async with hub_on(journal, way("ctwing"), limits=limits) as hub, web_on(hub) as port:
            for _ in range(3):
                assert (await post(port, "/in/ctwing/ctwing/guess", {"deviceId": "1"}))[0] == 404
            assert (await post(port, "/in/ctwing/ctwing/guess", {"deviceId": "1"}))[0] == 429
            assert (await post(port, f"/in/ctwing/ctwing/{SECRET}", {"deviceId": "1"}))[0] == 200
            assert (await post(port, "/in/http", VALUES, BEARER))[0] == 200

    run(story())


def test_a_device_that_floods_is_slowed(journal) -> None:
    async def story() -> None:
        limits = Limits(device_rate=0.001, device_burst=2)
        async with hub_on(journal, limits=limits) as hub, web_on(hub) as port:
            assert [(await post(port, "/in/http", VALUES, BEARER))[0] for _ in range(3)] == [200, 200, 429]

    run(story())


def test_only_listed_networks_may_push(journal) -> None:
    async def story() -> None:
        far, near = (ipaddress.ip_network(block) for block in ("10.0.0.0/8", "127.0.0.0/8"))
        async with (
            hub_on(journal, way("ctwing", networks=(far,)), way("iotda", networks=(near,))) as hub,
            web_on(hub) as port,
        ):
            assert (await post(port, f"/in/ctwing/ctwing/{SECRET}", {"deviceId": "1"}))[0] == 403
            assert (await post(port, f"/in/iotda/iotda/{SECRET}", {"a": 1}))[0] == 200
            assert hub.counters["refused_network"] == 1

    run(story())


def onenet_body(message: str, token: str = "tok", nonce: str = "abcdefgh") -> bytes:
    signature = onenet.signature(token, nonce, message.encode())
    return f'{{"msg":{message},"nonce":"{nonce}","msg_signature":"{signature}"}}'.encode()


def test_a_proxy_of_ours_is_believed_about_who_asks(journal) -> None:
    async def story() -> None:
        far, loopback = (ipaddress.ip_network(block) for block in ("10.0.0.0/8", "127.0.0.0/8"))
        url, told = f"/in/ctwing/ctwing/{SECRET}", {"X-Forwarded-For": "10.9.9.9, 192.0.2.7"}
        async with hub_on(journal, way("ctwing", networks=(far,))) as hub:
            for proxies, headers, status in (
                ((), {"X-Forwarded-For": "10.1.1.1"}, 403),
                ((loopback,), {"X-Forwarded-For": "10.1.1.1"}, 200),
                ((loopback,), told, 403),  # what the asker wrote itself stands before what the proxy added
                ((loopback,), {}, 403),
            ):
                async with web_on(hub, proxies) as port:
                    assert (await post(port, url, {"deviceId": "1"}, headers))[0] == status

    run(story())


def test_onenet_proves_the_address_and_signs_the_raw_text(journal) -> None:
    async def story() -> None:
        url = f"/in/onenet/onenet/{SECRET}"
        async with hub_on(journal, way("onenet", secrets={"token": ("tok",)})) as hub, web_on(hub) as port:
            asked = (
                onenet.signature("tok", "abcdefgh", b"hello")
                .replace("+", "%20")
                .replace("/", "%2F")
                .replace("=", "%3D")
            )
            get = f"GET {url}?msg=hello&nonce=abcdefgh&signature={asked} HTTP/1.1\r\nHost: x\r\n\r\n"
            assert await http(port, get.encode()) == (200, b"hello")
            forged = get.replace("msg=hello", "msg=hellp")
            assert (await http(port, forged.encode()))[0] == 403
            message = '{"type":1, "dev_id":7,"ds_id":"a","value":1.50}'
            good = onenet_body(message)
            assert (await post(port, url, good))[0] == 200
            assert (await post(port, url, good.replace(b"1.50", b"1.5")))[0] == 403  # equal as JSON, other as text
            assert (await post(port, url, onenet_body(message, token="other")))[0] == 403
            assert hub.told("onenet")["refused"] == 3
        assert [m.payload.decode() for m in kept(journal)] == [message]

    run(story())


def test_a_delivery_made_again_is_no_replay_and_a_nonce_used_twice_is(journal) -> None:
    async def story() -> None:
        url = f"/in/onenet/onenet/{SECRET}"
        async with hub_on(journal, way("onenet", secrets={"token": ("tok",)})) as hub, web_on(hub) as port:
            first = onenet_body('{"type":1,"dev_id":7,"ds_id":"a","value":1}')
            assert [(await post(port, url, first))[0] for _ in range(3)] == [200, 200, 200]
            other = onenet_body('{"type":1,"dev_id":7,"ds_id":"a","value":2}')
            assert (await post(port, url, other))[0] == 403
            assert hub.counters["refused_replay"] == 1
        assert len(kept(journal)) == 1

    run(story())


def test_the_encrypted_mode_is_opened_before_it_is_kept(journal) -> None:
    async def story() -> None:
        key = base64.b64encode(bytes(range(32))).decode().rstrip("=")
        secrets = {"token": ("tok",), "aes_key": ("A" * 43, key)}
        async with hub_on(journal, way("onenet", secrets=secrets)) as hub, web_on(hub) as port:
            sealed = onenet.encrypt(b'{"type":2,"dev_id":7,"status":0}', key, bytes(16))
            body = {"enc_msg": sealed, "nonce": "n", "msg_signature": onenet.signature("tok", "n", sealed.encode())}
            assert (await post(port, f"/in/onenet/onenet/{SECRET}", body))[0] == 200
        assert kept(journal)[0].payload == b'{"type":2,"dev_id":7,"status":0}'

    run(story())


def test_studio_signs_the_text_in_msg_and_the_old_token_is_good_while_it_is_rotated(journal) -> None:
    async def story() -> None:
        text = json.dumps({"messageType": "lifeCycle", "deviceName": "D", "data": {"status": "online"}})
        async with hub_on(journal, way("studio", secrets={"token": ("new", "old")})) as hub, web_on(hub) as port:
            for token, status in (("old", 200), ("new", 200), ("older", 403)):
                body = {"msg": text, "nonce": token, "signature": onenet.signature(token, token, text.encode())}
                assert (await post(port, f"/in/studio/studio/{SECRET}", body))[0] == status
            assert (await post(port, f"/in/studio/studio/{SECRET}", {"msg": 5}))[0] == 422

    run(story())


def test_signatures_in_headers(journal) -> None:
    async def story() -> None:
        ways = (
            way("iotda", secrets={"token": ("tok",)}, signing="hmac"),
            way("ctwing", secrets={"token": ("tok",)}, signing="sorted_sha1"),
        )
        async with hub_on(journal, *ways) as hub, web_on(hub) as port:
            body = b'{"resource": "device.status"}'
            right = {"X-Signature": "sha256=" + hmac.new(b"tok", body, hashlib.sha256).hexdigest()}
            assert (await post(port, f"/in/iotda/iotda/{SECRET}", body, right))[0] == 200
            assert (await post(port, f"/in/iotda/iotda/{SECRET}", body + b" ", right))[0] == 403
            assert (await post(port, f"/in/iotda/iotda/{SECRET}", body))[0] == 403
            for stamp, status in ((int(time.time()), 200), (int(time.time()) - 400, 403)):
                signed = hashlib.sha1("".join(sorted(("tok", str(stamp), f"n{status}"))).encode()).hexdigest()
                headers = {"Signature": signed, "Timestamp": str(stamp), "Nonce": f"n{status}"}
                assert (await post(port, f"/in/ctwing/ctwing/{SECRET}", {"deviceId": "1"}, headers))[0] == status

    run(story())


def test_nothing_is_answered_while_the_disk_refuses(journal, monkeypatch) -> None:
    async def story() -> None:
        limits = Limits(durable_s=0.2, retry_disk_s=0.02)
        async with hub_on(journal, limits=limits) as hub, web_on(hub) as port:
            writer = hub.committer._writer
            commit, full = writer.commit, [True]

            def refuse(*args, **kwargs):
                if full[0]:
                    raise sqlite3.OperationalError("database or disk is full")
                return commit(*args, **kwargs)

            monkeypatch.setattr(writer, "commit", refuse)
            assert (await post(port, "/in/http", VALUES, BEARER))[0] == 503
            full[0] = False
            assert (await post(port, "/in/http", VALUES, BEARER))[0] == 200

    run(story())


def test_what_is_on_disk_waits_for_it_no_more(journal) -> None:
    async def story() -> None:
        async with hub_on(journal, limits=Limits(backlog_bytes=5000)) as hub, web_on(hub) as port:
            for number in range(20):
                large = {"ts": 1_764_060_000_000 + number, "values": {"note": "x" * 1000}}
                assert (await post(port, "/in/http", large, BEARER))[0] == 200
            assert hub.committer.waiting_bytes == 0

    run(story())


def test_other_addresses_and_methods(journal) -> None:
    async def story() -> None:
        async with hub_on(journal, way("ctwing"), way("mqtt")) as hub, web_on(hub) as port:
            for target in (
                "/",
                "/in",
                "/in/http/x",
                "/in/mqtt/mqtt/" + SECRET,
                "/in/onenet/ctwing/" + SECRET,
                "/in/ctwing/ctwing/",
            ):
                assert (await post(port, target, {}))[0] == 404, target
            put = f"PUT /in/ctwing/ctwing/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
            assert (await http(port, put))[0] == 405
            assert (await http(port, b"GET /in/health HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 200

    run(story())


def test_noise_neither_stops_the_listener_nor_is_kept(journal) -> None:
    rng = random.Random(20261125)
    heads = [
        b"POST /in/http HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST /in/ctwing/ctwing/",
        b"\xa5\x5a",
        b"",
    ]

    async def noisy(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError, TimeoutError):
            writer.write(rng.choice(heads) + rng.randbytes(rng.randrange(4000)))
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 5)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def story() -> None:
        limits = Limits(failures_per_minute=10_000, request_s=0.5, idle_s=0.5)
        async with hub_on(journal, way("ctwing"), limits=limits) as hub, web_on(hub) as port:
            for _ in range(10):
                await asyncio.gather(*(noisy(port) for _ in range(20)))
            assert (await post(port, "/in/http", VALUES, BEARER))[0] == 200
            assert len(asyncio.all_tasks()) < 20
        assert len(kept(journal)) == 1

    run(story())
