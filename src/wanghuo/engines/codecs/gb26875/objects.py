"""The information objects of GB/T 26875.3, one frozen dataclass for each kind, its fields in the order of the wire.

Raw bytes are what is kept; texts and times are read from them on demand, since decoding GB 18030 costs more than all
the rest and most states repeat the same description.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wanghuo.engines.codecs.gb26875.labels import decode_text, decode_time


class _Timed:
    """An object with an event time. `time` reads the binary label; pass the raw bytes to `decode_time` for BCD."""

    __slots__ = ()
    time_raw: bytes

    @property
    def time(self) -> datetime | None:
        """The time on China's clock; None where the label is no valid date."""
        return decode_time(self.time_raw)


class _Described:
    __slots__ = ()
    description_raw: bytes

    @property
    def description(self) -> str:
        """The text up to the first NUL."""
        return decode_text(self.description_raw)


class _Addressed:
    """A component address: one 32-bit number, or loop and point as most panels fill it."""

    __slots__ = ()
    component_addr: int

    @property
    def loop(self) -> int:
        """Bytes 0-1 of the address: loop or zone number."""
        return self.component_addr & 0xFFFF

    @property
    def point(self) -> int:
        """Bytes 2-3 of the address: point number."""
        return self.component_addr >> 16


class _Text:
    __slots__ = ()
    text_raw: bytes

    @property
    def text(self) -> str:
        """The text up to the first NUL."""
        return decode_text(self.text_raw)


@dataclass(frozen=True, slots=True)
class SystemState(_Timed):
    """Type 1: state word of a fire system, bits of `SYSTEM_STATE_BITS`."""

    system_type: int
    system_addr: int
    status: int
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class ComponentState(_Timed, _Described, _Addressed):
    """Type 2: state word of a component, bits of `COMPONENT_STATE_BITS`; `description_raw` is 31 bytes (33 in a
    dialect)."""

    system_type: int
    system_addr: int
    component_type: int
    component_addr: int
    status: int
    description_raw: bytes
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class AnalogReading(_Timed, _Addressed):
    """Type 3: a signed 16-bit `raw`; `interpret.analog_value` gives it its scale and unit."""

    system_type: int
    system_addr: int
    component_type: int
    component_addr: int
    analog_type: int
    raw: int
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class FacilityOperation(_Timed):
    """Type 4: bits of `OPERATION_BITS`; the meaning of the operator number is the site's."""

    system_type: int
    system_addr: int
    operation: int
    operator: int
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class FacilityVersion:
    """Type 5: software version of a fire system."""

    system_type: int
    system_addr: int
    main_version: int
    sub_version: int


@dataclass(frozen=True, slots=True)
class FacilityConfiguration(_Text):
    """Type 6: configuration text of a fire system, at most 255 bytes."""

    system_type: int
    system_addr: int
    text_raw: bytes


@dataclass(frozen=True, slots=True)
class ComponentConfiguration(_Described, _Addressed):
    """Type 7: description of a component."""

    system_type: int
    system_addr: int
    component_type: int
    component_addr: int
    description_raw: bytes


@dataclass(frozen=True, slots=True)
class FacilityTime(_Timed):
    """Type 8: clock of a fire system."""

    system_type: int
    system_addr: int
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class DeviceState(_Timed):
    """Type 21: state of the transmission device, bits of `DEVICE_STATE_BITS`; a dialect leaves the time out (b"")."""

    status: int
    time_raw: bytes = b""


@dataclass(frozen=True, slots=True)
class DeviceOperation(_Timed):
    """Type 24: bits of `DEVICE_OPERATION_BITS`; bit 5 answers the duty check."""

    operation: int
    operator: int
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class DeviceVersion:
    """Type 25: software version of the transmission device."""

    main_version: int
    sub_version: int


@dataclass(frozen=True, slots=True)
class DeviceConfiguration(_Text):
    """Type 26: configuration text of the transmission device, at most 255 bytes."""

    text_raw: bytes


@dataclass(frozen=True, slots=True)
class DeviceTime(_Timed):
    """Type 28: clock of the transmission device."""

    time_raw: bytes


@dataclass(frozen=True, slots=True)
class ReadSystem:
    """Types 61, 65, 66, 68: which fire system is asked."""

    system_type: int
    system_addr: int


@dataclass(frozen=True, slots=True)
class ReadComponent(_Addressed):
    """Types 62, 63, 67: which component is asked (queries carry no component type)."""

    system_type: int
    system_addr: int
    component_addr: int


@dataclass(frozen=True, slots=True)
class ReadFacilityOperations(_Timed):
    """Type 64: at most `records` (≤ 102) operation records from the time on."""

    system_type: int
    system_addr: int
    records: int
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class ReadDeviceOperations(_Timed):
    """Type 84: at most `records` (≤ 102) operation records from the time on."""

    records: int
    time_raw: bytes


@dataclass(frozen=True, slots=True)
class DeviceCommand:
    """Types 81, 85, 86, 88, 89: one reserved byte, 0."""

    reserved: int = 0


@dataclass(frozen=True, slots=True)
class SetClock(_Timed):
    """Type 90: the centre's clock."""

    time_raw: bytes


@dataclass(frozen=True, slots=True)
class DutyCheck:
    """Type 91 (查岗): minutes within which the post has to answer."""

    timeout_minutes: int


@dataclass(frozen=True, slots=True)
class RawObject:
    """Everything after the count of a user-defined or reserved type."""

    body: bytes


InfoObject = (
    SystemState
    | ComponentState
    | AnalogReading
    | FacilityOperation
    | FacilityVersion
    | FacilityConfiguration
    | ComponentConfiguration
    | FacilityTime
    | DeviceState
    | DeviceOperation
    | DeviceVersion
    | DeviceConfiguration
    | DeviceTime
    | ReadSystem
    | ReadComponent
    | ReadFacilityOperations
    | ReadDeviceOperations
    | DeviceCommand
    | SetClock
    | DutyCheck
    | RawObject
)
