"""Logs for tests, and seven ways to tamper with one (R27): in the suite by the hundred, at full size in a benchmark."""

from __future__ import annotations

import random
from collections.abc import Callable

from wanghuo.engines.auditlog.canonical import canonical
from wanghuo.engines.auditlog.hashes import FIRST_CHAIN, chain_hash, leaf_hash
from wanghuo.engines.auditlog.verifying import Sealed

Log = list[Sealed]


def entry(seq: int, rng: random.Random) -> bytes:
    """An entry that no other run makes."""
    return canonical({"action": "hazards:hazard:order", "n": seq, "x": rng.getrandbits(48)})


def sealed(entries: list[bytes], start: Log | None = None) -> Log:
    """`entries` sealed after the log `start`, as the sealer does it, and as a forger with the code can too."""
    log = list(start or ())
    link = log[-1].chain if log else FIRST_CHAIN
    for seq, body in enumerate(entries, len(log)):
        leaf = leaf_hash(body)
        link = chain_hash(link, leaf)
        log.append(Sealed(seq, body, leaf, link))
    return log


def made_log(count: int, rng: random.Random) -> Log:
    """A clean log."""
    return sealed([entry(seq, rng) for seq in range(count)])


def flip(log: Log, at: int, rng: random.Random) -> Log:
    """One bit of one entry."""
    place = log[at]
    changed = bytearray(place.entry or b"")
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return [*log[:at], Sealed(place.seq, bytes(changed), place.leaf, place.chain), *log[at + 1 :]]


def insert(log: Log, at: int, rng: random.Random) -> Log:
    """One entry more, sealed so that it fits to the one before; what follows is renumbered."""
    later = [Sealed(p.seq + 1, p.entry, p.leaf, p.chain) for p in log[at:]]
    return [*sealed([entry(at, rng)], log[:at]), *later]


def delete(log: Log, at: int, rng: random.Random) -> Log:
    """One entry less: the numbers close up, or leave a gap."""
    later = log[at + 1 :]
    if rng.random() < 0.5:
        later = [Sealed(p.seq - 1, p.entry, p.leaf, p.chain) for p in later]
    return [*log[:at], *later]


def swap(log: Log, at: int, rng: random.Random) -> Log:
    """Two entries change places, their leaves with them."""
    other = rng.choice([n for n in (0, at - 1, at + 1, len(log) - 1) if 0 <= n < len(log) and n != at])
    made = list(log)
    for here, there in ((at, other), (other, at)):
        made[here] = Sealed(here, log[there].entry, log[there].leaf, log[here].chain)
    return made


def truncate(log: Log, at: int, rng: random.Random) -> Log:
    """The end is gone."""
    return log[:at]


def rollback(log: Log, at: int, rng: random.Random) -> Log:
    """An older state was put back, and the log went on from there, perhaps beyond its old length."""
    return sealed([entry(at + n, rng) for n in range(rng.randrange(2 * (len(log) - at) + 1))], log[:at])


def rewrite(log: Log, at: int, rng: random.Random) -> Log:
    """One entry replaced and everything after it sealed anew."""
    return sealed([entry(at, rng), *(p.entry or b"" for p in log[at + 1 :])], log[:at])


TAMPERINGS: dict[str, Callable[[Log, int, random.Random], Log]] = {
    each.__name__: each for each in (flip, insert, delete, swap, truncate, rollback, rewrite)
}
