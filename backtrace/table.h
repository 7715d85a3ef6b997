/*
 * The unwind table (.eh_frame): one entry for each function's range of addresses, behind a header
 * that functions share.
 *
 * A linker that is asked to (--eh-frame-hdr) adds an index sorted by address, to which a program
 * header leads. gcc does not ask when it links with -static: then the table is found through the
 * program's own file and read from its start. So the last few entries are kept, and of more where
 * they lie, which is what makes deep recursion cheap.
 *
 * Source: Linux Standard Base 5.0, "Exception Frames"; DWARF 5, 6.4.
 */
#ifndef KEEL_BACKTRACE_TABLE_H
#define KEEL_BACKTRACE_TABLE_H

#include "backtrace/code.h"

struct image;

struct table_entry {
    uintptr_t start, end;       /* the addresses that it speaks of */
    struct reader initial;      /* instructions of the shared header */
    struct reader instructions; /* its own */
    uint64_t code_alignment;
    int64_t data_alignment;
    uint64_t return_column; /* the register whose rule gives the return address */
    uint8_t encoding;       /* of addresses in the instructions */
    bool is_signal_frame;   /* it speaks of a frame that a signal interrupted */
    bool has_data;          /* the language may keep something in front of its instructions */
    bool is_missing;        /* a note that the table has none */
};

enum { table_kept = 4 };

struct table {
    const struct image *image;
    bool image_sought;
    uint8_t oldest;
    struct table_entry kept[table_kept];
};

void table_begin(struct table *table);

/* The entry for the instruction at `address`, or NULL. Lives until the next call. */
const struct table_entry *table_find(struct table *table, uintptr_t address);

/* The program's image, sought once; NULL when there is none. */
const struct image *table_image(struct table *table);

/* An address in an unwind table, in one of the ways that its header names. */
bool table_read_address(struct reader *reader, uint8_t encoding, uintptr_t data_start,
                        uintptr_t *address);

#endif
