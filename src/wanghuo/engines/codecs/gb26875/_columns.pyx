# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# distutils: define_macros=NPY_NO_DEPRECATED_API=NPY_1_7_API_VERSION
"""batch.decode_batch for the plain case, frame by frame in C: every stretch is a whole valid frame, and its objects are
of a fixed size. For anything else it gives None, and the numpy path does it all. numpy pays for each call, so this is
what makes the 64 frames of a segment as quick as a whole file.

Two passes: the first judges the frames and counts the objects, the second fills columns of just that length.
"""

cimport numpy as np
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.object cimport PyObject_GenericSetAttr
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

np.import_array()

cdef enum:
    OVERHEAD = 30
    MAX_UNIT = 1024
    LONG_STATE = 256  # batch._LONG and batch._UNTIMED: dialects beside the type flags
    UNTIMED_STATE = 257
    PLANS = 258
    NONE = -1

cdef struct Plan:
    int size  # bytes of an object; 0: not of a fixed size
    int8_t system_type, system_addr, component_type, component_addr, state, operator, analog_type, raw, time, text
    bint wide  # the state is a word, not a byte

cdef struct FrameColumns:
    int64_t *offset
    int64_t *length
    uint8_t *valid
    uint16_t *serial
    uint8_t *command
    uint64_t *source
    uint64_t *dest
    int64_t *time
    int16_t *type
    int16_t *count

cdef struct ObjectColumns:
    int64_t *frame
    int16_t *type
    int16_t *system_type
    int16_t *system_addr
    int16_t *component_type
    int64_t *component_addr
    int32_t *state
    int16_t *operator
    int16_t *analog_type
    int32_t *raw
    int64_t *time
    int64_t *text_at

cdef Plan plans[PLANS]
cdef int32_t month_begins[100 * 12]  # days from 1970 to the first day of each month of 2000 to 2099
cdef uint8_t month_days[100 * 12]


def learn(layouts, months):
    """Take over the layouts of objects, as (plan, size, places of the ten columns or -1, whether the state is a word),
    and the months, as (days since 1970, days)."""
    cdef int number
    for number, size, places, wide in layouts:
        plans[number].size, plans[number].wide = size, wide
        (
            plans[number].system_type, plans[number].system_addr, plans[number].component_type,
            plans[number].component_addr, plans[number].state, plans[number].operator, plans[number].analog_type,
            plans[number].raw, plans[number].time, plans[number].text,
        ) = places
    for number, (begins, days) in enumerate(months):
        month_begins[number], month_days[number] = begins, days


cdef inline uint32_t word(const uint8_t *at) noexcept nogil:
    return at[0] | <uint32_t>at[1] << 8


cdef inline uint32_t word4(const uint8_t *at) noexcept nogil:
    return word(at) | word(at + 2) << 16


cdef inline uint64_t word6(const uint8_t *at) noexcept nogil:
    return word4(at) | <uint64_t>word(at + 4) << 32


cdef inline int64_t epoch(const uint8_t *label) noexcept nogil:
    """Epoch seconds of a time label in China Standard Time; -1 where there is no such time."""
    cdef int month
    if label[0] > 59 or label[1] > 59 or label[2] > 23 or label[4] < 1 or label[4] > 12 or label[5] > 99:
        return -1
    month = 12 * label[5] + label[4] - 1
    if label[3] < 1 or label[3] > month_days[month]:
        return -1
    return 86400 * <int64_t>(month_begins[month] + label[3] - 1) + 3600 * (label[2] - 8) + 60 * label[1] + label[0]


cdef inline bint whole(const uint8_t *at, Py_ssize_t size) noexcept nogil:
    """Whether the `size` bytes at `at` are a valid frame. `size` is that of its length field."""
    cdef uint8_t total = 0
    cdef Py_ssize_t n
    if at[0] != 0x40 or at[1] != 0x40 or at[size - 1] != 0x23 or at[size - 2] != 0x23:
        return False
    for n in range(2, size - 3):
        total += at[n]
    return total == at[size - 3]


