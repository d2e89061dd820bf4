"""R16b: links of which nothing comes any more, neither bytes nor an end: the network between is cut.

Two networks of the rig's own are joined by virtual cables through a router. The gateway listens in one, devices connect
from the other; then the router loses every packet of one cable, and the other is pulled out. Neither end is told. The gateway must see all of
these links as dead within 90 s, close their files, serve a device beside them all the while, and take fresh links once
the cables are whole again. The networks live in namespaces; nothing outside them is touched, and all of it is removed.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.load import deployment
from tests.load.bytes_rig import files_of, good_frame_is_answered
from tests.load.deployment import Process
from tests.load.links_rig import FIRST, Stage, connected, percentile
from tests.load.rig import Result, Rig, Size, broken, is_root
from tests.load.wire import FIRE_WORD, frame, state_unit

CLONE_NEWNET = 0x40000000
SEEN_S, LINK_BYTES, STALL_S = 90.0, 20 << 10, 5.0
GOOD = FIRST + 90_000


def ip(*arguments: str) -> None:
    """Run `ip`. Raises CalledProcessError with what it said."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@dataclass(frozen=True)
class Networks:
    """Three namespaces: the gateway's, the devices', and a router between; and how the router loses every packet.

    Whoever sends must not know of the loss: what its own queue drops is, to the kernel, no packet lost but one to be sent
    again at once.
    """

    here: str
    there: str
    between: str
    loss: tuple[str, ...] = ()

    def address(self, cable: int) -> str:
        """Of the gateway, as seen over a cable."""
        return f"10.231.{cable}.1"

    def lose(self, cable: int) -> None:
        """Lose every packet of a cable, both ways."""
        for end in (f"left{cable}", f"right{cable}"):
            subprocess.run(["tc", "-n", self.between, "qdisc", "add", "dev", end, "root", *self.loss], check=True)

    def find(self, cable: int) -> None:
        """Lose none any more."""
        for end in (f"left{cable}", f"right{cable}"):
            subprocess.run(["tc", "-n", self.between, "qdisc", "del", "dev", end, "root"], check=True)

    def pull(self, cable: int) -> None:
        """Pull a cable out at the devices' side."""
        ip("-n", self.there, "link", "set", f"end{cable}", "down")

    def plug(self, cable: int) -> None:
        """Put a cable in at the devices' side."""
        ip("-n", self.there, "link", "set", f"end{cable}", "up")
        ip("-n", self.there, "route", "add", f"10.231.{cable}.0/24", "via", f"10.232.{cable}.2")

    def lay(self, cable: int) -> None:
        """Join the two networks by one more cable, through the router."""
        here, there = f"10.231.{cable}", f"10.232.{cable}"
        for name, end, other, net in (
            (self.here, f"end{cable}", f"left{cable}", here),
            (self.there, f"end{cable}", f"right{cable}", there),
        ):
            ip("-n", name, "link", "add", end, "type", "veth", "peer", "name", other, "netns", self.between)
            ip("-n", name, "address", "add", f"{net}.1/24", "dev", end)
            ip("-n", self.between, "address", "add", f"{net}.2/24", "dev", other)
            ip("-n", self.between, "link", "set", other, "up")
        ip("-n", self.here, "link", "set", f"end{cable}", "up")
        ip("-n", self.here, "route", "add", f"{there}.0/24", "via", f"{here}.2")
        self.plug(cable)


