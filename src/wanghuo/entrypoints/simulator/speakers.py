"""Synthetic devices that speak other protocols than GB/T 26875.3: what they send is made up, the way in is the real one."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

import httpx

from wanghuo.engines.codecs import a55a, onenet
from wanghuo.engines.codecs.samples import Plain

Values = Mapping[str, Plain]
ANSWER_S = 10.0


def now_ms() -> int:
    """The present, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


async def post(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> int:
    """POST JSON and give the status; retries are the caller's."""
    async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
        answer = await client.post(url, content=body, headers={"Content-Type": "application/json", **(headers or {})})
    return answer.status_code


def http_body(values: Values, at_ms: int | None = None) -> bytes:
    """What a device of our own convention says."""
    return json.dumps({"ts": at_ms or now_ms(), "values": dict(values)}).encode()


async def speak_http(url: str, token: str, values: Values) -> int:
    """A device with its own token."""
    return await post(f"{url}/in/http", http_body(values), {"Authorization": f"Bearer {token}"})


def ctwing_body(device: str, values: Values, *, raw: bytes = b"", product: str = "1503") -> bytes:
    """A dataReport of CTWing: transparent bytes, or properties."""
    payload: dict[str, Any] = {"APPdata": base64.b64encode(raw).decode()} if raw else dict(values)
    message = {
        "messageType": "dataReport", "topic": "v1/up/ad", "tenantId": "1", "productId": product, "deviceId": device,
        "protocol": "lwm2m", "timestamp": now_ms(), "payload": payload, "IMEI": device, "IMSI": "undefined",
    }  # fmt: skip
    return json.dumps(message).encode()


def onenet_body(device: str, values: Values, token: str, nonce: str | None = None) -> bytes:
    """A classic push of OneNET, signed over the text as it stands."""
    items = [
        {"type": 1, "dev_id": device, "ds_id": name, "at": now_ms(), "value": value} for name, value in values.items()
    ]
    text = json.dumps(items)
    nonce = nonce or secrets.token_hex(4)
    signature = onenet.signature(token, nonce, text.encode())
    return f'{{"msg": {text}, "nonce": "{nonce}", "msg_signature": "{signature}"}}'.encode()


def studio_body(device: str, values: Values, token: str, product: str = "p1") -> bytes:
    """A property notification of OneNET Studio."""
    params = {name: {"value": value, "time": now_ms()} for name, value in values.items()}
    inner = {
        "messageType": "notify", "notifyType": "property", "productId": product, "deviceName": device,
        "data": {"id": "1", "version": "1.0", "params": params},
    }  # fmt: skip
    text, nonce = json.dumps(inner), secrets.token_hex(4)
    body = {
        "msg": text,
        "nonce": nonce,
        "time": now_ms(),
        "id": "1",
        "signature": onenet.signature(token, nonce, text.encode()),
    }
    return json.dumps(body).encode()


def iotda_body(device: str, values: Values, product: str = "p1") -> bytes:
    """A property report of IoTDA."""
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    notify = {
        "header": {"device_id": f"{product}_{device}", "node_id": device, "product_id": product},
        "body": {"services": [{"service_id": "main", "properties": dict(values), "event_time": at}]},
    }
    return json.dumps(
        {"resource": "device.property", "event": "report", "event_time": at, "notify_data": notify}
    ).encode()


async def speak_mqtt(
    host: str, port: int, device: str, password: str, values: Values, *, site: str = "site", stay_s: float = 0.0
) -> list[str]:
    """Connect with a will, say that we are on line, publish once, and answer commands for a while; gives the commands' acts."""
    import aiomqtt

    base, acts = f"fire/v1/{site}/{device}", list[str]()
    will = aiomqtt.Will(f"{base}/status", b'{"online": false}', qos=1, retain=True)
    async with aiomqtt.Client(
        host, port, username=device, password=password, identifier=f"sim-{device}".replace(".", "_"), will=will
    ) as client:
        await client.subscribe(f"{base}/rpc/request/+", qos=1)
        await client.publish(f"{base}/status", b'{"online": true}', qos=1, retain=True)
        if values:
            await client.publish(f"{base}/telemetry", http_body(values), qos=1)
        if stay_s:
            try:
                async with asyncio.timeout(stay_s):
                    async for message in client.messages:
                        asked = json.loads(message.payload if isinstance(message.payload, bytes) else b"{}")
                        acts.append(str(asked.get("method", "")))
                        key = str(message.topic).rsplit("/", 1)[1]
                        await client.publish(f"{base}/rpc/response/{key}", b'{"ok": true}', qos=1)
            except TimeoutError:
                pass
    return acts


async def speak_coap(host: str, port: int, device: str, values: Values) -> tuple[str, str]:
    """Register as an LwM2M client, then Send values named by their paths; gives both answers' codes."""
    import aiocoap

    context = await aiocoap.Context.create_client_context()
    try:
        links = ",".join(dict.fromkeys(f"</{'/'.join(name.split('/')[:2])}>" for name in values))
        uri = f"coap://{host}:{port}"
        hello = aiocoap.Message(
            code=aiocoap.POST, uri=f"{uri}/rd?ep={device}&lt=300&lwm2m=1.1&b=U", payload=links.encode()
        )
        registered = await asyncio.wait_for(context.request(hello).response, ANSWER_S)
        rows = [{"n": f"/{name}", _kind(value): value} for name, value in values.items()]
        rows[0] |= {"bt": now_ms() / 1000}
        send = aiocoap.Message(
            code=aiocoap.POST, uri=f"{uri}/dp?ep={device}", payload=json.dumps(rows).encode(), content_format=110
        )
        sent = await asyncio.wait_for(context.request(send).response, ANSWER_S)
    finally:
        await context.shutdown()
    return str(registered.code), str(sent.code)


def _kind(value: Plain) -> str:
    if isinstance(value, bool):
        return "vb"
    return "vs" if isinstance(value, str) else "v"


async def speak_a55a(host: str, port: int, message: bytes, *, udp: bool = False) -> bytes:
    """Send one report, and give the answer; empty when there is none in time."""
    if udp:
        return await _datagram(host, port, message)
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(message)
        return await asyncio.wait_for(reader.readexactly(len(a55a.answer(message))), ANSWER_S)
    except (TimeoutError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.close()
        await writer.wait_closed()


async def _datagram(host: str, port: int, message: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()

    class Once(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            if not answered.done():
                answered.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(Once, remote_addr=(host, port))
    try:
        transport.sendto(message)
        return await asyncio.wait_for(answered, ANSWER_S)
    except TimeoutError:
        return b""
    finally:
        transport.close()


async def serve_modbus(
    host: str, port: int, holding: list[int], discrete: list[bool], ready: asyncio.Event | None = None
) -> None:
    """A wired gateway with some registers, until cancelled. The lists may be changed meanwhile."""
    server = await asyncio.start_server(lambda r, w: _modbus_link(r, w, holding, discrete), host, port)
    if ready is not None:
        ready.set()
    async with server:
        await server.serve_forever()


async def _modbus_link(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, holding: list[int], discrete: list[bool]
) -> None:
    """Answers functions 2 and 3 of Modbus TCP; anything else is an illegal function."""
    try:
        while True:
            head = await reader.readexactly(7)
            request = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
            answer = _modbus_answer(request, holding, discrete)
            writer.write(head[:4] + (len(answer) + 1).to_bytes(2, "big") + head[6:7] + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _modbus_answer(request: bytes, holding: list[int], discrete: list[bool]) -> bytes:
    function, start, count = request[0], int.from_bytes(request[1:3], "big"), int.from_bytes(request[3:5], "big")
    if function == 3 and start + count <= len(holding):
        words = b"".join((word & 0xFFFF).to_bytes(2, "big") for word in holding[start : start + count])
        return bytes((3, len(words))) + words
    if function == 2 and start + count <= len(discrete):
        bits = sum(1 << i for i, bit in enumerate(discrete[start : start + count]) if bit)
        size = (count + 7) // 8
        return bytes((2, size)) + bits.to_bytes(size, "little")
    return bytes((function | 0x80, 2 if function in (2, 3) else 1))
