"""The journal on NATS JetStream, for regions that one machine no longer holds: gateways and ingest on machines of their own.

Same records, same batches, same promises as the file (journal.py): a commit that returned is stored for good, ids grow in the order
of the commits. A batch is one message; its id is the message's number in the stream. What "stored for good" rests on is said in the
address and checked: `?sync=always` (the servers sync before they confirm: `sync_interval: always`) or three replicas (ADR 0235).

    nats://10.0.0.1:4222,10.0.0.2:4222/WANGHUO_JOURNAL?sync=always
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict, deque
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from wanghuo.base import AppError, Text
from wanghuo.modules.sensing.journal import (
    Batch,
    Columns,
    Housekeeper,
    JournalAway,
    JournalDamaged,
    OpenedLink,
    Packable,
    Record,
)

if TYPE_CHECKING:
    from nats.js.api import StreamConfig

T = TypeVar("T")
WAIT_S = 5.0
REMADE_S = 0.05
FETCH = 64  # batches asked for at once
MOST_PEERS = 200_000
ROOM = 65_536  # for the head of a message, which names the connections that were opened
_BATCH, _HEAD = "batch", "Wanghuo-"
_KEPT_S = 120  # how long the servers know a batch again that is sent twice


class JournalNotDurable(AppError):
    """The stream would confirm what a power cut can still take away."""

    code = "sensing.journal_not_durable"
    status = 500
    text = Text(
        "日志流 {stream} 只有 {replicas} 个副本，且地址中未声明 sync=always：断电可能丢失已确认的报文。请在服务器设置 sync_interval: always 并在"
        "地址后加 ?sync=always，或使用 3 个副本（?replicas=3）。",
        "The stream {stream} has {replicas} replicas and its address does not say sync=always: a power cut could take confirmed frames. Set "
        "sync_interval: always on the servers and add ?sync=always to the address, or keep three replicas (?replicas=3).",
    )


class StreamInUse(AppError):
    """Batches of a stream keep the numbers they have."""

    code = "sensing.stream_in_use"
    status = 409
    text = Text(
        "日志流 {stream} 中已有 {held} 批，不能改变编号。请换一个空的流（在地址中改名），或把这些批次交给原来的数据库取完。",
        "The stream {stream} holds {held} batches already, whose numbers cannot be changed. Use an empty stream (another name in the "
        "address), or let the records that they belong to take them in.",
    )


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where the journal's stream is, and what its durability rests on."""

    servers: tuple[str, ...]
    stream: str
    synced: bool
    replicas: int

    @classmethod
    def parse(cls, address: str) -> StreamAddress:
        """Read `nats://[user:password@]host:port[,host:port…]/STREAM[?sync=always][&replicas=3]`; ValueError for anything else."""
        found = urlsplit(address)
        stream, asked = found.path.strip("/"), parse_qs(found.query)
        if (
            found.scheme not in ("nats", "tls")
            or not found.netloc
            or not stream
            or not stream.replace("_", "").isalnum()
        ):
            raise ValueError(f"{address!r} is no journal: nats://host:port/STREAM?sync=always")
        user, _, hosts = found.netloc.rpartition("@")
        servers = tuple(f"{found.scheme}://{user + '@' if user else ''}{host}" for host in hosts.split(","))
        replicas = int(asked.get("replicas", ["1"])[0])
        return cls(servers, stream, asked.get("sync") == ["always"], replicas)

    @property
    def subject(self) -> str:
        """The subject under which batches are published."""
        return f"{self.stream.lower()}.{_BATCH}"


