/*
 * Unwind tables made by hand: every way in which they may store an address, their index, and tables
 * that are damaged. A program is made up for them: one segment, which is an area of this test.
 */
#include "backtrace/table.h"

#include <linux/auxvec.h>

#include "base/memory.h"
#include "base/process.h"
#include "tests/base/guarded_area.h"
#include "tests/tap.h"

enum { area_size = 8 * arch_page_size, code_at = 0x4000, table_at = 0x1000, index_at = 0x800 };

static struct guarded_area area;
static Elf64_Phdr segments[2];
static struct auxiliary_entry auxiliary[] = {
    {AT_PHDR, (uintptr_t)segments}, {AT_PHNUM, 2}, {AT_NULL, 0}, {AT_NULL, 0}};

/* Where the next byte goes. */
static unsigned char *at;

static void bytes(uint64_t number, size_t size)
{
    memcpy(at, &number, size);
    at += size;
}

static void byte(unsigned number)
{
    bytes(number, 1);
}

static void text(const char *letters)
{
    memcpy(at, letters, strlen(letters) + 1);
    at += strlen(letters) + 1;
}

static uintptr_t code(size_t offset)
{
    return (uintptr_t)area.start + code_at + offset;
}

/* ---- records: begun, then ended when their length is known */

static unsigned char *record_at, *header_at;

static void begin_record(void)
{
    record_at = at;
    bytes(0, 4);
}

static void end_record(void)
{
    uint32_t len = (uint32_t)(at - record_at - 4);
    memcpy(record_at, &len, sizeof len);
}

static void begin_header(unsigned version, const char *letters)
{
    begin_record();
    header_at = record_at;
    bytes(0, 4);
    byte(version);
    text(letters);
    byte(1);    /* code alignment */
    byte(0x78); /* data alignment: -8 */
    byte(16);   /* the register of the return address */
}

/* A header whose data are `count` bytes. */
static void header(const char *letters, const unsigned char *data, size_t count)
{
    begin_header(1, letters);
    if (letters[0] == 'z') {
        byte((unsigned)count);
        memcpy(at, data, count);
        at += count;
    }
    byte(0x0c); /* an instruction */
    end_record();
}

/* Leads from an entry to its header. */
static void entry_id(void)
{
    bytes((uint64_t)(at - header_at), 4);
}

/* An entry with absolute addresses. */
static void entry(uintptr_t start, size_t size, bool has_data)
{
    begin_record();
    entry_id();
    bytes(start, 8);
    bytes(size, 8);
    if (has_data)
        byte(0);
    byte(0x41); /* an instruction */
    end_record();
}

/* ---- looking */

static struct table table;

static const struct table_entry *find(size_t offset)
{
    table_begin(&table);
    return table_find(&table, code(offset));
}

/* Begins a table, which the linker's index leads to, but has no sorted pairs for. */
static void begin_table(void)
{
    memset(area.start, 0, area_size);
    at = area.start + index_at;
    byte(1);
    byte(0x1b); /* relative to itself, 4 bytes */
    byte(0xff); /* no count */
    byte(0xff); /* no pairs */
    bytes(table_at - index_at - 4, 4);
    at = area.start + table_at;
}

static void test_plain(void)
{
    begin_table();
    header("", NULL, 0);
    entry(code(0x100), 16, false);
    entry(code(0x200), 16, false);
    const struct table_entry *found = find(0x100);
    check(found != NULL && found->start == code(0x100) && found->end == code(0x110) &&
              found->data_alignment == -8 && found->code_alignment == 1 &&
              found->return_column == 16 && !found->is_signal_frame,
          "the first address of an entry");
    check(found != NULL && reader_left(&found->initial) == 1 && *found->initial.at == 0x0c &&
              reader_left(&found->instructions) == 1 && *found->instructions.at == 0x41,
          "the header's instructions, and its own");
    check(find(0x10f) != NULL && find(0x20f) != NULL, "the last ones");
    check(find(0xff) == NULL && find(0x110) == NULL && find(0x210) == NULL, "none beside them");
    check(table_find(&table, code(0x210)) == NULL, "nor when asked again");
    check(table_find(&table, code(0x204)) != NULL && table_find(&table, code(0x205)) != NULL,
          "the neighbour's are found in the same walk");
}

/* One entry for 16 bytes at 0x100, whose address is stored as `encoding` says, in `size` bytes. */
static bool reads_address(unsigned encoding, size_t size, bool is_relative)
{
    unsigned char data = (unsigned char)encoding;
    begin_table();
    header("zR", &data, 1);
    begin_record();
    entry_id();
    bytes(code(0x100) - (is_relative ? (uintptr_t)at : 0), size);
    bytes(16, size);
    byte(0);
    end_record();
    return find(0x100) != NULL && find(0x10f) != NULL && find(0x110) == NULL;
}

