/* The yardstick of benchmarks/codec.py: frames of one component state each (type 2), judged and written to columns, as
   plain C does it with nothing around it. The columns are those of batch.Frames and batch.Objects that such a frame
   fills. Not part of the product. */

#include <stddef.h>
#include <stdint.h>

struct columns {
    int64_t *offset, *length, *time, *frame, *component_addr, *event_time, *text_at;
    uint64_t *source, *dest;
    int32_t *state, *raw;
    uint16_t *serial;
    int16_t *type, *count, *object_type, *system_type, *system_addr, *component_type, *operator_, *analog_type;
    uint8_t *valid, *command;
};

static const int month_starts[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

static uint64_t little(const uint8_t *at, int bytes)
{
    uint64_t found = 0;
    for (int n = bytes - 1; n >= 0; n--)
        found = found << 8 | at[n];
    return found;
}

static int64_t epoch(const uint8_t *t)
{
    if (t[0] > 59 || t[1] > 59 || t[2] > 23 || t[3] < 1 || t[3] > 31 || t[4] < 1 || t[4] > 12 || t[5] > 99)
        return -1;
    int64_t days = 10957 + 365 * t[5] + (t[5] + 3) / 4 + month_starts[t[4] - 1] + t[3] - 1;
    days += t[4] > 2 && t[5] % 4 == 0;
    return days * 86400 + (t[2] - 8) * 3600 + t[1] * 60 + t[0];
}

/* Decode `size` bytes from `data`; gives the number of frames, or -1 at the first that is not valid. */
static ptrdiff_t decode(const uint8_t *data, ptrdiff_t size, const struct columns *c)
{
    ptrdiff_t row = 0;
    for (ptrdiff_t at = 0; at < size; row++) {
        const uint8_t *f = data + at;
        if (size - at < 30 || f[0] != '@' || f[1] != '@')
            return -1;
        ptrdiff_t length = 30 + (ptrdiff_t)little(f + 24, 2);
        if (length > 1054 || at + length > size || f[length - 1] != '#' || f[length - 2] != '#')
            return -1;
        uint8_t sum = 0;
        for (ptrdiff_t n = 2; n < length - 3; n++)
            sum += f[n];
        if (sum != f[length - 3] || f[27] != 2 || f[28] != 1 || length != 78)
            return -1;
        c->offset[row] = at, c->length[row] = length, c->valid[row] = 1;
        c->serial[row] = (uint16_t)little(f + 2, 2), c->command[row] = f[26];
        c->source[row] = little(f + 12, 6), c->dest[row] = little(f + 18, 6), c->time[row] = epoch(f + 6);
        c->type[row] = c->object_type[row] = f[27], c->count[row] = f[28], c->frame[row] = row;
        c->system_type[row] = f[29], c->system_addr[row] = f[30], c->component_type[row] = f[31];
        c->component_addr[row] = (int64_t)little(f + 32, 4), c->state[row] = (int32_t)little(f + 36, 2);
        c->operator_[row] = c->analog_type[row] = -1, c->raw[row] = 0;
        c->text_at[row] = at + 38, c->event_time[row] = epoch(f + 69);
        at += length;
    }
    return row;
}

/* Decode a buffer chunk by chunk, each into the same columns, as a server does; gives the number of frames. */
ptrdiff_t decode_chunks(const uint8_t *data, ptrdiff_t size, ptrdiff_t chunk, const struct columns *c)
{
    ptrdiff_t frames = 0;
    for (ptrdiff_t at = 0; at < size; at += chunk) {
        ptrdiff_t found = decode(data + at, size - at < chunk ? size - at : chunk, c);
        if (found < 0)
            return -1;
        frames += found;
    }
    return frames;
}
