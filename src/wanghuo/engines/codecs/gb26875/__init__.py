"""GB/T 26875.3-2011: alarm transmission between user information transmission devices and the monitoring centre.

A plain library: no clock, no socket, no global state. In short:

    decoder = StreamDecoder()                  # one per TCP connection
    for event in decoder.feed(segment):        # Frame | Rejected, in stream order
        if isinstance(event, Frame):
            event.source, event.serial, event.command, event.type      # read lazily from event.raw
            event.unit.objects, event.problems                         # decoded on first use, never raises
            writer.write(confirm(event))                               # serial copied, addresses swapped
        elif event.deniable:
            writer.write(event.deny())
    decoder.timeout()                          # link idle for seconds while decoder.buffered > 0
    decoder.close()                            # link closed
    decode_datagram(payload)                   # UDP

    build_data(2, [ComponentState(1, 1, 23, 0x00070002, 0b11, encode_description("一层大厅手报"), encode_time(now))],
               serial=1, source=1001, dest=1, at=now)                  # bytes of a whole frame, command 2
    build_data(91, [DutyCheck(5)], command=Command.CONTROL, serial=7, source=1, dest=device_bytes, at=now)
    answer(request, 21, [DeviceState(1, encode_time(now))], at=now)    # command 5; deny(request) for command 6
    split_objects(2, states)                   # groups that each fit one frame

    interpret_component_state(word, profile)   # {Condition.FIRE, ...}; also _system_state, _device_state
    analog_value(analog_type, raw, profile.analog)                     # value, unit, in_range
    batch.decode_batch(buffer)                 # numpy columns of many frames at once

Addresses are six raw bytes (identity) or little-endian numbers; times are aware, on China's clock, None where invalid.
Encoding raises subclasses of `Invalid` for what the wire has no room for; decoding never raises.
"""

from wanghuo.engines.codecs.gb26875.frames import (
    MAX_FRAME_SIZE,
    OVERHEAD,
    BadHeader,
    Frame,
    address,
    answer,
    build_data,
    build_frame,
    checksum,
    confirm,
    deny,
    reply,
)
from wanghuo.engines.codecs.gb26875.interpret import (
    CONDITION_TEXTS,
    PROFILES,
    STANDARD,
    Condition,
    Measurement,
    Profile,
    analog_value,
    interpret_component_state,
    interpret_device_state,
    interpret_system_state,
)
from wanghuo.engines.codecs.gb26875.labels import (
    TextTooLong,
    TimeNotEncodable,
    decode_text,
    decode_time,
    encode_description,
    encode_text,
    encode_time,
)
from wanghuo.engines.codecs.gb26875.objects import (
    AnalogReading,
    ComponentConfiguration,
    ComponentState,
    DeviceCommand,
    DeviceConfiguration,
    DeviceOperation,
    DeviceState,
    DeviceTime,
    DeviceVersion,
    DutyCheck,
    FacilityConfiguration,
    FacilityOperation,
    FacilityTime,
    FacilityVersion,
    InfoObject,
    RawObject,
    ReadComponent,
    ReadDeviceOperations,
    ReadFacilityOperations,
    ReadSystem,
    SetClock,
    SystemState,
)
from wanghuo.engines.codecs.gb26875.stream import (
    REASON_TEXTS,
    Event,
    Reason,
    Rejected,
    StreamDecoder,
    decode_datagram,
    parse_frame,
)
from wanghuo.engines.codecs.gb26875.tables import (
    ANALOG_TYPES,
    COMPONENT_TYPES,
    EDITION,
    SYSTEM_TYPES,
    TYPE_FLAGS,
    AnalogType,
    Command,
    TypeFlag,
    analog_type_name,
    command_name,
    component_type_name,
    system_type_name,
    type_flag_name,
)
from wanghuo.engines.codecs.gb26875.units import (
    PROBLEM_TEXTS,
    NotEncodable,
    Problem,
    TooManyObjects,
    Unit,
    UnitTooLong,
    WrongObject,
    decode_unit,
    encode_unit,
    split_objects,
)

__all__ = [
    "ANALOG_TYPES",
    "COMPONENT_TYPES",
    "CONDITION_TEXTS",
    "EDITION",
    "MAX_FRAME_SIZE",
    "OVERHEAD",
    "PROBLEM_TEXTS",
    "PROFILES",
    "REASON_TEXTS",
    "STANDARD",
    "SYSTEM_TYPES",
    "TYPE_FLAGS",
    "AnalogReading",
    "AnalogType",
    "BadHeader",
    "Command",
    "ComponentConfiguration",
    "ComponentState",
    "Condition",
    "DeviceCommand",
    "DeviceConfiguration",
    "DeviceOperation",
    "DeviceState",
    "DeviceTime",
    "DeviceVersion",
    "DutyCheck",
    "Event",
    "FacilityConfiguration",
    "FacilityOperation",
    "FacilityTime",
    "FacilityVersion",
    "Frame",
    "InfoObject",
    "Measurement",
    "NotEncodable",
    "Problem",
    "Profile",
    "RawObject",
    "ReadComponent",
    "ReadDeviceOperations",
    "ReadFacilityOperations",
    "ReadSystem",
    "Reason",
    "Rejected",
    "SetClock",
    "StreamDecoder",
    "SystemState",
    "TextTooLong",
    "TimeNotEncodable",
    "TooManyObjects",
    "TypeFlag",
    "Unit",
    "UnitTooLong",
    "WrongObject",
    "address",
    "analog_type_name",
    "analog_value",
    "answer",
    "build_data",
    "build_frame",
    "checksum",
    "command_name",
    "component_type_name",
    "confirm",
    "decode_datagram",
    "decode_text",
    "decode_time",
    "decode_unit",
    "deny",
    "encode_description",
    "encode_text",
    "encode_time",
    "encode_unit",
    "interpret_component_state",
    "interpret_device_state",
    "interpret_system_state",
    "parse_frame",
    "reply",
    "split_objects",
    "system_type_name",
    "type_flag_name",
]
