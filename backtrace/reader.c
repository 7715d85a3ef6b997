#include "backtrace/reader.h"

#include "base/memory.h"

struct reader reader_from(struct extent extent, uint64_t offset)
{
    struct reader reader = reader_of(extent);
    reader_skip(&reader, offset);
    return reader;
}

void reader_skip(struct reader *reader, uint64_t bytes)
{
    if (bytes > reader_left(reader))
        reader_fail(reader);
    else
        reader->at += bytes;
}

struct reader reader_part(struct reader *reader, uint64_t bytes)
{
    struct reader part = *reader;
    reader_skip(reader, bytes);
    if (reader->failed)
        reader_fail(&part);
    else
        part.end = reader->at;
    return part;
}

uint64_t reader_number(struct reader *reader, size_t size)
{
    const unsigned char *from = reader->at;
    reader_skip(reader, size);
    if (reader->failed || size > sizeof(uint64_t))
        return 0;
    /* Little-endian, as every machine that a port is planned for. */
    uint64_t number = 0;
    memcpy(&number, from, size);
    return number;
}

int64_t reader_signed(struct reader *reader, size_t size)
{
    uint64_t number = reader_number(reader, size);
    uint64_t sign = size == 0 || size > 8 ? 0 : (uint64_t)1 << (8 * size - 1);
    return (int64_t)((number ^ sign) - sign);
}

/* Returns how many bits were read; the last byte's bit 6 is a signed number's sign. */
static unsigned read_groups(struct reader *reader, uint64_t *number, bool *negative)
{
    unsigned shift = 0;
    uint8_t byte;
    *number = 0;
    do {
        byte = reader_byte(reader);
        if (shift < 64)
            *number |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0);
    *negative = (byte & 0x40) != 0;
    return shift;
}

uint64_t reader_leb(struct reader *reader)
{
    uint64_t number;
    bool negative;
    read_groups(reader, &number, &negative);
    return number;
}

int64_t reader_signed_leb(struct reader *reader)
{
    uint64_t number;
    bool negative;
    unsigned bits = read_groups(reader, &number, &negative);
    if (negative && bits < 64)
        number |= ~(uint64_t)0 << bits;
    return (int64_t)number;
}

const char *reader_text(struct reader *reader)
{
    const unsigned char *from = reader->at;
    while (reader_has_more(reader)) {
        if (*reader->at++ == '\0')
            return (const char *)from;
    }
    reader_fail(reader);
    return NULL;
}

uint64_t reader_initial_length(struct reader *reader, size_t *offset_size)
{
    enum { longer = 0xffffffffu };
    uint64_t len = reader_number(reader, 4);
    *offset_size = len == longer ? 8 : 4;
    return len == longer ? reader_number(reader, 8) : len;
}
