"""The numpy decoder gives what the scalar decoder gives."""

import random
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.codecs.gb26875 import TYPE_FLAGS, Frame, StreamDecoder, build_frame, decode_text
from wanghuo.engines.codecs.gb26875.batch import (
    OBJECT_TYPES,
    Batch,
    _quick,
    decode_batch,
    decode_batch_numpy,
    put_object,
)
from wanghuo.engines.codecs.gb26875.testing import FIRE, HEARTBEAT, mutated, random_frame, random_noise


def epoch(at):
    return int(at.timestamp()) if at else -1


def scalar_frames(buffer):
    decoder = StreamDecoder()
    return [e for e in decoder.feed(buffer) + decoder.close() if isinstance(e, Frame)]


def assert_same(batch: Batch, frames: list[Frame], buffer: bytes) -> None:
    rows = batch.frames
    assert rows.offset.tolist() == [f.offset for f in frames]
    assert rows.length.tolist() == [len(f.raw) for f in frames]
    assert rows.valid.all()
    assert rows.serial.tolist() == [f.serial for f in frames]
    assert rows.command.tolist() == [f.command for f in frames]
    assert rows.source.tolist() == [f.source_int for f in frames]
    assert rows.dest.tolist() == [f.dest_int for f in frames]
    assert rows.time.tolist() == [epoch(f.time) for f in frames]
    assert rows.type.tolist() == [-1 if f.type is None else f.type for f in frames]
    assert rows.count.tolist() == [-1 if f.unit.count is None else f.unit.count for f in frames]
    found = [(row, f.type, x) for row, f in enumerate(frames) for x in f.objects]
    expected = {name: np.full(len(found), 0 if name == "raw" else -1, kind) for name, kind in OBJECT_TYPES.items()}
    for at, (row, type_, given_) in enumerate(found):
        expected["frame"][at], expected["type"][at] = row, type_
        put_object(expected, at, given_)
        text = getattr(given_, "description_raw", getattr(given_, "text_raw", None))
        start = int(batch.objects.text_at[at])
        assert (text is None) == (start < 0)
        assert text is None or buffer[start : start + len(text)] == text
    for column in fields(batch.objects):
        if column.name != "text_at":
            assert getattr(batch.objects, column.name).tolist() == expected[column.name].tolist(), column.name


@given(seed=st.integers(0, 2**32), count=st.integers(0, 40), noisy=st.booleans())
def test_mixed_streams_agree_with_the_scalar_decoder(seed, count, noisy):
    rng = random.Random(seed)
    parts = ((random_noise(rng) if noisy else b"") + random_frame(rng, most=30) for _ in range(count))
    buffer = b"".join(parts) + (random_noise(rng) if noisy else b"")
    assert_same(decode_batch(buffer), scalar_frames(buffer), buffer)


@pytest.mark.parametrize("type_", [*TYPE_FLAGS, 41, 200])
def test_every_type_agrees_alone_and_in_one_length(type_):
    rng = random.Random(type_)
    for buffer in (
        b"".join(random_frame(rng, type_, most=9) for _ in range(50)),
        random_frame(rng, type_) * 50,
        random_frame(rng, type_),
    ):
        assert_same(decode_batch(buffer), scalar_frames(buffer), buffer)


def test_a_long_noisy_stream_agrees_across_the_blocks():
    rng = random.Random(7)
    pool = [random_frame(rng, most=30) for _ in range(300)]
    parts = [mutated(rng, f) if rng.random() < 0.002 else f for f in rng.choices(pool, k=9000)]
    buffer = b"".join(parts)
    assert len(buffer) > 3 << 18
    assert_same(decode_batch(buffer), scalar_frames(buffer), buffer)


def test_hostile_units_agree():
    rng = random.Random(11)
    bodies = [bytes((t, c)) + rng.randbytes(n) for t in range(256) for c, n in ((0, 0), (1, 1), (2, 60), (255, 300))]
    buffer = b"".join(build_frame(serial=1, source=2, dest=3, command=2, body=b) for b in bodies)
    assert_same(decode_batch(buffer), scalar_frames(buffer), buffer)


@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(-5, 300), st.integers(-5, 1200)), max_size=9))
def test_no_buffer_and_no_offset_raises(tail, rows):
    buffer = FIRE + tail
    batch = decode_batch(buffer, [r[0] for r in rows], [r[1] for r in rows])
    assert batch.frames.valid.tolist() == [
        at >= 0 and size > 0 and len(scalar_frames(buffer[at : at + size])) == 1
        and scalar_frames(buffer[at : at + size])[0].raw == buffer[at : at + size] and at + size <= len(buffer)
        for at, size in rows
    ]  # fmt: skip
    assert decode_batch(tail).frames.offset.tolist() == [f.offset for f in scalar_frames(tail)]


def test_given_frames_keep_their_rows_valid_or_not():
    buffer = FIRE + FIRE[:-3] + b"\x00##" + HEARTBEAT
    batch = decode_batch(buffer, [0, 78, 156], [78, 78, 30])
    assert batch.frames.valid.tolist() == [True, False, True]
    assert batch.frames.serial.tolist() == [1, 0, 3]
    assert batch.frames.type.tolist() == [2, -1, -1]
    assert batch.objects.frame.tolist() == [0]
    start = int(batch.objects.text_at[0])
    assert decode_text(buffer[start : start + 31]) == "一层大厅手报"


def assert_identical(one: Batch, other: Batch) -> None:
    for part in ("frames", "objects"):
        for column in fields(getattr(one, part)):
            a, b = (getattr(getattr(batch, part), column.name) for batch in (one, other))
            assert a.dtype == b.dtype, column.name
            assert a.tolist() == b.tolist(), column.name


@given(seed=st.integers(0, 2**32), count=st.integers(0, 70), noisy=st.booleans(), alike=st.booleans())
def test_the_compiled_decoder_gives_the_same_columns(seed, count, noisy, alike):
    rng = random.Random(seed)
    made = [random_frame(rng, most=30) for _ in range(1 if alike else count)] * (count if alike else 1)
    if noisy:
        made = [mutated(rng, raw) if rng.random() < 0.1 else raw for raw in made]
    buffer = b"".join(made)
    assert_identical(decode_batch(buffer), decode_batch_numpy(buffer))
    lengths = [len(raw) for raw in made]
    offsets = [sum(lengths[:n]) for n in range(len(made))]
    if offsets and rng.random() < 0.5:
        offsets[rng.randrange(len(offsets))] += rng.choice((-100, -1, 1, 100, 10**6, -(10**6)))
    assert_identical(decode_batch(buffer, offsets, lengths), decode_batch_numpy(buffer, offsets, lengths))


@pytest.mark.skipif(_quick is None, reason="the compiled decoder is not built, or WANGHUO_PURE is set")
def test_the_compiled_decoder_takes_plain_buffers_itself(monkeypatch):
    monkeypatch.setattr("wanghuo.engines.codecs.gb26875.batch.decode_batch_numpy", None)
    buffer = bytearray(FIRE * 3 + HEARTBEAT + FIRE)
    for given_ in (bytes(buffer), buffer, memoryview(buffer), np.frombuffer(buffer, np.uint8)):
        batch = decode_batch(given_)
        assert len(batch.frames) == 5
        assert batch.objects.frame.tolist() == [0, 1, 2, 4]
    assert len(decode_batch(b"").frames) == 0
