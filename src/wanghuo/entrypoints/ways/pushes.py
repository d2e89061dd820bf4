"""What comes over HTTP: devices with their token, and pushes of operators. Who speaks is proved here; what is said, later.

    POST /in/http                       a device: Authorization: Bearer wh_…
    POST /in/KIND/CODE/SECRET           a push to a way in; GET: the operator's check of the address

Signatures are checked over the raw body. 200 is answered after the message is on disk, never before.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Awaitable, Callable

from wanghuo.engines.codecs import onenet
from wanghuo.engines.codecs.jsontext import load_json, load_object, text_of
from wanghuo.engines.codecs.samples import Undecodable
from wanghuo.entrypoints.ways.hub import NETWORK, SIGNED, TOKEN, Busy, Hub
from wanghuo.entrypoints.ways.web import Answer, Request, said
from wanghuo.modules.sensing.way_kinds import KINDS
from wanghuo.modules.sensing.ways_side import KnownWay, lies_in

NONCE_S, CLOCK_S = 600.0, 300.0
MOST_NONCES = 200_000


class Refused(Exception):
    """A request is not let in; `counter` of contracts.COUNTERS, and why."""

    def __init__(self, status: int, counter: str, why: str) -> None:
        super().__init__(why)
        self.status, self.counter = status, counter


class Nonces:
    """Nonces of the last ten minutes, each with what was kept under it: a delivery made again is no replay."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], bytes] = {}
        self._order: deque[tuple[float, tuple[str, str]]] = deque()

    def kept(self, way: str, nonce: str, body: bytes, now: float) -> bool:
        """Whether this very message is on disk already. Raises Refused when another one came under the same nonce."""
        while self._order and (now - self._order[0][0] > NONCE_S or len(self._order) > MOST_NONCES):
            self._seen.pop(self._order.popleft()[1], None)
        before = self._seen.get((way, nonce))
        if before is not None and before != _digest(body):
            raise Refused(403, "refused_replay", "the nonce was used for another message")
        return before is not None

    def keep(self, way: str, nonce: str, body: bytes, now: float) -> None:
        """Remember what is on disk now."""
        self._seen[way, nonce] = _digest(body)
        self._order.append((now, (way, nonce)))


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


class Pushes:
    """The handler of the HTTP listener."""

    def __init__(self, hub: Hub) -> None:
        self._hub, self.nonces = hub, Nonces()

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        hub = self._hub
        steps = request.path.strip("/").split("/")
        way = steps[2] if len(steps) == 4 and steps[2] in hub.known.ways else ""
        try:
            return await self._route(request, steps)
        except Refused as error:
            if hub.shut_out(request.host, way):  # whoever proves itself is served: an address may have many behind it
                hub.count("refused_rate")
                return said(429, code="too_many_failures")
            hub.refused(error.counter, request.host, way, str(error))
            return said(error.status, code=error.counter, why=str(error) if error.status != 404 else "")
        except Undecodable as error:
            hub.refused("refused_bad", request.host, way, str(error))
            return said(422, code="undecodable", why=str(error))
        except Busy:
            return said(503, code="busy")

    async def _route(self, request: Request, steps: list[str]) -> Answer:
        if steps == ["in", "http"]:
            return await self._device(request)
        if steps == ["in", "health"]:
            return said(200, ok=not self._hub.committer.troubled)
        if len(steps) != 4 or steps[0] != "in":
            return said(404, code="not_found")
        way = self._way(steps[1], steps[2], steps[3])
        if way.networks and not lies_in(request.host, way.networks):
            raise Refused(403, "refused_network", f"{request.host} is not on the list")
        if request.method not in ("GET", "POST"):
            return said(405, code="method")
        if not self._hub.within_rate(way.code, self._hub.limits.way_rate, self._hub.limits.way_burst):
            self._hub.count("refused_rate")
            return said(429, code="too_many")
        if request.method == "GET":
            return _checked(way, request)
        return await _TAKERS[way.kind](self, way, request)

    def _way(self, kind: str, code: str, path: str) -> KnownWay:
        """The way an address names. A wrong secret and an unknown way look the same."""
        found = self._hub.known.ways.get(code)
        expected = found.path if found else "-" * 43
        fits = hmac.compare_digest(path.encode("utf-8", "surrogateescape"), expected.encode())
        if not fits or found is None or found.kind != kind or not KINDS[kind].pushed:
            raise Refused(404, "refused_signature", "wrong address")
        return found

    async def _device(self, request: Request) -> Answer:
        """A device speaks for itself."""
        if request.method != "POST":
            return said(405, code="method")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        credential = self._hub.known.credential(token.strip(), time.time()) if scheme.lower() == "bearer" else None
        if credential is None:
            raise Refused(401, "refused_signature", "no valid token")
        if credential.networks and not lies_in(request.host, credential.networks):
            raise Refused(403, "refused_network", "the device is bound to other networks")
        limits = self._hub.limits
        if not self._hub.within_rate(f"device:{credential.source}", limits.device_rate, limits.device_burst):
            self._hub.count("refused_rate")
            return said(429, code="too_many")
        load_json(request.body)
        if credential.protocol != "http":
            raise Refused(403, "refused_signature", f"the device is registered for {credential.protocol}")
        await self._hub.keep("http", credential.source, "in/http", request.body, trust=TOKEN, peer=request.peer)
        return said(200, ok=True)

    async def plain(self, way: KnownWay, request: Request) -> Answer:
        """A push that is proved by the secret in its address, and by a signature where the way asks for one."""
        trust = TOKEN if not way.networks else max(TOKEN, NETWORK)
        signing = str(way.settings.get("signing", ""))
        nonce = ""
        if signing:
            nonce = _signed(way, signing, request)
            trust = SIGNED
        if way.kind == "http":
            load_json(request.body)
        else:
            load_object(request.body)
        return await self._keep(way, nonce, request.body, request, trust)

    async def onenet(self, way: KnownWay, request: Request) -> Answer:
        """A classic push of OneNET: signed over the text of `msg` as it stands, or encrypted."""
        body = load_object(request.body)
        nonce, given = text_of(body.get("nonce")), str(body.get("msg_signature", ""))[:64]
        sealed = body.get("enc_msg")
        text = sealed.encode() if isinstance(sealed, str) else onenet.raw_member(request.body, "msg")
        if not any(onenet.is_signed(token, nonce, text, given) for token in way.secrets.get("token", ())):
            raise Refused(403, "refused_signature", "wrong signature")
        if isinstance(sealed, str):
            text = _opened(sealed, way)
        return await self._keep(way, nonce, text, request, SIGNED)

    async def studio(self, way: KnownWay, request: Request) -> Answer:
        """A push of OneNET Studio: `msg` is a text, signed as it is."""
        body = load_object(request.body)
        nonce, given, text = text_of(body.get("nonce")), str(body.get("signature", ""))[:64], body.get("msg")
        if not isinstance(text, str):
            raise Undecodable("msg is no text")
        if not any(onenet.is_signed(token, nonce, text.encode(), given) for token in way.secrets.get("token", ())):
            raise Refused(403, "refused_signature", "wrong signature")
        return await self._keep(way, nonce, request.body, request, SIGNED)

    async def _keep(self, way: KnownWay, nonce: str, payload: bytes, request: Request, trust: int) -> Answer:
        hub, nonces = self._hub, self.nonces
        if nonce and nonces.kept(way.code, nonce, payload, hub.now()):
            return said(200, ok=True)
        protocol = KINDS[way.kind].protocol
        await hub.keep(protocol, "", way.code, payload, trust=trust, peer=request.peer, way=way.code)
        if nonce:
            nonces.keep(way.code, nonce, payload, hub.now())
        return said(200, ok=True)