cdef inline int plan_of(const uint8_t *frame, Py_ssize_t body) noexcept nogil:
    """How the objects are read (batch._plans); NONE for a frame without a unit. `body`: bytes after type and count."""
    if body < 0:
        return NONE
    if frame[27] == 2 and frame[28] and body == 48 * <Py_ssize_t>frame[28]:
        return LONG_STATE
    if frame[27] == 21 and body == 1 and frame[28] == 1:
        return UNTIMED_STATE
    return frame[27]


cdef inline Py_ssize_t objects_of(const uint8_t *frame, Py_ssize_t body, int plan) noexcept nogil:
    return 0 if plan == NONE else min(<Py_ssize_t>frame[28], body // plans[plan].size)


cdef Py_ssize_t judge(
    const uint8_t *data, Py_ssize_t size, const int64_t *offsets, const int64_t *lengths, Py_ssize_t given,
    Py_ssize_t *frames,
) noexcept nogil:
    """The number of objects, and in `frames` that of frames; -1 where one is not valid or not of a fixed size."""
    cdef Py_ssize_t at = 0, row = 0, length, body, objects = 0
    cdef int plan
    while (row < given) if offsets != NULL else (at < size):
        if offsets != NULL:
            at = offsets[row]
        if at < 0 or size - at < OVERHEAD:
            return -1
        length = OVERHEAD + word(data + at + 24)
        if length > OVERHEAD + MAX_UNIT or length > size - at or (lengths != NULL and lengths[row] != length):
            return -1
        if not whole(data + at, length):
            return -1
        body = length - OVERHEAD - 2
        plan = plan_of(data + at, body)
        if plan != NONE and not plans[plan].size:
            return -1
        objects += objects_of(data + at, body, plan)
        at += length
        row += 1
    frames[0] = row
    return objects


cdef void fill(
    const uint8_t *data, const int64_t *offsets, Py_ssize_t frames, FrameColumns *f, ObjectColumns *o
) noexcept nogil:
    """Read frames that were judged."""
    cdef Py_ssize_t row, at = 0, length, body, n, put = 0
    cdef const uint8_t *frame
    cdef int plan
    for row in range(frames):
        if offsets != NULL:
            at = offsets[row]
        frame = data + at
        length = OVERHEAD + word(frame + 24)
        body = length - OVERHEAD - 2
        f.offset[row], f.length[row], f.valid[row] = at, length, True
        f.serial[row], f.command[row] = <uint16_t>word(frame + 2), frame[26]
        f.source[row], f.dest[row], f.time[row] = word6(frame + 12), word6(frame + 18), epoch(frame + 6)
        f.type[row] = f.count[row] = -1
        if body >= 0:
            f.type[row], f.count[row] = frame[27], frame[28]
        plan = plan_of(frame, body)
        for n in range(objects_of(frame, body, plan)):
            o.frame[put], o.type[put] = row, frame[27]
            read(frame + 29 + n * plans[plan].size, at + 29 + n * plans[plan].size, &plans[plan], o, put)
            put += 1
        at += length


cdef inline void read(
    const uint8_t *at, Py_ssize_t place, const Plan *plan, ObjectColumns *o, Py_ssize_t row
) noexcept nogil:
    """One object of a plan; `place`: its offset in the buffer."""
    o.system_type[row] = at[plan.system_type] if plan.system_type >= 0 else -1
    o.system_addr[row] = at[plan.system_addr] if plan.system_addr >= 0 else -1
    o.component_type[row] = at[plan.component_type] if plan.component_type >= 0 else -1
    o.component_addr[row] = word4(at + plan.component_addr) if plan.component_addr >= 0 else -1
    o.operator[row] = at[plan.operator] if plan.operator >= 0 else -1
    o.analog_type[row] = at[plan.analog_type] if plan.analog_type >= 0 else -1
    o.raw[row] = <int16_t>word(at + plan.raw) if plan.raw >= 0 else 0
    o.time[row] = epoch(at + plan.time) if plan.time >= 0 else -1
    o.text_at[row] = place + plan.text if plan.text >= 0 else -1
    if plan.state < 0:
        o.state[row] = -1
    else:
        o.state[row] = word(at + plan.state) if plan.wide else at[plan.state]


cdef void *column(object owner, str name, Py_ssize_t rows, int kind) except NULL:
    """A new column, set as the field `name` of a frozen dataclass without going through its slow `__init__`."""
    cdef np.npy_intp shape = rows
    cdef np.ndarray made = np.PyArray_EMPTY(1, &shape, kind, 0)
    PyObject_GenericSetAttr(owner, name, made)
    return np.PyArray_DATA(made)


def decode(object buffer, type batch_type, type frames_type, type objects_type, object offsets, object lengths):
    """The batch of a buffer in which all is plain; None otherwise. `offsets`, `lengths`: int64 columns, or None."""
    cdef Py_buffer view
    cdef Py_ssize_t frames = 0, objects, given = 0
    cdef const int64_t *starts = NULL
    cdef const int64_t *sizes = NULL
    cdef FrameColumns f
    cdef ObjectColumns o
    if offsets is not None:
        if np.PyArray_SIZE(offsets) != np.PyArray_SIZE(lengths):
            return None
        starts, sizes = <const int64_t *>np.PyArray_DATA(offsets), <const int64_t *>np.PyArray_DATA(lengths)
        given = np.PyArray_SIZE(offsets)
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        objects = judge(<const uint8_t *>view.buf, view.len, starts, sizes, given, &frames)
        if objects < 0:
            return None
        found = frames_type.__new__(frames_type)
        f.offset = <int64_t *>column(found, "offset", frames, np.NPY_INT64)
        f.length = <int64_t *>column(found, "length", frames, np.NPY_INT64)
        f.valid = <uint8_t *>column(found, "valid", frames, np.NPY_BOOL)
        f.serial = <uint16_t *>column(found, "serial", frames, np.NPY_UINT16)
        f.command = <uint8_t *>column(found, "command", frames, np.NPY_UINT8)
        f.source = <uint64_t *>column(found, "source", frames, np.NPY_UINT64)
        f.dest = <uint64_t *>column(found, "dest", frames, np.NPY_UINT64)
        f.time = <int64_t *>column(found, "time", frames, np.NPY_INT64)
        f.type = <int16_t *>column(found, "type", frames, np.NPY_INT16)
        f.count = <int16_t *>column(found, "count", frames, np.NPY_INT16)
        parts = objects_type.__new__(objects_type)
        o.frame = <int64_t *>column(parts, "frame", objects, np.NPY_INT64)
        o.type = <int16_t *>column(parts, "type", objects, np.NPY_INT16)
        o.system_type = <int16_t *>column(parts, "system_type", objects, np.NPY_INT16)
        o.system_addr = <int16_t *>column(parts, "system_addr", objects, np.NPY_INT16)
        o.component_type = <int16_t *>column(parts, "component_type", objects, np.NPY_INT16)
        o.component_addr = <int64_t *>column(parts, "component_addr", objects, np.NPY_INT64)
        o.state = <int32_t *>column(parts, "state", objects, np.NPY_INT32)
        o.operator = <int16_t *>column(parts, "operator", objects, np.NPY_INT16)
        o.analog_type = <int16_t *>column(parts, "analog_type", objects, np.NPY_INT16)
        o.raw = <int32_t *>column(parts, "raw", objects, np.NPY_INT32)
        o.time = <int64_t *>column(parts, "time", objects, np.NPY_INT64)
        o.text_at = <int64_t *>column(parts, "text_at", objects, np.NPY_INT64)
        with nogil:
            fill(<const uint8_t *>view.buf, starts, frames, &f, &o)
    finally:
        PyBuffer_Release(&view)
    batch = batch_type.__new__(batch_type)
    PyObject_GenericSetAttr(batch, "frames", found)
    PyObject_GenericSetAttr(batch, "objects", parts)
    return batch
