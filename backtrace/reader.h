/*
 * Reading bytes that were written by a compiler, in memory that ends somewhere: unwind tables,
 * symbols, line programs. Past the end a read gives 0 and the reader has failed: so a caller reads
 * on and asks once. Nothing here follows a pointer that it was not given.
 */
#ifndef KEEL_BACKTRACE_READER_H
#define KEEL_BACKTRACE_READER_H

#include "base/base.h"

struct reader {
    const unsigned char *at;
    const unsigned char *end;
    bool failed;
};

/* A part of memory that may be read. */
struct extent {
    const unsigned char *start; /* NULL: there is none */
    size_t size;
};

static inline struct reader reader_of(struct extent extent)
{
    return (struct reader){.at = extent.start, .end = extent.start + extent.size};
}

/* From `offset` to the end; one that is beyond the end gives a reader that has failed. */
struct reader reader_from(struct extent extent, uint64_t offset);

static inline size_t reader_left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static inline bool reader_has_more(const struct reader *reader)
{
    return !reader->failed && reader->at < reader->end;
}

/* A reader that has failed reads nothing more. */
static inline void reader_fail(struct reader *reader)
{
    reader->failed = true;
    reader->at = reader->end;
}

/* An unsigned number of `size` bytes (0 ... 8). */
uint64_t reader_number(struct reader *reader, size_t size);

/* The same, signed. */
int64_t reader_signed(struct reader *reader, size_t size);

static inline uint8_t reader_byte(struct reader *reader)
{
    return (uint8_t)reader_number(reader, 1);
}

/* DWARF's numbers of variable length. Bits beyond the 64th are lost. */
uint64_t reader_leb(struct reader *reader);
int64_t reader_signed_leb(struct reader *reader);

void reader_skip(struct reader *reader, uint64_t bytes);

/* The next `bytes`, which the reader passes over. */
struct reader reader_part(struct reader *reader, uint64_t bytes);

/* A text with its NUL. NULL when there is no NUL. */
const char *reader_text(struct reader *reader);

/* DWARF's initial length: 4 bytes, or 12; tells by *offset_size (4 or 8) how offsets are stored. */
uint64_t reader_initial_length(struct reader *reader, size_t *offset_size);

#endif
