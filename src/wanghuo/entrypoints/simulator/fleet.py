"""Many devices together: starts them over a while, lives their lives, and counts."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from wanghuo.entrypoints.simulator.device import Client, Tally
from wanghuo.entrypoints.simulator.life import Happening, What, life, tell
from wanghuo.entrypoints.simulator.world import SimulatedDevice, World


@dataclass(frozen=True, slots=True)
class Scene:
    """Something ordered beside daily life: `why` (fire, false_alarm, fault, test) at one device, `after_s` clock seconds."""

    source: str
    why: str
    after_s: float


class Fleet:
    """The devices of a world on their links."""

    def __init__(self, world: World, host: str, port: int, *, seed: int, ramp_s: float = 5.0) -> None:
        self.world, self.seed, self.ramp_s = world, seed, ramp_s
        self.tally = Tally()
        self._clients = {d.source: Client(d, host, port, self.tally) for d in world.devices}

    async def run(self, *, lasts_s: float | None = None, scenes: tuple[Scene, ...] = ()) -> Tally:
        """Run until cancelled, or for `lasts_s` clock seconds."""
        rng = random.Random(self.seed)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._live(d, rng.uniform(0, self.ramp_s))) for d in self.world.devices]
            tasks += [group.create_task(self._play(scene)) for scene in scenes]
            if lasts_s is not None:
                await asyncio.sleep(lasts_s)
                for task in tasks:
                    task.cancel()
        return self.tally

    async def _live(self, device: SimulatedDevice, after_s: float) -> None:
        await asyncio.sleep(after_s)
        client = self._clients[device.source]
        async with asyncio.TaskGroup() as group:
            group.create_task(client.run())
            group.create_task(client.beat())
            group.create_task(self._happen(client))

    async def _happen(self, client: Client) -> None:
        """Let the device's life happen, `pace` times as fast as the clock."""
        loop = asyncio.get_running_loop()
        started, pace = loop.time(), self.world.rhythm.pace
        for happening in life(client.device, self.world.rhythm, self.seed):
            await asyncio.sleep(max(0.0, started + happening.at_s / pace - loop.time()))
            if happening.what == What.SILENCE:
                await self._be_silent(client, happening.lasts_s / pace)
            else:
                await client.tell(happening)

    async def _be_silent(self, client: Client, seconds: float) -> None:
        client.silent = True
        await asyncio.sleep(seconds)
        client.silent = False

    async def _play(self, scene: Scene) -> None:
        """Play one ordered story at the clock's own pace."""
        await asyncio.sleep(scene.after_s)
        client = self._clients[scene.source]
        story = tell(client.device, scene.why, 0.0, random.Random(f"{self.seed}/{scene.source}/{scene.why}"))
        await self.play(client, story)

    async def play(self, client: Client, story: list[Happening]) -> None:
        """Let a story happen at the clock's own pace."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        for happening in story:
            await asyncio.sleep(max(0.0, started + happening.at_s - loop.time()))
            await client.tell(happening)
