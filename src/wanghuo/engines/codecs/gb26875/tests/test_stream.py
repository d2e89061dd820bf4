"""The stream decoder: resync, bounded memory, independence of segmentation, and 10^6 mutated frames."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.codecs.gb26875 import (
    Frame,
    Reason,
    Rejected,
    StreamDecoder,
    build_frame,
    decode_datagram,
    parse_frame,
)
from wanghuo.engines.codecs.gb26875.stream import STRETCH_LIMIT
from wanghuo.engines.codecs.gb26875.testing import FIRE, HEARTBEAT, mutated, random_frame, random_noise

BAD_SUM = FIRE[:-3] + bytes([FIRE[-3] ^ 1]) + FIRE[-2:]
BAD_END = FIRE[:-1] + b"!"
TOO_LONG = FIRE[:24] + b"\x01\x04" + FIRE[26:]
LONG = FIRE[:24] + b"\x00\x04" + FIRE[26:]  # claims 1024 bytes
R = Reason


def shape(events):
    return [e.raw if isinstance(e, Frame) else (e.length, e.reason) for e in events]


def frames(events):
    return [e.raw for e in events if isinstance(e, Frame)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (FIRE + HEARTBEAT, [FIRE, HEARTBEAT]),
        (b"junk" + FIRE, [(4, R.NO_MARKER), FIRE]),
        (BAD_SUM + FIRE, [(78, R.BAD_CHECKSUM), FIRE]),
        (BAD_END + FIRE, [(78, R.BAD_END), FIRE]),
        (TOO_LONG + FIRE, [(30, R.TOO_LONG), (48, R.NO_MARKER), FIRE]),
        (LONG + FIRE + HEARTBEAT, [(78, R.OVERRUN), FIRE, HEARTBEAT]),
        (LONG + FIRE * 20, [(78, R.OVERRUN), *[FIRE] * 20]),
        (FIRE[:40] + FIRE, [(40, R.BAD_END), FIRE]),
        (FIRE[:40] + HEARTBEAT + FIRE, [(40, R.OVERRUN), HEARTBEAT, FIRE]),
        (FIRE[:50], [(50, R.INCOMPLETE)]),
        (b"@", [(1, R.NO_MARKER)]),
        (b"@@", [(1, R.INCOMPLETE), (1, R.NO_MARKER)]),
        (b"\x00" * (STRETCH_LIMIT + 1), [(STRETCH_LIMIT, R.NO_MARKER), (1, R.NO_MARKER)]),
    ],
)
def test_streams_and_what_comes_out(stream, expected):
    decoder = StreamDecoder()
    assert shape(decoder.feed(stream) + decoder.close()) == expected
    assert decoder.buffered == 0


@pytest.mark.parametrize("run", [1, 2, 3, 4])
def test_a_frame_may_start_within_a_run_of_markers(run):
    assert frames(StreamDecoder().feed(b"@" * run + FIRE)) == [FIRE]


def test_markers_inside_a_frame_do_not_end_it():
    inside = build_frame(serial=0x4040, source=1, dest=0x232323234040, command=2, body=b"\x80\x01@@####@@" + FIRE[:30])
    assert decode_datagram(inside) == [Frame(inside)]


def test_a_frame_that_carries_a_frame_is_one_frame_when_it_arrives_whole():
    outer = build_frame(serial=1, source=1, dest=2, command=2, body=b"\x80\x01" + FIRE)
    assert frames(StreamDecoder().feed(outer)) == [outer]
    patient = StreamDecoder(look_ahead=False)
    assert frames([e for b in outer for e in patient.feed(bytes([b]))]) == [outer]
    eager = StreamDecoder()  # the one exception, documented: cut in pieces, the inner frame overtakes it
    assert frames([e for b in outer for e in eager.feed(bytes([b]))]) == [FIRE]


def test_a_corrupted_length_does_not_hold_up_the_next_frame():
    decoder = StreamDecoder()
    assert decoder.feed(LONG) == []
    assert shape(decoder.feed(FIRE)) == [(78, R.OVERRUN), FIRE]


def test_timeout_gives_up_the_oldest_candidate_only():
    decoder = StreamDecoder()
    assert decoder.feed(LONG + FIRE[:40]) == []
    assert shape(decoder.timeout()) == [(78, R.INCOMPLETE)]
    assert decoder.buffered == 40
    assert shape(decoder.feed(FIRE[40:])) == [FIRE]
    assert decoder.timeout() == decoder.close() == []
    assert decoder.offset == 156


def test_a_bad_checksum_can_be_denied_at_once():
    (rejected,) = StreamDecoder().feed(BAD_SUM)
    reply = parse_frame(rejected.deny())
    assert rejected.deniable
    assert (reply.command, reply.serial, reply.dest) == (6, 1, FIRE[12:18])
    assert not any(e.deniable for e in decode_datagram(TOO_LONG + FIRE[:50]) if isinstance(e, Rejected))


def test_a_datagram_carries_nothing_over():
    assert shape(decode_datagram(FIRE + FIRE[:40])) == [FIRE, (40, R.INCOMPLETE)]


def test_parse_frame_takes_one_whole_frame_and_nothing_else():
    assert parse_frame(FIRE) == Frame(FIRE)
    for raw in (b"", FIRE[:-1], FIRE + b"!", BAD_SUM, BAD_END, LONG, b"!" + FIRE[1:]):
        assert parse_frame(raw) is None


def test_other_buffers_are_taken_too():
    assert StreamDecoder().feed(bytearray(FIRE)) == StreamDecoder().feed(memoryview(FIRE)) == [Frame(FIRE)]


def pieces(rng, stream, largest):
    at = 0
    while at < len(stream):
        size = rng.randint(1, largest)
        yield stream[at : at + size]
        at += size


def noisy_stream(rng, count):
    return b"".join(part for _ in range(count) for part in (random_noise(rng), random_frame(rng)))


@given(seed=st.integers(0, 2**32), largest=st.sampled_from([1, 3, 40, 200, 2000]), look_ahead=st.booleans())
def test_the_events_do_not_depend_on_the_segments(seed, largest, look_ahead):
    rng = random.Random(seed)
    stream = noisy_stream(rng, 6)
    whole, cut = StreamDecoder(look_ahead=look_ahead), StreamDecoder(look_ahead=look_ahead)
    expected = whole.feed(stream)
    events = [e for piece in pieces(rng, stream, largest) for e in cut.feed(piece)]
    assert events == expected
    assert cut.buffered == whole.buffered <= STRETCH_LIMIT
    assert cut.close() == whole.close()


@given(
    st.lists(st.binary(max_size=80) | st.sampled_from([b"@", b"@@", b"##", FIRE, FIRE[:28], LONG[:30]]), max_size=30)
)
def test_frames_and_stretches_are_the_stream_without_gap(parts):
    decoder = StreamDecoder()
    events = [e for part in parts for e in decoder.feed(part)] + decoder.close()
    assert b"".join(e.raw for e in events) == b"".join(parts)
    at = 0
    for event in events:
        assert event.offset == at
        assert len(event.raw) > 0
        at += len(event.raw)


@pytest.mark.parametrize("flood", [b"@", b"@@\x00", b"\x00", b"@@" + bytes(22) + b"\x00\x04", b"@@##", FIRE[:50]])
def test_no_flood_fills_the_memory(flood):
    decoder = StreamDecoder()
    for _ in range(40):
        decoder.feed(flood * 50)
        assert decoder.buffered <= STRETCH_LIMIT


def test_a_million_mutated_frames_never_crash_and_hide_no_good_one():
    """10^6 inputs: each a mutated frame. Between them stand good frames, every one of which must come out.

    By chance a mutation makes a longer valid frame that takes in its neighbour, which no reader by length can see: a
    good frame may be missing only where a valid frame holds all of it.
    """
    rng = random.Random(26875)
    pool = [random_frame(rng, most=2) for _ in range(400)]
    planted = [build_frame(serial=s, source=1001, dest=1, command=3) for s in range(250)]
    seen = 0
    for _ in range(4000):
        mutants = [mutated(rng, pool[rng.randrange(400)]) for _ in range(250)]
        stream = b"".join(part for pair in zip(mutants, planted, strict=True) for part in pair)
        decoder = StreamDecoder()
        at = 0
        found = []
        for end in (len(stream) // 3, len(stream) // 2 + 7, len(stream)):
            found += decoder.feed(stream[at:end])
            at = end
        found += decoder.close()
        raws = {e.raw for e in found if isinstance(e, Frame)}
        for missing in set(planted) - raws:
            assert any(missing in e.raw for e in found if isinstance(e, Frame))
        for event in found[::40]:
            if isinstance(event, Frame):
                assert isinstance(event.problems, tuple)
        assert sum(len(e.raw) for e in found) == len(stream)
        seen += len(mutants)
    assert seen == 1_000_000