class _Client:
    """A connection with an event loop in a thread of its own, so that plain code can wait for it. It connects again by itself."""

    def __init__(self, address: StreamAddress) -> None:
        self.address = address
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        self._nats: Any = None
        self.js: Any = None
        self._waiting: set[Future[Any]] = set()

    def call(self, act: Coroutine[Any, Any, T]) -> T:
        """Wait for something; JournalAway when the servers cannot be reached in time."""
        from nats.errors import Error

        future = asyncio.run_coroutine_threadsafe(act, self._loop)
        self._waiting.add(future)
        try:
            return future.result(WAIT_S)
        except (Error, TimeoutError, OSError, CancelledError) as error:
            future.cancel()
            raise JournalAway(f"NATS: {error or type(error).__name__}") from error
        finally:
            self._waiting.discard(future)

    async def _lost(self) -> None:
        """The connection is gone, and with it the answers that are waited for: to wait until they are late costs seconds."""
        if self.js is not None:
            for future in list(self._waiting):
                future.cancel()

    def connect(self) -> None:
        """Connect and see that the stream is there, and as durable as it must be."""
        if self.js is None:
            self.call(self._connect())

    async def _connect(self) -> None:
        import nats
        from nats.js.errors import NotFoundError

        client = await nats.connect(
            servers=list(self.address.servers),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            error_cb=_quietly,
            disconnected_cb=self._lost,
            connect_timeout=3,
        )
        js = client.jetstream(timeout=WAIT_S)
        try:
            info = await js.stream_info(self.address.stream)
        except NotFoundError:
            info = await js.add_stream(self._config())
        replicas = info.config.num_replicas or 1
        if replicas < 3 and not self.address.synced:
            await client.close()
            raise JournalNotDurable(stream=self.address.stream, replicas=replicas)
        self._nats, self.js = client, js

    def _config(self, first: int | None = None) -> StreamConfig:
        """The stream as it is made; its numbers begin at `first`."""
        from nats.js.api import RetentionPolicy, StorageType, StreamConfig

        return StreamConfig(
            name=self.address.stream,
            subjects=[self.address.subject],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            num_replicas=self.address.replicas,
            duplicate_window=_KEPT_S,
            allow_direct=True,
            first_seq=first,
        )

    def begin_at(self, first: int) -> None:
        """Make the stream anew, empty, with numbers from `first` on."""
        self.connect()
        self.call(self.js.delete_stream(self.address.stream))
        self.call(self._made(first))

    async def _made(self, first: int) -> None:
        """Make the stream, once the servers have put away the files of the one before it: they answer before they have."""
        from nats.js.errors import ServerError

        while True:
            try:
                await self.js.add_stream(self._config(first))
            except ServerError:
                await asyncio.sleep(REMADE_S)
            else:
                return

    @property
    def most_bytes(self) -> int:
        """The longest message that the servers take."""
        return int(self._nats.max_payload)

    def state(self) -> Any:
        """What the stream holds."""
        self.connect()
        return self.call(self.js.stream_info(self.address.stream)).state

    def close(self) -> None:
        """Leave, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _leave(self) -> None:
        if self._nats is not None:
            await self._nats.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


async def _quietly(error: Exception) -> None:
    """Troubles of the connection show in the calls that meet them."""


def renumber(address: str, after: int) -> None:
    """Let the batches to come be numbered from `after` + 1 on. Raises StreamInUse when the stream holds batches already: their
    numbers are the servers' and cannot be changed."""
    client = _Client(StreamAddress.parse(address))
    try:
        if held := int(client.state().messages):
            raise StreamInUse(stream=client.address.stream, held=held)
        client.begin_at(after + 1)
    finally:
        client.close()


