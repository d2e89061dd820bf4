"""Modbus TCP: wired gateways are asked by the map of registers in the device's profile.

One connection for each; a question that is not answered is asked twice more; three rounds without an answer are told on the page
of the way, and the device is off line when its window runs out like any other. What is kept are the raw words.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from wanghuo.base import AppError
from wanghuo.entrypoints.ways.hub import NETWORK, Busy, Hub
from wanghuo.entrypoints.ways.mqtt import follow
from wanghuo.modules.sensing import modbus_map
from wanghuo.modules.sensing.modbus_map import Block
from wanghuo.modules.sensing.profiles import profile
from wanghuo.modules.sensing.ways_side import KnownWay

log = logging.getLogger("wanghuo.ways")
TIMEOUT_S, RETRIES, PORT = 1.0, 2, 502
SAME_AGAIN_S = 60.0  # unchanged words are kept no oftener: what does not change need not be written every second


class Poller:
    """Asks one gateway, again and again."""

    def __init__(self, hub: Hub, way: KnownWay) -> None:
        self._hub, self.way = hub, way
        self._last: dict[Block, list[int]] = {}
        self._kept_at = 0.0

    async def run(self) -> None:
        """Ask until cancelled."""
        settings = self.way.settings
        host, port = str(settings["host"]), int(settings.get("port") or PORT)
        client: Any = None
        try:
            while True:
                given = profile(str(settings.get("profile", ""))).modbus
                every_s = float(given.get("every_s", 30.0))
                try:
                    if client is None:
                        address = await asyncio.to_thread(self._hub.reach, host, port)
                        # it is we who connect again: the library's own try beside ours would leave a socket open
                        client = AsyncModbusTcpClient(
                            address, port=port, timeout=TIMEOUT_S, retries=RETRIES, reconnect_delay=0
                        )
                    await self._round(client, given)
                except (ModbusException, AppError, OSError, TimeoutError, ValueError) as error:
                    self._hub.told(self.way.code)["error"] = str(error)[:200] or type(error).__name__
                await asyncio.sleep(every_s)
        finally:
            if client is not None:
                client.close()

    async def _round(self, client: Any, given: Any) -> None:
        """Ask for every block once, and keep the answers."""
        if not client.connected and not await client.connect():
            raise OSError("no connection")
        unit = int(given.get("unit", 1))
        answers = {block: await ask(client, block, unit) for block in modbus_map.blocks(given)}
        now = self._hub.now()
        if not answers or (answers == self._last and now - self._kept_at < SAME_AGAIN_S):
            return
        payload = modbus_map.pack(answers, time.time_ns() // 1_000_000)
        source, code = str(self.way.settings["source"]), self.way.code
        try:
            await self._hub.keep("modbus", source, code, payload, trust=NETWORK, peer=f"modbus:{code}", way=code)
        except Busy:
            return
        self._last, self._kept_at = answers, now


async def ask(client: Any, block: Block, unit: int) -> list[int]:
    """The words or bits of a block. Raises OSError when the gateway answers with an error."""
    read = {
        "holding": client.read_holding_registers, "input": client.read_input_registers,
        "coil": client.read_coils, "discrete": client.read_discrete_inputs,
    }[block.table]  # fmt: skip
    answer = await read(block.address, count=block.size, device_id=unit)
    if answer.isError():
        raise OSError(f"{block.table} {block.address}: {answer}"[:200])
    if block.table in ("coil", "discrete"):
        return [int(bit) for bit in answer.bits[: block.size]]
    return [int(word) for word in answer.registers]


class Pollers:
    """The pollers of all gateways that are set up."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._running: dict[str, tuple[Poller, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Follow what is set up until cancelled."""
        try:
            await follow(self._hub, "modbus", self._running, lambda way: Poller(self._hub, way))
        finally:
            for _, task in self._running.values():
                task.cancel()
