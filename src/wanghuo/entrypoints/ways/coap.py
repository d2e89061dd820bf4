"""CoAP and LwM2M 1.0/1.1: registration, update, de-registration, Send, and the observation of what devices offer.

Registrations are kept in memory: after a restart a device's update is answered 4.04, and it registers again, as the standard
says. A device that sends (POST /dp) is answered when its values are on disk; a notification is acknowledged by the library
before that, so a device that must be sure uses Send. No DTLS here: put listed networks or a VPN in front (security.md 1.3).
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import aiocoap
import aiocoap.error
import aiocoap.resource
from aiocoap import (
    BAD_REQUEST,
    CHANGED,
    CREATED,
    DELETED,
    GET,
    NOT_FOUND,
    SERVICE_UNAVAILABLE,
    TOO_MANY_REQUESTS,
    Message,
)
from aiocoap.util import hostportsplit

from wanghuo.engines.codecs import lwm2m
from wanghuo.entrypoints.ways.coap_exchanges import context_of
from wanghuo.entrypoints.ways.hub import NETWORK, NONE, Busy, Hub
from wanghuo.modules.sensing.messages import LONGEST_NAME
from wanghuo.modules.sensing.ways_side import lies_in

log = logging.getLogger("wanghuo.ways")
WATCHED = frozenset(
    {
        "3",
        "4",
        "19",
        "503",
        "3200",
        "3303",
        "3304",
        "3316",
        "3317",
        "3323",
        "3325",
        "3328",
        "3330",
        "3407",
        "3424",
        "3427",
        "3435",
    }
)
"""Objects that are observed when a device offers them (protocols.md 3.6)."""

MOST_DEVICES, MOST_OBSERVED, LONGEST_LIFE_S, LARGEST = 200_000, 16, 7 * 86_400, 64 << 10
STRANGER_RATE, STRANGER_BURST = 10.0, 100.0  # requests a second of one address, before anybody looks what they ask
STRANGERS_RATE, STRANGERS_BURST = 200.0, 1000.0  # and of all of them together
_LINK = re.compile(r"<(/[0-9/]+)>")
_NAME = re.compile(r"[\w.:\-]{1,64}")
FORGOTTEN = 1  # what the topic rd;1 means: de-registered


@dataclass(slots=True)
class Registered:
    """A device that registered: its name, until when (loop time), and what is observed of it."""

    name: str
    remote: Any
    until: float
    life_s: float
    objects: tuple[str, ...] = ()
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


def objects_of(links: bytes) -> tuple[str, ...]:
    """The object instances worth observing in a list of links, such as </3323/0>,</3/0>."""
    found = dict.fromkeys(path.strip("/") for path in _LINK.findall(links[:4096].decode("utf-8", "replace")))
    return tuple(p for p in found if p.split("/")[0] in WATCHED and p.count("/") == 1)[:MOST_OBSERVED]


class Coap:
    """The CoAP listener."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.registered: dict[str, Registered] = {}
        self._idents: dict[str, str] = {}  # of a name
        self._names: dict[Any, str] = {}  # of an address
        self._context: aiocoap.Context | None = None

    async def serve(self, host: str, port: int) -> None:
        """Serve until cancelled."""
        site = aiocoap.resource.Site()
        site.add_resource(["rd"], _Register(self))
        site.add_resource(["rd"], _Registered(self))
        site.add_resource(["dp"], _Send(self))
        self._context, self.messages = await context_of(site, (host, port), self.listens)
        try:
            while True:
                await asyncio.sleep(30.0)
                self.expire()
        finally:
            for each in self.registered.values():
                _stop(each)
            await self._context.shutdown()

    def listens(self, request: Message) -> bool | None:
        """Whether a request is a device's of the register (True) or a stranger's, and None for strangers that come too often."""
        host = host_of(request)
        bound = self.hub.known.devices.get(("coap", self.name_of(request)))
        if bound is not None and (not bound or lies_in(host, bound)):
            return True
        if self.hub.within_rate(f"coap:{host}", STRANGER_RATE, STRANGER_BURST) and self.hub.within_rate(
            "coap", STRANGERS_RATE, STRANGERS_BURST
        ):
            return False
        self.hub.count("refused_unknown")
        return None

    def name_of(self, request: Message) -> str:
        """The device a request speaks for: by the registration it names, by its address, or by what it says itself; or ""."""
        path = request.opt.uri_path
        each = self.registered.get(path[1]) if len(path) == 2 and path[0] == "rd" else None
        said = _query(request).get("ep", "")
        if each is not None:
            return each.name
        return said if path[:1] == ("rd",) else self._names.get(request.remote) or said

    def expire(self) -> None:
        """Forget registrations that ran out."""
        now = self.hub.now()
        for ident in [ident for ident, each in self.registered.items() if each.until < now]:
            self._forget(ident)

    def _forget(self, ident: str) -> Registered | None:
        each = self.registered.pop(ident, None)
        if each is not None:
            _stop(each)
            self._idents.pop(each.name, None)
            self._left(each)
        return each

    def _left(self, each: Registered) -> None:
        """A device is no longer where it was."""
        if self._names.get(each.remote) == each.name:
            del self._names[each.remote]

    async def register(self, request: Message, query: dict[str, str]) -> Message:
        """A device registers: kept, remembered, and observed when the register knows it."""
        name, life_s = query.get("ep", ""), _seconds(query.get("lt", "86400"))
        if not _is_name(name) or life_s is None:
            return Message(code=BAD_REQUEST)
        answer = await self.keep(request, name, "rd;0", request.payload[:4096])
        if answer is not None:
            return answer
        if ("coap", name) not in self.hub.known.devices:
            return Message(code=aiocoap.FORBIDDEN)
        self._forget(self._idents.get(name, ""))
        if len(self.registered) >= MOST_DEVICES:
            return Message(code=SERVICE_UNAVAILABLE)
        ident = secrets.token_hex(4)
        each = Registered(name, request.remote, self.hub.now() + life_s + 30, life_s, objects_of(request.payload))
        self.registered[ident], self._idents[name], self._names[request.remote] = each, ident, name
        for path in each.objects:
            task = asyncio.create_task(self._observe(each, path))
            each.tasks.add(task)
            task.add_done_callback(each.tasks.discard)
        done = Message(code=CREATED)
        done.opt.location_path = ("rd", ident)
        return done

    async def update(self, request: Message, ident: str) -> Message:
        """A device says that it is still there, perhaps at another address."""
        each = self.registered.get(ident)
        if each is None:
            return Message(code=NOT_FOUND)
        answer = await self.keep(request, each.name, "rd;0", b"")
        if answer is None:
            self._left(each)
            each.until, each.remote = self.hub.now() + each.life_s + 30, request.remote
            self._names[request.remote] = each.name
        return answer or Message(code=CHANGED)

    async def leave(self, request: Message, ident: str) -> Message:
        """A device takes its leave."""
        each = self._forget(ident)
        if each is None:
            return Message(code=NOT_FOUND)
        return await self.keep(request, each.name, f"rd;{FORGOTTEN}", b"") or Message(code=DELETED)

    async def send(self, request: Message, query: dict[str, str]) -> Message:
        """A device sends values (LwM2M 1.1 Send), known by its registration or, without one, by its name in the query."""
        name = self._names.get(request.remote) or query.get("ep", "")
        if not _is_name(name):
            return Message(code=NOT_FOUND)
        form = request.opt.content_format
        topic = f"dp;{int(form) if form is not None else lwm2m.SENML_JSON}"
        return await self.keep(request, name, topic, request.payload) or Message(code=CHANGED)

    async def keep(self, request: Message, name: str, topic: str, payload: bytes) -> Message | None:
        """Keep a message; the answer to give when it could not be."""
        hub, host = self.hub, host_of(request)
        if len(payload) > LARGEST:
            return Message(code=aiocoap.REQUEST_ENTITY_TOO_LARGE)
        bound = hub.known.devices.get(("coap", name))
        if bound and not lies_in(host, bound):
            hub.refused("refused_network", host)
            return Message(code=aiocoap.FORBIDDEN)
        rate = (hub.limits.device_rate, hub.limits.device_burst) if bound is not None else (20 / 60, 20.0)
        if not hub.within_rate(f"device:{name}" if bound is not None else f"stranger:{host}", *rate):
            hub.count("refused_rate")
            return Message(code=TOO_MANY_REQUESTS)
        try:
            await hub.keep(
                "coap", name, topic, payload, trust=NETWORK if bound else NONE, peer=str(request.remote.hostinfo)
            )
        except Busy:
            return Message(code=SERVICE_UNAVAILABLE)
        return None

    async def _observe(self, each: Registered, path: str) -> None:
        """Observe one object instance for as long as the registration lasts."""
        if self._context is None:
            return
        ask = Message(code=GET, observe=0)
        ask.remote, ask.opt.uri_path = each.remote, tuple(path.split("/"))
        try:
            asked = self._context.request(ask)
            await self._notified(each, path, await asked.response)
            if asked.observation is not None:
                async for notification in asked.observation:
                    await self._notified(each, path, notification)
        except (aiocoap.error.Error, OSError) as error:
            log.info("%s does not let %s be observed: %s", each.name, path, error)

    async def _notified(self, each: Registered, path: str, message: Message) -> None:
        if not message.code.is_successful():
            return
        form = message.opt.content_format
        topic = f"{path};{int(form) if form is not None else lwm2m.TEXT}"
        if await self.keep(message, each.name, topic, message.payload) is not None:
            self.hub.count("shed_state")


