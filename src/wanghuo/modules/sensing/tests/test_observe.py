"""The offsets ingest reads by, held against the codec for generated frames; nothing raises on hostile ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.codecs.gb26875.frames import Frame, build_frame
from wanghuo.modules.sensing.observe import operations, states, text_of, values


def body(kind: int, size: int):
    return st.lists(st.binary(min_size=size, max_size=size), min_size=1, max_size=5).map(
        lambda objects: bytes((kind, len(objects))) + b"".join(objects)
    )


def frame(unit: bytes) -> Frame:
    return Frame(build_frame(serial=1, source=1001, dest=1, command=2, body=unit))


@given(body(2, 46))
def test_component_states_agree_with_the_codec(unit) -> None:
    made = frame(unit)
    assert [(s.key, s.word, text_of(s.text), s.label) for s in states(made.raw)] == [
        (
            (each.system_type, each.system_addr, each.component_type, each.component_addr),
            each.status,
            each.description,
            each.time_raw,
        )
        for each in made.objects
    ]


@given(body(1, 10))
def test_system_states_agree_with_the_codec(unit) -> None:
    made = frame(unit)
    assert [(s.key, s.word, s.label) for s in states(made.raw)] == [
        ((each.system_type, each.system_addr), each.status, each.time_raw) for each in made.objects
    ]


@given(body(3, 16))
def test_values_agree_with_the_codec(unit) -> None:
    made = frame(unit)
    assert [(v.key, v.quantity, v.raw, v.label) for v in values(made.raw)] == [
        (
            (each.system_type, each.system_addr, each.component_type, each.component_addr),
            each.analog_type,
            each.raw,
            each.time_raw,
        )
        for each in made.objects
    ]


@given(st.one_of(body(4, 10), body(24, 8)))
def test_operations_agree_with_the_codec(unit) -> None:
    made = frame(unit)
    assert [(p.bits, p.operator, p.label) for p in operations(made.raw)] == [
        (each.operation, each.operator, each.time_raw) for each in made.objects
    ]


@given(st.sampled_from([1, 2, 3, 4, 21, 24]), st.binary(max_size=200))
def test_nothing_raises_on_hostile_units(kind, rest) -> None:
    raw = build_frame(serial=1, source=1, dest=1, command=2, body=bytes((kind,)) + b"\x05" + rest)
    reader = values if kind == 3 else operations if kind in (4, 24) else states
    assert all(reader(raw))


def test_a_state_without_its_time_and_one_with_a_longer_text_are_read() -> None:
    assert [s.word for s in states(frame(bytes((21, 1, 3))).raw)] == [3]
    longer = bytes((2, 1, 1, 1, 40)) + bytes(4) + b"\x02\x00" + "三层走道".encode("gb18030").ljust(33, b"\0") + bytes(6)
    (state,) = states(frame(longer).raw)
    assert (state.word, text_of(state.text)) == (2, "三层走道")
