"""What the CoAP listener remembers of messages that may come again, and whose requests it listens to: both bounded.

RFC 7252 (4.5, 4.8.2) asks to remember each message for 247 s. The library keeps whole messages for that long, as many as come;
here only the answer's bytes are kept, of so many messages at most, and strangers have a memory of their own, so that none of
them makes us forget a device's. Forgotten early, a repetition is a second message: kept twice, never lost.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import aiocoap
import aiocoap.resource
from aiocoap.message import Direction, Message
from aiocoap.messagemanager import MessageManager
from aiocoap.numbers.constants import TransportTuning
from aiocoap.numbers.types import CON
from aiocoap.tokenmanager import TokenManager
from aiocoap.transports.udp6 import MessageInterfaceUDP6

MOST_KNOWN, MOST_STRANGE = 50_000, 4_096
"""Messages remembered. A device repeats for 45 s at most: up to 1,100 messages a second each repetition is still known."""


class Tuning(TransportTuning):
    """The library's times, but for one: a device repeats after 2 s, so the answer itself is waited for a second before an empty
    acknowledgement goes ahead of it. An answer behind one must be acknowledged in its turn, and lies in memory until it is."""

    EMPTY_ACK_DELAY = 1.0


TUNING = Tuning()
Key = tuple[Any, int]
Listens = Callable[[Message], bool | None]
"""Of a request: True from a device of the register, False from a stranger, None when it is not to be listened to."""


class Exchanges:
    """Answers to the last messages, by sender and message id. `most`: how many; `life_s`: for how long, in seconds."""

    def __init__(self, most: int, life_s: float) -> None:
        self._most, self._life_s = most, life_s
        self._answers: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def begin(self, key: Key, now: float) -> bytes | None:
        """None for a new message, which is remembered from now on; of one that came before its answer, b"" before there is
        one. `now`: seconds of a clock that only grows."""
        answers = self._answers
        while answers and (len(answers) > self._most or now - next(iter(answers.values()))[0] > self._life_s):
            answers.popitem(last=False)
        if key in answers:
            return answers[key][1]
        answers[key] = now, b""
        return None

    def __contains__(self, key: Key) -> bool:
        return key in self._answers

    def answered(self, key: Key, answer: bytes) -> None:
        """Keep the answer to a message that is remembered."""
        self._answers[key] = self._answers[key][0], answer


class Messages(MessageManager):
    """The library's layer of messages with our memory, behind a gate."""

    def __init__(self, tokens: TokenManager, listens: Listens) -> None:
        super().__init__(tokens)
        self._listens = listens
        self.exchanges = {
            True: Exchanges(MOST_KNOWN, TUNING.EXCHANGE_LIFETIME),
            False: Exchanges(MOST_STRANGE, TUNING.EXCHANGE_LIFETIME),
        }

    def dispatch_message(self, message: Message) -> None:
        """A message came; a request of somebody who is not listened to ends here, unanswered."""
        if message.code.is_request():
            message.known = self._listens(message)
            if message.known is None:
                return
            message.transport_tuning = TUNING
        super().dispatch_message(message)

    def _deduplicate_message(self, message: Message) -> bool:
        answer = self.exchanges[message.known].begin(_key(message), self.loop.time())
        if answer and message.mtype is CON:
            again = Message.decode(answer, message.remote.as_response_address())
            again.direction = Direction.OUTGOING
            self._send_via_transport(again)
        return answer is not None

    def _store_response_for_duplicates(self, message: Message) -> None:
        key = _key(message)
        for each in self.exchanges.values():
            if key in each:
                each.answered(key, message.encode())


def _key(message: Message) -> Key:
    return message.remote.sockaddr[:-1], message.mid  # what the library, too, takes for the same sender


async def context_of(
    site: aiocoap.resource.Site, bind: tuple[str, int], listens: Listens
) -> tuple[aiocoap.Context, Messages]:
    """The library's context on a socket for datagrams, over our layer of messages; and that layer."""
    loop = asyncio.get_running_loop()
    context = aiocoap.Context(loop=loop, serversite=site, loggername="coap-server")
    tokens = TokenManager(context)
    messages = tokens.token_interface = Messages(tokens, listens)
    messages.message_interface = await MessageInterfaceUDP6.create_server_transport_endpoint(
        messages, log=context.log, loop=loop, bind=bind, multicast=[]
    )
    context.request_interfaces.append(tokens)
    return context, messages