class LogWriter:
    """Commits batches to the stream. As `journal.Writer`."""

    def __init__(self, address: str, writer: str) -> None:
        self.writer, self._client = writer, _Client(StreamAddress.parse(address))
        self._numbers = count()
        self._trying: tuple[Packable, int] | None = None

    def commit(self, columns: Packable, *, urgent: bool = False, opened: Sequence[OpenedLink] = ()) -> int:
        """Publish one batch and wait until the stream has it; give its id. Raises JournalAway, and then the batch may be
        committed again: if the stream had taken it after all, it is known again by its name and not stored twice."""
        number = self._number(columns)
        self._client.connect()
        head = {"Writer": self.writer, "Urgent": str(int(urgent)), "Opened": json.dumps(opened) if opened else ""}
        last = 0
        for part, (some, blob) in enumerate(self._parts(columns)):
            told = {**head, "Last-Us": str(some.last_us), "Records": str(len(some))}
            headers = {"Nats-Msg-Id": f"{self.writer}-{number}-{part}", **{_HEAD + k: v for k, v in told.items() if v}}
            js, subject = self._client.js, self._client.address.subject
            ack = self._client.call(js.publish(subject, blob, timeout=WAIT_S, headers=headers))
            last, head["Opened"] = ack.seq, ""
        self._trying = None
        return last

    def _number(self, columns: Packable) -> int:
        """A batch that is tried again keeps its number, and so its name."""
        if self._trying is None or self._trying[0] is not columns:
            self._trying = (columns, next(self._numbers))
        return self._trying[1]

    def _parts(self, columns: Packable) -> Iterator[tuple[Packable, bytes]]:
        """The batch and its blob, halved until each part fits into a message."""
        blob = columns.pack()
        if len(blob) + ROOM <= self._client.most_bytes or len(columns) == 1:
            yield columns, blob
            return
        rows, middle = list(Batch(0, self.writer, False, 0, blob)), len(columns) // 2
        for some in (rows[:middle], rows[middle:]):
            half = Columns.empty()
            for row in some:
                half.add(row.received_us, row.link, row.trust, row.kind, row.data)
            yield from self._parts(half)

    def prune(self, *, before_us: int, through: int) -> int:
        """Delete batches received before `before_us`, but none after `through`. Gives how many."""
        reader = LogReader.of(self._client)
        state = self._client.state()
        first, last = state.first_seq, min(reader.first_since(before_us), through)
        if last < first:
            return 0
        self._client.call(self._client.js.purge_stream(self._client.address.stream, seq=last + 1))
        return int(last - first + 1)

    def housekeeper(self) -> Housekeeper | None:
        """The servers keep their own files."""
        return None

    def close(self) -> None:
        """Leave the servers."""
        self._client.close()