/* The same in a number of variable length, of three bytes or one. */
static bool reads_leb(unsigned encoding)
{
    unsigned char data = (unsigned char)encoding;
    begin_table();
    header("zR", &data, 1);
    begin_record();
    entry_id();
    uintptr_t distance = code(0x100) - (uintptr_t)at;
    byte((unsigned)(distance & 0x7f) | 0x80);
    byte((unsigned)(distance >> 7 & 0x7f) | 0x80);
    byte((unsigned)(distance >> 14));
    byte(16);
    byte(0);
    end_record();
    return find(0x100) != NULL && find(0x10f) != NULL && find(0x110) == NULL;
}

static void test_encodings(void)
{
    check(reads_address(0x00, 8, false), "absolute");
    check(reads_address(0x04, 8, false) && reads_address(0x0c, 8, false), "8 bytes, both kinds");
    check(reads_address(0x14, 8, true) && reads_address(0x1c, 8, true), "relative, 8 bytes");
    check(reads_address(0x13, 4, true) && reads_address(0x1b, 4, true), "4 bytes");
    check(reads_address(0x12, 2, true) && reads_address(0x1a, 2, true), "2 bytes");
    check(reads_leb(0x11) && reads_leb(0x19), "of variable length");
    check(reads_address(0x34, 8, false), "relative to data, where the table knows of none");
    check(!reads_address(0x05, 8, false), "not in a way that nobody knows");
    check(!reads_address(0x24, 8, false) && !reads_address(0x54, 8, false), "nor relative to what");
    check(!reads_address(0x84, 8, false), "nor by a pointer elsewhere");
}

static const struct table_entry *with_letters(const char *letters, const unsigned char *data,
                                              size_t count)
{
    begin_table();
    header(letters, data, count);
    entry(code(0x100), 16, letters[0] == 'z');
    return find(0x100);
}

static void test_letters(void)
{
    static const unsigned char zeros[16];
    const struct table_entry *found = with_letters("zPLRS", zeros, 11);
    check(found != NULL && found->is_signal_frame && reader_left(&found->instructions) == 1,
          "a language's routine and data");
    found = with_letters("zRS", zeros, 1);
    check(found != NULL && found->is_signal_frame, "a signal's frame");
    check(with_letters("zBR", zeros, 1) != NULL, "a key of aarch64");
    check(with_letters("zXP", zeros, 2) != NULL, "what follows an unknown letter is passed over");
    check(with_letters("z", zeros, 0) != NULL, "no letters");
    check(with_letters("eh", zeros, 0) == NULL, "letters of an old kind");
    check(with_letters("zPR", zeros, 3) == NULL, "less data than the letters need");
}

/* ---- damaged tables: none of these has the entry */

static bool finds_with_version(unsigned version)
{
    begin_table();
    begin_header(version, "");
    end_record();
    entry(code(0x100), 16, false);
    return find(0x100) != NULL;
}

static void test_damaged(void)
{
    check(finds_with_version(1) && finds_with_version(3), "versions 1 and 3");
    check(!finds_with_version(0) && !finds_with_version(2) && !finds_with_version(4), "no others");

    begin_table();
    entry(code(0x100), 16, false);
    header_at = record_at;
    entry(code(0x200), 16, false);
    check(find(0x200) == NULL, "an entry is no header");

    begin_table();
    header("", NULL, 0);
    header_at = area.start - arch_page_size;
    entry(code(0x100), 16, false);
    header_at = area.start + table_at;
    entry(code(0x200), 16, false);
    check(find(0x100) == NULL && find(0x200) != NULL, "a header before the table");

    begin_table();
    begin_record();
    header_at = record_at;
    bytes(0, 4);
    byte(1);
    bytes(0x7878787878787878, 8); /* a text without an end */
    end_record();
    entry(code(0x100), 16, false);
    check(find(0x100) == NULL, "letters without an end");

    begin_table();
    begin_record();
    header_at = record_at;
    bytes(0, 4);
    byte(1);
    byte(0);
    end_record();
    entry(code(0x100), 16, false);
    check(find(0x100) == NULL, "a header that ends early");

    begin_table();
    header("", NULL, 0);
    begin_record();
    entry_id();
    bytes(code(0x100), 4);
    end_record();
    entry(code(0x200), 16, false);
    check(find(0x100) == NULL && find(0x200) != NULL, "an entry that ends in its address");

    begin_table();
    header("", NULL, 0);
    begin_record();
    entry_id();
    bytes(code(0x100), 8);
    end_record();
    begin_record();
    byte(1);
    end_record();
    entry(code(0x200), 16, false);
    check(find(0x100) == NULL && find(0x200) != NULL, "entries that end before their size, or id");
}

static void test_lengths(void)
{
    begin_table();
    bytes(0xffffffff, 4);
    bytes(12, 8);
    bytes(0, 4);
    bytes(0, 8);
    header("", NULL, 0);
    entry(code(0x100), 16, false);
    check(find(0x100) != NULL, "a length of 8 bytes is passed over");

    begin_table();
    header("", NULL, 0);
    bytes(0, 4);
    entry(code(0x100), 16, false);
    check(find(0x100) == NULL, "a length of 0 ends the table");

    begin_table();
    header("", NULL, 0);
    bytes(area_size, 4);
    check(find(0x100) == NULL, "one beyond the segment too");
}

/* ---- the index */

