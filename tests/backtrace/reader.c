/* Numbers and texts as compilers store them, at the end of memory, and cut short. */
#include "backtrace/reader.h"

#include "base/memory.h"
#include "tests/base/guarded_area.h"
#include "tests/tap.h"

static struct guarded_area area;

/* The bytes, at the end of the area, so that a byte read too far faults. */
static struct reader read_bytes(const unsigned char *bytes, size_t size)
{
    memcpy(area.end - size, bytes, size);
    return (struct reader){.at = area.end - size, .end = area.end};
}

#define OF(...)                                                                                    \
    read_bytes((const unsigned char[]){__VA_ARGS__}, sizeof(const unsigned char[]){__VA_ARGS__})

static void test_numbers(void)
{
    struct reader reader = OF(0x01, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    check_equal(reader_number(&reader, 2), 0x8001, "two bytes, the lowest first");
    check_equal(reader_number(&reader, 0), 0, "no byte");
    check_equal(reader_signed(&reader, 0), 0, "no byte, signed");
    check_equal(reader_signed(&reader, 3), -1, "three bytes, signed");
    check(!reader.failed && reader_left(&reader) == 4, "what is left");
    check_equal(reader_number(&reader, 8), 0, "more than is left is 0");
    check(reader.failed && !reader_has_more(&reader), "and the reader has failed");
    check_equal(reader_byte(&reader), 0, "which stays so");
    reader = OF(1, 2, 3, 4, 5, 6, 7, 8, 9);
    check_equal(reader_number(&reader, 9), 0, "more than a number holds");
    reader = OF(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    check_equal(reader_signed(&reader, 8), -2, "eight bytes, signed");
    reader = OF(1, 2, 3, 4, 5, 6, 7, 8, 9);
    check_equal(reader_signed(&reader, 9), 0, "more than a signed number holds");
}

static void test_variable_length(void)
{
    struct reader reader = OF(0xac, 0x02, 0xd4, 0x7d, 0x7f, 0x3f);
    check_equal(reader_leb(&reader), 300, "300");
    check_equal(reader_signed_leb(&reader), -300, "-300");
    check_equal(reader_signed_leb(&reader), -1, "-1");
    check_equal(reader_signed_leb(&reader), 63, "63");
    reader = OF(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f);
    check_equal(reader_signed_leb(&reader), INT64_MIN, "the lowest number, in ten bytes");
    reader = OF(0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01);
    check_equal(reader_leb(&reader), 5, "bits beyond the 64th are lost");
    check(!reader_has_more(&reader) && !reader.failed, "but read");
    reader = OF(0x80, 0x80);
    reader_leb(&reader);
    check(reader.failed, "one without an end");
}

static void test_parts(void)
{
    struct reader reader = OF('a', 0, 'b', 'c');
    const char *text = reader_text(&reader);
    check(text != NULL && *text == 'a', "a text");
    struct reader part = reader_part(&reader, 1);
    check(reader_left(&part) == 1 && reader_left(&reader) == 1, "a part, and what is left");
    check(reader_text(&reader) == NULL && reader.failed, "a text without an end");
    part = reader_part(&part, 2);
    check(part.failed, "a part that is longer than the whole");
    struct extent extent = {area.end - 4, 4};
    check_equal(reader_left(&(struct reader){.at = extent.start, .end = area.end}), 4, "all of it");
    part = reader_from(extent, 4);
    check(!part.failed && !reader_has_more(&part), "from its end on there is nothing");
    part = reader_from(extent, 5);
    check(part.failed, "beyond it is a failure");
}

static void test_lengths(void)
{
    size_t offset_size;
    struct reader reader = OF(0x10, 0, 0, 0);
    check_equal(reader_initial_length(&reader, &offset_size), 16, "a length of 4 bytes");
    check_equal(offset_size, 4, "its offsets too");
    reader = OF(0xff, 0xff, 0xff, 0xff, 0x20, 0, 0, 0, 0, 0, 0, 0);
    check_equal(reader_initial_length(&reader, &offset_size), 32, "a length of 8 bytes");
    check_equal(offset_size, 8, "its offsets too");
    reader = OF(0xff, 0xff, 0xff, 0xff, 0x20);
    check_equal(reader_initial_length(&reader, &offset_size), 0, "one that is cut short");
}

int main(void)
{
    area = guarded_area_make(arch_page_size);
    test_numbers();
    test_variable_length();
    test_parts();
    test_lengths();
    return tap_done();
}