@contextmanager
def networks(cables: int) -> Iterator[Networks]:
    """The networks, joined by so many cables. Raises CalledProcessError where the system does not allow them."""
    names = [f"wanghuo-{os.getpid()}-{which}" for which in ("here", "there", "between")]
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("netns", "exec", names[2], "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        bare = Networks(*names)
        for cable in range(cables):
            bare.lay(cable)
        yield Networks(*names, way_to_lose(bare.between))
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def way_to_lose(network: str) -> tuple[str, ...]:
    """netem where the kernel has it; else a queue that holds no packet, and so drops each."""
    netem = ("netem", "loss", "100%")
    tried = subprocess.run(["tc", "-n", network, "qdisc", "add", "dev", "left0", "root", *netem], capture_output=True)
    if tried.returncode:
        return ("pfifo", "limit", "0")
    subprocess.run(["tc", "-n", network, "qdisc", "del", "dev", "left0", "root"], check=True)
    return netem


@contextmanager
def within(network: str) -> Iterator[None]:
    """Sockets that this thread opens belong to that network, and stay in it."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(path: str) -> None:
        file = os.open(path, os.O_RDONLY)
        try:
            if libc.setns(file, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter {path}")
        finally:
            os.close(file)

    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(f"/run/netns/{network}")
        yield
    finally:
        enter(f"/proc/self/fd/{before}")
        os.close(before)


def devices(known: Networks, port: int, cables: int, links: int) -> deployment.Role:
    """Devices at the far ends: each says one thing, hears the confirm, and rests."""

    def run(ready: Callable[[], None]) -> None:
        from wanghuo.entrypoints.gateway.limits import raise_file_limit

        raise_file_limit()
        kept = []
        with within(known.there):
            for number in range(links):
                link = socket.create_connection((known.address(number % cables), port), timeout=30)
                link.sendall(frame(FIRST + number, 1))
                link.recv(64)
                kept.append(link)
        ready()
        signal.pause()

    return run


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """The whole run."""
    if not is_root():
        return Result(skipped="needs root, to make networks of its own")
    try:
        with networks(2) as known:
            return cut(home, known, size, plant)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        why = getattr(error, "stderr", "") or error
        return Result(skipped=f"networks of its own cannot be made here: {str(why).strip()}")


def cut(home: Path, known: Networks, size: Size, plant: str) -> Result:
    """Connect, cut, and look."""
    with within(known.here):
        stage = Stage(home, address="0.0.0.0:0", before=lambda: keep_alive(size["faster"], plant))
        good_frame_is_answered(stage.port, GOOD + 5)  # what the gateway opens with its first link is no link
    time.sleep(1.0)
    before, bare = files_of(stage.gateway.pid), own_memory(stage.gateway.pid)
    far = Process("devices", devices(known, stage.port, 2, size["links"]))
    told: dict[Any, float] = {}
    try:
        assert far.ready_s() is not None, "the devices could not connect"
        each = (own_memory(stage.gateway.pid) - bare) // size["links"]
        held = files_of(stage.gateway.pid) - before
        known.lose(0)
        known.pull(1)
        with within(known.here):
            seen_s, fires = asyncio.run(beside(stage, told, before, SEEN_S / size["faster"]))
        left = files_of(stage.gateway.pid) - before
        known.find(0)
        known.plug(1)
        answered = [whole_again(known, cable, stage.port) for cable in range(2)]
    finally:
        far.end_in_any_case(gently=False)
        stage.end()
    times = [told[key] for key in fires if key in told]
    figures = {"links": held, "cut_by": [" ".join(known.loss), "ip link down"], "seen_s": round(seen_s, 1)}
    figures |= {"bytes_each": each, "files_left": left, "fires_beside": len(fires)}
    figures |= {"fire_p99_ms": percentile(times, 0.99), "fire_slowest_ms": percentile(times, 1.0)}
    return Result(
        figures,
        broken(
            links_missing=size["links"] - held,
            links_not_seen_in_time=left,
            bytes_each=each if size["faster"] == 1 and each > LINK_BYTES else 0,
            fires_lost=len(set(fires) - stage.stored()),
            fires_unconfirmed=len(fires) - len(times),
            stalled=round(max(times), 1) if times and max(times) > STALL_S else 0,
            no_fresh_link_afterwards=answered.count(False),
        ),
    )


def own_memory(pid: int) -> int:
    """Bytes that a process has written and shares with nobody: what a fork of another changes nothing in."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty:"))


def keep_alive(faster: int, plant: str) -> None:
    """The kernel's search for dead peers, as it is or, to see it sooner, with all its times divided; or none."""
    from wanghuo.entrypoints.gateway import link

    link.KEEP_ALIVE = {name: max(1, value // faster) for name, value in link.KEEP_ALIVE.items()}
    link.KEEP_ALIVE["TCP_KEEPCNT"] = 3
    if plant:
        link._keep_alive = lambda sock: None


async def beside(stage: Stage, told: dict[Any, float], before: int, at_most_s: float) -> tuple[float, list[Any]]:
    """Report fires over a whole link until the cut ones are seen; seconds until then, and the fires."""
    good = await connected(stage.port, GOOD, told)
    fires, begun = [], time.monotonic()
    while (passed := time.monotonic() - begun) < at_most_s:
        fires.append(good.say(state_unit(len(fires) + 1, FIRE_WORD)))
        await asyncio.sleep(0.1)
        if files_of(stage.gateway.pid) <= before + 1:
            break
    await asyncio.sleep(1.0)
    good.transport.abort()
    await asyncio.sleep(0.2)
    return passed, fires


def whole_again(known: Networks, cable: int, port: int) -> bool:
    """Whether a fresh link over a mended cable is answered, within some tries."""
    for _ in range(5):
        with within(known.there), suppress(OSError):
            if good_frame_is_answered(port, GOOD + 1 + cable, known.address(cable)):
                return True
        time.sleep(1.0)
    return False


RIGS = {
    "R16b": Rig(
        "R16b",
        "links whose network is cut without a word, by lost packets and by a pulled cable, beside a good device",
        run,
        floor={"links": 5000, "faster": 1},
        small={"links": 60, "faster": 12},
        minutes=2,
        plants=("no-keepalive",),
    )
}
