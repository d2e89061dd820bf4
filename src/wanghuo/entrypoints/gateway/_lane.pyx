# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The path of a plain frame in one pass: cut from the segment, judged, put into the columns of the next commit, and
answered once that is on disk. No Python object is made for a frame on its way in.

`Lane` takes the whole valid frames at the beginning of a segment that need no thought: a source this link has brought
before, nobody else speaking for it, within the flood limit, no answer to a command of ours. At the first byte that is
anything else it stops and leaves the rest to `Link`, in plain Python. So it decides nothing that Link would decide
otherwise, and what is rare stays in one place. `Intake` and `Gathered` are the twins of intake.py: the same batches,
the same bytes in the journal, the same answers (tests/test_twins.py).

Threads: everything runs under the interpreter's lock, and between two calls into Python code a method is not
interrupted, so `take` never sees half a row. `pack` keeps the lock too: to give it back and get it again while the
event loop is busy costs more than the copying.
"""

import sys
import time

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from wanghuo.entrypoints.gateway.intake import MOST_BYTES, MOST_ENTRIES

cdef extern from "<sys/socket.h>" nogil:
    int MSG_DONTWAIT, MSG_NOSIGNAL
    ssize_t send(int fd, const void *data, size_t size, int flags)

cdef extern from "zlib.h" nogil:
    unsigned long crc32(unsigned long crc, const uint8_t *data, unsigned int size)

cdef enum:
    OVERHEAD = 30  # bytes of a frame without its unit
    MAX_UNIT = 1024
    LONGEST_ANSWER = 38  # the one that tells the time
    ROWS = 1024  # MOST_ENTRIES
    FRAME = 0  # journal.FRAME
    CONTROL = 1  # commands
    CONFIRM = 3
    ANSWER = 5
    DENY = 6
    TIME_SYNC = 90  # type

if sys.byteorder != "little":
    raise ImportError("the columns are copied as they lie in memory")
assert MOST_ENTRIES == ROWS
cdef Py_ssize_t FULL = MOST_BYTES


# ---- one frame -----------------------------------------------------------------------------------------------------


cdef inline uint32_t word(const uint8_t *at) noexcept nogil:
    return at[0] | <uint32_t>at[1] << 8


cdef inline uint8_t total(const uint8_t *at, Py_ssize_t size) noexcept nogil:
    cdef uint8_t found = 0
    cdef Py_ssize_t n
    for n in range(size):
        found += at[n]
    return found


cdef Py_ssize_t whole(const uint8_t *at, Py_ssize_t left) noexcept nogil:
    """The size of the valid frame that begins at `at`; 0 where none does, or not all of it is here."""
    cdef Py_ssize_t size
    if left < OVERHEAD or at[0] != 0x40 or at[1] != 0x40:
        return 0
    size = OVERHEAD + word(at + 24)
    if size > left or size > OVERHEAD + MAX_UNIT or at[size - 1] != 0x23 or at[size - 2] != 0x23:
        return 0
    return size if total(at + 2, size - 5) == at[size - 3] else 0


cdef bint any_bit(const uint8_t *frame, Py_ssize_t size, int at, uint32_t mask) noexcept nogil:
    """classify._any_bit: urgent also when the sizes do not fit. `size`: of the objects."""
    cdef int count = frame[28]
    cdef Py_ssize_t step, n
    if not count or size % count or size // count < at + 2:
        return True
    step = size // count
    for n in range(count):
        if word(frame + 29 + n * step + at) & mask:
            return True
    return False


cdef bint is_urgent(const uint8_t *frame, Py_ssize_t size) noexcept nogil:
    """Whether classify.importance says URGENT."""
    cdef int kind
    if size < 33:
        return False
    kind = frame[27]
    if kind == 2:
        return any_bit(frame, size - 32, 7, 0x106)
    if kind == 1:
        return any_bit(frame, size - 32, 2, 0x706)
    if kind == 21:
        return frame[29] & 0x7E != 0
    if kind == 24:
        return frame[29] & 0x2D != 0
    if kind == 4:
        return size < 35 or frame[31] & 0x2D != 0
    return False


cdef Py_ssize_t reply(uint8_t *to, const uint8_t *frame, Py_ssize_t size, const uint8_t *now) noexcept nogil:
    """replies.reply: write what the frame is answered with, and give its size; 0 for what ends a transaction."""
    cdef uint8_t command = frame[26]
    cdef Py_ssize_t unit = 0
    if command == CONFIRM or command == ANSWER or command == DENY:
        return 0
    to[0] = to[1] = 0x40
    memcpy(to + 2, frame + 2, 4)
    memcpy(to + 6, now, 6)
    memcpy(to + 12, frame + 18, 6)
    memcpy(to + 18, frame + 12, 6)
    to[26] = CONFIRM
    if command == CONTROL and size > OVERHEAD and frame[27] == TIME_SYNC:
        unit = 8
        to[26], to[27], to[28] = CONTROL, TIME_SYNC, 1
        memcpy(to + 29, now, 6)
    to[24], to[25] = <uint8_t>unit, 0
    to[27 + unit] = total(to + 2, 25 + unit)
    to[28 + unit] = to[29 + unit] = 0x23
    return OVERHEAD + unit


# ---- the batch -----------------------------------------------------------------------------------------------------


cdef class Gathered:
    """The records of one commit, as the journal's columns (journal.Packable), and who is answered afterwards."""

    cdef int64_t received_us[ROWS]
    cdef uint32_t link[ROWS]
    cdef uint32_t length[ROWS]
    cdef uint8_t trust[ROWS]
    cdef uint8_t kind[ROWS]
    cdef uint32_t run[ROWS]  # rows of each asker that follow each other
    cdef uint8_t *data
    cdef Py_ssize_t room
    cdef uint32_t rows
    cdef list askers  # one a run
    cdef readonly Py_ssize_t size
    cdef readonly int64_t last_us
    cdef readonly bint urgent

    def __cinit__(self):
        self.room = 1 << 16
        self.data = <uint8_t *>malloc(self.room)
        if self.data == NULL:
            raise MemoryError
        self.askers = []

    def __dealloc__(self):
        free(self.data)

    def __len__(self):
        return self.rows

    cdef int add(
        self, object asker, int64_t received_us, uint32_t link, int trust, int kind, bint urgent,
        const uint8_t *data, Py_ssize_t size,
    ) except -1:
        """Append one record; the caller has seen that a row is free."""
        cdef uint32_t row = self.rows
        cdef uint8_t *moved
        if self.size + size > self.room:
            moved = <uint8_t *>realloc(self.data, 2 * (self.size + size))
            if moved == NULL:
                raise MemoryError
            self.data, self.room = moved, 2 * (self.size + size)
        memcpy(self.data + self.size, data, size)
        self.received_us[row], self.link[row], self.length[row] = received_us, link, <uint32_t>size
        self.trust[row], self.kind[row] = <uint8_t>trust, <uint8_t>kind
        if self.askers and <PyObject *>self.askers[len(self.askers) - 1] == <PyObject *>asker:
            self.run[len(self.askers) - 1] += 1
        else:
            self.run[len(self.askers)] = 1
            self.askers.append(asker)
        self.rows = row + 1
        self.size += size
        self.last_us = max(self.last_us, received_us)
        self.urgent = self.urgent or urgent
        return 0

    @property
    def full(self):
        """Whether nothing more goes in."""
        return self.filled()

    cdef bint filled(self) noexcept:
        return self.rows == ROWS or self.size >= FULL

    def pack(self):
        """The blob of the batch, as journal.pack makes it."""
        cdef uint32_t rows = self.rows, sum_
        cdef Py_ssize_t table = 18 * <Py_ssize_t>rows
        cdef bytes blob = PyBytes_FromStringAndSize(NULL, 12 + table + self.size)
        cdef uint8_t *to = <uint8_t *>PyBytes_AS_STRING(blob)
        memcpy(to, b"WHJ2", 4)
        memcpy(to + 4, &rows, 4)
        self.columns(to + 12)
        memcpy(to + 12 + table, self.data, self.size)
        sum_ = <uint32_t>crc32(rows, to + 12, <unsigned int>(table + self.size))
        memcpy(to + 8, &sum_, 4)
        return blob

    cdef void columns(self, uint8_t *to) noexcept nogil:
        cdef Py_ssize_t rows = self.rows
        memcpy(to, self.received_us, 8 * rows)
        memcpy(to + 8 * rows, self.link, 4 * rows)
        memcpy(to + 12 * rows, self.trust, rows)
        memcpy(to + 13 * rows, self.kind, rows)
        memcpy(to + 14 * rows, self.length, 4 * rows)

    def answer(self, bytes now, failed):
        """The batch is on disk: answer each record (intake.Gathered.answer). A link gets the answers to frames that
        came one after the other in one write."""
        cdef Py_ssize_t at = 0, size
        cdef uint32_t row = 0, n, number, asked = 0
        cdef const uint8_t *label = <const uint8_t *>PyBytes_AS_STRING(now)
        cdef uint8_t *answers = <uint8_t *>malloc(LONGEST_ANSWER * self.rows)
        cdef Py_ssize_t end
        if answers == NULL:
            raise MemoryError
        if len(now) != 6:
            free(answers)
            raise ValueError("a time label has six bytes")
        try:
            for number, asker in enumerate(self.askers):
                if asker is None:
                    for n in range(self.run[number]):
                        at += self.length[row + n]
                elif isinstance(asker, Lane):
                    end = 0
                    for n in range(self.run[number]):
                        size = self.length[row + n]
                        end += reply(answers + end, self.data + at, size, label)
                        at += size
                    try:
                        (<Lane>asker).answered(self.run[number], answers, end)
                    except Exception:  # one broken transport must not keep the others from their answers
                        failed(asker)
                else:
                    for n in range(self.run[number]):
                        size = self.length[row + n]
                        try:
                            asker.confirm(PyBytes_FromStringAndSize(<char *>self.data + at, size), now)
                        except Exception:
                            failed(asker)
                        at += size
                asked += 0 if asker is None else self.run[number]
                row += self.run[number]
        finally:
            free(answers)
        return asked


