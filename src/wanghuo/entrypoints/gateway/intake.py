"""What waits for the disk: records with whoever asked, gathered into the batches of the commits.

The compiled twins of both classes are in `_lane.pyx`; the tests hold one against the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from wanghuo.modules.sensing.journal import FRAME, Columns

MOST_ENTRIES = 1024  # entries of one commit: bounds its time, and the transaction in which ingest records it
MOST_BYTES = 4 << 20  # of one commit; a message of another protocol may be large


class Asker(Protocol):
    """Whoever waits for an answer: a TCP link, or the sender of a datagram, of a message or of a request.

    `number` is the process's own number of the connection (0: none), `peer` its address for people.
    """

    number: int
    peer: str

    def confirm(self, data: bytes, now: bytes) -> None:
        """The record is on disk: answer it. `now`: the present second as a time label. Called in the event loop."""


class Entry(NamedTuple):
    """One record on its way to disk, and who is told when it is there; None for the gateway's own notes.

    `kind`: of the journal's kinds. `urgent`: it does not wait for company, and ingest is woken once it is on disk.
    """

    link: Asker | None
    received_us: int
    trust: int
    data: bytes
    urgent: bool = False
    kind: int = FRAME


class Gathered:
    """The records of one commit (journal.Packable), and who is answered afterwards."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self.urgent = any(entry.urgent for entry in entries)
        self.size = sum(len(entry.data) for entry in entries)
        self.last_us = max(entry.received_us for entry in entries)
        self.full = len(entries) == MOST_ENTRIES or self.size >= MOST_BYTES

    def __len__(self) -> int:
        return len(self._entries)

    def pack(self) -> bytes:
        """The blob of the batch."""
        links, received_us, trust, data, _, kinds = zip(*self._entries, strict=True)
        return Columns(
            received_us=list(received_us),
            link=[link.number if link else 0 for link in links],
            trust=list(trust),
            kind=list(kinds),
            data=list(data),
        ).pack()

    def answer(self, now: bytes, failed: Callable[[Asker], None]) -> int:
        """The batch is on disk: answer each record. Gives how many had somebody who asked; whom an exception kept from
        an answer is told to `failed`, and the others get theirs."""
        asked = 0
        for entry in self._entries:
            if entry.link is not None:
                asked += 1
                try:
                    entry.link.confirm(entry.data, now)
                except Exception:  # one broken transport must not keep the others from their answers
                    failed(entry.link)
        return asked


class Intake:
    """The queue in front of the disk. `put` belongs to the event loop, `take` to the committer's thread."""

    def __init__(self, wake: Callable[[bool], None]) -> None:
        self._wake, self._queue = wake, deque[Entry]()
        self.awake = False
        self.waiting_bytes = 0

    def put(self, entry: Entry) -> None:
        """Queue one entry; `wake` is called when the thread may sleep, and for an urgent entry in any case."""
        self._queue.append(entry)
        self.waiting_bytes += len(entry.data)
        if entry.urgent or not self.awake:
            self.awake = True
            self._wake(entry.urgent)

    def take(self) -> Gathered | None:
        """The next batch, in the order queued; None when nothing waits."""
        queue, entries, size = self._queue, list[Entry](), 0
        while queue and len(entries) < MOST_ENTRIES and size < MOST_BYTES:
            entries.append(queue.popleft())
            size += len(entries[-1].data)
        return Gathered(entries) if entries else None

    def __bool__(self) -> bool:
        return bool(self._queue)