class LogReader:
    """Reads batches in the order of their commits. As `journal.Reader`.

    The peer of a connection is known once the batch with its first record was read, and for the newest 200,000 connections.
    """

    def __init__(self, address: str) -> None:
        self._begin(_Client(StreamAddress.parse(address)))

    @classmethod
    def of(cls, client: _Client) -> LogReader:
        """A reader on a connection that is open."""
        made = cls.__new__(cls)
        made._begin(client)
        return made

    def _begin(self, client: _Client) -> None:
        self._client = client
        self._subscription: Any = None
        self._next = 0
        self._read: deque[tuple[int, dict[str, str], bytes]] = deque()
        self._peers: OrderedDict[tuple[str, int], str] = OrderedDict()

    def after(self, position: int, *, batches: int = 64, records: int = 4000) -> list[Batch]:
        """The next batches after `position`. Raises JournalDamaged, JournalAway."""
        found: list[Batch] = []
        while len(found) < batches and records > 0:
            message = self._following(position, batches - len(found))
            if message is None:
                break
            position = message[0]
            found.append(self._batch(*message))
            records -= len(found[-1])
        return found

    def _following(self, position: int, most: int) -> tuple[int, dict[str, str], bytes] | None:
        """The first message after `position`."""
        while self._read and self._read[0][0] <= position:
            self._read.popleft()
        if self._read and self._next > position:
            return self._read.popleft()
        state = self._client.state()
        first = max(position + 1, state.first_seq)
        if first > state.last_seq:
            return None
        self._read.extend(self._client.call(self._fetch(first, min(most, FETCH, state.last_seq - first + 1))))
        return self._read.popleft() if self._read else None

    async def _fetch(self, first: int, wanted: int) -> list[tuple[int, dict[str, str], bytes]]:
        from nats.errors import TimeoutError as NoMore
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        if self._subscription is None or self._next != first:
            if self._subscription is not None:
                await self._subscription.unsubscribe()
            config = ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=first,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=300,
            )
            address = self._client.address
            self._subscription = await self._client.js.pull_subscribe(
                address.subject, stream=address.stream, config=config
            )
        found: list[tuple[int, dict[str, str], bytes]] = []
        try:
            for message in await self._subscription.fetch(wanted, timeout=WAIT_S):
                found.append((message.metadata.sequence.stream, message.headers or {}, message.data))
        except NoMore:
            pass
        except Exception:
            self._subscription = None  # a consumer that is gone is made anew
            raise
        if found and found[0][0] != first:  # the consumer stood elsewhere
            self._subscription = None
            return []
        self._next = found[-1][0] + 1 if found else first
        return found

    def _batch(self, id: int, headers: dict[str, str], blob: bytes) -> Batch:
        writer = headers.get(f"{_HEAD}Writer", "")
        for link, peer, _ in json.loads(headers.get(f"{_HEAD}Opened", "[]")):
            self._peers[writer, link] = peer
            if len(self._peers) > MOST_PEERS:
                self._peers.popitem(last=False)
        return Batch(id, writer, headers.get(f"{_HEAD}Urgent") == "1", int(headers.get(f"{_HEAD}Last-Us", "0")), blob)

    def _message(self, id: int) -> tuple[dict[str, str], bytes] | None:
        from nats.js.errors import NotFoundError

        self._client.connect()

        async def get() -> tuple[dict[str, str], bytes] | None:
            try:
                found = await self._client.js.get_msg(self._client.address.stream, seq=id, direct=True)
            except NotFoundError:
                return None
            return found.headers or {}, found.data or b""

        return self._client.call(get())

    def first_since(self, received_us: int) -> int:
        """The position just before the first batch whose newest record was received at or after `received_us`."""
        state = self._client.state()
        low, high = state.first_seq, state.last_seq + 1
        while low < high:
            middle = (low + high) // 2
            message = self._message(middle)
            if message is not None and int(message[0].get(f"{_HEAD}Last-Us", "0")) >= received_us:
                high = middle
            else:
                low = middle + 1
        return int(low) - 1 if low > state.first_seq else 0

    def last(self) -> int:
        """The highest id that was given, also when its batch is pruned; 0 when none was."""
        return int(self._client.state().last_seq)

    def lag(self, position: int) -> int:
        """How many batches lie after `position`."""
        state = self._client.state()
        return int(max(0, state.last_seq - max(position, state.first_seq - 1)))

    def record(self, ref: str) -> Record | None:
        """The record `ref` names; None when it was pruned or never was."""
        batch, _, index = ref.partition(":")
        if not (batch.isdecimal() and index.isdecimal()) or not int(batch):
            return None
        message = self._message(int(batch))
        found = list(self._batch(int(batch), *message)) if message else []
        return found[int(index)] if int(index) < len(found) else None

    def peer(self, writer: str, link: int) -> str:
        """The peer address of a connection, "" when it is not known."""
        return self._peers.get((writer, link), "")

    def check(self) -> Iterator[tuple[int, str]]:
        """Look at every batch's checksums. Gives (batch id, what is wrong)."""
        state = self._client.state()
        for id in range(state.first_seq, state.last_seq + 1):
            message = self._message(id)
            if message is None:
                yield id, "missing"
                continue
            try:
                found = self._batch(id, *message)
            except JournalDamaged as error:
                yield id, str(error.known["what"])
                continue
            if len(found) != int(message[0].get(f"{_HEAD}Records", "-1")):
                yield id, "count"

    def size_bytes(self) -> int:
        """Bytes the stream takes."""
        return int(self._client.state().bytes)

    def close(self) -> None:
        """Leave the servers."""
        self._client.close()