def host_of(request: Message) -> str:
    """The address a request came from."""
    return str(hostportsplit(request.remote.hostinfo)[0])


def _is_name(name: str) -> bool:
    """Whether a device may be called so: the journal keeps 255 bytes of a name."""
    return _NAME.fullmatch(name) is not None and len(name.encode()) <= LONGEST_NAME


def _stop(each: Registered) -> None:
    for task in each.tasks:
        task.cancel()


def _seconds(text: str) -> float | None:
    return min(float(text), LONGEST_LIFE_S) if text.isdecimal() and len(text) < 10 and int(text) > 0 else None


def _query(request: Message) -> dict[str, str]:
    return {name: value for name, _, value in (each.partition("=") for each in request.opt.uri_query[:16])}


class _Register(aiocoap.resource.Resource):
    def __init__(self, coap: Coap) -> None:
        super().__init__()
        self._coap = coap

    async def render_post(self, request: Message) -> Message:
        return await self._coap.register(request, _query(request))


class _Registered(aiocoap.resource.Resource, aiocoap.resource.PathCapable):
    """What lies below /rd."""

    def __init__(self, coap: Coap) -> None:
        super().__init__()
        self._coap = coap

    async def render_post(self, request: Message) -> Message:
        return await self._coap.update(request, "/".join(request.opt.uri_path))

    async def render_delete(self, request: Message) -> Message:
        return await self._coap.leave(request, "/".join(request.opt.uri_path))


class _Send(aiocoap.resource.Resource):
    def __init__(self, coap: Coap) -> None:
        super().__init__()
        self._coap = coap

    async def render_post(self, request: Message) -> Message:
        return await self._coap.send(request, _query(request))
