"""One transmission device on one TCP link: sends with the standard's timers, answers what the centre asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wanghuo.engines.codecs import gb26875 as gb
from wanghuo.entrypoints.simulator.life import NORMAL, Happening, What
from wanghuo.entrypoints.simulator.world import Point, SimulatedDevice

WAIT_S, RETRIES = 10.0, 3  # GB/T 26875.3-2011: wait at most 10 s, send again 3 times
CENTRE = 1
RECONNECT_S = (0.2, 5.0)
STEPS = {2: 0.01, 5: 0.1, 9: 0.1}  # physical value of one count, by analog type
RESET_BIT = 1


@dataclass
class Tally:
    """What the fleet counts. `took_s`: from sending to confirmation, the newest 100,000."""

    sent: int = 0
    confirmed: int = 0
    repeated: int = 0
    failed: int = 0
    denied: int = 0
    links: int = 0
    broken: int = 0
    asked: int = 0
    took_s: list[float] = field(default_factory=list)

    def took(self, seconds: float) -> None:
        """Note one confirmation."""
        self.confirmed += 1
        if len(self.took_s) < 100_000:
            self.took_s.append(seconds)


class Client:
    """A device that keeps its link up and tells the centre what happens to it. All sending goes through `send`."""

    def __init__(
        self, device: SimulatedDevice, host: str, port: int, tally: Tally, *, now: Callable[[], datetime] | None = None
    ) -> None:
        self.device = device
        self._address = bytes.fromhex(device.source)
        self._host, self._port = host, port
        self._tally = tally
        self._now = now or (lambda: datetime.now(UTC))
        self._serial = 0
        self._waiting: dict[int, asyncio.Future[bool]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._linked = asyncio.Event()
        self._words: dict[Point, int] = {}
        self.silent = False

    async def run(self) -> None:
        """Keep a link to the centre until cancelled."""
        pause = RECONNECT_S[0]
        while True:
            try:
                reader, self._writer = await asyncio.open_connection(self._host, self._port)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, RECONNECT_S[1])
                continue
            pause = RECONNECT_S[0]
            self._tally.links += 1
            self._linked.set()
            try:
                await self._listen(reader)
            finally:
                self._linked.clear()
                self._tally.links -= 1
                self._tally.broken += 1
                await self._close()

    async def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        decoder = gb.StreamDecoder()
        with contextlib.suppress(OSError):
            while segment := await reader.read(65_536):
                for event in decoder.feed(segment):
                    if isinstance(event, gb.Frame):
                        self._heard(event)

    def _heard(self, frame: gb.Frame) -> None:
        if frame.command == gb.Command.CONFIRM or frame.command == gb.Command.DENY:
            waiting = self._waiting.get(frame.serial)
            if waiting is not None and not waiting.done():
                waiting.set_result(frame.command == gb.Command.CONFIRM)
        elif frame.command in (gb.Command.CONTROL, gb.Command.REQUEST) and not self.silent:
            self._tally.asked += 1
            self._answer(frame)

    def _answer(self, frame: gb.Frame) -> None:
        """Obey and answer what the centre asks: clock, duty check, states; anything else is denied."""
        now = self._now()
        if frame.command == gb.Command.CONTROL and frame.type in (89, 90, 91):
            self._write(gb.confirm(frame, now))
            if frame.type == 91:
                task = asyncio.get_running_loop().create_task(self._report_on_duty())
                task.add_done_callback(lambda done: done.cancelled() or done.exception())
            return
        answers = {81: (21, [gb.DeviceState(1, gb.encode_time(now))]), 88: (28, [gb.DeviceTime(gb.encode_time(now))])}
        if frame.command == gb.Command.REQUEST and frame.type in answers:
            type_, objects = answers[frame.type]
            self._write(gb.answer(frame, type_, objects, now))  # type: ignore[arg-type]
        else:
            self._write(gb.deny(frame, now))

    async def _report_on_duty(self) -> None:
        await asyncio.sleep(2.0)  # a person walks to the panel
        await self.send(24, [gb.DeviceOperation(1 << 5, 1, gb.encode_time(self._now()))])

    def _write(self, raw: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(raw)

    async def send(self, type_: int, objects: list[object]) -> bool:
        """Send one frame and wait for its confirmation, again up to three times; whether it was confirmed."""
        serial, self._serial = self._serial, (self._serial + 1) & 0xFFFF
        now = self._now()
        raw = gb.build_data(type_, objects, serial=serial, source=self._address, dest=CENTRE, at=now)
        return await self.deliver(serial, raw)

    async def deliver(self, serial: int, raw: bytes) -> bool:
        """Send a frame already built, by the standard's timers. A lost link counts as no answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting[serial] = future
        started = loop.time()
        try:
            for attempt in range(RETRIES + 1):
                await self._linked.wait()
                self._tally.sent += attempt == 0
                self._tally.repeated += attempt > 0
                self._write(raw)
                with contextlib.suppress(TimeoutError):
                    confirmed = await asyncio.wait_for(asyncio.shield(future), WAIT_S)
                    self._tally.denied += not confirmed
                    if confirmed:
                        self._tally.took(loop.time() - started)
                        return True
                    self._waiting[serial] = future = loop.create_future()
            self._tally.failed += 1
            return False
        finally:
            self._waiting.pop(serial, None)

    async def beat(self) -> None:
        """Say every `heartbeat_s` that the device is there, until cancelled."""
        while True:
            if not self.silent:
                await self.send(21, [gb.DeviceState(1, gb.encode_time(self._now()))])
            await asyncio.sleep(self.device.heartbeat_s)

    async def tell(self, happening: Happening) -> None:
        """Tell the centre what happened."""
        if self.silent and happening.what != What.SILENCE:
            return
        if happening.what == What.STATE and happening.point is not None:
            await self._tell_state(happening.point, happening.word)
        elif happening.what == What.READINGS:
            await self._tell_readings(happening.values)
        elif happening.what == What.RESET:
            await self._tell_reset()

    async def _tell_state(self, point: Point, word: int) -> None:
        self._words[point] = word
        label = gb.encode_time(self._now())
        text = gb.encode_description(point.text)
        state = gb.ComponentState(point.system_type, 1, point.component_type, point.address, word, text, label)
        await self.send(2, [state])

    async def _tell_readings(self, values: tuple[float, ...]) -> None:
        label = gb.encode_time(self._now())
        analog = [p for p in self.device.points if p.analog_type]
        readings: list[object] = [
            gb.AnalogReading(
                p.system_type, 1, p.component_type, p.address, p.analog_type, round(value / STEPS[p.analog_type]), label
            )
            for p, value in zip(analog, values, strict=True)
        ]
        await self.send(3, readings)

    async def _tell_reset(self) -> None:
        label = gb.encode_time(self._now())
        await self.send(4, [gb.FacilityOperation(1, 1, RESET_BIT, 1, label)])
        for point in [p for p, word in self._words.items() if word != NORMAL]:
            await self._tell_state(point, NORMAL)
