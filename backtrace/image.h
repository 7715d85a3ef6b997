/*
 * The program's own file, mapped at first use and kept: what is not in memory is read there
 * (symbols, line tables, and the unwind table where no segment's header leads to it).
 *
 * The file is /proc/self/exe; where there is no /proc, what AT_EXECFN names, which may have been
 * replaced since: so the file is only believed when its headers are those of the running program.
 * Nothing in the file is believed beyond that: each section must lie inside it.
 */
#ifndef KEEL_BACKTRACE_IMAGE_H
#define KEEL_BACKTRACE_IMAGE_H

#include <linux/elf.h>

#include "backtrace/reader.h"

struct image {
    struct extent file;
    uintptr_t bias;             /* as in struct code */
    const Elf64_Shdr *sections; /* perhaps misaligned: read by image_section alone */
    size_t section_count;
    struct extent symbols, symbol_names;
    /* DWARF's sections: empty where the file has none, or has them compressed. */
    struct extent lines, line_texts, texts, ranges, units, abbreviations;
    /* The unwind table, in the program's memory. */
    uintptr_t unwind_address;
    size_t unwind_size;
};

/* The program's image, or NULL: no file, or none that is ours. Costs system calls when NULL. */
const struct image *image_open(void);

/* Fills in the rest of an image of which only `file` is known. False: it is not our file. */
bool image_read(struct image *image);

/* Reads a section's header; false past the last one. */
bool image_section(const struct image *image, size_t index, Elf64_Shdr *section);

/*
 * The function in which `address` lies, its start, and whether it is the library's; NULL when there
 * is none. Reads the whole symbol table: a nanosecond or two a symbol.
 */
const char *image_function(const struct image *image, uintptr_t address, uintptr_t *start,
                           bool *is_own);

struct image_line {
    const char *file;
    const char *directory;
    uint32_t line;
    bool directory_is_default;
};

/* The place in the source of `address`. False: unknown. lines.c says what it costs. */
bool image_line(const struct image *image, uintptr_t address, struct image_line *line);

#endif
