/*
 * What DWARF's sections share: values in one of many forms. Source: DWARF 5, 7.5.5 and 7.5.6.
 */
#ifndef KEEL_BACKTRACE_DWARF_H
#define KEEL_BACKTRACE_DWARF_H

#include "backtrace/image.h"

/* How a unit stores what has no size of its own. */
struct dwarf_sizes {
    size_t offset;
    size_t address;
};

/* A form is one of numbers or of texts; the other member is 0 or NULL, of unknown texts both are.
 */
struct dwarf_value {
    uint64_t number;
    const char *text;
};

/* Reads a value and passes over it. The reader fails on an unknown form. */
struct dwarf_value dwarf_read(const struct image *image, struct reader *reader, uint64_t form,
                              struct dwarf_sizes sizes);

/* What a unit says of its source. */
struct dwarf_unit {
    uint64_t lines;        /* offset of its line program */
    const char *directory; /* in which it was compiled; NULL: unknown */
};

/*
 * The unit to which the linker's address belongs, by .debug_aranges, which gcc writes and clang
 * does not. False: not listed there, or without a line program. Reads the whole list: 16 bytes for
 * each range of addresses.
 */
bool dwarf_find_unit(const struct image *image, uint64_t address, struct dwarf_unit *unit);

#endif
