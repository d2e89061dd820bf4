"""The shared sample frames, sent over a real socket, become the right states."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from wanghuo.entrypoints.gateway.limits import Limits
from wanghuo.entrypoints.gateway.server import Server, listening_socket
from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.modules.sensing.models import Component, QuarantinedDevice, Reading
from wanghuo.modules.sensing.testing import DeviceFactory, take_in

VECTORS = Path(__file__).parents[6] / "shared/reference/vectors/gb26875.jsonl"


def send(journal: Path, streams: list[bytes]) -> bytes:
    """Send streams one after the other over one link; what was answered."""

    async def main() -> bytes:
        sock = listening_socket("127.0.0.1:0")
        server = Server(journal, Limits(), ring=lambda: None)
        listener = await asyncio.get_running_loop().create_server(server.link, sock=sock)
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        for stream in streams:
            writer.write(stream)
            await writer.drain()
        writer.write_eof()
        answered = await asyncio.wait_for(reader.read(), 5)
        listener.close()
        await server.drain()
        writer.close()
        await writer.wait_closed()
        return answered

    return asyncio.run(main())


@pytest.mark.shared
@pytest.mark.django_db
def test_the_sample_frames_become_states_readings_and_replies(tmp_path) -> None:
    if not VECTORS.exists():
        pytest.skip("the shared reference folder is not beside the repository")
    journal = tmp_path / "journal.sqlite3"
    device = DeviceFactory(source="e90300000000")
    vectors = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    answered = send(journal, [bytes.fromhex(v["hex"]) for v in vectors])
    acks = [answered[at : at + 30] for at in range(0, len(answered), 30)]
    assert [ack[26] for ack in acks].count(6) == 1  # the bad checksum
    assert [ack[26] for ack in acks].count(3) == 6  # all valid frames but the confirm
    take_in(journal)

    (fire,) = OutboxEvent.objects.filter(kind="sensing.signal_raised")
    assert fire.payload["condition"] == "fire"
    assert fire.payload["location"] == "一层大厅手报"
    call_point = Component.objects.get(device=device, key="1.1.23.458754")
    assert (call_point.word, list(call_point.active)) == (3, ["fire"])
    assert Component.objects.get(device=device, key="uitd").word == 1
    readings = {r.quantity: (r.value, r.unit) for r in Reading.objects.filter(component__device=device)}
    assert readings == {2: (pytest.approx(2.35), "m"), 5: (pytest.approx(451.2), "kPa")}
    (reply,) = OutboxEvent.objects.filter(kind="sensing.duty_reply")
    assert reply.payload["operator"] == 7
    assert [q.source for q in QuarantinedDevice.objects.all()] == [
        "010000000000"
    ]  # frames of a centre, not of a device