static uintptr_t index_address(void)
{
    return (uintptr_t)area.start + index_at;
}

static unsigned char *second_entry;

/* A header, entries for 0x100 and 0x200, and the index of the two. */
static void make_index(unsigned version, unsigned table_encoding, unsigned count_encoding,
                       unsigned pairs_encoding, uint32_t count)
{
    begin_table();
    header("", NULL, 0);
    unsigned char *first_entry = at;
    entry(code(0x100), 16, false);
    second_entry = at;
    entry(code(0x200), 16, false);
    at = area.start + index_at;
    byte(version);
    byte(table_encoding);
    byte(count_encoding);
    byte(pairs_encoding);
    bytes(table_at - index_at - 4, 4);
    bytes(count, 4);
    bytes(code(0x100) - index_address(), 4);
    bytes((uintptr_t)first_entry - index_address(), 4);
    bytes(code(0x200) - index_address(), 4);
    bytes((uintptr_t)second_entry - index_address(), 4);
}

static bool finds_both(void)
{
    return find(0x108) != NULL && find(0x208) != NULL && find(0x208)->start == code(0x200) &&
           find(0xf0) == NULL && find(0x180) == NULL && find(0x300) == NULL;
}

static void test_index(void)
{
    make_index(1, 0x1b, 0x03, 0x3b, 2);
    check(finds_both(), "by the index");
    make_index(1, 0x1b, 0x03, 0x3b, 1);
    check(find(0x108) != NULL && find(0x208) == NULL, "what is not in the index is not there");
    make_index(1, 0x1b, 0x03, 0x3b, 2);
    second_entry[4] = 0xff; /* leads nowhere */
    second_entry[5] = 0xff;
    check(find(0x208) == NULL, "an entry without its header");
    make_index(1, 0x1b, 0x03, 0x1b, 2);
    check(finds_both(), "pairs of another kind: by the table");
    make_index(1, 0x1b, 0xff, 0x3b, 2);
    check(finds_both(), "no count: by the table");
    make_index(1, 0x1b, 0x05, 0x3b, 2);
    check(finds_both(), "a count of an unknown kind: by the table");
    make_index(1, 0x1b, 0x03, 0x3b, 0x7fffffff);
    check(finds_both(), "more pairs than there is memory: by the table");
    make_index(2, 0x1b, 0x03, 0x3b, 2);
    check(find(0x108) == NULL, "another version: nothing");
    make_index(1, 0x2b, 0x03, 0x3b, 2);
    check(find(0x108) == NULL, "no way to the table: nothing");
    make_index(1, 0x1b, 0x03, 0x3b, 2);
    at -= 4;
    bytes(0x7ffffff0, 4);
    check(find(0x208) == NULL && find(0x108) != NULL, "a pair that leads out of the segment");
    at -= 4;
    bytes((uint64_t)-0x70000000, 4);
    check(find(0x208) == NULL, "to either side");
}

/* ---- the program */

static void test_program(void)
{
    make_index(1, 0x1b, 0x03, 0x3b, 2);
    struct code found;
    check(code_find(code(0), &found) && found.bias == 0 && found.segments == segments,
          "whose code it is");
    check(!code_find((uintptr_t)area.end, &found) && !code_find(0, &found), "nobody's");
    found = code_program();
    check(code_memory(&found, code(0)).size == area_size - code_at, "the rest of its segment");
    check(code_memory(&found, 0).start == NULL, "of no segment there is none");
    segments[1].p_memsz = 0;
    check(find(0x108) == NULL, "an empty index: and the file is another program's");
    segments[1].p_type = PT_NOTE;
    check(find(0x108) == NULL, "no index: the same");
    segments[1].p_type = PT_DYNAMIC;
    found = code_program();
    check(found.segment_count == 2, "a dynamic section");
    segments[1].p_type = PT_GNU_EH_FRAME;
    segments[1].p_memsz = 64;
    check(find(0x108) != NULL, "all there again");
}

/* The kernel's own image, where it is none, or has no segment. */
static void test_kernels_image(void)
{
    static Elf64_Ehdr image;
    struct code found;
    auxiliary[2].type = AT_SYSINFO_EHDR;
    auxiliary[2].value = (uintptr_t)&image;
    check(!code_find(0x1000, &found), "no ELF image");
    memcpy(image.e_ident, ELFMAG, SELFMAG);
    check(!code_find(0x1000, &found), "one without segments");
    auxiliary[2].type = AT_NULL;
}

int main(void)
{
    const struct auxiliary_entry *own = process.auxiliary;
    area = guarded_area_make(area_size);
    segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_X,
                               .p_vaddr = (uintptr_t)area.start,
                               .p_memsz = area_size};
    segments[1] = (Elf64_Phdr){
        .p_type = PT_GNU_EH_FRAME, .p_vaddr = (uintptr_t)area.start + index_at, .p_memsz = 64};
    process.auxiliary = auxiliary;
    test_plain();
    test_encodings();
    test_letters();
    test_damaged();
    test_lengths();
    test_index();
    test_program();
    test_kernels_image();
    process.auxiliary = own;
    return tap_done();
}