def _opened(sealed: str, way: KnownWay) -> bytes:
    error: Undecodable | None = None
    for key in way.secrets.get("aes_key", ()):
        try:
            return onenet.decrypt(sealed, key)
        except Undecodable as wrong:
            error = wrong
    raise error or Undecodable("the way has no EncodingAESKey")


def _signed(way: KnownWay, signing: str, request: Request) -> str:
    """Check a signature in the headers, over the raw body; gives the nonce, "" where there is none. Raises Refused."""
    tokens, headers = way.secrets.get("token", ()), request.headers
    if signing == "hmac":
        given = headers.get("x-signature", "").removeprefix("sha256=").lower()
        right = (hmac.new(token.encode(), request.body, hashlib.sha256).hexdigest() for token in tokens)
        if not any(hmac.compare_digest(each.encode(), given.encode()) for each in right):
            raise Refused(403, "refused_signature", "wrong X-Signature")
        return ""
    if signing != "sorted_sha1":
        raise Refused(403, "refused_signature", f"the way asks for an unknown signature {signing}")
    given, stamp, nonce = (headers.get(name, "") for name in ("signature", "timestamp", "nonce"))
    right = (
        hashlib.sha1("".join(sorted((t, stamp, nonce))).encode(), usedforsecurity=False).hexdigest() for t in tokens
    )
    if not any(hmac.compare_digest(each.encode(), given.lower().encode()) for each in right):
        raise Refused(403, "refused_signature", "wrong Signature")
    if not stamp.isdecimal() or abs(time.time() - int(stamp[:10])) > CLOCK_S:
        raise Refused(403, "refused_replay", "Timestamp is more than five minutes off")
    return nonce[:64]


def _checked(way: KnownWay, request: Request) -> Answer:
    """OneNET asks for its own words back, signed; others only look whether somebody answers."""
    if way.kind not in ("onenet", "studio"):
        return said(200, ok=True)
    message, nonce, given = (request.query.get(name, "") for name in ("msg", "nonce", "signature"))
    if not any(onenet.is_signed(token, nonce, message.encode(), given) for token in way.secrets.get("token", ())):
        raise Refused(403, "refused_signature", "wrong signature")
    return Answer(200, message.encode(), "text/plain; charset=utf-8")


_TAKERS: dict[str, Callable[[Pushes, KnownWay, Request], Awaitable[Answer]]] = {
    "http": Pushes.plain,
    "ctwing": Pushes.plain,
    "iotda": Pushes.plain,
    "onenet": Pushes.onenet,
    "studio": Pushes.studio,
}