cdef class Intake:
    """The queue in front of the disk (intake.Intake)."""

    cdef object wake
    cdef list filled
    cdef Gathered filling
    cdef public bint awake
    cdef public Py_ssize_t waiting_bytes

    def __init__(self, wake):
        self.wake, self.filled, self.filling = wake, [], Gathered()

    cdef int add(
        self, object asker, int64_t received_us, uint32_t link, int trust, int kind, bint urgent,
        const uint8_t *data, Py_ssize_t size,
    ) except -1:
        cdef Gathered fresh
        if self.filling.filled():
            fresh = Gathered()  # made before anything moves: the committer's thread may run meanwhile
            if self.filling.filled():
                self.filled.append(self.filling)
                self.filling = fresh
        self.filling.add(asker, received_us, link, trust, kind, urgent, data, size)
        self.waiting_bytes += size
        return 0

    cdef int ring(self, bint urgent) except -1:
        if urgent or not self.awake:
            self.awake = True
            self.wake(urgent)
        return 0

    def put(self, entry):
        """Queue one entry."""
        cdef bytes data
        link, received_us, trust, data, urgent, kind = entry
        self.add(
            link, received_us, 0 if link is None else link.number, trust, kind, urgent,
            <const uint8_t *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data),
        )
        self.ring(urgent)

    def take(self):
        """The next batch, in the order queued; None when nothing waits."""
        if self.filled:
            return self.filled.pop(0)
        if not self.filling.rows:
            return None
        cdef Gathered fresh = Gathered()  # the event loop may run meanwhile, so look again
        if self.filled:
            return self.filled.pop(0)
        cdef Gathered taken = self.filling
        self.filling = fresh
        return taken

    def __bool__(self):
        return bool(self.filled) or self.filling.rows > 0


