"""State words, the polarity of bit 0, analog scales and the names of codes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875 import (
    ANALOG_TYPES,
    CONDITION_TEXTS,
    PROFILES,
    AnalogType,
    Condition,
    Profile,
    analog_type_name,
    analog_value,
    command_name,
    component_type_name,
    interpret_component_state,
    interpret_device_state,
    interpret_system_state,
    system_type_name,
    type_flag_name,
)

C = Condition


@pytest.mark.parametrize(
    ("word", "normal_bit", "expected"),
    [
        (0x0001, "auto", set()),
        (0x0000, "auto", {C.TEST}),
        (0x0002, "auto", {C.FIRE}),
        (0x0003, "auto", {C.FIRE}),
        (0x0200, "auto", {C.TEST}),
        (0x0002, "standard", {C.FIRE, C.TEST}),
        (0x0003, "inverted", {C.FIRE, C.TEST}),
        (0x0002, "inverted", {C.FIRE}),
        (0x0000, "ignored", set()),
        (
            0x01FF,
            "auto",
            {C.FIRE, C.FAULT, C.DISABLED, C.SUPERVISORY, C.ACTIVATED, C.FEEDBACK, C.DELAYED, C.POWER_FAULT},
        ),
    ],
)
def test_component_states(word, normal_bit, expected):
    assert interpret_component_state(word, Profile(normal_bit=normal_bit)) == expected


def test_the_same_bit_means_different_things_at_each_level():
    assert interpret_component_state(1 << 8) == {C.POWER_FAULT}
    assert interpret_system_state(1 << 8) == {C.MAINS_FAULT}
    assert interpret_device_state(1 << 3 | 1) == {C.MAINS_FAULT}
    assert interpret_system_state(0b11_1110_0000_0001) == {
        C.STANDBY_FAULT, C.BUS_FAULT, C.MANUAL, C.CONFIG_CHANGED, C.RESET,
    }  # fmt: skip
    assert interpret_device_state(0b0110_0000) == {C.LINK_FAULT, C.LINE_FAULT}


def test_the_dahua_dialect():
    dahua = PROFILES["dahua"]
    assert interpret_component_state(0b0010_0000_0010, dahua) == {C.OFFLINE, C.FIRE}
    assert interpret_component_state(0, dahua) == frozenset()


@given(st.integers(0, 0xFFFF), st.sampled_from(["auto", "standard", "inverted", "ignored"]))
def test_no_polarity_ever_hides_a_fire(word, normal_bit):
    for read in (interpret_component_state, interpret_system_state, interpret_device_state):
        assert (C.FIRE in read(word, Profile(normal_bit=normal_bit))) == bool(word & 2)


@pytest.mark.parametrize(
    ("code", "raw", "value", "unit", "in_range"),
    [
        (2, 235, 2.35, "m", True),
        (5, 4512, 451.2, "kPa", True),
        (3, -2730, -273.0, "°C", True),
        (3, -2731, -273.1, "°C", False),
        (6, 1001, 100.1, "%LEL", False),
        (12, 20, 20.0, "m/s", True),
        (1, -1, -1.0, "items", False),
        (0, 7, 7.0, "", None),
        (130, -7, -7.0, "", None),
    ],
)
def test_analog_values(code, raw, value, unit, in_range):
    measured = analog_value(code, raw)
    assert (measured.value, measured.unit.en, measured.in_range) == (value, unit, in_range)


def test_a_device_model_scales_its_own_way():
    fine = AnalogType(Text("压力", "pressure"), Text("MPa", "MPa"), Decimal(0), Decimal("2.5"), Decimal("0.001"))
    assert analog_value(4, 345, {4: fine}).value == 0.345
    assert analog_value(4, 345).value == 34.5


def test_every_code_has_a_name_in_both_languages():
    for name in (command_name, system_type_name, component_type_name, type_flag_name, analog_type_name):
        for code in range(256):
            text = name(code)
            assert text.zh
            assert text.en
    assert system_type_name(7) == Text("预留（7）", "reserved (7)")
    assert component_type_name(137) == Text("用户自定义（137）", "user-defined (137)")
    assert set(CONDITION_TEXTS) == set(Condition)
    assert set(ANALOG_TYPES) == set(range(1, 13))