# ---- the link ------------------------------------------------------------------------------------------------------


cdef class Bucket:
    """limits.Bucket, with its tokens where `Lane` can take one."""

    cdef public double rate, burst
    cdef double tokens, filled_at

    def __init__(self, double rate, double burst, double now):
        self.rate, self.burst, self.tokens, self.filled_at = rate, burst, burst, now

    def take(self, double now):
        """Take one token; give how many are left."""
        self.tokens -= 1
        if self.tokens < 0:
            self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
            self.filled_at = now
            self.tokens = max(self.tokens, -self.burst)
        return self.tokens


cdef class Lane:
    """The quick half of a link; to be mixed in before `Link`, whose attributes of these names it keeps in C."""

    cdef public uint32_t number
    cdef public dict sources
    cdef public Bucket _bucket
    cdef public double heard_at
    cdef public long _unanswered
    cdef public bint _ended, _partial
    cdef public object transport, _decoder
    cdef Intake intake
    cdef object now
    cdef Py_ssize_t most_waiting
    cdef int fd

    def __cinit__(self):
        self.fd = -1

    def board(self, Intake intake, now, Py_ssize_t most_waiting):
        """Where its frames go, the loop's clock, and with how many bytes waiting the link is held."""
        self.intake, self.now, self.most_waiting = intake, now, most_waiting

    def connected(self, transport):
        """The link's transport, once it is admitted."""
        sock = transport.get_extra_info("socket")
        if sock is not None and transport.get_extra_info("sslcontext") is None:
            self.fd = sock.fileno()

    def data_received(self, data):
        """A segment came in."""
        cdef Py_ssize_t at = 0
        if type(data) is not bytes:
            data = bytes(data)
        if self._partial:  # the beginning of a frame waits for the rest
            data = self._decoder.waiting + data
            at = self.run(data)
            if at:
                self._decoder.drop()
                self.rest(data[at:])
            else:
                self.rest(data[self._decoder.buffered:])
            return
        at = self.run(data)
        if at < PyBytes_GET_SIZE(data):
            self.rest(data[at:] if at else data)

    cdef Py_ssize_t run(self, bytes data) except -1:
        """Take the frames from the beginning of `data` that need no thought; give where that ends."""
        cdef const uint8_t *begin = <const uint8_t *>PyBytes_AS_STRING(data)
        cdef Py_ssize_t end = PyBytes_GET_SIZE(data), at = 0, size
        cdef int64_t received_us = 0
        cdef bint urgent, any_urgent = False
        cdef int trust
        while at < end:
            size = whole(begin + at, end - at)
            if not size:
                break
            urgent = is_urgent(begin + at, size)
            trust = self.known(begin + at)
            if trust < 0 or not (urgent or self._bucket is None or self._bucket.tokens >= 1):
                break
            if not urgent and self._bucket is not None:
                self._bucket.tokens -= 1
            if not at:
                received_us = time.time_ns() // 1000
            self.intake.add(self, received_us, self.number, trust, FRAME, urgent, begin + at, size)
            self._unanswered += 1
            any_urgent = any_urgent or urgent
            at += size
        if at:
            self.heard_at = self.now()
            self.intake.ring(any_urgent)
            if self.intake.waiting_bytes > self.most_waiting:
                self.hold()
        return at

    cdef int known(self, const uint8_t *frame) except -2:
        """The trust of the frame's source; -1 where Link has to look at the frame."""
        cdef uint8_t command = frame[26]
        cdef PyObject *found
        if command == CONFIRM or command == ANSWER or command == DENY:
            return -1
        found = PyDict_GetItem(self.sources, PyBytes_FromStringAndSize(<const char *>frame + 12, 6))
        return -1 if found == NULL else max(<int><object>found, -1)

    cdef int answered(self, uint32_t count, const uint8_t *answers, Py_ssize_t size) except -1:
        """So many frames are on disk: send their answers.

        Straight to the socket where it takes them: the transport's way (an object, a list of buffers, write(2) instead
        of send(2)) costs as much as all else that is done for a frame. What is left over, every error and every link
        that has something waiting goes to the transport, which knows what to do.
        """
        cdef Py_ssize_t sent = 0
        self._unanswered -= count
        if self.transport.is_closing():  # from here on the descriptor may be another's
            return 0
        if size and self.fd >= 0 and not self.transport.get_write_buffer_size():
            sent = max(0, send(self.fd, answers, size, MSG_DONTWAIT | MSG_NOSIGNAL))
        if sent < size:
            self.transport.write(PyBytes_FromStringAndSize(<const char *>answers + sent, size - sent))
        if self._ended and not self._unanswered:
            self.transport.close()
        return 0
